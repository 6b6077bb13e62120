/*
 * The manifests of a party in a store: listing them, finding one, reading it.
 *
 * Every list goes from the newest to the oldest. A list that a callback ends early is not a complete list in the sense
 * of sys/store.h (`remove_chunks`). Only echo__stored_list(), and echo__stored_each() with a callback that never stops,
 * make the handle remember which manifest was the newest.
 */
#ifndef ECHO_SNAPSHOT_STORED_H
#define ECHO_SNAPSHOT_STORED_H

#include "snapshot/manifest.h"

/* Checks that the host passed a valid store and a party. ECHO_ERR_INVALID, ECHO_ERR_VERSION. */
echo_status echo__stored_check(const echo_store *store, const echo_key *party, echo_error *err) ECHO_MUST_USE;

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
/* Copies all of them. *out is empty on failure. ECHO_ERR_LIMIT: together they have more than 1 GiB. */
echo_status echo__stored_list(echo__stored_manifests *out, const echo_store *store, const echo_key *party,
                              echo_error *err) ECHO_MUST_USE;
/*
 * The same for somebody who wants the newest ones: those that together have at most 64 MiB, and at most 1,000. *more:
 * there are others. A store that somebody made up can hold any number of manifests of any length in a small file.
 */
echo_status echo__stored_recent(echo__stored_manifests *out, bool *more, const echo_store *store, const echo_key *party,
                                echo_error *err) ECHO_MUST_USE;
void echo__stored_free(echo__stored_manifests *manifests);

/* ---- one of them ---- */

/* Identifies a manifest. Its number is not enough: after the newest is removed, its number is used again. */
typedef struct echo__stored_id {
    uint64_t number; /* 0: none */
    echo_hash hash;  /* of its bytes */
} echo__stored_id;

/* The newest manifest, readable or not; *out is zeroed if the party has none. */
echo_status echo__stored_newest(echo__stored_id *out, const echo_store *store, const echo_key *party,
                                echo_error *err) ECHO_MUST_USE;
/*
 * Whether this manifest is still in the store; number 0: under any number. A tree that is written on top of its roots
 * names chunks that were not put again, and these are safe only while the manifest exists. So check this after the
 * first put, when the store is locked, and before publishing.
 */
echo_status echo__stored_has(bool *out, const echo_store *store, const echo_key *party, const echo__stored_id *id,
                             echo_error *err) ECHO_MUST_USE;
/*
 * Finds a readable manifest: calls `matches` for each until it returns true; `matches` copies what its caller needs.
 * Manifests that cannot be read are skipped, but ECHO_ERR_NOMEM is an error.
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
/* Reads the manifest with this number (0: the newest), and opens chunks over the store, which is borrowed.
 * ECHO_ERR_NOT_FOUND. */
echo_status echo__stored_open(echo__manifest *out, echo__chunks **chunks, const echo_store *store,
                              const echo_key *party, uint64_t number, echo_error *err) ECHO_MUST_USE;
/* Prefixes err's message with the snapshot it is about, if the bytes of the snapshot are at fault. Returns status. */
echo_status echo__stored_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status);

#endif
