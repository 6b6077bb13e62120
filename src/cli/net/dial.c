#include "cli/net/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/net/tcp_inside.h"

#define CONNECTIONS_MAX 256u

/* ---- places ---- */

static bool split(char host[ECHO_CLI_PLACE_CHARS], char port[8], const char *place) {
    const char *colon = strrchr(place, ':'), *from = place;
    if (colon == NULL || colon == place) return false;
    size_t len = (size_t)(colon - place), digits = strlen(colon + 1);
    if (place[0] == '[' && colon[-1] == ']') {
        from++;
        len -= 2;
    } else if (memchr(place, ':', len) != NULL) {
        return false;
    }
    if (len == 0 || len >= ECHO_CLI_PLACE_CHARS || digits == 0 || digits > 5) return false;
    if (strspn(colon + 1, "0123456789") != digits || strtoul(colon + 1, NULL, 10) > 65535) return false;
    memcpy(host, from, len);
    host[len] = '\0';
    memcpy(port, colon + 1, digits + 1);
    return true;
}

static echo_status not_a_place(echo_error *err, const char *place) {
    return echo_cli_net_problem(err, ECHO_ERR_INVALID, place, "is not HOST:PORT", 0);
}

static void print_place(char out[ECHO_CLI_PLACE_CHARS], const struct sockaddr_storage *address) {
    char name[100] = "?";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        (void)uv_ip4_name(in, name, sizeof name);
        (void)snprintf(out, ECHO_CLI_PLACE_CHARS, "%s:%u", name, (unsigned)ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;
        (void)uv_ip6_name(in, name, sizeof name);
        (void)snprintf(out, ECHO_CLI_PLACE_CHARS, "[%s]:%u", name, (unsigned)ntohs(in->sin6_port));
    }
}

/* ---- making connections ---- */

static echo_cli_connection *new_connection(echo_cli_net *net) {
    echo_cli_connection *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->net = net;
    c->tcp.data = c->resolving.data = c->connecting.data = c;
    c->next = net->connections;
    net->connections = c;
    net->count++;
    return c;
}

static bool make_socket(echo_cli_connection *c) {
    int uv = uv_tcp_init(&c->net->loop, &c->tcp);
    c->has_tcp = uv == 0;
    c->tcp.data = c;
    if (uv != 0) echo_cli_connection_broke(c, "cannot make a socket", uv);
    return uv == 0;
}

static void try_address(echo_cli_connection *c);

static void on_given_up(uv_handle_t *handle) {
    echo_cli_connection *c = handle->data;
    c->has_tcp = false;
    c->address = c->address->ai_next;
    if (c->closing)
        echo_cli_connection_forget(c);
    else
        try_address(c);
}

/* Tries the next address, if any. */
static void not_connected(echo_cli_connection *c, int uv) {
    if (c->address->ai_next != NULL)
        uv_close((uv_handle_t *)&c->tcp, on_given_up);
    else
        echo_cli_connection_broke(c, "cannot connect", uv);
}

static void on_connected(uv_connect_t *request, int status) {
    echo_cli_connection *c = request->data;
    if (c->closing) return;
    if (status == 0)
        echo_cli_connection_begin(c);
    else
        not_connected(c, status);
}

static void try_address(echo_cli_connection *c) {
    if (!make_socket(c)) return;
    int uv = uv_tcp_connect(&c->connecting, &c->tcp, c->address->ai_addr, on_connected);
    if (uv != 0) not_connected(c, uv);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    echo_cli_connection *c = request->data;
    c->is_resolving = false;
    c->addresses = c->address = found;
    if (c->closing)
        echo_cli_connection_forget(c);
    else if (status != 0 || found == NULL)
        echo_cli_connection_broke(c, "the host is unknown", status);
    else
        try_address(c);
}

echo_status echo_cli_net_connect(echo_cli_net *net, const char *place, echo_error *err) {
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char host[ECHO_CLI_PLACE_CHARS], port[8];
    if (!split(host, port, place) || strtoul(port, NULL, 10) == 0) return not_a_place(err, place);
    echo_cli_connection *c = new_connection(net);
    if (c == NULL) return echo_cli_net_problem(err, ECHO_ERR_NOMEM, place, "out of memory", 0);
    c->initiator = true;
    (void)snprintf(c->place, sizeof c->place, "%s", place);
    int uv = uv_getaddrinfo(&net->loop, &c->resolving, on_resolved, host, port, &hints);
    c->is_resolving = uv == 0;
    if (uv == 0) return ECHO_OK;
    echo_cli_connection_forget(c);
    return echo_cli_net_problem(err, echo_cli_net_status(uv), place, "the host cannot be looked up", uv);
}

static void on_connection(uv_stream_t *listener, int status) {
    echo_cli_net *net = listener->data;
    echo_cli_connection *c = status == 0 ? new_connection(net) : NULL;
    struct sockaddr_storage address;
    int len = sizeof address;
    if (c == NULL || !make_socket(c)) return; /* the connection stays in the system's queue */
    (void)snprintf(c->place, sizeof c->place, "?");
    int uv = uv_accept(listener, echo_cli_connection_stream(c));
    if (uv == 0 && uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len) == 0) print_place(c->place, &address);
    if (uv != 0)
        echo_cli_connection_broke(c, "the connection broke", uv);
    else if (net->count > CONNECTIONS_MAX)
        echo_cli_connection_broke(c, "too many connections", 0);
    else
        echo_cli_connection_begin(c);
}

echo_status echo_cli_net_listen(echo_cli_net *net, const char *place, char bound[ECHO_CLI_PLACE_CHARS],
                                echo_error *err) {
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char host[ECHO_CLI_PLACE_CHARS], port[8];
    struct sockaddr_storage address;
    int len = sizeof address;
    if (!split(host, port, place)) return not_a_place(err, place);
    uv_getaddrinfo_t request;
    int uv = uv_getaddrinfo(&net->loop, &request, NULL, host, port, &hints);
    if (uv != 0) return echo_cli_net_problem(err, echo_cli_net_status(uv), place, "the host is unknown", uv);
    uv = uv_tcp_init(&net->loop, &net->listener);
    net->listening = uv == 0;
    net->listener.data = net;
    if (uv == 0) uv = uv_tcp_bind(&net->listener, request.addrinfo->ai_addr, 0);
    if (uv == 0) uv = uv_listen((uv_stream_t *)&net->listener, 64, on_connection);
    if (uv == 0) uv = uv_tcp_getsockname(&net->listener, (struct sockaddr *)&address, &len);
    uv_freeaddrinfo(request.addrinfo);
    if (uv != 0) return echo_cli_net_problem(err, echo_cli_net_status(uv), place, "cannot listen", uv);
    print_place(bound, &address);
    return ECHO_OK;
}
