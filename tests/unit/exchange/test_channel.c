#include "channel_support.h"

#include <stdio.h>

#include "exchange/channel_state.h"
#include "support/fault.h"
#include "zstd_fault.h"

static uint8_t *noise; /* does not pack */
static char *text;     /* does */
#define LONG 700000u

static int make(void **state) {
    (void)state;
    test_random random = {7};
    noise = malloc(LONG);
    text = malloc(LONG);
    if (noise == NULL || text == NULL) return -1;
    for (size_t i = 0; i < LONG; i++) noise[i] = (uint8_t)test_random_u64(&random);
    for (size_t i = 0; i < LONG; i++) text[i] = "message of a feed, "[i % 19];
    return 0;
}

static int unmake(void **state) {
    (void)state;
    free(noise);
    free(text);
    return 0;
}

/* A few messages each way, the end of both. */
static void say_all(side *a, side *b) {
    side_say(a, 1, "have", 4);
    side_say(a, 2, NULL, 0);
    side_say(b, 3, text, 300);
    side_say(b, 255, "", 0);
    side_say(a, 0, noise, 40);
    echo__channel_finish(a->channel);
    echo__channel_finish(b->channel);
}

static void check_all_said(const side *a, const side *b) {
    OK(a->status);
    OK(b->status);
    assert_true(echo__channel_is_open(a->channel) && echo__channel_is_open(b->channel));
    assert_true(echo__channel_is_finished(a->channel) && echo__channel_is_finished(b->channel));
    assert_true(heard_what_was_said(a, b));
    assert_true(heard_what_was_said(b, a));
}

static void test_conversation(void **state) {
    (void)state;
    static const size_t cuts[] = {1, 2, 3, 7, 100, SIZE_MAX};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        side a, b;
        pair_open(&a, &b);
        assert_null(echo__channel_party(a.channel));
        assert_null(echo__channel_peer(b.channel));
        say_all(&a, &b);
        pair_talk(&a, &b, cuts[i], NULL);
        check_all_said(&a, &b);
        assert_true(echo__key_equal(echo__channel_party(a.channel), &a.parties[0]));
        assert_true(echo__key_equal(echo__channel_party(b.channel), &a.parties[0]));
        assert_true(echo__key_equal(echo__channel_peer(a.channel), &b.keys.public_key));
        assert_true(echo__key_equal(echo__channel_peer(b.channel), &a.keys.public_key));
        assert_true(a.asked == 1 && b.asked == 1 && echo__key_equal(&b.asked_member, &a.keys.public_key));
        pair_close(&a, &b);
    }
}

/* Random messages of all lengths, both sides at once, cut at random. */
static void test_random_cuts(void **state) {
    (void)state;
    const char *given = getenv("ECHO_TEST_SEED"), *runs = getenv("ECHO_TEST_RUNS");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 1;
    for (unsigned long run = 0; run < (runs != NULL ? strtoul(runs, NULL, 10) : 12); run++, seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        test_random random = {seed};
        side a, b;
        pair_open(&a, &b);
        for (int round = 0; round < 6; round++) {
            for (int i = 0; i < 5; i++) {
                static const size_t lengths[] = {1, 20, 3000, 70000, LONG};
                size_t len = (size_t)test_random_below(&random, lengths[test_random_below(&random, 5)]);
                const void *data = test_random_below(&random, 2) == 0 ? (const void *)noise : text;
                uint8_t type = (uint8_t)test_random_u64(&random);
                side_say(test_random_below(&random, 2) == 0 ? &a : &b, type, data, len);
            }
            if (round % 2 == 0) pair_talk(&a, &b, 1u << test_random_below(&random, 18), run % 3 == 0 ? NULL : &random);
        }
        echo__channel_finish(a.channel);
        echo__channel_finish(b.channel);
        pair_talk(&a, &b, 1u << 17, &random);
        check_all_said(&a, &b);
        pair_close(&a, &b);
    }
}

static void test_counts(void **state) {
    (void)state;
    side a, b;
    pair_open(&a, &b);
    side_say(&a, 1, text, LONG);
    side_say(&a, 2, NULL, 0);
    side_say(&a, 2, "x", 1);
    assert_true(echo__channel_waiting(a.channel) >= 32);
    pair_talk(&a, &b, SIZE_MAX, NULL);
    echo__channel_counts out = echo__channel_count(a.channel), in = echo__channel_count(b.channel);
    assert_int_equal(out.payload_out, LONG + 1);
    assert_int_equal(in.payload_in, LONG + 1);
    assert_int_equal(out.raw_out, in.raw_in);
    assert_int_equal(out.raw_in, in.raw_out);
    assert_int_equal(in.raw_out, 32 + 114 + 24);
    assert_true(out.raw_out > 170 && out.raw_out < LONG / 100);
    assert_int_equal(echo__channel_waiting(a.channel), 0);
    pair_close(&a, &b);
}

/* One direction ends, the other goes on. After its end nothing can be written, and the channel lives. */
static void test_finish(void **state) {
    (void)state;
    side a, b;
    pair_open(&a, &b);
    echo__channel_finish(a.channel);
    assert_int_equal(side_try_say(&a, 1, "x", 1), ECHO_ERR_INVALID);
    pair_talk(&a, &b, SIZE_MAX, NULL);
    assert_true(echo__channel_is_finished(b.channel));
    assert_false(echo__channel_is_finished(a.channel));
    assert_int_equal(echo__channel_pending(a.channel).len, 0);
    side_say(&b, 1, "x", 1);
    echo__channel_finish(b.channel);
    pair_talk(&a, &b, SIZE_MAX, NULL);
    check_all_said(&a, &b);
    side_hear(&a, echo__bytes("x", 1)); /* behind the end there is nothing */
    assert_int_equal(a.status, ECHO_ERR_CORRUPT);
    assert_false(echo__channel_is_finished(a.channel));
    pair_close(&a, &b);
}

/* The conversation with a stranger in the middle who changes byte `flip` of it, or cuts it behind byte `cut`. Gives its
 * length. */
static size_t conversation(side *a, side *b, size_t flip, uint8_t bits, size_t cut, size_t to_side[2]) {
    size_t at = 0;
    say_all(a, b);
    to_side[0] = to_side[1] = 0;
    for (bool any = true; any;) {
        any = false;
        for (int turn = 0; turn < 2; turn++) {
            side *from = turn == 0 ? a : b, *to = turn == 0 ? b : a;
            echo__buf wire = ECHO__BUF_INIT;
            side_send(&wire, from);
            for (size_t i = 0; i < wire.len; i++) {
                if (at + i == flip) wire.data[i] ^= bits;
            }
            size_t n = at >= cut ? 0 : wire.len < cut - at ? wire.len : cut - at;
            if (n > 0) side_hear(to, echo__bytes(wire.data, n));
            to_side[1 - turn] += n;
            at += wire.len;
            any = any || wire.len > 0;
            echo__buf_free(&wire);
        }
    }
    return at;
}

/* Whatever byte is changed: refused with the right class, and only what was said is heard. */
static void test_flips(void **state) {
    (void)state;
    side a, b;
    size_t way[2], unnoticed = 0;
    pair_open(&a, &b);
    size_t len = conversation(&a, &b, SIZE_MAX, 0, SIZE_MAX, way);
    check_all_said(&a, &b);
    pair_close(&a, &b);
    /* I 32, R 32, I 114, R 114: the handshake. */
    for (size_t at = 0; at < len; at++) {
        pair_open(&a, &b);
        (void)conversation(&a, &b, at, (uint8_t)(1u << at % 8), SIZE_MAX, way);
        assert_false(echo__channel_is_finished(a.channel) && echo__channel_is_finished(b.channel));
        assert_true(heard_a_beginning(&a, &b));
        assert_true(heard_a_beginning(&b, &a));
        if (at < 178) {
            assert_int_equal(b.status, ECHO_ERR_REFUSED);
            assert_false(echo__channel_is_open(b.channel));
            assert_int_equal(echo__channel_count(b.channel).raw_out, 32);
            assert_int_equal(a.heard.len + b.heard.len, 0);
        } else if (at < 292) {
            assert_int_equal(a.status, ECHO_ERR_REFUSED);
            assert_int_equal(a.heard.len, 0);
        } else if (a.status == ECHO_OK && b.status == ECHO_OK) {
            unnoticed++; /* a frame that became longer is waited for */
        } else {
            assert_int_equal(a.status == ECHO_OK ? b.status : a.status, ECHO_ERR_CORRUPT);
        }
        pair_close(&a, &b);
    }
    assert_true(unnoticed <= 4); /* the lengths of two frames */
}

/* Wherever the connection is cut: nobody takes it for an end. */
static void test_truncation(void **state) {
    (void)state;
    side a, b;
    size_t way[2], whole[2];
    pair_open(&a, &b);
    size_t len = conversation(&a, &b, SIZE_MAX, 0, SIZE_MAX, whole);
    pair_close(&a, &b);
    for (size_t cut = 0; cut < len; cut++) {
        pair_open(&a, &b);
        (void)conversation(&a, &b, SIZE_MAX, 0, cut, way);
        OK(a.status);
        OK(b.status);
        assert_int_equal(echo__channel_is_finished(a.channel), way[0] == whole[0]);
        assert_int_equal(echo__channel_is_finished(b.channel), way[1] == whole[1]);
        assert_true(heard_a_beginning(&a, &b) && heard_a_beginning(&b, &a));
        pair_close(&a, &b);
    }
}

/* Three frames and the last one of an open channel's. */
static void frames_of(echo__buf frames[4], side *a, side *b) {
    pair_open(a, b);
    pair_talk(a, b, SIZE_MAX, NULL);
    for (uint8_t i = 0; i < 4; i++) {
        memset(&frames[i], 0, sizeof frames[i]);
        if (i < 3)
            side_say(a, i, noise, 50);
        else
            echo__channel_finish(a->channel);
        side_send(&frames[i], a);
    }
}

static void test_frames_out_of_order(void **state) {
    (void)state;
    /* Deliveries to b: frames by number, 4: frame 0 of another connection. The last one is refused. */
    static const int orders[][5] = {{0, 0, -1},    {1, -1},         {0, 2, -1}, {3, -1},   {0, 1, 0, -1},
                                    {0, 1, 3, -1}, {0, 1, 2, 3, 3}, {4, -1},    {0, 4, -1}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        side a, b, other_a, other_b;
        echo__buf frames[4], others[4];
        frames_of(frames, &a, &b);
        frames_of(others, &other_a, &other_b);
        for (int n = 0; n < 5 && orders[i][n] >= 0; n++) {
            int frame = orders[i][n];
            OK(b.status);
            side_hear(&b, echo__buf_bytes(frame == 4 ? &others[0] : &frames[frame]));
        }
        assert_int_equal(b.status, ECHO_ERR_CORRUPT);
        assert_false(echo__channel_is_finished(b.channel));
        assert_true(heard_a_beginning(&b, &a));
        for (int n = 0; n < 4; n++) {
            echo__buf_free(&frames[n]);
            echo__buf_free(&others[n]);
        }
        pair_close(&a, &b);
        pair_close(&other_a, &other_b);
    }
}

/* What a side sent comes back to it: a frame, and its whole stream from the header on, in the place of the other's. */
static void test_reflected_frames(void **state) {
    (void)state;
    side a, b;
    echo__buf frames[4], wire = ECHO__BUF_INIT;
    pair_open(&a, &b);
    side_say(&a, 1, noise, 50);
    for (int i = 0; i < 4; i++) {
        echo__buf_clear(&wire);
        side_send(&wire, i % 2 == 0 ? &a : &b);
        side_hear(i % 2 == 0 ? &b : &a, echo__bytes(wire.data, i == 3 ? 114 : wire.len));
    }
    assert_true(echo__channel_is_open(a.channel));
    echo__buf_clear(&wire);
    side_send(&wire, &a);
    side_hear(&a, echo__buf_bytes(&wire));
    assert_int_equal(a.status, ECHO_ERR_CORRUPT);
    assert_int_equal(a.messages, 0);
    echo__buf_free(&wire);
    pair_close(&a, &b);

    frames_of(frames, &a, &b);
    side_hear(&a, echo__buf_bytes(&frames[0]));
    assert_int_equal(a.status, ECHO_ERR_CORRUPT);
    assert_int_equal(a.messages, 0);
    for (int n = 0; n < 4; n++) echo__buf_free(&frames[n]);
    pair_close(&a, &b);
}

/* A dead channel says the same for ever, and what killed it. */
static void test_dead(void **state) {
    (void)state;
    side a, b;
    echo_error err = ECHO_ERROR_INIT;
    bool found;
    uint8_t type;
    echo_bytes payload;
    pair_open(&a, &b);
    pair_talk(&a, &b, SIZE_MAX, NULL);
    side_say(&b, 1, "x", 1);
    side_hear(&b, echo__bytes("\0\1garbage of more than eighteen bytes", 38));
    assert_int_equal(b.status, ECHO_ERR_CORRUPT);
    assert_int_equal(echo__channel_receive(b.channel, echo__bytes("", 0), &err), ECHO_ERR_CORRUPT);
    assert_int_equal(err.code, ECHO_ERR_CORRUPT);
    assert_int_not_equal(err.message[0], 0);
    assert_int_equal(echo__channel_next(&found, &type, &payload, b.channel, NULL), ECHO_ERR_CORRUPT);
    assert_false(found);
    assert_int_equal(side_try_say(&b, 1, "x", 1), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__channel_status(b.channel, NULL), ECHO_ERR_CORRUPT);
    assert_int_equal(echo__channel_pending(b.channel).len, 0);
    echo__channel_finish(b.channel);
    assert_int_equal(echo__channel_pending(b.channel).len, 0);
    pair_close(&a, &b);
}

static void test_most(void **state) {
    (void)state;
    static const struct {
        size_t most, len;
        echo_status status;
    } cases[] = {{0, 0, ECHO_ERR_LIMIT},
                 {0, 1, ECHO_ERR_LIMIT},
                 {1, 0, ECHO_OK},
                 {1, 1, ECHO_OK},
                 {1, 2, ECHO_ERR_LIMIT},
                 {LONG, LONG, ECHO_OK},
                 {LONG - 1, LONG, ECHO_ERR_LIMIT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        side a, b;
        pair_open(&a, &b);
        b.most[7] = cases[i].most;
        side_say(&a, 6, "before", 6);
        side_say(&a, 7, text, cases[i].len);
        pair_talk(&a, &b, SIZE_MAX, NULL);
        assert_int_equal(b.status, cases[i].status);
        assert_int_equal(b.messages, cases[i].status == ECHO_OK ? 2 : 1);
        pair_close(&a, &b);
    }
    side a, b;
    pair_open(&a, &b);
    echo_bytes parts[2] = {{(const uint8_t *)text, UINT32_MAX}, {(const uint8_t *)text, 1}};
    assert_int_equal(echo__channel_write(a.channel, 1, parts, 2, NULL), ECHO_ERR_LIMIT);
    side_say(&a, 1, "x", 1); /* nothing of it is there */
    pair_talk(&a, &b, SIZE_MAX, NULL);
    assert_true(heard_what_was_said(&b, &a));
    pair_close(&a, &b);
}

/* Opens a channel of a responder to a peer made by hand. */
static void open_by_hand(hand *h, side *b) {
    echo_keypair keys = key_pair(1);
    echo__buf wire = ECHO__BUF_INIT;
    uint8_t hello[HAND_HELLO], header[HAND_HEADER], plain[98];
    side_prepare(b, false, 2);
    side_open(b);
    hand_start(h, 0);
    side_hear(b, echo__bytes(h->ephemeral[0], 32));
    side_send(&wire, b);
    assert_int_equal(wire.len, 32);
    hand_meet(h, wire.data);
    hand_claim claim = hand_honest(h, &b->parties[0], &keys);
    hand_hello(hello, h, &claim);
    side_hear(b, echo__bytes(hello, sizeof hello));
    OK(b->status);
    echo__buf_clear(&wire);
    side_send(&wire, b);
    assert_int_equal(wire.len, 114 + 24);
    assert_true(hand_hear(plain, h, &b->parties[0], wire.data));
    echo_key members[2] = {keys.public_key, b->keys.public_key};
    assert_memory_equal(plain, "\1\0", 2);
    assert_memory_equal(plain + 2, &members[1], 32);
    hand_begin(h, header, wire.data + 114, &b->parties[0], members);
    side_hear(b, echo__bytes(header, sizeof header));
    echo__buf_free(&wire);
}

/* What a peer after the document's words says is understood, and it understands. */
static void test_by_hand(void **state) {
    (void)state;
    hand h;
    side b;
    echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    open_by_hand(&h, &b);
    hand_pack(&packed, echo__bytes("\0\0\0\5\7hello\0\0\0\0\1", 15), 0, 17);
    hand_frames(&wire, &h, echo__buf_bytes(&packed));
    side_hear(&b, echo__buf_bytes(&wire));
    OK(b.status);
    assert_true(echo__channel_is_finished(b.channel));
    assert_int_equal(b.messages, 2);
    assert_memory_equal(b.heard.data, "\7\0\0\0\0\0\0\0\5hello\1\0\0\0\0\0\0\0\0", 23);
    side_say(&b, 9, "bye", 3);
    echo__channel_finish(b.channel);
    echo__buf_clear(&wire);
    side_send(&wire, &b);
    uint8_t plain[200], tag, unpacked[200];
    unsigned long long len;
    size_t body = (size_t)wire.data[0] << 8 | wire.data[1];
    assert_int_equal(wire.len, body + 19);
    int opened =
        crypto_secretstream_xchacha20poly1305_pull(&h.pull, plain, &len, &tag, wire.data + 2, wire.len - 2, NULL, 0);
    assert_int_equal(opened, 0);
    assert_int_equal(tag, 3);
    assert_int_equal(ZSTD_decompress(unpacked, sizeof unpacked, plain, (size_t)len), 8);
    assert_memory_equal(unpacked, "\0\0\0\3\11bye", 8);
    echo__buf_free(&packed);
    echo__buf_free(&wire);
    side_close(&b);
}

typedef struct bomb {
    const char *begins; /* of the stream */
    size_t begins_len;
    uint64_t zeros;
    int window_log;
    size_t cut; /* bytes of the packed form that are left away */
    echo_status status;
    size_t messages;
} bomb;

static void test_bombs(void **state) {
    (void)state;
    static const bomb bombs[] = {
        {"\x40\0\0\0\1", 5, UINT64_C(1) << 30, 21, 0, ECHO_ERR_LIMIT, 0}, /* a message of 1 GiB */
        {"\xff\xff\xff\xff\1", 5, 0, 17, 0, ECHO_ERR_LIMIT, 0},           /* declared 4 GiB */
        {"\0\0\0\1\2a", 6, UINT64_C(1) << 30, 21, 0, ECHO_ERR_LIMIT, 1},  /* messages of type 0, which may not come */
        {"\0\0\0\1\2a", 6, UINT64_C(17) << 20, 24, 0, ECHO_ERR_LIMIT, 0}, /* a window of 16 MiB */
        {"\0\0\0\1\2a\1\0\0\0\2", 11, UINT64_C(16) << 20, 23, 0, ECHO_OK, 2}, /* one of 8 MiB is fine */
        {"\0\0\0\1\2a\0\0\0\2\2b", 12, 0, 17, 0, ECHO_ERR_CORRUPT, 1},        /* ends in a message */
        {"\0\0\0\1\2a", 6, 0, 17, 1, ECHO_ERR_CORRUPT, 0},                    /* zstd's frame is cut, the end is said */
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        hand h;
        side b;
        echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
        open_by_hand(&h, &b);
        b.most[0] = 0;
        hand_pack(&packed, echo__bytes(bombs[i].begins, bombs[i].begins_len), bombs[i].zeros, bombs[i].window_log);
        packed.len -= bombs[i].cut;
        hand_frames(&wire, &h, echo__buf_bytes(&packed));
        fault_at(0); /* only counts */
        side_hear(&b, echo__buf_bytes(&wire));
        assert_int_equal(b.status, bombs[i].status);
        assert_int_equal(b.messages, bombs[i].messages);
        if (bombs[i].status == ECHO_ERR_LIMIT) assert_true(b.channel->payload.cap <= 64);
        (void)fault_off();
        echo__buf_free(&packed);
        echo__buf_free(&wire);
        side_close(&b);
    }
}

/* A million empty messages in a few bytes, all allowed: they come one by one and take no memory. */
static void test_flood(void **state) {
    (void)state;
    hand h;
    side b;
    echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    open_by_hand(&h, &b);
    hand_pack(&packed, echo__bytes("\0\0\0\1\2a", 6), 5000000, 17);
    hand_frames(&wire, &h, echo__buf_bytes(&packed));
    assert_true(wire.len < 2000);
    OK(echo__channel_receive(b.channel, echo__buf_bytes(&wire), NULL));
    long before = 0;
    for (int i = 0; i < 1000001; i++) {
        bool found;
        uint8_t type;
        echo_bytes payload;
        OK(echo__channel_next(&found, &type, &payload, b.channel, NULL));
        assert_true(found && payload.len == (i == 0 ? 1 : 0));
        if (i == 0) before = fault_blocks();
    }
    assert_int_equal(fault_blocks(), before);
    echo__buf_free(&packed);
    echo__buf_free(&wire);
    side_close(&b);
}

/* Even where 4 GiB are allowed, memory grows with what arrives. */
static void test_declared(void **state) {
    (void)state;
    hand h;
    side b;
    echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    open_by_hand(&h, &b);
    b.most[1] = SIZE_MAX;
    hand_pack(&packed, echo__bytes("\xff\xff\xff\xff\1", 5), 100000, 17);
    hand_frame(&wire, &h, echo__buf_bytes(&packed), 0);
    side_hear(&b, echo__bytes(wire.data, wire.len));
    assert_true(b.channel->payload.cap < 400000);
    echo__buf_free(&packed);
    echo__buf_free(&wire);
    side_close(&b);
}

/* Frames that are sealed well and hold what no stream begins with. */
static void test_foreign_frames(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint8_t tag;
    } cases[] = {
        {"\x50\x2a\x4d\x18\1\0\0\0x", 9, 0}, /* skippable */
        {"\x50\x2a\x4d\x18\1\0\0\0x", 9, 3},
        {"\x27\xb5\x2f\xfd\0\0\0\0\0\0\0\0", 12, 0}, /* zstd 0.7 */
        {"hello, world", 12, 0},
        {"\x28", 1, 1},
        {"\x28", 1, 2},
        {"\x28", 1, 3}, /* no such tag; the end of nothing */
        {"", 0, 0},
        {"", 0, 3},
        {"\x28\xb5\x2f\xfd\0\x58\7\0\0", 9, 0}, /* a block of the reserved kind */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hand h;
        side b;
        echo__buf wire = ECHO__BUF_INIT;
        open_by_hand(&h, &b);
        hand_frame(&wire, &h, echo__bytes(cases[i].bytes, cases[i].len), cases[i].tag);
        side_hear(&b, echo__buf_bytes(&wire));
        assert_int_equal(b.status, ECHO_ERR_CORRUPT);
        echo__buf_free(&wire);
        side_close(&b);
    }
    hand h; /* and one that ends twice */
    side b;
    echo__buf packed = ECHO__BUF_INIT, wire = ECHO__BUF_INIT;
    open_by_hand(&h, &b);
    hand_pack(&packed, echo__bytes("\0\0\0\0\1", 5), 0, 17);
    hand_frame(&wire, &h, echo__buf_bytes(&packed), 0);
    side_hear(&b, echo__buf_bytes(&wire));
    assert_int_equal(b.status, ECHO_ERR_CORRUPT);
    echo__buf_free(&packed);
    echo__buf_free(&wire);
    side_close(&b);
}

/* Opens, says and hears with the nth allocation failing; everything is freed. false: nothing failed. */
static bool talk_with_fault(long nth, bool plain) {
    side a, b;
    long before = fault_blocks();
    side_prepare(&a, true, 1);
    side_prepare(&b, false, 2);
    a.options.plain = b.options.plain = plain;
    a.options.peer = b.keys.public_key;
    b.options.peer = a.keys.public_key;
    OK(echo__buf_reserve(&a.heard, 300000) == NULL || echo__buf_reserve(&b.heard, 300000) == NULL ? ECHO_ERR_NOMEM
                                                                                                  : ECHO_OK);
    fault_at(nth);
    echo_status status = echo__channel_new(&a.channel, &a.options, NULL);
    if (status == ECHO_OK) status = echo__channel_new(&b.channel, &b.options, NULL);
    if (status == ECHO_OK) status = side_try_say(&a, 1, noise, 200000);
    if (status == ECHO_OK) status = side_try_say(&b, 1, text, 1000);
    if (status == ECHO_OK) {
        echo__channel_finish(a.channel);
        echo__channel_finish(b.channel);
        pair_talk(&a, &b, 100000, NULL);
        status = echo__channel_status(a.channel, NULL);
        if (status == ECHO_OK) status = echo__channel_status(b.channel, NULL);
    }
    bool failed = fault_off();
    assert_int_equal(status, failed ? ECHO_ERR_NOMEM : ECHO_OK);
    if (status == ECHO_OK) assert_true(echo__channel_is_finished(a.channel) && echo__channel_is_finished(b.channel));
    pair_close(&a, &b);
    assert_int_equal(fault_blocks(), before);
    return failed;
}

static void test_no_memory(void **state) {
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        long nth = 1;
        while (talk_with_fault(nth, plain != 0)) nth++;
        assert_true(nth > 30);
    }
}

static void plain_open(side *a, side *b) {
    side_prepare(a, true, 1);
    side_prepare(b, false, 2);
    a->options.plain = b->options.plain = true;
    a->options.peer = b->keys.public_key;
    b->options.peer = a->keys.public_key;
    a->options.keys = b->options.keys = NULL;
    b->options.party_count = 3;
    for (uint8_t n = 0; n < 3; n++) b->parties[n] = party_key((uint8_t)(2 - n));
}

static void test_plain(void **state) {
    (void)state;
    for (size_t cut = 1; cut < 200; cut += 66) {
        side a, b;
        plain_open(&a, &b);
        side_open(&a);
        side_open(&b);
        say_all(&a, &b);
        pair_talk(&a, &b, cut, NULL);
        check_all_said(&a, &b);
        assert_true(echo__key_equal(echo__channel_party(b.channel), &a.parties[0]));
        assert_true(echo__key_equal(echo__channel_peer(b.channel), &a.keys.public_key));
        assert_true(echo__key_equal(&b.asked_member, &a.keys.public_key) && a.asked == 1);
        pair_close(&a, &b);
    }
}

static void test_plain_refused(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        side a, b;
        echo__buf wire = ECHO__BUF_INIT;
        plain_open(&a, &b);
        if (i == 0) a.parties[0] = party_key(4);
        if (i == 1) b.options.peer = key_pair(STRANGER).public_key;
        side_open(&a);
        side_open(&b);
        side_send(&wire, &a);
        assert_int_equal(wire.len, 34);
        if (i == 2) wire.data[0] = 2;
        if (i == 3) wire.data[1] = 9; /* a minor one does not matter */
        side_hear(&b, echo__buf_bytes(&wire));
        assert_int_equal(b.status, i == 3 ? ECHO_OK : i == 2 ? ECHO_ERR_VERSION : ECHO_ERR_REFUSED);
        assert_int_equal(echo__channel_pending(b.channel).len, i == 3 ? 34 : 0);
        echo__buf_free(&wire);
        pair_close(&a, &b);
    }
}

/* Without seals a change can be anything; it is read safely, in exact memory. */
static void test_plain_flips(void **state) {
    (void)state;
    size_t way[2], len = 1;
    for (size_t at = 0; at < len; at++) {
        for (uint8_t bits = 1; bits != 0; bits = (uint8_t)(bits << 3)) {
            side a, b;
            plain_open(&a, &b);
            side_open(&a);
            side_open(&b);
            size_t now = conversation(&a, &b, at, at == 0 ? 0 : bits, SIZE_MAX, way);
            if (at == 0) len = now;
            pair_close(&a, &b);
        }
    }
}

static void test_options(void **state) {
    (void)state;
    side s;
    echo__channel *c = (echo__channel *)&s;
    side_prepare(&s, true, 1);
    for (int i = 0; i < 6; i++) {
        echo__channel_options o = s.options;
        if (i == 0) o.admits = NULL;
        if (i == 1) o.most = NULL;
        if (i == 2) o.keys = NULL;
        if (i == 3) o.party_count = 0;
        if (i == 4) o.party_count = 2;
        if (i == 5) o.parties = NULL;
        assert_int_equal(echo__channel_new(&c, &o, NULL), ECHO_ERR_INVALID);
        assert_null(c);
    }
    echo__channel_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conversation),
                                       cmocka_unit_test(test_random_cuts),
                                       cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_finish),
                                       cmocka_unit_test(test_flips),
                                       cmocka_unit_test(test_truncation),
                                       cmocka_unit_test(test_frames_out_of_order),
                                       cmocka_unit_test(test_reflected_frames),
                                       cmocka_unit_test(test_dead),
                                       cmocka_unit_test(test_most),
                                       cmocka_unit_test(test_by_hand),
                                       cmocka_unit_test(test_bombs),
                                       cmocka_unit_test(test_flood),
                                       cmocka_unit_test(test_declared),
                                       cmocka_unit_test(test_foreign_frames),
                                       cmocka_unit_test(test_no_memory),
                                       cmocka_unit_test(test_plain),
                                       cmocka_unit_test(test_plain_refused),
                                       cmocka_unit_test(test_plain_flips),
                                       cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, make, unmake);
}
