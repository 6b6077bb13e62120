#include "exchange/serve.h"

#include "base/alloc.h"
#include "base/error.h"
#include "exchange/answer.h"
#include "exchange/delta.h"

#define QUEUE_MAX 16384u
#define QUEUE_BYTES ((size_t)16 << 20) /* of questions that wait: they may be packed to a thousandth of that */
#define SENDING ((size_t)128 << 10)    /* bytes written ahead of what the host takes, about */
#define ASKS_WAITING_MAX 4u            /* a peer has one ASK and one ATTEST under way */
#define ANSWERS_MAX 256u               /* in one call: others have their turn between two calls */

static bool is_ask(uint8_t type) { return type == ECHO__MESSAGE_ASK || type == ECHO__MESSAGE_ATTEST; }

size_t echo__serve_longest(const echo_peer *peer, uint8_t type) {
    size_t room = peer->wanted_bytes < QUEUE_BYTES ? QUEUE_BYTES - peer->wanted_bytes : 0, longest;
    if (peer->wanted_count >= QUEUE_MAX) return 0;
    switch (type) {
    case ECHO__MESSAGE_ASK: longest = 4 + (size_t)ECHO__FEEDS_MAX * 40; break;
    case ECHO__MESSAGE_WANT: longest = 36 + ECHO__DELTA_LINES * ECHO__DELTA_PRINT; break;
    case ECHO__MESSAGE_TAIL: longest = 4 + 32 + 16; break;
    case ECHO__MESSAGE_ATTEST: longest = 4 + 32; break;
    default: return 0;
    }
    return longest < room ? longest : room;
}

static echo_status add_question(echo_peer *peer, const echo__question *head, echo_bytes bytes, echo_error *err) {
    if (peer->finished) return ECHO_OK; /* it may not have heard the goodbye yet */
    echo__question *one = echo__malloc(sizeof *one + bytes.len);
    if (one == NULL) return echo__nomem(err);
    *one = *head;
    one->next = NULL;
    one->len = bytes.len;
    if (bytes.len > 0) memcpy(one->bytes, bytes.data, bytes.len);
    *peer->wanted_end = one;
    peer->wanted_end = &one->next;
    peer->wanted_count++;
    peer->wanted_bytes += sizeof *one + one->len;
    return ECHO_OK;
}

echo_status echo__serve_accept(echo_peer *peer, uint8_t type, echo_bytes payload, echo_error *err) {
    echo__reader r = echo__reader_of(payload);
    echo__question head;
    memset(&head, 0, sizeof head);
    head.type = type;
    head.id = echo__read_u32(&r);
    if (type != ECHO__MESSAGE_ASK) echo__read_into(&r, head.hash.bytes, sizeof head.hash.bytes);
    if (type == ECHO__MESSAGE_TAIL) {
        head.from = echo__read_u64(&r);
        head.to = echo__read_u64(&r);
    }
    bool whole = type == ECHO__MESSAGE_ASK    ? r.rest.len % 40 == 0
                 : type == ECHO__MESSAGE_WANT ? r.rest.len % ECHO__DELTA_PRINT == 0
                                              : r.rest.len == 0;
    if (r.bad || !whole || type < ECHO__MESSAGE_ASK || type > ECHO__MESSAGE_ATTEST)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: a message has the wrong shape");
    if (is_ask(type) && peer->asks_waiting == ASKS_WAITING_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "peer: it asks again and again before it is answered");
    echo_status status = add_question(peer, &head, r.rest, err);
    if (status == ECHO_OK && !peer->finished) peer->asks_waiting += is_ask(type);
    return status;
}

void echo__serve_forget(echo_peer *peer) {
    for (echo__question *one = peer->wanted, *next; one != NULL; one = next) {
        next = one->next;
        echo__free(one);
    }
    peer->wanted = NULL;
    peer->wanted_end = &peer->wanted;
    peer->wanted_count = peer->wanted_bytes = 0;
    peer->asks_waiting = 0;
}

/* ---- the queue ---- */

void echo__serve_fill(echo_peer *peer) {
    uint64_t before = echo__channel_count(peer->channel).payload_out;
    unsigned answers = 0;
    while (!peer->over && !peer->finished && peer->wanted != NULL && answers < ANSWERS_MAX &&
           echo__channel_waiting(peer->channel) < SENDING &&
           echo__channel_count(peer->channel).payload_out - before < SENDING) {
        echo__question *one = peer->wanted;
        echo__answered answered = echo__answer(peer, one);
        if (answered == ECHO__ANSWERED_IN_PART) continue;
        if (answered == ECHO__ANSWER_LATER) return;    /* the next call tries again */
        if (peer->over || peer->wanted != one) return; /* dropped meanwhile: the queue is gone */
        peer->wanted = one->next;
        if (peer->wanted == NULL) peer->wanted_end = &peer->wanted;
        peer->wanted_count--;
        peer->wanted_bytes -= sizeof *one + one->len;
        peer->asks_waiting -= is_ask(one->type);
        answers += is_ask(one->type) ? ANSWERS_MAX / 4 : 1;
        echo__free(one);
    }
}
