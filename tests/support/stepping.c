#include "support/test.h"

#include "support/stepping.h"

#include <stdlib.h>
#include <string.h>

#include "support/state.h"

static uint64_t tick(void *arg) {
    stepping *s = arg;
    return s->now += s->tick;
}

void stepping_prepare(stepping *s, const generate_options *options) {
    echo_error err = ECHO_ERROR_INIT;
    memset(s, 0, sizeof *s);
    s->seed = options->seed;
    assert_ok(generate_open(&s->g, options, NULL, &err), &err);
    counting_feeds_init(&s->counting, generate_source(s->g));
    assert_int_equal(echo_store_new_memory(&s->store), ECHO_OK);
    assert_int_equal(echo_registry_new(&s->models), ECHO_OK);
    assert_ok(generate_models(s->models, &err), &err);
    s->now = 1;
    s->tick = 100;
    s->policy = (echo_snapshot_policy)ECHO_SNAPSHOT_POLICY_INIT;
    s->policy.manual = true;
    s->policy.thread = false;
    s->policy.budget_ns = 1;
    s->policy.keep = 0;
    s->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    s->options.admitted = generate_feeds(s->g, &s->options.admitted_count);
    s->options.party = &generate_party(s->g)->public_key;
    s->options.feeds = &s->counting.feeds;
    s->options.store = &s->store;
    s->options.models = s->models;
    s->options.policy = &s->policy;
    s->options.clock = tick;
    s->options.clock_arg = s;
}

void stepping_open(stepping *s) { s->party = party_open(&s->options); }

void stepping_reopen(stepping *s) {
    echo_party_free(s->party);
    s->taken = 0;
    stepping_open(s);
}

void stepping_close(stepping *s) {
    echo_party_free(s->party);
    echo_registry_free(s->models);
    echo_store_close(&s->store);
    generate_close(s->g);
}

void stepping_generate(stepping *s, uint64_t n) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(generate_some(s->g, n, &err), &err);
}

void stepping_poll(stepping *s, uint64_t max) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, s->party, max, &err), &err);
}

echo_snapshot_state stepping_state(const stepping *s) {
    echo_snapshot_state state;
    echo_party_snapshot_state_get(&state, s->party);
    return state;
}

void stepping_finish(stepping *s) {
    for (unsigned i = 0; stepping_state(s).phase != ECHO_SNAPSHOT_PHASE_IDLE; i++) {
        assert_true(s->policy.thread || i < 1000000);
        stepping_poll(s, 0);
    }
}

void stepping_check(stepping *s) {
    echo_snapshot_state state = stepping_state(s);
    if (state.taken == s->taken) return;
    s->taken = state.taken;
    assert_true(state.has_last);
    s->copied += state.last.items_copied;
    echo_hash digest;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_snapshot_replay(&digest, &s->options, s->options.store, state.last.number, &err), &err);
    assert_memory_equal(digest.bytes, state.last.digest.bytes, sizeof digest.bytes);
    s->checked++;
}

void stepping_compare(stepping *s) {
    echo_error err = ECHO_ERROR_INIT;
    stepping_poll(s, 0);
    assert_ok(echo_party_snapshot(NULL, s->party, &err), &err);
    stepping_check(s);
    char *state = state_of(s->party);
    echo_party_options plain = s->options;
    plain.store = NULL;
    plain.use_snapshots = false;
    echo_party *oracle = party_open(&plain);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(s->party), echo_party_clock(oracle)), ECHO_ORDER_EQUAL);
    char *expected = state_of(oracle);
    assert_state_equal(state, expected);
    free(state);
    echo_party_free(oracle);
    s->options.verify = ECHO_VERIFY_FULL;
    stepping_reopen(s);
    s->options.verify = ECHO_VERIFY_ROOT;
    assert_int_equal(echo_party_report(s->party)->damage_count, 0);
    assert_int_equal(echo_party_report(s->party)->messages_read, 0);
    state = state_of(s->party);
    assert_state_equal(state, expected);
    free(state);
    free(expected);
}
