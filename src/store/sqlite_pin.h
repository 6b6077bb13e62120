/*
 * Pins of manifests.
 */
#ifndef ECHO_STORE_SQLITE_PIN_H
#define ECHO_STORE_SQLITE_PIN_H

#include "store/sqlite_state.h"

/* Whether a manifest is pinned, of a handle that is ready. Inside a transaction it stays so until the end of that. */
echo_status echo__sqlite_is_pinned(bool *out, echo__sqlite *s, const echo_key *party, uint64_t number,
                                   echo_error *err) ECHO_MUST_USE;

/* Hooks of echo_store_ops. */
echo_status echo__sqlite_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);
echo_status echo__sqlite_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);

#endif
