/*
 * What a source remembers of its feeds' keys and signatures, so that none is verified twice.
 *
 * - Of each feed, which roots a signature was found to vouch for, last. A feed that is closed and opened again, as when
 *   a folder is searched for parties and then one of them is opened, is verified once. Whatever differs (the key, the
 *   signature, the length, a root) is verified anew.
 * - Of each feed, a root that a snapshot names which the own key signed. At that length no signature is verified.
 * - One key pair, the own one, which was found to be a pair.
 */
#ifndef ECHO_FEED_HYPERCORE_PROVED_H
#define ECHO_FEED_HYPERCORE_PROVED_H

#include "base/map.h"
#include "feed/hypercore_merkle.h"

typedef struct echo__hypercore_proved {
    echo__map feeds; /* one entry a feed, by its key */
    bool has_own;
    echo_keypair own;
} echo__hypercore_proved;

void echo__hypercore_proved_init(echo__hypercore_proved *proved);
void echo__hypercore_proved_free(echo__hypercore_proved *proved);
/* As echo__hypercore_signed(), which is called unless the answer is remembered. proved may be NULL. Not being able to
 * remember is no failure. */
bool echo__hypercore_proved_check(echo__hypercore_proved *proved, const echo__hypercore_roots *roots,
                                  const uint8_t signature[ECHO__HYPERCORE_SIGNATURE], const echo_key *key,
                                  uint64_t *verifications);
/* From now on the check accepts this root of the feed's first `length` blocks. */
void echo__hypercore_proved_vouch(echo__hypercore_proved *proved, const echo_key *feed, uint64_t length,
                                  const echo_hash *root);
void echo__hypercore_proved_own(echo__hypercore_proved *proved, const echo_keypair *own);
/* Whether these keys are the pair that is remembered. proved may be NULL. */
bool echo__hypercore_proved_is_own(const echo__hypercore_proved *proved, const echo_keypair *keys);

#endif
