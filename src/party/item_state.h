/*
 * An item's state, which its model makes from the stored bytes of the record or from the mutations in the log. The
 * state of a model without hooks is always the fold of its log in stamp order. A model with hooks accepts mutations in
 * the order they arrive, and its log holds only mutations that are not in the state. Knows one item and no set of
 * items, and calls only the model.
 */
#ifndef ECHO_PARTY_ITEM_STATE_H
#define ECHO_PARTY_ITEM_STATE_H

#include "party/item.h"

/* Whether the model can read what the item's record stores: its version, and JSON or raw bytes. */
bool echo__item_reads(const echo_item *item, const echo__model *model);
/*
 * Makes the state of an item that has none; the model must be able to read what the item stores. *differs: the item's
 * record would now be written differently. On failure the item is unchanged.
 */
echo_status echo__item_hydrate(bool *differs, echo_item *item, const echo__model *model, echo_error *err) ECHO_MUST_USE;
/* Makes a state from what the item stores and its log, and leaves the item as it is. The caller destroys it. */
echo_status echo__item_make_state(void **out, const echo_item *item, const echo__model *model,
                                  echo_error *err) ECHO_MUST_USE;
/*
 * Applies a mutation to the state of an unfolded item, or adds it to the log. *refused: the model refused it. It is in
 * the log then, and err has the reason although the call succeeded.
 */
echo_status echo__item_mutate(echo_item *item, const echo__stamp *stamp, echo_bytes bytes, bool *refused,
                              echo_error *err) ECHO_MUST_USE;
/* Whether this code of a model refuses the mutation. Other codes mean that it could not be applied now. */
bool echo__status_refuses(echo_status status);

#endif
