/*
 * Driving snapshots: steps between messages and in polls, calls that wait, and the state that hosts see. A step takes
 * pieces until its time is over (P7).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/drive.h"

#define MESSAGES_PER_LOOK 16u /* at the clock */
#define LEAST_STEP_NS 20000u  /* a shorter step is not worth its beginning */
#define LOOKS_PER_STEP 64u    /* a clock that stands still does not hold a snapshot up */
#define ITEMS_PER_PROGRESS 4096u

static uint64_t now_ns(const echo__taker *t) { return echo__party_clock_ns(t->party); }

/* ---- steps ---- */

static void count_step(echo__taker *t, uint64_t ns, echo_snapshot_phase phase, uint64_t ns_writing) {
    bool capturing = phase == ECHO_SNAPSHOT_PHASE_CONVERT || phase == ECHO_SNAPSHOT_PHASE_CAPTURE;
    t->result.steps++;
    if (capturing) t->result.ns_capture += ns - (ns_writing < ns ? ns_writing : ns);
    if (ns > t->result.ns_worst_step) t->result.ns_worst_step = ns;
    if (t->result.ns_worst_step > t->ns_worst) t->ns_worst = t->result.ns_worst_step;
}

/* Takes pieces until `ns` have passed. At least one. */
static void run_step(echo__taker *t, uint64_t ns) {
    uint64_t start = now_ns(t), writing = t->ns_writing, now;
    echo_snapshot_phase phase = t->phase;
    bool progress;
    do {
        progress = echo__take_piece(t);
        now = now_ns(t);
    } while (progress && t->phase != ECHO_SNAPSHOT_PHASE_IDLE && now - start < ns);
    count_step(t, now - start, phase, t->ns_writing - writing);
    t->rested_ns = now;
    t->unstepped = 0;
}

static uint64_t budget_of(const echo__taker *t) {
    return t->party->policy.budget_ns > 0 ? t->party->policy.budget_ns : 1;
}

/* A share of the time since the last step. 0: not yet. */
static uint64_t share_of(echo__taker *t, uint64_t now) {
    const echo_snapshot_policy *rules = &t->party->policy;
    if (rules->share >= 100) return budget_of(t);
    uint64_t due = (now - t->rested_ns) / (100 - rules->share) * rules->share;
    if (due >= budget_of(t)) return budget_of(t);
    if (++t->unstepped >= LOOKS_PER_STEP) return due > 0 ? due : 1;
    return due < LEAST_STEP_NS ? 0 : due;
}

/* ---- deciding ---- */

static uint64_t expected_open(const echo_party *party) {
    const echo__items *items = &party->items;
    uint64_t unsaved = party->root.items == 0 ? 0 : echo__items_unsaved(items);
    uint64_t leaves = unsaved == 0 ? 0 : echo__policy_leaves(&party->root, unsaved);
    return echo__costs_opening(&party->costs) +
           echo__costs_loading(&party->costs, unsaved, leaves, items->load_ns, items->leaf_ns);
}

static uint64_t expected_bytes(const echo_party *party, const echo__policy *policy) {
    return echo__policy_bytes(policy, &party->root, echo__items_unsaved(&party->items), party->costs.tail.bytes);
}

static void count_messages(echo__taker *t, uint64_t now) {
    echo__costs *costs = &t->party->costs;
    if (costs->messages == t->seen_messages) return;
    t->seen_messages = costs->messages;
    t->last_message_ns = now;
    if (costs->tail.first_ns == 0) costs->tail.first_ns = now;
}

static void begin_if_due(echo__taker *t, uint64_t now) {
    const echo_party *party = t->party;
    const echo__costs *costs = &party->costs;
    echo__policy_facts facts = {.now_ns = now,
                                .messages = costs->tail.messages,
                                .bytes = costs->tail.bytes,
                                .first_ns = costs->tail.first_ns,
                                .last_ns = t->last_message_ns,
                                .expected_open_ns = expected_open(party),
                                .base_open_ns = costs->base_ns,
                                .expected_bytes = expected_bytes(party, &t->policy),
                                .held = echo__items_held(&party->items),
                                .memory = party->items.evict.limit};
    echo_snapshot_reason reason = echo__policy_decide(&t->policy, &party->policy, &facts);
    if (t->recovery && facts.messages > 0 && reason == ECHO_SNAPSHOT_REASON_NONE && t->policy.failed == 0)
        reason = ECHO_SNAPSHOT_REASON_RECOVERY;
    if (t->again) reason = ECHO_SNAPSHOT_REASON_REQUEST;
    t->recovery = t->again = false;
    if (reason == ECHO_SNAPSHOT_REASON_NONE) return;
    echo_error ignored = ECHO_ERROR_INIT; /* kept in the taker as well */
    (void)!echo__take_begin(t, reason, party->policy.thread, &ignored);
    count_step(t, now_ns(t) - now, ECHO_SNAPSHOT_PHASE_CAPTURE, 0);
}

static void between_messages(echo_party *party, bool idle) {
    echo__taker *t = party->taker;
    if (!idle && t->countdown > 1) {
        t->countdown--;
        return;
    }
    t->countdown = MESSAGES_PER_LOOK;
    uint64_t now = now_ns(t);
    count_messages(t, now);
    if (t->phase == ECHO_SNAPSHOT_PHASE_IDLE) {
        begin_if_due(t, now);
    } else {
        uint64_t ns = idle ? budget_of(t) : share_of(t, now);
        if (ns > 0) run_step(t, ns);
    }
    party->ns_between += now_ns(t) - now;
}

/* ---- calls that wait ---- */

static bool is_joinable(const echo__taker *t) {
    return t->phase == ECHO_SNAPSHOT_PHASE_CONVERT || t->phase == ECHO_SNAPSHOT_PHASE_CAPTURE ||
           t->phase == ECHO_SNAPSHOT_PHASE_WRITE;
}

/* Calls the host after every few thousand items; it may cancel. */
static void report_progress(echo__taker *t, uint64_t *reported) {
    if (t->phase != ECHO_SNAPSHOT_PHASE_CAPTURE || t->capture->at < *reported + ITEMS_PER_PROGRESS) return;
    *reported = t->capture->at;
    echo_status status = echo__party_progress(t->party, "items", t->capture->at, t->capture->count);
    if (status == ECHO_OK) return;
    echo_error problem = ECHO_ERROR_INIT;
    echo__error_adopt(&problem, status, "the snapshot was cancelled");
    t->cancelled = true;
    echo__take_fail(t, status, &problem);
}

static void run_to_end(echo__taker *t) {
    uint64_t reported = 0;
    while (t->phase != ECHO_SNAPSHOT_PHASE_IDLE) {
        uint64_t start = now_ns(t), writing = t->ns_writing;
        bool capturing = t->phase == ECHO_SNAPSHOT_PHASE_CAPTURE;
        if (!echo__take_piece(t)) echo__writer_wait(t->writer);
        uint64_t ns = now_ns(t) - start - (t->ns_writing - writing);
        if (capturing) t->result.ns_capture += ns;
        report_progress(t, &reported);
    }
}

static echo_status begin_and_end(echo__taker *t, echo_snapshot_reason reason, echo_error *err) {
    echo_status status = echo__take_begin(t, reason, false, err);
    run_to_end(t);
    return status != ECHO_OK ? status : t->status;
}

/* One that is running is joined; if it does not cover all, or failed, another follows. */
echo_status echo__drive_run(echo__taker *t, echo_snapshot_reason reason, echo_error *err) {
    bool joined = is_joinable(t);
    count_messages(t, now_ns(t));
    run_to_end(t);
    bool covered = joined && t->status == ECHO_OK &&
                   echo_timeframe_compare(t->party->clock, t->party->root_clock) == ECHO_ORDER_EQUAL;
    echo_status status = covered ? ECHO_OK : begin_and_end(t, reason, err);
    if (status != ECHO_OK && err != NULL) *err = t->error;
    return status;
}

static echo_status get_taker(echo__taker **out, const echo_party *party, echo_error *err) {
    if (party == NULL) return echo__error(err, ECHO_ERR_INVALID, "party is NULL");
    *out = party->taker;
    if (party->taker != NULL) return ECHO_OK;
    if (!party->options.writable) return echo__error(err, ECHO_ERR_READONLY, "the party was opened read-only");
    if (party->store_problem.code == ECHO_OK)
        return echo__error(err, ECHO_ERR_READONLY, "the party was opened without a store");
    if (err != NULL) *err = party->store_problem;
    return party->store_problem.code;
}

echo_status echo_party_snapshot(echo_snapshot_result *out, echo_party *party, echo_error *err) {
    echo__taker *t;
    echo_error own = ECHO_ERROR_INIT;
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    status = get_taker(&t, party, &own);
    if (status == ECHO_OK) status = echo__drive_run(t, ECHO_SNAPSHOT_REASON_REQUEST, &own);
    if (status == ECHO_OK && out != NULL) *out = t->result;
    echo__party_leave(party);
    return echo__error_return(err, &own, status, "the snapshot cannot be taken");
}

static echo_status begin_unless_running(echo_party *party, echo_error *err) {
    echo__taker *t;
    echo_status status = get_taker(&t, party, err);
    if (status != ECHO_OK || is_joinable(t)) return status;
    if (t->phase == ECHO_SNAPSHOT_PHASE_FINISH) {
        t->again = true;
        return ECHO_OK;
    }
    uint64_t start = now_ns(t);
    count_messages(t, start);
    status = echo__take_begin(t, ECHO_SNAPSHOT_REASON_REQUEST, party->policy.thread, err);
    count_step(t, now_ns(t) - start, ECHO_SNAPSHOT_PHASE_CAPTURE, 0);
    return status;
}

echo_status echo_party_snapshot_start(echo_party *party, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    status = begin_unless_running(party, &own);
    echo__party_leave(party);
    return echo__error_return(err, &own, status, "the snapshot cannot be begun");
}

static void cancel_running(echo_party *party) {
    echo__taker *t = party->taker;
    if (t == NULL) return;
    t->again = false;
    if (!is_joinable(t)) return;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__error(&problem, ECHO_ERR_REFUSED, "the snapshot was cancelled");
    t->cancelled = true;
    echo__take_fail(t, status, &problem);
    while (t->phase == ECHO_SNAPSHOT_PHASE_WRITE)
        if (!echo__take_piece(t)) echo__writer_wait(t->writer);
}

void echo_party_snapshot_cancel(echo_party *party) {
    if (party == NULL || party->calls > 0) return;
    echo__party_hold(party);
    cancel_running(party);
    echo__party_leave(party);
}

void echo__drive_quit(echo_party *party) {
    echo__taker *t = party->taker;
    cancel_running(party);
    if (t == NULL) return;
    if (t->writer != NULL)
        echo__writer_cancel(t->writer); /* the removing of old snapshots and garbage, which the next one does */
    run_to_end(t);
}

/* ---- the state ---- */

static void report_taker(echo_snapshot_state *out, const echo__taker *t) {
    out->phase = t->phase;
    out->reason = t->reason;
    out->items_total = t->capture == NULL ? 0 : t->capture->count;
    out->items_captured = t->capture == NULL ? 0 : t->capture->taken;
    out->taken = t->taken;
    out->failed = t->policy.failed;
    out->ns_worst_step = t->ns_worst;
    out->bytes_written = t->bytes_written;
    out->has_last = t->has_last;
    out->last = t->last;
    out->error = t->error;
    out->chunks_removed = t->chunks_removed;
    out->gc_error = t->gc_error;
    out->expected_bytes = expected_bytes(t->party, &t->policy);
}

void echo_party_snapshot_state_get(echo_snapshot_state *out, const echo_party *party) {
    if (out == NULL) return;
    memset(out, 0, sizeof *out);
    if (party == NULL) return;
    out->feed_bytes = party->costs.bytes;
    out->tail_messages = party->costs.tail.messages;
    out->tail_bytes = party->costs.tail.bytes;
    out->expected_open_ns = expected_open(party);
    if (party->taker != NULL) report_taker(out, party->taker);
}

/* ---- with the party ---- */

static void detach_taker(echo_party *party) {
    echo__taker *t = party->taker;
    if (t == NULL) return;
    party->between = NULL;
    party->taker = NULL; /* hooks that close the store may still look */
    echo__writer_free(t->writer);
    echo__take_release(t);
    echo__capture_free(t->capture);
    echo_store_close(&t->store);
    echo__free(t);
}

echo_status echo__drive_new(echo_party *party, echo_error *err) {
    if (party->store.ops == NULL || !party->options.writable) return ECHO_OK;
    echo__taker *t = echo__calloc(1, sizeof *t);
    if (t == NULL) return echo__nomem(err);
    t->party = party;
    party->taker = t;
    party->detach = detach_taker;
    return ECHO_OK;
}

void echo__drive_attach(echo_party *party) {
    echo__taker *t = party->taker;
    if (t == NULL) return;
    party->between = between_messages;
    t->rested_ns = now_ns(t);
    count_messages(t, t->rested_ns);
    const echo_snapshot_policy *rules = &party->policy;
    t->recovery = !rules->manual && rules->open_ns > 0 && party->costs.opened_ns > rules->open_ns;
    if (t->recovery) begin_if_due(t, t->rested_ns);
}
