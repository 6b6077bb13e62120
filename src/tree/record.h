/*
 * Records: one item, one line of canonical JSON (docs/FORMAT.md, "Records"). Reading a record never parses the state.
 *
 *   {"id":"...","type":"...","model":"...","version":1,"parent":"...","source":"...","target":"...","deleted":true,"at":{...},"of":[...],PAYLOAD}
 *   {"id":"...","kind":0,"parent":"...","source":"...","target":"...","deleted":true,"at":{...},"of":[...],PAYLOAD}
 *
 * The first form stands alone. The second is the one within a leaf, whose header (leaf_head.h) has the type, model and
 * version as a kind, and the feeds of the stamps. Keys come in this order, absent ones left out. PAYLOAD is any of, in
 * this order: "state":VALUE, "bytes":"<base64>", "log":{...}, or "blob":"<hash>" alone in place of all of them when the
 * line (without its newline) would pass 4 KiB: the chunk of that hash then holds the payload as a canonical JSON
 * object, {"state":VALUE,...}. Which of the two is no choice of the writer: the tree's verification refuses a blob for
 * what fits and a payload that does not fit.
 */
#ifndef ECHO_TREE_RECORD_H
#define ECHO_TREE_RECORD_H

#include "base/buf.h"
#include "base/stamp.h"
#include "tree/leaf_head.h"

#define ECHO__ID_MAX 1024u          /* bytes of an item id */
#define ECHO__RECORD_LINE_MAX 4096u /* longer payloads go to a blob */

typedef struct echo__record {
    echo_bytes id;                                  /* unescaped; data NULL never occurs */
    echo_bytes type, model, parent, source, target; /* unescaped; data NULL when absent */
    uint32_t version;                               /* 0 when absent */
    bool deleted;
    bool has_genesis, has_parent_at, has_deleted_at;
    echo__stamp genesis, parent_at, deleted_at;
    /* What the state was made for, if it is foreign: made for another genesis than the record's. of_model.data NULL: it
     * is not; of_type.data NULL: for no type. */
    echo_bytes of_type, of_model;
    const echo__shared *shared; /* what the line shared that was read; NULL: it stood alone */
    echo_bytes feeds; /* the list that the state begins with, without brackets, as in the line; data NULL: none */
    echo_bytes state; /* the JSON text of "state", as in the line: within a leaf without its feeds; data NULL: absent */
    echo_bytes bytes; /* the base64 text of "bytes", without quotes */
    echo_bytes log;   /* the JSON text of "log" */
    bool has_blob;
    echo_hash blob;
} echo__record;

static inline echo__kind echo__record_kind(const echo__record *record) {
    echo__kind kind = {record->type, record->model, record->version};
    return kind;
}
static inline bool echo__record_has_kind(const echo__record *record) {
    return record->type.data != NULL || record->model.data != NULL || record->version != 0;
}

/* The highest version of a state. */
#define ECHO__VERSION_MAX (UINT32_MAX - 1)
/* The version that foreign states are counted under, whatever their own is. */
#define ECHO__VERSION_FOREIGN UINT32_MAX
static inline uint32_t echo__record_counted(const echo__record *record) {
    return record->of_model.data != NULL ? ECHO__VERSION_FOREIGN : record->version;
}

/*
 * Reads a line. Views point into the line and what it shares, or into `scratch` where a text had escapes; scratch is
 * cleared first, so one scratch serves one record at a time. Anything but the exact canonical shape is
 * ECHO_ERR_CORRUPT; the texts of state, bytes and log are delimited, not checked further. *out is written on success
 * only.
 */
echo_status echo__record_read(echo__record *out, echo__line line, echo__buf *scratch, echo_error *err) ECHO_MUST_USE;
/* The same for a reader that checks states itself: a state that nothing follows is taken to go on to the end of the
 * record, without looking for its own. */
echo_status echo__record_read_quick(echo__record *out, echo__line line, echo__buf *scratch,
                                    echo_error *err) ECHO_MUST_USE;
/*
 * Reads a line up to its payload, with the feeds that the state begins with. *rest is what follows, which is not looked
 * into: it is the same in both forms. The
 * scratch is not cleared; if it has room for the line, no view moves, so that one scratch can serve many lines.
 */
echo_status echo__record_read_head(echo__record *out, echo_bytes *rest, echo__line line, echo__buf *scratch,
                                   echo_error *err) ECHO_MUST_USE;
/* Takes the next feed off a record's feeds: *rest is what is left of them. false at the end. */
bool echo__record_feed(echo_key *out, const echo__record *record, echo_bytes *rest);
/* Only the id, which both forms begin with. */
echo_status echo__record_read_id(echo_bytes *id, echo_bytes line, echo__buf *scratch, echo_error *err) ECHO_MUST_USE;
/* Reads a payload object as found in a blob, into the state, bytes and log of *out. */
echo_status echo__record_read_payload(echo__record *out, echo_bytes text, echo_error *err) ECHO_MUST_USE;
typedef echo_status (*echo__sealed_fn)(void *arg, const echo_hash *name);
/* Calls fn with each segment named under "sealed" in the text of a log. A code of fn ends it and is returned;
 * ECHO_ERR_CORRUPT. */
echo_status echo__record_sealed(echo_bytes log, echo__sealed_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

#endif
