/*
 * Hooks of echo_store_ops that write.
 */
#ifndef ECHO_STORE_MEMORY_WRITE_H
#define ECHO_STORE_MEMORY_WRITE_H

#include "store/memory_core.h"

echo_status echo__memstore_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                               echo_error *err);
echo_status echo__memstore_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes bytes,
                                   echo_error *err);
echo_status echo__memstore_publish_as(void *ctx, const echo_key *party, uint64_t expected, uint64_t number,
                                      echo_bytes bytes, echo_error *err);
echo_status echo__memstore_flush(void *ctx, echo_error *err);
echo_status echo__memstore_rollback(void *ctx, echo_error *err);
echo_status echo__memstore_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
echo_status echo__memstore_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err);
echo_status echo__memstore_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err);

#endif
