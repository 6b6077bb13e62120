/* Opens the store and the party of a folder. */
#ifndef ECHO_CLI_FOLDER_H
#define ECHO_CLI_FOLDER_H

#include "cli/cmd.h"

/* The folder's snapshots.db, which is never created. ECHO_ERR_NOT_FOUND when it does not exist. */
echo_status echo_cli_open_store(echo_store *out, const echo_cli *cli, bool read_only, echo_error *err) ECHO_MUST_USE;
/* The folder's feeds, read-only. ECHO_ERR_NOT_FOUND when it has none. */
echo_status echo_cli_open_feeds(echo_feeds *out, const echo_cli *cli, echo_error *err) ECHO_MUST_USE;
/* The store for writing; its first put makes the file. The folder must exist. */
echo_status echo_cli_make_store(echo_store *out, const echo_cli *cli, echo_error *err) ECHO_MUST_USE;
/* Options for opening the party read-only, as the arguments ask. Makes the registry. */
echo_status echo_cli_party_options(echo_party_options *out, echo_cli *cli, echo_error *err) ECHO_MUST_USE;
/* Opens the party, and removes the progress line afterwards. */
echo_status echo_cli_restore_party(echo_party **out, echo_cli *cli, const echo_party_options *options,
                                   echo_error *err) ECHO_MUST_USE;
/* Prints a note about each damage found at opening. */
void echo_cli_note_damage(echo_cli *cli, const echo_party *party);

#endif
