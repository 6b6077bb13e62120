/*
 * Hooks of echo_store_ops that read.
 */
#ifndef ECHO_STORE_SQLITE_READ_H
#define ECHO_STORE_SQLITE_READ_H

#include "store/sqlite_state.h"

uint32_t echo__sqlite_capabilities(void *ctx);
echo_status echo__sqlite_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_get_many(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                                  echo_error *err);
echo_status echo__sqlite_has(bool *out, void *ctx, const echo_hash *name, echo_error *err);
echo_status echo__sqlite_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
echo_status echo__sqlite_usage(uint64_t *bytes, void *ctx, echo_error *err);

#endif
