/*
 * Shared by the files of this layer.
 */
#ifndef ECHO_SNAPSHOT_INTERNAL_H
#define ECHO_SNAPSHOT_INTERNAL_H

#include "party/party.h"
#include "snapshot/manifest.h"

uint64_t echo__now_ns(void); /* monotonic */

/* A credential's record id: time, feed and seq in hex, so that ids are in canonical order. */
#define ECHO__CREDENTIAL_ID 98u
void echo__credential_id(char out[ECHO__CREDENTIAL_ID + 1], const echo__stamp *stamp);
bool echo__credential_stamp(echo__stamp *out, echo_bytes id);

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
/* Reads one and checks that it is of this party and number. */
echo_status echo__candidate_read(echo__manifest *out, const echo__candidate *candidate, const echo_key *party, echo_error *err) ECHO_MUST_USE;

#endif
