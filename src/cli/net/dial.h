/* Connections: made to a place, or accepted at one. */
#ifndef ECHO_CLI_NET_DIAL_H
#define ECHO_CLI_NET_DIAL_H

#include "cli/net/tcp.h"

/* bound: the place it listens at; for port 0, with the port that the system chose. */
echo_status echo_cli_net_listen(echo_cli_net *net, const char *place, char bound[ECHO_CLI_PLACE_CHARS],
                                echo_error *err) ECHO_MUST_USE;
/* Begins to connect; the outcome is reported by events of the exchange and by `ended`. ECHO_ERR_INVALID: not a place.
 */
echo_status echo_cli_net_connect(echo_cli_net *net, const char *place, echo_error *err) ECHO_MUST_USE;

#endif
