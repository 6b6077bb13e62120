#include "cli/net/tcp_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS 50u
#define LINGER_MS 2000u             /* for the other side to take the last bytes, or some of them, and to close */
#define FLUSH_MAX ((size_t)1 << 20) /* bytes to one socket before the others have their turn */

echo_status echo_cli_net_problem(echo_error *err, echo_status code, const char *place, const char *what, int uv) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%.150s: %s%s%s", place, what, uv != 0 ? ": " : "",
                   uv != 0 ? uv_strerror(uv) : "");
    return code;
}

echo_status echo_cli_net_status(int uv) {
    return uv == UV_ENOMEM || uv == UV_EAI_MEMORY ? ECHO_ERR_NOMEM : ECHO_ERR_IO;
}

static uint64_t now_ms(const echo_cli_net *net) { return uv_now(&net->loop); }

/* ---- the end of connections ---- */

void echo_cli_connection_forget(echo_cli_connection *c) {
    echo_cli_connection **link = &c->net->connections;
    while (*link != c) link = &(*link)->next;
    *link = c->next;
    c->net->count--;
    uv_freeaddrinfo(c->addresses);
    free(c);
}

static void on_closed(uv_handle_t *handle) { echo_cli_connection_forget(handle->data); }

void echo_cli_connection_end(echo_cli_connection *c, const echo_error *why) {
    if (c->closing) return;
    c->closing = true;
    if (c->peer != NULL) echo_peer_close(c->peer);
    c->peer = NULL;
    if (c->net->hooks.ended != NULL) c->net->hooks.ended(c->net->hooks.arg, c->place, why);
    if (c->has_tcp && uv_is_closing((uv_handle_t *)&c->tcp)) return; /* between two addresses */
    if (c->has_tcp)
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    else if (c->is_resolving)
        (void)uv_cancel((uv_req_t *)&c->resolving); /* forgotten when that has come to an end */
    else
        echo_cli_connection_forget(c);
}

void echo_cli_connection_broke(echo_cli_connection *c, const char *what, int uv) {
    echo_error why;
    (void)echo_cli_net_problem(&why, echo_cli_net_status(uv), c->place, what, uv);
    echo_cli_connection_end(c, &why);
}

static void on_shut(uv_shutdown_t *request, int status) { (void)request, (void)status; }

/* Everything was sent. Closed is what the other side has closed too, or its kernel would throw away what it has not
 * read. */
static void shut(echo_cli_connection *c) {
    c->shutting = true;
    c->end_by_ms = now_ms(c->net) + LINGER_MS;
    int uv = uv_shutdown(&c->shutdown, echo_cli_connection_stream(c), on_shut);
    if (uv != 0) echo_cli_connection_end(c, NULL);
}

/* ---- bytes out ---- */

static void flush(echo_cli_connection *c);

static void on_written(uv_write_t *request, int status) {
    echo_cli_connection *c = request->data;
    c->writing = false;
    if (c->closing) return;
    if (c->end_by_ms != 0) c->end_by_ms = now_ms(c->net) + LINGER_MS;
    if (status < 0)
        echo_cli_connection_broke(c, "the connection broke", status);
    else
        flush(c);
}

static void write_later(echo_cli_connection *c, echo_bytes bytes) {
    size_t len = bytes.len < ECHO_CLI_WRITE_MAX ? bytes.len : ECHO_CLI_WRITE_MAX;
    memcpy(c->out, bytes.data, len);
    echo_peer_sent(c->peer, len);
    uv_buf_t buffer = uv_buf_init((char *)c->out, (unsigned)len);
    c->write.data = c;
    int uv = uv_write(&c->write, echo_cli_connection_stream(c), &buffer, 1, on_written);
    if (uv != 0)
        echo_cli_connection_broke(c, "the connection broke", uv);
    else
        c->writing = true;
}

static void flush(echo_cli_connection *c) {
    if (!c->open || c->closing || c->shutting) return;
    for (size_t room = FLUSH_MAX; !c->writing && !c->closing;) {
        echo_bytes bytes = echo_peer_pending(c->peer);
        if (bytes.len == 0) {
            if (echo_peer_is_over(c->peer) || c->finished) shut(c);
            return;
        }
        size_t len = bytes.len < room ? bytes.len : room;
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes.data, (unsigned)len);
        int done = len == 0 ? UV_EAGAIN : uv_try_write(echo_cli_connection_stream(c), &buffer, 1);
        if (done > 0) {
            echo_peer_sent(c->peer, (size_t)done);
            room -= (size_t)done;
        } else if (done == UV_EAGAIN || done == 0) {
            write_later(c, bytes);
        } else {
            echo_cli_connection_broke(c, "the connection broke", done);
        }
    }
}

/* ---- turns ---- */

static void say_goodbye(echo_cli_connection *c) {
    if (c->closing) return;
    if (!c->open) {
        echo_cli_connection_end(c, NULL);
        return;
    }
    if (!c->finished) echo_peer_finish(c->peer);
    c->finished = true;
    flush(c);
}

static void each(echo_cli_net *net, void (*fn)(echo_cli_connection *)) {
    for (echo_cli_connection *c = net->connections, *next; c != NULL; c = next) {
        next = c->next;
        fn(c);
    }
}

static void let_go(echo_cli_net *net) {
    uv_handle_t *const handles[] = {(uv_handle_t *)&net->timer, (uv_handle_t *)&net->signals[0],
                                    (uv_handle_t *)&net->signals[1]};
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

static void look(echo_cli_connection *c) {
    if (!c->open || c->closing) return;
    flush(c);
    if (c->closing || !(c->finished || echo_peer_is_over(c->peer))) return;
    if (c->end_by_ms == 0) c->end_by_ms = now_ms(c->net) + LINGER_MS;
    if (now_ms(c->net) >= c->end_by_ms) echo_cli_connection_end(c, NULL);
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

static void close_now(echo_cli_connection *c) { echo_cli_connection_end(c, NULL); }

/* Once: in good order. Twice: at once. */
static void on_signal(uv_signal_t *handle, int number) {
    echo_cli_net *net = handle->data;
    if (net->signal != 0) each(net, close_now);
    net->signal = number;
    begin_end(net);
}

/* ---- bytes in ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    echo_cli_connection *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)c->in, sizeof c->in);
}

static void on_end_of_stream(echo_cli_connection *c, int uv) {
    bool over = c->finished || echo_peer_is_over(c->peer);
    if (over)
        echo_cli_connection_end(c, NULL);
    else if (!c->connected && c->initiator)
        echo_cli_connection_broke(c,
                                  "closed the connection without an answer: it does not serve this party, or does not "
                                  "know our key as a member's",
                                  0);
    else if (!c->connected)
        echo_cli_connection_broke(c, "closed the connection before it proved to be a member", 0);
    else if (uv == UV_EOF)
        echo_cli_connection_broke(c, "closed the connection unexpectedly", 0);
    else
        echo_cli_connection_broke(c, "the connection broke", uv);
}

static void on_bytes(uv_stream_t *from, ssize_t n, const uv_buf_t *buffer) {
    echo_cli_connection *c = from->data;
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

/* ---- a socket becomes a peer's ---- */

void echo_cli_connection_begin(echo_cli_connection *c) {
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    options.initiator = c->initiator;
    echo_status status = echo_peer_open(&c->peer, c->net->exchange, &options, &err);
    if (status != ECHO_OK) {
        err.code = status;
        echo_cli_connection_end(c, &err);
        return;
    }
    c->open = true;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    int uv = uv_read_start(echo_cli_connection_stream(c), on_room, on_bytes);
    if (uv != 0)
        echo_cli_connection_broke(c, "the connection broke", uv);
    else
        turn(c->net);
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

echo_status echo_cli_net_open(echo_cli_net **out, echo_exchange *exchange, const echo_cli_net_hooks *hooks,
                              echo_error *err) {
    static const int numbers[] = {SIGINT, SIGTERM};
    *out = NULL;
    echo_cli_net *net = calloc(1, sizeof *net);
    if (net == NULL) return echo_cli_net_problem(err, ECHO_ERR_NOMEM, "peers", "out of memory", 0);
    int uv = uv_loop_init(&net->loop);
    if (uv != 0) {
        free(net);
        return echo_cli_net_problem(err, echo_cli_net_status(uv), "peers", "cannot start the event loop", uv);
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
    if (uv != 0) {
        echo_cli_net_close(net);
        return echo_cli_net_problem(err, echo_cli_net_status(uv), "peers", "cannot handle signals", uv);
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

static echo_cli_connection *find(const echo_cli_net *net, const echo_peer *peer) {
    echo_cli_connection *c = net == NULL || peer == NULL ? NULL : net->connections;
    while (c != NULL && c->peer != peer) c = c->next;
    return c;
}

const char *echo_cli_net_place(const echo_cli_net *net, const echo_peer *peer) {
    const echo_cli_connection *c = find(net, peer);
    return c != NULL ? c->place : "";
}

void echo_cli_net_connected(echo_cli_net *net, const echo_peer *peer) {
    echo_cli_connection *c = find(net, peer);
    if (c != NULL) c->connected = true;
}

static bool is_of_use(const echo_cli_connection *c) {
    return !c->closing && !c->finished && (c->peer == NULL || !echo_peer_is_over(c->peer));
}

size_t echo_cli_net_count(const echo_cli_net *net) {
    size_t count = 0;
    for (const echo_cli_connection *c = net->connections; c != NULL; c = c->next) count += is_of_use(c);
    return count;
}

size_t echo_cli_net_waiting(const echo_cli_net *net) {
    size_t count = 0;
    for (const echo_cli_connection *c = net->connections; c != NULL; c = c->next)
        count += is_of_use(c) && !c->connected;
    return count;
}

int echo_cli_net_signal(const echo_cli_net *net) { return net->signal; }
