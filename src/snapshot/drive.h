/*
 * Driving snapshots: between messages, in polls, and to the end in calls that wait. Only drive.c decides when a
 * snapshot begins and how many pieces of it are done in a step; take.c does the pieces.
 */
#ifndef ECHO_SNAPSHOT_DRIVE_H
#define ECHO_SNAPSHOT_DRIVE_H

#include "snapshot/take.h"

/* Makes the party's taker, if the party has a store and may write to it. */
echo_status echo__drive_new(echo_party *party, echo_error *err) ECHO_MUST_USE;
/* To be called when the party is complete: from then on its snapshots are driven between messages. */
void echo__drive_attach(echo_party *party);

/* Begins a snapshot unless one is being captured or written, and drives it to its end. */
echo_status echo__drive_run(echo__taker *taker, echo_snapshot_reason reason, echo_error *err) ECHO_MUST_USE;

/* Ends the running snapshot, as echo_party_snapshot_cancel() does, and the removal of old snapshots and garbage after
 * it. The taker is idle afterwards. */
void echo__drive_quit(echo_party *party);

#endif
