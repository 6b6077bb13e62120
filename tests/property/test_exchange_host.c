/*
 * A host that does everything at any time: connections are made, end and are said goodbye to, the party is opened,
 * moved on and taken away, fetching is started again, items are wished for and read, others write and take snapshots,
 * the exchange is freed. Nothing breaks, no honest member is dropped, and in the end one fetch gives the state of the
 * others.
 *
 *   ECHO_TEST_SEED=n   only that seed
 *   ECHO_TEST_RUNS=n   how many seeds, from 1 on (default 150; 5,000 with ECHO_TEST_LONG)
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/network.h"
#include "support/state.h"
#include "support/still_clock.h"

#define SERVERS 2u
#define JOINER 2u

typedef struct hosting {
    network p;
    wire wires[SERVERS];
    bool open[SERVERS], finished[SERVERS];
    echo_party *half; /* restored from what is being fetched */
} hosting;

static uint64_t chance(hosting *h, uint64_t n) { return network_random(&h->p, n); }

static void hang_up(hosting *h, size_t i) {
    if (!h->open[i]) return;
    wire_close(&h->wires[i]);
    h->open[i] = h->finished[i] = false;
}

static void meet(hosting *h, size_t i) {
    if (h->open[i] || h->p.members[JOINER].exchange == NULL) return;
    wire_open(&h->wires[i], &h->p, JOINER, i);
    h->open[i] = true;
}

static void leave_half(hosting *h) {
    member *m = &h->p.members[JOINER];
    if (h->half == NULL) return;
    if (m->exchange != NULL) echo_exchange_set_party(m->exchange, m->party);
    echo_party_free(h->half);
    h->half = NULL;
}

static void end_exchange(hosting *h) {
    leave_half(h);
    for (size_t i = 0; i < SERVERS; i++) hang_up(h, i);
    network_exchange_end(&h->p, JOINER);
}

static void read_half(hosting *h) {
    member *m = &h->p.members[JOINER];
    echo_error err = ECHO_ERROR_INIT;
    const echo_store *store = m->exchange == NULL ? NULL : echo_exchange_store(m->exchange);
    if (store == NULL) return;
    if (h->half == NULL) {
        echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
        options.clock = still_clock;
        options.party = &h->p.party.public_key;
        options.feeds = &m->feeds;
        options.store = store;
        options.models = h->p.models;
        options.writable = false;
        if (echo_party_restore(&h->half, &options, &err) != ECHO_OK)
            return; /* its root may not be here any more: another is fetched */
        if (chance(h, 2) == 0) echo_exchange_set_party(m->exchange, h->half);
    }
    for (unsigned n = 0; n < 5; n++) {
        char id[32];
        echo_item *item;
        (void)snprintf(id, sizeof id, "item%u", (unsigned)chance(h, 300));
        (void)!echo_item_get(&item, h->half, id, &err);
    }
}

static void carry_on(hosting *h, unsigned rounds) {
    network *p = &h->p;
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned round = 0; round < rounds; round++) {
        p->now_ns += 1000000;
        for (size_t i = 0; i < SERVERS; i++) {
            if (!h->open[i]) continue;
            (void)wire_carry(&h->wires[i]);
            if (h->wires[i].broken && !h->finished[i])
                fail_msg("seed %llu: an honest member was dropped: %s, %s", (unsigned long long)p->seed,
                         p->members[JOINER].last_error.message, p->members[i].last_error.message);
        }
        for (size_t i = 0; i < p->count; i++)
            if (p->members[i].exchange != NULL)
                assert_ok(echo_exchange_step(p->members[i].exchange, p->now_ns, &err), &err);
    }
}

static void do_something(hosting *h) {
    network *p = &h->p;
    member *m = &p->members[JOINER];
    echo_error err = ECHO_ERROR_INIT;
    size_t i = (size_t)chance(h, SERVERS);
    char id[32];
    switch (chance(h, 12)) {
    case 0: hang_up(h, i); break;
    case 1:
    case 2: meet(h, i); break;
    case 3:
        if (!h->open[i] || h->finished[i]) break;
        echo_peer_finish(h->wires[i].ends[chance(h, 2)]);
        h->finished[i] = true;
        break;
    case 4:
        if (chance(h, 3) == 0) end_exchange(h);
        break;
    case 5:
        if (m->exchange == NULL) network_exchange(p, JOINER, NULL);
        assert_ok(echo_exchange_start(m->exchange, &err), &err);
        break;
    case 6:
        if (m->exchange == NULL) break;
        (void)snprintf(id, sizeof id, "item%u", (unsigned)chance(h, 300));
        assert_ok(echo_exchange_want(m->exchange, id, &err), &err);
        break;
    case 7: read_half(h); break;
    case 8: leave_half(h); break;
    case 9: /* opens what was installed, or takes the party away */
        leave_half(h);
        if (m->exchange != NULL) echo_exchange_set_party(m->exchange, NULL);
        echo_party_free(m->party);
        m->party = NULL;
        if (m->exchange == NULL || m->events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0 || chance(h, 3) == 0) break;
        network_open(p, JOINER);
        echo_exchange_set_party(m->exchange, m->party);
        break;
    case 10: {
        size_t from = (size_t)chance(h, 250);
        const char *text = chance(h, 2) == 0 ? "odd" : "even";
        network_write(p, 0, "item", from, from + 1 + (size_t)chance(h, 60), text);
        if (chance(h, 2) == 0) network_replicate_to(p, 1);
        break;
    }
    default:
        if (chance(h, 3) == 0) network_snapshot(p, i);
        break;
    }
}

static void simulate(uint64_t seed) {
    static hosting h;
    memset(&h, 0, sizeof h);
    network *p = &h.p;
    network_begin(p, seed, 3);
    network_open(p, 0);
    network_write(p, 0, "item", 0, 200 + (size_t)chance(&h, 800), "text");
    if (chance(&h, 4) > 0) network_snapshot(p, 0);
    network_replicate_to(p, 1);
    network_open(p, 1);
    if (chance(&h, 2) == 0) network_snapshot(p, 1);
    for (size_t i = 0; i < SERVERS; i++) network_exchange(p, i, NULL);
    network_exchange(p, JOINER, NULL);
    for (unsigned n = 20 + (unsigned)chance(&h, 60); n > 0; n--) {
        do_something(&h);
        carry_on(&h, (unsigned)chance(&h, 6));
    }
    end_exchange(&h);
    echo_party_free(p->members[JOINER].party);
    p->members[JOINER].party = NULL;
    network_replicate_to(p, 1);
    network_exchange(p, JOINER, NULL);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[JOINER].exchange, &err), &err);
    for (size_t i = 0; i < SERVERS; i++) meet(&h, i);
    for (unsigned round = 0; round < 5000 && p->members[JOINER].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0; round++)
        carry_on(&h, 1);
    if (p->members[JOINER].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0)
        fail_msg("seed %llu: it does not end: %s", (unsigned long long)seed, p->members[JOINER].last_error.message);
    end_exchange(&h);
    network_open(p, JOINER);
    network_assert_same(p, 0, JOINER);
    network_end(p);
}

static void test_simulate(void **arg) {
    (void)arg;
    const char *seed = getenv("ECHO_TEST_SEED"), *runs = getenv("ECHO_TEST_RUNS");
    uint64_t from = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    uint64_t n = seed != NULL                       ? 1
                 : runs != NULL                     ? strtoull(runs, NULL, 10)
                 : getenv("ECHO_TEST_LONG") != NULL ? 5000
                                                    : 150;
    for (uint64_t i = from; i < from + n; i++) {
        (void)fprintf(stderr, "\rseed %llu ", (unsigned long long)i);
        simulate(i);
    }
    (void)fprintf(stderr, "\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_simulate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
