/*
 * Transfers during which something fails here, or the connection ends: every allocation, every call of the store, every
 * call of the feeds, and after every message. Nothing that came is lost, what failed is told, and the next start
 * completes.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "exchange/state.h"
#include "support/fault.h"
#include "support/feed_fault.h"
#include "support/puppet.h"
#include "support/state.h"
#include "support/store_fault.h"
#include "support/store_place.h"

#define ROUNDS 20000u

/* ---- the party: member 0 has everything ---- */

static void begin(network *p, uint64_t seed, size_t items) {
    network_begin(p, seed, 3);
    network_open(p, 0);
    network_write(p, 0, "item", 0, items, "text");
    network_snapshot(p, 0);
    network_write(p, 0, "behind", 0, 3, "tail");
    network_exchange(p, 0, NULL);
}

/* Member 1 as it was before it ever joined. */
static void forget(network *p) {
    member *m = &p->members[1];
    network_exchange_end(p, 1);
    echo_party_free(m->party);
    m->party = NULL;
    echo_store_close(&m->own);
    echo_store_close(&m->store);
    echo_feeds_close(&m->feeds);
    assert_int_equal(echo_feeds_new_memory(&m->feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&m->feeds, &m->keys), ECHO_OK);
    assert_int_equal(echo_store_new_memory(&m->store), ECHO_OK);
    assert_int_equal(m->store.ops->reopen(&m->own, m->store.ctx, NULL), ECHO_OK);
}

static echo_exchange_state state_of_exchange(network *p) {
    echo_exchange_state s;
    echo_exchange_state_get(&s, p->members[1].exchange);
    return s;
}

static bool is_done(const network *p) { return p->members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] > 0; }

static void start(network *p) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[1].exchange, &err), &err);
}

/* Until nothing moves any more. */
static void run(network *p, wire *w) {
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned idle = 0, round = 0; idle < 4 && round < ROUNDS; round++) {
        p->now_ns += 1000000;
        idle = wire_carry(w) ? 0 : idle + 1;
        for (size_t i = 0; i < p->count; i++)
            if (p->members[i].exchange != NULL)
                assert_ok(echo_exchange_step(p->members[i].exchange, p->now_ns, &err), &err);
    }
}

static void assert_joined(network *p) {
    if (p->members[1].party == NULL)
        network_open(p, 1);
    else
        network_switch(p, 1);
    network_assert_same(p, 0, 1);
}

/* A new exchange completes, whatever was before. */
static void complete(network *p) {
    wire w;
    network_exchange_end(p, 1);
    network_exchange(p, 1, NULL);
    start(p);
    wire_open(&w, p, 1, 0);
    run(p, &w);
    if (!is_done(p)) fail_msg("phase %d: %s", (int)state_of_exchange(p).phase, p->members[1].last_error.message);
    wire_close(&w);
    network_exchange_end(p, 1);
    assert_joined(p);
}

/* ---- allocations ---- */

/* Of the joiner's: the nth from here, over several calls. */
static struct {
    long left;
    bool hit, told;
    unsigned up_to_date;
    echo_error blamed; /* why a peer was dropped, when that was not for want of memory in its channel */
} memory;

static void note_event(void *arg, const echo_exchange_event *event) {
    (void)arg;
    memory.told =
        memory.told || event->kind == ECHO_EXCHANGE_EVENT_FAILED || event->kind == ECHO_EXCHANGE_EVENT_DROPPED;
    memory.up_to_date += event->kind == ECHO_EXCHANGE_EVENT_UP_TO_DATE;
    if (event->kind != ECHO_EXCHANGE_EVENT_DROPPED) return;
    /* a channel that lost something cannot go on; as long as it can, a peer stays */
    if (event->error->code != ECHO_ERR_NOMEM || echo__channel_status(event->peer->channel, NULL) == ECHO_OK)
        memory.blamed = *event->error;
}

static void arm(void) {
    if (!memory.hit) fault_at(memory.left);
}

static echo_status disarm(echo_status status) {
    if (memory.hit) return status;
    memory.left -= fault_allocations();
    memory.hit = fault_off();
    if (!memory.hit)
        assert_int_equal(status, ECHO_OK);
    else if (status != ECHO_OK)
        assert_int_equal(status, ECHO_ERR_NOMEM);
    memory.told = memory.told || status != ECHO_OK;
    return status;
}

static void carry(echo_peer *from, echo_peer *to, bool to_joiner) {
    echo_error err = ECHO_ERROR_INIT;
    if (!to_joiner) arm();
    echo_bytes bytes = echo_peer_pending(from);
    if (!to_joiner) (void)disarm(ECHO_OK);
    if (bytes.len == 0) return;
    uint8_t *copy = malloc(bytes.len);
    size_t len = bytes.len;
    memcpy(copy, bytes.data, len);
    echo_peer_sent(from, len);
    if (to_joiner) {
        arm();
        (void)disarm(echo_peer_receive(to, (echo_bytes){copy, len}, &err));
    } else if (!echo_peer_is_over(to)) {
        (void)!echo_peer_receive(to, (echo_bytes){copy, len}, &err);
    }
    free(copy);
}

static void join_without_memory(network *p) {
    member *m = &p->members[1];
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_peer_options how = ECHO_PEER_OPTIONS_INIT;
    echo_peer *here, *there;
    options.party = &p->party.public_key;
    options.store = &m->own;
    options.feeds = &m->feeds;
    options.keys = &m->keys;
    options.event = note_event;
    arm();
    if (disarm(echo_exchange_new(&m->exchange, &options, &err)) != ECHO_OK) return;
    arm();
    if (disarm(echo_exchange_start(m->exchange, &err)) != ECHO_OK) return;
    how.initiator = true;
    arm();
    if (disarm(echo_peer_open(&here, m->exchange, &how, &err)) != ECHO_OK) return;
    how.initiator = false;
    assert_ok(echo_peer_open(&there, p->members[0].exchange, &how, &err), &err);
    for (unsigned round = 0; round < 100 && memory.up_to_date == 0 && !echo_peer_is_over(here); round++) {
        carry(here, there, false);
        if (!echo_peer_is_over(here)) carry(there, here, true);
        p->now_ns += round < 60 ? 1000000 : UINT64_C(1000000000); /* and who stalls is found out */
        arm();
        (void)disarm(echo_exchange_step(m->exchange, p->now_ns, &err));
        assert_ok(echo_exchange_step(p->members[0].exchange, p->now_ns, &err), &err);
    }
    if (!memory.told) assert_int_equal(memory.up_to_date, 1);
    if (memory.blamed.code != ECHO_OK) fail_msg("the peer was blamed: %s", memory.blamed.message);
    echo_peer_close(there);
}

/* late: a feed that a message after the snapshot admits; NULL: none. */
static void run_out_of_memory(uint64_t seed, const echo_key *late) {
    network p;
    echo_error err = ECHO_ERROR_INIT;
    begin(&p, seed, 12);
    if (late != NULL) assert_ok(echo_party_admit_feed(p.members[0].party, late, &p.party, &err), &err);
    for (long nth = 1;; nth++) {
        forget(&p);
        memset(&memory, 0, sizeof memory);
        memory.left = nth;
        join_without_memory(&p);
        bool hit = memory.hit;
        const echo_exchange *x = p.members[1].exchange;
        if (late != NULL && memory.up_to_date > 0 && x->admission != NULL)
            assert_true(echo__admission_admits(x->admission, late));
        network_exchange_end(&p, 1);
        complete(&p);
        if (!hit) break;
        assert_in_range(nth, 1, 100000);
    }
    network_end(&p);
}

static void test_allocations(void **state) {
    (void)state;
    run_out_of_memory(1, NULL);
}

/* A credential that cannot be read for want of memory is not passed over: the fetch fails. */
static void test_allocations_with_a_late_member(void **state) {
    (void)state;
    echo_keypair keys;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    run_out_of_memory(9, &keys.public_key);
}

/* ---- how member 1 begins ---- */

/* With nothing; place NULL: in memory. */
static void forget_in(network *p, const store_place *place) {
    forget(p);
    if (place == NULL) return;
    member *m = &p->members[1];
    echo_store_close(&m->own);
    echo_store_close(&m->store);
    (void)remove(place->path);
    m->store = store_place_open(place, STORE_CREATE);
    m->own = store_place_open(place, STORE_CREATE);
}

/* Back to what member 2 has, which joined before and does not change. */
static void prepare_away(network *p, const store_place *place) {
    (void)place;
    forget(p);
    member *m = &p->members[1];
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    wire w;
    options.trust = ECHO_TRUST_RECEIVED;
    network_exchange(p, 1, &options);
    start(p);
    wire_open(&w, p, 1, 2);
    run(p, &w);
    assert_true(is_done(p));
    wire_close(&w);
    network_exchange_end(p, 1);
    network_open(p, 1);
    assert_int_equal(echo_party_report(m->party)->messages_read, 3);
}

/* Member 2 joins and stays there; what changes then goes to few items, so that their chunks are fewer bytes than the
 * messages. */
static void begin_away(network *p, uint64_t seed) {
    wire w;
    echo_error err = ECHO_ERROR_INIT;
    begin(p, seed, 400);
    network_exchange(p, 2, NULL);
    assert_ok(echo_exchange_start(p->members[2].exchange, &err), &err);
    wire_open(&w, p, 2, 0);
    run(p, &w);
    wire_close(&w);
    network_exchange_end(p, 2);
    network_open(p, 2);
    network_exchange(p, 2, NULL);
    for (unsigned round = 0; round < 60; round++)
        for (size_t n = 0; n < 8; n++) network_write(p, 0, "item", n * 31, n * 31 + 1, round % 2 ? "odd" : "even");
    network_snapshot(p, 0);
    network_write(p, 0, "item", 20, 22, "behind");
}

/* ---- the store ---- */

typedef void (*preparing)(network *p, const store_place *place);

/* Starts until it is done; each time that fails has to be told. */
static unsigned start_until_done(network *p, unsigned most, const char *what, unsigned long long nth) {
    wire w;
    unsigned starts = 0;
    wire_open(&w, p, 1, 0);
    for (; !is_done(p); starts++) {
        if (starts == most)
            fail_msg("%s %llu: phase %d, %s", what, nth, (int)state_of_exchange(p).phase,
                     p->members[1].last_error.message);
        unsigned failed = p->members[1].events[ECHO_EXCHANGE_EVENT_FAILED];
        start(p);
        run(p, &w);
        if (w.broken) fail_msg("%s %llu: the peer was dropped: %s", what, nth, p->members[1].last_error.message);
        if (is_done(p)) break;
        if (state_of_exchange(p).phase != ECHO_EXCHANGE_PHASE_IDLE)
            fail_msg("%s %llu: it hangs in phase %d", what, nth, (int)state_of_exchange(p).phase);
        assert_int_equal(p->members[1].events[ECHO_EXCHANGE_EVENT_FAILED], failed + 1);
        assert_true(state_of_exchange(p).problem.code != ECHO_OK);
    }
    wire_close(&w);
    return starts;
}

static void store_fails(network *p, preparing prepare, echo_status code) {
    char what[64];
    (void)snprintf(what, sizeof what, "store, %s,", echo_status_name(code));
    uint64_t expected = 0;
    for (uint64_t nth = 0;; nth++) { /* 0: nothing fails, to count by */
        store_fault fault;
        member *m = &p->members[1];
        prepare(p, NULL);
        m->own = store_fault_wrap(&fault, m->own);
        network_exchange(p, 1, NULL);
        store_fault_plan(&fault, STORE_FAULT_ANY, nth, code);
        (void)start_until_done(p, 4, what, nth);
        bool hit = store_fault_hit(&fault);
        echo_exchange_state s = state_of_exchange(p);
        if (s.installed == 0) fail_msg("%s %llu: nothing is installed", what, (unsigned long long)nth);
        if (nth == 0)
            expected = s.chunks_received;
        else if (s.chunks_received != expected) /* nothing came twice */
            fail_msg("%s %llu: %llu chunks came of %llu", what, (unsigned long long)nth,
                     (unsigned long long)s.chunks_received, (unsigned long long)expected);
        store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
        network_exchange_end(p, 1);
        assert_joined(p);
        forget(p); /* while the wrapper is there */
        if (nth > 0 && !hit) break;
        assert_in_range(nth, 0, 5000);
    }
}

static void test_store_fails_joining(void **state) {
    (void)state;
    network p;
    begin(&p, 2, 60);
    store_fails(&p, forget_in, ECHO_ERR_IO);
    store_fails(&p, forget_in, ECHO_ERR_BUSY);
    network_end(&p);
}

static void test_store_fails_catching_up(void **state) {
    (void)state;
    network p;
    begin_away(&p, 4);
    store_fails(&p, prepare_away, ECHO_ERR_IO);
    store_fails(&p, prepare_away, ECHO_ERR_BUSY);
    network_end(&p);
}

/* ---- feeds ---- */

/* Whatever the code: a proof that holds is not the peer's fault. */
static void feeds_fail(echo_status code) {
    static const feed_fault_call kinds[] = {FEED_FAULT_PUT, FEED_FAULT_MAKE, FEED_FAULT_SYNC, FEED_FAULT_OPEN,
                                            FEED_FAULT_INFO};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        network p;
        begin(&p, 6, 20);
        for (uint64_t nth = 1;; nth++) {
            feed_fault f;
            forget(&p);
            member *m = &p.members[1];
            echo_feeds own = m->feeds;
            feed_fault_init(&f, &own);
            m->feeds = f.feeds;
            network_exchange(&p, 1, NULL);
            feed_fault_plan(&f, kinds[k], nth, code);
            unsigned starts = start_until_done(&p, 2, "feeds", nth);
            if (f.hit) assert_int_equal(starts, 1);
            assert_int_equal(state_of_exchange(&p).installed, 1);
            assert_int_equal(state_of_exchange(&p).blocks_received, 3);
            /* what was put is durable, also when it was put before something failed */
            assert_true(f.calls[FEED_FAULT_SYNC] > (kinds[k] == FEED_FAULT_SYNC && f.hit ? 1u : 0u));
            network_exchange_end(&p, 1);
            m->feeds = own;
            assert_joined(&p);
            if (!f.hit) break;
            assert_in_range(nth, 1, 1000);
        }
        network_end(&p);
    }
}

static void test_feeds_fail(void **state) {
    (void)state;
    feeds_fail(ECHO_ERR_IO);
    feeds_fail(ECHO_ERR_NOMEM);
    feeds_fail(ECHO_ERR_CORRUPT); /* the feed that is present locally is damaged */
}

/* A feed that cannot be read while it is replayed says nothing about the snapshot that is checked with it. */
static void test_feed_damaged_before_the_replay(void **state) {
    (void)state;
    static const echo_status codes[] = {ECHO_ERR_CORRUPT, ECHO_ERR_IO, ECHO_ERR_NOMEM};
    network p;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_REPLAYED;
    options.attestations = 1;
    begin(&p, 7, 20);
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        for (uint64_t nth = 1;; nth++) {
            feed_fault f;
            forget(&p);
            member *m = &p.members[1];
            echo_feeds own = m->feeds;
            feed_fault_init(&f, &own);
            m->feeds = f.feeds;
            network_exchange(&p, 1, &options);
            feed_fault_plan(&f, FEED_FAULT_READ, nth, codes[k]);
            unsigned starts = start_until_done(&p, 2, "reading", nth);
            if (f.hit) assert_int_equal(starts, 1);
            assert_int_equal(m->events[ECHO_EXCHANGE_EVENT_REFUSED], 0);
            assert_int_equal(state_of_exchange(&p).trust, ECHO_TRUST_REPLAYED);
            network_exchange_end(&p, 1);
            m->feeds = own;
            assert_joined(&p);
            if (!f.hit) break;
            assert_in_range(nth, 1, 1000);
        }
    network_end(&p);
}

/* ---- interruptions ---- */

/* Plays member 0 and sends one message at a time. */
typedef struct playing {
    network *p;
    echo__buf asked[4096]; /* type, payload */
    size_t count, at;
    unsigned sent;
} playing;

static void note_question(puppet *u, uint8_t type, echo_bytes payload) {
    playing *g = u->arg;
    if (type < ECHO__MESSAGE_ASK || type > ECHO__MESSAGE_ATTEST || g->count == 4096) return;
    echo__buf *one = &g->asked[g->count++];
    *one = (echo__buf)ECHO__BUF_INIT;
    echo__buf_byte(one, type);
    echo__buf_append(one, payload.data, payload.len);
}

static echo_status copy_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    (void)number;
    if (out->len == 0) echo__buf_append(out, text.data, text.len);
    return out->status;
}

static void offer(puppet *u, network *p, uint32_t id) {
    echo__buf manifest = ECHO__BUF_INIT;
    echo__offered_feed feeds[NETWORK_MEMBERS];
    size_t n = 0;
    const member *m = &p->members[0];
    assert_int_equal(m->own.ops->list(m->own.ctx, &p->party.public_key, copy_newest, &manifest, NULL), ECHO_OK);
    for (size_t i = 0; i < p->count; i++) {
        void *feed;
        echo_feed_info info = {0, 0, false};
        const echo_key *key = &p->members[i].keys.public_key;
        if (m->feeds.ops->open(&feed, m->feeds.ctx, key, NULL) != ECHO_OK) continue;
        assert_int_equal(m->feeds.ops->info(&info, m->feeds.ctx, feed, NULL), ECHO_OK);
        m->feeds.ops->close(m->feeds.ctx, feed);
        size_t at = n++;
        for (; at > 0 && memcmp(feeds[at - 1].key.bytes, key->bytes, 32) > 0; at--) feeds[at] = feeds[at - 1];
        feeds[at] = (echo__offered_feed){*key, info.verified, info.verified * 200};
    }
    puppet_offer(u, id, echo__buf_bytes(&manifest), feeds, n);
    echo__buf_free(&manifest);
}

/* Answers one question. */
static void answer(puppet *u, playing *g) {
    echo__buf *one = &g->asked[g->at++];
    echo__reader r = echo__reader_of(echo__bytes(one->data + 1, one->len - 1));
    if (one->data[0] == ECHO__MESSAGE_ASK)
        offer(u, g->p, echo__read_u32(&r));
    else
        puppet_answer_honestly(u, &g->p->members[0], one->data[0], r.rest);
    g->sent++;
    echo__buf_free(one);
}

/* Up to `most` answers, each delivered by itself; then the connection ends, and the exchange. true: it was done. */
static bool transfer(network *p, unsigned most, unsigned *sent, uint64_t *chunks, uint64_t *blocks) {
    static playing g;
    puppet u;
    echo_error err = ECHO_ERROR_INIT;
    memset(&g, 0, sizeof g);
    g.p = p;
    network_exchange(p, 1, NULL);
    puppet_begin(&u, p, 1, &p->members[0].keys, true);
    u.hear = note_question;
    u.arg = &g;
    start(p);
    for (unsigned idle = 0; idle < 4 && !is_done(p);) {
        p->now_ns += 1000000;
        idle++;
        if (g.at < g.count && g.sent < most) {
            answer(&u, &g);
            idle = 0;
        }
        if (puppet_carry(&u)) idle = 0;
        assert_ok(echo_exchange_step(p->members[1].exchange, p->now_ns, &err), &err);
    }
    bool done = is_done(p);
    echo_exchange_state s = state_of_exchange(p);
    assert_int_equal(s.dropped, 0);
    *sent += g.sent;
    *chunks += s.chunks_received;
    *blocks += s.blocks_received;
    while (g.at < g.count) echo__buf_free(&g.asked[g.at++]);
    puppet_end(&u);
    network_exchange_end(p, 1);
    return done;
}

/* What is not durable is gone. */
static void open_again(network *p, const store_place *place) {
    member *m = &p->members[1];
    if (place == NULL) return;
    echo_party_free(m->party);
    m->party = NULL;
    echo_store_close(&m->own);
    echo_store_close(&m->store);
    m->store = store_place_open(place, STORE_CREATE);
    m->own = store_place_open(place, STORE_CREATE);
}

static void cut_everywhere(network *p, preparing prepare, const store_place *place, unsigned step) {
    unsigned messages = 0, sent;
    uint64_t chunks = 0, blocks = 0;
    prepare(p, place);
    assert_true(transfer(p, UINT32_MAX, &messages, &chunks, &blocks));
    assert_joined(p);
    assert_true(messages > 5 && chunks > 5 && blocks >= 2);
    for (unsigned cut = 0; cut < messages; cut += step) {
        uint64_t came = 0, read = 0;
        sent = 0;
        prepare(p, place);
        bool done = transfer(p, cut, &sent, &came, &read);
        assert_false(done);
        if (p->members[1].party == NULL) open_again(p, place);
        assert_true(transfer(p, UINT32_MAX, &sent, &came, &read));
        assert_int_equal(came, chunks);
        assert_int_equal(read, blocks);
        assert_joined(p);
    }
    /* and one answer a connection, behind the offer */
    uint64_t came = 0, read = 0;
    sent = 0;
    prepare(p, place);
    for (unsigned connections = 0; !transfer(p, 2, &sent, &came, &read); connections++)
        assert_in_range(connections, 0, messages);
    assert_int_equal(came, chunks);
    assert_int_equal(read, blocks);
    assert_joined(p);
}

static void test_cut_joining(void **state) {
    (void)state;
    network p;
    begin(&p, 7, 200);
    cut_everywhere(&p, forget_in, NULL, 1);
    network_end(&p);
}

static void test_cut_joining_sqlite(void **state) {
    (void)state;
    network p;
    store_place place = store_place_new();
    begin(&p, 8, 200);
    cut_everywhere(&p, forget_in, &place, 5);
    network_end(&p);
    store_place_free(&place);
}

static void test_cut_catching_up(void **state) {
    (void)state;
    network p;
    begin_away(&p, 9);
    cut_everywhere(&p, prepare_away, NULL, 1);
    network_end(&p);
}

/* ---- others ---- */

/* Replaying the feeds takes long: it is not done again because another process holds the store. */
static void test_busy_behind_a_replay(void **state) {
    (void)state;
    network p;
    wire w;
    store_fault fault;
    feed_fault f;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_REPLAYED;
    options.attestations = 1;
    begin(&p, 10, 30);
    forget(&p);
    member *m = &p.members[1];
    echo_feeds own = m->feeds;
    feed_fault_init(&f, &own);
    m->feeds = f.feeds;
    m->own = store_fault_wrap(&fault, m->own);
    network_exchange(&p, 1, &options);
    start(&p);
    wire_open(&w, &p, 1, 0);
    store_fault_plan_from(&fault, STORE_FAULT_PUBLISH, 1, ECHO_ERR_BUSY);
    run(&p, &w);
    assert_true(store_fault_hit(&fault));
    assert_int_equal(state_of_exchange(&p).phase, ECHO_EXCHANGE_PHASE_CHECKING);
    uint64_t reads = f.calls[FEED_FAULT_READ];
    assert_true(reads > 0);
    for (unsigned i = 0; i < 5; i++) run(&p, &w);
    assert_int_equal(f.calls[FEED_FAULT_READ], reads);
    store_fault_plan(&fault, STORE_FAULT_ANY, 0, ECHO_OK);
    run(&p, &w);
    assert_true(is_done(&p));
    assert_int_equal(state_of_exchange(&p).installed, 1);
    assert_int_equal(f.calls[FEED_FAULT_READ], reads);
    wire_close(&w);
    network_exchange_end(&p, 1);
    m->feeds = own;
    forget(&p);
    network_end(&p);
}

/* Who is met while the last blocks come may have more: they are fetched before it is said that nothing is missing. */
static void test_met_late(void **state) {
    (void)state;
    static playing g;
    network p;
    wire w;
    puppet u;
    echo_error err = ECHO_ERROR_INIT;
    begin_away(&p, 11); /* member 2 has less than member 0 */
    forget(&p);
    memset(&g, 0, sizeof g);
    g.p = &p;
    network_exchange(&p, 1, NULL);
    start(&p);
    wire_open(&w, &p, 1, 2);
    for (unsigned round = 0; round < ROUNDS && state_of_exchange(&p).phase != ECHO_EXCHANGE_PHASE_TAIL; round++) {
        (void)wire_carry(&w);
        p.now_ns += 1000000;
        for (size_t i = 1; i < 3; i++) assert_ok(echo_exchange_step(p.members[i].exchange, p.now_ns, &err), &err);
    }
    assert_int_equal(state_of_exchange(&p).phase, ECHO_EXCHANGE_PHASE_TAIL);
    puppet_begin(&u, &p, 1, &p.members[0].keys, true);
    u.hear = note_question;
    u.arg = &g;
    for (unsigned round = 0; round < 20; round++) { /* it greets and offers before the other one's blocks come */
        if (g.at < g.count) answer(&u, &g);
        (void)puppet_carry(&u);
        if (round < 8) continue;
        p.now_ns += 1000000;
        (void)wire_carry(&w);
        for (size_t i = 1; i < 3; i++) assert_ok(echo_exchange_step(p.members[i].exchange, p.now_ns, &err), &err);
    }
    for (unsigned round = 0; round < 200 && !is_done(&p); round++) {
        if (g.at < g.count) answer(&u, &g);
        (void)puppet_carry(&u);
        (void)wire_carry(&w);
        p.now_ns += 1000000;
        for (size_t i = 1; i < 3; i++) assert_ok(echo_exchange_step(p.members[i].exchange, p.now_ns, &err), &err);
    }
    assert_true(is_done(&p));
    while (g.at < g.count) echo__buf_free(&g.asked[g.at++]);
    puppet_end(&u);
    wire_close(&w);
    network_exchange_end(&p, 1);
    assert_joined(&p);
    network_end(&p);
}

/* The connection ends while blocks come: that nothing is missing is not said, nor that the snapshot is wrong, and the
 * next connection goes on. */
static void test_left_alone(void **state) {
    (void)state;
    for (unsigned replay = 0; replay < 2; replay++) {
        network p;
        wire w;
        echo_error err = ECHO_ERROR_INIT;
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        options.trust = replay ? ECHO_TRUST_REPLAYED : ECHO_TRUST_RECEIVED;
        options.attestations = 1;
        begin(&p, 12, 100);
        forget(&p);
        network_exchange(&p, 1, &options);
        start(&p);
        wire_open(&w, &p, 1, 0);
        echo_exchange_phase last = replay ? ECHO_EXCHANGE_PHASE_CHECKING : ECHO_EXCHANGE_PHASE_TAIL;
        for (unsigned round = 0; round < ROUNDS && state_of_exchange(&p).phase != last; round++) {
            (void)wire_carry(&w);
            p.now_ns += 1000000;
            for (size_t i = 0; i < 2; i++) assert_ok(echo_exchange_step(p.members[i].exchange, p.now_ns, &err), &err);
        }
        wire_close(&w);
        for (unsigned i = 0; i < 5; i++)
            assert_ok(echo_exchange_step(p.members[1].exchange, p.now_ns += 1000000, &err), &err);
        assert_false(is_done(&p));
        wire_open(&w, &p, 1, 0);
        run(&p, &w);
        assert_true(is_done(&p));
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_REFUSED], 0);
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_FAILED], 0);
        assert_int_equal(state_of_exchange(&p).installed, 1);
        wire_close(&w);
        network_exchange_end(&p, 1);
        assert_joined(&p);
        network_end(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations),
        cmocka_unit_test(test_allocations_with_a_late_member),
        cmocka_unit_test(test_store_fails_joining),
        cmocka_unit_test(test_store_fails_catching_up),
        cmocka_unit_test(test_feeds_fail),
        cmocka_unit_test(test_feed_damaged_before_the_replay),
        cmocka_unit_test(test_cut_joining),
        cmocka_unit_test(test_cut_joining_sqlite),
        cmocka_unit_test(test_cut_catching_up),
        cmocka_unit_test(test_busy_behind_a_replay),
        cmocka_unit_test(test_met_late),
        cmocka_unit_test(test_left_alone),
    };
    const char *only = getenv("ECHO_TEST_ONLY");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
