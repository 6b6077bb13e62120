/*
 * An item's state: its model makes it, from what the record stores or from the mutations in the log. A model without
 * hooks always has the fold of its log in stamp order; a model with hooks takes mutations as they come, and its log
 * holds only what is not in the state. Knows one item, no set of them, and calls nobody but the model.
 */
#ifndef ECHO_PARTY_ITEM_STATE_H
#define ECHO_PARTY_ITEM_STATE_H

#include "party/item.h"

/* Whether the model reads the version and flavour that the item's record stores. */
bool echo__item_reads(const echo_item *item, const echo__model *model);
/*
 * Makes the state of an item that has none, by a model that reads what it stores. *differs: its record would now be
 * written otherwise. On failure the item is unchanged.
 */
echo_status echo__item_hydrate(bool *differs, echo_item *item, const echo__model *model, echo_error *err) ECHO_MUST_USE;
/*
 * Puts a mutation into the state, or into the log. *refused is set when the model refused it; it is in the log then,
 * and err says why although the call succeeded.
 */
echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused,
                              echo_error *err) ECHO_MUST_USE;
/* Whether a model that returns this refuses the mutation; other codes mean that it could not be applied now. */
bool echo__status_refuses(echo_status status);

#endif
