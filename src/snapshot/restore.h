/*
 * Opening a second party while the first is open.
 */
#ifndef ECHO_SNAPSHOT_RESTORE_H
#define ECHO_SNAPSHOT_RESTORE_H

#include "snapshot/stored.h"

/*
 * Opens another party over the same feeds and with the same options, from the newest good one of these snapshots. If
 * none is good it fails, and does not replay. The party borrows feeds and store, and its snapshots are not driven
 * between messages yet (echo__drive_attach). The list must not be empty.
 */
echo_status echo__restore_beside(echo_party **out, const echo_party *old, const echo_store *store,
                                 const echo__stored_manifests *newer, echo_error *err) ECHO_MUST_USE;

#endif
