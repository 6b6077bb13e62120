/*
 * A set of hashes with a few bits for each: 33 bytes a place, open addressing. SipHash with a key of its own, so that
 * chosen chunks cannot pile up. Zeroed is not empty: echo__hash_set_init.
 */
#ifndef ECHO_BASE_HASH_SET_H
#define ECHO_BASE_HASH_SET_H

#include <echo/base.h>

typedef struct echo__hash_set {
    echo_hash *slots;
    uint8_t *bits; /* of each slot, 0: free */
    size_t mask;   /* slots - 1, 0 when there are none */
    size_t count;
    uint8_t seed[16];
} echo__hash_set;

void echo__hash_set_init(echo__hash_set *set);
void echo__hash_set_free(echo__hash_set *set); /* also makes it empty and usable again */
/* Gives a hash these bits (not 0) beside those it has; *news says whether it lacked one. false: out of memory, nothing
 * changed. */
bool echo__hash_set_add(echo__hash_set *set, const echo_hash *hash, uint8_t bits, bool *news);
/* Its bits; 0 when it is not in the set. */
uint8_t echo__hash_set_get(const echo__hash_set *set, const echo_hash *hash);

#endif
