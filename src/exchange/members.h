/*
 * Who is a member of the party, as far as that is known locally.
 */
#ifndef ECHO_EXCHANGE_MEMBERS_H
#define ECHO_EXCHANGE_MEMBERS_H

#include "exchange/state.h"

/*
 * Whether a key is a member. *known false: nothing is known yet that could deny it. A snapshot's credentials can only
 * confirm a member: others may have been admitted after it, or were left out by who made it. Only an open party, or a
 * list of members that the host gave, can deny one.
 */
bool echo__members_has(const echo_exchange *x, const echo_key *key, bool *known);
/* Drops connected peers that turned out not to be members. */
void echo__members_judge(echo_exchange *x);
/*
 * The target's credentials have arrived: those they admit are members from now on, and peers are judged. DONE, FAILED,
 * BAD: they cannot be read, do not begin with the party's genesis, or there are none and nothing else says who is a
 * member.
 */
echo__outcome echo__members_admit(echo_exchange *x, echo_error *why) ECHO_MUST_USE;

#endif
