/*
 * Blocks from peers against the roots that a snapshot names (P14): a fork of what the snapshot covers is noticed when
 * its blocks arrive, and nobody is dropped for what the feed's writer did.
 */
#include "support/test.h"

#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "feed/proof.h"
#include "support/puppet.h"
#include "support/state.h"
#include "support/still_clock.h"
#include <echo/sys/feed.h>

/* ---- feeds in memory, with the hook that those in folders have ---- */

static echo_feed_ops rooted;
static unsigned root_fails; /* calls of `root` that fail from now on */

static echo_status copy_block(void *arg, uint64_t seq, echo_bytes block) {
    (void)seq;
    echo__buf_append(arg, block.data, block.len);
    return ECHO_OK;
}

static echo_status memory_root(echo_hash *out, void *ctx, void *feed, uint64_t length, echo_error *err) {
    echo_feed_proof proof;
    echo__buf block = ECHO__BUF_INIT;
    if (root_fails > 0) {
        root_fails--;
        return echo__error(err, ECHO_ERR_IO, "told to fail");
    }
    if (rooted.prove(&proof, ctx, feed, length, length + 1, NULL) == ECHO_OK) {
        echo__proof_root(out, &proof, NULL, length);
        return ECHO_OK;
    }
    bool ok = length > 0 && rooted.prove(&proof, ctx, feed, length - 1, length, NULL) == ECHO_OK &&
              rooted.read(ctx, feed, length - 1, length, copy_block, &block, NULL) == ECHO_OK;
    echo_bytes bytes = echo__buf_bytes(&block);
    if (ok) echo__proof_root(out, &proof, &bytes, length);
    echo__buf_free(&block);
    return ok ? ECHO_OK : echo__error(err, ECHO_ERR_NOT_FOUND, "the roots are not present");
}

static void make_rooted(network *n) {
    for (size_t i = 0; i < n->count; i++) {
        rooted = *n->members[i].feeds.ops;
        rooted.root = memory_root;
        n->members[i].feeds.ops = &rooted;
    }
}

static uint64_t length_of(const echo_feeds *feeds, const echo_key *key) {
    void *feed;
    echo_feed_info info;
    if (feeds->ops->open(&feed, feeds->ctx, key, NULL) != ECHO_OK) return 0;
    assert_int_equal(feeds->ops->info(&info, feeds->ctx, feed, NULL), ECHO_OK);
    feeds->ops->close(feeds->ctx, feed);
    return info.verified;
}

/* ---- the cast: member 0 serves, member 1 fetches, a puppet plays member 2, and has a fork of the feed `forked` ----
 */

typedef struct scenario {
    network n;
    wire w;
    puppet u;
    member liar; /* its feeds are the fork, its store member 0's */
    size_t forked;
    uint64_t covered; /* blocks of that feed that the snapshot covers */
    echo__buf manifest;
    echo__offered_feed feeds[NETWORK_MEMBERS];
    size_t feed_count;
    bool wired, played;
    bool spoils; /* the puppet changes the nodes of proofs */
    bool in_two; /* it sends the fork in two messages */
} scenario;

static scenario *begin(uint64_t seed) {
    static scenario c;
    memset(&c, 0, sizeof c);
    root_fails = 0;
    network_begin(&c.n, seed, 3);
    make_rooted(&c.n);
    network_open(&c.n, 0);
    network_write(&c.n, 0, "item", 0, 60, "text");
    return &c;
}

static void end(scenario *c) {
    if (c->wired) wire_close(&c->w);
    if (c->played) puppet_end(&c->u);
    if (c->liar.feeds.ops != NULL) echo_feeds_close(&c->liar.feeds);
    echo__buf_free(&c->manifest);
    network_end(&c->n);
}

/* Member `i` writes ten messages, which member 0 has before it takes a snapshot. */
static void write_and_cover(scenario *c, size_t i) {
    network_replicate_to(&c->n, i);
    network_open(&c->n, i);
    network_write(&c->n, i, "other", 0, 10, "text");
    network_replicate_to(&c->n, 0);
    network_snapshot(&c->n, 0);
    c->forked = i;
    c->covered = length_of(&c->n.members[0].feeds, &c->n.members[i].keys.public_key);
    assert_in_range(c->covered, 10, 20);
}

static void make_fork(scenario *c, uint64_t length) {
    void *feed;
    uint64_t first;
    const echo_keypair *keys = &c->n.members[c->forked].keys;
    assert_int_equal(echo_feeds_new_memory(&c->liar.feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&c->liar.feeds, keys), ECHO_OK);
    const echo_feed_ops *ops = c->liar.feeds.ops;
    assert_int_equal(ops->open(&feed, c->liar.feeds.ctx, &keys->public_key, NULL), ECHO_OK);
    for (uint64_t i = 0; i < length; i++) {
        echo_bytes block = echo__bytes("\x52\x02\x12\x00", 4);
        assert_int_equal(ops->append(&first, c->liar.feeds.ctx, feed, &block, 1, NULL), ECHO_OK);
    }
    ops->close(c->liar.feeds.ctx, feed);
    c->feeds[0] = (echo__offered_feed){keys->public_key, length, 1000};
    c->feed_count = 1;
}

/* Blocks from..to-1 of these feeds, in a message of this form. */
static void send_blocks(puppet *u, uint32_t id, const echo_feeds *feeds, const echo_key *key, uint64_t from,
                        uint64_t to, echo__blocks_form form) {
    const scenario *c = u->arg;
    echo_feed_proof proof;
    void *feed;
    echo__buf out = ECHO__BUF_INIT;
    assert_int_equal(feeds->ops->open(&feed, feeds->ctx, key, NULL), ECHO_OK);
    assert_int_equal(feeds->ops->prove(&proof, feeds->ctx, feed, from, to, NULL), ECHO_OK);
    if (c->spoils) proof.left[0].hash.bytes[9] ^= 1;
    echo__write_u32(&out, id);
    echo__buf_byte(&out, (uint8_t)form);
    echo__write_proof(&out, &proof);
    for (uint64_t seq = from; seq < to; seq++) {
        echo__buf block = ECHO__BUF_INIT;
        assert_int_equal(feeds->ops->read(feeds->ctx, feed, seq, seq + 1, copy_block, &block, NULL), ECHO_OK);
        echo__write_u32(&out, (uint32_t)block.len);
        echo__buf_append(&out, block.data, block.len);
        echo__buf_free(&block);
    }
    feeds->ops->close(feeds->ctx, feed);
    puppet_send(u, ECHO__MESSAGE_BLOCKS, &out);
}

/* Member 0's block, with a proof whose nodes are others; or the fork in two messages. */
static void answer_by_hand(puppet *u, uint32_t id, echo__reader *r) {
    const scenario *c = u->arg;
    echo_key key;
    echo__read_into(r, key.bytes, sizeof key.bytes);
    uint64_t from = echo__read_u64(r), to = echo__read_u64(r);
    if (c->spoils) {
        send_blocks(u, id, &c->n.members[0].feeds, &key, from, from + 1, ECHO__BLOCKS_LAST);
    } else {
        send_blocks(u, id, &c->liar.feeds, &key, from, from + 4, ECHO__BLOCKS_MORE);
        send_blocks(u, id, &c->liar.feeds, &key, from + 4, to, ECHO__BLOCKS_LAST);
    }
}

/* Chunks and other feeds are member 0's; the forked feed is not. */
static void play(puppet *u, uint8_t type, echo_bytes payload) {
    scenario *c = u->arg;
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r);
    const echo_key *key = &c->n.members[c->forked].keys.public_key;
    bool fork = type == ECHO__MESSAGE_TAIL && c->liar.feeds.ops != NULL && memcmp(r.rest.data, key, 32) == 0;
    if (type == ECHO__MESSAGE_ASK)
        puppet_offer(u, id, echo__buf_bytes(&c->manifest), c->feeds, c->feed_count);
    else if (type == ECHO__MESSAGE_TAIL && (c->spoils || (fork && c->in_two)))
        answer_by_hand(u, id, &r);
    else
        puppet_answer_honestly(u, fork ? &c->liar : &c->n.members[0], type, payload);
}

static void send_puppet(scenario *c) {
    puppet_begin(&c->u, &c->n, 1, &c->n.members[2].keys, true);
    c->u.hear = play;
    c->u.arg = c;
    c->played = true;
}

static void connect_members(scenario *c) {
    wire_open(&c->w, &c->n, 1, 0);
    c->wired = true;
}

static void dismiss_puppet(scenario *c) {
    puppet_end(&c->u);
    c->played = false;
}

static void disconnect(scenario *c) {
    wire_close(&c->w);
    c->wired = false;
}

static void fetch(scenario *c) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(c->n.members[1].exchange, &err), &err);
    for (unsigned round = 0, idle = 0; round < 3000 && idle < 3; round++) {
        bool moved = c->wired && wire_carry(&c->w);
        if (c->played) moved = puppet_carry(&c->u) || moved;
        c->n.now_ns += 1000000;
        for (size_t i = 0; i < c->n.count; i++)
            if (c->n.members[i].exchange != NULL)
                assert_ok(echo_exchange_step(c->n.members[i].exchange, c->n.now_ns, &err), &err);
        idle = moved ? 0 : idle + 1;
    }
}

static echo_exchange_state fetched(const scenario *c) {
    echo_exchange_state s;
    echo_exchange_state_get(&s, c->n.members[1].exchange);
    return s;
}

static void expect_events(const scenario *c, unsigned failed, unsigned up_to_date) {
    const unsigned *events = c->n.members[1].events;
    assert_int_equal(events[ECHO_EXCHANGE_EVENT_FAILED], failed);
    assert_int_equal(events[ECHO_EXCHANGE_EVENT_UP_TO_DATE], up_to_date);
    assert_int_equal(events[ECHO_EXCHANGE_EVENT_DROPPED], 0);
}

/* The fork was named, with the last block that the snapshot covers; of its blocks none is here, and nobody was dropped.
 */
static void expect_fork(const scenario *c) {
    const echo_key *key = &c->n.members[c->forked].keys.public_key;
    echo_exchange_state s = fetched(c);
    if (s.problem.code != ECHO_ERR_CONFLICT) fail_msg("%s", s.problem.message);
    assert_non_null(strstr(s.problem.message, "snapshot"));
    assert_true(s.problem.has_seq);
    assert_int_equal(s.problem.seq, c->covered - 1);
    assert_memory_equal(&s.problem.feed, key, sizeof *key);
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_CONFLICT);
    assert_int_equal(length_of(&c->n.members[1].feeds, key), 0);
    assert_int_equal(s.dropped, 0);
    assert_false(echo_peer_is_over(c->u.peer));
}

/* Blocks after the snapshot, which continue other blocks than it covers. */
static void tail_of_a_fork(bool later) {
    scenario *c = begin(31);
    write_and_cover(c, 2);
    make_fork(c, c->covered + 5);
    network_exchange(&c->n, 0, NULL);
    network_exchange(&c->n, 1, NULL);
    connect_members(c);
    if (later) { /* the snapshot was installed by an exchange before, and the party stands on it */
        fetch(c);
        assert_int_equal(fetched(c).installed, 1);
        network_switch(&c->n, 1);
        disconnect(c);
        network_exchange_end(&c->n, 1);
        network_exchange(&c->n, 1, NULL);
    }
    send_puppet(c);
    fetch(c);
    expect_events(c, 1, 1);
    expect_fork(c);
    assert_int_equal(fetched(c).blocks_received, 0);
    dismiss_puppet(c); /* and what continues the snapshot is taken, from whoever has it */
    network_write(&c->n, 2, "later", 0, 3, "text");
    network_replicate_to(&c->n, 0);
    if (!c->wired) connect_members(c);
    fetch(c);
    expect_events(c, 1, 2);
    assert_int_equal(fetched(c).blocks_received, 3);
    assert_int_equal(fetched(c).problem.code, ECHO_OK);
    network_write(&c->n, 2, "later", 3, 5, "text"); /* after those the root is asked for; its failure is local */
    network_replicate_to(&c->n, 0);
    root_fails = 1;
    fetch(c);
    expect_events(c, 2, 2);
    assert_int_equal(fetched(c).problem.code, ECHO_ERR_IO);
    fetch(c);
    expect_events(c, 2, 3);
    assert_int_equal(fetched(c).blocks_received, 5);
    network_switch(&c->n, 1);
    assert_int_equal(echo_party_report(c->n.members[1].party)->snapshot, 1);
    network_assert_same(&c->n, 0, 1);
    end(c);
}

static void test_tail(void **state) {
    (void)state;
    tail_of_a_fork(false);
}

static void test_tail_later(void **state) {
    (void)state;
    tail_of_a_fork(true);
}

/* The newest manifest of member 0, and its feeds but for the one that is forked. */
static echo_status copy_newest(void *arg, uint64_t number, echo_bytes text) {
    echo__buf *out = arg;
    (void)number;
    if (out->len == 0) echo__buf_append(out, text.data, text.len);
    return out->status;
}

static void offer_snapshot(scenario *c) {
    const member *m = &c->n.members[0];
    assert_int_equal(m->own.ops->list(m->own.ctx, &c->n.party.public_key, copy_newest, &c->manifest, NULL), ECHO_OK);
}

/* Roots that no signature covers are no fork: who sends them is dropped. */
static void test_unproved_roots(void **state) {
    (void)state;
    scenario *c = begin(34);
    network_snapshot(&c->n, 0);
    network_write(&c->n, 0, "later", 0, 5, "text");
    offer_snapshot(c);
    const echo_key *key = &c->n.members[0].keys.public_key;
    c->feeds[0] = (echo__offered_feed){*key, length_of(&c->n.members[0].feeds, key), 10000};
    c->feed_count = 1;
    c->spoils = true;
    network_exchange(&c->n, 0, NULL);
    network_exchange(&c->n, 1, NULL);
    send_puppet(c);
    fetch(c);
    assert_int_equal(fetched(c).installed, 1);
    assert_true(echo_peer_is_over(c->u.peer));
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_SIGNATURE);
    assert_int_equal(c->n.members[1].events[ECHO_EXCHANGE_EVENT_FAILED], 0);
    connect_members(c);
    fetch(c);
    assert_int_equal(fetched(c).blocks_received, 5);
    network_switch(&c->n, 1);
    network_assert_same(&c->n, 0, 1);
    end(c);
}

/* Member 1 wrote what the snapshot covers, has lost everything but its key, and the puppet has a fork of its feed. */
static scenario *begin_without_own_feed(uint64_t seed) {
    scenario *c = begin(seed);
    member *m = &c->n.members[1];
    write_and_cover(c, 1);
    echo_party_free(m->party);
    m->party = NULL;
    echo_feeds_close(&m->feeds);
    assert_int_equal(echo_feeds_new_memory(&m->feeds), ECHO_OK);
    assert_int_equal(echo_feeds_memory_add(&m->feeds, &m->keys), ECHO_OK);
    m->feeds.ops = &rooted;
    make_fork(c, c->covered + 2);
    offer_snapshot(c);
    network_exchange(&c->n, 0, NULL);
    network_exchange(&c->n, 1, NULL);
    send_puppet(c);
    return c;
}

/* The own feed is fetched from its beginning: the blocks that the snapshot covers arrive, and are others. */
static void test_own_feed(void **state) {
    (void)state;
    scenario *c = begin_without_own_feed(32);
    fetch(c);
    assert_int_equal(fetched(c).installed, 1);
    expect_events(c, 1, 1);
    expect_fork(c);
    dismiss_puppet(c);
    connect_members(c);
    fetch(c);
    expect_events(c, 1, 2);
    assert_int_equal(fetched(c).blocks_received, c->covered);
    network_switch(&c->n, 1);
    network_assert_same(&c->n, 0, 1);
    end(c);
}

/* What is below the covered seq cannot be compared yet; the message that reaches it is. */
static void test_own_feed_in_two_messages(void **state) {
    (void)state;
    scenario *c = begin_without_own_feed(35);
    c->in_two = true;
    fetch(c);
    expect_events(c, 1, 1);
    echo_exchange_state s = fetched(c);
    assert_int_equal(s.problem.code, ECHO_ERR_CONFLICT);
    assert_int_equal(s.problem.seq, c->covered - 1);
    assert_int_equal(s.blocks_received, 4);
    assert_false(echo_peer_is_over(c->u.peer));
    end(c);
}

/*
 * The state is right and the roots are not: the manifest is refused, not the state, which another peer offers in a
 * manifest of its own.
 */
static void test_wrong_roots(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo__manifest m;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.trust = ECHO_TRUST_REPLAYED;
    options.attestations = 1; /* a word is over the state, which does not name the roots */
    scenario *c = begin(33);
    network_snapshot(&c->n, 0);
    offer_snapshot(c);
    assert_ok(echo__manifest_read(&m, echo__buf_bytes(&c->manifest), &err), &err);
    assert_int_equal(m.roots.count, 1);
    m.roots.list[0].root.bytes[7] ^= 1;
    echo__buf_clear(&c->manifest);
    assert_ok(echo__manifest_write(&c->manifest, &m, &c->n.members[2].keys, &err), &err);
    echo__manifest_free(&m);
    const echo_key *key = &c->n.members[0].keys.public_key;
    c->feeds[0] = (echo__offered_feed){*key, length_of(&c->n.members[0].feeds, key), 10000};
    c->feed_count = 1;
    network_exchange(&c->n, 0, NULL);
    network_exchange(&c->n, 1, &options);
    send_puppet(c);
    fetch(c);
    assert_int_equal(fetched(c).installed, 0);
    assert_int_equal(c->n.members[1].events[ECHO_EXCHANGE_EVENT_REFUSED], 1);
    assert_int_equal(c->n.members[1].last_error.code, ECHO_ERR_CONFLICT);
    assert_false(echo_peer_is_over(c->u.peer));
    connect_members(c);
    fetch(c);
    assert_int_equal(fetched(c).installed, 1);
    assert_int_equal(fetched(c).trust, ECHO_TRUST_REPLAYED);
    assert_int_equal(fetched(c).dropped, 0);
    network_switch(&c->n, 1);
    assert_int_equal(echo_party_report(c->n.members[1].party)->snapshot, 1);
    network_assert_same(&c->n, 0, 1);
    end(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_tail_later),
        cmocka_unit_test(test_unproved_roots),
        cmocka_unit_test(test_own_feed),
        cmocka_unit_test(test_own_feed_in_two_messages),
        cmocka_unit_test(test_wrong_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
