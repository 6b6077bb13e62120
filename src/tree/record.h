/*
 * Records: one item, one line of canonical JSON (docs/FORMAT.md, "Records"). Reading a header never parses the state.
 *
 *   {"id":"...","type":"...","model":"...","version":1,"parent":"...","source":"...","target":"...","deleted":true,"at":{...},PAYLOAD}
 *
 * Keys come in this order, absent ones left out. PAYLOAD is any of, in this order: "state":VALUE, "bytes":"<base64>",
 * "log":{...}, or "blob":"<hash>" alone in place of all of them when the line (without its newline) would pass 4 KiB:
 * the chunk of that hash then holds the payload as a canonical JSON object, {"state":VALUE,...}. Which of the two is no
 * choice of the writer: the tree's verification refuses a blob for what fits and a payload that does not fit.
 */
#ifndef ECHO_TREE_RECORD_H
#define ECHO_TREE_RECORD_H

#include "base/buf.h"
#include "base/stamp.h"

#define ECHO__ID_MAX 1024u          /* bytes of an item id */
#define ECHO__RECORD_LINE_MAX 4096u /* longer payloads go to a blob */

typedef struct echo__record {
    echo_bytes id;                                  /* unescaped; data NULL never occurs */
    echo_bytes type, model, parent, source, target; /* unescaped; data NULL when absent */
    uint32_t version;                               /* 0 when absent */
    bool deleted;
    bool has_genesis, has_parent_at, has_deleted_at;
    echo__stamp genesis, parent_at, deleted_at;
    echo_bytes state; /* the JSON text of "state", absent when data NULL */
    echo_bytes bytes; /* the base64 text of "bytes", without quotes */
    echo_bytes log;   /* the JSON text of "log" */
    bool has_blob;
    echo_hash blob;
} echo__record;

/*
 * Reads a line (without its newline). Views point into the line, or into `scratch` where a text had escapes; scratch is
 * cleared first, so one scratch serves one record at a time. Anything but the exact canonical shape is
 * ECHO_ERR_CORRUPT; the texts of state, bytes and log are delimited, not checked further. *out is written on success
 * only.
 */
echo_status echo__record_read(echo__record *out, echo_bytes line, echo__buf *scratch, echo_error *err) ECHO_MUST_USE;
/* Only the id: what lookup needs. */
echo_status echo__record_read_id(echo_bytes *id, echo_bytes line, echo__buf *scratch, echo_error *err) ECHO_MUST_USE;
/* Reads a payload object as found in a blob, into the state, bytes and log of *out. */
echo_status echo__record_read_payload(echo__record *out, echo_bytes text, echo_error *err) ECHO_MUST_USE;
typedef echo_status (*echo__sealed_fn)(void *arg, const echo_hash *name);
/* Calls fn with each segment named under "sealed" in the text of a log. A code of fn ends it and is returned;
 * ECHO_ERR_CORRUPT. */
echo_status echo__record_sealed(echo_bytes log, echo__sealed_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/* Appends the line of a record, without newline. Inline payload or blob as set in `record`. */
void echo__record_write(echo__buf *out, const echo__record *record);
/* Appends the payload object, {"state":...}, as a blob chunk holds it. */
void echo__record_write_payload(echo__buf *out, const echo__record *record);

#endif
