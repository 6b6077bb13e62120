/*
 * echo/sys/codec.h: the table that turns blocks into messages and back, so that a host with other messages plugs in its
 * own.
 *
 * The library brings echo_codec_dxos(): ECHO's protobuf envelopes, both generations (docs/FORMAT.md; source: the
 * packages
 * @dxos/echo-db 2.6.17 and 2.33.8).
 */
#ifndef ECHO_SYS_CODEC_H
#define ECHO_SYS_CODEC_H

#include <echo/codec.h>
#include <echo/timeframe.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_CODEC_OPS_VERSION 1u

typedef enum echo_message_kind {
    ECHO_MESSAGE_UNKNOWN = 0, /* well-formed, but neither of the other two: covered, not applied */
    ECHO_MESSAGE_ITEM = 1,
    ECHO_MESSAGE_CREDENTIAL = 2
} echo_message_kind;

/* "unknown", "item", "credential". */
const char *echo_message_kind_name(echo_message_kind kind);

/* A decoded block. Every pointer is a view into the block or into the codec's scratch memory. An absent text has data
 * NULL. */
typedef struct echo_message {
    echo_message_kind kind;
    uint32_t
        generation; /* the dialect it was or will be written in: an echo_generation, or a number of the codec's own */
    const echo_frame *frames; /* the writer's timeframe; a feed may occur twice, the higher seq counts */
    size_t frame_count;
    echo_bytes credential; /* CREDENTIAL: the signed message */
    echo_bytes item;       /* ITEM: the item's id */
    bool has_genesis;
    echo_bytes type;          /* genesis: the item's type, may be absent */
    echo_bytes model;         /* genesis: the model's type */
    echo_bytes model_version; /* genesis: may be absent; not used */
    echo_bytes source;        /* genesis of a link: the ids it links, absent otherwise */
    echo_bytes target;
    bool has_parent; /* the parent is set to `parent`; an empty one: the item has no parent */
    echo_bytes parent;
    echo_item_action action;
    bool has_mutation;
    echo_bytes mutation; /* for the item's model */
} echo_message;

/* Memory that lives as long as the message; given to decode. NULL when out of memory, or when one message would take
 * too much. */
typedef struct echo_scratch echo_scratch;
void *echo_scratch_alloc(echo_scratch *scratch, size_t size);

typedef struct echo_codec_ops {
    uint32_t version; /* ECHO_CODEC_OPS_VERSION. Another one is refused with ECHO_ERR_VERSION. All hooks are required */
    /*
     * Decodes a block. ECHO_ERR_CORRUPT when it is not a message of this codec; ECHO_ERR_LIMIT when decoding would take
     * too much memory; ECHO_ERR_NOMEM. *out is filled completely on success.
     */
    echo_status (*decode)(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch, echo_error *err);
    /*
     * Encodes a message in its generation's dialect. *out is allocated by the codec, in any way, and is given back to
     * its `release`, exactly once. NULL on failure.
     */
    echo_status (*encode)(uint8_t **out, size_t *len, void *ctx, const echo_message *message, echo_error *err);
    /* Frees what `encode` allocated; NULL does nothing. */
    void (*release)(void *ctx, uint8_t *block);
    /* The dialect a new party is written in. */
    uint32_t generation;
} echo_codec_ops;

#ifdef __cplusplus
}
#endif
#endif
