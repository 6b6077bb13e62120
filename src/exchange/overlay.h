/*
 * A store for reading a snapshot that is still being fetched: chunks that were received and not stored yet, over those
 * of the host's store. Reading a chunk that is in neither returns ECHO_ERR_PENDING, and the chunk is recorded so that
 * it is fetched next. Its only manifest is the one being fetched. It is read-only.
 */
#ifndef ECHO_EXCHANGE_OVERLAY_H
#define ECHO_EXCHANGE_OVERLAY_H

#include "base/buf.h"
#include "base/map.h"
#include "echo/sys/store.h"

#define ECHO__OVERLAY_TOUCHED 64u

typedef struct echo__received {
    echo_hash name;
    struct echo__received *next;
    size_t len;
    uint8_t data[];
} echo__received;

typedef struct echo__overlay {
    echo_store store;        /* the overlay as a store, to hand out */
    const echo_store *under; /* borrowed */
    echo__map map;           /* received, not stored yet */
    echo__received *first, **end;
    size_t bytes; /* of the received chunks */
    echo_key party;
    uint64_t number; /* of the manifest; 0: no manifest */
    echo__buf manifest;
    bool noting;                              /* missing chunks are recorded: while others read */
    echo_hash touched[ECHO__OVERLAY_TOUCHED]; /* the recorded chunks, latest last */
    size_t touched_count;
} echo__overlay;

void echo__overlay_init(echo__overlay *o, const echo_store *under);
void echo__overlay_free(echo__overlay *o);
/* Adds a chunk whose hash was checked, unless it was added before. ECHO_ERR_NOMEM. */
echo_status echo__overlay_add(echo__overlay *o, const echo_hash *name, echo_bytes chunk, echo_error *err) ECHO_MUST_USE;
/* Stores the received chunks and makes them durable. After a failure, such as ECHO_ERR_BUSY, they are kept for the next
 * call. */
echo_status echo__overlay_store(echo__overlay *o, echo_error *err) ECHO_MUST_USE;
/* Sets the manifest to show; empty text: no manifest. */
echo_status echo__overlay_show(echo__overlay *o, const echo_key *party, uint64_t number,
                               echo_bytes manifest) ECHO_MUST_USE;

#endif
