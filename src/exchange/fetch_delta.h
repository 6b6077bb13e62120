/*
 * A chunk as a delta to the one that the requester has in its place (delta.h): the base of a want, which is sent as
 * prints, and the answer to them. Between leaves the records are compared, and the leaf is packed again.
 */
#ifndef ECHO_EXCHANGE_FETCH_DELTA_H
#define ECHO_EXCHANGE_FETCH_DELTA_H

#include "exchange/state.h"

/* Appends the prints of the want's base to a request. false: there are none, because it has no base that could serve.
 */
bool echo__fetch_delta_prints(echo__buf *out, echo_exchange *x, const echo__want *want);
/*
 * Appends the chunk that the delta describes; its hash is to be compared. *again: the delta is of no use now, which
 * does not prove a lie. ECHO_ERR_CORRUPT or ECHO_ERR_LIMIT: the delta is none, or unpacks to more than it may.
 * ECHO_ERR_NOMEM.
 */
echo_status echo__fetch_delta_apply(echo__buf *out, bool *again, echo_exchange *x, const echo__want *want,
                                    echo_bytes delta, echo_error *err) ECHO_MUST_USE;

#endif
