#include "exchange/channel_hello.h"

#include "base/crypto.h"

#define PLAIN_HELLO_BYTES (2 + ECHO_KEY_BYTES)

/* One error for all failures: not even a responder's log shows how far a stranger got. */
static echo_status refuse(echo__channel *c) {
    const char *why =
        c->options.initiator ? "the peer did not prove that it is a member of the party" : "a peer was refused";
    return echo__channel_die(c, ECHO_ERR_REFUSED, why);
}

static void say_plain_hello(echo__channel *c) {
    echo__buf_byte(&c->out, ECHO__EXCHANGE_MAJOR);
    echo__buf_byte(&c->out, ECHO__EXCHANGE_MINOR);
    echo__buf_append(&c->out, c->party.bytes, sizeof c->party.bytes);
}

void echo__channel_begin(echo__channel *c) {
    echo__role role = c->options.initiator ? ECHO__INITIATOR : ECHO__RESPONDER;
    if (c->options.initiator) c->party = c->parties[0];
    if (c->options.plain) {
        c->phase = ECHO__AWAIT_HELLO;
        if (c->options.initiator) say_plain_hello(c);
        return;
    }
    echo__handshake_start(&c->handshake, role);
    if (c->options.initiator) echo__buf_append(&c->out, c->handshake.ephemeral[role], ECHO__EPHEMERAL_BYTES);
}

static echo_status ask_admits(echo__channel *c, const echo_key *party, const echo_key *member) {
    echo_status status = c->options.admits(c->options.arg, party, member);
    if (status == ECHO_ERR_REFUSED) return refuse(c);
    return status == ECHO_OK ? ECHO_OK : echo__channel_die(c, status, "whether the peer is a member cannot be decided");
}

/* Everything is proved: the streams begin. */
static echo_status begin_streams(echo__channel *c, const echo_key *party, const echo_key *peer) {
    uint8_t up[ECHO__STREAM_KEY_BYTES], down[ECHO__STREAM_KEY_BYTES];
    bool initiator = c->options.initiator, plain = c->options.plain;
    c->party = *party;
    c->peer = *peer;
    if (!plain) {
        echo_key members[2];
        members[ECHO__INITIATOR] = initiator ? c->keys.public_key : *peer;
        members[ECHO__RESPONDER] = initiator ? *peer : c->keys.public_key;
        echo__handshake_stream_key(up, &c->handshake, initiator ? ECHO__INITIATOR : ECHO__RESPONDER, party, members);
        echo__handshake_stream_key(down, &c->handshake, initiator ? ECHO__RESPONDER : ECHO__INITIATOR, party, members);
    }
    echo_status status = echo__stream_begin_out(&c->out, &c->up, plain ? NULL : up);
    echo__stream_begin_in(&c->down, plain ? NULL : down);
    echo__wipe(up, sizeof up);
    echo__wipe(down, sizeof down);
    echo__handshake_wipe(&c->handshake);
    echo__wipe(&c->keys, sizeof c->keys);
    if (status != ECHO_OK) return echo__channel_die(c, status, "out of memory");
    c->phase = ECHO__OPEN;
    return ECHO_OK;
}

static echo_status say_hello(echo__channel *c, const echo_key *party) {
    uint8_t hello[ECHO__HELLO_BYTES];
    echo__handshake_say(hello, &c->handshake, party, &c->keys);
    echo__buf_append(&c->out, hello, sizeof hello);
    return c->out.status == ECHO_OK ? ECHO_OK : echo__channel_die(c, ECHO_ERR_NOMEM, "out of memory");
}

/* A responder's answer does not depend on the key, also when it is of low order: it sends its own, and then nothing. */
static echo_status hear_ephemeral(echo__channel *c, const uint8_t *in) {
    if (!c->options.initiator)
        echo__buf_append(&c->out, c->handshake.ephemeral[ECHO__RESPONDER], ECHO__EPHEMERAL_BYTES);
    if (c->out.status != ECHO_OK) return echo__channel_die(c, ECHO_ERR_NOMEM, "out of memory");
    if (!echo__handshake_meet(&c->handshake, in)) return refuse(c);
    c->phase = ECHO__AWAIT_HELLO;
    return c->options.initiator ? say_hello(c, &c->party) : ECHO_OK;
}

/* Every party is tried and one signature is verified in any case, so that the time does not leak how far a stranger
 * got.
 */
static echo_status hear_hello(echo__channel *c, const uint8_t *in) {
    static const echo_key nothing;
    echo__hello hello;
    const echo_key *party = NULL;
    for (size_t i = 0; i < c->options.party_count; i++) {
        echo__hello tried;
        if (!echo__handshake_hear(&tried, &c->handshake, &c->parties[i], in) || party != NULL) continue;
        hello = tried;
        party = &c->parties[i];
    }
    bool heard = party != NULL;
    const echo_key *own = &c->keys.public_key;
    bool proved = echo__handshake_proves(&c->handshake, heard ? party : &nothing, heard ? &hello : NULL, own);
    if (party == NULL) return refuse(c);
    if (hello.major != ECHO__EXCHANGE_MAJOR)
        return echo__channel_die(c, ECHO_ERR_VERSION, "the peer speaks another version of the protocol");
    if (!proved) return refuse(c);
    echo_status status = ask_admits(c, party, &hello.member);
    if (status == ECHO_OK && !c->options.initiator) status = say_hello(c, party);
    return status == ECHO_OK ? begin_streams(c, party, &hello.member) : status;
}

static echo_status hear_plain_hello(echo__channel *c, const uint8_t *in) {
    const echo_key *party = NULL;
    if (in[0] != ECHO__EXCHANGE_MAJOR)
        return echo__channel_die(c, ECHO_ERR_VERSION, "the peer speaks another version of the protocol");
    for (size_t i = 0; i < c->options.party_count && party == NULL; i++) {
        if (memcmp(c->parties[i].bytes, in + 2, ECHO_KEY_BYTES) == 0) party = &c->parties[i];
    }
    if (party == NULL) return refuse(c);
    echo_status status = ask_admits(c, party, &c->options.peer);
    if (status != ECHO_OK) return status;
    c->party = *party;
    if (!c->options.initiator) say_plain_hello(c);
    if (c->out.status != ECHO_OK) return echo__channel_die(c, ECHO_ERR_NOMEM, "out of memory");
    return begin_streams(c, party, &c->options.peer);
}

echo_status echo__channel_shake(echo__channel *c, bool *went) {
    size_t hello = c->options.plain ? PLAIN_HELLO_BYTES : ECHO__HELLO_BYTES;
    size_t need = c->phase == ECHO__AWAIT_EPHEMERAL ? ECHO__EPHEMERAL_BYTES : hello;
    *went = c->phase != ECHO__OPEN && c->in.len - c->taken >= need;
    if (!*went) return ECHO_OK;
    const uint8_t *in = c->in.data + c->taken;
    c->taken += need;
    if (c->phase == ECHO__AWAIT_EPHEMERAL) return hear_ephemeral(c, in);
    return c->options.plain ? hear_plain_hello(c, in) : hear_hello(c, in);
}
