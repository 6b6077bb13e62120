/*
 * An estimate of the time that opening the party would take now. For each model it is the mean time of applying a
 * message, times the number of its messages since the last snapshot; the times for reading a message and loading an
 * item are added.
 *
 * A mean is a moving average in which the newest measurement has a weight of one eighth. A measurement far above the
 * mean (the process was not running, a page was read from disk) counts as at most eight times the mean. 0 means "never
 * measured".
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

/* Defaults until something is measured. The ratio of the measured reading time to ECHO__COST_READ_NS shows how fast
 * this machine is compared with the one that the defaults are from. */
#define ECHO__COST_APPLY_NS 1000u
#define ECHO__COST_READ_NS 1000u
#define ECHO__COST_LOAD_NS 3000u
#define ECHO__COST_LEAF_NS 20000u
#define ECHO__COST_SAMPLE 16u /* one of this many messages is measured */

typedef struct echo__model_cost {
    const echo__model *model; /* NULL: items whose model is not registered, and messages that are not for items */
    uint64_t apply_ns;
    uint64_t tail, tail_before; /* messages since the last snapshot; of those, before the cut of the running one */
} echo__model_cost;

/* Messages since the last snapshot's cut. `before`: those that the cut of the running snapshot covers. */
typedef struct echo__tail {
    uint64_t messages, messages_before;
    uint64_t bytes, bytes_before;
    uint64_t first_ns; /* when the first of them was applied, by the party's clock; while a snapshot runs, the first
                          after its cut */
    uint64_t before_first_ns;
} echo__tail;

typedef struct echo__costs {
    echo__model_cost *models;
    size_t count, cap;
    uint64_t read_ns;         /* reading, checking and decoding a message */
    uint64_t base_ns;         /* time that opening took without applying messages, by the party's clock */
    uint64_t opened_ns;       /* time that opening took with applying them */
    uint64_t messages, bytes; /* all that were applied since the party was opened */
    echo__tail tail;
} echo__costs;

void echo__costs_free(echo__costs *costs);
/* A message was applied; ns: the time that took, 0 when not measured. Running out of memory only makes the estimate
 * worse. */
void echo__costs_add(echo__costs *costs, const echo__model *model, size_t bytes, uint64_t ns);
/* A snapshot was begun (cut), succeeded (saved), failed (unsaved). */
void echo__costs_cut(echo__costs *costs);
void echo__costs_saved(echo__costs *costs);
void echo__costs_unsaved(echo__costs *costs);
/* The time for applying the tail when opening, plus the time that opening takes without one. */
uint64_t echo__costs_opening(const echo__costs *costs);
/* The time for loading the `items` items that the tail touches from `leaves` leaves. */
uint64_t echo__costs_loading(const echo__costs *costs, uint64_t items, uint64_t leaves, uint64_t load_ns,
                             uint64_t leaf_ns);

#endif
