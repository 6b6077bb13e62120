#include "base/scratch.h"

#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"

struct echo__scratch_block {
    struct echo__scratch_block *next;
    size_t size;
    alignas(max_align_t) unsigned char data[];
};

#define FIRST_BLOCK ((size_t)16 << 10)

void echo__scratch_init(echo_scratch *scratch, size_t limit) {
    memset(scratch, 0, sizeof *scratch);
    scratch->limit = limit;
}

static void free_blocks(struct echo__scratch_block *block) {
    while (block != NULL) {
        struct echo__scratch_block *next = block->next;
        echo__free(block);
        block = next;
    }
}

void echo__scratch_reset(echo_scratch *scratch) {
    if (scratch->head != NULL) {
        free_blocks(scratch->head->next); /* the head is the largest: blocks double */
        scratch->head->next = NULL;
    }
    scratch->used = scratch->total = 0;
}

void echo__scratch_free(echo_scratch *scratch) {
    free_blocks(scratch->head);
    scratch->head = NULL;
    scratch->used = scratch->total = 0;
}

void *echo_scratch_alloc(echo_scratch *scratch, size_t size) {
    size_t align = alignof(max_align_t);
    if (size > scratch->limit) return NULL;
    size = (size + align - 1) / align * align;
    if (size > scratch->limit - scratch->total) return NULL;
    if (scratch->head == NULL || size > scratch->head->size - scratch->used) {
        size_t want = scratch->head == NULL ? FIRST_BLOCK : scratch->head->size * 2;
        if (want < size) want = size;
        struct echo__scratch_block *block = echo__malloc(sizeof *block + want);
        if (block == NULL) return NULL;
        block->next = scratch->head;
        block->size = want;
        scratch->head = block;
        scratch->used = 0;
    }
    void *at = scratch->head->data + scratch->used;
    scratch->used += size;
    scratch->total += size;
    return at;
}
