/* Prints items before the join is complete. */
#ifndef ECHO_CLI_JOIN_ITEMS_H
#define ECHO_CLI_JOIN_ITEMS_H

#include "cli/join_state.h"

/* Prints those of the requested items that can be read by now. */
void echo_cli_join_items(echo_cli_join *j);
/* Closes the party that was opened to read them. */
void echo_cli_join_close_preview(echo_cli_join *j);
/* Prints the requested items that were not printed yet, from the joined party. ECHO_ERR_NOT_FOUND: the party has no
 * such item. */
echo_status echo_cli_join_rest(echo_cli_join *j, echo_error *err) ECHO_MUST_USE;

#endif
