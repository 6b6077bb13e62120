/* ECHO's envelopes: worked blocks in both directions, the real feeds byte for byte, presence, malformed and hostile
 * input. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/scratch.h"
#include "echo/sys/codec.h"
#include "support/fault.h"
#include "support/fixture_feed.h"
#include "support/random.h"

#define FEED1 "2d3edcc31e671f326d7cdeb2cc4d578cce74cc88a773052b7c4ab906f4d3fae4"
#define FEED2 "03a8b612d60cd2e1c52129303fa8a0c945f0e6d2c58b9c7f340fc1c41b8e3241"
#define FRAME1 "0a240a20" FEED1 "18"
#define FRAME2 "0a240a20" FEED2 "18"
#define ID1                                                                                                            \
    "3238303862326263393030373735343238396436333935356131653436613532346262633831656335393062383537623639623832363761" \
    "363035613431"                                                                                                     \
    "3363"
#define ID2                                                                                                            \
    "3039623232373736353335643130323737616438633937333730313439376266613931663062383338616466346434623739393364633464" \
    "323366373365"                                                                                                     \
    "6635"
#define MODEL1 "77726e3a2f2f70726f746f636f6c2e64786f732e6f72672f6d6f64656c2f6f626a656374"
#define MODEL2 "64786f733a6d6f64656c2f6f626a656374"
#define SET_TITLE "0a1a080012057469746c651a0f2a0d46697874757265207061727479"

typedef struct state {
    echo_codec codec;
    echo_scratch scratch;
    uint8_t block[1024];
    echo_message message;
    echo_error error;
} state;

static int setup(void **at) {
    state *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->codec = echo_codec_dxos();
    echo__scratch_init(&s->scratch, ECHO__SCRATCH_LIMIT);
    *at = s;
    return 0;
}

static int teardown(void **at) {
    state *s = *at;
    echo__scratch_free(&s->scratch);
    free(s);
    return 0;
}

static echo_bytes unhex(state *s, const char *hex) {
    size_t len = strlen(hex);
    assert_true(len / 2 <= sizeof s->block);
    assert_true(echo__hex_decode(s->block, hex, len));
    return echo__bytes(s->block, len / 2);
}

static echo_status decode(state *s, echo_bytes block) {
    echo__scratch_reset(&s->scratch);
    memset(&s->error, 0, sizeof s->error);
    memset(&s->message, 0xa5, sizeof s->message); /* *out is filled completely */
    return s->codec.ops->decode(&s->message, s->codec.ctx, block, &s->scratch, &s->error);
}

static echo_status decode_hex(state *s, const char *hex) { return decode(s, unhex(s, hex)); }

static void assert_decodes(state *s, const char *hex) {
    if (decode_hex(s, hex) != ECHO_OK) fail_msg("%s: %s", hex, s->error.message);
}

static void assert_fails(state *s, const char *hex, echo_status expected) {
    echo_bytes block = unhex(s, hex);
    uint8_t *exact = malloc(block.len == 0 ? 1 : block.len); /* its ends are those of the allocation */
    assert_non_null(exact);
    memcpy(exact, block.data, block.len);
    echo_status got = decode(s, echo__bytes(exact, block.len));
    free(exact);
    if (got != expected) fail_msg("%s: %s, not %s", hex, echo_status_name(got), echo_status_name(expected));
    assert_int_equal(s->error.code, expected);
    assert_true(s->error.message[0] != '\0');
}

static void assert_encodes(state *s, const echo_message *message, echo_bytes expected) {
    uint8_t *block = NULL;
    size_t len = 0;
    echo_status status = s->codec.ops->encode(&block, &len, s->codec.ctx, message, &s->error);
    if (status != ECHO_OK) fail_msg("encode: %s", s->error.message);
    if (!echo__bytes_equal(echo__bytes(block, len), expected)) {
        for (size_t i = 0; i < len; i++) print_error("%02x", block[i]);
        fail_msg(" is not what was expected, %zu and %zu bytes", len, expected.len);
    }
    s->codec.ops->release(s->codec.ctx, block);
}

static void assert_encode_fails(state *s, echo_status expected) {
    uint8_t *block = s->block;
    size_t len = 1;
    memset(&s->error, 0, sizeof s->error);
    assert_int_equal(s->codec.ops->encode(&block, &len, s->codec.ctx, &s->message, &s->error), expected);
    assert_null(block);
    assert_int_equal(s->error.code, expected);
}

/* Decodes and encodes again: the same bytes. */
static void assert_round_trip(state *s, const char *hex) {
    assert_decodes(s, hex);
    assert_encodes(s, &s->message, echo__bytes(s->block, strlen(hex) / 2));
}

static void assert_text(echo_bytes view, const char *text) {
    assert_non_null(view.data);
    assert_true(echo__bytes_equal(view, echo__bytes_text(text)));
}

static void assert_frame(const state *s, size_t i, const char *feed, uint64_t seq) {
    char hex[ECHO_HEX_CHARS];
    assert_true(i < s->message.frame_count);
    echo_key_hex(hex, &s->message.frames[i].feed);
    assert_string_equal(hex, feed);
    assert_int_equal(s->message.frames[i].seq, seq);
}

static echo_bytes id_of(uint8_t out[64], const char *hex) {
    assert_true(echo__hex_decode(out, hex, 128));
    return echo__bytes(out, 64);
}

/* ---- Worked blocks */

static void test_old_set(void **at) {
    state *s = *at;
    const char *hex = "128801"
                      "0a40" ID1 "1226" FRAME1 "04"
                      "621c" SET_TITLE;
    assert_round_trip(s, hex);
    uint8_t id[64], mutation[28];
    assert_int_equal(s->message.kind, ECHO_MESSAGE_ITEM);
    assert_int_equal(s->message.generation, 1);
    assert_int_equal(s->message.frame_count, 1);
    assert_frame(s, 0, FEED1, 4);
    assert_true(echo__bytes_equal(s->message.item, id_of(id, ID1)));
    assert_true(s->message.has_mutation);
    assert_true(echo__hex_decode(mutation, SET_TITLE, 56));
    assert_true(echo__bytes_equal(s->message.mutation, echo__bytes(mutation, 28)));
    assert_false(s->message.has_genesis);
    assert_false(s->message.has_parent);
    assert_int_equal(s->message.action, ECHO_ACTION_NONE);
    assert_null(s->message.credential.data);

    echo_frame frame = s->message.frames[0];
    echo_message made = {.kind = ECHO_MESSAGE_ITEM,
                         .generation = 1,
                         .frames = &frame,
                         .frame_count = 1,
                         .item = id_of(id, ID1),
                         .has_mutation = true,
                         .mutation = echo__bytes(mutation, 28)};
    assert_encodes(s, &made, echo__bytes(s->block, 139));
}

static void test_new_set(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a26" FRAME2 "04"
                         "5a60"
                         "0a40" ID2 "621c" SET_TITLE);
    uint8_t id[64], mutation[28];
    assert_int_equal(s->message.kind, ECHO_MESSAGE_ITEM);
    assert_int_equal(s->message.generation, 2);
    assert_int_equal(s->message.frame_count, 1);
    assert_frame(s, 0, FEED2, 4);
    assert_true(echo__bytes_equal(s->message.item, id_of(id, ID2)));
    assert_true(echo__hex_decode(mutation, SET_TITLE, 56));
    assert_true(echo__bytes_equal(s->message.mutation, echo__bytes(mutation, 28)));

    echo_frame frame = s->message.frames[0];
    echo_message made = {.kind = ECHO_MESSAGE_ITEM,
                         .generation = 2,
                         .frames = &frame,
                         .frame_count = 1,
                         .item = id_of(id, ID2),
                         .has_mutation = true,
                         .mutation = echo__bytes(mutation, 28)};
    assert_encodes(s, &made, echo__bytes(s->block, 138));
}

static void test_old_genesis(void **at) {
    state *s = *at;
    assert_round_trip(s, "128701"
                         "0a40" ID1 "1200"
                         "5241"
                         "0a19"
                         "77726e3a2f2f64786f732e6f72672f6974656d2f7061727479"
                         "1224" MODEL1);
    assert_true(s->message.has_genesis);
    assert_text(s->message.type, "wrn://dxos.org/item/party");
    assert_text(s->message.model, "wrn://protocol.dxos.org/model/object");
    assert_null(s->message.model_version.data);
    assert_null(s->message.source.data);
    assert_int_equal(s->message.frame_count, 0);
    assert_false(s->message.has_mutation);
}

static void test_old_genesis_with_props_and_parent(void **at) {
    state *s = *at;
    assert_round_trip(s, "12c601"
                         "0a40" ID1 "1226" FRAME1 "05"
                         "5238"
                         "0a10"
                         "64786f732e6f72672f747970652f7430"
                         "1224" MODEL1 "6220"
                         "0a13080012057469746c651a082a064974656d2030"
                         "0a09080012016e1a021800");
    assert_text(s->message.type, "dxos.org/type/t0");
    assert_int_equal(s->message.mutation.len, 32);
    assert_round_trip(s, "12f901"
                         "0a40" ID1 "1226" FRAME1 "0f"
                         "5226"
                         "1224" MODEL1 "5a42"
                         "0a40" ID2 "6221"
                         "0a14080012057469746c651a092a074974656d2031300a09080012016e1a02180a");
    uint8_t id[64];
    assert_true(s->message.has_parent);
    assert_true(echo__bytes_equal(s->message.parent, id_of(id, ID2)));
    assert_null(s->message.type.data);
}

static void test_new_genesis_parent_delete(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a26" FRAME2 "01"
                         "5a68"
                         "0a40" ID2 "5224"
                         "0a0f"
                         "64786f733a6974656d2f7061727479"
                         "1211" MODEL2);
    assert_text(s->message.type, "dxos:item/party");
    assert_text(s->message.model, "dxos:model/object");

    assert_round_trip(s, "0a27"
                         "0a250a20" FEED2 "18ea02"
                         "5a8601"
                         "0a40" ID2 "5a42"
                         "0a40" ID1);
    uint8_t id[64];
    assert_true(s->message.has_parent);
    assert_true(echo__bytes_equal(s->message.parent, id_of(id, ID1)));
    assert_int_equal(s->message.action, ECHO_ACTION_NONE);
    assert_frame(s, 0, FEED2, 362);

    assert_round_trip(s, "0a27"
                         "0a250a20" FEED2 "18fc05"
                         "5a46"
                         "0a40" ID2 "5a02"
                         "1001");
    assert_false(s->message.has_parent);
    assert_int_equal(s->message.action, ECHO_ACTION_DELETE);
    assert_round_trip(s, "0a00"
                         "5a07"
                         "0a0178"
                         "5a02"
                         "1002");
    assert_int_equal(s->message.action, ECHO_ACTION_RESTORE);
}

static void test_link(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a00"
                         "5a13"
                         "0a0178"
                         "520e"
                         "12016d"
                         "1a0131"
                         "2206"
                         "0a0161"
                         "120162");
    assert_text(s->message.model, "m");
    assert_text(s->message.model_version, "1");
    assert_text(s->message.source, "a");
    assert_text(s->message.target, "b");
    assert_false(s->message.has_mutation);
}

static void test_credentials(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a05"
                         "0a03"
                         "010203");
    assert_int_equal(s->message.kind, ECHO_MESSAGE_CREDENTIAL);
    assert_int_equal(s->message.generation, 1);
    assert_int_equal(s->message.credential.len, 3);
    assert_null(s->message.item.data);
    assert_round_trip(s, "0a26" FRAME2 "00"
                         "5205"
                         "0a03"
                         "010203");
    assert_int_equal(s->message.kind, ECHO_MESSAGE_CREDENTIAL);
    assert_int_equal(s->message.generation, 2);
    assert_frame(s, 0, FEED2, 0);
    assert_memory_equal(s->message.credential.data, "\1\2\3", 3);
}

/* ---- Presence */

static void test_explicit_empties_are_kept(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a00"
                         "5a07"
                         "0a0178"
                         "5a02"
                         "0a00"); /* parent "" is set, to none */
    assert_true(s->message.has_parent);
    assert_non_null(s->message.parent.data);
    assert_int_equal(s->message.parent.len, 0);
    assert_round_trip(s, "0a00"
                         "5a05"
                         "0a0178"
                         "6200"); /* an empty mutation is one */
    assert_true(s->message.has_mutation);
    assert_non_null(s->message.mutation.data);
    assert_round_trip(s, "0a00"
                         "5a0c"
                         "0a0178"
                         "5207"
                         "0a00"
                         "12016d"
                         "1a00");
    assert_non_null(s->message.type.data);
    assert_non_null(s->message.model_version.data);
    assert_round_trip(s, "0a00"
                         "5a05"
                         "0a0178"
                         "6200");
    assert_round_trip(s, "0a02"
                         "0a00"); /* a credential without bytes */
    assert_non_null(s->message.credential.data);
    assert_round_trip(s, "0a00");
    assert_int_equal(s->message.kind, ECHO_MESSAGE_CREDENTIAL);
    assert_null(s->message.credential.data);
}

static void test_frame_without_seq_is_dropped(void **at) {
    state *s = *at;
    assert_decodes(s, "0a24"
                      "0a22"
                      "0a20" FEED2 "5a03"
                      "0a0178");
    assert_int_equal(s->message.frame_count, 0);
    assert_decodes(s, "0a4a"
                      "0a22"
                      "0a20" FEED1 FRAME2 "07"
                      "5a03"
                      "0a0178");
    assert_int_equal(s->message.frame_count, 1);
    assert_frame(s, 0, FEED2, 7);
    assert_round_trip(s, "0a26" FRAME2 "00"
                         "5a03"
                         "0a0178"); /* seq 0 said in words stays */
    assert_frame(s, 0, FEED2, 0);
}

static void test_frames_stay_in_their_order(void **at) {
    state *s = *at;
    assert_round_trip(s, "0a72" FRAME1 "05" FRAME2 "06" FRAME1 "04"
                         "5a03"
                         "0a0178");
    assert_int_equal(s->message.frame_count, 3);
    assert_frame(s, 0, FEED1, 5);
    assert_frame(s, 1, FEED2, 6);
    assert_frame(s, 2, FEED1, 4);
}

static void test_neither_item_nor_credential(void **at) {
    state *s = *at;
    assert_decodes(s, "");
    assert_int_equal(s->message.kind, ECHO_MESSAGE_UNKNOWN);
    assert_int_equal(s->message.generation, 1);
    assert_decodes(s, "1a0101"); /* an unknown field alone */
    assert_int_equal(s->message.kind, ECHO_MESSAGE_UNKNOWN);
    assert_encode_fails(s, ECHO_ERR_INVALID);
}

static void test_unknown_fields_are_skipped(void **at) {
    state *s = *at;
    /* varint, fixed64, bytes and fixed32 at the top, in the envelope, the frame, the genesis */
    const char *extra = "980601"
                        "a1060102030405060708"
                        "aa0602ffff"
                        "b50601020304";
    char hex[512];
    assert_int_equal(strlen(extra), 2 * 24);
    (void)snprintf(hex, sizeof hex, "%s0a3e0a3c0a20%s1804%s5a380a0178%s521b12016d%s", extra, FEED2, extra, extra,
                   extra);
    assert_decodes(s, hex);
    assert_int_equal(s->message.kind, ECHO_MESSAGE_ITEM);
    assert_int_equal(s->message.generation, 2);
    assert_frame(s, 0, FEED2, 4);
    assert_text(s->message.item, "x");
    assert_text(s->message.model, "m");
}

static void test_model_snapshot_changes_nothing(void **at) {
    state *s = *at;
    assert_decodes(s, "0a00"
                      "5a08"
                      "0a0178"
                      "6a03"
                      "0a0101");
    assert_int_equal(s->message.kind, ECHO_MESSAGE_ITEM);
    assert_text(s->message.item, "x");
    assert_false(s->message.has_genesis || s->message.has_parent || s->message.has_mutation);
    assert_int_equal(s->message.action, ECHO_ACTION_NONE);
}

static void test_dialects_keep_apart(void **at) {
    state *s = *at;
    assert_decodes(s, "1209"
                      "0a0178"
                      "5a04"
                      "0a00"
                      "1001"); /* no actions in dialect 1 */
    assert_int_equal(s->message.generation, 1);
    assert_true(s->message.has_parent);
    assert_int_equal(s->message.action, ECHO_ACTION_NONE);
    assert_decodes(s, "120c"
                      "0a0178"
                      "5207"
                      "12016d"
                      "2202"
                      "0a00"); /* no links */
    assert_null(s->message.source.data);
    assert_decodes(s, "5a2d"
                      "0a0178"
                      "1226" FRAME1 "04"
                      "6200"); /* its timeframe is not in the envelope */
    assert_int_equal(s->message.generation, 2);
    assert_int_equal(s->message.frame_count, 0);
    assert_decodes(s, "0a00"
                      "5a07"
                      "0a0178"
                      "5a02"
                      "1063"); /* an action of the future */
    assert_int_equal(s->message.action, ECHO_ACTION_NONE);
}

/* ---- Malformed and hostile */

static void test_malformed(void **at) {
    state *s = *at;
    static const char *const blocks[] = {
        "0a",   /* no length */
        "0aff", /* a length that does not end */
        "5a05"
        "0a0178",                 /* longer than the block */
        "ffffffffffffffffffff01", /* a tag that does not end */
        "5affffffffffffffffff7f", /* absurd length */
        "0af0ffffffffffffffff01", /* 16 bytes back */
        "0200",                   /* field 0 */
        "0b0c",                   /* groups */
        "0e",
        "0f",   /* wire types there are none of */
        "5801", /* echo as a number */
        "0a00"
        "5a03"
        "0a0578", /* an id longer than its envelope */
        "0a00"
        "5a05"
        "0a0178"
        "6201", /* a mutation cut off */
        "0a00"
        "5a05"
        "0a0178"
        "6001", /* a mutation as a number */
        "0a00"
        "5a00", /* no item */
        "0a00"
        "5a02"
        "0a00", /* an item without a name */
        "0a00"
        "5a07"
        "0a0178"
        "5202"
        "0a00", /* a genesis without a model */
        "0a00"
        "5a04"
        "0a0278"
        "00", /* a NUL in an id */
        "0a00"
        "5a03"
        "0a01ff", /* no UTF-8 */
        "0a00"
        "5a08"
        "0a0178"
        "5a03"
        "0a01ff", /* neither the parent's */
        "0a00"
        "5a08"
        "0a0178"
        "5203"
        "1201ff", /* nor the model's */
        "0a00"
        "5a0b"
        "0a0178"
        "5206"
        "12016d"
        "0a01ff",
        "0a00"
        "5a0b"
        "0a0178"
        "5206"
        "12016d"
        "1a01ff",
        "0a00"
        "5a0d"
        "0a0178"
        "5208"
        "12016d"
        "2203"
        "0a01ff",
        "0a00"
        "5a0d"
        "0a0178"
        "5208"
        "12016d"
        "2203"
        "1201ff",
        "0a02"
        "0a00"
        "1a0105"
        "5203"
        "0a0101"
        "5a03"
        "0a0178", /* item and credential in one */
        "0a26" FRAME2 "ff"
        "5a03"
        "0a0178", /* a seq that does not end */
        "0a25"
        "0a23"
        "0a1f"
        "03a8b612d60cd2e1c52129303fa8a0c945f0e6d2c58b9c7f340fc1c41b8e32"
        "1804"
        "5a03"
        "0a0178",
        "0a04"
        "0a02"
        "1804"
        "5a03"
        "0a0178", /* a frame without a feed */
        "0a2f"
        "0a2d"
        "0a20" FEED2 "18ffffffffffffffffff01"
        "5a03"
        "0a0178", /* seq -1 */
        "0a2a"
        "0a28"
        "0a20" FEED2 "188080808008"
        "5a03"
        "0a0178", /* seq 2^31 is negative in an int32 */
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) assert_fails(s, blocks[i], ECHO_ERR_CORRUPT);
}

static void test_every_cut_of_a_block(void **at) {
    state *s = *at;
    echo_bytes block = unhex(s, "0a26" FRAME2 "04"
                                "5a60"
                                "0a40" ID2 "621c" SET_TITLE);
    for (size_t len = 1; len < block.len; len++) {
        uint8_t *copy = malloc(len); /* its end is the end of the allocation */
        assert_non_null(copy);
        memcpy(copy, block.data, len);
        echo_status status = decode(s, echo__bytes(copy, len));
        /* What is cut right behind the timeframe reads as a credential of dialect 1; everything else is noticed. */
        assert_int_equal(status, len == 40 ? ECHO_OK : ECHO_ERR_CORRUPT);
        free(copy);
    }
}

/* Texts are looked at in words of eight bytes: the fault is found wherever it is. */
static void test_bad_byte_anywhere_in_a_text(void **at) {
    state *s = *at;
    for (size_t len = 1; len <= 33; len++) {
        uint8_t block[64] = {0x0a, 0x00, 0x5a, (uint8_t)(len + 2), 0x0a, (uint8_t)len};
        memset(block + 6, 'a', len);
        assert_int_equal(decode(s, echo__bytes(block, len + 6)), ECHO_OK);
        for (size_t i = 0; i < len; i++) {
            static const uint8_t bad[] = {0x00, 0x80, 0xff, 0xc3};
            for (size_t b = 0; b < sizeof bad; b++) {
                block[6 + i] = bad[b];
                assert_int_equal(decode(s, echo__bytes(block, len + 6)), ECHO_ERR_CORRUPT);
            }
            block[6 + i] = 'a';
        }
        for (size_t i = 0; i + 2 <= len; i++) { /* a two-byte letter is as good as others */
            memcpy(block + 6 + i, "\xc3\xa4", 2);
            assert_int_equal(decode(s, echo__bytes(block, len + 6)), ECHO_OK);
            memcpy(block + 6 + i, "aa", 2);
        }
    }
}

static void test_error_names_the_item(void **at) {
    state *s = *at;
    assert_fails(s,
                 "0a00"
                 "5a08"
                 "0a0178"
                 "5a03"
                 "0a01ff",
                 ECHO_ERR_CORRUPT);
    assert_string_equal(s->error.item, "x");
}

static echo_bytes many_frames(size_t n, bool seqs) {
    echo__buf block = ECHO__BUF_INIT, frames = ECHO__BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        uint8_t frame[38] = {0x0a, 0x24, 0x0a, 0x20};
        memcpy(frame + 4, &i, sizeof i);
        frame[36] = 0x18;
        echo__buf_append(&frames, seqs ? frame : (const uint8_t *)"\x0a\x00", seqs ? 38 : 2);
    }
    echo__buf_byte(&block, 0x0a);
    for (size_t len = frames.len;; len >>= 7) {
        echo__buf_byte(&block, (uint8_t)((len & 0x7f) | (len >= 0x80 ? 0x80 : 0)));
        if (len < 0x80) break;
    }
    echo__buf_append(&block, frames.data, frames.len);
    echo__buf_append(&block, "\x5a\x03\x0a\x01\x78", 5);
    echo__buf_free(&frames);
    assert_int_equal(block.status, ECHO_OK);
    return echo__buf_bytes(&block);
}

static void test_limits(void **at) {
    state *s = *at;
    echo_bytes block = many_frames(1000000, true);
    assert_int_equal(decode(s, block), ECHO_OK);
    assert_int_equal(s->message.frame_count, 1000000);
    assert_encodes(s, &s->message, block);
    free((void *)(uintptr_t)block.data);

    block = many_frames(1000001, false);
    assert_int_equal(decode(s, block), ECHO_ERR_LIMIT);
    free((void *)(uintptr_t)block.data);

    block = many_frames(5000, true);
    echo__scratch_free(&s->scratch);
    echo__scratch_init(&s->scratch, 100000);
    assert_int_equal(decode(s, block), ECHO_ERR_LIMIT); /* over what one message may take: never "corrupt" */
    assert_int_equal(s->error.code, ECHO_ERR_LIMIT);
    free((void *)(uintptr_t)block.data);
}

static void test_encode_refuses(void **at) {
    state *s = *at;
    echo_frame frame = {.seq = 7};
    const echo_message good = {.kind = ECHO_MESSAGE_ITEM,
                               .generation = 2,
                               .frames = &frame,
                               .frame_count = 1,
                               .item = echo__bytes_text("x"),
                               .has_genesis = true,
                               .model = echo__bytes_text("m")};
    uint8_t *block = NULL;
    size_t len = 0;
    assert_int_equal(s->codec.ops->encode(&block, &len, s->codec.ctx, &good, NULL), ECHO_OK);
    s->codec.ops->release(s->codec.ctx, block);

    s->message = good, s->message.generation = 3;
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, s->message.item = echo__bytes(NULL, 0);
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, s->message.model = echo__bytes(NULL, 0);
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, s->message.type = echo__bytes("a\0b", 3);
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, s->message.has_parent = true, s->message.parent = echo__bytes("\xff", 1);
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, frame.seq = UINT64_C(0x80000000);
    assert_encode_fails(s, ECHO_ERR_LIMIT);
    frame.seq = INT32_MAX;
    s->message = good, s->message.generation = 1, s->message.action = ECHO_ACTION_DELETE;
    assert_encode_fails(s, ECHO_ERR_UNSUPPORTED);
    s->message = good, s->message.generation = 1, s->message.source = echo__bytes_text("a");
    assert_encode_fails(s, ECHO_ERR_UNSUPPORTED);
    s->message = good, s->message.kind = ECHO_MESSAGE_UNKNOWN;
    assert_encode_fails(s, ECHO_ERR_INVALID);
    s->message = good, s->message.frame_count = 1000001;
    assert_encode_fails(s, ECHO_ERR_LIMIT);
}

static void test_out_of_memory(void **at) {
    state *s = *at;
    echo_bytes block = many_frames(5000, true);
    for (long nth = 1;; nth++) {
        echo__scratch_free(&s->scratch);
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = decode(s, block);
        if (!fault_off()) break;
        assert_int_equal(status, ECHO_ERR_NOMEM); /* never "corrupt", never "limit" */
        assert_int_equal(s->error.code, ECHO_ERR_NOMEM);
        echo__scratch_free(&s->scratch);
        assert_int_equal(fault_blocks(), before);
    }
    assert_int_equal(s->message.frame_count, 5000);
    for (long nth = 1;; nth++) {
        uint8_t *out = s->block;
        size_t len = 1;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = s->codec.ops->encode(&out, &len, s->codec.ctx, &s->message, &s->error);
        bool failed = fault_off();
        if (!failed) {
            assert_int_equal(status, ECHO_OK);
            assert_true(echo__bytes_equal(echo__bytes(out, len), block));
            s->codec.ops->release(s->codec.ctx, out);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_null(out);
        assert_int_equal(fault_blocks(), before);
    }
    free((void *)(uintptr_t)block.data);
}

/* ---- Real feeds */

static const struct {
    const char *folder;
    uint32_t generation;
    size_t feeds;
} folders[] = {
    {TEST_FIXTURES "/a-echo-2.6.17-single/storage/feeds", 1, 2},
    {TEST_FIXTURES "/a-echo-2.33.8-arrays/storage/feeds", 2, 2},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer0/feeds", 1, 3},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer1/feeds", 1, 3},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer0/feeds", 2, 3},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer1/feeds", 2, 3},
};

static void test_real_blocks_round_trip(void **at) {
    state *s = *at;
    for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++) {
        fixture_feeds feeds;
        fixture_feeds_read(&feeds, folders[f].folder);
        assert_int_equal(feeds.count, folders[f].feeds);
        for (size_t i = 0; i < feeds.count; i++) {
            size_t items = 0, credentials = 0;
            for (size_t seq = 0; seq < feeds.feeds[i].count; seq++) {
                echo_bytes block = feeds.feeds[i].blocks[seq];
                if (decode(s, block) != ECHO_OK) fail_msg("%s %zu: %s", feeds.feeds[i].path, seq, s->error.message);
                assert_int_equal(s->message.generation, folders[f].generation);
                items += s->message.kind == ECHO_MESSAGE_ITEM;
                credentials += s->message.kind == ECHO_MESSAGE_CREDENTIAL;
                for (size_t n = 0; n < s->message.frame_count; n++) /* nobody has seen what is not written yet */
                    assert_true(s->message.frames[n].seq <
                                fixture_feeds_find(&feeds, &s->message.frames[n].feed)->count);
                assert_encodes(s, &s->message, block);
            }
            assert_true(credentials >= 2);
            assert_true(items > 0);
            assert_int_equal(items + credentials, feeds.feeds[i].count);
        }
        fixture_feeds_free(&feeds);
    }
}

/* Whatever comes out of a mangled block is either an error or something that can be written, read again and is then the
 * same. */
static void fuzz_one(state *s, echo_bytes block, test_random *seed) {
    size_t len = block.len;
    uint8_t *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, block.data, len);
    for (uint64_t edits = test_random_below(seed, 4) + 1; edits > 0 && len > 0; edits--) {
        size_t where = (size_t)test_random_below(seed, len);
        switch (test_random_below(seed, 4)) {
        case 0: copy[where] ^= (uint8_t)(1u << test_random_below(seed, 8)); break;
        case 1: copy[where] = (uint8_t)test_random_u64(seed); break;
        case 2: len = where; break;
        default: memmove(copy + where, copy + where + 1, len - where - 1), len--; break;
        }
    }
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    assert_non_null(exact);
    memcpy(exact, copy, len);
    free(copy);
    echo_status status = decode(s, echo__bytes(exact, len));
    if (status == ECHO_OK && s->message.kind != ECHO_MESSAGE_UNKNOWN) {
        uint8_t *again = NULL, *third = NULL;
        size_t again_len = 0, third_len = 0;
        assert_int_equal(s->codec.ops->encode(&again, &again_len, s->codec.ctx, &s->message, NULL), ECHO_OK);
        assert_int_equal(decode(s, echo__bytes(again, again_len)), ECHO_OK);
        assert_int_equal(s->codec.ops->encode(&third, &third_len, s->codec.ctx, &s->message, NULL), ECHO_OK);
        assert_true(echo__bytes_equal(echo__bytes(again, again_len), echo__bytes(third, third_len)));
        s->codec.ops->release(s->codec.ctx, again);
        s->codec.ops->release(s->codec.ctx, third);
    } else if (status != ECHO_OK) {
        assert_int_equal(status, ECHO_ERR_CORRUPT);
    }
    free(exact);
}

static void test_mangled_blocks(void **at) {
    state *s = *at;
    for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++) {
        test_random seed = {1000 + f};
        fixture_feeds feeds;
        fixture_feeds_read(&feeds, folders[f].folder);
        for (size_t round = 0; round < 10000; round++) {
            const fixture_feed *feed = &feeds.feeds[test_random_below(&seed, feeds.count)];
            fuzz_one(s, feed->blocks[test_random_below(&seed, feed->count)], &seed);
        }
        fixture_feeds_free(&feeds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_old_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_genesis, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_genesis_with_props_and_parent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_genesis_parent_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_credentials, setup, teardown),
        cmocka_unit_test_setup_teardown(test_explicit_empties_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame_without_seq_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_stay_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_neither_item_nor_credential, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_fields_are_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_snapshot_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dialects_keep_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_cut_of_a_block, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_byte_anywhere_in_a_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_names_the_item, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_real_blocks_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mangled_blocks, setup, teardown),
    };
    return cmocka_run_group_tests_name("codec_dxos", tests, NULL, NULL);
}
