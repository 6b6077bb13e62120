/*
 * Items of stale models, made again from the feeds: one pass over the messages that the snapshot covers, in steps,
 * while the rest of the party is open. Only the wanted items are folded, into a set of items of their own; at the end
 * each takes the place of the bytes in the party's items, and the mutations that arrived meanwhile are applied on top.
 * When a block is missing the items stay bytes.
 *
 * Knows items and feeds, no party: it returns how far it is, and the party does what follows from that.
 */
#ifndef ECHO_PARTY_REBUILD_H
#define ECHO_PARTY_REBUILD_H

#include "feed/merge.h"
#include "party/items.h"

typedef struct echo__rebuild echo__rebuild;

typedef enum echo__rebuild_outcome {
    ECHO__REBUILD_MORE,   /* there is more to do */
    ECHO__REBUILD_DONE,   /* all items are rebuilt */
    ECHO__REBUILD_MISSING /* blocks are missing: the items stay bytes */
} echo__rebuild_outcome;

/*
 * Finds the items in the root whose model and stored version the registry does not read, and starts the pass over what
 * `covered` covers, which is copied. The others are borrowed until echo__rebuild_free().
 */
echo_status echo__rebuild_new(echo__rebuild **out, echo__items *items, const echo_feeds *feeds, const echo_codec *codec,
                              const echo_timeframe *covered, echo_error *err) ECHO_MUST_USE;
/*
 * Applies up to max messages of the pass, or installs up to max items (0: to the end). After an error it can be called
 * again. *missing is filled with ECHO__REBUILD_MISSING.
 */
echo_status echo__rebuild_step(echo__rebuild_outcome *out, echo_error *missing, echo__rebuild *rebuild, uint64_t max,
                               echo_error *err) ECHO_MUST_USE;
void echo__rebuild_free(echo__rebuild *rebuild);
/* The number of items to rebuild; 0 for NULL. */
uint64_t echo__rebuild_items(const echo__rebuild *rebuild);

#endif
