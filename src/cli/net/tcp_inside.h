/*
 * Inside the transport: tcp.c carries bytes, dial.c makes connections.
 */
#ifndef ECHO_CLI_NET_TCP_INSIDE_H
#define ECHO_CLI_NET_TCP_INSIDE_H

#include <signal.h>
#include <uv.h>

#include "cli/net/tcp.h"

#define ECHO_CLI_WRITE_MAX ((size_t)64 << 10)

typedef struct echo_cli_connection echo_cli_connection;
struct echo_cli_connection {
    struct echo_cli_connection *next;
    echo_cli_net *net;
    echo_peer *peer;
    char place[ECHO_CLI_PLACE_CHARS];
    bool initiator;
    bool open;      /* the socket is connected */
    bool connected; /* the peer has proved its identity */
    bool writing, shutting, closing;
    bool finished;      /* we closed our side */
    uint64_t end_by_ms; /* closed at that time, even if the peer does not close */
    uv_tcp_t tcp;
    bool has_tcp;
    uv_getaddrinfo_t resolving;
    bool is_resolving;
    struct addrinfo *addresses, *address; /* all of the host's; the one being tried */
    uv_connect_t connecting;
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t out[ECHO_CLI_WRITE_MAX], in[ECHO_CLI_WRITE_MAX];
};

struct echo_cli_net {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_signal_t signals[2];
    bool listening, running, ending;
    int signal;
    echo_exchange *exchange;
    echo_cli_net_hooks hooks;
    echo_cli_connection *connections;
    size_t count;
    echo_error failure; /* of the system; code ECHO_OK: no failure */
    struct sigaction old_pipe;
};

/* ---- tcp.c ---- */

/* Fills in an error that names a place; uv: libuv's code, or 0. Returns `code`. */
echo_status echo_cli_net_problem(echo_error *err, echo_status code, const char *place, const char *what, int uv);
echo_status echo_cli_net_status(int uv);
/* The socket is connected: makes it a peer of the exchange. */
void echo_cli_connection_begin(echo_cli_connection *c);
/* why: the problem to report; NULL: no problem. */
void echo_cli_connection_end(echo_cli_connection *c, const echo_error *why);
void echo_cli_connection_broke(echo_cli_connection *c, const char *what, int uv);
/* Frees it. */
void echo_cli_connection_forget(echo_cli_connection *c);
static inline uv_stream_t *echo_cli_connection_stream(echo_cli_connection *c) { return (uv_stream_t *)&c->tcp; }

#endif
