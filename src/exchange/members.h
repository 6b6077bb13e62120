/*
 * Who is a member of the party, as far as that is known locally.
 */
#ifndef ECHO_EXCHANGE_MEMBERS_H
#define ECHO_EXCHANGE_MEMBERS_H

#include "exchange/state.h"

/*
 * Whether a key is a member. *known false: that cannot be decided yet. A snapshot's credentials can only confirm a
 * member: others may have been admitted after the snapshot, or its author left them out. Only an open party, or a list
 * of members that the host gave, can show that a key is not a member.
 */
bool echo__members_has(const echo_exchange *x, const echo_key *key, bool *known);
/* Drops connected peers that turned out not to be members. */
void echo__members_judge(echo_exchange *x);
/*
 * To be called when the target's credentials have arrived: those they admit are members from now on, and peers are
 * judged. DONE, FAILED. BAD: the credentials cannot be read, do not begin with the party's genesis, or do not exist and
 * the members are not known otherwise.
 */
echo__outcome echo__members_admit(echo_exchange *x, echo_error *why) ECHO_MUST_USE;
/* Reads the credentials among blocks that arrived: they may admit feeds whose blocks are wanted too. ECHO_ERR_NOMEM:
 * one could not be read, so that it is not known who is admitted, until the credentials of a snapshot are read again.
 */
echo_status echo__members_admit_blocks(echo_exchange *x, const echo_key *feed, uint64_t from, const echo_bytes *blocks,
                                       size_t n, echo_error *err) ECHO_MUST_USE;

#endif
