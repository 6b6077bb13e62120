/*
 * Credentials, decoded: what a signed message claims, and who vouches for it. Knows nothing of a party's state.
 *
 * A credential is Message { Any { SignedMessage } }. A signature covers the canonical JSON of SignedMessage.signed
 * (docs/FORMAT.md, "Credentials"); the payload's type says what that is. A payload of a type that is not known
 * here can be neither printed nor checked: it claims nothing.
 */
#ifndef ECHO_FEED_CREDENTIALS_MESSAGE_H
#define ECHO_FEED_CREDENTIALS_MESSAGE_H

#include "base/map.h"

#define ECHO__CREDENTIAL_SIZE_MAX ((size_t)256 << 10) /* bytes; real ones have one to five thousand */
#define ECHO__CREDENTIAL_SIGNATURES_MAX                                                                                \
    64u /* signatures checked for one credential, those of its key chains included */

/* Values of PartyCredential.type; others claim nothing. */
#define ECHO__CREDENTIAL_ENVELOPE 0
#define ECHO__CREDENTIAL_PARTY_GENESIS 1
#define ECHO__CREDENTIAL_KEY_ADMIT 3
#define ECHO__CREDENTIAL_FEED_ADMIT 4

/* Values of admitKeyType. */
#define ECHO__KEY_DEVICE 2
#define ECHO__KEY_PARTY 3

typedef enum echo__claim_kind {
    ECHO__CLAIM_NOTHING = 0, /* admits nothing, whoever signed it */
    ECHO__CLAIM_GENESIS,     /* trusts `member`, admits `feed`; signed by `party` itself */
    ECHO__CLAIM_KEY,         /* trusts `member` */
    ECHO__CLAIM_FEED         /* admits `feed` */
} echo__claim_kind;

/*
 * A credential whose signatures are all valid. It is authorised by a party that trusts any of the anchors: the keys
 * that signed the outermost message, and those that the key chains of these signatures lead to.
 */
typedef struct echo__claim {
    echo__claim_kind kind;
    bool enveloped;
    int32_t member_type; /* admitKeyType of a GENESIS or KEY */
    echo_key party;      /* partyKey of the outermost message */
    echo_key member;
    echo_key feed;
    size_t anchor_count;
    const echo_key *anchors; /* in the same allocation */
} echo__claim;

/* Remembers the signatures that were found valid, so that each is checked once however many credentials carry it. */
typedef struct echo__verifier {
    echo__map seen; /* of echo_hash */
} echo__verifier;

void echo__verifier_init(echo__verifier *verifier);
void echo__verifier_free(echo__verifier *verifier);
/* Also remembers what the other one remembers; as much of it as memory allows. */
void echo__verifier_adopt(echo__verifier *verifier, const echo__verifier *other);

/*
 * Reads a credential and checks its signatures. *out is released with echo__free. ECHO_ERR_CORRUPT, _SIGNATURE, _LIMIT,
 * _NOMEM. A key chain that does not hold is no error, it merely leads nowhere. verifier may be NULL.
 */
echo_status echo__claim_read(echo__claim **out, echo__verifier *verifier, echo_bytes credential,
                             echo_error *err) ECHO_MUST_USE;

#endif
