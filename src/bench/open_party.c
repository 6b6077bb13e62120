#include "bench/open_party.h"

#include <string.h>

#include "bench/child.h"
#include "cli/find_party.h"
#include "gen/generate.h"
#include "gen/generate_random.h"

/* ---- a snapshot of what is in the folder ---- */

static void fill_taken(bench_taken *out, const echo_snapshot_result *result) {
    out->ns = result->ns_capture + result->ns_write + result->ns_publish;
    out->items = result->items_written;
    out->chunks = result->chunks_written;
    out->bytes = result->bytes_written;
    out->number = result->number;
    out->digest = result->digest;
}

echo_status bench_open_party_snapshot(bench_taken *out, const bench_case *c, bool replay, echo_error *err) {
    echo_registry *registry = NULL;
    echo_party *party = NULL;
    echo_store memory = {NULL, NULL};
    echo_snapshot_result result;
    echo_status status = echo_registry_new(&registry);
    if (status == ECHO_OK && replay) status = echo_store_new_memory(&memory);
    if (status != ECHO_OK) bench_fail(err, status, "%s", echo_status_text(status));
    if (status == ECHO_OK) status = generate_models(registry, err);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = c->dir;
    options.party = &c->party.key;
    options.models = registry;
    options.store = replay ? &memory : NULL;
    options.use_snapshots = !replay;
    if (status == ECHO_OK) status = echo_party_restore(&party, &options, err);
    if (status == ECHO_OK) status = echo_party_snapshot(&result, party, err);
    if (status == ECHO_OK) fill_taken(out, &result);
    echo_party_free(party);
    echo_store_close(&memory);
    echo_registry_free(registry);
    return status;
}

/* ---- what the snapshot holds: counts, and items drawn at random ---- */

typedef struct survey {
    bench_party *party;
    generate_random random;
} survey;

static echo_status survey_record(void *arg, const char *id, echo_bytes line) {
    survey *s = arg;
    bench_party *party = s->party;
    party->items++;
    party->record_bytes += line.len;
    if (strlen(id) > BENCH_ID_MAX) return ECHO_OK;
    uint64_t place = generate_random_below(&s->random, party->items); /* a reservoir: all have the same chance */
    if (party->id_count < BENCH_RUNS_MAX) place = party->id_count++;
    if (place < BENCH_RUNS_MAX) memcpy(party->ids[place], id, strlen(id) + 1);
    return ECHO_OK;
}

static echo_status survey_manifest(void *arg, const echo_snapshot_info *info) {
    bench_party *party = arg;
    party->feeds = info->feeds;
    party->messages = info->messages;
    return ECHO_OK;
}

static void shuffle(survey *s) {
    char held[BENCH_ID_MAX + 1];
    for (size_t i = s->party->id_count; i > 1; i--) {
        size_t other = (size_t)generate_random_below(&s->random, i);
        memcpy(held, s->party->ids[i - 1], sizeof held);
        memcpy(s->party->ids[i - 1], s->party->ids[other], sizeof held);
        memcpy(s->party->ids[other], held, sizeof held);
    }
}

static echo_status survey_snapshot(bench_party *out, const bench_case *c, uint64_t seed, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_store store = {NULL, NULL};
    survey s = {.party = out};
    generate_random_seed(&s.random, seed);
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = true;
    how.create = false;
    echo_status status = bench_path(path, c->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_list(&store, &c->party.key, survey_manifest, out, err);
    if (status == ECHO_OK) status = echo_snapshot_records(&store, &c->party.key, 0, survey_record, &s, err);
    echo_store_close(&store);
    shuffle(&s);
    return status;
}

/* ---- making it, in a process of its own ---- */

typedef struct making {
    bench *bench;
    bench_case *c;
} making;

static echo_status snapshot_and_survey(bench_party *out, const making *m, echo_error *err) {
    echo_status status = bench_open_party_snapshot(&out->snapshot, m->c, false, err);
    return status == ECHO_OK ? survey_snapshot(out, m->c, m->bench->options.seed, err) : status;
}

static echo_status make_generated(void *result, void *arg, echo_error *err) {
    const making *m = arg;
    bench_case *c = m->c;
    bench_party *out = result;
    generate_options options = GENERATE_OPTIONS_INIT;
    options.seed = m->bench->options.seed;
    options.feeds = m->bench->options.feeds;
    options.items = c->items;
    options.create = c->messages >= 2 * c->items ? 0.5 : 1.0;
    options.concurrency = 0.2;
    options.credentials = true;
    generator *g;
    echo_status status = generate_open(&g, &options, c->dir, err);
    if (status != ECHO_OK) return status;
    c->party.key = generate_party(g)->public_key;
    status = generate_some(g, c->messages - c->tail, err);
    if (status == ECHO_OK) status = snapshot_and_survey(out, m, err);
    if (status == ECHO_OK) status = generate_some(g, c->tail, err);
    generate_counts counts;
    generate_counts_get(&counts, g);
    out->key = c->party.key;
    out->tail = c->tail;
    out->messages += c->tail;
    out->block_bytes = counts.bytes / counts.messages;
    generate_close(g);
    return status;
}

static echo_status make_copied(void *result, void *arg, echo_error *err) {
    const making *m = arg;
    bench_party *out = result;
    out->key = m->c->party.key;
    return snapshot_and_survey(out, m, err);
}

echo_status bench_open_party_make(bench *b, bench_case *c, echo_error *err) {
    making m = {b, c};
    const char *from = b->options.party_dir;
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK && from != NULL) status = bench_folder_copy_feeds(c->dir, from, err);
    if (status == ECHO_OK && from != NULL) {
        b->cli->dir = c->dir;
        status = echo_cli_find_party(&c->party.key, b->cli, err);
        b->cli->dir = NULL;
    }
    if (status != ECHO_OK) return status;
    bench_party made;
    status = bench_child(&made, sizeof made, from != NULL ? make_copied : make_generated, &m, err);
    if (status == ECHO_OK) c->party = made;
    return status == ECHO_OK ? bench_folder_read_data(&c->party.data_bytes, c->dir, err) : status;
}
