/*
 * Which parties a folder holds.
 */
#ifndef ECHO_PARTY_FIND_H
#define ECHO_PARTY_FIND_H

#include "echo/party.h"
#include "feed/credentials_message.h"

/* The feeds of a party's folder, dir/feeds. */
echo_status echo__feeds_of_folder(echo_feeds *out, const char *dir, const echo_feeds_dir_options *how,
                                  echo_error *err) ECHO_MUST_USE;
/* The store of a party's folder, dir/snapshots.db. *out has no table on failure. */
echo_status echo__store_of_folder(echo_store *out, const char *dir, const echo_store_sqlite_options *how,
                                  echo_error *err) ECHO_MUST_USE;
/*
 * The party that the options name, or else the only party of items in the feeds and the store. A store without a table
 * (ops NULL) stands for no store. verifier (may be NULL) remembers the signatures that were verified. Feeds that
 * `covered` (may be NULL) has are not looked at: they are known to be of a party that the store has.
 */
echo_status echo__party_find(echo_key *out, const echo_feeds *feeds, const echo_store *store,
                             const echo_party_options *options, echo__verifier *verifier, const echo_timeframe *covered,
                             echo_error *err) ECHO_MUST_USE;
/* The store's party, if it has exactly one. */
bool echo__party_of_store(echo_key *out, const echo_store *store);

#endif
