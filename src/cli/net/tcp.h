/*
 * Peers over TCP: one libuv loop that carries bytes between the connections of an exchange and sockets, steps the
 * exchange, and ends in good order on SIGINT and SIGTERM. No more is taken from a connection than its socket accepts,
 * besides one write that is under way.
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
    /* Before each step: after bytes came, and every 50 ms. false: say goodbye to everybody and end. */
    bool (*turn)(void *arg);
    /* A connection is gone, or could not be made. `why` is NULL when it ended in good order, or was dropped, as an
     * event reported. */
    void (*ended)(void *arg, const char *place, const echo_error *why);
} echo_cli_net_hooks;

/* The exchange is borrowed; the hooks are copied. */
echo_status echo_cli_net_open(echo_cli_net **out, echo_exchange *exchange, const echo_cli_net_hooks *hooks,
                              echo_error *err) ECHO_MUST_USE;
/* Ends what is left without ceremony. To be called before the exchange is freed. */
void echo_cli_net_close(echo_cli_net *net);

/* Until the hook or a signal ends it. The error is one of memory or of the system, not of a connection. */
echo_status echo_cli_net_run(echo_cli_net *net, echo_error *err) ECHO_MUST_USE;

/* For events, which name a peer: its place, "" when it has none; and that it has proved who it is. */
const char *echo_cli_net_place(const echo_cli_net *net, const echo_peer *peer);
void echo_cli_net_connected(echo_cli_net *net, const echo_peer *peer);
/* Connections that may still be of use: not gone, and nobody has said goodbye. */
size_t echo_cli_net_count(const echo_cli_net *net);
/* Of those, the ones whose peer has not proved who it is yet. */
size_t echo_cli_net_waiting(const echo_cli_net *net);
/* The signal that ended it, 0: none. */
int echo_cli_net_signal(const echo_cli_net *net);

#endif
