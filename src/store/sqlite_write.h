/*
 * Hooks of echo_store_ops that write.
 */
#ifndef ECHO_STORE_SQLITE_WRITE_H
#define ECHO_STORE_SQLITE_WRITE_H

#include "store/sqlite_state.h"

uint64_t echo__sqlite_stored(void *ctx);
echo_status echo__sqlite_put(size_t *written, void *ctx, const echo_hash *names, const echo_bytes *chunks, size_t n,
                             echo_error *err);
echo_status echo__sqlite_publish(void *ctx, const echo_key *party, uint64_t expected, echo_bytes manifest,
                                 echo_error *err);
echo_status echo__sqlite_publish_as(void *ctx, const echo_key *party, uint64_t expected, uint64_t number,
                                    echo_bytes manifest, echo_error *err);
echo_status echo__sqlite_flush(void *ctx, echo_error *err);
echo_status echo__sqlite_rollback(void *ctx, echo_error *err);
echo_status echo__sqlite_remove(void *ctx, const echo_key *party, uint64_t number, echo_error *err);
echo_status echo__sqlite_remove_chunks(void *ctx, const echo_hash *names, size_t n, echo_error *err);

#endif
