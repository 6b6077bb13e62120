#include "base/arena.h"

#include <stdalign.h>

#include "base/alloc.h"

struct echo__arena_block {
    struct echo__arena_block *next;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

void echo__arena_init(echo__arena *arena, void *first, size_t size, size_t block, size_t block_max, size_t limit) {
    *arena = (echo__arena){NULL, first, size, block, block_max, 0, limit, false};
}

static void free_blocks(struct echo__arena_block *block) {
    while (block != NULL) {
        struct echo__arena_block *next = block->next;
        echo__free(block);
        block = next;
    }
}

/* 0 when it overflows or is above the limit. */
static size_t round_up(const echo__arena *arena, size_t size) {
    const size_t align = alignof(max_align_t);
    size_t rounded = size > SIZE_MAX - align ? 0 : (size + align - 1) / align * align;
    if (size == 0) rounded = align;
    return rounded <= arena->limit - arena->total ? rounded : 0;
}

bool echo__arena_allows(const echo__arena *arena, size_t size) { return round_up(arena, size) > 0; }

static bool add_block(echo__arena *arena, size_t size) {
    size_t want = arena->block;
    if (arena->blocks != NULL)
        want = arena->blocks->size < arena->block_max / 2 ? 2 * arena->blocks->size : arena->block_max;
    if (want < size) want = size;
    struct echo__arena_block *block = want > SIZE_MAX - sizeof *block ? NULL : echo__malloc(sizeof *block + want);
    if (block == NULL) return false;
    block->next = arena->blocks;
    block->size = want;
    arena->blocks = block;
    arena->at = block->data;
    arena->left = want;
    return true;
}

void *echo__arena_alloc(echo__arena *arena, size_t size) {
    size = round_up(arena, size);
    if (size == 0 || (size > arena->left && !add_block(arena, size))) {
        arena->failed = true;
        return NULL;
    }
    void *at = arena->at;
    arena->at += size;
    arena->left -= size;
    arena->total += size;
    return at;
}

void echo__arena_reset(echo__arena *arena) {
    struct echo__arena_block *newest = arena->blocks;
    if (newest != NULL) {
        free_blocks(newest->next);
        newest->next = NULL;
        arena->at = newest->data;
        arena->left = newest->size;
    }
    arena->total = 0;
    arena->failed = false;
}

void echo__arena_free(echo__arena *arena) {
    free_blocks(arena->blocks);
    arena->blocks = NULL;
    arena->at = NULL;
    arena->left = arena->total = 0;
}
