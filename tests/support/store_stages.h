/*
 * A life of a store in stages, for tests that interrupt it: each stage takes a store from state i to state i + 1 by
 * some puts, reads and one change that is acknowledged. Whatever interrupts a stage, the store is in the one state or
 * the other.
 */
#ifndef TEST_STORE_STAGES_H
#define TEST_STORE_STAGES_H

#include <echo/sys/store.h>

#define STORE_STAGES 9u
/* The same with chunks so large that a log is written back in the middle. */
#define STORE_BIG_STAGES 3u

/* Runs stage i. On failure pending puts are rolled back, as a careful caller does. */
echo_status store_stage(const echo_store *store, unsigned i, echo_error *err);
echo_status store_big_stage(const echo_store *store, unsigned i, echo_error *err);
/* The digest of a store's state. */
echo_status store_stages_digest(const echo_store *store, echo_hash *out, echo_error *err);
/* The digests of states 0 to STORE_STAGES (or STORE_BIG_STAGES), worked out in memory. */
void store_stages_expect(echo_hash *out, bool big);

#endif
