/*
 * Checking that the author of a manifest is a member of the party. Callers know the members in different ways, so they
 * pass a function that decides.
 */
#ifndef ECHO_SNAPSHOT_AUTHOR_H
#define ECHO_SNAPSHOT_AUTHOR_H

#include "snapshot/manifest.h"

typedef bool (*echo__author_fn)(const void *arg, const echo_key *key);
/* ECHO_ERR_SIGNATURE: the manifest is signed, and is_member returned false for its author. */
echo_status echo__author_check(const echo__manifest *manifest, echo__author_fn is_member, const void *arg,
                               echo_error *err) ECHO_MUST_USE;
/*
 * The same, where the members are those that the snapshot's own credentials admit or trust. If no genesis is among the
 * credentials, only the host knows the members, and nothing is checked.
 */
echo_status echo__author_check_credentials(const echo__manifest *manifest, echo__chunks *chunks,
                                           echo_error *err) ECHO_MUST_USE;

#endif
