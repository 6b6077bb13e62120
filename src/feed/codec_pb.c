#include "feed/codec_pb.h"

#include "base/error.h"

void *echo__pb_alloc(echo__pb *pb, size_t size) {
    void *p = echo_scratch_alloc(pb->scratch, size);
    if (p == NULL) pb->status = echo__arena_allows(&pb->scratch->arena, size) ? ECHO_ERR_NOMEM : ECHO_ERR_LIMIT;
    return p;
}

echo_status echo__pb_failed(const echo__pb *pb, const char *what, echo_error *err) {
    if (pb->status == ECHO_ERR_LIMIT)
        return echo__error(err, ECHO_ERR_LIMIT, "%s takes too much memory to decode", what);
    return echo__nomem(err);
}

static void *allocate(void *data, size_t size) { return echo__pb_alloc(data, size); }

static void release(void *data, void *p) {
    (void)data;
    (void)p;
}

void echo__pb_init(echo__pb *pb, echo_scratch *scratch) {
    pb->allocator.alloc = allocate;
    pb->allocator.free = release;
    pb->allocator.allocator_data = pb;
    pb->scratch = scratch;
    pb->status = ECHO_OK;
}

echo_status echo__pb_unpack(ProtobufCMessage **out, echo__pb *pb, const ProtobufCMessageDescriptor *type,
                            echo_bytes bytes, const char *what, echo_error *err) {
    pb->status = ECHO_OK;
    *out = protobuf_c_message_unpack(type, &pb->allocator, bytes.len, bytes.data);
    if (*out != NULL) return ECHO_OK;
    if (pb->status != ECHO_OK) return echo__pb_failed(pb, what, err);
    return echo__error(err, ECHO_ERR_CORRUPT, "malformed %s", what);
}

void echo__pb_pack(echo__buf *out, const ProtobufCMessage *message) {
    uint8_t *at = echo__buf_reserve(out, protobuf_c_message_get_packed_size(message));
    if (at != NULL) out->len += protobuf_c_message_pack(message, at);
}
