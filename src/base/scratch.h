/*
 * The codec's scratch memory: an arena for one message at a time.
 */
#ifndef ECHO_BASE_SCRATCH_H
#define ECHO_BASE_SCRATCH_H

#include <echo/sys/codec.h>

#include "base/arena.h"

#define ECHO__SCRATCH_LIMIT ((size_t)256 << 20) /* bytes one message may take before decoding answers out of memory */

struct echo_scratch {
    echo__arena arena;
};

void echo__scratch_init(echo_scratch *scratch, size_t limit);
void echo__scratch_reset(echo_scratch *scratch); /* everything given out is gone; the newest block is kept */
void echo__scratch_free(echo_scratch *scratch);

#endif
