/*
 * A chunk described by the lines it shares with a chunk that the requester has (docs/EXCHANGE.md, "Deltas"). The
 * request holds fingerprints of the requester's lines; the answer refers to those by position and holds the other
 * lines. If a fingerprint matches by accident, the result has a wrong hash, and the chunk is requested in full.
 */
#ifndef ECHO_EXCHANGE_DELTA_H
#define ECHO_EXCHANGE_DELTA_H

#include "base/buf.h"

#define ECHO__DELTA_LINES 256u /* maximum, of a base and of a described chunk; further lines are ignored */
#define ECHO__DELTA_PRINT 4u   /* bytes of a fingerprint */

/* Appends the fingerprints of the chunk's lines; returns their number. */
size_t echo__delta_prints(echo__buf *out, echo_bytes base);
/* Appends the description of `chunk` for a peer that has lines with these fingerprints. */
void echo__delta_make(echo__buf *out, echo_bytes chunk, echo_bytes prints);
/* Appends the chunk. ECHO_ERR_CORRUPT: not a delta of this base. ECHO_ERR_LIMIT: the chunk is longer than `most`.
 * ECHO_ERR_NOMEM. */
echo_status echo__delta_apply(echo__buf *out, echo_bytes base, echo_bytes delta, size_t most) ECHO_MUST_USE;

#endif
