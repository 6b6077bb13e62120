/*
 * The options of a party: checking and copying them.
 */
#ifndef ECHO_PARTY_OPTIONS_H
#define ECHO_PARTY_OPTIONS_H

#include <echo/party.h>

/* Checks that nothing required is missing, and the versions of the options and of the tables in them. ECHO_ERR_VERSION,
 * ECHO_ERR_INVALID. */
echo_status echo__options_check(const echo_party_options *options, echo_error *err) ECHO_MUST_USE;
/*
 * Copies options that were checked. The copy's clock is never NULL; the policy is copied to *policy, and the copy's
 * policy is NULL.
 */
void echo__options_take(echo_party_options *out, echo_snapshot_policy *policy, const echo_party_options *options);

#endif
