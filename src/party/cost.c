#include "party/cost.h"

#include <string.h>

#include "base/alloc.h"

void echo__costs_free(echo__costs *costs) {
    echo__free(costs->models);
    memset(costs, 0, sizeof *costs);
}

static echo__model_cost *find(echo__costs *costs, const echo__model *model) {
    for (size_t i = 0; i < costs->count; i++)
        if (costs->models[i].model == model) return &costs->models[i];
    if (!echo__grow(&costs->models, &costs->cap, costs->count + 1, sizeof *costs->models)) return NULL;
    costs->models[costs->count] = (echo__model_cost){model, 0, 0, 0};
    return &costs->models[costs->count++];
}

void echo__costs_add(echo__costs *costs, const echo__model *model, size_t bytes, uint64_t ns) {
    echo__model_cost *cost = find(costs, model);
    costs->messages++;
    costs->bytes += bytes;
    costs->tail.messages++;
    costs->tail.bytes += bytes;
    if (cost == NULL) return;
    cost->tail++;
    if (ns > 0) cost->apply_ns = echo__cost_mean(cost->apply_ns, ns);
}

void echo__costs_cut(echo__costs *costs) {
    echo__tail *tail = &costs->tail;
    tail->messages_before = tail->messages;
    tail->bytes_before = tail->bytes;
    tail->before_first_ns = tail->first_ns;
    tail->first_ns = 0;
    for (size_t i = 0; i < costs->count; i++) costs->models[i].tail_before = costs->models[i].tail;
}

static void forget_cut(echo__costs *costs) {
    costs->tail.messages_before = costs->tail.bytes_before = 0;
    for (size_t i = 0; i < costs->count; i++) costs->models[i].tail_before = 0;
}

void echo__costs_saved(echo__costs *costs) {
    costs->tail.messages -= costs->tail.messages_before;
    costs->tail.bytes -= costs->tail.bytes_before;
    for (size_t i = 0; i < costs->count; i++) costs->models[i].tail -= costs->models[i].tail_before;
    forget_cut(costs);
}

void echo__costs_unsaved(echo__costs *costs) {
    if (costs->tail.messages_before > 0) costs->tail.first_ns = costs->tail.before_first_ns;
    forget_cut(costs);
}

static uint64_t known(uint64_t ns, uint64_t otherwise) { return ns > 0 ? ns : otherwise; }

uint64_t echo__costs_loading(const echo__costs *costs, uint64_t items, uint64_t leaves, uint64_t load_ns,
                             uint64_t leaf_ns) {
    uint64_t read = known(costs->read_ns, ECHO__COST_READ_NS);
    return items * known(load_ns, ECHO__COST_LOAD_NS * read / ECHO__COST_READ_NS) +
           leaves * known(leaf_ns, ECHO__COST_LEAF_NS * read / ECHO__COST_READ_NS);
}

uint64_t echo__costs_opening(const echo__costs *costs) {
    uint64_t ns = costs->base_ns;
    for (size_t i = 0; i < costs->count; i++) {
        const echo__model_cost *cost = &costs->models[i];
        ns += cost->tail * (known(cost->apply_ns, ECHO__COST_APPLY_NS) + known(costs->read_ns, ECHO__COST_READ_NS));
    }
    return ns;
}
