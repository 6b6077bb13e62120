/*
 * Capture: the records of all changed items as of one moment, the cut, taken in pieces while the party goes on.
 *
 * Beginning a capture moves the whole list of changed items to it at once. Their records are then taken one after
 * another in ascending order of id. The writer sorts the ids (that takes long, and needs only ids). If an item is about
 * to change before its turn, its record is taken first (P7: a message waits at most for one item to be serialised).
 * When all records are taken, the capture is closed. When it is known whether they were stored, it is settled, also in
 * pieces, and then freed.
 *
 * Invariants: an item of the capture stays in memory until it is settled, and its id never changes. So another thread
 * may read ids and the links of side `side`, which do not change until then. Only the party's thread may use the rest.
 */
#ifndef ECHO_PARTY_CAPTURE_H
#define ECHO_PARTY_CAPTURE_H

#include "base/arena.h"
#include "party/batch.h"
#include "party/items.h"
#include "party/models.h"

/* For sorting: comparing the first 8 bytes of the ids is nearly always enough. */
typedef struct echo__ordered {
    uint64_t prefix;
    echo_item *item;
} echo__ordered;

/* A record taken before its turn. It is in the capture's memory, except for its chunks. */
typedef struct echo__copied {
    echo__loose_chunks chunks;
    size_t len;
    uint8_t line[];
} echo__copied;

typedef struct echo__capture {
    echo__items *items;
    echo_item *first; /* all items of the capture, linked by link[side] */
    unsigned side;
    uint64_t count;
    const echo__ordered *order; /* ascending by id; NULL: not known yet */
    uint64_t at;                /* the next in order */
    uint64_t taken;             /* records taken, in turn or before */
    uint64_t copied;            /* records taken before their turn */
    uint64_t added;             /* records taken of items that the root does not have */
    echo__model_changes models; /* what the records taken change of the root's counts */
    echo__batch *batch;         /* being filled */
    echo__arena copies;
    echo__buf scratch;
    echo_clock_fn clock;
    void *clock_arg;
    uint64_t ns_copying; /* spent on records taken before their turn */
    uint64_t ns_worst;   /* the longest of them */
    bool over;           /* it is being settled: no more records are taken */
    echo_status status;  /* not ECHO_OK: the capture failed, and only needs settling */
    echo_error problem;
} echo__capture;

/*
 * Makes the cut: moves the list of changed items to the capture, in constant time. ECHO_ERR_NOMEM: nothing has changed.
 */
echo_status echo__capture_begin(echo__capture **out, echo__items *items, echo_clock_fn clock, void *clock_arg,
                                echo_error *err) ECHO_MUST_USE;
/*
 * Takes the next record in order. When a batch is complete, *full is set to it and the caller owns it. A failure is
 * also kept in `status`.
 */
echo_status echo__capture_next(echo__capture *capture, echo__batch **full, echo_error *err) ECHO_MUST_USE;
/* Hands over the last batch, or NULL. */
echo__batch *echo__capture_rest(echo__capture *capture);
static inline bool echo__capture_complete(const echo__capture *capture) {
    return capture->order != NULL && capture->at == capture->count;
}
/* Ends the capture. published: the records were stored and the party is over the new root. Constant time. */
void echo__capture_over(echo__capture *capture, bool published);
/*
 * Settles the next item: it becomes clean and part of the root if the snapshot was published, and changed again if not.
 * false: all items are settled, and the capture can be freed.
 */
bool echo__capture_settle(echo__capture *capture);
/* Only after the capture is settled, or when the items are freed too. */
void echo__capture_free(echo__capture *capture);

#endif
