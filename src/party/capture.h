/*
 * Capture: the records of all items that changed, as they were at one moment, the cut, taken in pieces while the party
 * goes on.
 *
 * Beginning takes the whole list of changed items away at once. Then their records are taken one after another in
 * ascending order of id, which somebody else finds out (it takes long, and needs nothing but ids); an item that is
 * about to change before its turn has its record taken first (P7: that one item's serialising is all that a message
 * waits for). When all are taken the capture is closed; when it is known whether they were stored, it is settled, in
 * pieces as well, and only then freed.
 *
 * Invariants: an item of the capture stays in memory until it is settled, and its id never changes, so that another
 * thread may read ids and the links of side `side`, which nobody writes until then. Everything else is the party's
 * thread's.
 */
#ifndef ECHO_PARTY_CAPTURE_H
#define ECHO_PARTY_CAPTURE_H

#include "base/arena.h"
#include "party/batch.h"
#include "party/items.h"
#include "party/models.h"

/* For sorting: the first 8 bytes of the id decide nearly always. */
typedef struct echo__ordered {
    uint64_t prefix;
    echo_item *item;
} echo__ordered;

/* A record taken before its turn; lives in the capture's memory, but for its chunks. */
typedef struct echo__copied {
    echo__loose_chunks chunks;
    size_t len;
    uint8_t line[];
} echo__copied;

typedef struct echo__capture {
    echo__items *items;
    echo_item *first; /* all of them, linked by link[side] */
    unsigned side;
    uint64_t count;
    const echo__ordered *order; /* ascending by id; NULL: not known yet */
    uint64_t at;                /* the next in order */
    uint64_t taken;             /* records taken, in turn or before */
    uint64_t copied;            /* before their turn */
    uint64_t added;             /* of those taken, not in the root before */
    echo__model_counts models;  /* of the root, changed by what was taken */
    echo__batch *batch;         /* being filled */
    echo__arena copies;
    echo__buf scratch;
    echo_clock_fn clock;
    void *clock_arg;
    uint64_t ns_copying; /* records taken before their turn */
    uint64_t ns_worst;   /* the longest of them */
    bool over;           /* it is being settled: nothing is taken any more */
    echo_status status;  /* why it failed: what then comes is only settled */
    echo_error problem;
} echo__capture;

/*
 * Cuts: the changed items are the capture's from now on. Constant time. models: of the root, copied. ECHO_ERR_NOMEM
 * changes nothing.
 */
echo_status echo__capture_begin(echo__capture **out, echo__items *items, const echo__model_counts *models,
                                echo_clock_fn clock, void *clock_arg, echo_error *err) ECHO_MUST_USE;
/*
 * Takes the next record in order; *full is set to a batch when one is complete, which is then the caller's. A failure
 * is kept in `status` as well.
 */
echo_status echo__capture_next(echo__capture *capture, echo__batch **full, echo_error *err) ECHO_MUST_USE;
/* The last batch, or NULL. */
echo__batch *echo__capture_rest(echo__capture *capture);
static inline bool echo__capture_complete(const echo__capture *capture) {
    return capture->order != NULL && capture->at == capture->count;
}
/* The records were stored and the new root is the party's; or it all came to nothing. Constant time. */
void echo__capture_over(echo__capture *capture, bool published);
/*
 * Settles the next item: clean and in the root, if it was published; changed again otherwise. false: none is left, and
 * the capture can be freed.
 */
bool echo__capture_settle(echo__capture *capture);
/* Of a capture that was settled, or with the items themselves. */
void echo__capture_free(echo__capture *capture);

#endif
