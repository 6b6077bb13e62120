#include "snapshot/verify.h"

#include "echo/snapshot.h"
#include "snapshot/author.h"
#include "snapshot/stored.h"
#include "tree/verify.h"

echo_status echo__verify_manifest(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) {
    echo_status status = echo__tree_verify(chunks, &manifest->items, NULL, err);
    if (status == ECHO_OK) status = echo__tree_verify(chunks, &manifest->credentials, NULL, err);
    return status == ECHO_OK ? echo__author_check_credentials(manifest, chunks, err) : status;
}

echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_status status = echo__stored_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    status = echo__verify_manifest(&manifest, chunks, err);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}
