/*
 * A feed source that passes everything on to another, counts the calls, and makes one fail.
 */
#ifndef TESTS_FEED_FAULT_H
#define TESTS_FEED_FAULT_H

#include <echo/echo.h>

typedef enum feed_fault_call {
    FEED_FAULT_OPEN,
    FEED_FAULT_INFO,
    FEED_FAULT_READ,
    FEED_FAULT_SYNC,
    FEED_FAULT_MAKE,
    FEED_FAULT_PROVE,
    FEED_FAULT_PUT,
    FEED_FAULT_ROOT,
    FEED_FAULT_CALLS,
    FEED_FAULT_ANY /* for feed_fault_plan only */
} feed_fault_call;

typedef struct feed_fault {
    echo_feeds feeds; /* give this to others; closing it closes nothing below */
    const echo_feeds *inner;
    uint64_t calls[FEED_FAULT_CALLS]; /* failed ones included */
    feed_fault_call kind;
    uint64_t nth, seen;
    echo_status status;
    bool hit;
} feed_fault;

void feed_fault_init(feed_fault *f, const echo_feeds *inner);
/* The nth call of this kind from now (1 is the next) answers `status` and is not handed on; nth 0: none. */
void feed_fault_plan(feed_fault *f, feed_fault_call kind, uint64_t nth, echo_status status);

#endif
