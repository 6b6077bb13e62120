/*
 * Folders that the original software wrote: our state is what it reports after full replay; again after restart from
 * our own snapshot, and with tails of our own on top.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "support/state.h"
#include "support/still_clock.h"

typedef struct fixture {
    const char *storage; /* below the fixtures */
    const char *expected;
    uint32_t generation;
    bool large;
} fixture;

static const fixture fixtures[] = {
    {"a-echo-2.6.17-single/storage", "a-echo-2.6.17-single/expected.json", 1, false},
    {"a-echo-2.33.8-arrays/storage", "a-echo-2.33.8-arrays/expected.json", 2, false},
    {"b-echo-2.6.17-2peers/peer0", "b-echo-2.6.17-2peers/canonical.json", 1, false},
    {"b-echo-2.6.17-2peers/peer1", "b-echo-2.6.17-2peers/canonical.json", 1, false},
    {"b-echo-2.33.8-2peers-conflict/peer0", "b-echo-2.33.8-2peers-conflict/canonical.json", 2, false},
    {"b-echo-2.33.8-2peers-conflict/peer1", "b-echo-2.33.8-2peers-conflict/canonical.json", 2, false},
    {"large/echo-2.33.8-50000", "large/echo-2.33.8-50000.replay.json", 2, true},
};

static char *copy_of(const fixture *f) {
    const char *root = f->large ? TEST_SHARED_FIXTURES : TEST_FIXTURES;
    char *from = folder_path(root, f->storage);
    char *dir = NULL;
    if (file_exists(from)) {
        dir = folder_new();
        folder_copy(from, dir);
    }
    free(from);
    return dir;
}

static char *expected_of(const fixture *f) {
    char *path = folder_path(f->large ? TEST_SHARED_FIXTURES : TEST_FIXTURES, f->expected);
    char *text = state_expected(path);
    free(path);
    return text;
}

static echo_party_options options_of(const char *dir, echo_registry *registry) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    options.dir = dir;
    options.models = registry;
    options.relaxed = true; /* thousands of appends one by one: what is on disk is the same */
    return options;
}

static void check_open(const echo_party_options *options, const char *expected, uint64_t snapshot, uint64_t applied) {
    echo_party *party = party_open(options);
    const echo_restore_report *report = echo_party_report(party);
    assert_int_equal(report->damage_count, 0);
    assert_int_equal(report->snapshot, snapshot);
    if (snapshot != 0) assert_int_equal(report->messages_applied, applied);
    char *state = state_of(party);
    assert_state_equal(state, expected);
    free(state);
    echo_party_free(party);
}

static void test_fixture(void **arg) {
    const fixture *f = *arg;
    char *dir = copy_of(f);
    if (dir == NULL) {
        print_message("skipped: %s is not present\n", f->storage);
        skip();
    }
    echo_registry *registry = registry_object();
    echo_party_options options = options_of(dir, registry);
    char *expected = expected_of(f);
    char *before = folder_digest(dir);
    check_open(&options, expected, 0, 0);

    options.writable = false;
    check_open(&options, expected, 0, 0);
    options.writable = true;
    char *after = folder_digest(dir);
    assert_string_equal(before, after); /* opening changes nothing, not even by leave */
    free(before);
    free(after);

    echo_party *party = party_open(&options);
    echo_hash digest = party_snapshot_digest(party);
    echo_party_free(party);
    check_open(&options, expected, 1, 0);
    options.eager = true;
    check_open(&options, expected, 1, 0);
    options.eager = false;
    options.use_snapshots = false;
    check_open(&options, expected, 0, 0);
    options.use_snapshots = true;

    static const size_t tails[] = {1, 10, 1000};
    uint64_t number = 1;
    for (size_t i = 0; i < 3; i++) {
        party = party_open(&options);
        party_write_tail(party, f->generation, tails[i], i * 1000);
        char *live = state_of(party);
        echo_party_free(party);
        check_open(&options, live, number, tails[i]);
        options.use_snapshots = false; /* the oracle */
        check_open(&options, live, 0, 0);
        party = party_open(&options);
        echo_hash oracle = party_snapshot_digest(party); /* P3: written from full replay ... */
        number++;
        echo_party_free(party);
        options.use_snapshots = true;
        check_open(&options, live, number, 0);
        party = party_open(&options);
        digest = party_snapshot_digest(party); /* ... and, restored from it, the same */
        assert_memory_equal(digest.bytes, oracle.bytes, sizeof digest.bytes);
        echo_party_free(party);
        free(live);
    }
    free(expected);
    echo_registry_free(registry);
    folder_remove(dir);
}

int main(void) {
    enum { N = sizeof fixtures / sizeof *fixtures };
    struct CMUnitTest tests[N];
    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){fixtures[i].storage, test_fixture, NULL, NULL, (void *)(uintptr_t)&fixtures[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
