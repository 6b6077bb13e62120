/*
 * Peers of which some lie. A member joins, or comes back after being away, among honest members and liars of every
 * kind; connections end and are made again. As long as one honest member stays it must end with that member's state,
 * item by item, without ever having taken anything else, and without having held more memory than what is bounded for a
 * peer.
 *
 *   ECHO_TEST_SEED=n   only that seed
 *   ECHO_TEST_RUNS=n   how many seeds, from 1 on (default 300; 10,000 with ECHO_TEST_LONG)
 *   ECHO_TEST_DUMP=1   prints what each peer is doing when a run does not end as it should
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/state.h"
#include "support/liar.h"
#include "support/state.h"

#define LIARS 3u
#define ROUNDS 20000u

typedef struct simulation {
    network p;
    liar liars[LIARS];
    echo_peer *met[LIARS]; /* the joiner's ends */
    size_t liar_count;
    wire honest[2];
    size_t honest_count;
    size_t joiner;
    bool forks; /* some liar is a writer who forks its feed */
} simulation;

static uint64_t chance(simulation *s, uint64_t n) { return network_random(&s->p, n); }

/* ---- a party with a history ---- */

static void make_history(simulation *s) {
    network *p = &s->p;
    network_open(p, 0);
    network_write(p, 0, "item", 0, 5 + (size_t)chance(s, 200), "first");
    if (chance(s, 3) > 0) network_snapshot(p, 0);
    for (size_t i = 1; i < p->count; i++) {
        if (i == s->joiner && chance(s, 2) == 0) continue; /* it has nothing yet */
        network_replicate_to(p, i);
        network_open(p, i);
        if (chance(s, 2) == 0) network_snapshot(p, i);
    }
    for (unsigned round = (unsigned)chance(s, 6); round > 0; round--) { /* while the joiner is away */
        size_t who = (size_t)chance(s, p->count);
        char value[32];
        if (who == s->joiner && (p->members[who].party == NULL || chance(s, 2) == 0)) continue;
        (void)snprintf(value, sizeof value, "value %u", (unsigned)chance(s, 1000));
        size_t from = (size_t)chance(s, 100);
        network_write(p, who, "item", from, from + 1 + (size_t)chance(s, 60), value);
        for (size_t i = 0; i < p->count; i++)
            if (i != s->joiner) network_replicate_to(p, i);
        if (who != s->joiner && chance(s, 3) > 0) network_snapshot(p, who);
    }
}

/* ---- meeting ---- */

static void meet(simulation *s) {
    network *p = &s->p;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.window = 1024u << chance(s, 8);
    if (chance(s, 6) == 0)
        options.trust = ECHO_TRUST_REPLAYED;
    else if (chance(s, 6) == 0)
        options.trust = ECHO_TRUST_SAMPLED;
    options.attestations = 1;
    options.samples = 1 + (uint32_t)chance(s, 20);
    network_exchange(p, s->joiner, &options);
    for (size_t i = 0; i < s->honest_count; i++) {
        if (p->members[i].exchange == NULL) network_exchange(p, i, NULL);
        wire_open(&s->honest[i], p, s->joiner, i);
    }
    for (size_t i = 0; i < s->liar_count; i++) {
        echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
        echo_error err = ECHO_ERROR_INIT;
        how.initiator = true;
        uint64_t seed = p->seed * 16 + i + chance(s, 1000000);
        liar_begin(&s->liars[i], p, 0, &p->members[2 + i].keys, (lie)chance(s, LIE_COUNT), seed);
        s->forks = s->forks || s->liars[i].what == LIE_BLOCK_FORK;
        assert_ok(echo_peer_open(&s->met[i], p->members[s->joiner].exchange, &how, &err), &err);
    }
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[s->joiner].exchange, &err), &err);
}

static void part(simulation *s) {
    for (size_t i = 0; i < s->honest_count; i++) wire_close(&s->honest[i]);
    for (size_t i = 0; i < s->liar_count; i++) {
        if (s->met[i] != NULL) echo_peer_close(s->met[i]);
        s->met[i] = NULL;
        liar_end(&s->liars[i]);
    }
    network_exchange_end(&s->p, s->joiner);
}

/* Until it is up to date, or `most` rounds; time jumps when nothing moves, so that who stalls is found out. */
static bool run(simulation *s, unsigned most) {
    member *joiner = &s->p.members[s->joiner];
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned round = 0; round < most; round++) {
        bool moved = false;
        for (size_t i = 0; i < s->honest_count; i++) moved = wire_carry(&s->honest[i]) || moved;
        for (size_t i = 0; i < s->liar_count; i++) {
            if (s->met[i] == NULL) continue;
            moved = liar_carry(&s->liars[i], s->met[i]) || moved;
            if (!echo_peer_is_over(s->met[i]) && !s->liars[i].hung_up) continue;
            echo_peer_close(s->met[i]);
            s->met[i] = NULL;
        }
        s->p.now_ns += moved ? 100000 : UINT64_C(3000000000);
        for (size_t i = 0; i < s->p.count; i++)
            if (s->p.members[i].exchange != NULL)
                assert_ok(echo_exchange_step(s->p.members[i].exchange, s->p.now_ns, &err), &err);
        if (joiner->events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] > 0) return true;
        for (size_t i = 0; i < s->honest_count; i++)
            if (s->honest[i].broken) fail_msg("an honest member was dropped: %s", joiner->last_error.message);
    }
    return false;
}

/* ---- one run ---- */

static void follow(simulation *s) {
    network *p = &s->p;
    if (p->members[s->joiner].party == NULL)
        network_open(p, s->joiner);
    else
        network_switch(p, s->joiner);
}

/*
 * A writer who forks its own feed can show its other end to who has seen neither: both are signed by it, and nobody can
 * say which is the true one. There is nothing to compare then.
 */
static bool was_forked(simulation *s) {
    const echo_timeframe *honest = echo_party_clock(s->p.members[0].party),
                         *clock = echo_party_clock(s->p.members[s->joiner].party);
    for (size_t i = 0; i < LIARS; i++) {
        uint64_t here = 0, there = 0;
        const echo_key *feed = &s->p.members[2 + i].keys.public_key;
        bool has = echo_timeframe_get(&here, clock, feed), had = echo_timeframe_get(&there, honest, feed);
        if (s->forks && (has != had || here != there)) return true;
    }
    return false;
}

static void dump(simulation *s) {
    echo_exchange *x = s->p.members[s->joiner].exchange;
    fprintf(stderr, "\nstack %p out %zu touching %zu touched %zu overlay %zu bytes tails %zu done c%d\n",
            (void *)x->items.stack, x->items.out, x->touching_count, x->overlay.touched_count, x->overlay.bytes,
            x->tail_count, x->items.stack == NULL);
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        fprintf(stderr,
                "peer over %d connected %d asked %d offer %d snap %d banned %d lacks %d in flight %zu first %p window "
                "%zu same %d\n",
                peer->over, peer->connected, peer->asked, peer->offer.here, peer->offer.snapshot, peer->offer.banned,
                peer->lacks, peer->in_flight, (void *)peer->first, peer->window,
                memcmp(&peer->offer.digest, &x->target_digest, 32) == 0);
    for (size_t i = 0; i < s->liar_count; i++)
        fprintf(stderr, "liar %s met %p\n", lie_name(s->liars[i].what), (void *)s->met[i]);
}

static void simulate(uint64_t seed) {
    static simulation s;
    memset(&s, 0, sizeof s);
    network_begin(&s.p, seed, 6);
    s.joiner = 5;
    s.honest_count = 1 + (size_t)chance(&s, 2);
    s.liar_count = (size_t)chance(&s, LIARS + 1);
    make_history(&s);
    for (unsigned interruptions = (unsigned)chance(&s, 3); interruptions > 0; interruptions--) {
        meet(&s);
        bool done = run(&s, (unsigned)chance(&s, 60));
        part(&s);
        if (done) follow(&s);
    }
    meet(&s);
    if (!run(&s, ROUNDS)) {
        echo_exchange_state state;
        echo_exchange_state_get(&state, s.p.members[s.joiner].exchange);
        if (getenv("ECHO_TEST_DUMP") != NULL) dump(&s);
        fail_msg("it does not end: phase %d, %s", (int)state.phase, s.p.members[s.joiner].last_error.message);
    }
    if (getenv("ECHO_TEST_DUMP") != NULL) {
        dump(&s);
        for (unsigned i = 0; i < ECHO_EXCHANGE_EVENT_MAX_; i++)
            fprintf(stderr, "event %u: %u\n", i, s.p.members[s.joiner].events[i]);
        fprintf(stderr, "%s\n", s.p.members[s.joiner].last_error.message);
    }
    part(&s);
    follow(&s);
    network_exchange_end(&s.p, 0); /* own writes of the joiner reach the others, so that states can be compared */
    network_replicate_to(&s.p, 0);
    if (was_forked(&s)) {
        network_end(&s.p);
        return;
    }
    network_assert_same(&s.p, 0, s.joiner);
    assert_int_equal(
        echo_timeframe_compare(echo_party_clock(s.p.members[0].party), echo_party_clock(s.p.members[s.joiner].party)),
        ECHO_ORDER_EQUAL);
    network_end(&s.p);
}

static void test_simulate(void **arg) {
    (void)arg;
    const char *seed = getenv("ECHO_TEST_SEED"), *runs = getenv("ECHO_TEST_RUNS");
    uint64_t from = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    uint64_t n = seed != NULL                       ? 1
                 : runs != NULL                     ? strtoull(runs, NULL, 10)
                 : getenv("ECHO_TEST_LONG") != NULL ? 10000
                                                    : 300;
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
