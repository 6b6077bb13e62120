/*
 * States that are kept as their stored text until they are changed.
 */
#ifndef ECHO_MODEL_OBJECT_FROZEN_H
#define ECHO_MODEL_OBJECT_FROZEN_H

#include "model/object_state.h"

/*
 * Makes a stored text the state, without building values: of a state that create() just made, or of one that is frozen
 * already, which forgets its text. The text is borrowed for as long as echo__object_borrows() is true.
 *
 * Checks that the text is canonical JSON, has the members of a stored state, and that its properties are in view form
 * (object_view.h). The rest is checked when the state is thawed. ECHO_ERR_VERSION, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT;
 * ECHO_ERR_INVALID when the state is neither fresh nor frozen. The state is unchanged then. Takes no memory.
 */
echo_status echo__object_freeze(void *state, uint32_t stored, echo_bytes text, echo_error *err) ECHO_MUST_USE;
/* Whether the state reads a text that it does not own. */
bool echo__object_borrows(const void *state);
/* Forgets the text of a frozen state, which is live and empty then. */
void echo__object_melt(echo__object *object);

/* The hook `restore`: the same from a JSON value, whose text the state then owns. */
echo_status echo__object_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err);

#endif
