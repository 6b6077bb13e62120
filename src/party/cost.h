/*
 * What opening the party would cost now, from what applying its messages did cost: for each model the mean of some
 * applications, times how many of its messages came since the last snapshot; beside it what reading a message and
 * loading an item cost.
 *
 * Means are of recent measurements, the newest counts an eighth. A measurement far above the mean (the process was not
 * running, a page came from disk) counts as eight times the mean at most. 0 stands for "never measured".
 */
#ifndef ECHO_PARTY_COST_H
#define ECHO_PARTY_COST_H

#include <echo/base.h>

#include "model/registry.h"

static inline uint64_t echo__cost_mean(uint64_t mean, uint64_t sample) {
    if (mean == 0) return sample == 0 ? 1 : sample;
    if (sample / 8 > mean) sample = 8 * mean;
    mean = mean - mean / 8 + sample / 8;
    return mean == 0 ? 1 : mean;
}

/* As long as nothing was measured; what reading costs then shows how fast the machine is beside that of which these
 * are. */
#define ECHO__COST_APPLY_NS 1000u
#define ECHO__COST_READ_NS 1000u
#define ECHO__COST_LOAD_NS 3000u
#define ECHO__COST_LEAF_NS 20000u
#define ECHO__COST_SAMPLE 16u /* one of this many messages is measured */

typedef struct echo__model_cost {
    const echo__model *model; /* NULL: items without a model at hand, and messages that are none of an item */
    uint64_t apply_ns;
    uint64_t tail, tail_before; /* messages since the last snapshot; of those, before the cut of the one that runs */
} echo__model_cost;

/* Since the last snapshot's cut; `before`: of those, what the cut of the one that runs covers. */
typedef struct echo__tail {
    uint64_t messages, messages_before;
    uint64_t bytes, bytes_before;
    uint64_t first_ns; /* when the first of them was applied, by the party's clock; as of the cut that runs: the first
                          behind it */
    uint64_t before_first_ns;
} echo__tail;

typedef struct echo__costs {
    echo__model_cost *models;
    size_t count, cap;
    uint64_t read_ns;         /* reading, checking and decoding a message */
    uint64_t base_ns;         /* how long opening took without any message, by the party's clock */
    uint64_t opened_ns;       /* and with what there was to apply */
    uint64_t messages, bytes; /* all, since the party was opened */
    echo__tail tail;
} echo__costs;

void echo__costs_free(echo__costs *costs);
/* A message was applied; ns: how long that took, 0 when not measured. Being out of memory only makes the estimate
 * worse. */
void echo__costs_add(echo__costs *costs, const echo__model *model, size_t bytes, uint64_t ns);
/* A snapshot was begun; it succeeded; it failed. */
void echo__costs_cut(echo__costs *costs);
void echo__costs_saved(echo__costs *costs);
void echo__costs_unsaved(echo__costs *costs);
/* What applying the tail costs when opening, and what opening costs without any. */
uint64_t echo__costs_opening(const echo__costs *costs);
/* What loading the items costs that the tail touches, out of this many leaves. */
uint64_t echo__costs_loading(const echo__costs *costs, uint64_t items, uint64_t leaves, uint64_t load_ns,
                             uint64_t leaf_ns);

#endif
