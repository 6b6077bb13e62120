/*
 * Members who mean harm, on both sides, and hosts that do everything in the wrong moment: nobody is held up for ever,
 * made to hold what has no bound, or dropped for what another did.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "exchange/exchange.h"
#include "feed/credentials.h"
#include "store/store.h"
#include "support/feed_fault.h"
#include "support/puppet.h"
#include "support/state.h"
#include "support/still_clock.h"
#include "tree/reach.h"
#include "tree/update.h"
#include "tree/verify.h"

static void start(peers *p, size_t i) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[i].exchange, &err), &err);
}

static echo_exchange_state state_of_exchange(peers *p, size_t i) {
    echo_exchange_state s;
    echo_exchange_state_get(&s, p->members[i].exchange);
    return s;
}

static void assert_up_to_date(peers *p, size_t i) {
    if (p->members[i].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0)
        fail_msg("phase %d: %s", (int)state_of_exchange(p, i).phase, p->members[i].last_error.message);
}

static void step_all(peers *p, uint64_t ns) {
    echo_error err = ECHO_ERROR_INIT;
    p->now_ns += ns;
    for (size_t i = 0; i < p->count; i++)
        if (p->members[i].exchange != NULL)
            assert_ok(echo_exchange_step(p->members[i].exchange, p->now_ns, &err), &err);
}

/* Everybody talks until nothing moves, or `rounds` times. */
static void run(peers *p, wire *w, puppet *u, unsigned rounds) {
    for (unsigned round = 0, idle = 0; round < rounds && idle < 3; round++) {
        bool moved = w != NULL && wire_carry(w);
        if (u != NULL) moved = puppet_carry(u) || moved;
        step_all(p, 1000000);
        idle = moved ? 0 : idle + 1;
    }
}

static void begin(peers *p, uint64_t seed, size_t items) {
    peers_begin(p, seed, 3);
    peers_open(p, 0);
    peers_write(p, 0, "item", 0, items, "text");
    peers_snapshot(p, 0);
}

/* ---- what a puppet that joins in can offer ---- */

static echo_status copy_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    (void)number;
    if (out->len == 0) echo__buf_append(out, text.data, text.len);
    return out->status;
}

static void newest_manifest(echo__buf *out, peers *p, size_t i) {
    echo_error err = ECHO_ERROR_INIT;
    *out = (echo__buf)ECHO__BUF_INIT;
    assert_ok(p->members[i].own.ops->list(p->members[i].own.ctx, &p->party.public_key, copy_newest, out, &err), &err);
}

static size_t feeds_of(echo__offered_feed *out, peers *p, const member *m) {
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++) {
        void *feed;
        echo_feed_info info;
        const echo_key *key = &p->members[i].keys.public_key;
        if (m->feeds.ops->open(&feed, m->feeds.ctx, key, NULL) != ECHO_OK) continue;
        assert_int_equal(m->feeds.ops->info(&info, m->feeds.ctx, feed, NULL), ECHO_OK);
        m->feeds.ops->close(m->feeds.ctx, feed);
        if (info.verified == 0) continue;
        size_t at = n++;
        for (; at > 0 && memcmp(out[at - 1].key.bytes, key->bytes, 32) > 0; at--) out[at] = out[at - 1];
        out[at] = (echo__offered_feed){*key, info.verified, 100000};
    }
    return n;
}

typedef struct script {
    peers *p;
    echo__buf manifest; /* offered, honest member 0's unless it is made up */
    echo__offered_feed *feeds;
    size_t feed_count;
    unsigned hold; /* WANTs that are answered; the others are held */
    uint8_t held[32768][4];
    echo_hash held_hash[32768];
    size_t held_count, held_at;
    bool absent;    /* it has no chunk */
    bool fresh;     /* a manifest of its own each time, over `root` */
    echo__buf made; /* the chunk it made up */
    unsigned asks;
    echo__offered_feed room[PEERS_MEMBERS];
} script;

static void script_begin(script *s, peers *p) {
    memset(s, 0, sizeof *s);
    s->p = p;
    s->hold = UINT32_MAX;
    newest_manifest(&s->manifest, p, 0);
    s->feeds = s->room;
    s->feed_count = feeds_of(s->room, p, &p->members[0]);
}

static void script_end(script *s) {
    echo__buf_free(&s->manifest);
    echo__buf_free(&s->made);
}

/* A manifest of our own, which covers more than anybody's; its items are one chunk of nonsense. */
static void make_up(puppet *u, script *s) {
    echo__manifest m;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s->manifest), &err), &err);
    echo__buf_clear(&s->made);
    echo__buf_text(&s->made, "nonsense ");
    echo__buf_u64(&s->made, s->asks);
    echo__hash(&m.items.hash, s->made.data, s->made.len);
    m.items.height = 0;
    m.items.items = 3;
    m.items.bytes = s->made.len;
    m.attestation_count = 0;
    assert_int_equal(echo_timeframe_set(m.timeframe, &u->keys.public_key, 1000), ECHO_OK);
    echo__buf_clear(&s->manifest);
    assert_ok(echo__manifest_write(&s->manifest, &m, &u->keys, &err), &err);
    echo__manifest_free(&m);
}

static bool answer_made_up(puppet *u, script *s, uint32_t id, const echo_hash *hash) {
    echo_hash made;
    if (!s->fresh && !s->absent) return false;
    echo__hash(&made, s->made.data, s->made.len);
    if (!s->absent && !echo__hash_equal(hash, &made)) return false;
    if (s->absent && s->fresh && !echo__hash_equal(hash, &made)) return false;
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, s->absent ? ECHO__CHUNK_ABSENT : ECHO__CHUNK_WHOLE);
    if (!s->absent) echo__buf_append(&out, s->made.data, s->made.len);
    puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
    return true;
}

static echo_status see_chunk(void *arg, echo_bytes bytes) {
    (void)arg, (void)bytes;
    return ECHO_OK;
}

static void play(puppet *u, uint8_t type, echo_bytes payload) {
    script *s = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    if (type == ECHO__MESSAGE_ASK) {
        s->asks++;
        if (s->fresh) make_up(u, s);
        puppet_offer(u, id, echo__buf_bytes(&s->manifest), s->feeds, s->feed_count);
        return;
    }
    if (type == ECHO__MESSAGE_WANT) {
        echo_hash hash;
        echo__read_into(&r, hash.bytes, sizeof hash.bytes);
        if (answer_made_up(u, s, id, &hash)) return;
        if (s->hold == 0) {
            if (s->held_count < 32768) {
                memcpy(s->held[s->held_count], payload.data, 4);
                s->held_hash[s->held_count++] = hash;
            }
            return;
        }
        s->hold--;
    }
    puppet_answer_honestly(u, &s->p->members[0], type, payload);
}

/* ---- hosts in the wrong moment ---- */

/* A delta comes for a target that was given up, while another is fetched. */
static void test_delta_of_the_target_before(void **state) {
    (void)state;
    peers p;
    wire w;
    puppet u;
    static script s;
    begin(&p, 1, 2000);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 100000);
    assert_up_to_date(&p, 1);
    wire_close(&w);
    peers_switch(&p, 1);
    peers_exchange_end(&p, 1);
    for (unsigned round = 0; round < 60; round++)
        for (size_t n = 0; n < 20; n++) peers_write(&p, 0, "item", n * 97, n * 97 + 1, round % 2 ? "odd" : "even");
    peers_snapshot(&p, 0);
    script_begin(&s, &p);
    for (unsigned round = 0; round < 20; round++)
        for (size_t n = 0; n < 20; n++) peers_write(&p, 0, "item", n * 97, n * 97 + 1, round % 2 ? "other" : "another");
    peers_snapshot(&p, 0); /* a newer one, which only the honest member offers */
    peers_exchange(&p, 1, NULL);
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = play;
    u.arg = &s;
    s.hold = 3;
    start(&p, 1);
    run(&p, NULL, &u, 1000);
    assert_true(s.held_count > 0);
    echo_peer_finish(u.peer); /* so nothing more is asked of it */
    run(&p, NULL, &u, 1000);
    wire_open(&w, &p, 1, 0);
    for (unsigned round = 0; round < 100000 && state_of_exchange(&p, 1).phase != ECHO_EXCHANGE_PHASE_ITEMS; round++) {
        (void)wire_carry(&w);
        step_all(&p, 1000000);
    }
    assert_int_equal(state_of_exchange(&p, 1).phase, ECHO_EXCHANGE_PHASE_ITEMS);
    for (size_t i = 0; i < s.held_count; i++) {
        echo__buf out = ECHO__BUF_INIT;
        echo__buf_append(&out, s.held[i], 4);
        echo__buf_byte(&out, ECHO__CHUNK_DELTA);
        echo__buf_append(&out, "\0\0\0", 3);
        puppet_send(&u, ECHO__MESSAGE_CHUNK, &out);
    }
    run(&p, &w, &u, 100000);
    assert_up_to_date(&p, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 2);
    peers_switch(&p, 1);
    peers_assert_same(&p, 0, 1);
    puppet_end(&u);
    script_end(&s);
    wire_close(&w);
    peers_end(&p);
}

/* A connection ends in the middle and is made again, while the exchange stays: it goes on with the same snapshot. */
static void test_connection_again(void **state) {
    (void)state;
    peers p;
    wire w;
    begin(&p, 2, 1500);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    unsigned cuts = 0;
    for (bool done = false; !done; cuts++) {
        wire_open(&w, &p, 1, 0);
        w.cut_after = 20000;
        run(&p, &w, NULL, 100000);
        done = p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] > 0;
        wire_close(&w);
        step_all(&p, 1000000);
        step_all(&p, 1000000);
        assert_in_range(cuts, 0, 100);
    }
    assert_true(cuts > 1);
    echo_exchange_state s = state_of_exchange(&p, 1);
    assert_int_equal(s.installed, 1);
    assert_int_equal(s.blocks_received, 0); /* all is covered */
    peers_open(&p, 1);
    peers_assert_same(&p, 0, 1);
    peers_end(&p);
}

/* A host reads something that is of no snapshot of the peers: they have not got it, and are asked for the snapshot all
 * the same. */
static void test_touching_what_nobody_has(void **state) {
    (void)state;
    peers p;
    wire w;
    begin(&p, 3, 1500);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    uint32_t touches = 0;
    for (unsigned round = 0; round < 100000 && p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0; round++) {
        (void)wire_carry(&w);
        const echo_store *store = echo_exchange_store(p.members[1].exchange);
        if (store != NULL && touches < 400) {
            echo_hash name;
            touches++;
            echo__hash(&name, &touches, sizeof touches);
            assert_int_equal(store->ops->get(store->ctx, &name, see_chunk, NULL, NULL), ECHO_ERR_PENDING);
        }
        step_all(&p, 1000000);
    }
    assert_true(touches > 20);
    assert_up_to_date(&p, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    wire_close(&w);
    peers_end(&p);
}

/* Saying goodbye to a peer that waits for answers is no fault of the peer's. */
static void test_finish_with_a_queue(void **state) {
    (void)state;
    peers p;
    puppet u;
    begin(&p, 4, 10);
    peers_exchange(&p, 0, NULL);
    puppet_begin(&u, &p, 0, &p.members[2].keys, false);
    run(&p, NULL, &u, 100);
    assert_int_equal(p.members[0].events[ECHO_EXCHANGE_EVENT_CONNECTED], 1);
    for (uint32_t i = 0; i < 5; i++) {
        echo__buf out = ECHO__BUF_INIT;
        echo_hash none = {{(uint8_t)i}};
        echo__write_u32(&out, i);
        echo__buf_append(&out, none.bytes, sizeof none.bytes);
        puppet_send(&u, ECHO__MESSAGE_WANT, &out);
    }
    echo_bytes bytes = echo__channel_pending(u.channel);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_peer_receive(u.peer, bytes, &err), &err);
    echo__channel_sent(u.channel, bytes.len);
    echo_peer_finish(u.peer);
    run(&p, NULL, &u, 100);
    assert_int_equal(p.members[0].events[ECHO_EXCHANGE_EVENT_DROPPED], 0);
    assert_true(echo__channel_is_finished(u.channel)); /* it heard the goodbye */
    puppet_end(&u);
    peers_end(&p);
}

/* ---- a member that lies to who joins ---- */

/* Each time it is asked it offers another snapshot that covers more than any, and is nonsense or not to be had. */
static void test_ever_new_nonsense(void **state) {
    (void)state;
    for (unsigned absent = 0; absent < 2; absent++) {
        peers p;
        wire w;
        puppet u;
        static script s;
        begin(&p, 5, 300);
        peers_exchange(&p, 0, NULL);
        peers_exchange(&p, 1, NULL);
        script_begin(&s, &p);
        s.fresh = true;
        s.absent = absent;
        puppet_begin(&u, &p, 1, &p.members[2].keys, true);
        u.hear = play;
        u.arg = &s;
        wire_open(&w, &p, 1, 0);
        run(&p, &w, &u, 100); /* both are connected */
        start(&p, 1);
        run(&p, &w, &u, 3000);
        assert_up_to_date(&p, 1);
        assert_in_range(s.asks, 1, 10);
        assert_int_equal(state_of_exchange(&p, 1).installed, 1);
        assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
        peers_open(&p, 1);
        peers_assert_same(&p, 0, 1);
        puppet_end(&u);
        script_end(&s);
        wire_close(&w);
        peers_end(&p);
    }
}

/* Roots that are none: no reason to stop, and nobody else's fault. */
static void test_roots_that_are_none(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        peers p;
        wire w;
        puppet u;
        static script s;
        echo__manifest m;
        echo_error err = ECHO_ERROR_INIT;
        begin(&p, 6, 100);
        peers_exchange(&p, 0, NULL);
        peers_exchange(&p, 1, NULL);
        script_begin(&s, &p);
        assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
        m.attestation_count = 0;
        memset(&m.items, 0, sizeof m.items);
        if (how == 0) m.items.bytes = 5;
        if (how == 1) m.items.height = 3;
        if (how == 2) {
            memset(&m.credentials, 0, sizeof m.credentials);
            m.credentials.height = 1;
        }
        assert_int_equal(echo_timeframe_set(m.timeframe, &p.members[2].keys.public_key, 1000), ECHO_OK);
        echo__buf_clear(&s.manifest);
        assert_ok(echo__manifest_write(&s.manifest, &m, &p.members[2].keys, &err), &err);
        echo__manifest_free(&m);
        puppet_begin(&u, &p, 1, &p.members[2].keys, true);
        u.hear = play;
        u.arg = &s;
        start(&p, 1);
        wire_open(&w, &p, 1, 0);
        run(&p, &w, &u, 3000);
        assert_up_to_date(&p, 1);
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_FAILED], 0);
        assert_int_equal(state_of_exchange(&p, 1).installed, 1);
        puppet_end(&u);
        script_end(&s);
        wire_close(&w);
        peers_end(&p);
    }
}

/* A snapshot of nothing, of a party whose members the hosts know by themselves: there is no chunk to hold on to. */
static void test_empty_snapshot(void **state) {
    (void)state;
    peers p;
    puppet u;
    static script s;
    echo__manifest m;
    echo_error err = ECHO_ERROR_INIT;
    begin(&p, 7, 10);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.members = &p.members[2].keys.public_key;
    options.member_count = 1;
    peers_exchange(&p, 1, &options);
    script_begin(&s, &p);
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
    m.attestation_count = 0;
    memset(&m.items, 0, sizeof m.items);
    memset(&m.credentials, 0, sizeof m.credentials);
    echo__buf_clear(&s.manifest);
    assert_ok(echo__manifest_write(&s.manifest, &m, &p.members[2].keys, &err), &err);
    echo__manifest_free(&m);
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = play;
    u.arg = &s;
    start(&p, 1);
    run(&p, NULL, &u, 1000);
    assert_up_to_date(&p, 1);
    assert_int_equal(s.asks, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    puppet_end(&u);
    script_end(&s);
    peers_end(&p);
}

static echo_status count_feed(void *arg, const echo_key *key) {
    (void)key;
    ++*(size_t *)arg;
    return ECHO_OK;
}

static size_t feeds_here(peers *p, size_t i) {
    size_t n = 0;
    assert_int_equal(p->members[i].feeds.ops->list(p->members[i].feeds.ctx, count_feed, &n, NULL), ECHO_OK);
    return n;
}

/* As many feeds as an offer can hold, and none of them is one: nothing is made of them, and it does not take for ever.
 */
static void test_very_many_feeds(void **state) {
    (void)state;
    peers p;
    wire w;
    puppet u;
    static script s;
    peers_begin(&p, 8, 3);
    peers_open(&p, 0);
    peers_write(&p, 0, "item", 0, 50, "text"); /* and no snapshot, so that nothing tells which feeds there are */
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    memset(&s, 0, sizeof s);
    s.p = &p;
    s.feed_count = ECHO__FEEDS_MAX;
    s.feeds = calloc(s.feed_count, sizeof *s.feeds);
    for (size_t i = 0; i < s.feed_count; i++) {
        s.feeds[i].key.bytes[0] = (uint8_t)(i >> 16);
        s.feeds[i].key.bytes[1] = (uint8_t)(i >> 8);
        s.feeds[i].key.bytes[2] = (uint8_t)i;
        s.feeds[i].length = 50;
    }
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = play;
    u.arg = &s;
    wire_open(&w, &p, 1, 0);
    run(&p, &w, &u, 100);
    start(&p, 1);
    run(&p, &w, &u, 3000);
    assert_up_to_date(&p, 1);
    assert_in_range(feeds_here(&p, 1), 1, 3);
    peers_open(&p, 1);
    peers_assert_same(&p, 0, 1);
    puppet_end(&u);
    free(s.feeds);
    wire_close(&w);
    peers_end(&p);
}

/* Answers for the first feed, and holds what it is asked about the last. */
static void hold_last_feed(puppet *u, uint8_t type, echo_bytes payload) {
    script *s = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    if (type == ECHO__MESSAGE_ASK) puppet_offer(u, id, echo__bytes(NULL, 0), s->feeds, s->feed_count);
    if (type != ECHO__MESSAGE_TAIL) return;
    if (memcmp(r.rest.data, s->feeds[s->feed_count - 1].key.bytes, 32) != 0)
        puppet_answer_honestly(u, &s->p->members[0], type, payload);
    else
        memcpy(s->held[s->held_count++], payload.data, 4);
}

/* Blocks that belong to nothing any more, without end: they do not keep a peer that owes another answer. */
static void test_blocks_without_end(void **state) {
    (void)state;
    peers p;
    puppet u;
    static script s;
    feed_fault f;
    begin(&p, 9, 50);
    echo_feeds own = p.members[1].feeds;
    feed_fault_init(&f, &own);
    p.members[1].feeds = f.feeds;
    peers_exchange(&p, 1, NULL);
    script_begin(&s, &p);
    memset(&s.feeds[s.feed_count], 0xff, sizeof *s.feeds);
    s.feeds[s.feed_count++].length = 50;
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = hold_last_feed;
    u.arg = &s;
    start(&p, 1);
    feed_fault_plan(&f, FEED_FAULT_PUT, 1, ECHO_ERR_IO);
    run(&p, NULL, &u, 1000);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_FAILED], 1); /* the rest of what was asked is of no use */
    assert_int_equal(s.held_count, 1);
    u.hear = NULL; /* it owes the answer before the next offer */
    start(&p, 1);
    for (unsigned round = 0; round < 100 && !echo_peer_is_over(u.peer); round++) {
        echo__buf out = ECHO__BUF_INIT;
        echo__buf_append(&out, s.held[0], 4);
        echo__buf_byte(&out, ECHO__BLOCKS_MORE);
        puppet_send(&u, ECHO__MESSAGE_BLOCKS, &out);
        (void)puppet_carry(&u);
        step_all(&p, UINT64_C(3000000000));
    }
    assert_true(echo_peer_is_over(u.peer));
    assert_int_equal(p.members[1].last_error.code, ECHO_ERR_IO);
    puppet_end(&u);
    script_end(&s);
    peers_exchange_end(&p, 1);
    p.members[1].feeds = own;
    peers_end(&p);
}

/* However wide the window, a peer is not asked for more at once than it takes. */
static void test_requests_at_once(void **state) {
    (void)state;
    peers p;
    puppet u;
    static script s;
    echo__manifest m;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    static const echo__root empty;
    enum { ITEMS = 20000 };
    begin(&p, 10, 5);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.window = (size_t)1 << 30;
    peers_exchange(&p, 1, &options);
    script_begin(&s, &p);
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
    /* ids that each end a leaf */
    echo__change *changes = calloc(ITEMS, sizeof *changes);
    char(*ids)[16] = calloc(ITEMS, sizeof *ids), (*lines)[64] = calloc(ITEMS, sizeof *lines);
    unsigned serial = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        do (void)snprintf(ids[i], sizeof ids[i], "i%07u", serial++);
        while (echo__boundary(echo__bytes_text(ids[i])) == 0);
        (void)snprintf(lines[i], sizeof lines[i], "{\"id\":\"%s\",\"bytes\":\"AAE=\"}", ids[i]);
        changes[i] = (echo__change){echo__bytes_text(ids[i]), echo__bytes_text(lines[i])};
    }
    assert_int_equal(echo__chunks_new(&chunks, &p.members[0].own), ECHO_OK);
    assert_ok(echo__tree_update(&m.items, chunks, &empty, changes, ITEMS, &err), &err);
    echo__chunks_free(chunks);
    assert_ok(echo__store_flush(&p.members[0].own, &err), &err);
    echo__buf_clear(&s.manifest);
    assert_ok(echo__manifest_write(&s.manifest, &m, &p.members[2].keys, &err), &err);
    echo__manifest_free(&m);
    s.hold = 0;
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = play;
    u.arg = &s;
    start(&p, 1);
    size_t most = 0;
    for (unsigned round = 0; round < 20000 && p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0; round++) {
        for (size_t n = (s.held_count - s.held_at + 7) / 8; n > 0;
             n--, s.held_at++) { /* a few each time: others wait */
            echo__buf want = ECHO__BUF_INIT;
            echo__buf_append(&want, s.held[s.held_at], 4);
            echo__buf_append(&want, s.held_hash[s.held_at].bytes, 32);
            puppet_answer_honestly(&u, &p.members[0], ECHO__MESSAGE_WANT, echo__buf_bytes(&want));
            echo__buf_free(&want);
        }
        (void)puppet_carry(&u);
        step_all(&p, 1000000);
        if (p.members[1].exchange->peers->request_count > most) most = p.members[1].exchange->peers->request_count;
    }
    assert_in_range(most, ECHO__REQUESTS_MAX / 2, ECHO__REQUESTS_MAX);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    puppet_end(&u);
    script_end(&s);
    free(changes);
    free(ids);
    free(lines);
    peers_end(&p);
}

/* A large payload over a slow connection takes longer than a peer may stay silent: bytes of it are no silence. */
static void test_slow_and_large(void **state) {
    (void)state;
    peers p;
    wire w;
    peers_begin(&p, 11, 2);
    peers_open(&p, 0);
    enum { LARGE = 3000000 };
    char *value = malloc(LARGE);
    for (size_t i = 0; i + 1 < LARGE; i++) value[i] = (char)('a' + peers_random(&p, 26));
    value[LARGE - 1] = '\0';
    peers_write(&p, 0, "large", 0, 1, value);
    free(value);
    peers_snapshot(&p, 0);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.stall_ns = 2000000000;
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, &options);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    for (unsigned round = 0; round < 100000 && p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE] == 0 && !w.broken;
         round++) {
        uint64_t before = w.carried[1];
        (void)wire_carry(&w);
        step_all(&p, 1000 + (w.carried[1] - before) * 2500); /* 400 kB a second */
    }
    assert_int_equal(state_of_exchange(&p, 1).dropped, 0);
    assert_up_to_date(&p, 1);
    wire_close(&w);
    peers_end(&p);
}

/* ---- a member that wants too much ---- */

/* Questions of 4 MB each, which pack to nothing, and no answer is taken: what is queued has a bound. */
static void test_questions_without_end(void **state) {
    (void)state;
    peers p;
    puppet u;
    begin(&p, 12, 10);
    peers_exchange(&p, 0, NULL);
    puppet_begin(&u, &p, 0, &p.members[2].keys, false);
    run(&p, NULL, &u, 100);
    echo__buf ask = ECHO__BUF_INIT;
    for (size_t i = 0; i < 4 + (size_t)ECHO__FEEDS_MAX * 40; i++) echo__buf_byte(&ask, 0);
    for (unsigned i = 0; i < 30 && !echo_peer_is_over(u.peer); i++) {
        echo_error err = ECHO_ERROR_INIT;
        puppet_say(&u, ECHO__MESSAGE_ASK, &ask);
        for (echo_bytes bytes; (bytes = echo__channel_pending(u.channel)).len > 0 && !echo_peer_is_over(u.peer);) {
            (void)!echo_peer_receive(u.peer, bytes, &err);
            echo__channel_sent(u.channel, bytes.len);
        }
        size_t held = 0;
        for (const echo__serving *one = p.members[0].exchange->peers->wanted; one != NULL; one = one->next)
            held += one->len;
        assert_in_range(held, 0, (size_t)40 << 20);
    }
    assert_true(echo_peer_is_over(u.peer));
    echo__buf_free(&ask);
    puppet_end(&u);
    peers_end(&p);
}

/* ---- a member whose disk rots ---- */

/* It says that it has no such chunk, and is no liar: the newcomer gets the messages instead. */
static void test_server_rots(void **state) {
    (void)state;
    peers p;
    wire w;
    static script s;
    echo_error err = ECHO_ERROR_INIT;
    begin(&p, 13, 300);
    script_begin(&s, &p);
    echo__manifest m;
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
    echo_bytes rot = echo__bytes("rot", 3);
    assert_ok(p.members[0].own.ops->put(NULL, p.members[0].own.ctx, &m.items.hash, &rot, 1, &err), &err);
    assert_ok(echo__store_flush(&p.members[0].own, &err), &err);
    echo__manifest_free(&m);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 3000);
    assert_int_equal(state_of_exchange(&p, 1).dropped, 0);
    assert_up_to_date(&p, 1);
    peers_open(&p, 1);
    assert_int_equal(echo_timeframe_compare(echo_party_clock(p.members[0].party), echo_party_clock(p.members[1].party)),
                     ECHO_ORDER_EQUAL);
    wire_close(&w);
    script_end(&s);
    peers_end(&p);
}

/* ---- who is admitted later ---- */

static void append_admission(peers *p, const echo_key *key) {
    echo__buf credential = ECHO__BUF_INIT;
    echo_codec codec = echo_codec_dxos();
    echo_error err = ECHO_ERROR_INIT;
    uint8_t *block;
    size_t len;
    void *feed;
    uint64_t first;
    member *m = &p->members[0];
    assert_int_equal(
        echo__credential_make_feed_admit(&credential, &p->party.public_key, key, &p->party, "2026-01-01T00:00:00.000Z"),
        ECHO_OK);
    echo_message message = {
        .kind = ECHO_MESSAGE_CREDENTIAL, .generation = 2, .credential = echo__buf_bytes(&credential)};
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, &message, &err), &err);
    echo_bytes bytes = {block, len};
    assert_ok(m->feeds.ops->open(&feed, m->feeds.ctx, &m->keys.public_key, &err), &err);
    assert_ok(m->feeds.ops->append(&first, m->feeds.ctx, feed, &bytes, 1, &err), &err);
    m->feeds.ops->close(m->feeds.ctx, feed);
    codec.ops->release(codec.ctx, block);
    echo__buf_free(&credential);
    assert_ok(echo_party_poll(NULL, m->party, 0, &err), &err);
}

/* Bob was admitted after the snapshot that he serves: who joins from him has to read on to know him. */
static void test_admitted_behind_the_snapshot(void **state) {
    (void)state;
    peers p;
    wire w;
    peers_begin(&p, 14, 3);
    assert_int_equal(echo_keypair_new(&p.members[1].keys), ECHO_OK);
    echo_feeds_close(&p.members[1].feeds);
    assert_int_equal(echo_feeds_new_memory(&p.members[1].feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&p.members[1].feeds, &p.members[1].keys), ECHO_OK);
    peers_open(&p, 0);
    peers_write(&p, 0, "item", 0, 300, "text");
    peers_snapshot(&p, 0);
    append_admission(&p, &p.members[1].keys.public_key);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 3000);
    assert_up_to_date(&p, 1);
    wire_close(&w);
    peers_exchange_end(&p, 0);
    peers_switch(&p, 1);
    peers_exchange(&p, 2, NULL);
    start(&p, 2);
    wire_open(&w, &p, 2, 1);
    run(&p, &w, NULL, 3000);
    assert_up_to_date(&p, 2);
    assert_int_equal(state_of_exchange(&p, 2).dropped, 0);
    assert_int_equal(state_of_exchange(&p, 2).installed, 1);
    peers_open(&p, 2);
    peers_assert_same(&p, 0, 2);
    wire_close(&w);
    peers_end(&p);
}

/* ---- one fetch after another ---- */

static echo_status note_number(void *arg, uint64_t number, echo_bytes text) {
    echo__manifest m;
    echo_error err = ECHO_ERROR_INIT;
    (void)number;
    assert_ok(echo__manifest_read(&m, text, &err), &err);
    *(uint64_t *)arg = echo_timeframe_total(m.timeframe);
    echo__manifest_free(&m);
    return ECHO_OK;
}

/* The same exchange fetches twice: the store shows what is fetched now. */
static void test_second_target(void **state) {
    (void)state;
    peers p;
    wire w;
    begin(&p, 15, 400);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    wire_open(&w, &p, 1, 0);
    for (unsigned fetch = 1; fetch < 4; fetch++) {
        uint64_t total = 0;
        start(&p, 1);
        run(&p, &w, NULL, 100000);
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_UP_TO_DATE], fetch);
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_USABLE], fetch);
        assert_int_equal(state_of_exchange(&p, 1).installed, fetch);
        const echo_store *store = echo_exchange_store(p.members[1].exchange);
        assert_int_equal(store->ops->list(store->ctx, &p.party.public_key, note_number, &total, NULL), ECHO_OK);
        assert_true(total == echo_timeframe_total(echo_party_clock(p.members[0].party)));
        peers_switch(&p, 1);
        peers_assert_same(&p, 0, 1);
        for (unsigned round = 0; round < 40; round++) peers_write(&p, 0, "item", 0, 40, round % 2 ? "odd" : "even");
        peers_snapshot(&p, 0);
    }
    wire_close(&w);
    peers_end(&p);
}

/* SAMPLED, of a snapshot that has no items: nothing is drawn, and all of nothing is right. */
static void test_sample_of_nothing(void **state) {
    (void)state;
    peers p;
    wire w;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_SAMPLED;
    options.attestations = 1;
    begin(&p, 16, 0);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, &options);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 3000);
    assert_up_to_date(&p, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_true(state_of_exchange(&p, 1).detection == 1.0);
    wire_close(&w);
    peers_end(&p);
}

/* ---- answers that are none ---- */

typedef enum wrong { WRONG_BYTES, WRONG_LONG, WRONG_ID, WRONG_UNASKED, WRONG_DELTA, WRONG_FORM, WRONG_COUNT } wrong;

typedef struct wronging {
    script s;
    wrong how;
    unsigned wants;
} wronging;

/* True answers, but for the second chunk. */
static void answer_wrongly(puppet *u, uint8_t type, echo_bytes payload) {
    wronging *g = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    echo__buf out = ECHO__BUF_INIT;
    if (type == ECHO__MESSAGE_ASK) puppet_offer(u, id, echo__buf_bytes(&g->s.manifest), g->s.feeds, g->s.feed_count);
    if (type != ECHO__MESSAGE_WANT) return;
    if (g->wants++ != 1) {
        puppet_answer_honestly(u, &g->s.p->members[0], type, payload);
        return;
    }
    if (g->how == WRONG_UNASKED) { /* the true one, and then it again */
        puppet_answer_honestly(u, &g->s.p->members[0], type, payload);
        puppet_answer_honestly(u, &g->s.p->members[0], type, payload);
        return;
    }
    if (g->how == WRONG_ID) { /* the true one, of another question */
        echo__buf other = ECHO__BUF_INIT;
        echo__write_u32(&other, id + 1);
        echo__buf_append(&other, payload.data + 4, payload.len - 4);
        puppet_answer_honestly(u, &g->s.p->members[0], type, echo__buf_bytes(&other));
        echo__buf_free(&other);
        return;
    }
    echo__write_u32(&out, id);
    echo__buf_byte(&out, g->how == WRONG_DELTA ? ECHO__CHUNK_DELTA : g->how == WRONG_FORM ? 3 : ECHO__CHUNK_WHOLE);
    echo__buf_append(&out, "\1\0\0\0\1x", 6);
    while (g->how == WRONG_LONG && out.len < ((size_t)3 << 20)) echo__buf_text(&out, "more and more ");
    puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
}

/* Named, dropped, and nothing of it taken; what it owed comes from another. */
static void test_wrong_answers(void **state) {
    (void)state;
    for (wrong how = 0; how < WRONG_COUNT; how++) {
        peers p;
        wire w;
        puppet u;
        static wronging g;
        begin(&p, 19, 300);
        peers_exchange(&p, 0, NULL);
        peers_exchange(&p, 1, NULL);
        memset(&g, 0, sizeof g);
        script_begin(&g.s, &p);
        g.how = how;
        puppet_begin(&u, &p, 1, &p.members[2].keys, true);
        u.hear = answer_wrongly;
        u.arg = &g;
        start(&p, 1);
        run(&p, NULL, &u, 200);
        if (!echo_peer_is_over(u.peer)) fail_msg("%d: it was not dropped", (int)how);
        assert_int_equal(p.members[1].events[ECHO_EXCHANGE_EVENT_DROPPED], 1);
        echo_status code = p.members[1].last_error.code; /* LIMIT: no chunk may come at all */
        if (how == WRONG_LONG || (how == WRONG_UNASKED && code != ECHO_ERR_CORRUPT))
            assert_int_equal(code, ECHO_ERR_LIMIT);
        else
            assert_int_equal(code, ECHO_ERR_CORRUPT);
        assert_in_range(state_of_exchange(&p, 1).chunks_received, 1, 2);
        wire_open(&w, &p, 1, 0);
        run(&p, &w, &u, 3000);
        assert_up_to_date(&p, 1);
        assert_int_equal(state_of_exchange(&p, 1).installed, 1);
        peers_open(&p, 1);
        peers_assert_same(&p, 0, 1);
        puppet_end(&u);
        script_end(&g.s);
        wire_close(&w);
        peers_end(&p);
    }
}

/* A leaf that is longer than its manifest or node says is not taken, whatever its hash: memory is taken by what was
 * said. */
static void test_longer_than_said(void **state) {
    (void)state;
    peers p;
    puppet u;
    static script s;
    echo__manifest m;
    echo_error err = ECHO_ERROR_INIT;
    begin(&p, 20, 30);
    peers_exchange(&p, 1, NULL);
    script_begin(&s, &p);
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
    assert_true(m.items.height > 0);
    m.items.height = 0;
    m.items.items = 1;
    m.items.bytes = 10;
    echo__buf_clear(&s.manifest);
    assert_ok(echo__manifest_write(&s.manifest, &m, &p.members[2].keys, &err), &err);
    echo__manifest_free(&m);
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = play;
    u.arg = &s;
    start(&p, 1);
    run(&p, NULL, &u, 200);
    assert_true(echo_peer_is_over(u.peer));
    assert_int_equal(p.members[1].last_error.code, ECHO_ERR_LIMIT);
    puppet_end(&u);
    script_end(&s);
    peers_end(&p);
}

/* Deltas that give other chunks: each is asked for again, in full, and nothing is taken on trust. */
static void nonsense_deltas(puppet *u, uint8_t type, echo_bytes payload) {
    script *s = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    echo__buf out = ECHO__BUF_INIT;
    if (type != ECHO__MESSAGE_WANT || payload.len <= 36) {
        play(u, type, payload);
        return;
    }
    s->held_count++;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, ECHO__CHUNK_DELTA);
    echo__buf_append(&out, "\0\0\0", 3); /* the first line of the base */
    puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
}

static void test_lied_deltas(void **state) {
    (void)state;
    peers p;
    wire w;
    puppet u;
    static script s;
    begin(&p, 21, 2000);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 100000);
    wire_close(&w);
    peers_switch(&p, 1);
    peers_exchange_end(&p, 1);
    for (unsigned round = 0; round < 60; round++)
        for (size_t n = 0; n < 20; n++) peers_write(&p, 0, "item", n * 97, n * 97 + 1, round % 2 ? "odd" : "even");
    peers_snapshot(&p, 0);
    peers_exchange(&p, 1, NULL);
    script_begin(&s, &p);
    puppet_begin(&u, &p, 1, &p.members[2].keys, true);
    u.hear = nonsense_deltas;
    u.arg = &s;
    start(&p, 1);
    run(&p, NULL, &u, 3000);
    assert_true(s.held_count > 10);
    assert_up_to_date(&p, 1);
    assert_int_equal(state_of_exchange(&p, 1).dropped, 0);
    assert_int_equal(state_of_exchange(&p, 1).installed, 2);
    peers_switch(&p, 1);
    peers_assert_same(&p, 0, 1);
    puppet_end(&u);
    script_end(&s);
    peers_end(&p);
}

/* Words that members never gave do not count. */
static void test_words_nobody_gave(void **state) {
    (void)state;
    for (unsigned given = 0; given < 2; given++) {
        peers p;
        puppet u;
        static script s;
        echo__manifest m;
        echo_hash digest;
        echo_error err = ECHO_ERROR_INIT;
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        begin(&p, 22, 30);
        options.trust = ECHO_TRUST_ATTESTED;
        options.attestations = 2;
        peers_exchange(&p, 1, &options);
        script_begin(&s, &p);
        assert_ok(echo__manifest_read(&m, echo__buf_bytes(&s.manifest), &err), &err);
        assert_int_equal(echo__manifest_digest(&digest, &m), ECHO_OK);
        echo__attestation word;
        echo__attest(&word, &digest, &p.members[2].keys);
        if (!given) word.signature[9] ^= 1;
        assert_int_equal(echo__manifest_attested(&m, &word), ECHO_OK);
        assert_int_equal(m.attestation_count, 2);
        echo__buf_clear(&s.manifest);
        assert_ok(echo__manifest_write(&s.manifest, &m, &p.members[2].keys, &err), &err);
        echo__manifest_free(&m);
        puppet_begin(&u, &p, 1, &p.members[2].keys, true);
        u.hear = play;
        u.arg = &s;
        start(&p, 1);
        run(&p, NULL, &u, 3000);
        assert_up_to_date(&p, 1);
        assert_int_equal(state_of_exchange(&p, 1).installed, given);
        assert_int_equal(state_of_exchange(&p, 1).attested, 1 + given);
        puppet_end(&u);
        script_end(&s);
        peers_end(&p);
    }
}

/* Who was taken as a peer before anybody knew better is dropped when the party is open. */
static void test_no_member_after_all(void **state) {
    (void)state;
    peers p;
    wire w;
    puppet u;
    echo_keypair stranger;
    begin(&p, 23, 30);
    assert_int_equal(echo_keypair_new(&stranger), ECHO_OK);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    puppet_begin(&u, &p, 1, &stranger, true);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, &u, 100);
    assert_false(echo_peer_is_over(u.peer));
    puppet_end(&u);
    start(&p, 1);
    run(&p, &w, NULL, 3000);
    assert_up_to_date(&p, 1);
    puppet_begin(&u, &p, 1, &stranger, true);
    run(&p, &w, &u, 100);
    assert_false(echo_peer_is_over(u.peer));
    peers_switch(&p, 1);
    assert_true(echo_peer_is_over(u.peer));
    assert_int_equal(p.members[1].last_error.code, ECHO_ERR_REFUSED);
    assert_false(echo_peer_is_over(w.ends[0]));
    puppet_end(&u);
    wire_close(&w);
    peers_end(&p);
}

typedef struct removing {
    const echo_exchange *x;
    echo_hash names[4096];
    size_t count;
} removing;

static echo_status note_unfetched(void *arg, const echo_hash *name) {
    removing *r = arg;
    if (echo__hash_set_get(&r->x->items.names, name) == 0 && r->count < 4096) r->names[r->count++] = *name;
    return ECHO_OK;
}

static void assert_whole(peers *p, size_t i) {
    echo__chunks *chunks;
    echo__manifest m;
    echo__buf text;
    echo_error err = ECHO_ERROR_INIT;
    newest_manifest(&text, p, i);
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&text), &err), &err);
    assert_int_equal(echo__chunks_new(&chunks, &p->members[i].own), ECHO_OK);
    assert_ok(echo__tree_verify(chunks, &m.items, NULL, &err), &err);
    assert_ok(echo__tree_verify(chunks, &m.credentials, NULL, &err), &err);
    echo__chunks_free(chunks);
    echo__manifest_free(&m);
    echo__buf_free(&text);
}

/* What the snapshot before has too is not fetched; when that one and its chunks are removed meanwhile, it is. */
static void test_base_goes_away(void **state) {
    (void)state;
    peers p;
    wire w;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    static removing r;
    begin(&p, 17, 2000);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 100000);
    assert_up_to_date(&p, 1);
    wire_close(&w);
    peers_switch(&p, 1);
    peers_exchange_end(&p, 1);
    echo__root base = p.members[1].party->root;
    for (unsigned round = 0; round < 60; round++)
        for (size_t n = 0; n < 20; n++) peers_write(&p, 0, "item", n * 97, n * 97 + 1, round % 2 ? "odd" : "even");
    peers_snapshot(&p, 0);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    for (unsigned round = 0; round < 100000 && state_of_exchange(&p, 1).chunks_received < 5; round++) {
        (void)wire_carry(&w);
        step_all(&p, 1000000);
    }
    assert_int_equal(state_of_exchange(&p, 1).phase, ECHO_EXCHANGE_PHASE_ITEMS);
    r.x = p.members[1].exchange;
    r.count = 0;
    const echo_store *store = &p.members[1].own;
    assert_int_equal(echo__chunks_new(&chunks, store), ECHO_OK);
    assert_ok(echo__tree_reach(chunks, &base, note_unfetched, &r, &err), &err);
    echo__chunks_free(chunks);
    assert_true(r.count > 20);
    assert_ok(store->ops->remove(store->ctx, &p.party.public_key, 1, &err), &err);
    assert_ok(store->ops->remove_chunks(store->ctx, r.names, r.count, &err), &err);
    run(&p, &w, NULL, 100000);
    assert_up_to_date(&p, 1);
    assert_true(state_of_exchange(&p, 1).installed > 0);
    assert_whole(&p, 1);
    echo_exchange_set_party(p.members[1].exchange, NULL);
    echo_party_free(p.members[1].party); /* what it reads from is gone */
    peers_open(&p, 1);
    peers_assert_same(&p, 0, 1);
    wire_close(&w);
    peers_end(&p);
}

/* The party is opened from what is still being fetched, and told; then the connection ends. What it covers is not here
 * yet. */
static void test_party_of_half_a_snapshot(void **state) {
    (void)state;
    peers p;
    wire w;
    echo_party *half;
    echo_error err = ECHO_ERROR_INIT;
    begin(&p, 18, 3000);
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    for (unsigned round = 0; round < 100000 && state_of_exchange(&p, 1).chunks_received < 20; round++) {
        (void)wire_carry(&w);
        step_all(&p, 1000000);
    }
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    options.party = &p.party.public_key;
    options.feeds = &p.members[1].feeds;
    options.store = echo_exchange_store(p.members[1].exchange);
    options.models = p.models;
    options.writable = false;
    assert_non_null(options.store);
    assert_ok(echo_party_restore(&half, &options, &err), &err);
    echo_exchange_set_party(p.members[1].exchange, half);
    wire_close(&w);
    step_all(&p, 1000000);
    wire_open(&w, &p, 1, 0);
    run(&p, &w, NULL, 100000);
    assert_up_to_date(&p, 1);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    assert_whole(&p, 1);
    start(&p, 1); /* nothing is new */
    run(&p, &w, NULL, 100000);
    assert_int_equal(state_of_exchange(&p, 1).installed, 1);
    assert_int_equal(state_of_exchange(&p, 1).blocks_received, 0);
    echo_exchange_set_party(p.members[1].exchange, NULL);
    echo_party_free(half);
    peers_switch(&p, 1);
    peers_assert_same(&p, 0, 1);
    wire_close(&w);
    peers_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta_of_the_target_before),
        cmocka_unit_test(test_connection_again),
        cmocka_unit_test(test_touching_what_nobody_has),
        cmocka_unit_test(test_finish_with_a_queue),
        cmocka_unit_test(test_ever_new_nonsense),
        cmocka_unit_test(test_roots_that_are_none),
        cmocka_unit_test(test_empty_snapshot),
        cmocka_unit_test(test_very_many_feeds),
        cmocka_unit_test(test_blocks_without_end),
        cmocka_unit_test(test_requests_at_once),
        cmocka_unit_test(test_slow_and_large),
        cmocka_unit_test(test_questions_without_end),
        cmocka_unit_test(test_server_rots),
        cmocka_unit_test(test_admitted_behind_the_snapshot),
        cmocka_unit_test(test_second_target),
        cmocka_unit_test(test_sample_of_nothing),
        cmocka_unit_test(test_base_goes_away),
        cmocka_unit_test(test_party_of_half_a_snapshot),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_longer_than_said),
        cmocka_unit_test(test_lied_deltas),
        cmocka_unit_test(test_words_nobody_gave),
        cmocka_unit_test(test_no_member_after_all),
    };
    const char *only = getenv("ECHO_TEST_ONLY");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
