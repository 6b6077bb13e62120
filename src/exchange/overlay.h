/*
 * A store of which a snapshot is still being fetched, to read from: chunks that were received and not stored yet, over
 * those of the host's store. What is in neither is ECHO_ERR_PENDING and is noted, so that it is fetched next. Its only
 * manifest is the one that is being fetched. Nothing can be written through it.
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
    echo_store store;        /* this one, to hand out */
    const echo_store *under; /* borrowed */
    echo__map map;           /* received, not stored yet */
    echo__received *first, **end;
    size_t bytes; /* of those */
    echo_key party;
    uint64_t number; /* of the manifest, 0: none */
    echo__buf manifest;
    bool noting;                              /* whether misses are noted: while others read */
    echo_hash touched[ECHO__OVERLAY_TOUCHED]; /* what was missed, latest last */
    size_t touched_count;
} echo__overlay;

void echo__overlay_init(echo__overlay *o, const echo_store *under);
void echo__overlay_free(echo__overlay *o);
/* Takes a chunk whose hash was checked; one that is here already is left. ECHO_ERR_NOMEM. */
echo_status echo__overlay_add(echo__overlay *o, const echo_hash *name, echo_bytes chunk, echo_error *err) ECHO_MUST_USE;
/* Stores what was received and makes it durable. On failure, such as ECHO_ERR_BUSY, it is kept for the next time. */
echo_status echo__overlay_store(echo__overlay *o, echo_error *err) ECHO_MUST_USE;
/* The manifest to show. An empty text: none. */
echo_status echo__overlay_show(echo__overlay *o, const echo_key *party, uint64_t number,
                               echo_bytes manifest) ECHO_MUST_USE;

#endif
