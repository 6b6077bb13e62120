#include "bench/session.h"

#include <time.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/folder.h"

#define SETTLE_NS 200000u

echo_snapshot_policy bench_policy_manual(void) {
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = true;
    policy.keep = 0;
    policy.collect_garbage = false;
    return policy;
}

void bench_rest(uint64_t ns) {
    struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    (void)nanosleep(&time, NULL);
}

echo_status bench_session_generate(bench_session *s, const char *dir, const generate_options *options,
                                   uint64_t messages, echo_error *err) {
    bool disk = options->credentials;
    *s = (bench_session){.dir = dir, .disk = disk, .options = ECHO_PARTY_OPTIONS_INIT};
    echo_status status = generate_open(&s->generator, options, disk ? dir : NULL, err);
    if (status == ECHO_OK) status = generate_some(s->generator, messages, err);
    if (status == ECHO_OK && disk) sync(); /* a snapshot then makes durable only what is written from now on */
    if (status == ECHO_OK && (status = echo_registry_new(&s->models)) != ECHO_OK)
        bench_fail(err, status, "out of memory");
    if (status == ECHO_OK) status = generate_models(s->models, err);
    if (status != ECHO_OK) return status;
    s->options.dir = dir;
    s->options.party = &generate_party(s->generator)->public_key;
    s->options.models = s->models;
    s->options.feeds = disk ? NULL : generate_source(s->generator);
    if (!disk) s->options.admitted = generate_feeds(s->generator, &s->options.admitted_count);
    return ECHO_OK;
}

echo_status bench_session_make(bench_session *s, const char *dir, bool disk, uint64_t seed, uint64_t items,
                               echo_error *err) {
    generate_options options = GENERATE_OPTIONS_INIT;
    options.seed = seed;
    options.items = items;
    options.create = 1.0;
    options.credentials = disk;
    return bench_session_generate(s, dir, &options, items, err);
}

echo_status bench_session_open(bench_session *s, const echo_snapshot_policy *policy, echo_error *err) {
    s->options.policy = policy;
    return echo_party_restore(&s->party, &s->options, err);
}

void bench_session_close(bench_session *s) {
    echo_party_free(s->party);
    s->party = NULL;
}

echo_status bench_session_apply(bench_session *s, uint64_t messages, echo_error *err) {
    echo_status status = ECHO_OK;
    for (uint64_t done = 0, applied; status == ECHO_OK && done < messages; done += applied) {
        status = echo_party_poll(&applied, s->party, 0, err);
        if (status == ECHO_OK && applied == 0)
            return bench_fail(err, ECHO_ERR_CORRUPT, "messages that were made do not arrive");
    }
    return status;
}

bool bench_snapshot_runs(const bench_session *s) {
    echo_snapshot_state state;
    echo_party_snapshot_state_get(&state, s->party);
    return state.phase != ECHO_SNAPSHOT_PHASE_IDLE;
}

echo_status bench_session_settle(bench_session *s, echo_error *err) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && bench_snapshot_runs(s)) {
        status = echo_party_poll(NULL, s->party, 0, err);
        if (status == ECHO_OK && bench_snapshot_runs(s)) bench_rest(SETTLE_NS);
    }
    return status;
}

echo_status bench_session_replay(echo_hash *digest, const bench_session *s, uint64_t number, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_store store = {NULL, NULL};
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.create = false;
    echo_status status = bench_path(path, s->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_replay(digest, &s->options, &store, number, err);
    echo_store_close(&store);
    return status;
}
