/*
 * An arena: allocating moves a pointer, everything is freed at once. Memory comes from a first piece that the caller
 * may hand in (from its stack), then from blocks on the heap. Sizes are rounded up to the alignment of max_align_t.
 */
#ifndef ECHO_BASE_ARENA_H
#define ECHO_BASE_ARENA_H

#include <echo/base.h>

typedef struct echo__arena {
    struct echo__arena_block *blocks; /* newest first */
    uint8_t *at;                      /* free memory */
    size_t left;
    size_t block;     /* bytes of the first block */
    size_t block_max; /* each next one has twice the bytes of the one before, up to this */
    size_t total;     /* bytes allocated */
    size_t limit;     /* maximum of total */
    bool failed;      /* an allocation failed since it was started or reset */
} echo__arena;

/*
 * first: NULL, or `size` bytes aligned for any type, which outlive the arena. Blocks have `block` bytes at first and
 * double up to `block_max`; larger allocations get blocks of their own. limit: the maximum of bytes allocated, SIZE_MAX
 * for none.
 */
void echo__arena_init(echo__arena *arena, void *first, size_t size, size_t block, size_t block_max, size_t limit);
/* NULL when out of memory or above the limit. */
void *echo__arena_alloc(echo__arena *arena, size_t size);
/* Whether `size` bytes more would stay within the limit. */
bool echo__arena_allows(const echo__arena *arena, size_t size);
/* Everything allocated becomes invalid; the newest block is kept. Not for arenas with a first piece. */
void echo__arena_reset(echo__arena *arena);
void echo__arena_free(echo__arena *arena);

#endif
