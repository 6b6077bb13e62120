/*
 * Power cut at every write, sync, truncation, creation and deletion in the life of a store, in turn: what opens
 * afterwards is the state last acknowledged, or the one being written, complete (P4); and it goes on from there.
 */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "support/folder.h"
#include "support/store_place.h"
#include "support/store_stages.h"
#include "support/store_vfs.h"

typedef struct life {
    unsigned stages;
    echo_status (*stage)(const echo_store *store, unsigned i, echo_error *err);
    bool (*reopens)(unsigned i); /* before stage i */
    echo_hash states[STORE_STAGES + 1];
} life;

/* Lives until the power is cut. The number of stages acknowledged; *in_flight when one was broken off. */
static unsigned live(const life *l, const store_place *place, bool *in_flight) {
    echo_store store = {NULL, NULL};
    echo_error err = ECHO_ERROR_INIT;
    unsigned done = 0;
    *in_flight = false;
    for (; done < l->stages; done++) {
        echo_status status = ECHO_OK;
        if (store.ops != NULL && l->reopens(done)) echo_store_close(&store);
        if (store.ops == NULL) status = store_place_try(place, STORE_CREATE, &store, &err);
        if (status == ECHO_OK) {
            status = l->stage(&store, done, &err);
            *in_flight = status != ECHO_OK;
        }
        if (status == ECHO_OK) continue;
        assert_true(store_vfs_was_cut());
        if (status != ECHO_ERR_IO) fail_msg("stage %u: %s: %s", done, echo_status_name(status), err.message);
        break;
    }
    echo_store_close(&store);
    return done;
}

/* After the cut: the state is right, the file is sound, and life goes on to its end. */
static void check(const life *l, const store_place *place, unsigned done, bool in_flight) {
    echo_hash now;
    echo_error err = ECHO_ERROR_INIT;
    echo_store store = store_place_open(place, STORE_CREATE);
    echo_status status = store_stages_digest(&store, &now, &err);
    if (status != ECHO_OK) fail_msg("%s: %s", echo_status_name(status), err.message);
    if (!echo__hash_equal(&now, &l->states[done])) {
        assert_true(in_flight);
        done++;
        assert_memory_equal(&now, &l->states[done], sizeof now);
    }
    for (; done < l->stages; done++) assert_int_equal(l->stage(&store, done, NULL), ECHO_OK);
    assert_int_equal(store_stages_digest(&store, &now, NULL), ECHO_OK);
    assert_memory_equal(&now, &l->states[l->stages], sizeof now);
    echo_store_close(&store);
    assert_int_equal(
        store_place_sql(place, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

/* One life with the power cut at change nth; false when it ended before that. */
static bool once(const life *l, uint64_t nth, store_vfs_cut_mode mode, uint64_t seed) {
    store_place place = store_place_new();
    bool in_flight;
    store_vfs_cut(nth);
    unsigned done = live(l, &place, &in_flight);
    bool cut = store_vfs_was_cut();
    if (cut)
        store_vfs_after_cut(mode, seed);
    else
        store_vfs_reset();
    char shm[600];
    (void)snprintf(shm, sizeof shm, "%s-shm", place.path);
    if (nth % 2 == 0) (void)unlink(shm); /* shared memory may or may not have come to the disk */
    check(l, &place, done, in_flight);
    store_place_free(&place);
    return cut;
}

static bool reopens_some(unsigned i) { return i == 2 || i == 5; }
static bool reopens_never(unsigned i) { return i > STORE_STAGES; }

/* Cuts at every step-th change, each way from another first one on. */
static void run(const life *l, uint64_t step, uint64_t at_least) {
    static const struct {
        store_vfs_cut_mode mode;
        uint64_t seed;
    } ways[] = {
        {STORE_VFS_DROP, 0}, {STORE_VFS_KEEP, 0}, {STORE_VFS_TEAR, 1}, {STORE_VFS_TEAR, 2}, {STORE_VFS_TEAR, 3}};
    uint64_t cuts = 0;
    for (unsigned way = 0; way < sizeof ways / sizeof *ways; way++)
        for (uint64_t nth = 1 + way * 97 % step; once(l, nth, ways[way].mode, ways[way].seed * 1000 + nth); nth += step)
            cuts++;
    print_message("%u power cuts\n", (unsigned)cuts);
    assert_true(cuts >= at_least);
}

static void test_small(void **state) {
    (void)state;
    static life l = {STORE_STAGES, store_stage, reopens_some, {{{0}}}};
    store_stages_expect(l.states, false);
    run(&l, 1, 500);
}

/* Transactions so large that the log is written back while the store is open. */
static void test_big(void **state) {
    (void)state;
    static life l = {STORE_BIG_STAGES, store_big_stage, reopens_never, {{{0}}}};
    store_stages_expect(l.states, true);
    run(&l, 151, 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_big),
    };
    store_vfs_install();
    return cmocka_run_group_tests_name("power cuts", tests, NULL, NULL);
}
