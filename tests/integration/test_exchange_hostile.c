/*
 * Members who mean harm, on both sides, and hosts that do everything in the wrong moment: nobody is held up for ever,
 * made to hold what has no bound, or dropped for what another did.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "exchange/peer.h"
#include "feed/credentials.h"
#include "store/store.h"
#include "support/feed_fault.h"
#include "support/puppet.h"
#include "support/state.h"
#include "support/still_clock.h"
#include "tree/reach.h"
#include "tree/update.h"
#include "tree/verify.h"

/* What a puppet that joins in does. */
typedef struct script {
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
    unsigned asks, wants;
    unsigned wrong; /* how it answers wrongly */
    echo__offered_feed room[NETWORK_MEMBERS];
} script;

/*
 * Three members, of whom member 0 has a snapshot and member 1 fetches; a connection between these two; and a puppet,
 * which plays member 2 for one of them. A test opens what it needs, and finish() closes it.
 */
typedef struct scenario {
    network n;
    wire w;
    puppet u;
    script s;
    bool wired, played;
    size_t fetches; /* which member: 1, unless the test says otherwise */
} scenario;

static scenario *set_up(uint64_t seed, size_t members) {
    static scenario c;
    memset(&c, 0, sizeof c);
    network_begin(&c.n, seed, members);
    network_open(&c.n, 0);
    c.s.hold = UINT32_MAX;
    c.fetches = 1;
    return &c;
}

static scenario *begin(uint64_t seed, size_t items) {
    scenario *c = set_up(seed, 3);
    network_write(&c->n, 0, "item", 0, items, "text");
    network_snapshot(&c->n, 0);
    return c;
}

static void disconnect(scenario *c) {
    if (c->wired) wire_close(&c->w);
    c->wired = false;
}

static void dismiss(scenario *c) {
    if (c->played) puppet_end(&c->u);
    c->played = false;
}

static void finish(scenario *c) {
    dismiss(c);
    echo__buf_free(&c->s.manifest);
    echo__buf_free(&c->s.made);
    disconnect(c);
    network_end(&c->n);
}

/* Member 0 serves and member 1 fetches. */
static void exchange(scenario *c, const echo_exchange_options *options) {
    network_exchange(&c->n, 0, NULL);
    network_exchange(&c->n, 1, options);
}

static void start(scenario *c) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(c->n.members[c->fetches].exchange, &err), &err);
}

static void connect_members(scenario *c) {
    wire_open(&c->w, &c->n, 1, 0);
    c->wired = true;
}

static echo_exchange_state fetched(scenario *c) {
    echo_exchange_state s;
    echo_exchange_state_get(&s, c->n.members[c->fetches].exchange);
    return s;
}

static unsigned events_of(const scenario *c, echo_exchange_event_kind kind) {
    return c->n.members[c->fetches].events[kind];
}

static void assert_up_to_date(scenario *c) {
    if (events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE) == 0)
        fail_msg("phase %s: %s", echo_exchange_phase_name(fetched(c).phase),
                 c->n.members[c->fetches].last_error.message);
}

static void assert_installed(scenario *c, uint64_t number) {
    assert_up_to_date(c);
    assert_int_equal(fetched(c).installed, number);
}

/* Member 1 has opened, or moved to, what it fetched. */
static void assert_same(scenario *c) {
    network_switch(&c->n, 1);
    network_assert_same(&c->n, 0, 1);
}

static void step_all(scenario *c, uint64_t ns) {
    echo_error err = ECHO_ERROR_INIT;
    c->n.now_ns += ns;
    for (size_t i = 0; i < c->n.count; i++)
        if (c->n.members[i].exchange != NULL)
            assert_ok(echo_exchange_step(c->n.members[i].exchange, c->n.now_ns, &err), &err);
}

/* Everybody who is connected talks until nothing moves, or `rounds` times. */
static void run(scenario *c, unsigned rounds) {
    for (unsigned round = 0, idle = 0; round < rounds && idle < 3; round++) {
        bool moved = c->wired && wire_carry(&c->w);
        if (c->played) moved = puppet_carry(&c->u) || moved;
        step_all(c, 1000000);
        idle = moved ? 0 : idle + 1;
    }
}

static void fetch(scenario *c, unsigned rounds) {
    start(c);
    run(c, rounds);
}

/* The members talk until member 1 has received that many chunks. */
static void run_to_chunks(scenario *c, uint64_t chunks) {
    for (unsigned round = 0; round < 100000 && fetched(c).chunks_received < chunks; round++) {
        (void)wire_carry(&c->w);
        step_all(c, 1000000);
    }
}

static void change_scattered(scenario *c, unsigned rounds, const char *odd, const char *even) {
    for (unsigned round = 0; round < rounds; round++)
        for (size_t n = 0; n < 20; n++) network_write(&c->n, 0, "item", n * 97, n * 97 + 1, round % 2 ? odd : even);
    network_snapshot(&c->n, 0);
}

/* Member 1 has joined, and member 0 has a newer snapshot. */
static void join_before(scenario *c) {
    exchange(c, NULL);
    connect_members(c);
    fetch(c, 100000);
    assert_up_to_date(c);
    disconnect(c);
    network_switch(&c->n, 1);
    network_exchange_end(&c->n, 1);
    change_scattered(c, 60, "odd", "even");
}

/* ---- what a puppet that joins in can offer ---- */

static echo_status copy_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    (void)number;
    if (out->len == 0) echo__buf_append(out, text.data, text.len);
    return out->status;
}

static void newest_manifest(echo__buf *out, network *p, size_t i) {
    echo_error err = ECHO_ERROR_INIT;
    *out = (echo__buf)ECHO__BUF_INIT;
    assert_ok(p->members[i].own.ops->list(p->members[i].own.ctx, &p->party.public_key, copy_newest, out, &err), &err);
}

static size_t feeds_of(echo__offered_feed *out, network *p, const member *m) {
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

/* The puppet offers what honest member 0 has. */
static void write_script(scenario *c) {
    newest_manifest(&c->s.manifest, &c->n, 0);
    c->s.feeds = c->s.room;
    c->s.feed_count = feeds_of(c->s.room, &c->n, &c->n.members[0]);
}

/* The offered manifest, to be changed, and then signed by member 2. */
static void read_offer(echo__manifest *out, const scenario *c) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__manifest_read(out, echo__buf_bytes(&c->s.manifest), &err), &err);
}

static void sign_offer(scenario *c, echo__manifest *m) {
    echo_error err = ECHO_ERROR_INIT;
    echo__buf_clear(&c->s.manifest);
    assert_ok(echo__manifest_write(&c->s.manifest, m, &c->n.members[2].keys, &err), &err);
    echo__manifest_free(m);
}

/* Connects a puppet to a member. */
static void send_puppet(scenario *c, size_t to, const echo_keypair *keys,
                        void (*hear)(puppet *u, uint8_t type, echo_bytes payload)) {
    puppet_begin(&c->u, &c->n, to, keys, to == 1);
    c->u.hear = hear;
    c->u.arg = c;
    c->played = true;
}

/* The puppet is the member that member 1 fetches from. */
static void play_member(scenario *c, void (*hear)(puppet *u, uint8_t type, echo_bytes payload)) {
    send_puppet(c, 1, &c->n.members[2].keys, hear);
}

/* A manifest of our own, which covers more than anybody's; its items are one chunk of nonsense. */
static void make_up(scenario *c) {
    script *s = &c->s;
    echo__manifest m;
    read_offer(&m, c);
    echo__buf_clear(&s->made);
    echo__buf_text(&s->made, "nonsense ");
    echo__buf_u64(&s->made, s->asks);
    echo__hash(&m.items.hash, s->made.data, s->made.len);
    m.items.height = 0;
    m.items.items = 3;
    m.items.bytes = s->made.len;
    m.attestation_count = 0;
    assert_int_equal(echo_timeframe_set(m.timeframe, &c->n.members[2].keys.public_key, 1000), ECHO_OK);
    sign_offer(c, &m);
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
    scenario *c = u->arg;
    script *s = &c->s;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    if (type == ECHO__MESSAGE_ASK) {
        s->asks++;
        if (s->fresh) make_up(c);
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
    puppet_answer_honestly(u, &c->n.members[0], type, payload);
}

/* ---- hosts in the wrong moment ---- */

/* A delta comes for a target that was given up, while another is fetched. */
static void test_delta_of_the_target_before(void **state) {
    (void)state;
    scenario *c = begin(1, 2000);
    join_before(c);
    write_script(c);
    change_scattered(c, 20, "other", "another"); /* a newer one, which only the honest member offers */
    network_exchange(&c->n, 1, NULL);
    play_member(c, play);
    c->s.hold = 3;
    fetch(c, 1000);
    assert_true(c->s.held_count > 0);
    echo_peer_finish(c->u.peer); /* so nothing more is asked of it */
    run(c, 1000);
    connect_members(c);
    for (unsigned round = 0; round < 100000 && fetched(c).phase != ECHO_EXCHANGE_PHASE_ITEMS; round++) {
        (void)wire_carry(&c->w);
        step_all(c, 1000000);
    }
    assert_int_equal(fetched(c).phase, ECHO_EXCHANGE_PHASE_ITEMS);
    for (size_t i = 0; i < c->s.held_count; i++) {
        echo__buf out = ECHO__BUF_INIT;
        echo__buf_append(&out, c->s.held[i], 4);
        echo__buf_byte(&out, ECHO__CHUNK_DELTA);
        echo__buf_append(&out, "\0\0\0", 3);
        puppet_send(&c->u, ECHO__MESSAGE_CHUNK, &out);
    }
    run(c, 100000);
    assert_installed(c, 2);
    assert_same(c);
    finish(c);
}

/* A connection ends in the middle and is made again, while the exchange stays: it goes on with the same snapshot. */
static void test_connection_again(void **state) {
    (void)state;
    scenario *c = begin(2, 1500);
    exchange(c, NULL);
    start(c);
    unsigned cuts = 0;
    for (bool done = false; !done; cuts++) {
        connect_members(c);
        c->w.cut_after = 10000;
        run(c, 100000);
        done = events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE) > 0;
        disconnect(c);
        step_all(c, 1000000);
        step_all(c, 1000000);
        assert_in_range(cuts, 0, 100);
    }
    assert_true(cuts > 1);
    assert_installed(c, 1);
    assert_int_equal(fetched(c).blocks_received, 0); /* all is covered */
    assert_same(c);
    finish(c);
}

/* A host reads something that is of no snapshot of the peers: they have not got it, and are asked for the snapshot all
 * the same. */
static void test_touching_what_nobody_has(void **state) {
    (void)state;
    scenario *c = begin(3, 1500);
    exchange(c, NULL);
    start(c);
    connect_members(c);
    uint32_t touches = 0;
    for (unsigned round = 0; round < 100000 && events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE) == 0; round++) {
        (void)wire_carry(&c->w);
        const echo_store *store = echo_exchange_store(c->n.members[1].exchange);
        if (store != NULL && touches < 400) {
            echo_hash name;
            touches++;
            echo__hash(&name, &touches, sizeof touches);
            assert_int_equal(store->ops->get(store->ctx, &name, see_chunk, NULL, NULL), ECHO_ERR_PENDING);
        }
        step_all(c, 1000000);
    }
    assert_true(touches > 20);
    assert_installed(c, 1);
    assert_int_equal(fetched(c).blocks_received, 0);
    finish(c);
}

/* What a host reads does not hold on to a snapshot that nobody has any more: the next one is fetched instead. */
static void test_touching_when_everybody_left(void **state) {
    (void)state;
    scenario *c = begin(24, 1500);
    echo_error err = ECHO_ERROR_INIT;
    echo_hash name = {{1}};
    exchange(c, NULL);
    start(c);
    connect_members(c);
    run_to_chunks(c, 5);
    const echo_store *store = echo_exchange_store(c->n.members[1].exchange);
    assert_non_null(store);
    disconnect(c);
    assert_int_equal(store->ops->get(store->ctx, &name, see_chunk, NULL, NULL), ECHO_ERR_PENDING);
    step_all(c, 1000000);
    assert_int_equal(fetched(c).phase, ECHO_EXCHANGE_PHASE_ASKING);
    change_scattered(c, 20, "odd", "even");
    assert_ok(c->n.members[0].own.ops->remove(c->n.members[0].own.ctx, &c->n.party.public_key, 1, &err), &err);
    connect_members(c);
    run(c, 100000);
    assert_installed(c, 1);
    assert_same(c);
    finish(c);
}

/* Saying goodbye to a peer that waits for answers is no fault of the peer's. */
static void test_finish_with_a_queue(void **state) {
    (void)state;
    scenario *c = begin(4, 10);
    network_exchange(&c->n, 0, NULL);
    send_puppet(c, 0, &c->n.members[2].keys, NULL);
    run(c, 100);
    assert_int_equal(c->n.members[0].events[ECHO_EXCHANGE_EVENT_CONNECTED], 1);
    for (uint32_t i = 0; i < 5; i++) {
        echo__buf out = ECHO__BUF_INIT;
        echo_hash none = {{(uint8_t)i}};
        echo__write_u32(&out, i);
        echo__buf_append(&out, none.bytes, sizeof none.bytes);
        puppet_send(&c->u, ECHO__MESSAGE_WANT, &out);
    }
    echo_bytes bytes = echo__channel_pending(c->u.channel);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_peer_receive(c->u.peer, bytes, &err), &err);
    echo__channel_sent(c->u.channel, bytes.len);
    echo_peer_finish(c->u.peer);
    run(c, 100);
    assert_int_equal(c->n.members[0].events[ECHO_EXCHANGE_EVENT_DROPPED], 0);
    assert_true(echo__channel_is_finished(c->u.channel)); /* it heard the goodbye */
    finish(c);
}

/* ---- a member that lies to who joins ---- */

/* Each time it is asked it offers another snapshot that covers more than any, and is nonsense or not to be had. */
static void test_ever_new_nonsense(void **state) {
    (void)state;
    for (unsigned absent = 0; absent < 2; absent++) {
        scenario *c = begin(5, 300);
        exchange(c, NULL);
        write_script(c);
        c->s.fresh = true;
        c->s.absent = absent;
        play_member(c, play);
        connect_members(c);
        run(c, 100); /* both are connected */
        fetch(c, 3000);
        assert_installed(c, 1);
        assert_in_range(c->s.asks, 1, 10);
        assert_int_equal(fetched(c).blocks_received, 0);
        assert_same(c);
        finish(c);
    }
}

/* Roots that are none: no reason to stop, and nobody else's fault. */
static void test_roots_that_are_none(void **state) {
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        echo__manifest m;
        scenario *c = begin(6, 100);
        exchange(c, NULL);
        write_script(c);
        read_offer(&m, c);
        m.attestation_count = 0;
        memset(&m.items, 0, sizeof m.items);
        if (how == 0) m.items.bytes = 5;
        if (how == 1) m.items.height = 3;
        if (how == 2) {
            memset(&m.credentials, 0, sizeof m.credentials);
            m.credentials.height = 1;
        }
        assert_int_equal(echo_timeframe_set(m.timeframe, &c->n.members[2].keys.public_key, 1000), ECHO_OK);
        sign_offer(c, &m);
        play_member(c, play);
        connect_members(c);
        fetch(c, 3000);
        assert_installed(c, 1);
        assert_int_equal(events_of(c, ECHO_EXCHANGE_EVENT_FAILED), 0);
        finish(c);
    }
}

/* A snapshot of nothing, of a party whose members the hosts know by themselves: there is no chunk to hold on to. */
static void test_empty_snapshot(void **state) {
    (void)state;
    echo__manifest m;
    scenario *c = begin(7, 10);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.members = &c->n.members[2].keys.public_key;
    options.member_count = 1;
    network_exchange(&c->n, 1, &options);
    write_script(c);
    read_offer(&m, c);
    m.attestation_count = 0;
    memset(&m.items, 0, sizeof m.items);
    memset(&m.credentials, 0, sizeof m.credentials);
    sign_offer(c, &m);
    play_member(c, play);
    fetch(c, 1000);
    assert_installed(c, 1);
    assert_int_equal(c->s.asks, 1);
    finish(c);
}

static echo_status count_feed(void *arg, const echo_key *key) {
    (void)key;
    ++*(size_t *)arg;
    return ECHO_OK;
}

static size_t feeds_here(network *p, size_t i) {
    size_t n = 0;
    assert_int_equal(p->members[i].feeds.ops->list(p->members[i].feeds.ctx, count_feed, &n, NULL), ECHO_OK);
    return n;
}

/* As many feeds as an offer can hold, and none of them is one: nothing is made of them, and it does not take for ever.
 */
static void test_very_many_feeds(void **state) {
    (void)state;
    scenario *c = set_up(8, 3);
    network_write(&c->n, 0, "item", 0, 50, "text"); /* and no snapshot, so that nothing tells which feeds there are */
    exchange(c, NULL);
    c->s.feed_count = ECHO__FEEDS_MAX;
    c->s.feeds = calloc(c->s.feed_count, sizeof *c->s.feeds);
    for (size_t i = 0; i < c->s.feed_count; i++) {
        c->s.feeds[i].key.bytes[0] = (uint8_t)(i >> 16);
        c->s.feeds[i].key.bytes[1] = (uint8_t)(i >> 8);
        c->s.feeds[i].key.bytes[2] = (uint8_t)i;
        c->s.feeds[i].length = 50;
    }
    play_member(c, play);
    connect_members(c);
    run(c, 100);
    fetch(c, 3000);
    assert_up_to_date(c);
    assert_in_range(feeds_here(&c->n, 1), 1, 3);
    assert_same(c);
    dismiss(c);
    free(c->s.feeds);
    finish(c);
}

/* Answers for the first feed, and holds what it is asked about the last. */
static void hold_last_feed(puppet *u, uint8_t type, echo_bytes payload) {
    scenario *c = u->arg;
    script *s = &c->s;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    if (type == ECHO__MESSAGE_ASK) puppet_offer(u, id, echo__bytes(NULL, 0), s->feeds, s->feed_count);
    if (type != ECHO__MESSAGE_TAIL) return;
    if (memcmp(r.rest.data, s->feeds[s->feed_count - 1].key.bytes, 32) != 0)
        puppet_answer_honestly(u, &c->n.members[0], type, payload);
    else
        memcpy(s->held[s->held_count++], payload.data, 4);
}

/* Blocks that belong to nothing any more, without end: they do not keep a peer that owes another answer. */
static void test_blocks_without_end(void **state) {
    (void)state;
    feed_fault f;
    scenario *c = begin(9, 50);
    echo_feeds own = c->n.members[1].feeds;
    feed_fault_init(&f, &own);
    c->n.members[1].feeds = f.feeds;
    network_exchange(&c->n, 1, NULL);
    write_script(c);
    memset(&c->s.feeds[c->s.feed_count], 0xff, sizeof *c->s.feeds);
    c->s.feeds[c->s.feed_count++].length = 50;
    play_member(c, hold_last_feed);
    start(c);
    feed_fault_plan(&f, FEED_FAULT_PUT, 1, ECHO_ERR_IO);
    run(c, 1000);
    assert_int_equal(events_of(c, ECHO_EXCHANGE_EVENT_FAILED), 1); /* the rest of what was asked is of no use */
    assert_int_equal(c->s.held_count, 1);
    c->u.hear = NULL; /* it owes the answer before the next offer */
    start(c);
    for (unsigned round = 0; round < 100 && !echo_peer_is_over(c->u.peer); round++) {
        echo__buf out = ECHO__BUF_INIT;
        echo__buf_append(&out, c->s.held[0], 4);
        echo__buf_byte(&out, ECHO__BLOCKS_MORE);
        puppet_send(&c->u, ECHO__MESSAGE_BLOCKS, &out);
        (void)puppet_carry(&c->u);
        step_all(c, UINT64_C(3000000000));
    }
    assert_true(echo_peer_is_over(c->u.peer));
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_IO);
    dismiss(c);
    network_exchange_end(&c->n, 1);
    c->n.members[1].feeds = own;
    finish(c);
}

/* However wide the window, a peer is not asked for more at once than it takes. */
static void test_requests_at_once(void **state) {
    (void)state;
    echo__manifest m;
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    static const echo__root empty;
    enum { ITEMS = 20000 };
    scenario *c = begin(10, 5);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.window = (size_t)1 << 30;
    network_exchange(&c->n, 1, &options);
    write_script(c);
    read_offer(&m, c);
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
    assert_int_equal(echo__chunks_new(&chunks, &c->n.members[0].own), ECHO_OK);
    assert_ok(echo__tree_update(&m.items, chunks, &empty, changes, ITEMS, &err), &err);
    echo__chunks_free(chunks);
    assert_ok(echo__store_flush(&c->n.members[0].own, &err), &err);
    sign_offer(c, &m);
    c->s.hold = 0;
    play_member(c, play);
    start(c);
    size_t most = 0;
    for (unsigned round = 0; round < 20000 && events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE) == 0; round++) {
        for (size_t n = (c->s.held_count - c->s.held_at + 7) / 8; n > 0;
             n--, c->s.held_at++) { /* a few each time: others wait */
            echo__buf want = ECHO__BUF_INIT;
            echo__buf_append(&want, c->s.held[c->s.held_at], 4);
            echo__buf_append(&want, c->s.held_hash[c->s.held_at].bytes, 32);
            puppet_answer_honestly(&c->u, &c->n.members[0], ECHO__MESSAGE_WANT, echo__buf_bytes(&want));
            echo__buf_free(&want);
        }
        (void)puppet_carry(&c->u);
        step_all(c, 1000000);
        if (c->n.members[1].exchange->peers->request_count > most)
            most = c->n.members[1].exchange->peers->request_count;
    }
    assert_in_range(most, ECHO__REQUESTS_MAX / 2, ECHO__REQUESTS_MAX);
    assert_int_equal(fetched(c).installed, 1);
    dismiss(c);
    free(changes);
    free(ids);
    free(lines);
    finish(c);
}

/* A large payload over a slow connection takes longer than a peer may stay silent: bytes of it are no silence. */
static void test_slow_and_large(void **state) {
    (void)state;
    enum { LARGE = 3000000 };
    scenario *c = set_up(11, 2);
    char *value = malloc(LARGE);
    for (size_t i = 0; i + 1 < LARGE; i++) value[i] = (char)('a' + network_random(&c->n, 26));
    value[LARGE - 1] = '\0';
    network_write(&c->n, 0, "large", 0, 1, value);
    free(value);
    network_snapshot(&c->n, 0);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.stall_ns = 2000000000;
    exchange(c, &options);
    start(c);
    connect_members(c);
    for (unsigned round = 0; round < 100000 && events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE) == 0 && !c->w.broken;
         round++) {
        uint64_t before = c->w.carried[1];
        (void)wire_carry(&c->w);
        step_all(c, 1000 + (c->w.carried[1] - before) * 2500); /* 400 kB a second */
    }
    assert_int_equal(fetched(c).dropped, 0);
    assert_up_to_date(c);
    finish(c);
}

/* ---- a member that wants too much ---- */

/* Questions of 4 MB each, which pack to nothing, and no answer is taken: what is queued has a bound. */
static void test_questions_without_end(void **state) {
    (void)state;
    scenario *c = begin(12, 10);
    network_exchange(&c->n, 0, NULL);
    send_puppet(c, 0, &c->n.members[2].keys, NULL);
    run(c, 100);
    echo__buf ask = ECHO__BUF_INIT;
    for (size_t i = 0; i < 4 + (size_t)ECHO__FEEDS_MAX * 40; i++) echo__buf_byte(&ask, 0);
    for (unsigned i = 0; i < 30 && !echo_peer_is_over(c->u.peer); i++) {
        echo_error err = ECHO_ERROR_INIT;
        puppet_say(&c->u, ECHO__MESSAGE_ASK, &ask);
        for (echo_bytes bytes;
             (bytes = echo__channel_pending(c->u.channel)).len > 0 && !echo_peer_is_over(c->u.peer);) {
            (void)!echo_peer_receive(c->u.peer, bytes, &err);
            echo__channel_sent(c->u.channel, bytes.len);
        }
        size_t held = 0;
        for (const echo__question *one = c->n.members[0].exchange->peers->wanted; one != NULL; one = one->next)
            held += one->len;
        assert_in_range(held, 0, (size_t)40 << 20);
    }
    assert_true(echo_peer_is_over(c->u.peer));
    echo__buf_free(&ask);
    finish(c);
}

/* ---- a member whose disk rots ---- */

/* It says that it has no such chunk, and is no liar: the newcomer gets the messages instead. */
static void test_server_rots(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    scenario *c = begin(13, 300);
    write_script(c);
    echo__manifest m;
    read_offer(&m, c);
    echo_bytes rot = echo__bytes("rot", 3);
    assert_ok(c->n.members[0].own.ops->put(NULL, c->n.members[0].own.ctx, &m.items.hash, &rot, 1, &err), &err);
    assert_ok(echo__store_flush(&c->n.members[0].own, &err), &err);
    echo__manifest_free(&m);
    exchange(c, NULL);
    connect_members(c);
    fetch(c, 3000);
    assert_int_equal(fetched(c).dropped, 0);
    assert_up_to_date(c);
    network_open(&c->n, 1);
    assert_int_equal(
        echo_timeframe_compare(echo_party_clock(c->n.members[0].party), echo_party_clock(c->n.members[1].party)),
        ECHO_ORDER_EQUAL);
    finish(c);
}

/* ---- who is admitted later ---- */

static void append_admission(network *p, const echo_key *key) {
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
    scenario *c = set_up(14, 3);
    assert_int_equal(echo_keypair_new(&c->n.members[1].keys), ECHO_OK);
    echo_feeds_close(&c->n.members[1].feeds);
    assert_int_equal(echo_feeds_new_memory(&c->n.members[1].feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&c->n.members[1].feeds, &c->n.members[1].keys), ECHO_OK);
    network_write(&c->n, 0, "item", 0, 300, "text");
    network_snapshot(&c->n, 0);
    append_admission(&c->n, &c->n.members[1].keys.public_key);
    exchange(c, NULL);
    connect_members(c);
    fetch(c, 3000);
    assert_up_to_date(c);
    disconnect(c);
    network_exchange_end(&c->n, 0);
    network_switch(&c->n, 1);
    network_exchange(&c->n, 2, NULL);
    c->fetches = 2;
    wire_open(&c->w, &c->n, 2, 1);
    c->wired = true;
    fetch(c, 3000);
    assert_int_equal(fetched(c).dropped, 0);
    assert_installed(c, 1);
    network_open(&c->n, 2);
    network_assert_same(&c->n, 0, 2);
    finish(c);
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
    scenario *c = begin(15, 400);
    exchange(c, NULL);
    connect_members(c);
    for (unsigned times = 1; times < 4; times++) {
        uint64_t total = 0;
        fetch(c, 100000);
        assert_int_equal(events_of(c, ECHO_EXCHANGE_EVENT_UP_TO_DATE), times);
        assert_int_equal(events_of(c, ECHO_EXCHANGE_EVENT_USABLE), times);
        assert_int_equal(fetched(c).installed, times);
        const echo_store *store = echo_exchange_store(c->n.members[1].exchange);
        assert_int_equal(store->ops->list(store->ctx, &c->n.party.public_key, note_number, &total, NULL), ECHO_OK);
        assert_true(total == echo_timeframe_total(echo_party_clock(c->n.members[0].party)));
        assert_same(c);
        for (unsigned round = 0; round < 40; round++)
            network_write(&c->n, 0, "item", 0, 40, round % 2 ? "odd" : "even");
        network_snapshot(&c->n, 0);
    }
    finish(c);
}

/* SAMPLED, of a snapshot that has no items: nothing is drawn, and all of nothing is right. */
static void test_sample_of_nothing(void **state) {
    (void)state;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_SAMPLED;
    options.attestations = 1;
    scenario *c = begin(16, 0);
    exchange(c, &options);
    connect_members(c);
    fetch(c, 3000);
    assert_installed(c, 1);
    assert_true(fetched(c).detection == 1.0);
    finish(c);
}

/* ---- answers that are none ---- */

typedef enum wrong { WRONG_BYTES, WRONG_LONG, WRONG_ID, WRONG_UNASKED, WRONG_DELTA, WRONG_FORM, WRONG_COUNT } wrong;

/* True answers, but for the second chunk. */
static void answer_wrongly(puppet *u, uint8_t type, echo_bytes payload) {
    scenario *c = u->arg;
    script *s = &c->s;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    echo__buf out = ECHO__BUF_INIT;
    if (type == ECHO__MESSAGE_ASK) puppet_offer(u, id, echo__buf_bytes(&s->manifest), s->feeds, s->feed_count);
    if (type != ECHO__MESSAGE_WANT) return;
    if (s->wants++ != 1) {
        puppet_answer_honestly(u, &c->n.members[0], type, payload);
        return;
    }
    if (s->wrong == WRONG_UNASKED) { /* the true one, and then it again */
        puppet_answer_honestly(u, &c->n.members[0], type, payload);
        puppet_answer_honestly(u, &c->n.members[0], type, payload);
        return;
    }
    if (s->wrong == WRONG_ID) { /* the true one, of another question */
        echo__buf other = ECHO__BUF_INIT;
        echo__write_u32(&other, id + 1);
        echo__buf_append(&other, payload.data + 4, payload.len - 4);
        puppet_answer_honestly(u, &c->n.members[0], type, echo__buf_bytes(&other));
        echo__buf_free(&other);
        return;
    }
    echo__write_u32(&out, id);
    echo__buf_byte(&out, s->wrong == WRONG_DELTA ? ECHO__CHUNK_DELTA : s->wrong == WRONG_FORM ? 3 : ECHO__CHUNK_WHOLE);
    echo__buf_append(&out, "\1\0\0\0\1x", 6);
    while (s->wrong == WRONG_LONG && out.len < ((size_t)3 << 20)) echo__buf_text(&out, "more and more ");
    puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
}

/* Named, dropped, and nothing of it taken; what it owed comes from another. */
static void test_wrong_answers(void **state) {
    (void)state;
    for (wrong how = 0; how < WRONG_COUNT; how++) {
        scenario *c = begin(19, 300);
        exchange(c, NULL);
        write_script(c);
        c->s.wrong = how;
        play_member(c, answer_wrongly);
        fetch(c, 200);
        if (!echo_peer_is_over(c->u.peer)) fail_msg("%d: it was not dropped", (int)how);
        assert_int_equal(events_of(c, ECHO_EXCHANGE_EVENT_DROPPED), 1);
        echo_status code = c->n.members[1].last_error.code; /* LIMIT: no chunk may come at all */
        if (how == WRONG_LONG || (how == WRONG_UNASKED && code != ECHO_ERR_CORRUPT))
            assert_int_equal(code, ECHO_ERR_LIMIT);
        else
            assert_int_equal(code, ECHO_ERR_CORRUPT);
        assert_in_range(fetched(c).chunks_received, 1, 2);
        connect_members(c);
        run(c, 3000);
        assert_installed(c, 1);
        assert_same(c);
        finish(c);
    }
}

/* A leaf that is longer than its manifest or node says is not taken, whatever its hash: memory is taken by what was
 * said. */
static void test_longer_than_said(void **state) {
    (void)state;
    echo__manifest m;
    scenario *c = begin(20, 30);
    network_exchange(&c->n, 1, NULL);
    write_script(c);
    read_offer(&m, c);
    assert_true(m.items.height > 0);
    m.items.height = 0;
    m.items.items = 1;
    m.items.bytes = 10;
    sign_offer(c, &m);
    play_member(c, play);
    fetch(c, 200);
    assert_true(echo_peer_is_over(c->u.peer));
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_LIMIT);
    finish(c);
}

/* Deltas that give other chunks: each is asked for again, in full, and nothing is taken on trust. */
static void nonsense_deltas(puppet *u, uint8_t type, echo_bytes payload) {
    scenario *c = u->arg;
    script *s = &c->s;
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
    scenario *c = begin(21, 2000);
    join_before(c);
    network_exchange(&c->n, 1, NULL);
    write_script(c);
    play_member(c, nonsense_deltas);
    fetch(c, 3000);
    assert_true(c->s.held_count > 10);
    assert_installed(c, 2);
    assert_int_equal(fetched(c).dropped, 0);
    assert_same(c);
    finish(c);
}

static echo_status copy_chunk(void *arg, echo_bytes bytes) {
    echo__buf_append(arg, bytes.data, bytes.len);
    return ECHO_OK;
}

/* The answer to a request for a leaf of few records: its first record, as often as the message has room for. */
static bool answer_with_bomb(puppet *u, uint32_t id, const echo_hash *hash) {
    const scenario *c = u->arg;
    const echo_store *store = &c->n.members[0].own;
    echo__buf out = ECHO__BUF_INIT, chunk = ECHO__BUF_INIT;
    size_t lines = 0;
    assert_int_equal(store->ops->get(store->ctx, hash, copy_chunk, &chunk, NULL), ECHO_OK);
    for (size_t i = 0; i < chunk.len; i++) lines += chunk.data[i] == '\n';
    bool fits = chunk.len > 9 && memcmp(chunk.data, "{\"feeds\":", 9) == 0 && lines < 20;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, ECHO__CHUNK_DELTA);
    while (out.len < chunk.len + 2000) echo__buf_append(&out, "\0\0\0", 3);
    echo__buf_free(&chunk);
    if (fits)
        puppet_send(u, ECHO__MESSAGE_CHUNK, &out);
    else
        echo__buf_free(&out);
    return fits;
}

static void send_bombs(puppet *u, uint8_t type, echo_bytes payload) {
    scenario *c = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    echo_hash hash;
    if (type == ECHO__MESSAGE_WANT && payload.len > 36) {
        echo__read_into(&r, hash.bytes, sizeof hash.bytes);
        if (answer_with_bomb(u, id, &hash)) {
            c->s.held_count++;
            return;
        }
    }
    play(u, type, payload);
}

/* A delta between leaves gives records, which are longer than the leaf. What is too long for any records of that leaf
 * is refused before it is packed. */
static void test_delta_bomb(void **state) {
    (void)state;
    scenario *c = begin(22, 2000);
    join_before(c);
    network_exchange(&c->n, 1, NULL);
    write_script(c);
    play_member(c, send_bombs);
    fetch(c, 1000);
    assert_true(c->s.held_count > 0);
    assert_true(echo_peer_is_over(c->u.peer));
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_LIMIT);
    finish(c);
}

/* Words that members never gave do not count. */
static void test_words_nobody_gave(void **state) {
    (void)state;
    for (unsigned given = 0; given < 2; given++) {
        echo__manifest m;
        echo_hash digest;
        echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
        scenario *c = begin(22, 30);
        options.trust = ECHO_TRUST_ATTESTED;
        options.attestations = 2;
        network_exchange(&c->n, 1, &options);
        write_script(c);
        read_offer(&m, c);
        assert_int_equal(echo__manifest_digest(&digest, &m), ECHO_OK);
        echo__attestation word;
        echo__attest(&word, &digest, &c->n.members[2].keys);
        if (!given) word.signature[9] ^= 1;
        assert_int_equal(echo__manifest_attested(&m, &word), ECHO_OK);
        assert_int_equal(m.attestation_count, 2);
        sign_offer(c, &m);
        play_member(c, play);
        fetch(c, 3000);
        assert_installed(c, given);
        assert_int_equal(fetched(c).attested, 1 + given);
        finish(c);
    }
}

/* Who was taken as a peer before anybody knew better is dropped when the party is open. */
static void test_no_member_after_all(void **state) {
    (void)state;
    echo_keypair stranger;
    scenario *c = begin(23, 30);
    assert_int_equal(echo_keypair_new(&stranger), ECHO_OK);
    exchange(c, NULL);
    send_puppet(c, 1, &stranger, NULL);
    connect_members(c);
    run(c, 100);
    assert_false(echo_peer_is_over(c->u.peer));
    dismiss(c);
    fetch(c, 3000);
    assert_up_to_date(c);
    send_puppet(c, 1, &stranger, NULL);
    run(c, 100);
    assert_false(echo_peer_is_over(c->u.peer));
    network_switch(&c->n, 1);
    assert_true(echo_peer_is_over(c->u.peer));
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_REFUSED);
    assert_false(echo_peer_is_over(c->w.ends[0]));
    finish(c);
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

static void assert_whole(network *p, size_t i) {
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
    echo__chunks *chunks;
    echo_error err = ECHO_ERROR_INIT;
    static removing r;
    scenario *c = begin(17, 2000);
    join_before(c);
    echo__root base = c->n.members[1].party->root;
    network_exchange(&c->n, 1, NULL);
    start(c);
    connect_members(c);
    run_to_chunks(c, 5);
    assert_int_equal(fetched(c).phase, ECHO_EXCHANGE_PHASE_ITEMS);
    r.x = c->n.members[1].exchange;
    r.count = 0;
    const echo_store *store = &c->n.members[1].own;
    assert_int_equal(echo__chunks_new(&chunks, store), ECHO_OK);
    assert_ok(echo__tree_reach(chunks, &base, note_unfetched, &r, &err), &err);
    echo__chunks_free(chunks);
    assert_true(r.count > 20);
    assert_ok(store->ops->remove(store->ctx, &c->n.party.public_key, 1, &err), &err);
    assert_ok(store->ops->remove_chunks(store->ctx, r.names, r.count, &err), &err);
    run(c, 100000);
    assert_up_to_date(c);
    assert_true(fetched(c).installed > 0);
    assert_whole(&c->n, 1);
    echo_exchange_set_party(c->n.members[1].exchange, NULL);
    echo_party_free(c->n.members[1].party); /* what it reads from is gone */
    network_open(&c->n, 1);
    network_assert_same(&c->n, 0, 1);
    finish(c);
}

/* The party is opened from what is still being fetched, and told; then the connection ends. What it covers is not here
 * yet. */
static void test_party_of_half_a_snapshot(void **state) {
    (void)state;
    echo_party *half;
    echo_error err = ECHO_ERROR_INIT;
    scenario *c = begin(18, 3000);
    exchange(c, NULL);
    start(c);
    connect_members(c);
    run_to_chunks(c, 20);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.clock = still_clock;
    options.party = &c->n.party.public_key;
    options.feeds = &c->n.members[1].feeds;
    options.store = echo_exchange_store(c->n.members[1].exchange);
    options.models = c->n.models;
    options.writable = false;
    assert_non_null(options.store);
    assert_ok(echo_party_restore(&half, &options, &err), &err);
    echo_exchange_set_party(c->n.members[1].exchange, half);
    disconnect(c);
    step_all(c, 1000000);
    connect_members(c);
    run(c, 100000);
    assert_installed(c, 1);
    assert_int_equal(fetched(c).blocks_received, 0);
    assert_whole(&c->n, 1);
    start(c); /* nothing is new */
    run(c, 100000);
    assert_int_equal(fetched(c).installed, 1);
    assert_int_equal(fetched(c).blocks_received, 0);
    echo_exchange_set_party(c->n.members[1].exchange, NULL);
    echo_party_free(half);
    assert_same(c);
    finish(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta_of_the_target_before),
        cmocka_unit_test(test_connection_again),
        cmocka_unit_test(test_touching_what_nobody_has),
        cmocka_unit_test(test_touching_when_everybody_left),
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
        cmocka_unit_test(test_delta_bomb),
        cmocka_unit_test(test_words_nobody_gave),
        cmocka_unit_test(test_no_member_after_all),
    };
    const char *only = getenv("ECHO_TEST_ONLY");
    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
