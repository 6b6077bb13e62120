/*
 * Driving snapshots: between messages, in polls, and to their end by calls that wait. drive.c alone decides when a
 * snapshot is begun and how many pieces of it are taken; take.c takes them.
 */
#ifndef ECHO_SNAPSHOT_DRIVE_H
#define ECHO_SNAPSHOT_DRIVE_H

#include "snapshot/take.h"

/* Makes the party's taker, where it has a store and may write. */
echo_status echo__drive_new(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* The party is complete: from now on it is driven between messages. */
void echo__drive_attach(echo_party *party);

/* Begins one unless one is being captured or written, and drives it to its end. */
echo_status echo__drive_run(echo__taker *taker, echo_snapshot_reason reason, echo_error *err) ECHO_MUST_USE;

/* Ends the snapshot that is running, as echo_party_snapshot_cancel() does, and what comes after it: the taker is idle
 * then. */
void echo__drive_quit(echo_party *party);

#endif
