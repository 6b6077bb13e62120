/*
 * Writing records: the other side of record.h.
 */
#ifndef ECHO_TREE_RECORD_WRITE_H
#define ECHO_TREE_RECORD_WRITE_H

#include "tree/record.h"

/* Appends the line of a record as it stands alone, without newline. Inline payload or blob as set in `record`. */
void echo__record_write(echo__buf *out, const echo__record *record);
/*
 * Appends a line that echo__record_read_head() took apart in the other form, or the same: within a leaf whose header
 * lists all that the record refers to, or alone (NULL).
 */
void echo__record_convert(echo__buf *out, const echo__record *head, echo_bytes rest, const echo__shared *shared);
/* Appends the state as it stands alone, with its feeds. */
void echo__record_write_state(echo__buf *out, const echo__record *record);
/* Appends the payload object, {"state":...}, as a blob chunk holds it. */
void echo__record_write_payload(echo__buf *out, const echo__record *record);

#endif
