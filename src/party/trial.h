/*
 * Whether the models would refuse mutations that are about to be written. A model is asked by its `check` hook, or by
 * applying the mutation to a copy of the item's state. The items do not change.
 */
#ifndef ECHO_PARTY_TRIAL_H
#define ECHO_PARTY_TRIAL_H

#include "party/items.h"

typedef struct echo__trials {
    echo__items *items;
    echo__map by_id; /* what was made for an item, by id */
} echo__trials;
void echo__trials_init(echo__trials *trials, echo__items *items);
void echo__trials_free(echo__trials *trials);
/*
 * The writes of one batch, in their order; their texts are borrowed until the trials are freed. stamp: what the message
 * will have. ECHO_OK also when nobody here can tell, because the item has no state. Otherwise the code and message of
 * the model, or an error of loading the item.
 */
echo_status echo__trials_write(echo__trials *trials, const echo_write *w, const echo__stamp *stamp,
                               echo_error *err) ECHO_MUST_USE;

#endif
