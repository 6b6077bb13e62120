/*
 * Moving an open party to a newer snapshot.
 */
#ifndef ECHO_SNAPSHOT_SWITCH_H
#define ECHO_SNAPSHOT_SWITCH_H

#include <echo/snapshot.h>

/*
 * echo_party_switch() to snapshots of another store, or of the party's own (store NULL). The other store is borrowed,
 * and the party uses it from then on. The store that the party opened itself stays open; the party uses it again when
 * it is switched back to it.
 */
echo_status echo__switch_to(echo_party **party, const echo_store *store, echo_change_fn fn, void *arg,
                            echo_error *err) ECHO_MUST_USE;

#endif
