/*
 * Writing records: the other side of record.h.
 */
#ifndef ECHO_TREE_RECORD_WRITE_H
#define ECHO_TREE_RECORD_WRITE_H

#include "tree/record.h"

/*
 * Appends the line of a record, without newline: within a leaf whose header lists all that the record refers to, or
 * alone (NULL). Inline payload or blob as set in `record`.
 */
void echo__record_write(echo__buf *out, const echo__record *record, const echo__shared *shared);
/* Appends the part of the line before the payload. */
void echo__record_write_head(echo__buf *out, const echo__record *record, const echo__shared *shared);
/* Appends the payload object, {"state":...}, as a blob chunk holds it. */
void echo__record_write_payload(echo__buf *out, const echo__record *record);

#endif
