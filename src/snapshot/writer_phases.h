/*
 * The phases of a writer, in steps that are bounded except for the store's own calls.
 */
#ifndef ECHO_SNAPSHOT_WRITER_PHASES_H
#define ECHO_SNAPSHOT_WRITER_PHASES_H

#include "snapshot/writer_job.h"

/* Does one step, on the thread that runs the writer. false: nothing can be done before the party's side does something.
 */
bool echo__writer_phases_step(echo__writer *writer);

#endif
