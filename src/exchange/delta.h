/*
 * A chunk described by the lines it shares with a chunk that the requester has (docs/EXCHANGE.md, "Deltas"). The
 * request holds fingerprints of the requester's lines; the answer refers to those by position and holds the other
 * lines. If a fingerprint matches by accident, the result has a wrong hash, and the chunk is requested in full.
 *
 * The lines of a leaf depend on its header: a feed that is new to it changes them all. So the lines that are compared
 * of a leaf are its records, each alone.
 */
#ifndef ECHO_EXCHANGE_DELTA_H
#define ECHO_EXCHANGE_DELTA_H

#include "base/buf.h"

#define ECHO__DELTA_LINES 256u /* maximum, of a base and of a described chunk; further lines are ignored */
#define ECHO__DELTA_PRINT 4u   /* bytes of a fingerprint */
#define ECHO__DELTA_LEAF_MAX ((size_t)1 << 20) /* a longer leaf is not described */

/* Whether a chunk is a leaf, which begins with its header. */
bool echo__delta_is_leaf(echo_bytes chunk);
/* The bytes that the records of a leaf take alone, at most. */
size_t echo__delta_records_max(uint64_t items, size_t leaf_bytes);
/* Appends the records of a leaf, which the functions below take in place of its bytes. ECHO_ERR_CORRUPT: it is no leaf.
 * ECHO_ERR_LIMIT: it is longer than ECHO__DELTA_LEAF_MAX, or its records are. ECHO_ERR_NOMEM. */
echo_status echo__delta_records(echo__buf *out, echo_bytes leaf, echo_error *err) ECHO_MUST_USE;

/* Appends the fingerprints of the chunk's lines; returns their number. */
size_t echo__delta_prints(echo__buf *out, echo_bytes base);
/* Appends the description of `chunk` for a peer that has lines with these fingerprints. */
void echo__delta_make(echo__buf *out, echo_bytes chunk, echo_bytes prints);
/* Appends the chunk. ECHO_ERR_CORRUPT: not a delta of this base. ECHO_ERR_LIMIT: the chunk is longer than `most`.
 * ECHO_ERR_NOMEM. */
echo_status echo__delta_apply(echo__buf *out, echo_bytes base, echo_bytes delta, size_t most) ECHO_MUST_USE;

#endif
