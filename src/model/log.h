/*
 * The mutation log of an item: mutations in stamp order, sealed in segments of 64 that are chunks of their own
 * (docs/FORMAT.md, "Logs"). It is the state of models without hooks, and holds what arrived for items whose model is
 * not at hand.
 */
#ifndef ECHO_MODEL_LOG_H
#define ECHO_MODEL_LOG_H

#include "base/buf.h"
#include "base/stamp.h"

#define ECHO__LOG_SEGMENT 64u

typedef struct echo__log_entry {
    echo__stamp stamp;
    uint8_t *bytes;
    size_t len;
} echo__log_entry;

typedef struct echo__log {
    echo__log_entry *entries; /* ascending by stamp */
    size_t count, cap;
    echo_hash *sealed; /* names of the first `sealed_count` full segments, as far as they are known to be stored */
    size_t sealed_count, sealed_cap;
} echo__log;

void echo__log_init(echo__log *log);
void echo__log_free(echo__log *log);
/* Makes room so that the next insert cannot fail; the bytes are copied by it already. */
echo_status echo__log_prepare(echo__log *log, echo_bytes bytes, uint8_t **copy) ECHO_MUST_USE;
/* Inserts in stamp order; cannot fail after prepare. *last says whether it went to the end. */
void echo__log_insert(echo__log *log, const echo__stamp *stamp, uint8_t *copy, size_t len, bool *last);
/* The two in one. */
echo_status echo__log_add(echo__log *log, const echo__stamp *stamp, echo_bytes bytes) ECHO_MUST_USE;

/* How segments are stored and fetched. */
typedef echo_status (*echo__log_put_fn)(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err);
typedef echo_status (*echo__log_get_fn)(void *arg, const echo_hash *name, echo__buf *out, echo_error *err);
/* Appends {"n":..,"sealed":[..],"tail":[..]}, putting the segments that are not stored yet. */
echo_status echo__log_write(echo__buf *out, echo__log *log, echo__log_put_fn put, void *arg,
                            echo_error *err) ECHO_MUST_USE;
/* Reads that text; checks counts and order. *log must be empty; on error it is empty again. */
echo_status echo__log_read(echo__log *log, echo_bytes text, echo__log_get_fn get, void *arg,
                           echo_error *err) ECHO_MUST_USE;

#endif
