/*
 * Two channels and the wire between them.
 */
#ifndef TESTS_UNIT_EXCHANGE_CHANNEL_SUPPORT_H
#define TESTS_UNIT_EXCHANGE_CHANNEL_SUPPORT_H

#include "support/test.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "exchange/channel.h"
#include "exchange_support.h"
#include "support/random.h"

#define OK(call) assert_int_equal((call), ECHO_OK)
#define MOST ((size_t)16 << 20)
#define STRANGER 9 /* key_pair number of somebody who is no member; 1 and 2 are */

typedef struct side {
    echo__channel *channel;
    echo__channel_options options;
    echo_keypair keys;
    echo_key parties[5];
    size_t most[256];
    size_t asked;       /* calls of admits */
    echo_status answer; /* of admits about members */
    echo_key asked_party, asked_member;
    echo__buf said;  /* the messages written here, type, length and payload */
    echo__buf heard; /* and those handed out here */
    size_t messages; /* of those */
    echo_status status;
} side;

static inline echo_key party_key(uint8_t n) {
    echo_key key;
    memset(key.bytes, 0x40 + n, sizeof key.bytes);
    return key;
}

static inline echo_status side_admits(void *arg, const echo_key *party, const echo_key *member) {
    side *s = arg;
    s->asked++;
    s->asked_party = *party;
    s->asked_member = *member;
    for (uint8_t n = 1; n <= 2; n++) {
        echo_keypair keys = key_pair(n);
        if (echo__key_equal(&keys.public_key, member)) return s->answer;
    }
    return ECHO_ERR_REFUSED;
}

static inline size_t side_most(void *arg, uint8_t type) { return ((side *)arg)->most[type]; }

/* Options only: one party, number 0. */
static inline void side_prepare(side *s, bool initiator, uint8_t key) {
    memset(s, 0, sizeof *s);
    s->keys = key_pair(key);
    s->parties[0] = party_key(0);
    for (size_t i = 0; i < 256; i++) s->most[i] = MOST;
    s->options.initiator = initiator;
    s->options.keys = &s->keys;
    s->options.parties = s->parties;
    s->options.party_count = 1;
    s->options.admits = side_admits;
    s->options.most = side_most;
    s->options.arg = s;
}

static inline void side_open(side *s) { OK(echo__channel_new(&s->channel, &s->options, NULL)); }

static inline void side_close(side *s) {
    echo__channel_free(s->channel);
    echo__buf_free(&s->said);
    echo__buf_free(&s->heard);
    s->channel = NULL;
}

static inline void pair_open(side *a, side *b) {
    side_prepare(a, true, 1);
    side_prepare(b, false, 2);
    side_open(a);
    side_open(b);
}

static inline void pair_close(side *a, side *b) {
    side_close(a);
    side_close(b);
}

static inline void note(echo__buf *log, uint8_t type, echo_bytes payload) {
    uint8_t len[8];
    echo__be64_put(len, payload.len);
    echo__buf_byte(log, type);
    echo__buf_append(log, len, sizeof len);
    echo__buf_append(log, payload.data, payload.len);
}

static inline echo_status side_try_say(side *s, uint8_t type, const void *data, size_t len) {
    size_t third = len / 3;
    echo_bytes parts[2] = {echo__bytes(data, third),
                           echo__bytes(len > 0 ? (const uint8_t *)data + third : NULL, len - third)};
    return echo__channel_write(s->channel, type, parts, 2, NULL);
}

static inline void side_say(side *s, uint8_t type, const void *data, size_t len) {
    OK(side_try_say(s, type, data, len));
    note(&s->said, type, echo__bytes(data, len));
}

/* Bytes to a side, in memory of their own so that a look behind their end is seen; then all messages that come of them.
 */
static inline void side_hear(side *s, echo_bytes bytes) {
    uint8_t *copy = test_malloc(bytes.len + 1);
    if (bytes.len > 0) memcpy(copy + 1, bytes.data, bytes.len);
    s->status = echo__channel_receive(s->channel, echo__bytes(copy + 1, bytes.len), NULL);
    test_free(copy);
    for (bool found = true; found && s->status == ECHO_OK;) {
        uint8_t type;
        echo_bytes payload;
        s->status = echo__channel_next(&found, &type, &payload, s->channel, NULL);
        if (s->status != ECHO_OK || !found) continue;
        s->messages++;
        note(&s->heard, type, payload);
    }
}

/* Everything a side has to send. */
static inline void side_send(echo__buf *out, side *s) {
    for (echo_bytes bytes; (bytes = echo__channel_pending(s->channel)).len > 0;) {
        echo__buf_append(out, bytes.data, bytes.len);
        echo__channel_sent(s->channel, bytes.len);
    }
}

/* Lets both talk until neither has anything to send, in pieces of at most `cut` bytes, random ones with a generator. */
static inline void pair_talk(side *a, side *b, size_t cut, test_random *random) {
    for (bool any = true; any;) {
        any = false;
        for (int turn = 0; turn < 2; turn++) {
            side *from = turn == 0 ? a : b, *to = turn == 0 ? b : a;
            echo_bytes bytes = echo__channel_pending(from->channel);
            if (bytes.len == 0) continue;
            size_t n = bytes.len < cut ? bytes.len : cut;
            if (random != NULL) n = 1 + (size_t)test_random_below(random, n);
            side_hear(to, echo__bytes(bytes.data, n));
            echo__channel_sent(from->channel, n);
            any = true;
        }
    }
}

static inline bool heard_what_was_said(const side *listener, const side *speaker) {
    return echo__bytes_equal(echo__buf_bytes(&listener->heard), echo__buf_bytes(&speaker->said));
}

/* Nothing else, and not in another order. */
static inline bool heard_a_beginning(const side *listener, const side *speaker) {
    return listener->heard.len <= speaker->said.len &&
           (listener->heard.len == 0 || memcmp(listener->heard.data, speaker->said.data, listener->heard.len) == 0);
}

#endif
