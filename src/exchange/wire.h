/*
 * The payloads of messages between peers (docs/EXCHANGE.md, "Messages"). Integers are big-endian. Reading checks every
 * length and count against the remaining bytes, and allocates nothing: the results are views.
 */
#ifndef ECHO_EXCHANGE_WIRE_H
#define ECHO_EXCHANGE_WIRE_H

#include "base/buf.h"
#include "echo/sys/feed.h"
#include "snapshot/manifest.h"

#define ECHO__EXCHANGE_VERSION 1u
#define ECHO__FEEDS_MAX 100000u                /* maximum number of feeds in a message */
#define ECHO__BLOCKS_BYTES ((size_t)256 << 10) /* maximum bytes of blocks in a message, but for a single longer one */
#define ECHO__PROOF_BYTES_MAX (24u + 2u + 2u * ECHO_FEED_PROOF_NODES_MAX * 40u + 64u)

typedef enum echo__message_type {
    ECHO__MESSAGE_HELLO = 1,
    ECHO__MESSAGE_ASK = 2,
    ECHO__MESSAGE_OFFER = 3,
    ECHO__MESSAGE_REJECT = 4,
    ECHO__MESSAGE_WANT = 5,
    ECHO__MESSAGE_CHUNK = 6,
    ECHO__MESSAGE_TAIL = 7,
    ECHO__MESSAGE_BLOCKS = 8,
    ECHO__MESSAGE_ATTEST = 9,
    ECHO__MESSAGE_ATTESTED = 10
} echo__message_type;

#define ECHO__HELLO_SERVES 1u

typedef struct echo__reader {
    echo_bytes rest;
    bool bad;
} echo__reader;

/* These read from the front. `bad` is set when too few bytes are left, and stays set. */
uint8_t echo__read_u8(echo__reader *r);
uint32_t echo__read_u32(echo__reader *r);
uint64_t echo__read_u64(echo__reader *r);
echo_bytes echo__read_bytes(echo__reader *r, size_t len);
void echo__read_into(echo__reader *r, void *out, size_t len);
static inline echo__reader echo__reader_of(echo_bytes bytes) {
    echo__reader r = {bytes, false};
    return r;
}
/* Whether everything could be read and nothing is left. */
static inline bool echo__reader_ok(const echo__reader *r) { return !r->bad && r->rest.len == 0; }

void echo__write_u32(echo__buf *out, uint32_t value);
void echo__write_u64(echo__buf *out, uint64_t value);

/* A feed in an offer. */
typedef struct echo__offered_feed {
    echo_key key;
    uint64_t length; /* number of blocks that the peer can send, from 0 */
    uint64_t bytes;  /* estimated bytes of those that the requester lacks */
} echo__offered_feed;
#define ECHO__OFFERED_FEED_BYTES 48u
void echo__write_offered_feed(echo__buf *out, const echo__offered_feed *feed);
void echo__read_offered_feed(echo__reader *r, echo__offered_feed *out);

typedef enum echo__chunk_form { ECHO__CHUNK_WHOLE = 0, ECHO__CHUNK_DELTA = 1, ECHO__CHUNK_ABSENT = 2 } echo__chunk_form;
typedef enum echo__blocks_form {
    ECHO__BLOCKS_MORE = 0,
    ECHO__BLOCKS_LAST = 1,
    ECHO__BLOCKS_ABSENT = 2
} echo__blocks_form;

void echo__write_proof(echo__buf *out, const echo_feed_proof *proof);
void echo__read_proof(echo__reader *r, echo_feed_proof *out);

typedef enum echo__reject_reason {
    ECHO__REJECT_FORMAT = 1,    /* the manifest has another format, or a model version that is not supported */
    ECHO__REJECT_PARTY = 2,     /* the manifest is of another party */
    ECHO__REJECT_SIGNATURE = 3, /* signed by no member, or attested by too few */
    ECHO__REJECT_OLD = 4,       /* it covers less than is present; no longer sent, since such an offer is skipped */
    ECHO__REJECT_WRONG = 5      /* its trees are not what they claim, or differ from the feeds */
} echo__reject_reason;

#endif
