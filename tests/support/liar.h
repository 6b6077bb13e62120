/*
 * A member that lies: it answers over a channel of its own, with the true answer of an honest member's store and feeds
 * or with something else.
 */
#ifndef TESTS_LIAR_H
#define TESTS_LIAR_H

#include "exchange/channel.h"
#include "support/network.h"

#define LIES(XX)                                                                                                       \
    XX(NONE)           /* honest, but for its code */                                                                  \
    XX(CHUNK_BYTES)    /* a byte of a chunk is another */                                                              \
    XX(CHUNK_SHORT)    /* a chunk is cut */                                                                            \
    XX(CHUNK_LONG)     /* or goes on */                                                                                \
    XX(CHUNK_OTHER)    /* another chunk of the store */                                                                \
    XX(CHUNK_ABSENT)   /* says it has none */                                                                          \
    XX(CHUNK_UNASKED)  /* sends chunks nobody asked for */                                                             \
    XX(CHUNK_DELTA)    /* a delta where none was asked for, or of nonsense */                                          \
    XX(CHUNK_BOMB)     /* 16 MiB of zeros, which pack to nothing */                                                    \
    XX(STALL)          /* stops answering at some point */                                                             \
    XX(SILENT)         /* says nothing at all */                                                                       \
    XX(HANG_UP)        /* the connection ends at some point */                                                         \
    XX(GARBAGE)        /* messages of random types and bytes */                                                        \
    XX(LENGTHS)        /* a message that says it is 4 GiB long */                                                      \
    XX(FORGED)         /* a manifest with another root, signed by somebody who is no member */                         \
    XX(UNSIGNED)       /* or by nobody */                                                                              \
    XX(BAD_SIGNATURE)  /* or with a wrong signature */                                                                 \
    XX(OTHER_PARTY)    /* a manifest of another party */                                                               \
    XX(WORDS)          /* the true state, in a manifest that is full of words of strangers */                          \
    XX(STRANGER)       /* or in one that a stranger signed */                                                          \
    XX(NO_CREDENTIALS) /* a manifest without credentials, signed by a stranger */                                      \
    XX(OLD)            /* an older snapshot, which is true */                                                          \
    XX(COUNTS)         /* roots with absurd numbers */                                                                 \
    XX(FEEDS_LONG)     /* feeds are said to be longer than they are */                                                 \
    XX(FEEDS_SHORT)    /* or shorter */                                                                                \
    XX(FEEDS_ALIEN)    /* feeds that are none of the party's */                                                        \
    XX(BLOCK_BYTES)    /* a byte of a block is another */                                                              \
    XX(BLOCK_PROOF)    /* a byte of a proof is another */                                                              \
    XX(BLOCK_ORDER)    /* other blocks than those asked for, with their proof */                                       \
    XX(BLOCK_FORK)     /* blocks of a fork of its own feed, well signed */                                             \
    XX(BLOCK_FEW)      /* fewer blocks than it says */                                                                 \
    XX(WORD)           /* a wrong attestation */
typedef enum lie {
#define XX(name) LIE_##name,
    LIES(XX)
#undef XX
        LIE_COUNT
} lie;

typedef struct liar {
    network *p;
    member *honest;    /* whose store and feeds it answers from */
    echo_keypair keys; /* of a member */
    lie what;
    echo__channel *channel;
    uint64_t random;
    unsigned answers; /* so far */
    unsigned after;   /* it is honest so long */
    bool hung_up, said_hello;
    bool over;
} liar;

const char *lie_name(lie what);
void liar_begin(liar *l, network *p, size_t honest, const echo_keypair *keys, lie what, uint64_t seed);
void liar_end(liar *l);
/* Carries bytes between a liar and a peer of an exchange; false: there were none. */
bool liar_carry(liar *l, echo_peer *peer);

#endif
