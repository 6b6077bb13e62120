/*
 * One message to one item, all or nothing.
 *
 * An item's genesis, parent and deletion do not depend on the order in which its messages arrive: the genesis with the
 * lowest stamp counts, and the parent and the deletion with the highest.
 */
#ifndef ECHO_PARTY_APPLY_H
#define ECHO_PARTY_APPLY_H

#include "echo/sys/codec.h"
#include "party/items.h"

/*
 * Applies an item message. A message that breaks a limit or that the model refuses is skipped, counted and reported
 * (echo__items_refuse), and ECHO_OK is returned. After any other code nothing has changed, and the call can be
 * repeated. *model: the model of the item that accepted the message, or NULL.
 */
echo_status echo__apply_message(const echo__model **model, echo__items *items, const echo__stamp *stamp,
                                const echo_message *message, echo_error *err) ECHO_MUST_USE;

#endif
