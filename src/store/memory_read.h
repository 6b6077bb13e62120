/*
 * Hooks of echo_store_ops that read.
 */
#ifndef ECHO_STORE_MEMORY_READ_H
#define ECHO_STORE_MEMORY_READ_H

#include "store/memory_core.h"

uint32_t echo__memstore_capabilities(void *ctx);
echo_status echo__memstore_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err);
echo_status echo__memstore_get_many(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                                    echo_error *err);
echo_status echo__memstore_has(bool *out, void *ctx, const echo_hash *name, echo_error *err);
echo_status echo__memstore_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err);
echo_status echo__memstore_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__memstore_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err);
echo_status echo__memstore_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err);
echo_status echo__memstore_usage(uint64_t *bytes, void *ctx, echo_error *err);
echo_status echo__memstore_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err);

#endif
