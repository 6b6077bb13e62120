/*
 * The manifests that a store has of a party: listing them, finding one, reading it.
 *
 * Every list goes from the newest to the oldest. A list that ends early, because what was wanted is found, is not a
 * complete list in the sense of sys/store.h (`remove_chunks`): only echo__stored_list(), and echo__stored_each() whose
 * callback never stops, make the handle remember which manifest was the newest.
 */
#ifndef ECHO_SNAPSHOT_STORED_H
#define ECHO_SNAPSHOT_STORED_H

#include "snapshot/manifest.h"

/* ---- all of them ---- */

/* ECHO__STOP ends the walk, which then returns ECHO_OK; any other code ends it and is returned. The callback may call
 * the store, and fills err when it fails. */
typedef echo_status (*echo__stored_fn)(void *arg, uint64_t number, echo_bytes text, echo_error *err);
echo_status echo__stored_each(const echo_store *store, const echo_key *party, echo__stored_fn fn, void *arg,
                              echo_error *err) ECHO_MUST_USE;

/* A stored manifest, as text. */
typedef struct echo__stored_manifest {
    uint64_t number;
    echo__buf text;
} echo__stored_manifest;
typedef struct echo__stored_manifests {
    echo__stored_manifest *list; /* newest first */
    size_t count, cap;
} echo__stored_manifests;
/* Copies all of them. *out is empty on failure. */
echo_status echo__stored_list(echo__stored_manifests *out, const echo_store *store, const echo_key *party,
                              echo_error *err) ECHO_MUST_USE;
void echo__stored_free(echo__stored_manifests *manifests);

/* ---- one of them ---- */

/* Which manifest. Its number alone does not say: after the newest is removed its number is given out again. */
typedef struct echo__stored_id {
    uint64_t number; /* 0: none */
    echo_hash hash;  /* of its bytes */
} echo__stored_id;

/* The newest, whether it can be read or not; *out is zeroed when the party has none. */
echo_status echo__stored_newest(echo__stored_id *out, const echo_store *store, const echo_key *party,
                                echo_error *err) ECHO_MUST_USE;
/*
 * Whether this manifest is still in the store; number 0: under any number. Who writes a tree on top of its roots names
 * chunks without putting them, and they are safe only while it stands: so ask after the first put, when the store is
 * locked, and before publishing.
 */
echo_status echo__stored_has(bool *out, const echo_store *store, const echo_key *party, const echo__stored_id *id,
                             echo_error *err) ECHO_MUST_USE;
/*
 * Whether one of those that can be read is the one that is wanted: `matches` is called for each until it returns true,
 * and copies what its caller needs. Those that cannot be read are passed over; ECHO_ERR_NOMEM is an error.
 */
typedef bool (*echo__stored_match_fn)(void *arg, const echo__manifest *manifest, echo_bytes text);
echo_status echo__stored_find(bool *found, const echo_store *store, const echo_key *party,
                              echo__stored_match_fn matches, void *arg, echo_error *err) ECHO_MUST_USE;

/* ---- reading ---- */

/* Reads a manifest and checks that it is of this party and number. */
echo_status echo__stored_read_as(echo__manifest *out, echo_bytes text, const echo_key *party, uint64_t number,
                                 echo_error *err) ECHO_MUST_USE;
/* The same for one of a list. */
echo_status echo__stored_read(echo__manifest *out, const echo__stored_manifest *stored, const echo_key *party,
                              echo_error *err) ECHO_MUST_USE;
/* The manifest of a number (0: the newest), and chunks over the store, which is borrowed. ECHO_ERR_NOT_FOUND. */
echo_status echo__stored_open(echo__manifest *out, echo__chunks **chunks, const echo_store *store,
                              const echo_key *party, uint64_t number, echo_error *err) ECHO_MUST_USE;
/* Puts before err's message which snapshot it is about, when its bytes are to blame. Returns status. */
echo_status echo__stored_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status);

#endif
