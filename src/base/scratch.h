/*
 * Scratch memory for one message at a time: allocation is a pointer bump, reset keeps the memory.
 */
#ifndef ECHO_BASE_SCRATCH_H
#define ECHO_BASE_SCRATCH_H

#include <echo/sys/codec.h>

#define ECHO__SCRATCH_LIMIT ((size_t)256 << 20) /* bytes one message may take before decoding answers out of memory */

struct echo_scratch {
    struct echo__scratch_block *head;
    size_t used;  /* in head */
    size_t total; /* over all blocks */
    size_t limit;
};

void echo__scratch_init(echo_scratch *scratch, size_t limit);
void echo__scratch_reset(echo_scratch *scratch); /* everything given out is gone; the largest block is kept */
void echo__scratch_free(echo_scratch *scratch);

#endif
