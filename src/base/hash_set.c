#include "base/hash_set.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"

void echo__hash_set_init(echo__hash_set *set) {
    memset(set, 0, sizeof *set);
    randombytes_buf(set->seed, sizeof set->seed);
}

void echo__hash_set_free(echo__hash_set *set) {
    echo__free(set->slots);
    echo__free(set->bits);
    set->slots = NULL;
    set->bits = NULL;
    set->mask = set->count = 0;
}

/* The slot that has the hash, or the free one where it would be. There is always a free one. */
static size_t find(const echo__hash_set *set, const echo_hash *hash) {
    uint64_t start;
    crypto_shorthash((uint8_t *)&start, hash->bytes, sizeof hash->bytes, set->seed);
    size_t i = (size_t)start & set->mask;
    while (set->bits[i] != 0 && !echo__hash_equal(&set->slots[i], hash)) i = (i + 1) & set->mask;
    return i;
}

uint8_t echo__hash_set_get(const echo__hash_set *set, const echo_hash *hash) {
    return set->count == 0 ? 0 : set->bits[find(set, hash)];
}

static bool grow(echo__hash_set *set) {
    echo__hash_set larger = *set;
    size_t size = set->slots == NULL ? 64 : (set->mask + 1) * 2;
    larger.mask = size - 1;
    larger.slots = echo__realloc_array(NULL, size, sizeof *larger.slots);
    larger.bits = echo__calloc(size, sizeof *larger.bits);
    if (larger.slots == NULL || larger.bits == NULL) {
        echo__free(larger.slots);
        echo__free(larger.bits);
        return false;
    }
    for (size_t i = 0; set->slots != NULL && i <= set->mask; i++) {
        if (set->bits[i] == 0) continue;
        size_t at = find(&larger, &set->slots[i]);
        larger.slots[at] = set->slots[i];
        larger.bits[at] = set->bits[i];
    }
    echo__free(set->slots);
    echo__free(set->bits);
    *set = larger;
    return true;
}

bool echo__hash_set_add(echo__hash_set *set, const echo_hash *hash, uint8_t bits, bool *news) {
    *news = false;
    if ((set->slots == NULL || (set->count + 1) * 4 > (set->mask + 1) * 3) && !grow(set)) return false;
    size_t at = find(set, hash);
    if (set->bits[at] == 0) {
        set->slots[at] = *hash;
        set->count++;
    }
    *news = (set->bits[at] & bits) != bits;
    set->bits[at] |= bits;
    return true;
}
