/*
 * The state of a channel, shared by its handshake (channel_hello.c) and the rest (channel.c).
 */
#ifndef ECHO_EXCHANGE_CHANNEL_STATE_H
#define ECHO_EXCHANGE_CHANNEL_STATE_H

#include "base/error.h"
#include "exchange/channel_options.h"
#include "exchange/handshake.h"
#include "exchange/stream.h"

typedef enum echo__channel_phase { ECHO__AWAIT_EPHEMERAL, ECHO__AWAIT_HELLO, ECHO__OPEN } echo__channel_phase;

struct echo__channel {
    echo__channel_options options; /* its pointers point to copies */
    echo_keypair keys;
    echo_key *parties;
    echo_key party, peer; /* the initiator knows `party` from the beginning */
    echo__handshake handshake;
    echo__channel_phase phase;
    echo_status status;
    echo_error error; /* describes `status` */
    echo__buf in;     /* received; the first `taken` bytes are processed */
    size_t taken;
    echo__buf out; /* sealed; the first `sent` bytes are sent */
    size_t sent;
    echo__stream_in down;
    echo__stream_out up;
    bool finishing;
    echo_bytes piece;                 /* decompressed, not processed yet */
    uint8_t head[ECHO__MESSAGE_HEAD]; /* of the message that is arriving */
    size_t head_len;
    echo__buf payload;
    echo__channel_counts counts;
};

/* Makes the channel dead; returns the code. */
static inline echo_status echo__channel_die(echo__channel *c, echo_status status, const char *why) {
    c->status = status;
    return echo__error(&c->error, status, "%s", why);
}

#endif
