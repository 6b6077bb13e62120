/*
 * echo/codec.h: the message codec of a party. The library brings ECHO's own; others implement the table in
 * echo/sys/codec.h.
 */
#ifndef ECHO_CODEC_H
#define ECHO_CODEC_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct echo_codec_ops;

/* A codec: its table (echo/sys/codec.h) and the table's context. Plain data. */
typedef struct echo_codec {
    const struct echo_codec_ops *ops;
    void *ctx;
} echo_codec;

/* The two dialects of ECHO's messages and object mutations. A codec of another kind uses numbers of its own. */
typedef enum echo_generation {
    ECHO_GENERATION_OLD = 1, /* ECHO 2.6 */
    ECHO_GENERATION_NEW = 2  /* ECHO 2.33 */
} echo_generation;
/* "old", "new"; "unknown" for others. */
const char *echo_generation_name(echo_generation generation);

/* What a message does to its item besides mutating it. */
typedef enum echo_item_action {
    ECHO_ACTION_NONE = 0,
    ECHO_ACTION_DELETE = 1,
    ECHO_ACTION_RESTORE = 2
} echo_item_action;
/* "none", "delete", "restore"; "unknown" for others. */
const char *echo_item_action_name(echo_item_action action);

/* ECHO's own envelopes. Nothing to release. */
echo_codec echo_codec_dxos(void);

#ifdef __cplusplus
}
#endif
#endif
