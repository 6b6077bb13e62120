/*
 * Several processes and threads at one SQLite store.
 */
#include "support/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/store_child.h"
#include "support/store_contract.h"
#include "support/store_place.h"
#include "support/store_stages.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

static uint64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static echo_status open_patient(const store_place *place, uint32_t busy_ms, echo_store *out) {
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    options.busy_ms = busy_ms;
    return echo_store_open_sqlite(out, place->path, &options, NULL);
}

static echo_status publish_text(const echo_store *store, uint64_t expected, const char *text) {
    echo_key key = store_party(1);
    echo_bytes manifest = {(const uint8_t *)text, strlen(text)};
    return store->ops->publish(store->ctx, &key, expected, manifest, NULL);
}

typedef struct newest {
    uint64_t number, count;
    char text[64];
} newest;

static echo_status note(void *arg, uint64_t number, echo_bytes manifest) {
    newest *n = arg;
    if (n->count++ > 0) return ECHO_OK;
    n->number = number;
    if (manifest.len < sizeof n->text) memcpy(n->text, manifest.data, manifest.len);
    return ECHO_OK;
}

static echo_status list(const echo_store *store, newest *out) {
    echo_key key = store_party(1);
    memset(out, 0, sizeof *out);
    return store->ops->list(store->ctx, &key, note, out, NULL);
}

/* ---- two processes ---- */

/* Publishes one, puts for two, and publishes that when told. */
static int hold(store_child *self, void *arg) {
    echo_store store;
    CHECK(store_place_try(arg, STORE_CREATE, &store, NULL) == ECHO_OK);
    CHECK(store_put_made(&store, 1, 1000, NULL, NULL) == ECHO_OK);
    CHECK(publish_text(&store, 0, "one") == ECHO_OK);
    CHECK(store_put_made(&store, 2, 1000, NULL, NULL) == ECHO_OK);
    CHECK(store_child_tell(self, 'p'));
    int told = store_child_await(self);
    if (told == 'l') (void)usleep(200000);
    CHECK(publish_text(&store, 1, "two") == ECHO_OK);
    CHECK(store_child_tell(self, 'd'));
    CHECK(store_child_await(self) < 0); /* until the end */
    echo_store_close(&store);
    return 0;
}

static void test_contention(void **state) {
    (void)state;
    store_place place = store_place_new();
    store_child child = store_child_start(hold, &place);
    assert_int_equal(store_child_await(&child), 'p');
    echo_store now, soon;
    newest n;
    OK(open_patient(&place, 0, &now));
    OK(open_patient(&place, 300, &soon));

    /* Others read what was last published, and wait as long as they were told before they give up writing. */
    OK(list(&now, &n));
    assert_int_equal(n.number, 1);
    store_assert_made(&now, 1, 1000);
    store_assert_absent(&now, 2, 1000);
    uint64_t start = now_ms();
    assert_int_equal(store_put_made(&now, 3, 10, NULL, NULL), ECHO_ERR_BUSY);
    assert_true(now_ms() - start < 150);
    start = now_ms();
    assert_int_equal(store_put_made(&soon, 3, 10, NULL, NULL), ECHO_ERR_BUSY);
    assert_true(now_ms() - start >= 250);
    assert_int_equal(publish_text(&soon, 1, "mine"), ECHO_ERR_BUSY);
    OK(list(&soon, &n));
    assert_int_equal(n.number, 1);

    assert_true(store_child_tell(&child, 'g'));
    assert_int_equal(store_child_await(&child), 'd');
    OK(list(&now, &n));
    assert_int_equal(n.number, 2);
    assert_string_equal(n.text, "two");
    store_assert_made(&now, 2, 1000);
    OK(store_put_made(&now, 3, 10, NULL, NULL));
    assert_int_equal(publish_text(&now, 1, "three"), ECHO_ERR_CONFLICT);
    OK(now.ops->rollback(now.ctx, NULL));
    OK(publish_text(&now, 2, "three"));
    assert_int_equal(store_child_end(&child), 0);
    echo_store_close(&soon);
    echo_store_close(&now);
    assert_int_equal(store_place_count(&place), 1); /* the last one out takes the log away */
    store_place_free(&place);
}

/* One who waits gets his turn. */
static void test_patience(void **state) {
    (void)state;
    store_place place = store_place_new();
    store_child child = store_child_start(hold, &place);
    assert_int_equal(store_child_await(&child), 'p');
    echo_store store;
    OK(open_patient(&place, 10000, &store));
    assert_true(store_child_tell(&child, 'l'));
    OK(store_put_made(&store, 3, 10, NULL, NULL));
    OK(publish_text(&store, 2, "three"));
    store_assert_made(&store, 2, 1000);
    assert_int_equal(store_child_end(&child), 0);
    echo_store_close(&store);
    store_place_free(&place);
}

/* A reader that looks as often as it can, while another process writes: whatever is published has its chunks. */
static int publish_many(store_child *self, void *arg) {
    echo_store store;
    (void)self;
    CHECK(open_patient(arg, 10000, &store) == ECHO_OK);
    for (unsigned i = 0; i < 60; i++) {
        CHECK(store_put_made(&store, i, 20000, NULL, NULL) == ECHO_OK);
        CHECK(publish_text(&store, i, "m") == ECHO_OK);
        if (i % 20 == 7) { /* come and go: the log and its index too */
            echo_store_close(&store);
            CHECK(open_patient(arg, 10000, &store) == ECHO_OK);
        }
    }
    echo_store_close(&store);
    return 0;
}

static void watch(store_how how) {
    store_place place = store_place_new();
    echo_store store;
    OK(open_patient(&place, 10000, &store));
    OK(store_put_made(&store, 1000, 10, NULL, NULL));
    OK(store.ops->rollback(store.ctx, NULL));
    OK(publish_text(&store, 0, "zero"));
    echo_key party = store_party(1);
    OK(store.ops->remove(store.ctx, &party, 1, NULL)); /* so that numbers start at 1 in the child */
    if (how == STORE_READING) {
        echo_store_close(&store);
        store = store_place_open(&place, how);
    }
    store_child child = store_child_start(publish_many, &place);
    newest n = {0, 0, {0}};
    unsigned looks = 0;
    uint64_t before = 0, start = now_ms();
    while (n.number < 60 && now_ms() - start < 60000) {
        echo_status status = list(&store, &n);
        if (status == ECHO_ERR_BUSY) continue; /* a reader without locks was overtaken: it looks again */
        OK(status);
        assert_true(n.number >= before);
        before = n.number;
        for (uint64_t i = n.number > 3 ? n.number - 3 : 0; i < n.number; i++) {
            bool there = false;
            store_chunk chunk = store_chunk_make(i, 20000);
            status = store.ops->has(&there, store.ctx, &chunk.name, NULL);
            store_chunk_free(&chunk);
            if (status == ECHO_ERR_BUSY) continue;
            OK(status);
            assert_true(there);
        }
        looks++;
    }
    assert_int_equal(n.number, 60);
    assert_int_equal(store_child_end(&child), 0);
    OK(list(&store, &n));
    assert_int_equal(n.count, 60);
    for (uint64_t i = 0; i < 60; i++) store_assert_made(&store, i, 20000);
    echo_store_close(&store);
    print_message("looked %u times\n", looks);
    store_place_free(&place);
}

static void test_watch(void **state) {
    (void)state;
    watch(STORE_EXISTING);
}

static void test_watch_read_only(void **state) {
    (void)state;
    watch(STORE_READING);
}

/* ---- many processes make one store and take turns ---- */

#define WRITERS 5u
#define TURNS 12u

static int take_turns(store_child *self, void *arg) {
    echo_store store;
    newest n;
    CHECK(open_patient(arg, 20000, &store) == ECHO_OK);
    CHECK(store_child_await(self) == 'g');
    for (unsigned turn = 0; turn < TURNS;) {
        CHECK(list(&store, &n) == ECHO_OK);
        CHECK(store_put_made(&store, (uint64_t)getpid() * 100 + turn, 3000, NULL, NULL) == ECHO_OK);
        echo_status status = publish_text(&store, n.number, "turn");
        if (status == ECHO_OK) turn++;
        if (status != ECHO_OK && status != ECHO_ERR_CONFLICT) return __LINE__;
        CHECK(store.ops->rollback(store.ctx, NULL) == ECHO_OK);
        if (turn == TURNS / 2 && status == ECHO_OK) { /* come and go */
            echo_store_close(&store);
            CHECK(open_patient(arg, 20000, &store) == ECHO_OK);
        }
    }
    echo_store_close(&store);
    return 0;
}

static echo_status count_chunk(void *arg, const echo_hash *name, uint64_t size) {
    (void)name;
    (void)size;
    (*(unsigned *)arg)++;
    return ECHO_OK;
}

static void test_turns(void **state) {
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        store_place place = store_place_new();
        store_child children[WRITERS];
        for (unsigned i = 0; i < WRITERS; i++) children[i] = store_child_start(take_turns, &place);
        for (unsigned i = 0; i < WRITERS; i++) assert_true(store_child_tell(&children[i], 'g'));
        for (unsigned i = 0; i < WRITERS; i++) assert_int_equal(store_child_end(&children[i]), 0);
        echo_store store = store_place_open(&place, STORE_EXISTING);
        newest n;
        unsigned chunks = 0;
        OK(list(&store, &n));
        assert_int_equal(n.number, WRITERS * TURNS);
        assert_int_equal(n.count, WRITERS * TURNS);
        OK(store.ops->walk(store.ctx, count_chunk, &chunks, NULL));
        assert_int_equal(chunks, WRITERS * TURNS); /* what lost was undone */
        echo_store_close(&store);
        store_place_free(&place);
    }
}

/* ---- killed ---- */

#define BULK 60u

/* Publishes one, then puts so much that it overflows into the log, and waits. */
static int die_in_transaction(store_child *self, void *arg) {
    echo_store store;
    CHECK(store_place_try(arg, STORE_CREATE, &store, NULL) == ECHO_OK);
    CHECK(store_stage(&store, 0, NULL) == ECHO_OK);
    for (unsigned i = 0; i < BULK; i++) CHECK(store_put_made(&store, 100 + i, 300000, NULL, NULL) == ECHO_OK);
    CHECK(store_child_tell(self, 'p'));
    (void)store_child_await(self);
    return 0;
}

static void test_killed_in_transaction(void **state) {
    (void)state;
    echo_hash states[STORE_STAGES + 1], now;
    store_stages_expect(states, false);
    for (unsigned round = 0; round < 2; round++) {
        store_place place = store_place_new();
        store_child child = store_child_start(die_in_transaction, &place);
        assert_int_equal(store_child_await(&child), 'p');
        store_child_kill(&child);
        assert_true(store_place_has(&place, "-wal"));
        if (round == 1) { /* one who only reads sees the same, and leaves the repair to others */
            echo_store reader = store_place_open(&place, STORE_READING);
            OK(store_stages_digest(&reader, &now, NULL));
            assert_memory_equal(&now, &states[1], sizeof now);
            echo_store_close(&reader);
            assert_int_equal(store_place_count(&place), 3);
        }
        echo_store store = store_place_open(&place, STORE_EXISTING);
        OK(store_stages_digest(&store, &now, NULL));
        assert_memory_equal(&now, &states[1], sizeof now);
        for (unsigned i = 1; i < STORE_STAGES; i++) OK(store_stage(&store, i, NULL));
        OK(store_stages_digest(&store, &now, NULL));
        assert_memory_equal(&now, &states[STORE_STAGES], sizeof now);
        echo_store_close(&store);
        store_place_free(&place);
    }
}

/* Publishes without end, telling each number when it is acknowledged. */
static int publish_for_ever(store_child *self, void *arg) {
    echo_store store;
    newest n;
    CHECK(store_place_try(arg, STORE_CREATE, &store, NULL) == ECHO_OK);
    CHECK(list(&store, &n) == ECHO_OK);
    for (uint64_t number = n.number;; number++) {
        for (unsigned i = 0; i < 4; i++) CHECK(store_put_made(&store, number * 4 + i, 9000, NULL, NULL) == ECHO_OK);
        CHECK(publish_text(&store, number, "for ever") == ECHO_OK);
        CHECK(store_child_tell(self, (char)((number + 1) % 100)));
    }
}

static void test_killed_any_time(void **state) {
    (void)state;
    store_place place = store_place_new();
    for (unsigned round = 0; round < 25; round++) {
        store_child child = store_child_start(publish_for_ever, &place);
        int last = -1, next;
        for (unsigned i = 0; i < round % 7 + 1 && (next = store_child_await(&child)) >= 0; i++) last = next;
        (void)usleep(round * 131 % 997);
        assert_true(last >= 0);
        uint64_t told = (uint64_t)last;
        store_child_kill(&child);
        echo_store store = store_place_open(&place, STORE_EXISTING);
        newest n;
        OK(list(&store, &n));
        /* It may have gone on for a few after the last one we heard of. */
        assert_true((n.number + 100 - told) % 100 < 50);
        for (uint64_t i = 0; i < n.number * 4; i++) store_assert_made(&store, i, 9000);
        store_assert_absent(&store, n.number * 4, 9000);
        echo_store_close(&store);
    }
    assert_int_equal(
        store_place_sql(&place, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    store_place_free(&place);
}

/* ---- threads: calls on one handle from several, never at the same time ---- */

static void *put_in_thread(void *arg) {
    static int failed = 1;
    const echo_store *store = arg;
    return store_put_made(store, 8, 5000, NULL, NULL) == ECHO_OK ? NULL : &failed;
}

static void *publish_in_thread(void *arg) {
    static int failed = 1;
    return publish_text(arg, 0, "from a thread") == ECHO_OK ? NULL : &failed;
}

static void test_threads(void **state) {
    (void)state;
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    pthread_t thread;
    void *failed = NULL;
    assert_int_equal(pthread_create(&thread, NULL, put_in_thread, &store), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    store_assert_made(&store, 8, 5000);
    assert_int_equal(pthread_create(&thread, NULL, publish_in_thread, &store), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    newest n;
    OK(list(&store, &n));
    assert_int_equal(n.number, 1);
    echo_store_close(&store);
    store_place_free(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contention),      cmocka_unit_test(test_patience),
        cmocka_unit_test(test_watch),           cmocka_unit_test(test_watch_read_only),
        cmocka_unit_test(test_turns),           cmocka_unit_test(test_killed_in_transaction),
        cmocka_unit_test(test_killed_any_time), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
