/*
 * A store that two threads may call: they take turns. For stores that cannot be opened twice.
 */
#ifndef ECHO_STORE_SHARED_H
#define ECHO_STORE_SHARED_H

#include "store/store.h"

/* *out stands for the inner store; closing it leaves that alone. ECHO_ERR_NOMEM. */
echo_status echo__store_share(echo_store *out, const echo_store *inner, echo_error *err) ECHO_MUST_USE;
const echo_store *echo__store_shared_inner(const echo_store *shared);

#endif
