/*
 * The tree of credentials: a record for each, whose id gives canonical order, and whose payload is its bytes.
 */
#ifndef ECHO_SNAPSHOT_CREDENTIALS_H
#define ECHO_SNAPSHOT_CREDENTIALS_H

#include "party/party.h"

typedef echo_status (*echo__credential_fn)(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err);
/* Those under a root, in canonical order. */
echo_status echo__credentials_each(echo__chunks *chunks, const echo__root *root, echo__credential_fn fn, void *arg,
                                   echo_error *err) ECHO_MUST_USE;
/* Adds new credentials to the tree under *root; puts the list in order. */
echo_status echo__credentials_write(echo__root *root, echo__chunks *chunks, echo__credential *list, size_t n,
                                    echo_error *err) ECHO_MUST_USE;

#endif
