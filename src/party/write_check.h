/*
 * What a host may write: everything that can be refused is refused before anything is appended.
 */
#ifndef ECHO_PARTY_WRITE_CHECK_H
#define ECHO_PARTY_WRITE_CHECK_H

#include "party/party.h"

/* The party has an own feed. err->item names the item concerned. */
echo_status echo__write_check(echo_party *party, const echo_write *writes, size_t n, echo_error *err) ECHO_MUST_USE;

#endif
