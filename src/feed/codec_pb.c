#include "feed/codec_pb.h"

#include "base/error.h"
#include "base/varint.h"

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

/* The length of a field's value after its tag; *at moves to the value. UINT64_MAX: malformed. */
static uint64_t value_length(const uint8_t **at, const uint8_t *end, unsigned wire_type) {
    uint64_t len = 0;
    switch (wire_type) {
    case 0: return (*at = echo__varint_read(&len, *at, end)) == NULL ? UINT64_MAX : 0;
    case 1: return 8;
    case 2: return (*at = echo__varint_read(&len, *at, end)) == NULL ? UINT64_MAX : len;
    case 5: return 4;
    default: return UINT64_MAX; /* groups were never used */
    }
}

/* The embedded message with this number in a type's fields, which are few; NULL when none has it. */
static const ProtobufCFieldDescriptor *embedded(const ProtobufCMessageDescriptor *type, uint64_t number) {
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].id == number)
            return type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE ? &type->fields[i] : NULL;
    return NULL;
}

/*
 * What protobuf-c lets pass or treats in its own way, and other implementations in theirs: field numbers that do not
 * exist, and an embedded message that occurs twice where one is due (protobuf merges them, protobuf-c forgets an empty
 * text in merging, the original's protobufjs takes the last). It recurses as deep as the schemas do: what may nest
 * without end is a field of bytes in them.
 */
static bool is_unambiguous(const ProtobufCMessageDescriptor *type, const uint8_t *at, const uint8_t *end) {
    uint64_t seen = 0; /* of the fields in the descriptor: no message has 64 */
    while (at < end) {
        uint64_t tag;
        if ((at = echo__varint_read(&tag, at, end)) == NULL || tag > UINT32_MAX || tag >> 3 == 0) return false;
        uint64_t len = value_length(&at, end, tag & 7);
        if (at == NULL || len > (uint64_t)(end - at)) return false;
        const ProtobufCFieldDescriptor *field = (tag & 7) == 2 ? embedded(type, tag >> 3) : NULL;
        if (field != NULL) {
            uint64_t bit = UINT64_C(1) << (field - type->fields);
            if ((seen & bit) != 0 && field->label != PROTOBUF_C_LABEL_REPEATED) return false;
            seen |= bit;
            if (!is_unambiguous(field->descriptor, at, at + len)) return false;
        }
        at += len;
    }
    return true;
}

echo_status echo__pb_unpack(ProtobufCMessage **out, echo__pb *pb, const ProtobufCMessageDescriptor *type,
                            echo_bytes bytes, const char *what, echo_error *err) {
    pb->status = ECHO_OK;
    *out = NULL;
    if (bytes.len > 0 && !is_unambiguous(type, bytes.data, bytes.data + bytes.len))
        return echo__error(err, ECHO_ERR_CORRUPT, "malformed %s", what);
    *out = protobuf_c_message_unpack(type, &pb->allocator, bytes.len, bytes.data);
    if (*out != NULL) return ECHO_OK;
    if (pb->status != ECHO_OK) return echo__pb_failed(pb, what, err);
    return echo__error(err, ECHO_ERR_CORRUPT, "malformed %s", what);
}

void echo__pb_pack(echo__buf *out, const ProtobufCMessage *message) {
    uint8_t *at = echo__buf_reserve(out, protobuf_c_message_get_packed_size(message));
    if (at != NULL) out->len += protobuf_c_message_pack(message, at);
}
