/*
 * Shared by the files of this layer.
 */
#ifndef ECHO_SNAPSHOT_INTERNAL_H
#define ECHO_SNAPSHOT_INTERNAL_H

#include <echo/snapshot.h>

#include "base/clock.h"
#include "party/party.h"
#include "snapshot/manifest.h"

/* credentials.c: the tree of credentials. */
typedef echo_status (*echo__credential_fn)(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err);
/* Those under a root, in canonical order. */
echo_status echo__credentials_each(echo__chunks *chunks, const echo__root *root, echo__credential_fn fn, void *arg,
                                   echo_error *err) ECHO_MUST_USE;
/* Adds new credentials to the tree under *root; puts the list in order. */
echo_status echo__credentials_write(echo__root *root, echo__chunks *chunks, echo__credential *list, size_t n,
                                    echo_error *err) ECHO_MUST_USE;

/* A stored manifest, as text. */
typedef struct echo__candidate {
    uint64_t number;
    echo__buf text;
} echo__candidate;
typedef struct echo__candidates {
    echo__candidate *list; /* newest first */
    size_t count, cap;
} echo__candidates;
echo_status echo__candidates_list(echo__candidates *out, const echo_store *store, const echo_key *party,
                                  echo_error *err) ECHO_MUST_USE;
void echo__candidates_free(echo__candidates *candidates);
/* Reads a manifest and checks that it is of this party and number. */
echo_status echo__manifest_read_as(echo__manifest *out, echo_bytes text, const echo_key *party, uint64_t number,
                                   echo_error *err) ECHO_MUST_USE;
/* The manifest of a number (0: the newest), and chunks over the store. ECHO_ERR_NOT_FOUND. */
echo_status echo__snapshot_open(echo__manifest *out, echo__chunks **chunks, const echo_store *store,
                                const echo_key *party, uint64_t number, echo_error *err) ECHO_MUST_USE;
/* Reads all that a manifest needs and checks it; what echo_snapshot_verify says. */
echo_status echo__manifest_verify(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) ECHO_MUST_USE;
/*
 * Replays what a snapshot covers into a party of its own and takes a snapshot of that in memory, whose root is then the
 * party's; fn looks at it. Otherwise as echo_snapshot_replay().
 */
typedef echo_status (*echo__replayed_fn)(void *arg, const echo_party *replayed, const echo_hash *digest,
                                         echo_error *err);
echo_status echo__snapshot_replay(const echo_party_options *options, const echo_store *store, uint64_t number,
                                  echo__replayed_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/* Puts before err's message which snapshot it is about, when its bytes are to blame. Returns status. */
echo_status echo__snapshot_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status);

/* The same for a candidate. */
echo_status echo__candidate_read(echo__manifest *out, const echo__candidate *candidate, const echo_key *party,
                                 echo_error *err) ECHO_MUST_USE;

/*
 * Another party over the same feeds and with the same options, from the newest of these snapshots that is good; no
 * replay when none is. It borrows feeds and store, and is not driven between messages yet (echo__taker_attach). There
 * is at least one candidate.
 */
echo_status echo__party_follow(echo_party **out, const echo_party *old, const echo_store *store,
                               const echo__candidates *candidates, echo_error *err) ECHO_MUST_USE;

/* changes.c: what is different between the items of two parties. */
typedef struct echo__change_told {
    echo_change change;
    bool deleted;
    size_t texts[6]; /* where in `texts`, in the order of the head; SIZE_MAX: absent */
} echo__change_told;
typedef struct echo__changes {
    echo__change_told *list; /* ascending by id */
    size_t count, cap;
    echo__buf texts; /* each with a NUL behind it */
} echo__changes;
/*
 * Compares record lines where the trees differ and of items with unsaved changes; makes no states, and reads nothing
 * else. Neither party's taker may be busy. *out must be zeroed; free it also after an error.
 */
echo_status echo__changes_find(echo__changes *out, const echo_party *before, const echo_party *after,
                               echo_error *err) ECHO_MUST_USE;
echo_status echo__changes_tell(const echo__changes *changes, echo_change_fn fn, void *arg) ECHO_MUST_USE;
void echo__changes_free(echo__changes *changes);

/*
 * switch.c: echo_party_switch() to snapshots of another store, or of the party's own (store NULL). The other store is
 * borrowed and is the party's from then on; the one that the party opened itself stays open below it, and is its own
 * again when it is given back.
 */
echo_status echo__party_switch(echo_party **party, const echo_store *store, echo_change_fn fn, void *arg,
                               echo_error *err) ECHO_MUST_USE;

#endif
