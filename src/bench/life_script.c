#include "bench/life_script.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)
#define BURSTS 3u
#define BURST_GAP_MS 20u
#define HOT_ITEMS 20u
#define BURST_ITEMS 200u

/* Of ten days three are hot, three cold, two have bursts, two are quiet. */
static const bench_life_phase mix[10] = {BENCH_LIFE_HOT,   BENCH_LIFE_HOT,  BENCH_LIFE_HOT,   BENCH_LIFE_COLD,
                                         BENCH_LIFE_COLD,  BENCH_LIFE_COLD, BENCH_LIFE_BURST, BENCH_LIFE_BURST,
                                         BENCH_LIFE_QUIET, BENCH_LIFE_QUIET};
/* Messages of a day, in relation to the others. */
static const double weights[BENCH_LIFE_PHASES] = {1.0, 1.0, 3.0, 0.01};
/* Batches of a day, if there are as many messages. */
static const uint64_t most_batches[BENCH_LIFE_PHASES] = {400, 400, 300, 5};

static uint64_t below(bench_life_script *s, uint64_t n) { return generate_random_below(&s->random, n); }

static void shuffle_days(bench_life_script *s) {
    for (unsigned i = 0; i < BENCH_LIFE_DAYS; i++) s->phases[i] = mix[i % 10];
    for (unsigned i = BENCH_LIFE_DAYS; i > 1; i--) {
        uint64_t other = below(s, i);
        bench_life_phase held = s->phases[i - 1];
        s->phases[i - 1] = s->phases[other];
        s->phases[other] = held;
    }
}

static void begin_day(bench_life_script *s) {
    bench_life_phase phase = s->phases[s->day];
    uint64_t messages = s->due[s->day] - s->given;
    s->batch = 0;
    s->batches = messages < most_batches[phase] ? messages : most_batches[phase];
    while (s->batches > 0 && messages / s->batches + 1 > BENCH_LIFE_BATCH_MAX) s->batches *= 2;
    s->focus_count = phase == BENCH_LIFE_BURST ? BURST_ITEMS : HOT_ITEMS;
    for (uint64_t i = 0; i < s->focus_count; i++) s->focus[i] = below(s, s->items);
}

void bench_life_begin(bench_life_script *script, uint64_t seed, uint64_t messages, uint64_t items) {
    double sum = 0, done = 0;
    *script = (bench_life_script){.messages = messages, .items = items};
    generate_random_seed(&script->random, seed);
    shuffle_days(script);
    for (unsigned i = 0; i < BENCH_LIFE_DAYS; i++) sum += weights[script->phases[i]];
    for (unsigned i = 0; i < BENCH_LIFE_DAYS; i++) {
        done += weights[script->phases[i]];
        script->due[i] = (uint64_t)((double)messages * done / sum);
    }
    script->due[BENCH_LIFE_DAYS - 1] = messages;
    begin_day(script);
}

/* Milliseconds since the day began. */
static uint64_t place_in_day(const bench_life_script *s) {
    if (s->phases[s->day] != BENCH_LIFE_BURST) return DAY_MS * s->batch / s->batches;
    uint64_t each = (s->batches + BURSTS - 1) / BURSTS;
    return DAY_MS * (s->batch / each) / BURSTS + BURST_GAP_MS * (s->batch % each);
}

static bool seek(bench_life_script *s) {
    while (s->batch == s->batches) {
        if (++s->day == BENCH_LIFE_DAYS) return false;
        begin_day(s);
    }
    s->next_ms = s->day * DAY_MS + place_in_day(s);
    return true;
}

static uint32_t pick(bench_life_script *s) {
    static const double focused[BENCH_LIFE_PHASES] = {0.9, 0.0, 0.5, 1.0};
    bool focus = generate_random_chance(&s->random, focused[s->phases[s->day]]);
    return (uint32_t)(focus ? s->focus[below(s, s->focus_count)] : below(s, s->items));
}

bool bench_life_next(bench_life_batch *out, bench_life_script *script) {
    if (script->day == BENCH_LIFE_DAYS || !seek(script)) return false;
    uint64_t left = script->due[script->day] - script->given;
    out->at_ms = script->now_ms = script->next_ms;
    out->count = (size_t)(left / (script->batches - script->batch));
    for (size_t i = 0; i < out->count; i++) out->items[i] = pick(script);
    script->given += out->count;
    script->batch++;
    bool more = seek(script);
    out->rest_ms = more ? script->next_ms - script->now_ms : BENCH_LIFE_DAYS * DAY_MS - script->now_ms;
    return true;
}
