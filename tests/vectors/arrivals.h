/*
 * Blocks of several feeds that arrive at a party one by one, in every order that keeps each feed's own.
 */
#ifndef TESTS_ARRIVALS_H
#define TESTS_ARRIVALS_H

#include "vectors.h"

#include "support/state.h"

#define ARRIVALS_FEEDS 4u
#define ARRIVALS_BLOCKS 8u

typedef struct arrivals {
    const cJSON *vector;
    echo_key keys[ARRIVALS_FEEDS];
    echo__buf blocks[ARRIVALS_FEEDS][ARRIVALS_BLOCKS];
    size_t lengths[ARRIVALS_FEEDS], count, total;
    size_t order[ARRIVALS_BLOCKS]; /* the feed that each block that arrives is of */
    echo_hash digest;              /* of the first order: all have the same */
    size_t orders;
    echo_party_options options; /* what is not of one order alone */
    void (*expect)(const struct arrivals *a, echo_party *party);
} arrivals;

/* Takes the block. */
static inline void arrivals_add(arrivals *a, size_t feed, echo__buf block) {
    assert_true(feed < ARRIVALS_FEEDS && a->lengths[feed] < ARRIVALS_BLOCKS && a->total < ARRIVALS_BLOCKS);
    a->blocks[feed][a->lengths[feed]++] = block;
    a->total++;
}

static inline void arrivals_free(arrivals *a) {
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < a->lengths[i]; k++) echo__buf_free(&a->blocks[i][k]);
}

/* The clock as a vector has it. */
static inline void arrivals_clock(const arrivals *a, const echo_party *party) {
    const cJSON *clock = vector_member(a->vector, "clock"), *entry;
    if ((int)echo_timeframe_size(echo_party_clock(party)) != cJSON_GetArraySize(clock))
        fail_msg("%s: %zu feeds are covered", vector_name(a->vector), echo_timeframe_size(echo_party_clock(party)));
    cJSON_ArrayForEach(entry, clock) {
        echo_key key = vector_key(entry->string);
        uint64_t seq = UINT64_MAX;
        (void)echo_timeframe_get(&seq, echo_party_clock(party), &key);
        if (seq != (uint64_t)entry->valuedouble)
            fail_msg("%s: feed %.8s is covered to %lld", vector_name(a->vector), entry->string, (long long)seq);
    }
}

static inline void arrivals_expect(arrivals *a, echo_party *party) {
    arrivals_clock(a, party);
    if (a->expect != NULL) a->expect(a, party);
    echo_hash digest = party_snapshot_digest(party);
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(a->vector, "digest");
    if (expected != NULL) {
        char hex[ECHO_HEX_CHARS];
        echo_hash_hex(hex, &digest);
        if (strcmp(hex, expected->valuestring) != 0) fail_msg("%s: the digest is %s", vector_name(a->vector), hex);
    }
    if (a->orders++ == 0)
        a->digest = digest;
    else if (memcmp(&a->digest, &digest, sizeof digest) != 0)
        fail_msg("%s: the digest depends on the order", vector_name(a->vector));
}

/* Blocks arrive in a->order; the party is opened as soon as it can be, and is polled after each. */
static inline void arrivals_run(arrivals *a) {
    echo_feeds feeds;
    echo_store store;
    echo_party_options options = a->options;
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = NULL;
    size_t next[ARRIVALS_FEEDS] = {0};
    assert_ok(echo_feeds_new_memory(&feeds), &err);
    assert_ok(echo_store_new_memory(&store), &err);
    options.feeds = &feeds;
    options.store = &store;
    for (size_t i = 0; i < a->count; i++) {
        echo_keypair keys = {.public_key = a->keys[i]};
        assert_ok(echo_feeds_memory_add(&feeds, &keys), &err);
    }
    for (size_t i = 0; i < a->total; i++) {
        size_t feed = a->order[i];
        echo_bytes block = echo__buf_bytes(&a->blocks[feed][next[feed]]);
        assert_ok(echo_feeds_memory_put(&feeds, &a->keys[feed], next[feed]++, block), &err);
        if (party != NULL)
            assert_ok(echo_party_poll(NULL, party, 0, &err), &err);
        else if (echo_party_restore(&party, &options, NULL) != ECHO_OK)
            party = NULL;
    }
    assert_non_null(party);
    arrivals_expect(a, party);
    echo_party_free(party);
    echo_store_close(&store);
    echo_feeds_close(&feeds);
}

static inline void arrivals_from(arrivals *a, size_t at, size_t left[ARRIVALS_FEEDS]) {
    if (at == a->total) arrivals_run(a);
    for (size_t i = 0; at < a->total && i < a->count; i++) {
        if (left[i] == 0) continue;
        left[i]--;
        a->order[at] = i;
        arrivals_from(a, at + 1, left);
        left[i]++;
    }
}

static inline void arrivals_all(arrivals *a) {
    size_t left[ARRIVALS_FEEDS];
    memcpy(left, a->lengths, sizeof left);
    arrivals_from(a, 0, left);
    assert_true(a->orders > 0);
}

#endif
