/*
 * Decoding a restored state.
 */
#ifndef ECHO_MODEL_OBJECT_THAW_H
#define ECHO_MODEL_OBJECT_THAW_H

#include <echo/base.h>

/*
 * A restored state is decoded when a mutation first needs it; this does it at once. ECHO_ERR_CORRUPT when the stored
 * state is malformed: it is kept as it is then, and mutations are refused with the same code.
 */
echo_status echo__object_thaw(void *state, echo_error *err) ECHO_MUST_USE;

#endif
