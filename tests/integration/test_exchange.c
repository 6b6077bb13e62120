/*
 * Peers: joining and catching up, as hosts meet them.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/liar.h"
#include "support/network.h"
#include "support/state.h"
#include "support/still_clock.h"

static void start(network *p, size_t i) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[i].exchange, &err), &err);
}

/* A newcomer gets the snapshot and the blocks behind it, and none that it covers. */
static void test_join(void **state) {
    (void)state;
    network p;
    wire w;
    echo_exchange_state s;
    network_begin(&p, 1, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 300, "one");
    network_snapshot(&p, 0);
    network_write(&p, 0, "item", 100, 110, "behind");
    network_exchange(&p, 0, NULL);
    network_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    wires_run(&w, 1, NULL, NULL);
    echo_exchange_state_get(&s, p.members[1].exchange);
    if (s.problem.code != ECHO_OK) fail_msg("%s", s.problem.message);
    assert_int_equal(s.dropped, 0);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_USABLE], 1);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_INSTALLED], 1);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE], 1);
    assert_int_equal(s.installed, 1);
    assert_int_equal(s.blocks_received, 10);
    assert_int_equal(s.items, 300);
    assert_int_equal(s.items_here, 300);
    assert_int_equal(s.covered, 302);
    network_open(&p, 1);
    assert_int_equal(echo_party_report(p.members[1].party)->messages_read, 10);
    network_assert_same(&p, 0, 1);
    wire_close(&w);
    network_end(&p);
}

static echo_exchange_state state_of_exchange(network *p, size_t i) {
    echo_exchange_state s;
    echo_exchange_state_get(&s, p->members[i].exchange);
    return s;
}

static void assert_up_to_date(network *p, size_t i) {
    echo_exchange_state s = state_of_exchange(p, i);
    if (s.problem.code != ECHO_OK) fail_msg("%s", s.problem.message);
    if (p->members[i].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0)
        fail_msg("phase %d: %s", (int)s.phase, p->members[i].last_error.message);
}

/* Member `to` joins from `from` over one connection that is closed again. */
static void join(network *p, size_t to, size_t from) {
    wire w;
    if (p->members[from].exchange == NULL) network_exchange(p, from, NULL);
    if (p->members[to].exchange == NULL) network_exchange(p, to, NULL);
    start(p, to);
    wire_open(&w, p, to, from);
    wires_run(&w, 1, NULL, NULL);
    assert_up_to_date(p, to);
    wire_close(&w);
}

/* Away while a few items changed many times: their records come, not the messages, and little besides. */
static void test_catch_up_by_chunks(void **state) {
    (void)state;
    network p;
    char value[32];
    network_begin(&p, 2, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 2000, "one");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    network_switch(&p, 1);
    network_exchange_end(&p, 1);
    for (unsigned round = 0; round < 60; round++) {
        (void)snprintf(value, sizeof value, "value %u of %llu", round,
                       (unsigned long long)network_random(&p, UINT32_MAX));
        for (size_t n = 0; n < 20; n++) network_write(&p, 0, "item", n * 97, n * 97 + 1, value);
    }
    network_snapshot(&p, 0);
    network_write(&p, 0, "new", 0, 3, "behind");
    join(&p, 1, 0);
    echo_exchange_state s = state_of_exchange(&p, 1);
    assert_true(s.by_chunks);
    assert_int_equal(s.installed, 2);
    assert_int_equal(s.blocks_received, 3);
    assert_in_range(s.chunks_received, 20, 60); /* 20 leaves and the way to them */
    assert_true(s.chunks_kept > 50);
    assert_true(s.bytes_received < 3 * 20 * 400 + 16384);
    network_switch(&p, 1);
    assert_int_equal(p.members[1].changes[ECHO_CHANGE_CHANGED], 20);
    assert_int_equal(p.members[1].changes[ECHO_CHANGE_ADDED], 3);
    assert_int_equal(p.members[1].changes[ECHO_CHANGE_REMOVED], 0);
    assert_int_equal(echo_party_report(p.members[1].party)->messages_read, 3);
    network_assert_same(&p, 0, 1);
    network_end(&p);
}

/* Items n, n + step, ... below `to`, each with a value of its own that does not pack. */
static void write_random(network *p, size_t i, size_t to, size_t step) {
    char value[129];
    for (size_t n = 0; n < to; n += step) {
        for (size_t at = 0; at + 1 < sizeof value; at += 16)
            (void)snprintf(value + at, 17, "%016llx", (unsigned long long)network_random(p, UINT64_MAX));
        network_write(p, i, "item", n, n + 1, value);
    }
}

/*
 * A feed that is new to a leaf, and comes before those in its header, gives each line of the leaf another index. One
 * record of each leaf has changed, and no more of it is fetched.
 */
static void test_catch_up_with_a_new_feed(void **state) {
    (void)state;
    network p;
    network_begin(&p, 13, 3);
    assert_true(memcmp(&p.members[2].keys.public_key, &p.members[0].keys.public_key, sizeof(echo_key)) < 0);
    network_open(&p, 0);
    write_random(&p, 0, 2000, 1);
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    network_switch(&p, 1);
    network_exchange_end(&p, 1);
    network_replicate_to(&p, 2);
    network_open(&p, 2);
    for (unsigned round = 0; round < 30; round++) write_random(&p, 2, 2000, 97);
    network_replicate_to(&p, 0);
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    echo_exchange_state s = state_of_exchange(&p, 1);
    assert_true(s.by_chunks);
    assert_in_range(s.chunks_received, 20, 60);
    assert_in_range(s.bytes_received, 0, 21 * 512); /* of 21 leaves one record each, and the nodes above */
    network_switch(&p, 1);
    network_assert_same(&p, 0, 1);
    network_end(&p);
}

/* A few messages are fewer bytes than the chunks they change. */
static void test_catch_up_by_tail(void **state) {
    (void)state;
    network p;
    network_begin(&p, 3, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 500, "one");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    network_switch(&p, 1);
    network_exchange_end(&p, 1);
    network_write(&p, 0, "item", 0, 30, "two");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    echo_exchange_state s = state_of_exchange(&p, 1);
    assert_false(s.by_chunks);
    assert_int_equal(s.blocks_received, 30);
    assert_int_equal(s.chunks_received, 0);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, p.members[1].party, 0, &err), &err);
    network_assert_same(&p, 0, 1);
    join(&p, 1, 0); /* nothing is new */
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 30);
    network_end(&p);
}

/* What the member wrote while it was away, which nobody has seen, stays on top of what it gets. */
static void test_own_writes_survive(void **state) {
    (void)state;
    network p;
    network_begin(&p, 4, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 1000, "one");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    network_switch(&p, 1);
    network_exchange_end(&p, 1);
    network_write(&p, 1, "item", 5, 10, "mine");
    network_write(&p, 1, "mine", 0, 4, "mine");
    for (unsigned round = 0; round < 50; round++) network_write(&p, 0, "item", 0, 40, round % 2 ? "odd" : "even");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    assert_true(state_of_exchange(&p, 1).by_chunks);
    network_switch(&p, 1);
    network_exchange_end(&p, 1);
    network_exchange_end(&p, 0);
    join(&p, 0, 1); /* and the other gets them */
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, p.members[0].party, 0, &err), &err);
    echo_item *item;
    assert_ok(echo_item_get(&item, p.members[0].party, "mine3", &err), &err);
    network_assert_same(&p, 0, 1);
    network_end(&p);
}

/* ---- usable at once ---- */

typedef struct touching {
    network *p;
    wire *w;
    echo_party *party;
    uint64_t bytes; /* when the item could be read */
    bool absent;
} touching;

static bool touch(void *arg) {
    touching *t = arg;
    member *m = &t->p->members[1];
    echo_error err = ECHO_ERROR_INIT;
    const echo_store *store = echo_exchange_store(m->exchange);
    echo_item *item;
    if (store == NULL) return false;
    if (t->party == NULL) {
        echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
        options.clock = still_clock;
        options.party = &t->p->party.public_key;
        options.feeds = &m->feeds;
        options.store = store;
        options.models = t->p->models;
        options.writable = false;
        assert_ok(echo_party_restore(&t->party, &options, &err), &err);
    }
    echo_status status = echo_item_get(&item, t->party, t->absent ? "item777x" : "item777", &err);
    if (status == ECHO_ERR_PENDING) return false;
    if (t->absent)
        assert_int_equal(status, ECHO_ERR_NOT_FOUND);
    else
        assert_ok(status, &err);
    t->bytes = t->w->carried[1];
    return true;
}

/* An item that is touched comes next: present, or proved to be absent, long before the rest. */
static void test_touch(void **state) {
    (void)state;
    for (unsigned absent = 0; absent < 2; absent++) {
        network p;
        wire w;
        network_begin(&p, 5, 2);
        network_open(&p, 0);
        network_write(&p, 0, "item", 0, 5000, "some text that takes a few bytes");
        network_snapshot(&p, 0);
        network_exchange(&p, 0, NULL);
        network_exchange(&p, 1, NULL);
        start(&p, 1);
        wire_open(&w, &p, 1, 0);
        touching t = {&p, &w, NULL, 0, absent};
        wires_run(&w, 1, touch, &t);
        assert_in_range(t.bytes, 1, 65536);
        assert_int_equal(state_of_exchange(&p, 1).installed, 0);
        echo_exchange_state s = state_of_exchange(&p, 1);
        assert_true(s.items_here < 5000);
        wires_run(&w, 1, NULL, NULL);
        assert_up_to_date(&p, 1);
        echo_party_free(t.party);
        network_open(&p, 1);
        network_assert_same(&p, 0, 1);
        wire_close(&w);
        network_end(&p);
    }
}

/* ---- interruptions ---- */

/* Cut at any byte and begun again, in a new exchange: nothing that was stored comes twice, and the end is the same. */
static void test_resume(void **state) {
    (void)state;
    network p;
    network_begin(&p, 6, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 3000, "text");
    network_snapshot(&p, 0);
    network_write(&p, 0, "item", 0, 50, "tail");
    network_exchange(&p, 0, NULL);
    uint64_t received = 0, blocks = 0;
    unsigned cuts = 0;
    for (bool done = false; !done; cuts++) {
        wire w;
        network_exchange(&p, 1, NULL);
        start(&p, 1);
        wire_open(&w, &p, 1, 0);
        w.cut_after = 5000 + network_random(&p, 5000);
        wires_run(&w, 1, NULL, NULL);
        done = p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] > 0;
        wire_close(&w);
        received += state_of_exchange(&p, 1).chunks_received;
        blocks += state_of_exchange(&p, 1).blocks_received;
        network_exchange_end(&p, 1);
        assert_in_range(cuts, 0, 200);
    }
    assert_true(cuts > 3);
    network_open(&p, 1);
    network_assert_same(&p, 0, 1);
    assert_int_equal(blocks, 50);
    /* as many as one uninterrupted transfer needs */
    network q;
    network_begin(&q, 6, 2);
    network_open(&q, 0);
    network_write(&q, 0, "item", 0, 3000, "text");
    network_snapshot(&q, 0);
    join(&q, 1, 0);
    assert_int_equal(received, state_of_exchange(&q, 1).chunks_received);
    network_end(&q);
    network_end(&p);
}

/* The connection ends and another is made, to the same exchange: the snapshot goes on where it was. */
static void test_reconnect(void **state) {
    (void)state;
    network p;
    network_begin(&p, 12, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 800, "text");
    network_snapshot(&p, 0);
    network_write(&p, 0, "item", 0, 50, "tail");
    network_exchange(&p, 0, NULL);
    network_exchange(&p, 1, NULL);
    start(&p, 1);
    unsigned cuts = 0;
    for (; p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0; cuts++) {
        wire w;
        wire_open(&w, &p, 1, 0);
        w.cut_after = 3500;
        wires_run(&w, 1, NULL, NULL);
        wire_close(&w);
        echo_error err = ECHO_ERROR_INIT;
        assert_ok(echo_exchange_step(p.members[1].exchange, ++p.now_ns, &err), &err);
        assert_in_range(cuts, 0, 200);
    }
    assert_true(cuts > 3);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 50);
    network_end(&p);
}

/* ---- several sources ---- */

static void test_many_sources(void **state) {
    (void)state;
    network p;
    wire w[5];
    uint64_t alone, together = 0;
    network_begin(&p, 7, 8);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 4000, "text");
    network_snapshot(&p, 0);
    join(&p, 6, 0);
    alone = state_of_exchange(&p, 6).bytes_received;
    for (size_t i = 1; i < 5; i++) {
        join(&p, i, 0);
        network_switch(&p, i);
    }
    network_exchange(&p, 7, NULL);
    start(&p, 7);
    for (size_t i = 0; i < 5; i++) wire_open(&w[i], &p, 7, i);
    wires_run(w, 5, NULL, NULL);
    assert_up_to_date(&p, 7);
    for (size_t i = 0; i < 5; i++) {
        assert_true(w[i].carried[1] > alone / 20); /* each gave a part */
        together += w[i].carried[1];
    }
    assert_in_range(together, 1, alone + alone / 20 + 4 * 4096);
    assert_int_equal(state_of_exchange(&p, 7).chunks_received, state_of_exchange(&p, 6).chunks_received);
    network_open(&p, 7);
    network_assert_same(&p, 0, 7);
    for (size_t i = 0; i < 5; i++) wire_close(&w[i]);
    network_end(&p);
}

/* ---- who may ---- */

/* Somebody whose feed the party does not admit is refused, and does not learn why. */
static void test_stranger(void **state) {
    (void)state;
    network p;
    wire w;
    network_begin(&p, 8, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 10, "text");
    network_snapshot(&p, 0);
    network_exchange(&p, 0, NULL);
    assert_int_equal(echo_keypair_new(&p.members[1].keys), ECHO_OK);
    network_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    wires_run(&w, 1, NULL, NULL);
    assert_true(echo_peer_is_over(w.ends[1]));
    assert_int_equal(w.carried[1], 32); /* an ephemeral key */
    assert_int_equal(p.members[0].events[ECHO_EXCHANGE_EVENT_CONNECTED], 0);
    assert_int_equal(p.members[0].last_error.code, ECHO_ERR_REFUSED);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_CONNECTED], 0);
    wire_close(&w);
    network_end(&p);
}

static bool own_feed_alone(void *arg, const echo_key *feed) {
    const member *m = arg;
    return memcmp(feed, &m->keys.public_key, sizeof *feed) == 0;
}

/* A key that the credentials trust. Where the host decides whose feeds count, they do not make a member. */
static void test_excluded(void **state) {
    (void)state;
    for (int way = 0; way < 3; way++) {
        network p;
        wire w;
        network_begin(&p, 8, 2);
        if (way == 1) p.members[0].admitted = &p.members[0].keys.public_key;
        if (way == 2) p.members[0].admit = own_feed_alone;
        network_open(&p, 0);
        network_write(&p, 0, "item", 0, 10, "text");
        network_snapshot(&p, 0);
        network_exchange(&p, 0, NULL);
        p.members[1].keys = p.party;
        network_exchange(&p, 1, NULL);
        start(&p, 1);
        wire_open(&w, &p, 1, 0);
        wires_run(&w, 1, NULL, NULL);
        assert_int_equal(p.members[0].events[ECHO_EXCHANGE_EVENT_CONNECTED], way == 0 ? 1 : 0);
        if (way > 0) assert_int_equal(p.members[0].last_error.code, ECHO_ERR_REFUSED);
        if (way > 0) assert_int_equal(w.carried[1], 32); /* an ephemeral key */
        wire_close(&w);
        network_end(&p);
    }
}

/* ---- trust ---- */

/* What a liar says of a state, which a member has as well: nothing comes of it, and the member's is taken. Blocks that
 * come: those it lacks. */
static void join_beside_liar(lie what, bool named, uint64_t seed) {
    network p;
    wire w;
    liar l;
    echo_peer *met;
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
    network_begin(&p, seed, 3);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 100, "text");
    network_snapshot(&p, 0);
    network_exchange(&p, 0, NULL);
    const echo_key members[2] = {p.members[0].keys.public_key, p.members[2].keys.public_key};
    options.members = members;
    options.member_count = named ? 2 : 0;
    network_exchange(&p, 1, &options);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    how.initiator = true;
    assert_ok(echo_peer_open(&met, p.members[1].exchange, &how, &err), &err);
    liar_begin(&l, &p, 0, &p.members[2].keys, what, seed);
    for (unsigned rounds = 0; rounds < 1000 && p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0; rounds++) {
        (void)liar_carry(&l, met);
        (void)wire_carry(&w);
        assert_ok(echo_exchange_step(p.members[1].exchange, p.now_ns += 1000000, &err), &err);
    }
    assert_up_to_date(&p, 1);
    if (what != LIE_WORDS)
        assert_in_range(p.members[1].events[ECHO_EXCHANGE_EVENT_REFUSED], 1, 4); /* then it is dropped */
    assert_int_equal(state_of_exchange(&p, 1).attested, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    network_open(&p, 1);
    network_assert_same(&p, 0, 1);
    wire_close(&w);
    echo_peer_close(met);
    liar_end(&l);
    network_end(&p);
}

static void test_words_of_strangers(void **state) {
    (void)state;
    join_beside_liar(LIE_WORDS, false, 13);
    join_beside_liar(LIE_WORDS, true, 14);
}

static void test_signed_by_stranger(void **state) {
    (void)state;
    join_beside_liar(LIE_STRANGER, false, 17);
    join_beside_liar(LIE_STRANGER, true, 18);
}

static void test_no_credentials(void **state) {
    (void)state;
    join_beside_liar(LIE_NO_CREDENTIALS, false, 15);
    join_beside_liar(LIE_NO_CREDENTIALS, true, 16);
}

static void test_attested(void **state) {
    (void)state;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_ATTESTED;
    for (uint32_t asked = 1; asked < 4; asked++) {
        network p;
        wire w[2];
        network_begin(&p, 9, 3);
        network_open(&p, 0);
        network_write(&p, 0, "item", 0, 100, "text");
        network_replicate_to(&p, 1);
        network_open(&p, 1);
        network_snapshot(&p, 0);
        network_snapshot(&p, 1); /* the same state, which it computed itself */
        options.attestations = asked;
        network_exchange(&p, 0, NULL);
        network_exchange(&p, 1, NULL);
        network_exchange(&p, 2, &options);
        start(&p, 2);
        wire_open(&w[0], &p, 2, 0);
        wire_open(&w[1], &p, 2, 1);
        wires_run(w, 2, NULL, NULL);
        echo_exchange_state s = state_of_exchange(&p, 2);
        assert_int_equal(s.installed, asked <= 2 ? 1 : 0);
        if (asked <= 2) assert_int_equal(s.attested, 2);
        if (asked > 2) { /* nobody can be trusted so far: the messages themselves came */
            assert_true(p.members[2].events[ECHO_EXCHANGE_EVENT_REFUSED] > 0);
            assert_int_equal(s.blocks_received, 103);
        }
        assert_up_to_date(&p, 2);
        network_open(&p, 2);
        network_assert_same(&p, 0, 2);
        wire_close(&w[0]);
        wire_close(&w[1]);
        network_end(&p);
    }
}

/* Too few members vouch for it now; when one more does, the next fetch takes it. */
static void test_attested_later(void **state) {
    (void)state;
    network p;
    wire w[2];
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_ATTESTED;
    options.attestations = 2;
    network_begin(&p, 13, 3);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 100, "text");
    network_replicate_to(&p, 1);
    network_open(&p, 1);
    network_snapshot(&p, 0);
    network_exchange(&p, 0, NULL);
    network_exchange(&p, 1, NULL);
    network_exchange(&p, 2, &options);
    start(&p, 2);
    wire_open(&w[0], &p, 2, 0);
    wires_run(w, 1, NULL, NULL);
    assert_int_equal(state_of_exchange(&p, 2).installed, 0);
    assert_true(p.members[2].events[ECHO_EXCHANGE_EVENT_REFUSED] > 0);
    network_snapshot(&p, 1);
    wire_open(&w[1], &p, 2, 1);
    start(&p, 2);
    wires_run(w, 2, NULL, NULL);
    assert_int_equal(state_of_exchange(&p, 2).installed, 1);
    assert_int_equal(state_of_exchange(&p, 2).attested, 2);
    wire_close(&w[0]);
    wire_close(&w[1]);
    network_end(&p);
}

/* Levels that look into the feeds fetch them whole, and tell how sure they are. */
static void test_replayed(void **state) {
    (void)state;
    for (unsigned all = 0; all < 2; all++) {
        network p;
        wire w;
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        options.trust = all ? ECHO_TRUST_REPLAYED : ECHO_TRUST_SAMPLED;
        options.attestations = 1;
        options.samples = 25;
        network_begin(&p, 10, 2);
        network_open(&p, 0);
        network_write(&p, 0, "item", 0, 100, "text");
        network_snapshot(&p, 0);
        network_exchange(&p, 0, NULL);
        network_exchange(&p, 1, &options);
        start(&p, 1);
        wire_open(&w, &p, 1, 0);
        wires_run(&w, 1, NULL, NULL);
        assert_up_to_date(&p, 1);
        echo_exchange_state s = state_of_exchange(&p, 1);
        assert_int_equal(s.installed, 1);
        assert_int_equal(s.blocks_received, 102);
        assert_int_equal(s.sampled, all ? 100 : 25);
        assert_true(s.detection == (all ? 1.0 : 0.25));
        network_open(&p, 1);
        assert_int_equal(echo_party_report(p.members[1].party)->messages_read, 0);
        network_assert_same(&p, 0, 1);
        wire_close(&w);
        network_end(&p);
    }
}

/* Who joined has no genesis block; the party is found all the same, by what the store has. */
static void test_found_unnamed(void **state) {
    (void)state;
    network p;
    echo_party *party;
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    network_begin(&p, 13, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 20, "text");
    network_snapshot(&p, 0);
    options.feeds = &p.members[1].feeds;
    options.store = &p.members[1].store;
    options.models = p.models;
    assert_int_equal(echo_party_restore(&party, &options, &err), ECHO_ERR_NOT_FOUND);
    join(&p, 1, 0);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    assert_ok(echo_party_restore(&party, &options, &err), &err);
    assert_memory_equal(echo_party_key(party), &p.party.public_key, sizeof(echo_key));
    assert_int_equal(echo_party_report(party)->snapshot_items, 20);
    echo_party_free(party);
    network_end(&p);
}

/* A connection whose transport says who the peer is. */
static void test_plain(void **state) {
    (void)state;
    network p;
    wire w;
    echo_error err = ECHO_ERROR_INIT;
    network_begin(&p, 11, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 100, "text");
    network_snapshot(&p, 0);
    network_exchange(&p, 0, NULL);
    network_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    echo_peer_close(w.ends[0]);
    echo_peer_close(w.ends[1]);
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    options.plain = options.initiator = true;
    options.member = &p.members[0].keys.public_key;
    assert_ok(echo_peer_open(&w.ends[0], p.members[1].exchange, &options, &err), &err);
    options.initiator = false;
    options.member = &p.members[1].keys.public_key;
    assert_ok(echo_peer_open(&w.ends[1], p.members[0].exchange, &options, &err), &err);
    wires_run(&w, 1, NULL, NULL);
    assert_up_to_date(&p, 1);
    options.member = &p.party.public_key; /* who trusts the party's own key, of course */
    echo_peer *peer;
    echo_keypair stranger;
    assert_int_equal(echo_keypair_new(&stranger), ECHO_OK);
    options.member = &stranger.public_key;
    assert_int_equal(echo_peer_open(&peer, p.members[0].exchange, &options, &err), ECHO_ERR_REFUSED);
    wire_close(&w);
    network_end(&p);
}

/* A peer's snapshot that covers less than the one present is passed over: no event, neither at this end nor there. */
static void test_older_snapshot_is_no_event(void **state) {
    (void)state;
    network p;
    wire w;
    network_begin(&p, 18, 2);
    network_open(&p, 0);
    network_write(&p, 0, "item", 0, 30, "one");
    network_snapshot(&p, 0);
    join(&p, 1, 0);
    network_switch(&p, 1);
    network_write(&p, 1, "own", 0, 3, "two");
    network_snapshot(&p, 1);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    wires_run(&w, 1, NULL, NULL);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE], 2);
    assert_int_equal(p.members[0].events[ECHO_EXCHANGE_EVENT_REFUSED], 0);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_REFUSED], 0);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    wire_close(&w);
    network_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_catch_up_by_chunks),
        cmocka_unit_test(test_catch_up_with_a_new_feed),
        cmocka_unit_test(test_catch_up_by_tail),
        cmocka_unit_test(test_own_writes_survive),
        cmocka_unit_test(test_touch),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_many_sources),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_excluded),
        cmocka_unit_test(test_attested),
        cmocka_unit_test(test_attested_later),
        cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_older_snapshot_is_no_event),
        cmocka_unit_test(test_found_unnamed),
        cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_words_of_strangers),
        cmocka_unit_test(test_no_credentials),
        cmocka_unit_test(test_signed_by_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
