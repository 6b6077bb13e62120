#include "base/scratch.h"

#define FIRST_BLOCK ((size_t)16 << 10)

void echo__scratch_init(echo_scratch *scratch, size_t limit) {
    echo__arena_init(&scratch->arena, NULL, 0, FIRST_BLOCK, ECHO__SCRATCH_LIMIT, limit);
}

void echo__scratch_reset(echo_scratch *scratch) { echo__arena_reset(&scratch->arena); }

void echo__scratch_free(echo_scratch *scratch) { echo__arena_free(&scratch->arena); }

void *echo_scratch_alloc(echo_scratch *scratch, size_t size) {
    return scratch == NULL ? NULL : echo__arena_alloc(&scratch->arena, size);
}
