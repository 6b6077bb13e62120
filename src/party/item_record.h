/*
 * Writing items to records, and reading them back. Knows one item, its record's line and the chunks of that, and no set
 * of items.
 */
#ifndef ECHO_PARTY_ITEM_RECORD_H
#define ECHO_PARTY_ITEM_RECORD_H

#include "party/item.h"
#include "tree/tree.h"

/* What an item's record is loaded with. */
typedef struct echo__item_source {
    echo__chunks *chunks;
    const echo_registry *registry; /* says which items get room for their state; NULL: none */
    echo__names *names;            /* for what items share; they may not outlive it. NULL: nothing is shared */
} echo__item_source;
/*
 * The item of a record's line, folded, without a state. Its weight is the size of its block. ECHO_ERR_CORRUPT also when
 * a chunk that the line names is missing.
 */
echo_status echo__item_load(echo_item **out, const echo__item_source *from, echo__line line,
                            echo_error *err) ECHO_MUST_USE;
/* The same of a credential's record: id and stored bytes alone. */
echo_status echo__credential_load(echo_item **out, echo__chunks *chunks, echo__line line,
                                  echo_error *err) ECHO_MUST_USE;

/* Receives the chunks that a record names. */
typedef struct echo__sink {
    echo_status (*put)(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err);
    void *arg;
} echo__sink;
echo__sink echo__chunks_sink(echo__chunks *chunks);
/* Appends a record's line. A payload that would make the line too long is put into a blob, which the record then names.
 */
echo_status echo__record_put(echo__buf *out, echo__record *record, const echo__sink *sink,
                             echo_error *err) ECHO_MUST_USE;
/* Appends the item's line; long payloads and log segments go to the sink. *version is the one the record states. */
echo_status echo__item_record(echo__buf *out, echo_item *item, const echo__sink *sink, uint32_t *version,
                              echo_error *err) ECHO_MUST_USE;
/* Appends the state that the record holds: made by the model, or the stored bytes. *raw: they are base64. */
echo_status echo__item_put_record_state(echo__buf *out, bool *raw, uint32_t *version, const echo_item *item,
                                        echo_error *err) ECHO_MUST_USE;
/* Appends the same line and leaves the item unchanged. The chunks that the line names are hashed but not stored. */
echo_status echo__item_line(echo__buf *out, echo_item *item, echo_error *err) ECHO_MUST_USE;

/*
 * The state of an unfolded item, whose model has hooks, becomes stored bytes again. ECHO_ERR_NOMEM: nothing has
 * changed. Any other error is the hook's: the bytes are an empty state then, and *problem has the reason.
 */
echo_status echo__item_set_aside(echo_item *item, echo_error *problem) ECHO_MUST_USE;

#endif
