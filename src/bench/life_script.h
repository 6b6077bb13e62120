/* What happens in the month: days, batches of messages, the items they change. */
#ifndef ECHO_BENCH_LIFE_SCRIPT_H
#define ECHO_BENCH_LIFE_SCRIPT_H

#include <stddef.h>

#include "gen/generate_random.h"

#define BENCH_LIFE_DAYS 30u
#define BENCH_LIFE_BATCH_MAX 65536u

#define BENCH_LIFE_PHASE_MAP(XX)                                                                                       \
    XX(HOT, "hot")     /* most messages go to a few items, all day long */                                             \
    XX(COLD, "cold")   /* to items anywhere, all day long */                                                           \
    XX(BURST, "burst") /* three times as many, in three bursts, half of them to some hundred items */                  \
    XX(QUIET, "quiet") /* a handful */
typedef enum bench_life_phase {
#define XX(name, text) BENCH_LIFE_##name,
    BENCH_LIFE_PHASE_MAP(XX)
#undef XX
        BENCH_LIFE_PHASES
} bench_life_phase;

/* What happens: the same for a seed, an amount of messages and of items. */
typedef struct bench_life_script {
    uint64_t messages, items; /* of the whole month; of the party */
    generate_random random;
    bench_life_phase phases[BENCH_LIFE_DAYS];
    uint64_t due[BENCH_LIFE_DAYS]; /* messages up to the end of the day */
    uint64_t given;                /* messages so far */
    uint64_t now_ms, next_ms;      /* since it began: of the last batch, and of the next one */
    unsigned day;
    uint64_t batch, batches; /* of the day */
    uint64_t focus[256];     /* the day's items, of which the first `focus_count` count */
    uint64_t focus_count;
} bench_life_script;

typedef struct bench_life_batch {
    uint64_t at_ms;   /* since the beginning */
    uint64_t rest_ms; /* until the next */
    size_t count;
    uint32_t items[BENCH_LIFE_BATCH_MAX];
} bench_life_batch;

void bench_life_begin(bench_life_script *script, uint64_t seed, uint64_t messages, uint64_t items);
/* false: the month is over. */
bool bench_life_next(bench_life_batch *out, bench_life_script *script);

#endif
