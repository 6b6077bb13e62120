#include "feed/hypercore_compare.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_tree.h"

#define WINDOW 1024u /* nodes read at once */
#define TRIES 64u    /* signatures that may vouch for a node */

typedef struct comparer {
    echo__hypercore *hc;
    echo__proven *proven;
    echo__proof_fork fork;
    uint8_t *bytes; /* stored nodes start.. */
    uint64_t start;
    size_t count;
    echo_error *err;
} comparer;

/* Whether a stored node and those beside its ancestors make one of the roots. */
static echo_status leads_to(echo__hypercore *hc, bool *yes, const echo__hypercore_roots *roots, uint64_t index,
                            const echo_feed_node *stored, echo_error *err) {
    echo_feed_node node = *stored, other;
    unsigned depth = echo__flat_depth(index);
    *yes = false;
    while (echo__flat_right_span(index, depth) / 2 < roots->length) {
        for (unsigned i = 0; i < roots->count; i++) {
            if (roots->index[i] != index) continue;
            *yes = roots->node[i].size == node.size && echo__hash_equal(&roots->node[i].hash, &node.hash);
            return ECHO_OK;
        }
        bool present;
        uint64_t parent = echo__flat_parent(index, depth);
        echo_status status = echo__hypercore_load_node(hc, &other, &present, 2 * parent - index, depth, err);
        if (status != ECHO_OK || !present) return status;
        if (index < parent)
            echo__hypercore_join(&node, &node, &other);
        else
            echo__hypercore_join(&node, &other, &node);
        index = parent;
        depth++;
    }
    return ECHO_OK;
}

/* Whether some signature vouches for a stored node: the newest, or one before that the newest was never proved to
 * follow. */
static echo_status vouched(comparer *c, bool *yes, uint64_t index, const echo_feed_node *stored) {
    echo__hypercore_roots roots = c->hc->roots;
    uint64_t after = echo__flat_right_span(index, echo__flat_depth(index)) / 2;
    *yes = false;
    for (unsigned i = 0; i < TRIES && roots.length > 0; i++) {
        echo_status status = leads_to(c->hc, yes, &roots, index, stored, c->err);
        if (status != ECHO_OK || *yes) return status;
        status = echo__hypercore_older_roots(c->hc, &roots, after, c->err);
        if (status != ECHO_OK) return status;
        after = roots.length;
    }
    return ECHO_OK;
}

/* Reads what is stored of node i and of those after it. */
static echo_status load_window(comparer *c, size_t i) {
    const echo__proof_node *nodes = c->proven->nodes;
    size_t last = i, got;
    while (last + 1 < c->proven->count && nodes[last + 1].index - nodes[i].index < WINDOW) last++;
    c->start = nodes[i].index;
    c->count = (size_t)(nodes[last].index - c->start) + 1;
    echo_status status = echo__hypercore_pread(c->hc, ECHO__HYPERCORE_TREE, c->bytes, c->count * ECHO__HYPERCORE_NODE,
                                               ECHO__HYPERCORE_HEADER + c->start * ECHO__HYPERCORE_NODE, &got, c->err);
    if (status == ECHO_OK) memset(c->bytes + got, 0, c->count * ECHO__HYPERCORE_NODE - got);
    return status;
}

static echo_status compare_node(comparer *c, size_t i) {
    echo__proof_node *known = &c->proven->nodes[i];
    echo_feed_node stored;
    if (known->index - c->start >= c->count) {
        echo_status status = load_window(c, i);
        if (status != ECHO_OK) return status;
    }
    echo__hypercore_node_decode(&stored, c->bytes + (size_t)(known->index - c->start) * ECHO__HYPERCORE_NODE);
    known->here = echo__proof_same(&stored, &known->node);
    if (known->here || echo__hypercore_node_blank(&stored) || !echo__proof_fork_tells(&c->fork, known->index))
        return ECHO_OK;
    bool yes;
    echo_status status = vouched(c, &yes, known->index, &stored);
    if (status == ECHO_OK && yes) echo__proof_fork_at(&c->fork, known->index);
    return status;
}

/* The verified roots themselves, which the tree may have in parts only, or not any more. */
static void compare_roots(comparer *c) {
    const echo__hypercore_roots *roots = &c->hc->roots;
    for (unsigned i = 0; i < roots->count; i++) {
        size_t at = echo__proven_find(c->proven, roots->index[i]);
        if (at == c->proven->count || c->proven->nodes[at].index != roots->index[i]) continue;
        if (!echo__proof_same(&c->proven->nodes[at].node, &roots->node[i]))
            echo__proof_fork_at(&c->fork, roots->index[i]);
    }
}

echo_status echo__hypercore_compare(echo__hypercore *hc, echo__proven *proven, echo_error *err) {
    comparer c = {.hc = hc, .proven = proven, .err = err};
    c.bytes = echo__malloc((size_t)WINDOW * ECHO__HYPERCORE_NODE);
    if (c.bytes == NULL) return echo__nomem(err);
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < proven->count; i++) status = compare_node(&c, i);
    echo__free(c.bytes);
    if (status != ECHO_OK) return status;
    compare_roots(&c);
    return echo__proof_fork_report(&c.fork, &hc->key, err);
}
