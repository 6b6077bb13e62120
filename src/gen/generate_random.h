/* Seeded random numbers: splitmix64 spreads a seed, xoshiro256** draws from it. Both are in the public domain (Vigna,
 * Blackman). */
#ifndef ECHO_GENERATE_RANDOM_H
#define ECHO_GENERATE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct generate_random {
    uint64_t s[4];
} generate_random;

static inline uint64_t generate_mix(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 32 bytes that depend on (seed, purpose, i) alone, in the same order on every machine. */
static inline void generate_bytes(uint8_t out[32], uint64_t seed, uint64_t purpose, uint64_t i) {
    uint64_t state = seed;
    state = generate_mix(&state) ^ purpose;
    state = generate_mix(&state) ^ i;
    for (unsigned word = 0; word < 4; word++) {
        uint64_t bits = generate_mix(&state);
        for (unsigned byte = 0; byte < 8; byte++) out[8 * word + byte] = (uint8_t)(bits >> (8 * byte));
    }
}

static inline void generate_random_seed(generate_random *r, uint64_t seed) {
    for (unsigned i = 0; i < 4; i++) r->s[i] = generate_mix(&seed);
}

static inline uint64_t generate_rotate(uint64_t x, unsigned k) { return (x << k) | (x >> (64 - k)); }

static inline uint64_t generate_random_u64(generate_random *r) {
    uint64_t *s = r->s, result = generate_rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = generate_rotate(s[3], 45);
    return result;
}

/* 0 to n - 1; n > 0. The bias is below 2^-32 for the sizes used here. */
static inline uint64_t generate_random_below(generate_random *r, uint64_t n) { return generate_random_u64(r) % n; }

/* true with probability p; draws exactly once. */
static inline bool generate_random_chance(generate_random *r, double p) {
    return (double)(generate_random_u64(r) >> 11) * 0x1p-53 < p;
}

#endif
