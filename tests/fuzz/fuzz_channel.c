/*
 * Channels: what a stranger sends to either side of one. By the first byte it is the responder's or the initiator's
 * side, plain or encrypted, and the rest of the input is one of:
 *
 *   raw     bytes, from the first one on
 *   frames  behind an honest beginning, parts that are put into frames: a byte for the tag, the part
 *   packed  the same, and what the frames hold was packed by zstd: a stranger's messages
 *   two     a conversation of two channels, whose bytes are changed on the way
 *
 * It is cut as the input's second byte says. What is too long never comes out, a channel that died stays dead, and
 * memory stays bounded.
 */
#include <zstd.h>

#include "exchange/channel.h"
#include "memory.h"

#define MOST 5000u /* of a message */

enum form { RAW, FRAMES, PACKED, TWO, FORMS };

static echo_keypair keys[2];
static echo_key party;

static echo_status admits(void *arg, const echo_key *of, const echo_key *member) {
    (void)arg;
    FUZZ_CHECK(echo__bytes_equal(echo__bytes(of->bytes, 32), echo__bytes(party.bytes, 32)));
    return member->bytes[0] == 0 ? ECHO_ERR_REFUSED : ECHO_OK;
}

static size_t most(void *arg, uint8_t type) {
    (void)arg;
    return type == 0 ? 0 : type < 128 ? MOST : 10;
}

static echo__channel *make(bool initiator, bool plain) {
    echo__channel_options options = {.initiator = initiator,
                                     .plain = plain,
                                     .peer = keys[initiator].public_key,
                                     .keys = &keys[!initiator],
                                     .parties = &party,
                                     .party_count = 1,
                                     .admits = admits,
                                     .most = most};
    echo__channel *c;
    FUZZ_OK(echo__channel_new(&c, &options, NULL));
    return c;
}

static void check_dead(echo__channel *c, echo_status died) {
    bool found;
    uint8_t type;
    echo_bytes payload;
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_CHECK(echo__channel_status(c, &err) == died && err.code == died);
    FUZZ_CHECK(echo__channel_receive(c, echo__bytes("x", 1), &err) == died);
    FUZZ_CHECK(echo__channel_next(&found, &type, &payload, c, &err) == died && !found);
    FUZZ_CHECK(echo__channel_write(c, 1, NULL, 0, &err) == died);
    FUZZ_CHECK(!echo__channel_is_finished(c));
    echo_bytes rest = echo__channel_pending(c);
    echo__channel_sent(c, rest.len);
}

/* Gives bytes to a channel and takes what comes of them; false: it died. */
static bool give(echo__channel *c, echo_bytes bytes) {
    echo_error err = ECHO_ERROR_INIT;
    uint8_t *copy = fuzz_copy(bytes, false);
    echo_status status = echo__channel_receive(c, echo__bytes(copy, bytes.len), &err);
    free(copy);
    FUZZ_STATUS(status, &err, ECHO_ERR_REFUSED, ECHO_ERR_VERSION);
    uint64_t unpacked = 0;
    for (bool found = true; found && status == ECHO_OK;) {
        uint8_t type;
        echo_bytes payload;
        status = echo__channel_next(&found, &type, &payload, c, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
        if (status != ECHO_OK || !found) break;
        FUZZ_CHECK(payload.len <= most(NULL, type) && type != 0 && echo__channel_is_open(c));
        unpacked += payload.len;
    }
    FUZZ_CHECK(echo__channel_count(c).payload_in >= unpacked);
    if (status != ECHO_OK) check_dead(c, status);
    return status == ECHO_OK;
}

static bool give_cut(echo__channel *c, echo_bytes bytes, uint8_t cut) {
    size_t piece = cut == 0 ? bytes.len : cut;
    while (bytes.len > 0) {
        size_t n = bytes.len < piece ? bytes.len : piece;
        if (!give(c, echo__bytes(bytes.data, n))) return false;
        bytes = echo__bytes(bytes.data + n, bytes.len - n);
    }
    return true;
}

/* ---- plain, by hand ---- */

static void plain_hello(echo__buf *out) {
    echo__buf_append(out, "\1\0", 2);
    echo__buf_append(out, party.bytes, 32);
}

static void frame(echo__buf *out, uint8_t tag, echo_bytes bytes) {
    echo__buf_byte(out, (uint8_t)(bytes.len >> 8));
    echo__buf_byte(out, (uint8_t)bytes.len);
    echo__buf_byte(out, tag);
    echo__buf_append(out, bytes.data, bytes.len);
}

/* Parts: a byte that tells the tag and what zstd is to do behind it, how often it is there (packed), and the part. */
static void make_frames(echo__buf *out, fuzz_input *in, bool packed) {
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    uint8_t *room = malloc(1 << 17);
    FUZZ_CHECK(zstd != NULL && room != NULL);
    plain_hello(out);
    while (fuzz_left(in) > 0) {
        static const uint8_t tags[] = {0, 0, 0, 0, 0, 3, 1, 2};
        uint8_t how = fuzz_u8(in);
        unsigned times = packed ? 1u + fuzz_u8(in) : 1u;
        echo_bytes part = fuzz_part(in);
        if (!packed) {
            frame(out, tags[how & 7], part);
            continue;
        }
        for (unsigned i = 0; i < times && out->len < (4u << 20); i++) {
            bool last = i + 1 == times;
            ZSTD_inBuffer from = {part.len > 0 ? (const void *)part.data : "", part.len, 0};
            ZSTD_EndDirective end = last && (how & 8)    ? ZSTD_e_end
                                    : last || (how & 16) ? ZSTD_e_flush
                                                         : ZSTD_e_continue;
            for (size_t left = 1; left > 0;) {
                ZSTD_outBuffer to = {room, 60000, 0};
                left = ZSTD_compressStream2(zstd, &to, &from, end);
                FUZZ_CHECK(!ZSTD_isError(left));
                if (to.pos > 0) frame(out, last && left == 0 ? tags[how & 7] : 0, echo__bytes(room, to.pos));
                if (end == ZSTD_e_continue && from.pos == from.size) break;
            }
        }
    }
    (void)ZSTD_freeCCtx(zstd);
    free(room);
    FUZZ_OK(out->status);
}

/* ---- two channels ---- */

typedef struct side {
    echo__channel *c;
    bool alive;
} side;

/* Moves what one has for the other, changed as the input says. false: there was nothing. */
static bool move(side *from, side *to, fuzz_input *in, uint8_t cut, bool change) {
    echo_bytes bytes = echo__channel_pending(from->c);
    if (bytes.len == 0) return false;
    uint8_t *copy = fuzz_copy(bytes, false);
    if (change && fuzz_left(in) > 0) {
        size_t at = fuzz_u16(in);
        copy[at % bytes.len] ^= fuzz_u8(in);
    }
    if (to->alive) to->alive = give_cut(to->c, echo__bytes(copy, bytes.len), cut);
    echo__channel_sent(from->c, bytes.len);
    free(copy);
    return true;
}

/* Moves: a byte; 0x80 a change on the way, 0x40 from whom, 0x20 the end, else a message of that type and a part. */
static void talk(bool plain, fuzz_input *in, uint8_t cut) {
    side sides[2] = {{make(false, plain), true}, {make(true, plain), true}};
    bool changed = false, ended[2] = {false, false};
    while (fuzz_left(in) > 0) {
        uint8_t how = fuzz_u8(in);
        unsigned who = how >> 6 & 1;
        side *from = &sides[who];
        if ((how & 0x20) != 0) {
            echo__channel_finish(from->c);
            ended[who] = true;
        } else {
            echo_bytes part = fuzz_part(in);
            if (part.len > 10) part.len = 10;
            echo_status status = echo__channel_write(from->c, (uint8_t)(1 + (how & 0x1f)), &part, 1, NULL);
            if (from->alive) FUZZ_CHECK(status == (ended[who] ? ECHO_ERR_INVALID : ECHO_OK));
        }
        changed |= (how & 0x80) != 0;
        for (unsigned i = 0; i < 4; i++) {
            (void)move(&sides[1], &sides[0], in, cut, (how & 0x80) != 0 && i == 1);
            (void)move(&sides[0], &sides[1], in, cut, (how & 0x80) != 0 && i == 1);
        }
    }
    while (move(&sides[1], &sides[0], in, cut, false) || move(&sides[0], &sides[1], in, cut, false)) {}
    for (unsigned i = 0; i < 2 && !changed; i++) {
        FUZZ_CHECK(sides[i].alive);
        FUZZ_CHECK(echo__channel_is_finished(sides[i].c) == ended[1 - i]);
        FUZZ_CHECK(echo__channel_count(sides[i].c).payload_in == echo__channel_count(sides[1 - i].c).payload_out);
    }
    for (unsigned i = 0; i < 2; i++) echo__channel_free(sides[i].c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    fuzz_random_begin();
    const uint8_t seeds[2][32] = {{1}, {2}};
    for (unsigned i = 0; i < 2; i++) FUZZ_OK(echo_keypair_from_seed(&keys[i], seeds[i]));
    memset(&party, 3, sizeof party);
    uint8_t how = fuzz_u8(&in), cut = fuzz_u8(&in);
    bool initiator = (how & 1) != 0, plain = (how & 2) != 0;
    enum form form = (enum form)((how >> 2) % FORMS);
    size_t before = fuzz_memory();
    if (form == TWO) {
        talk(plain, &in, cut);
        return 0;
    }
    echo__buf made = ECHO__BUF_INIT;
    echo__channel *c = make(initiator, form != RAW || plain);
    if (form != RAW) make_frames(&made, &in, form == PACKED);
    (void)give_cut(c, form == RAW ? fuzz_rest(&in) : echo__buf_bytes(&made), cut);
    echo__buf_free(&made);
    size_t now = fuzz_memory();
    FUZZ_CHECK(now < before || now - before < ((size_t)24 << 20));
    echo__channel_free(c);
    return 0;
}
