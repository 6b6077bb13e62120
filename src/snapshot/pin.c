/*
 * Pins: marks in the store on snapshots that may not be removed.
 */
#include "echo/snapshot.h"
#include "snapshot/stored.h"
#include "store/store.h"

echo_status echo_snapshot_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                              echo_error *err) {
    echo_status status = echo__stored_check(store, party, err);
    return status == ECHO_OK ? echo__store_pin(store, party, number, pinned, err) : status;
}
