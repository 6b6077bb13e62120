/*
 * Memory, a lock or a feed fails at the peer that serves: no answer is left out and nothing is said to be absent, so
 * that the peer that fetches has nobody to blame and lacks nothing.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "exchange/state.h"
#include "support/fault.h"
#include "support/feed_fault.h"
#include "support/network.h"
#include "support/state.h"
#include "support/store_fault.h"

/* Member 0 serves, with a snapshot, messages after it and an attestation; member 1 fetches, and has no memory of its
 * own of what was before. */
static void begin(network *p, uint64_t seed) {
    network_begin(p, seed, 2);
    network_open(p, 0);
    network_write(p, 0, "item", 0, 40, "text");
    network_snapshot(p, 0);
    network_write(p, 0, "behind", 0, 3, "tail");
}

static void forget(network *p) {
    member *m = &p->members[1];
    network_exchange_end(p, 0);
    network_exchange_end(p, 1);
    echo_store_close(&m->own);
    echo_store_close(&m->store);
    echo_feeds_close(&m->feeds);
    assert_int_equal(echo_feeds_new_memory(&m->feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&m->feeds, &m->keys), ECHO_OK);
    assert_int_equal(echo_store_new_memory(&m->store), ECHO_OK);
    assert_int_equal(m->store.ops->reopen(&m->own, m->store.ctx, NULL), ECHO_OK);
}

/* The server's allocations: the nth fails. */
static struct {
    long left;
    bool armed, hit;
} memory;

static void arm(void) {
    if (memory.armed && !memory.hit) fault_at(memory.left);
}

static void disarm(void) {
    if (!memory.armed || memory.hit) return;
    memory.left -= fault_allocations();
    memory.hit = fault_off();
}

static size_t carry(echo_peer *from, echo_peer *to, bool from_server) {
    echo_error err = ECHO_ERROR_INIT;
    if (from_server) arm();
    echo_bytes bytes = echo_peer_pending(from);
    if (from_server) disarm();
    size_t len = bytes.len;
    if (len == 0) return 0;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, len);
    echo_peer_sent(from, len);
    if (!echo_peer_is_over(to)) {
        if (!from_server) arm();
        (void)!echo_peer_receive(to, (echo_bytes){copy, len}, &err);
        if (!from_server) disarm();
    }
    free(copy);
    return len;
}

static bool lacked(const network *p) {
    for (const echo_peer *peer = p->members[1].exchange->peers; peer != NULL; peer = peer->next)
        if (peer->lacks || peer->has_lacked) return true;
    return false;
}

/* Until it is done, or the server's channel has ended for want of memory. */
static void join_with(network *p, uint32_t words, const char *what, unsigned long long nth) {
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
    echo_peer *here, *there;
    options.trust = ECHO_TRUST_ATTESTED;
    options.attestations = words;
    network_exchange(p, 0, NULL);
    network_exchange(p, 1, &options);
    const member *server = &p->members[0], *m = &p->members[1];
    assert_ok(echo_exchange_start(m->exchange, &err), &err);
    how.initiator = true;
    assert_ok(echo_peer_open(&here, m->exchange, &how, &err), &err);
    how.initiator = false;
    assert_ok(echo_peer_open(&there, server->exchange, &how, &err), &err);
    const unsigned *done = &m->events[ECHO_EXCHANGE_EVENT_UP_TO_DATE];
    for (unsigned round = 0; round < 400 && *done == 0 && !echo_peer_is_over(there); round++) {
        (void)carry(here, there, false);
        (void)carry(there, here, true);
        p->now_ns += 1000000;
        assert_ok(echo_exchange_step(m->exchange, p->now_ns, &err), &err);
        assert_ok(echo_exchange_step(server->exchange, p->now_ns, &err), &err);
    }
    if (m->events[ECHO_EXCHANGE_EVENT_DROPPED] > 0)
        fail_msg("%s %llu: the server was dropped: %s", what, nth, m->last_error.message);
    if (words == 1 && lacked(p)) fail_msg("%s %llu: the server said that it lacks something", what, nth);
    if (echo_peer_is_over(there)) {
        assert_int_equal(server->events[ECHO_EXCHANGE_EVENT_DROPPED], 1);
        if (!memory.armed || server->last_error.code != ECHO_ERR_NOMEM)
            fail_msg("%s %llu: the peer was dropped: %s", what, nth, server->last_error.message);
    } else {
        echo_exchange_state s;
        echo_exchange_state_get(&s, m->exchange);
        if (*done == 0) fail_msg("%s %llu: it hangs in phase %d", what, nth, (int)s.phase);
        assert_int_equal(m->events[ECHO_EXCHANGE_EVENT_REFUSED], words - 1);
        assert_int_equal(s.installed, words == 1);
        assert_int_equal(s.attested, 1);
        if (words == 1) assert_int_equal(s.blocks_received, 3);
    }
}

static void join(network *p, const char *what, unsigned long long nth) { join_with(p, 1, what, nth); }

/* words: how many attestations the joiner wants. The snapshot has one, and the server is asked for more in vain. */
static void run_out_of_memory(uint64_t seed, uint32_t words) {
    network p;
    unsigned completed = 0;
    begin(&p, seed);
    for (long nth = 1;; nth++) {
        memset(&memory, 0, sizeof memory);
        memory.armed = true;
        memory.left = nth;
        join_with(&p, words, "allocation", (unsigned long long)nth);
        completed += memory.hit && p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] > 0;
        bool hit = memory.hit;
        forget(&p);
        if (!hit) break;
        assert_in_range(nth, 1, 100000);
    }
    assert_true(completed > 20); /* those in which the channel lived on */
    memset(&memory, 0, sizeof memory);
    network_end(&p);
}

static void test_memory(void **state) {
    (void)state;
    run_out_of_memory(41, 1);
}

static void test_memory_when_asked_for_words(void **state) {
    (void)state;
    run_out_of_memory(44, 2);
}

static void store_fails(echo_status code) {
    network p;
    begin(&p, 42);
    member *m = &p.members[0];
    store_fault fault;
    m->own = store_fault_wrap(&fault, m->own);
    for (uint64_t nth = 1;; nth++) {
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, code);
        join(&p, echo_status_name(code), nth);
        bool hit = store_fault_hit(&fault);
        forget(&p);
        if (!hit) break;
        assert_in_range(nth, 1, 1000);
    }
    network_end(&p);
}

static void test_store(void **state) {
    (void)state;
    store_fails(ECHO_ERR_BUSY);
    store_fails(ECHO_ERR_NOMEM);
}

static void test_feeds(void **state) {
    (void)state;
    static const feed_fault_call kinds[] = {FEED_FAULT_OPEN, FEED_FAULT_INFO, FEED_FAULT_READ, FEED_FAULT_PROVE};
    network p;
    begin(&p, 43);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (uint64_t nth = 1;; nth++) {
            feed_fault f;
            member *m = &p.members[0];
            echo_feeds own = m->feeds;
            feed_fault_init(&f, &own);
            m->feeds = f.feeds;
            feed_fault_plan(&f, kinds[k], nth, ECHO_ERR_NOMEM);
            join(&p, "feeds", nth);
            forget(&p);
            m->feeds = own;
            if (!f.hit) break;
            assert_in_range(nth, 1, 1000);
        }
    }
    network_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_when_asked_for_words),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_feeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
