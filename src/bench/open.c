/*
 * Opening, in four ways. A case is a party with a snapshot and a tail after it: it is opened by replay, eagerly and
 * lazily; then a second snapshot is taken, whose digest must be that of replay; then, with nothing after the snapshot,
 * lazily up to the first item. The ways take turns, so that other load on the machine affects all of them alike.
 */
#include "bench/open.h"

#include <stdio.h>
#include <string.h>

#include "bench/child.h"
#include "bench/open_goals.h"
#include "bench/open_parse.h"
#include "bench/open_party.h"
#include "bench/open_report.h"
#include "gen/generate.h"

#define DEFAULT_ITEMS 1000u

/* ---- one opening ---- */

typedef struct opening {
    const bench_case *c;
    bench_way way;
    const char *id;
} opening;

static void fill_opening(bench_opening *out, const echo_party *party) {
    const echo_restore_report *report = echo_party_report(party);
    echo_party_status status;
    echo_party_status_get(&status, party);
    out->ns_open = report->ns_open;
    out->ns_feeds = report->ns_feeds;
    out->ns_tail = report->ns_tail;
    out->ns_hydrate = report->ns_hydrate;
    out->messages_read = report->messages_read;
    out->messages_skipped = report->messages_skipped;
    out->messages_refused = report->messages_refused;
    out->chunks_read = report->chunks_read;
    out->chunk_bytes_read = report->chunk_bytes_read;
    out->items_hydrated = report->items_hydrated;
    out->items = status.items;
    out->damage = report->damage_count;
}

static echo_status open_once(void *result, void *arg, echo_error *err) {
    const opening *o = arg;
    bench_opening *out = result;
    echo_registry *registry;
    echo_party *party;
    echo_item *item;
    echo_status status = echo_registry_new(&registry);
    if (status != ECHO_OK) return bench_fail(err, status, "out of memory");
    status = generate_models(registry, err);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = o->c->dir;
    options.party = &o->c->party.key;
    options.models = registry;
    options.use_snapshots = o->way != BENCH_REPLAY;
    options.eager = o->way == BENCH_EAGER;
    uint64_t before = bench_memory_now(), cpu = bench_cpu_ns(), start = bench_now_ns();
    if (status == ECHO_OK) status = echo_party_restore(&party, &options, err);
    if (status == ECHO_OK && o->way == BENCH_FIRST) status = echo_item_get(&item, party, o->id, err);
    out->ns = bench_now_ns() - start;
    out->cpu = bench_cpu_ns() - cpu;
    uint64_t after = bench_memory_now();
    out->kept = after > before ? after - before : 0;
    out->peak = bench_memory_peak();
    if (status == ECHO_OK) fill_opening(out, party);
    return status; /* the process ends here: releasing a million items is not what is measured */
}

static echo_status run_way(bench *b, bench_case *c, bench_way way, size_t run, echo_error *err) {
#define XX(name, text) text,
    static const char *const names[] = {BENCH_WAY_MAP(XX)};
#undef XX
    opening o = {c, way, c->party.ids[c->party.id_count == 0 ? 0 : run % c->party.id_count]};
    bench_tick(b, names[way]);
    echo_status status = bench_child(&c->last[way], sizeof c->last[way], open_once, &o, err);
    if (status != ECHO_OK) return status;
    bench_series_add(&c->ns[way], c->last[way].ns);
    bench_series_add(&c->cpu[way], c->last[way].cpu);
    bench_series_add(&c->hydrate[way], c->last[way].ns_hydrate);
    bench_series_add(&c->peak[way], c->last[way].peak);
    bench_series_add(&c->kept[way], c->last[way].kept);
    return ECHO_OK;
}

/* ---- the machine's limits on the same bytes ---- */

static echo_status run_limits(bench *b, bench_case *c, echo_error *err) {
    bench_parsing parsing;
    uint64_t bytes;
    bench_tick(b, "parse");
    echo_status status = bench_open_parse(&parsing, c, err);
    if (status != ECHO_OK) return status;
    bench_series_add(&c->parse, parsing.ns);
    bench_series_add(&c->parse_cpu, parsing.cpu);
    uint64_t start = bench_now_ns();
    status = bench_folder_read_data(&bytes, c->dir, err);
    bench_series_add(&c->read, bench_now_ns() - start);
    return status;
}

/* ---- is it right? ---- */

static echo_status take_replayed(void *result, void *arg, echo_error *err) {
    return bench_open_party_snapshot(result, arg, true, err);
}

static echo_status take_restored(void *result, void *arg, echo_error *err) {
    return bench_open_party_snapshot(result, arg, false, err);
}

static void disagree(bench_case *c, const char *what, uint64_t is, uint64_t expected) {
    if (!c->agrees) return;
    c->agrees = false;
    (void)snprintf(c->disagreement, sizeof c->disagreement, "%s: %llu, expected %llu", what, (unsigned long long)is,
                   (unsigned long long)expected);
}

static void expect(bench_case *c, const char *what, uint64_t is, uint64_t expected) {
    if (is != expected) disagree(c, what, is, expected);
}

static echo_status check(bench *b, bench_case *c, echo_error *err) {
    bench_taken replayed;
    const bench_party *party = &c->party;
    const bench_opening *replay = &c->last[BENCH_REPLAY];
    bench_tick(b, "digest of replay");
    echo_status status = bench_child(&replayed, sizeof replayed, take_replayed, c, err);
    if (status != ECHO_OK) return status;
    bench_tick(b, "digest of restore");
    status = bench_child(&c->update, sizeof c->update, take_restored, c, err);
    if (status != ECHO_OK) return status;
    c->digest = replayed.digest;
    c->agrees = true;
    if (party->block_bytes > 0) { /* a generated party: all blocks belong to it, and every item has a model */
        expect(c, "replay: messages read", replay->messages_read, party->messages);
        if (c->last[BENCH_EAGER].items_hydrated < party->items)
            disagree(c, "eager: items hydrated", c->last[BENCH_EAGER].items_hydrated, party->items);
    }
    for (bench_way way = BENCH_EAGER; way <= BENCH_LAZY; way++) {
        const bench_opening *last = &c->last[way];
        if (party->block_bytes > 0) expect(c, "restore: messages read", last->messages_read, party->tail);
        expect(c, "restore: messages skipped", last->messages_skipped, party->messages - party->tail);
        expect(c, "restore: items", last->items, replay->items);
        expect(c, "restore: damage", last->damage, 0);
    }
    if (c->agrees && memcmp(&replayed.digest, &c->update.digest, sizeof replayed.digest) != 0) {
        c->agrees = false;
        (void)snprintf(c->disagreement, sizeof c->disagreement,
                       "the state digest after restore is not that of full replay");
    }
    return ECHO_OK;
}

/* ---- cases ---- */

static uint64_t per_second(uint64_t n, uint64_t ns) { return ns == 0 ? 0 : (uint64_t)((double)n * 1e9 / (double)ns); }

static void compute_rates(bench_case *c) {
    c->messages_per_second = per_second(c->party.messages, bench_median(&c->ns[BENCH_REPLAY]));
    c->cpu_messages_per_second = per_second(c->party.messages, bench_median(&c->cpu[BENCH_REPLAY]));
    c->read_bytes_per_second = per_second(c->party.data_bytes, bench_median(&c->read));
}

static echo_status run_case(bench *b, bench_case *c, echo_error *err) {
    bench_tick(b, "making a party");
    echo_status status = bench_open_party_make(b, c, err);
    for (size_t run = 0; status == ECHO_OK && run < b->options.runs; run++) {
        for (bench_way way = BENCH_REPLAY; status == ECHO_OK && way <= BENCH_LAZY; way++)
            status = run_way(b, c, way, run, err);
        if (status == ECHO_OK) status = run_limits(b, c, err);
    }
    if (status == ECHO_OK) status = check(b, c, err);
    for (size_t run = 0; status == ECHO_OK && run < b->options.runs && c->party.id_count > 0; run++)
        status = run_way(b, c, BENCH_FIRST, run, err);
    if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
    compute_rates(c);
    return status;
}

static echo_status add_case(bench *b, uint64_t items, uint64_t messages, echo_error *err) {
    bench_case *c = bench_case_add(b, sizeof *c, err);
    if (c == NULL) return ECHO_ERR_NOMEM;
    c->items = items;
    c->messages = messages;
    c->tail =
        b->options.tail < messages / 2 ? b->options.tail : messages / 2; /* leaves some messages for the snapshot */
    return ECHO_OK;
}

/* A tenth of the messages changes items again. */
static uint64_t messages_for(uint64_t items) { return items + items / 10 + 10; }

static echo_status plan(bench *b, echo_error *err) {
    static const bench_sizes sweep_messages = {{1000, 10000, 100000, 1000000}, 4},
                             sweep_items = {{1000, 10000, 100000, 1000000}, 4};
    bench_sizes messages = b->options.messages, items = b->options.items;
    bool neither = messages.count == 0 && items.count == 0;
    if (b->options.party_dir != NULL) return add_case(b, 0, 0, err);
    if (neither && b->options.quick) return add_case(b, 100, 1000, err);
    if (neither) {
        messages = sweep_messages;
        items = sweep_items;
    }
    echo_status status = ECHO_OK;
    for (size_t m = 0; status == ECHO_OK && m < messages.count; m++) {
        size_t count = neither || items.count == 0 ? 1 : items.count;
        for (size_t i = 0; status == ECHO_OK && i < count; i++)
            status = add_case(b, neither || items.count == 0 ? DEFAULT_ITEMS : items.list[i], messages.list[m], err);
    }
    for (size_t i = 0; status == ECHO_OK && (neither || messages.count == 0) && i < items.count; i++)
        status = add_case(b, items.list[i], messages_for(items.list[i]), err);
    return status;
}

static echo_status run(bench *b, echo_error *err) {
    echo_status status = plan(b, err);
    bench_case *cases = bench_open_cases(b);
    b->steps = b->count * (3 + b->options.runs * 5);
    for (size_t i = 0; status == ECHO_OK && i < b->count; i++) {
        status = run_case(b, &cases[i], err);
        if (status == ECHO_OK && !cases[i].agrees) bench_wrong(b, "%s", cases[i].disagreement);
    }
    if (status == ECHO_OK) bench_open_judge(b);
    return status;
}

const bench_mode bench_open_mode = {.name = "open",
                                    .takes = BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES | BENCH_TAKES_SHAPE |
                                             BENCH_TAKES_FOLDER,
                                    .runs = 5,
                                    .run = run,
                                    .report = &bench_open_report,
                                    .plot = bench_open_plot};
