/* A clock that stands still, for parties in tests: however slow the machine, no snapshot is begun because of time. */
#ifndef TESTS_SUPPORT_STILL_CLOCK_H
#define TESTS_SUPPORT_STILL_CLOCK_H

#include <stdint.h>

static inline uint64_t still_clock(void *arg) {
    (void)arg;
    return UINT64_C(1000000000);
}

#endif
