/*
 * The tree of credentials: one record for each. The record's id gives the canonical order, and its payload is the bytes
 * of the credential.
 */
#ifndef ECHO_SNAPSHOT_CREDENTIALS_H
#define ECHO_SNAPSHOT_CREDENTIALS_H

#include "party/party.h"

typedef echo_status (*echo__credential_fn)(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err);
/* Calls fn for each credential under a root, in canonical order. */
echo_status echo__credentials_each(echo__chunks *chunks, const echo__root *root, echo__credential_fn fn, void *arg,
                                   echo_error *err) ECHO_MUST_USE;
/* Adds new credentials to the tree under *root; sorts the list. */
echo_status echo__credentials_write(echo__root *root, echo__chunks *chunks, echo__credential *list, size_t n,
                                    echo_error *err) ECHO_MUST_USE;

#endif
