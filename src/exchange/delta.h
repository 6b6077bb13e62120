/*
 * A chunk described by the lines it shares with one that the other side has (docs/EXCHANGE.md, "Deltas"): the asker
 * sends fingerprints of its lines, the answer names those by their place and holds the others. A fingerprint that fits
 * by accident gives a chunk whose hash is wrong; it is asked for in full then.
 */
#ifndef ECHO_EXCHANGE_DELTA_H
#define ECHO_EXCHANGE_DELTA_H

#include "base/buf.h"

#define ECHO__DELTA_LINES 256u /* of a base, and of a chunk that is described; more are not looked at */
#define ECHO__DELTA_PRINT 4u   /* bytes of a fingerprint */

/* Appends the fingerprints of the chunk's lines; returns how many. */
size_t echo__delta_prints(echo__buf *out, echo_bytes base);
/* Appends the description of `chunk` for a peer that has lines of these fingerprints. */
void echo__delta_make(echo__buf *out, echo_bytes chunk, echo_bytes prints);
/* Appends the chunk; ECHO_ERR_CORRUPT for what is no delta of this base, ECHO_ERR_LIMIT when it is longer than `most`,
 * ECHO_ERR_NOMEM. */
echo_status echo__delta_apply(echo__buf *out, echo_bytes base, echo_bytes delta, size_t most) ECHO_MUST_USE;

#endif
