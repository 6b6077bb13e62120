/*
 * Peers over TCP: one libuv loop that carries bytes between the connections of an exchange and sockets, steps the
 * exchange, and closes everything properly on SIGINT and SIGTERM. At most one write per connection is under way; more
 * output is taken from the exchange only when the socket accepts it.
 *
 * Places are HOST:PORT, an IPv6 address in brackets. Errors of a connection name its place.
 */
#ifndef ECHO_CLI_NET_TCP_H
#define ECHO_CLI_NET_TCP_H

#include <echo/exchange.h>

#define ECHO_CLI_PLACE_CHARS 300u

typedef struct echo_cli_net echo_cli_net;

typedef struct echo_cli_net_hooks {
    void *arg;
    /* Called before each step: after bytes arrived, and every 50 ms. false: close all connections and end. */
    bool (*turn)(void *arg);
    /* A connection ended or could not be made. `why` is NULL when it was closed properly, or when it was dropped, which
     * an event of the exchange reported. */
    void (*ended)(void *arg, const char *place, const echo_error *why);
} echo_cli_net_hooks;

/* The exchange is borrowed; the hooks are copied. */
echo_status echo_cli_net_open(echo_cli_net **out, echo_exchange *exchange, const echo_cli_net_hooks *hooks,
                              echo_error *err) ECHO_MUST_USE;
/* Closes the remaining connections at once. Call it before freeing the exchange. */
void echo_cli_net_close(echo_cli_net *net);

/* Runs until the hook or a signal ends it. Errors are those of memory or the system, not of a connection. */
echo_status echo_cli_net_run(echo_cli_net *net, echo_error *err) ECHO_MUST_USE;

/* For events, which name a peer: its place ("" when unknown); and a note that it has proved its identity. */
const char *echo_cli_net_place(const echo_cli_net *net, const echo_peer *peer);
void echo_cli_net_connected(echo_cli_net *net, const echo_peer *peer);
/* The number of usable connections: open or being made, and not closed by either side. */
size_t echo_cli_net_count(const echo_cli_net *net);
/* The number of those whose peer has not proved its identity yet. */
size_t echo_cli_net_waiting(const echo_cli_net *net);
/* The signal that ended it, or 0. */
int echo_cli_net_signal(const echo_cli_net *net);

#endif
