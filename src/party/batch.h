/*
 * A batch of a capture's records, for the writer: in ascending order of id, with the chunks that they name.
 */
#ifndef ECHO_PARTY_BATCH_H
#define ECHO_PARTY_BATCH_H

#include "party/item_record.h"

/* Chunks that records name: blobs and log segments. */
typedef struct echo__loose {
    echo_hash name;
    size_t len;
} echo__loose;
typedef struct echo__loose_chunks {
    echo__loose *list; /* in the order of their bytes */
    size_t count, cap;
    echo__buf bytes;
} echo__loose_chunks;
void echo__loose_free(echo__loose_chunks *chunks);
/* A sink that adds chunks to this list. */
echo__sink echo__loose_sink(echo__loose_chunks *chunks);

/* Valid until the capture is freed. */
typedef struct echo__batch {
    struct echo__batch *next;
    echo__buf lines;
    size_t copied_bytes;   /* of lines that are in the capture's memory, not in `lines` */
    echo__change *changes; /* views once the batch is closed, also of ids */
    size_t count, cap;
    echo__loose_chunks chunks;
} echo__batch;
#define ECHO__BATCH_ITEMS 256u
#define ECHO__BATCH_BYTES ((size_t)128 << 10)
/* Room for one more record. ECHO_ERR_NOMEM. */
echo_status echo__batch_reserve(echo__batch *batch) ECHO_MUST_USE;
/* Sets the views of lines in the batch's own buffer, which may have moved while it grew. */
void echo__batch_close(echo__batch *batch);
void echo__batch_free(echo__batch *batch);
size_t echo__batch_bytes(const echo__batch *batch);

#endif
