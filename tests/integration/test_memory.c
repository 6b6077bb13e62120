/*
 * Every allocation of the main path fails once: the answer is ECHO_ERR_NOMEM and nothing else, nothing leaks, party and
 * store are as they were, and the same call then works (P10, P11).
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "../src/cli/generate.h"
#include "support/fault.h"
#include "support/folder.h"
#include "support/state.h"
#include "support/still_clock.h"

typedef struct place {
    generator *g;
    echo_store store;
    echo_registry *models;
    echo_party_options options;
} place;

static void place_open(place *p, uint64_t seed) {
    generate_options o = GENERATE_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    size_t count;
    o.seed = seed;
    o.feeds = 3;
    o.items = 12;
    o.concurrency = 0.5;
    o.varied = 0.4;
    o.nested = 0.3;
    o.deletions = 0.05;
    o.parents = 0.1;
    o.links = 0.1;
    o.hookless = 0.4;
    o.value_bytes = seed % 2 == 0 ? 24 : 5000; /* blobs as well */
    memset(p, 0, sizeof *p);
    assert_ok(generate_open(&p->g, &o, NULL, &err), &err);
    assert_ok(generate_some(p->g, 50, &err), &err);
    assert_int_equal(echo_store_new_memory(&p->store), ECHO_OK);
    assert_int_equal(echo_registry_new(&p->models), ECHO_OK);
    assert_ok(generate_models(p->models, &err), &err);
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.clock = still_clock;
    p->options.party = &generate_party(p->g)->public_key;
    p->options.feeds = generate_source(p->g);
    p->options.store = &p->store;
    p->options.models = p->models;
    p->options.admitted = generate_feeds(p->g, &count);
    p->options.admitted_count = count;
    p->options.own_feed = p->options.admitted;
}

static void place_close(place *p) {
    echo_store_close(&p->store);
    echo_registry_free(p->models);
    generate_close(p->g);
}

/*
 * Restores with each allocation failing in turn; the state is the same in the end. Blocks are counted where nothing
 * comes from the C library itself, as a folder's listing does; the leak checker sees the rest.
 */
static void fail_restore(place *p, const char *expected, bool count) {
    for (long nth = 1;; nth++) {
        echo_party *party = NULL;
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_party_restore(&party, &p->options, &err);
        bool failed = fault_off();
        if (status == ECHO_OK) { /* not every failure is fatal: one that was only for the report is not */
            char *state = state_of(party);
            assert_state_equal(state, expected);
            free(state);
            echo_party_free(party);
        } else {
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
            assert_null(party);
            if (count) assert_int_equal(fault_blocks(), before);
        }
        if (!failed) {
            assert_int_equal(status, ECHO_OK);
            print_message("restore: %ld allocations\n", nth - 1);
            return;
        }
    }
}

static char *state_now(place *p) {
    echo_party *party = party_open(&p->options);
    char *state = state_of(party);
    echo_party_free(party);
    return state;
}

static void test_restore(void **arg) {
    (void)arg;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        place p;
        echo_error err = ECHO_ERROR_INIT;
        place_open(&p, seed);
        char *expected = state_now(&p);
        fail_restore(&p, expected, true); /* by replay */
        echo_party *party = party_open(&p.options);
        assert_ok(echo_party_snapshot(NULL, party, &err), &err);
        echo_party_free(party);
        assert_ok(generate_some(p.g, 15, &err), &err);
        free(expected);
        expected = state_now(&p);
        fail_restore(&p, expected, true); /* from a snapshot, with a tail */
        p.options.eager = true;
        p.options.verify = ECHO_VERIFY_FULL;
        fail_restore(&p, expected, true);
        free(expected);
        place_close(&p);
    }
}

static void test_snapshot(void **arg) {
    (void)arg;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        place p;
        place_open(&p, seed);
        echo_party *party = party_open(&p.options);
        char *expected = state_of(party);
        echo_snapshot_result result;
        for (long nth = 1;; nth++) {
            echo_error err = ECHO_ERROR_INIT;
            long before = fault_blocks();
            fault_at(nth);
            echo_status status = echo_party_snapshot(&result, party, &err);
            bool failed = fault_off();
            if (status == ECHO_OK) break;
            assert_true(failed);
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_int_equal(err.code, ECHO_ERR_NOMEM);
            assert_true(fault_blocks() - before <
                        200); /* buffers that are kept for the next time, no leak: the sanitizer sees those */
            char *state = state_of(party);
            assert_state_equal(state, expected);
            free(state);
        }
        echo_hash oracle;
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_snapshot_replay(&oracle, &p.options, &p.store, 0, &err), &err);
        assert_memory_equal(&oracle, &result.digest, sizeof oracle);
        assert_ok(echo_snapshot_verify(&p.store, p.options.party, 0, &err), &err);
        echo_party_free(party);
        free(expected);
        place_close(&p);
    }
}

static void test_write_and_poll(void **arg) {
    (void)arg;
    place p;
    place_open(&p, 2);
    echo_party *party = party_open(&p.options);
    echo_object_mutation *mutation;
    echo_bytes bytes;
    assert_int_equal(echo_object_mutation_new(&mutation, 2), ECHO_OK);
    echo_object_delete(mutation, "a");
    assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
    echo_write writes[] = {{.id = "new", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t", .mutation = &bytes},
                           {.id = "new", .set_parent = true, .parent = "p", .mutation = &bytes}};
    uint64_t total = echo_timeframe_total(echo_party_clock(party));
    bool written = false;
    for (long nth = 1; !written; nth++) {
        echo_error err = ECHO_ERROR_INIT;
        fault_at(nth);
        echo_status status = echo_party_write(&written, party, writes, 2, &err);
        bool failed = fault_off();
        if (status == ECHO_OK) {
            assert_true(written);
            break;
        }
        assert_true(failed);
        assert_int_equal(status, ECHO_ERR_NOMEM);
        if (!written) assert_int_equal(echo_timeframe_total(echo_party_clock(party)), total); /* none is written */
    }
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, party, 0, &err), &err); /* written, but not applied for want of memory: now it is */
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), total + 2);
    echo_party_free(party);
    echo_object_mutation_free(mutation);
    place_close(&p);

    place_open(&p, 2);
    party = party_open(&p.options);
    assert_ok(generate_some(p.g, 60, &err), &err);
    for (long nth = 1;; nth++) { /* messages of others, one failure a call: all of them come through in the end */
        fault_at(nth);
        echo_status status = echo_party_poll(NULL, party, 0, &err);
        bool failed = fault_off();
        if (!failed) break;
        assert_true(status == ECHO_OK || status == ECHO_ERR_NOMEM);
    }
    assert_ok(echo_party_poll(NULL, party, 0, &err), &err);
    echo_hash digest = party_snapshot_digest(party), oracle;
    echo_party_free(party);
    assert_ok(echo_snapshot_replay(&oracle, &p.options, &p.store, 0, &err), &err);
    assert_memory_equal(&oracle, &digest, sizeof oracle);
    place_close(&p);
}

/* The folder path: hypercore files, SQLite, finding the party, credentials. */
static void test_folder(void **arg) {
    (void)arg;
    char *dir = folder_new();
    echo_keypair keys, feed;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    assert_int_equal(echo_keypair_new(&feed), ECHO_OK);
    assert_ok(echo_party_create(dir, &keys, &feed, NULL, NULL, &err), &err);
    place p = {.models = registry_object()};
    p.options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p.options.clock = still_clock;
    p.options.dir = dir;
    p.options.models = p.models;
    p.options.relaxed = true;
    echo_party *party = party_open(&p.options);
    party_write_tail(party, 2, 20, 1);
    char *expected = state_of(party);
    echo_party_free(party);
    fail_restore(&p, expected, false);
    for (long nth = 1;; nth++) {
        party = party_open(&p.options);
        fault_at(nth);
        echo_status status = echo_party_snapshot(NULL, party, &err);
        bool failed = fault_off();
        echo_party_free(party);
        if (!failed) break;
        assert_true(status == ECHO_OK || status == ECHO_ERR_NOMEM);
        if (status == ECHO_OK) break;
    }
    fail_restore(&p, expected, false);
    free(expected);
    echo_registry_free(p.models);
    folder_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_write_and_poll),
        cmocka_unit_test(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
