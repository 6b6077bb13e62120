/*
 * Pins: marks in the store on snapshots that nobody may remove.
 */
#include "base/error.h"
#include "echo/snapshot.h"
#include "store/store.h"

echo_status echo_snapshot_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                              echo_error *err) {
    echo_status status = echo__store_check(store, err);
    if (status != ECHO_OK) return status;
    if (party == NULL) return echo__error(err, ECHO_ERR_INVALID, "no party was given");
    return echo__store_pin(store, party, number, pinned, err);
}
