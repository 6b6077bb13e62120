/*
 * Opening a party beside one that is open.
 */
#ifndef ECHO_SNAPSHOT_RESTORE_H
#define ECHO_SNAPSHOT_RESTORE_H

#include "snapshot/stored.h"

/*
 * Another party over the same feeds and with the same options, from the newest of these snapshots that is good; no
 * replay when none is. It borrows feeds and store, and is not driven between messages yet (echo__drive_attach). The
 * list is not empty.
 */
echo_status echo__restore_beside(echo_party **out, const echo_party *old, const echo_store *store,
                                 const echo__stored_manifests *newer, echo_error *err) ECHO_MUST_USE;

#endif
