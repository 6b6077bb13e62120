/*
 * Messages that cost the sender next to nothing, and the server an event or a look at its store each: how many of them
 * are taken has a bound, and so has what one call answers.
 */
#include "support/test.h"

#include <string.h>

#include "exchange/peer.h"
#include "support/network.h"
#include "support/puppet.h"
#include "support/state.h"

/* Member 0 has a snapshot and serves. The puppet plays member 1. */
typedef struct scenario {
    network n;
    puppet u;
} scenario;

static scenario *begin(uint64_t seed) {
    static scenario c;
    memset(&c, 0, sizeof c);
    network_begin(&c.n, seed, 2);
    network_open(&c.n, 0);
    network_write(&c.n, 0, "item", 0, 10, "text");
    network_snapshot(&c.n, 0);
    network_exchange(&c.n, 0, NULL);
    puppet_begin(&c.u, &c.n, 0, &c.n.members[1].keys, false);
    return &c;
}

static void run(scenario *c, unsigned rounds) {
    echo_error err = ECHO_ERROR_INIT;
    for (unsigned i = 0; i < rounds; i++) {
        (void)puppet_carry(&c->u);
        assert_ok(echo_exchange_step(c->n.members[0].exchange, c->n.now_ns += 1000000, &err), &err);
    }
}

static void finish(scenario *c) {
    puppet_end(&c->u);
    network_end(&c->n);
}

/* What is said to the server at once, as one write of the network; it answers nothing meanwhile. */
static void hand_over(scenario *c) {
    echo_error err = ECHO_ERROR_INIT;
    for (echo_bytes bytes; (bytes = echo__channel_pending(c->u.channel)).len > 0 && !echo_peer_is_over(c->u.peer);) {
        (void)!echo_peer_receive(c->u.peer, bytes, &err);
        echo__channel_sent(c->u.channel, bytes.len);
    }
}

static void say_often(scenario *c, uint8_t type, const void *payload, size_t len, unsigned times) {
    echo__buf message = ECHO__BUF_INIT;
    echo__buf_append(&message, payload, len);
    for (unsigned i = 0; i < times; i++) puppet_say(&c->u, type, &message);
    echo__buf_free(&message);
    hand_over(c);
}

static void test_cheap_messages(void **state) {
    (void)state;
    static const uint8_t ask[4] = {0}, reject[2] = {1, 'n'}, attest[36] = {0};
    static const struct {
        uint8_t type;
        const uint8_t *payload;
        size_t len, allowed;
    } cases[] = {{ECHO__MESSAGE_ASK, ask, sizeof ask, 4},
                 {ECHO__MESSAGE_ATTEST, attest, sizeof attest, 4},
                 {ECHO__MESSAGE_REJECT, reject, sizeof reject, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int much = 0; much < 2; much++) {
            scenario *c = begin(13);
            const member *server = &c->n.members[0];
            run(c, 100);
            if (cases[i].type == ECHO__MESSAGE_REJECT) {
                say_often(c, ECHO__MESSAGE_ASK, ask, sizeof ask, 1);
                run(c, 100);
                assert_int_equal(c->u.heard[ECHO__MESSAGE_OFFER], 1);
            }
            say_often(c, cases[i].type, cases[i].payload, cases[i].len, (unsigned)cases[i].allowed + (much ? 1000 : 0));
            assert_int_equal(echo_peer_is_over(c->u.peer), much);
            assert_in_range(server->events[ECHO_EXCHANGE_EVENT_REFUSED], 0, cases[i].allowed);
            assert_int_equal(server->events[ECHO_EXCHANGE_EVENT_DROPPED], much);
            if (much) assert_int_equal(server->last_error.code, ECHO_ERR_LIMIT);
            finish(c);
        }
    }
}

/* However many questions wait, one call answers some of them, and the next one goes on. */
static void test_many_small_questions(void **state) {
    (void)state;
    enum { QUESTIONS = 3000 };
    scenario *c = begin(14);
    run(c, 100);
    uint8_t want[36] = {0, 0, 0, 1, 9};
    say_often(c, ECHO__MESSAGE_WANT, want, sizeof want, QUESTIONS);
    const echo_peer *peer = c->u.peer;
    assert_int_equal(peer->wanted_count, QUESTIONS);
    for (unsigned calls = 0; peer->wanted_count > 0; calls++) {
        size_t before = peer->wanted_count;
        (void)echo_peer_pending(c->u.peer);
        assert_in_range(before - peer->wanted_count, 1, 256);
        assert_true(calls < QUESTIONS / 64);
    }
    run(c, 1000);
    assert_int_equal(c->u.heard[ECHO__MESSAGE_CHUNK], QUESTIONS);
    finish(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheap_messages),
        cmocka_unit_test(test_many_small_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
