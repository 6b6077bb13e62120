/*
 * Rebuilding items from the feeds: those of stale models, and those whose state is foreign, because a genesis arrived
 * late that has a lower stamp and names another model or type. It is one pass over the messages that are covered when
 * it begins, in steps, while the party is in use. Only the wanted items are folded, into separate sets of items. At the
 * end each rebuilt state replaces the bytes in the party's item, and the mutations that arrived meanwhile are applied
 * on top. When a block is missing, the items stay bytes.
 *
 * Knows items and feeds but no party: it returns an outcome, and the party acts on it.
 */
#ifndef ECHO_PARTY_REBUILD_H
#define ECHO_PARTY_REBUILD_H

#include "feed/merge.h"
#include "party/items.h"

typedef struct echo__rebuild echo__rebuild;

typedef enum echo__rebuild_outcome {
    ECHO__REBUILD_MORE,   /* call again */
    ECHO__REBUILD_DONE,   /* all items are rebuilt */
    ECHO__REBUILD_MISSING /* blocks are missing: the items stay bytes */
} echo__rebuild_outcome;

/*
 * Starts the pass over what `covered`, the party's clock, covers. It takes over items->foreign; with `root`, it also
 * finds the items in the root whose state is foreign or of a version that their model does not read. `covered` is
 * copied; the other arguments are borrowed until echo__rebuild_free(). On error items->foreign has what it had.
 */
echo_status echo__rebuild_new(echo__rebuild **out, echo__items *items, bool root, const echo_feeds *feeds,
                              const echo_codec *codec, const echo_timeframe *covered, echo_error *err) ECHO_MUST_USE;
/*
 * Applies up to max messages of the pass, or installs up to max items (0: to the end). It can be called again after an
 * error. With ECHO__REBUILD_MISSING, *missing is filled.
 */
echo_status echo__rebuild_step(echo__rebuild_outcome *out, echo_error *missing, echo__rebuild *rebuild, uint64_t max,
                               echo_error *err) ECHO_MUST_USE;
void echo__rebuild_free(echo__rebuild *rebuild);
/* The number of items to rebuild; 0 for NULL. */
uint64_t echo__rebuild_items(const echo__rebuild *rebuild);

#endif
