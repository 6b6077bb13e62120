/*
 * Credentials (HALO messages): reading what one says about a party, and making them. feed/admission.h judges them.
 */
#ifndef ECHO_FEED_CREDENTIALS_H
#define ECHO_FEED_CREDENTIALS_H

#include "base/buf.h"
#include "echo/sys/codec.h"
#include "feed/admission.h"
#include "feed/credentials_message.h"

/* What a credential says about a party, without judging it; for listing the parties in a folder. */
typedef struct echo__genesis {
    echo_key party;
    echo_key feed;
    bool identity; /* of a member's own identity (HALO) party: it admits a DEVICE; a party of items admits its own key,
                      as PARTY */
} echo__genesis;
/* ECHO_OK when the credential is a PARTY_GENESIS signed by the party key (signature checked), ECHO_ERR_REFUSED, or
 * ECHO_ERR_NOMEM. verifier may be NULL. */
echo_status echo__credential_genesis(echo__genesis *out, echo__verifier *verifier, echo_bytes credential) ECHO_MUST_USE;

/* Makes credential bytes, as the original writes them: PARTY_GENESIS signed by the party key, ... */
echo_status echo__credential_make_genesis(echo__buf *out, const echo_keypair *party, const echo_key *feed,
                                          const char *created) ECHO_MUST_USE;
/* ... and FEED_ADMIT signed by `signer`, a trusted key of the party. `created` is an RFC 3339 time. */
echo_status echo__credential_make_feed_admit(echo__buf *out, const echo_key *party, const echo_key *feed,
                                             const echo_keypair *signer, const char *created) ECHO_MUST_USE;

#endif
