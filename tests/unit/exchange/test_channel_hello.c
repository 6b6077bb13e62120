#include "channel_support.h"

/* A stranger's way to a responder, by hand: what it sends as ephemeral key and as hello. */
typedef struct attempt {
    const char *name;
    void (*change)(hand *h, hand_claim *claim, const side *b, uint8_t hello[HAND_HELLO], const uint8_t earlier[64]);
} attempt;

/* The seven encodings of points of low order. */
static const uint8_t low_order[7][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};

static const uint8_t no_ephemerals[2][32];
static echo_keypair stranger;

static void claim_other_party(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->party = claim->signed_party = party_key(9);
}
static void claim_stranger(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->signer = &stranger; /* a good signature, of no member */
    claim->member = stranger.public_key;
}
static void claim_member_unsigned(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->signer = &stranger; /* the name of a member, the hand of a stranger */
}
static void claim_other_role(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->signed_role = 1;
}
static void claim_other_signed_party(hand *h, hand_claim *claim, const side *b, uint8_t *hello,
                                     const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->signed_party = party_key(9);
}
static void claim_other_ephemerals(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->signed_ephemeral = no_ephemerals;
}
static void claim_earlier_signature(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello;
    claim->signature = earlier;
}
static void claim_nothing(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)claim, (void)b, (void)earlier;
    randombytes_buf(hello, HAND_HELLO);
}
static void claim_honestly(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)claim, (void)b, (void)hello, (void)earlier;
}

/* What a responder does: the status, its message, and every byte it ever sends. */
typedef struct outcome {
    echo_status status;
    echo_error err;
    echo__buf sent;
} outcome;

static void look(outcome *o, side *b) {
    side_send(&o->sent, b);
    echo__channel_finish(b->channel);
    side_hear(b, echo__bytes("more", 4));
    side_send(&o->sent, b);
    memset(&o->err, 0, sizeof o->err);
    o->status = echo__channel_status(b->channel, &o->err);
}

static void go(outcome *o, side *b, const attempt *tried, const uint8_t earlier[64]) {
    hand h;
    uint8_t hello[HAND_HELLO];
    echo_keypair member = key_pair(1);
    hand_start(&h, 0);
    side_hear(b, echo__bytes(h.ephemeral[0], 32));
    memset(&o->sent, 0, sizeof o->sent);
    side_send(&o->sent, b);
    hand_meet(&h, o->sent.data);
    hand_claim claim = hand_honest(&h, &b->parties[0], &member);
    tried->change(&h, &claim, b, hello, earlier);
    if (tried->change != claim_nothing) hand_hello(hello, &h, &claim);
    side_hear(b, echo__bytes(hello, sizeof hello));
    look(o, b);
}

/* A signature of the member's that was good once. */
static void sign_earlier(uint8_t out[64]) {
    hand h;
    echo_keypair member = key_pair(1);
    uint8_t text[17 + 1 + 64 + 32] = "echo/handshake/1", other[32];
    echo_key party = party_key(0);
    hand_start(&h, 0);
    randombytes_buf(other, sizeof other);
    (void)crypto_scalarmult_base(h.ephemeral[1], other);
    memcpy(text + 18, h.ephemeral, 64);
    memcpy(text + 82, &party, 32);
    (void)crypto_sign_detached(out, NULL, text, sizeof text, member.secret);
}

static void test_strangers_see_the_same(void **state) {
    (void)state;
    static const attempt attempts[] = {{"garbage", claim_nothing},
                                       {"another party", claim_other_party},
                                       {"no member", claim_stranger},
                                       {"a member's name", claim_member_unsigned},
                                       {"signed as responder", claim_other_role},
                                       {"signed for another party", claim_other_signed_party},
                                       {"signed for other keys", claim_other_ephemerals},
                                       {"a signature of earlier", claim_earlier_signature}};
    uint8_t earlier[64];
    sign_earlier(earlier);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        for (size_t served = 0; served < 3; served++) {
            side b;
            outcome o;
            side_prepare(&b, false, 2);
            for (uint8_t n = 0; n < 3; n++) b.parties[n] = party_key(n);
            b.options.party_count = served;
            side_open(&b);
            go(&o, &b, &attempts[i], earlier);
            assert_int_equal(o.status, ECHO_ERR_REFUSED);
            assert_string_equal(o.err.message, "a peer was refused");
            assert_int_equal(o.sent.len, 32);
            assert_false(echo__channel_is_open(b.channel));
            assert_null(echo__channel_peer(b.channel));
            assert_int_equal(b.asked, attempts[i].change == claim_stranger && served > 0); /* about a key that signed */
            echo__buf_free(&o.sent);
            side_close(&b);
        }
    }
}

/* The same by hand, honestly, is let in; so it is the change that is refused. */
static void test_honest(void **state) {
    (void)state;
    static const attempt honest = {"honest", claim_honestly};
    side b;
    outcome o;
    side_prepare(&b, false, 2);
    side_open(&b);
    go(&o, &b, &honest, NULL);
    assert_true(echo__channel_is_open(b.channel));
    assert_int_equal(o.sent.len, 32 + 114 + 24 + (2 + 17 + 9)); /* an empty stream at its end is 9 bytes of zstd's */
    echo__buf_free(&o.sent);
    side_close(&b);
}

static void test_low_order(void **state) {
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        side a, b;
        outcome o = {0};
        uint8_t hello[HAND_HELLO] = {0};
        pair_open(&a, &b);
        side_hear(&b, echo__bytes(low_order[i], 32));
        side_hear(&b, echo__bytes(hello, sizeof hello));
        look(&o, &b);
        assert_int_equal(o.status, ECHO_ERR_REFUSED);
        assert_int_equal(o.sent.len, 32);
        side_hear(&a, echo__bytes(low_order[i], 32));
        assert_int_equal(a.status, ECHO_ERR_REFUSED);
        assert_int_equal(echo__channel_pending(a.channel).len, 32); /* no hello */
        echo__buf_free(&o.sent);
        pair_close(&a, &b);
    }
}

static void test_wrong_party(void **state) {
    (void)state;
    side a, b;
    side_prepare(&a, true, 1);
    side_prepare(&b, false, 2);
    a.parties[0] = party_key(3);
    side_open(&a);
    side_open(&b);
    side_say(&a, 1, "x", 1);
    pair_talk(&a, &b, SIZE_MAX, NULL);
    assert_int_equal(b.status, ECHO_ERR_REFUSED);
    assert_false(echo__channel_is_open(a.channel));
    assert_int_equal(b.asked, 0);
    pair_close(&a, &b);
}

static void test_several_parties(void **state) {
    (void)state;
    for (uint8_t n = 0; n < 5; n++) {
        side a, b;
        side_prepare(&a, true, 1);
        side_prepare(&b, false, 2);
        a.parties[0] = party_key(n);
        for (uint8_t i = 0; i < 5; i++) b.parties[i] = party_key(i);
        b.options.party_count = 5;
        side_open(&a);
        side_open(&b);
        side_say(&b, 1, "x", 1);
        pair_talk(&a, &b, 5, NULL);
        assert_true(heard_what_was_said(&a, &b));
        assert_true(echo__key_equal(echo__channel_party(b.channel), &a.parties[0]));
        assert_true(echo__key_equal(&b.asked_party, &a.parties[0]));
        pair_close(&a, &b);
    }
}

/* The initiator does not talk to strangers either, nor when it cannot tell. */
static void test_initiator_asks(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        side a, b;
        side_prepare(&a, true, 1);
        side_prepare(&b, false, i == 0 ? STRANGER : 2);
        if (i == 1) a.answer = ECHO_ERR_IO;
        if (i == 2) b.answer = ECHO_ERR_NOMEM;
        side_open(&a);
        side_open(&b);
        side_say(&a, 1, "x", 1);
        side_say(&b, 1, "x", 1);
        pair_talk(&a, &b, SIZE_MAX, NULL);
        assert_int_equal(a.status, i == 0 ? ECHO_ERR_REFUSED : i == 1 ? ECHO_ERR_IO : ECHO_OK);
        assert_int_equal(b.status, i == 2 ? ECHO_ERR_NOMEM : ECHO_OK);
        assert_int_equal(a.messages + b.messages, 0);
        pair_close(&a, &b);
    }
}

/* A responder by hand: a member whose answer was signed by another, and in the other role; and one of another version.
 */
static void test_initiator_checks(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) {
        side a;
        hand h;
        echo__buf wire = ECHO__BUF_INIT;
        echo_keypair member = key_pair(2);
        uint8_t hello[HAND_HELLO], plain[98];
        side_prepare(&a, true, 1);
        side_open(&a);
        side_send(&wire, &a);
        hand_start(&h, 1);
        hand_meet(&h, wire.data);
        side_hear(&a, echo__bytes(h.ephemeral[1], 32));
        echo__buf_clear(&wire);
        side_send(&wire, &a);
        assert_int_equal(wire.len, 114);
        assert_true(hand_hear(plain, &h, &a.parties[0], wire.data));
        assert_memory_equal(plain + 2, &a.keys.public_key, 32);
        hand_claim claim = hand_honest(&h, &a.parties[0], &member);
        if (i == 1) claim.signer = &stranger;
        if (i == 2) claim.signed_role = 0;
        if (i == 3) claim.major = 2;
        hand_hello(hello, &h, &claim);
        if (i == 4) memcpy(hello, wire.data, sizeof hello); /* its own hello, reflected */
        side_hear(&a, echo__bytes(hello, sizeof hello));
        assert_int_equal(a.status, i == 0 ? ECHO_OK : i == 3 ? ECHO_ERR_VERSION : ECHO_ERR_REFUSED);
        assert_int_equal(echo__channel_is_open(a.channel), i == 0);
        assert_int_equal(a.asked, i == 0);
        echo__buf_free(&wire);
        side_close(&a);
    }
}

/* Everything an initiator says comes back to it. */
static void test_reflection(void **state) {
    (void)state;
    side a;
    side_prepare(&a, true, 1);
    side_open(&a);
    side_say(&a, 1, "x", 1);
    for (int i = 0; i < 4; i++) {
        echo__buf wire = ECHO__BUF_INIT;
        side_send(&wire, &a);
        side_hear(&a, echo__buf_bytes(&wire));
        echo__buf_free(&wire);
    }
    assert_int_equal(a.status, ECHO_ERR_REFUSED);
    assert_int_equal(a.messages, 0);
    side_close(&a);
}

static void claim_version(hand *h, hand_claim *claim, const side *b, uint8_t *hello, const uint8_t *earlier) {
    (void)h, (void)b, (void)hello, (void)earlier;
    claim->major = 2;
}

/* The host is told; the wire is not. */
static void test_version(void **state) {
    (void)state;
    static const attempt later = {"version 2", claim_version};
    side b;
    outcome o;
    side_prepare(&b, false, 2);
    side_open(&b);
    go(&o, &b, &later, NULL);
    assert_int_equal(o.status, ECHO_ERR_VERSION);
    assert_int_equal(o.sent.len, 32);
    echo__buf_free(&o.sent);
    side_close(&b);
}

/* A hello that was good in one connection, in another. */
static void test_replay(void **state) {
    (void)state;
    side a, b, again;
    echo__buf first = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    pair_open(&a, &b);
    side_prepare(&again, false, 2);
    side_open(&again);
    side_send(&first, &a);
    side_hear(&b, echo__buf_bytes(&first));
    side_hear(&again, echo__buf_bytes(&first));
    side_send(&wire, &b);
    side_hear(&a, echo__buf_bytes(&wire));
    echo__buf_clear(&wire);
    side_send(&wire, &a);
    side_hear(&b, echo__buf_bytes(&wire));
    assert_true(echo__channel_is_open(b.channel));
    side_hear(&again, echo__buf_bytes(&wire));
    assert_int_equal(again.status, ECHO_ERR_REFUSED);
    echo__buf_free(&first);
    echo__buf_free(&wire);
    side_close(&again);
    pair_close(&a, &b);
}

static int make(void **state) {
    (void)state;
    stranger = key_pair(STRANGER);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_strangers_see_the_same),
                                       cmocka_unit_test(test_honest),
                                       cmocka_unit_test(test_low_order),
                                       cmocka_unit_test(test_wrong_party),
                                       cmocka_unit_test(test_several_parties),
                                       cmocka_unit_test(test_initiator_asks),
                                       cmocka_unit_test(test_initiator_checks),
                                       cmocka_unit_test(test_reflection),
                                       cmocka_unit_test(test_version),
                                       cmocka_unit_test(test_replay)};
    return cmocka_run_group_tests(tests, make, NULL);
}
