/*
 * protobuf-c over scratch memory: unpacking allocates from an echo_scratch and never frees, and a failure to allocate
 * is distinguished from a malformed message (protobuf-c returns NULL for both).
 */
#ifndef ECHO_FEED_CODEC_PB_H
#define ECHO_FEED_CODEC_PB_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/scratch.h"

typedef struct echo__pb {
    ProtobufCAllocator allocator;
    echo_scratch *scratch;
    echo_status status; /* ECHO_OK, or why an allocation failed: ECHO_ERR_NOMEM, ECHO_ERR_LIMIT */
} echo__pb;

void echo__pb_init(echo__pb *pb, echo_scratch *scratch);
/* echo_scratch_alloc that notes in pb->status why it failed. */
void *echo__pb_alloc(echo__pb *pb, size_t size);
/* The error of an allocation that failed. */
echo_status echo__pb_failed(const echo__pb *pb, const char *what, echo_error *err) ECHO_MUST_USE;
/*
 * Unpacks; *out lives in the scratch. ECHO_ERR_CORRUPT with "malformed <what>", also for what implementations of
 * protobuf read differently (docs/FORMAT.md, "The wire"); _NOMEM, _LIMIT.
 */
echo_status echo__pb_unpack(ProtobufCMessage **out, echo__pb *pb, const ProtobufCMessageDescriptor *type,
                            echo_bytes bytes, const char *what, echo_error *err) ECHO_MUST_USE;
/* Appends the encoding of a message. */
void echo__pb_pack(echo__buf *out, const ProtobufCMessage *message);

/* A bytes field: absent has data NULL, empty does not. */
static inline echo_bytes echo__pb_view(protobuf_c_boolean has, ProtobufCBinaryData field) {
    static const uint8_t empty[1] = {0};
    if (!has) return echo__bytes(NULL, 0);
    return echo__bytes(field.len == 0 ? empty : field.data, field.len);
}

#endif
