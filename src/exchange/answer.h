/*
 * The answers to a peer's questions. An answer says what is present locally. When memory or a lock is short, nothing
 * can be said: the question stays, because leaving out an answer, or saying that something is absent, would be a lie.
 */
#ifndef ECHO_EXCHANGE_ANSWER_H
#define ECHO_EXCHANGE_ANSWER_H

#include "exchange/state.h"

typedef enum echo__answered {
    ECHO__ANSWERED,         /* the question is done, or the peer was dropped */
    ECHO__ANSWERED_IN_PART, /* a message was sent, and the question changed to ask for the rest */
    ECHO__ANSWER_LATER      /* memory ran out, or the store was busy; nothing was sent */
} echo__answered;

echo__answered echo__answer(echo_peer *peer, echo__question *asked) ECHO_MUST_USE;

#endif
