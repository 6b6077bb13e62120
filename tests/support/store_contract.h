/*
 * The contract of sys/store.h as tests, to be run on every store.
 */
#ifndef TEST_STORE_CONTRACT_H
#define TEST_STORE_CONTRACT_H

#include <echo/sys/store.h>

typedef struct store_contract {
    const char *name;
    void *arg;
    /* Opens a new, empty store. */
    echo_status (*fresh)(void *arg, echo_store *out);
    /*
     * Opens another handle on the store that `fresh` opened last, also when all others are closed; NULL when a store
     * has one handle only. It does not wait when busy.
     */
    echo_status (*again)(void *arg, echo_store *out);
    uint32_t capabilities;
} store_contract;

/* Runs all of it as cmocka groups; the number of failed tests. */
int store_contract_run(const store_contract *contract);
/* The part about the optional hooks, which store_contract_run includes. */
int store_contract_run_optional(const store_contract *contract);

/* ---- pieces that other tests of stores use too ---- */

typedef struct store_chunk {
    echo_hash name;
    echo_bytes bytes;
} store_chunk;

/* Chunk number i of a given length: the same bytes each time. Released with store_chunk_free. */
store_chunk store_chunk_make(uint64_t i, size_t len);
void store_chunk_free(store_chunk *chunk);
/* Puts one such chunk. */
echo_status store_put_made(const echo_store *store, uint64_t i, size_t len, size_t *written, echo_error *err);
/* Fails the test unless the store gives that chunk's very bytes. */
void store_assert_made(const echo_store *store, uint64_t i, size_t len);
void store_assert_absent(const echo_store *store, uint64_t i, size_t len);

/*
 * A hash over everything that the store tells through list and walk and get: for each of the parties the numbers and
 * manifests, all chunks with their bytes, which manifests are pinned. Also checks that each chunk hashes to its name.
 */
echo_status store_digest(const echo_store *store, const echo_key *parties, size_t n, echo_hash *out, echo_error *err);

/* Party number i: a key of this byte. */
echo_key store_party(uint8_t i);

#endif
