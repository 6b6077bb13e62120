/*
 * One message to one item, all or nothing.
 *
 * What the messages of an item say about its genesis, parent and deletion is the same in whatever order they come:
 * the lowest stamp counts for the genesis, the highest for the others.
 */
#ifndef ECHO_PARTY_APPLY_H
#define ECHO_PARTY_APPLY_H

#include "echo/sys/codec.h"
#include "party/items.h"

/*
 * Applies an item message. Messages that break a limit or that the model refuses are passed over: ECHO_OK, counted and
 * reported (echo__items_refuse). Any other error means "not now", and nothing has changed. *model: the one whose item
 * took the message, or NULL.
 */
echo_status echo__apply_message(const echo__model **model, echo__items *items, const echo__stamp *stamp,
                                const echo_message *message, echo_error *err) ECHO_MUST_USE;

#endif
