/*
 * The party's clock is the real one plus the time that the script lets pass: the costs that the library measures are
 * real, and nothing sleeps. A running snapshot finishes before the next messages come, as it would in the long times
 * between them.
 *
 * The store is copied whenever a snapshot is done. So when the next one is found running or done, the copy and the
 * feeds are what a crash just before it would have left: opening is slowest at these points.
 */
#include "bench/life_live.h"

#include <stdio.h>
#include <string.h>

#include "bench/child.h"
#include "bench/life_opener.h"
#include "bench/life_script.h"
#include "bench/session.h"

#define EVERY_MESSAGES 1000u /* the fixed rule */
#define EVEN_POINTS 30u
#define ALL_UP_TO 40u /* snapshots before which opening is always measured */
#define EPOCH_MS INT64_C(1767225600000)
#define NS_PER_MS UINT64_C(1000000)
/* The delays of a host's polls after messages, in milliseconds. */
static const uint64_t looks_ms[] = {300, 6000, 60000};

typedef struct life {
    const bench_life_args *args;
    bench_life_result *out;
    bench_session session;
    bench_opener opener;
    uint64_t ahead_ns; /* of the party's clock */
    uint64_t at_ms, taken, since, even, longest_tail;
    uint64_t bytes_before;            /* of the generator's messages */
    uint64_t chunk_bytes, file_bytes; /* written by the snapshots that are done */
    bench_vfs_counts files_before;
} life;

static uint64_t clock_of(void *arg) {
    const life *l = arg;
    return bench_now_ns() + l->ahead_ns;
}

static int64_t now_of(void *arg) { return EPOCH_MS + (int64_t)(clock_of(arg) / NS_PER_MS); }

/* ---- points ---- */

static uint64_t feed_bytes(const life *l) {
    generate_counts counts;
    generate_counts_get(&counts, l->session.generator);
    return counts.bytes - l->bytes_before;
}

static echo_status add_point(life *l, bool before, echo_error *err) {
    bench_opened opened;
    bench_life_result *out = l->out;
    if (out->point_count == BENCH_LIFE_POINTS) return ECHO_OK;
    echo_status status = bench_opener_open(&opened, &l->opener, err);
    if (status != ECHO_OK) return status;
    bench_life_point *point = &out->points[out->point_count++];
    point->at_ms = l->at_ms;
    point->messages = out->messages;
    point->open_ns = opened.ns;
    point->tail = opened.messages_read;
    point->snapshots = l->taken;
    point->feed_bytes = feed_bytes(l);
    point->chunk_bytes = l->chunk_bytes;
    point->file_bytes = l->file_bytes;
    point->before = before;
    out->damage += opened.damage;
    return ECHO_OK;
}

/* Measures before each of the first snapshots, later now and then, and whenever the tail is longer than ever before. */
static bool is_worth(life *l) {
    uint64_t apart = l->args->messages / EVERY_MESSAGES / ALL_UP_TO + 1;
    bool more = l->since > l->longest_tail;
    if (more) l->longest_tail = l->since + l->since / 10;
    return more || l->taken < ALL_UP_TO || l->taken % apart == 0;
}

/* ---- snapshots ---- */

static echo_status see_snapshots(life *l, echo_error *err) {
    echo_snapshot_state state, after;
    echo_party_snapshot_state_get(&state, l->session.party);
    if (state.phase == ECHO_SNAPSHOT_PHASE_IDLE && state.taken == l->taken) return ECHO_OK;
    echo_status status = bench_session_settle(&l->session, err);
    echo_party_snapshot_state_get(&after, l->session.party);
    if (status == ECHO_OK && after.error.code != ECHO_OK) {
        *err = after.error;
        status = after.error.code;
    }
    if (status == ECHO_OK && is_worth(l)) status = add_point(l, true, err);
    l->since = after.tail_messages;
    l->out->reasons[(size_t)after.last.reason % BENCH_LIFE_REASONS] += after.taken - l->taken;
    l->taken = after.taken;
    l->chunk_bytes = after.bytes_written;
    l->file_bytes = bench_vfs_since(&l->files_before).bytes;
    return status == ECHO_OK ? bench_opener_copy(&l->opener, err) : status;
}

static echo_status take_by_rule(life *l, echo_error *err) {
    if (l->args->rule != BENCH_LIFE_FIXED || l->out->messages % EVERY_MESSAGES != 0) return ECHO_OK;
    echo_status status = echo_party_snapshot_start(l->session.party, err);
    return status == ECHO_OK ? see_snapshots(l, err) : status;
}

/* ---- messages ---- */

/* Applies messages in pieces that end where the fixed rule takes its snapshots, because finishing a snapshot polls for
 * all messages. */
static echo_status apply(life *l, const uint32_t *items, size_t n, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t done = 0, piece; status == ECHO_OK && done < n; done += piece) {
        uint64_t most = EVERY_MESSAGES - l->out->messages % EVERY_MESSAGES;
        piece = n - done < most ? n - done : (size_t)most;
        status = generate_changes(l->session.generator, items + done, piece, err);
        if (status == ECHO_OK) status = bench_session_apply(&l->session, piece, err);
        l->out->messages += piece;
        l->since += piece;
        if (status == ECHO_OK) status = take_by_rule(l, err);
        if (status == ECHO_OK) status = see_snapshots(l, err);
    }
    return status;
}

/* Time passes; the host polls now and then. */
static echo_status rest(life *l, uint64_t ms, echo_error *err) {
    echo_status status = ECHO_OK;
    uint64_t passed = 0;
    for (size_t i = 0; status == ECHO_OK && i < sizeof looks_ms / sizeof looks_ms[0] && looks_ms[i] < ms; i++) {
        l->ahead_ns += (looks_ms[i] - passed) * NS_PER_MS;
        passed = looks_ms[i];
        status = echo_party_poll(NULL, l->session.party, 0, err);
        if (status == ECHO_OK) status = see_snapshots(l, err);
    }
    l->ahead_ns += (ms - passed) * NS_PER_MS;
    if (status == ECHO_OK && ms > 0) status = echo_party_poll(NULL, l->session.party, 0, err);
    return status == ECHO_OK ? see_snapshots(l, err) : status;
}

static echo_status live(life *l, echo_error *err) {
    static bench_life_script script; /* large */
    static bench_life_batch batch;
    echo_status status = ECHO_OK;
    bench_life_begin(&script, l->args->seed, l->args->messages, l->args->items);
    while (status == ECHO_OK && bench_life_next(&batch, &script)) {
        l->at_ms = batch.at_ms;
        status = apply(l, batch.items, batch.count, err);
        if (status == ECHO_OK && l->out->messages * EVEN_POINTS >= (l->even + 1) * l->args->messages) {
            l->even = l->out->messages * EVEN_POINTS / l->args->messages;
            status = add_point(l, false, err);
        }
        if (status == ECHO_OK) status = rest(l, batch.rest_ms, err);
    }
    return status;
}

/* ---- from birth to end ---- */

/* All items exist and are saved; measuring begins. */
static echo_status be_born(life *l, echo_error *err) {
    const bench_life_args *a = l->args;
    echo_snapshot_policy policy = bench_policy_manual();
    echo_status status = bench_session_make(&l->session, a->dir, true, a->seed, a->items, err);
    if (status == ECHO_OK)
        status = bench_opener_begin(&l->opener, a->dir, a->copy, l->session.options.party, a->openings, err);
    if (status == ECHO_OK && !bench_vfs_install())
        status = bench_fail(err, ECHO_ERR_IO, "SQLite does not accept the counting VFS");
    if (status == ECHO_OK) status = bench_session_open(&l->session, &policy, err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, l->session.party, err);
    bench_session_close(&l->session);
    return status == ECHO_OK ? bench_opener_copy(&l->opener, err) : status;
}

static echo_status finish(life *l, echo_error *err) {
    bench_life_result *out = l->out;
    echo_snapshot_state state;
    echo_party_snapshot_state_get(&state, l->session.party);
    out->feed_bytes = feed_bytes(l);
    out->chunk_bytes = state.bytes_written;
    out->snapshots = state.taken;
    out->chunks_removed = state.chunks_removed;
    out->ns_worst_step = state.ns_worst_step;
    out->files = bench_vfs_since(&l->files_before);
    if (!state.has_last) return ECHO_OK;
    out->digest = state.last.digest;
    return bench_session_replay(&out->replayed, &l->session, 0, err);
}

echo_status bench_life_live(void *result, void *args, echo_error *err) {
    static life l; /* the party keeps a pointer to it */
    l = (life){.args = args, .out = result};
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = l.args->rule == BENCH_LIFE_FIXED;
    echo_status status = be_born(&l, err);
    if (status != ECHO_OK) return status;
    l.session.options.clock = clock_of;
    l.session.options.clock_arg = &l;
    l.session.options.now = now_of;
    l.session.options.now_arg = &l;
    l.bytes_before = feed_bytes(&l);
    l.files_before = bench_vfs_counted();
    status = bench_session_open(&l.session, &policy, err);
    if (status == ECHO_OK) status = live(&l, err);
    if (status == ECHO_OK) status = finish(&l, err);
    bench_opener_end(&l.opener);
    return status;
}
