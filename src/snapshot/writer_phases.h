/*
 * The phases of a writer, in steps that are bounded except for the store's own calls.
 */
#ifndef ECHO_SNAPSHOT_WRITER_PHASES_H
#define ECHO_SNAPSHOT_WRITER_PHASES_H

#include "snapshot/writer_job.h"

/* Does one step, on the writer's thread or the party's. false: the party's side must do something first. */
bool echo__writer_phases_step(echo__writer *writer);

#endif
