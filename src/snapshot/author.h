/*
 * Who signed a manifest must be a member of the party. Who is a member is known to different callers in different ways,
 * so that this is asked through a function.
 */
#ifndef ECHO_SNAPSHOT_AUTHOR_H
#define ECHO_SNAPSHOT_AUTHOR_H

#include "snapshot/manifest.h"

typedef bool (*echo__author_fn)(const void *arg, const echo_key *key);
/* ECHO_ERR_SIGNATURE when the manifest is signed and is_member says false of its author. */
echo_status echo__author_check(const echo__manifest *manifest, echo__author_fn is_member, const void *arg,
                               echo_error *err) ECHO_MUST_USE;
/*
 * The same, where members are those that the snapshot's own credentials admit or trust. Without a genesis among them
 * the host decides who is a member, which cannot be known here: nothing is checked then.
 */
echo_status echo__author_check_credentials(const echo__manifest *manifest, echo__chunks *chunks,
                                           echo_error *err) ECHO_MUST_USE;

#endif
