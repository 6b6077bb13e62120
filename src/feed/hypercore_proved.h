/*
 * Which roots of a feed a signature was found to vouch for, last. A source remembers it for each of its feeds, so that
 * a feed that is closed and opened again, as when a folder is searched for parties and then one of them is opened, is
 * verified once. Whatever differs (the key, the signature, the length, a root) is verified anew.
 */
#ifndef ECHO_FEED_HYPERCORE_PROVED_H
#define ECHO_FEED_HYPERCORE_PROVED_H

#include "base/map.h"
#include "feed/hypercore_merkle.h"

typedef struct echo__hypercore_proved {
    echo__map feeds; /* one entry a feed, by its key */
} echo__hypercore_proved;

void echo__hypercore_proved_init(echo__hypercore_proved *proved);
void echo__hypercore_proved_free(echo__hypercore_proved *proved);
/* As echo__hypercore_signed(), which is called unless the answer is remembered. proved may be NULL. Not being able to
 * remember is no failure. */
bool echo__hypercore_proved_check(echo__hypercore_proved *proved, const echo__hypercore_roots *roots,
                                  const uint8_t signature[ECHO__HYPERCORE_SIGNATURE], const echo_key *key,
                                  uint64_t *verifications);

#endif
