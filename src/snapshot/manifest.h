/*
 * Manifests: the party and timeframe of a snapshot, and the roots of its trees (docs/FORMAT.md, "Manifests").
 */
#ifndef ECHO_SNAPSHOT_MANIFEST_H
#define ECHO_SNAPSHOT_MANIFEST_H

#include "base/buf.h"
#include "echo/timeframe.h"
#include "party/party.h"
#include "tree/tree.h"

#define ECHO__MANIFEST_FORMAT 2u
#define ECHO__MANIFEST_MAX ECHO_STORE_MANIFEST_MAX /* bytes; 100,000 feeds take 8 MB */

#define ECHO__ATTESTATIONS_MAX 64u

/* A member's statement that it computed this state itself. */
typedef struct echo__attestation {
    echo_key member;
    uint8_t signature[64];
} echo__attestation;

typedef struct echo__manifest {
    echo_key party;
    uint64_t number;
    echo_timeframe *timeframe;
    echo__feed_roots roots; /* of feeds of the timeframe */
    echo__root items;
    echo__root credentials;
    echo__model_counts models;
    uint32_t generation; /* dialect of the party's messages; 0: no message was seen */
    int64_t time;        /* milliseconds since 1970 */
    bool has_previous;
    echo_hash previous; /* hash of the bytes of the previous manifest */
    bool received; /* the state was received from others, or continues one that was: its author did not compute all of
                      it */
    echo__attestation *attestations; /* ascending by member; owned */
    size_t attestation_count;
    bool is_signed;
    echo_key author;
} echo__manifest;

void echo__manifest_free(echo__manifest *manifest); /* frees what it points to, and zeroes it */
/* Makes a member's attestation of a digest. */
void echo__attest(echo__attestation *out, const echo_hash *digest, const echo_keypair *member);
bool echo__attestation_ok(const echo__attestation *attestation, const echo_hash *digest);
/* Adds an attestation that was checked. Nothing is added if its member has one already, or if there are
 * ECHO__ATTESTATIONS_MAX. ECHO_ERR_NOMEM. */
echo_status echo__manifest_attested(echo__manifest *manifest, const echo__attestation *attestation) ECHO_MUST_USE;
/* Appends the text with its check. If `signer` is not NULL, it signs, and manifest->author is set to its key. */
echo_status echo__manifest_write(echo__buf *out, echo__manifest *manifest, const echo_keypair *signer,
                                 echo_error *err) ECHO_MUST_USE;
/*
 * Reads and checks a text: canonical form, check, signature when it has one. ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE,
 * ECHO_ERR_VERSION (another format), ECHO_ERR_LIMIT. On error *out is empty.
 */
echo_status echo__manifest_read(echo__manifest *out, echo_bytes text, echo_error *err) ECHO_MUST_USE;
/* The state digest: the hash of party, timeframe, roots and model versions only. */
echo_status echo__manifest_digest(echo_hash *out, echo__manifest *manifest) ECHO_MUST_USE;

#endif
