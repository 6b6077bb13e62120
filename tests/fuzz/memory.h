/*
 * Random numbers that are the same for each input, and how much memory is taken.
 */
#ifndef TESTS_FUZZ_MEMORY_H
#define TESTS_FUZZ_MEMORY_H

#include <malloc.h>
#include <sodium.h>

#include "fuzz.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN 1
#endif

#ifdef FUZZ_ASAN
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc comes without the header that declares it */
static inline size_t fuzz_memory(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
static inline size_t fuzz_memory(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
#endif

/* What is taken now beside `before` must be less than this. */
#define FUZZ_MEMORY_MOST ((size_t)96 << 20)
static inline void fuzz_memory_check(size_t before) {
    size_t now = fuzz_memory();
    FUZZ_CHECK(now < before || now - before < FUZZ_MEMORY_MOST);
}

static uint64_t fuzz_random_state;

static inline const char *fuzz_random_name(void) { return "fuzz"; }
static inline uint32_t fuzz_random_u32(void) {
    fuzz_random_state = fuzz_random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(fuzz_random_state >> 32);
}
static inline void fuzz_random_buf(void *out, size_t len) {
    for (size_t i = 0; i < len; i++) ((uint8_t *)out)[i] = (uint8_t)fuzz_random_u32();
}

/* Call it first for each input. */
static inline void fuzz_random_begin(void) {
    static randombytes_implementation same = {fuzz_random_name, fuzz_random_u32, NULL, NULL, fuzz_random_buf, NULL};
    if (fuzz_random_state == 0) FUZZ_CHECK(randombytes_set_implementation(&same) == 0 && sodium_init() >= 0);
    fuzz_random_state = 1;
}

#endif
