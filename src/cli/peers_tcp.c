#include "peers_tcp.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define TURN_MS 50u
#define LINGER_MS 2000u            /* for the other side to take the last bytes, or some of them, and to close */
#define WRITE_MAX ((size_t)64 << 10)
#define FLUSH_MAX ((size_t)1 << 20) /* bytes to one socket before the others have their turn */
#define CONNECTIONS_MAX 256u

typedef struct connection {
    struct connection *next;
    echo_cli_net *net;
    echo_peer *peer;
    char place[ECHO_CLI_PLACE_CHARS];
    bool initiator;
    bool open;      /* the socket is connected */
    bool connected; /* the peer has proved who it is */
    bool writing, shutting, closing;
    bool finished;  /* we said goodbye */
    uint64_t end_by_ms; /* it is over: then it is closed whatever the other side does */
    uv_tcp_t tcp;
    bool has_tcp;
    uv_getaddrinfo_t resolving;
    bool is_resolving;
    struct addrinfo *addresses, *address; /* all of them; the one that is tried */
    uv_connect_t connecting;
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t out[WRITE_MAX], in[WRITE_MAX];
} connection;

struct echo_cli_net {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_signal_t signals[2];
    bool listening, running, ending;
    int signal;
    echo_exchange *exchange;
    echo_cli_net_hooks hooks;
    connection *connections;
    size_t count;
    echo_error failure; /* of the machine, code ECHO_OK: none */
    struct sigaction old_pipe;
};

static echo_status fail(echo_error *err, echo_status code, const char *place, const char *what, int uv) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%.150s: %s%s%s", place, what, uv != 0 ? ": " : "", uv != 0 ? uv_strerror(uv) : "");
    return code;
}

static echo_status of_uv(int uv) { return uv == UV_ENOMEM || uv == UV_EAI_MEMORY ? ECHO_ERR_NOMEM : ECHO_ERR_IO; }

static uint64_t now_ms(const echo_cli_net *net) { return uv_now(&net->loop); }

static uv_stream_t *stream(connection *c) { return (uv_stream_t *)&c->tcp; }

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
    if (len == 0 || len >= ECHO_CLI_PLACE_CHARS || digits == 0 || digits > 5 || strspn(colon + 1, "0123456789") != digits) return false;
    if (strtoul(colon + 1, NULL, 10) > 65535) return false;
    memcpy(host, from, len);
    host[len] = '\0';
    memcpy(port, colon + 1, digits + 1);
    return true;
}

static echo_status not_a_place(echo_error *err, const char *place) {
    return fail(err, ECHO_ERR_INVALID, place, "is not HOST:PORT", 0);
}

static void tell_place(char out[ECHO_CLI_PLACE_CHARS], const struct sockaddr_storage *address) {
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

/* ---- the end of connections ---- */

static void forget(connection *c) {
    connection **link = &c->net->connections;
    while (*link != c) link = &(*link)->next;
    *link = c->next;
    c->net->count--;
    uv_freeaddrinfo(c->addresses);
    free(c);
}

static void on_closed(uv_handle_t *handle) { forget(handle->data); }

/* why: what is told of it; NULL: nothing is wrong. */
static void end(connection *c, const echo_error *why) {
    if (c->closing) return;
    c->closing = true;
    if (c->peer != NULL) echo_peer_close(c->peer);
    c->peer = NULL;
    if (c->net->hooks.ended != NULL) c->net->hooks.ended(c->net->hooks.arg, c->place, why);
    if (c->has_tcp && uv_is_closing((uv_handle_t *)&c->tcp)) return; /* between two addresses */
    if (c->has_tcp) uv_close((uv_handle_t *)&c->tcp, on_closed);
    else if (c->is_resolving) (void)uv_cancel((uv_req_t *)&c->resolving); /* forgotten when that has come to an end */
    else forget(c);
}

static void end_of(connection *c, const char *what, int uv) {
    echo_error why;
    (void)fail(&why, of_uv(uv), c->place, what, uv);
    end(c, &why);
}

static void on_shut(uv_shutdown_t *request, int status) { (void)request, (void)status; }

/* Everything was sent. Closed is what the other side has closed too, or its kernel would throw away what it has not read. */
static void shut(connection *c) {
    c->shutting = true;
    c->end_by_ms = now_ms(c->net) + LINGER_MS;
    int uv = uv_shutdown(&c->shutdown, stream(c), on_shut);
    if (uv != 0) end(c, NULL);
}

/* ---- bytes out ---- */

static void flush(connection *c);

static void on_written(uv_write_t *request, int status) {
    connection *c = request->data;
    c->writing = false;
    if (c->closing) return;
    if (c->end_by_ms != 0) c->end_by_ms = now_ms(c->net) + LINGER_MS;
    if (status < 0) end_of(c, "the connection broke", status);
    else flush(c);
}

static void write_later(connection *c, echo_bytes bytes) {
    size_t len = bytes.len < WRITE_MAX ? bytes.len : WRITE_MAX;
    memcpy(c->out, bytes.data, len);
    echo_peer_sent(c->peer, len);
    uv_buf_t buffer = uv_buf_init((char *)c->out, (unsigned)len);
    c->write.data = c;
    int uv = uv_write(&c->write, stream(c), &buffer, 1, on_written);
    if (uv != 0) end_of(c, "the connection broke", uv);
    else c->writing = true;
}

static void flush(connection *c) {
    if (!c->open || c->closing || c->shutting) return;
    for (size_t room = FLUSH_MAX; !c->writing && !c->closing;) {
        echo_bytes bytes = echo_peer_pending(c->peer);
        if (bytes.len == 0) {
            if (echo_peer_is_over(c->peer) || c->finished) shut(c);
            return;
        }
        size_t len = bytes.len < room ? bytes.len : room;
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes.data, (unsigned)len);
        int done = len == 0 ? UV_EAGAIN : uv_try_write(stream(c), &buffer, 1);
        if (done > 0) {
            echo_peer_sent(c->peer, (size_t)done);
            room -= (size_t)done;
        } else if (done == UV_EAGAIN || done == 0) {
            write_later(c, bytes);
        } else {
            end_of(c, "the connection broke", done);
        }
    }
}

/* ---- turns ---- */

static void say_goodbye(connection *c) {
    if (c->closing) return;
    if (!c->open) {
        end(c, NULL);
        return;
    }
    if (!c->finished) echo_peer_finish(c->peer);
    c->finished = true;
    flush(c);
}

static void each(echo_cli_net *net, void (*fn)(connection *)) {
    for (connection *c = net->connections, *next; c != NULL; c = next) {
        next = c->next;
        fn(c);
    }
}

static void let_go(echo_cli_net *net) {
    uv_handle_t *const handles[] = {(uv_handle_t *)&net->timer, (uv_handle_t *)&net->signals[0], (uv_handle_t *)&net->signals[1]};
    for (size_t i = 0; i < 3; i++)
        if (handles[i]->loop != NULL && !uv_is_closing(handles[i])) uv_close(handles[i], NULL);
    if (net->listening && !uv_is_closing((uv_handle_t *)&net->listener)) uv_close((uv_handle_t *)&net->listener, NULL);
}

static void begin_end(echo_cli_net *net) {
    if (net->ending) return;
    net->ending = true;
    if (net->listening && !uv_is_closing((uv_handle_t *)&net->listener)) uv_close((uv_handle_t *)&net->listener, NULL);
    each(net, say_goodbye);
}

static void look(connection *c) {
    if (!c->open || c->closing) return;
    flush(c);
    if (c->closing || !(c->finished || echo_peer_is_over(c->peer))) return;
    if (c->end_by_ms == 0) c->end_by_ms = now_ms(c->net) + LINGER_MS;
    if (now_ms(c->net) >= c->end_by_ms) end(c, NULL);
}

static void turn(echo_cli_net *net) {
    if (!net->running) return;
    if (!net->ending && !net->hooks.turn(net->hooks.arg)) begin_end(net);
    if (!net->ending) {
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = echo_exchange_step(net->exchange, uv_hrtime(), &err);
        if (status != ECHO_OK) {
            net->failure = err;
            net->failure.code = status;
            begin_end(net);
        }
    }
    each(net, look);
    if (net->ending && net->count == 0) let_go(net);
}

static void on_timer(uv_timer_t *timer) { turn(timer->data); }

static void close_now(connection *c) { end(c, NULL); }

/* Once: in good order. Twice: at once. */
static void on_signal(uv_signal_t *handle, int number) {
    echo_cli_net *net = handle->data;
    if (net->signal != 0) each(net, close_now);
    net->signal = number;
    begin_end(net);
}

/* ---- bytes in ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    connection *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)c->in, sizeof c->in);
}

static void on_end_of_stream(connection *c, int uv) {
    bool over = c->finished || echo_peer_is_over(c->peer);
    if (over) end(c, NULL);
    else if (!c->connected && c->initiator)
        end_of(c, "closed the connection without an answer: it does not serve this party, or our key is no member's there", 0);
    else if (!c->connected) end_of(c, "closed the connection before it said who it is", 0);
    else if (uv == UV_EOF) end_of(c, "closed the connection in the middle", 0);
    else end_of(c, "the connection broke", uv);
}

static void on_bytes(uv_stream_t *from, ssize_t n, const uv_buf_t *buffer) {
    connection *c = from->data;
    if (c->closing || n == 0) return;
    if (n < 0) {
        echo_cli_net *net = c->net;
        on_end_of_stream(c, (int)n);
        turn(net);
        return;
    }
    if (echo_peer_is_over(c->peer)) return;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo_peer_receive(c->peer, (echo_bytes){(const uint8_t *)buffer->base, (size_t)n}, &err);
    if (status == ECHO_OK && echo_peer_is_over(c->peer) && !c->finished) { /* it said goodbye: so do we */
        echo_peer_finish(c->peer);
        c->finished = true;
    }
    turn(c->net);
}

/* ---- making connections ---- */

static void begin(connection *c) {
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    options.initiator = c->initiator;
    echo_status status = echo_peer_open(&c->peer, c->net->exchange, &options, &err);
    if (status != ECHO_OK) {
        err.code = status;
        end(c, &err);
        return;
    }
    c->open = true;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    int uv = uv_read_start(stream(c), on_room, on_bytes);
    if (uv != 0) end_of(c, "the connection broke", uv);
    else turn(c->net);
}

static connection *new_connection(echo_cli_net *net) {
    connection *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->net = net;
    c->tcp.data = c->resolving.data = c->connecting.data = c;
    c->next = net->connections;
    net->connections = c;
    net->count++;
    return c;
}

static bool make_socket(connection *c) {
    int uv = uv_tcp_init(&c->net->loop, &c->tcp);
    c->has_tcp = uv == 0;
    c->tcp.data = c;
    if (uv != 0) end_of(c, "no socket", uv);
    return uv == 0;
}

static void try_address(connection *c);

static void on_given_up(uv_handle_t *handle) {
    connection *c = handle->data;
    c->has_tcp = false;
    c->address = c->address->ai_next;
    if (c->closing) forget(c);
    else try_address(c);
}

static void on_connected(uv_connect_t *request, int status) {
    connection *c = request->data;
    if (c->closing) return;
    if (status == 0) begin(c);
    else if (c->address->ai_next == NULL) end_of(c, "cannot connect", status);
    else uv_close((uv_handle_t *)&c->tcp, on_given_up); /* there is another address */
}

static void try_address(connection *c) {
    if (!make_socket(c)) return;
    int uv = uv_tcp_connect(&c->connecting, &c->tcp, c->address->ai_addr, on_connected);
    if (uv != 0) end_of(c, "cannot connect", uv);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
    connection *c = request->data;
    c->is_resolving = false;
    c->addresses = c->address = found;
    if (c->closing) forget(c);
    else if (status != 0 || found == NULL) end_of(c, "the host is not known", status);
    else try_address(c);
}

echo_status echo_cli_net_connect(echo_cli_net *net, const char *place, echo_error *err) {
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char host[ECHO_CLI_PLACE_CHARS], port[8];
    if (!split(host, port, place) || strtoul(port, NULL, 10) == 0) return not_a_place(err, place);
    connection *c = new_connection(net);
    if (c == NULL) return fail(err, ECHO_ERR_NOMEM, place, "out of memory", 0);
    c->initiator = true;
    (void)snprintf(c->place, sizeof c->place, "%s", place);
    int uv = uv_getaddrinfo(&net->loop, &c->resolving, on_resolved, host, port, &hints);
    c->is_resolving = uv == 0;
    if (uv == 0) return ECHO_OK;
    forget(c);
    return fail(err, of_uv(uv), place, "the host cannot be looked up", uv);
}

static void on_connection(uv_stream_t *listener, int status) {
    echo_cli_net *net = listener->data;
    connection *c = status == 0 ? new_connection(net) : NULL;
    struct sockaddr_storage address;
    int len = sizeof address;
    if (c == NULL || !make_socket(c)) return; /* it waits in the system's queue for a better time */
    (void)snprintf(c->place, sizeof c->place, "?");
    int uv = uv_accept(listener, stream(c));
    if (uv == 0 && uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len) == 0) tell_place(c->place, &address);
    if (uv != 0) end_of(c, "the connection broke", uv);
    else if (net->count > CONNECTIONS_MAX) end_of(c, "there are too many connections", 0);
    else begin(c);
}

echo_status echo_cli_net_listen(echo_cli_net *net, const char *place, char bound[ECHO_CLI_PLACE_CHARS], echo_error *err) {
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char host[ECHO_CLI_PLACE_CHARS], port[8];
    struct sockaddr_storage address;
    int len = sizeof address;
    if (!split(host, port, place)) return not_a_place(err, place);
    uv_getaddrinfo_t request;
    int uv = uv_getaddrinfo(&net->loop, &request, NULL, host, port, &hints);
    if (uv != 0) return fail(err, of_uv(uv), place, "the host is not known", uv);
    uv = uv_tcp_init(&net->loop, &net->listener);
    net->listening = uv == 0;
    net->listener.data = net;
    if (uv == 0) uv = uv_tcp_bind(&net->listener, request.addrinfo->ai_addr, 0);
    if (uv == 0) uv = uv_listen((uv_stream_t *)&net->listener, 64, on_connection);
    if (uv == 0) uv = uv_tcp_getsockname(&net->listener, (struct sockaddr *)&address, &len);
    uv_freeaddrinfo(request.addrinfo);
    if (uv != 0) return fail(err, of_uv(uv), place, "cannot listen", uv);
    tell_place(bound, &address);
    return ECHO_OK;
}

/* ---- from open to close ---- */

/* A peer that is gone is an error of its connection, no signal. */
static void ignore_pipes(echo_cli_net *net) {
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGPIPE, &ignore, &net->old_pipe);
}

echo_status echo_cli_net_open(echo_cli_net **out, echo_exchange *exchange, const echo_cli_net_hooks *hooks, echo_error *err) {
    static const int numbers[] = {SIGINT, SIGTERM};
    *out = NULL;
    echo_cli_net *net = calloc(1, sizeof *net);
    if (net == NULL) return fail(err, ECHO_ERR_NOMEM, "peers", "out of memory", 0);
    int uv = uv_loop_init(&net->loop);
    if (uv != 0) {
        free(net);
        return fail(err, of_uv(uv), "peers", "no loop", uv);
    }
    net->exchange = exchange;
    net->hooks = *hooks;
    ignore_pipes(net);
    (void)uv_timer_init(&net->loop, &net->timer); /* cannot fail */
    net->timer.data = net;
    for (size_t i = 0; uv == 0 && i < 2; i++) {
        uv = uv_signal_init(&net->loop, &net->signals[i]);
        net->signals[i].data = net;
        if (uv == 0) uv = uv_signal_start(&net->signals[i], on_signal, numbers[i]);
    }
    if (uv == 0) uv = uv_timer_start(&net->timer, on_timer, TURN_MS, TURN_MS);
    echo_status status = uv != 0 ? fail(err, of_uv(uv), "peers", "no signals", uv)
                                 : echo_exchange_step(exchange, uv_hrtime(), err); /* what time it is, before there are peers */
    if (status != ECHO_OK) {
        echo_cli_net_close(net);
        return status;
    }
    *out = net;
    return ECHO_OK;
}

echo_status echo_cli_net_run(echo_cli_net *net, echo_error *err) {
    net->running = true;
    (void)uv_run(&net->loop, UV_RUN_DEFAULT);
    net->running = false;
    if (net->failure.code != ECHO_OK) *err = net->failure;
    return net->failure.code;
}

void echo_cli_net_close(echo_cli_net *net) {
    if (net == NULL) return;
    each(net, close_now);
    let_go(net);
    (void)uv_run(&net->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&net->loop);
    (void)sigaction(SIGPIPE, &net->old_pipe, NULL);
    free(net);
}

static connection *find(const echo_cli_net *net, const echo_peer *peer) {
    connection *c = net == NULL || peer == NULL ? NULL : net->connections;
    while (c != NULL && c->peer != peer) c = c->next;
    return c;
}

const char *echo_cli_net_place(const echo_cli_net *net, const echo_peer *peer) {
    const connection *c = find(net, peer);
    return c != NULL ? c->place : "";
}

void echo_cli_net_connected(echo_cli_net *net, const echo_peer *peer) {
    connection *c = find(net, peer);
    if (c != NULL) c->connected = true;
}

static bool is_of_use(const connection *c) { return !c->closing && !c->finished && (c->peer == NULL || !echo_peer_is_over(c->peer)); }

size_t echo_cli_net_count(const echo_cli_net *net) {
    size_t count = 0;
    for (const connection *c = net->connections; c != NULL; c = c->next) count += is_of_use(c);
    return count;
}

size_t echo_cli_net_waiting(const echo_cli_net *net) {
    size_t count = 0;
    for (const connection *c = net->connections; c != NULL; c = c->next) count += is_of_use(c) && !c->connected;
    return count;
}

int echo_cli_net_signal(const echo_cli_net *net) { return net->signal; }
