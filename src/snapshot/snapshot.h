/*
 * Shared by the files of this layer.
 */
#ifndef ECHO_SNAPSHOT_INTERNAL_H
#define ECHO_SNAPSHOT_INTERNAL_H

#include "base/clock.h"
#include "party/party.h"
#include "snapshot/manifest.h"

/* credentials.c: the tree of credentials. */
typedef echo_status (*echo__credential_fn)(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err);
/* Those under a root, in canonical order. */
echo_status echo__credentials_each(echo__chunks *chunks, const echo__root *root, echo__credential_fn fn, void *arg, echo_error *err)
    ECHO_MUST_USE;
/* Adds new credentials to the tree under *root; puts the list in order. */
echo_status echo__credentials_write(echo__root *root, echo__chunks *chunks, echo__credential *list, size_t n, echo_error *err) ECHO_MUST_USE;

/* A stored manifest, as text. */
typedef struct echo__candidate {
    uint64_t number;
    echo__buf text;
} echo__candidate;
typedef struct echo__candidates {
    echo__candidate *list; /* newest first */
    size_t count, cap;
} echo__candidates;
echo_status echo__candidates_list(echo__candidates *out, const echo_store *store, const echo_key *party, echo_error *err) ECHO_MUST_USE;
void echo__candidates_free(echo__candidates *candidates);
/* Reads a manifest and checks that it is of this party and number. */
echo_status echo__manifest_read_as(echo__manifest *out, echo_bytes text, const echo_key *party, uint64_t number, echo_error *err) ECHO_MUST_USE;
/* Reads all that a manifest needs and checks it; what echo_snapshot_verify says. */
echo_status echo__manifest_verify(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) ECHO_MUST_USE;
/*
 * Replays what a snapshot covers into a party of its own and takes a snapshot of that in memory, whose root is then the party's; fn looks at
 * it. Otherwise as echo_snapshot_replay().
 */
typedef echo_status (*echo__replayed_fn)(void *arg, const echo_party *replayed, const echo_hash *digest, echo_error *err);
echo_status echo__snapshot_replay(const echo_party_options *options, const echo_store *store, uint64_t number, echo__replayed_fn fn, void *arg,
                                  echo_error *err) ECHO_MUST_USE;
/* Puts before err's message which snapshot it is about, when its bytes are to blame. Returns status. */
echo_status echo__snapshot_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status);

/* The same for a candidate. */
echo_status echo__candidate_read(echo__manifest *out, const echo__candidate *candidate, const echo_key *party, echo_error *err) ECHO_MUST_USE;

#endif
