/*
 * Admission: which feeds count in a party (docs/FORMAT.md, "Admission"), by their credentials (HALO messages).
 *
 * An admission takes credentials in any order and admits what the whole set admits: one that is not authorised yet is
 * kept and looked at again when the trust grows. Nothing is ever un-admitted, so the result does not depend on the
 * order.
 *
 * A credential is authorised when all its signatures are valid and one signer is a trusted key or carries a key chain
 * to one. Chains are judged more strictly than the original does: a chain counts for its own key only, each link is a
 * message that admits the link's key and is signed by it, and is of this party or of the identity party whose key the
 * chain leads to. Otherwise anybody could borrow a member's chain, and whoever a member let into one party could write
 * in all of them.
 *
 * A credential whose payload is of a type that is not known cannot be checked: it is no error, and admits nothing.
 */
#ifndef ECHO_FEED_ADMISSION_H
#define ECHO_FEED_ADMISSION_H

#include "echo/sys/codec.h"
#include "feed/credentials_message.h"

typedef struct echo__admission echo__admission;

/* party: the party's key. */
echo_status echo__admission_new(echo__admission **out, const echo_key *party) ECHO_MUST_USE;
void echo__admission_free(echo__admission *admission);
/* Signatures that were verified for somebody else need not be verified again. */
void echo__admission_adopt(echo__admission *admission, const echo__verifier *verifier);
/*
 * Takes one credential message (the bytes of echo_message.credential) read from block seq of `feed`. *grew (optional)
 * says whether any feed or key was admitted by it or, because of it, by earlier ones. A malformed or badly signed
 * message is ECHO_ERR_CORRUPT or ECHO_ERR_SIGNATURE and changes nothing; one that merely is not authorised (yet) is
 * ECHO_OK and waits; waiting ones are limited to 10,000 (ECHO_ERR_LIMIT).
 */
echo_status echo__admission_add(echo__admission *admission, const echo_key *feed, uint64_t seq, echo_bytes credential,
                                bool *grew, echo_error *err) ECHO_MUST_USE;
/*
 * Whether a credential may be taken from a feed that is not admitted (yet): a genesis of the party or, once there was
 * one, a FEED_ADMIT for that very feed, in both cases authorised. A party may have several geneses; were only the first
 * one taken, what is admitted would depend on which of them arrived first. ECHO_OK, ECHO_ERR_REFUSED, or
 * ECHO_ERR_NOMEM, which is neither.
 */
echo_status echo__admission_accepts_outsider(const echo__admission *admission, const echo_key *feed,
                                             echo_bytes credential) ECHO_MUST_USE;
bool echo__admission_has_genesis(const echo__admission *admission);
bool echo__admission_admits(const echo__admission *admission, const echo_key *feed);
bool echo__admission_trusts(const echo__admission *admission, const echo_key *member);
/* Admitted feeds in ascending order; index 0..count-1. */
size_t echo__admission_feed_count(const echo__admission *admission);
const echo_key *echo__admission_feed(const echo__admission *admission, size_t i);

#endif
