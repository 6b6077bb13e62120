/*
 * Checking a whole snapshot.
 */
#ifndef ECHO_SNAPSHOT_VERIFY_H
#define ECHO_SNAPSHOT_VERIFY_H

#include "snapshot/manifest.h"

/* Reads everything that a manifest needs and checks it; echo_snapshot_verify() returns what this does. */
echo_status echo__verify_manifest(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) ECHO_MUST_USE;

#endif
