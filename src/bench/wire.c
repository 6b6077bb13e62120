#include "bench/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/child.h"

#define PIECE 16384u /* bytes read at once: few, so that an early answer is handled before much more is read */
#define WAIT_MS 50u
#define NS_PER_MS 1000000u

/* ---- connections ---- */

static bool prepare(int fd) {
    int one = 1, flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0;
}

static bool connect_ends(int ends[2], int listener) {
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1) != 0) return false;
    if (getsockname(listener, (struct sockaddr *)&at, &len) != 0) return false;
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (ends[0] < 0 || connect(ends[0], (struct sockaddr *)&at, sizeof at) != 0) return false;
    ends[1] = accept(listener, NULL, NULL);
    return ends[1] >= 0 && prepare(ends[0]) && prepare(ends[1]);
}

echo_status bench_wire_pair(int ends[2], echo_error *err) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ends[0] = ends[1] = -1;
    bool ok = listener >= 0 && connect_ends(ends, listener);
    int problem = errno;
    if (listener >= 0) (void)close(listener);
    if (ok) return ECHO_OK;
    for (unsigned i = 0; i < 2; i++)
        if (ends[i] >= 0) (void)close(ends[i]);
    return bench_fail(err, ECHO_ERR_IO, "no connection on the loopback: %s", strerror(problem));
}

void bench_wire_init(bench_wire *w, const bench_link *link) {
    memset(w, 0, sizeof *w);
    w->simulated = link != NULL && link->given && !link->real;
    w->in.link = w->out.link = link;
    w->problem = (echo_error)ECHO_ERROR_INIT;
    w->parent = getppid();
}

echo_status bench_wire_add(bench_wire *w, echo_exchange *exchange, int fd, bool initiator, echo_error *err) {
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    bench_conn *conn = &w->conns[w->count++];
    options.initiator = initiator;
    *conn = (bench_conn){fd, exchange, NULL, false};
    echo_status status = echo_exchange_step(exchange, bench_now_ns(), err); /* timeouts count from this time */
    if (status != ECHO_OK) return status;
    return echo_peer_open(&conn->peer, exchange, &options, err);
}

void bench_wire_close(bench_wire *w) {
    for (size_t i = 0; i < w->count; i++) {
        echo_peer_close(w->conns[i].peer);
        (void)close(w->conns[i].fd);
    }
    w->count = 0;
    bench_lane_free(&w->in);
    bench_lane_free(&w->out);
}

/* ---- carrying ---- */

static void end(bench_conn *conn) {
    (void)shutdown(conn->fd, SHUT_RDWR);
    conn->ended = true;
}

static void give(bench_wire *w, bench_conn *conn, const uint8_t *bytes, size_t len) {
    echo_error problem = ECHO_ERROR_INIT;
    if (conn->ended || echo_peer_is_over(conn->peer)) return;
    if (echo_peer_receive(conn->peer, (echo_bytes){bytes, len}, &problem) != ECHO_OK && w->problem.code == ECHO_OK)
        w->problem = problem;
}

static echo_status take(bench_wire *w, size_t i, echo_error *err) {
    static uint8_t piece[PIECE];
    bench_conn *conn = &w->conns[i];
    size_t room = w->simulated ? bench_lane_room(&w->in) : PIECE;
    if (room == 0) return ECHO_OK; /* other connections have filled the link */
    ssize_t n = recv(conn->fd, piece, room < PIECE ? room : PIECE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return ECHO_OK;
    if (n <= 0) {
        end(conn);
        return ECHO_OK;
    }
    w->bytes_in += (uint64_t)n;
    if (!w->simulated)
        give(w, conn, piece, (size_t)n);
    else if (!bench_lane_send(&w->in, (unsigned)i, piece, (size_t)n, bench_now_ns()))
        return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    return ECHO_OK;
}

/* The number of these bytes that the socket accepted. */
static size_t push(bench_wire *w, bench_conn *conn, const uint8_t *bytes, size_t len) {
    ssize_t n = conn->ended ? (ssize_t)len : send(conn->fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) end(conn);
    if (n < 0) return 0;
    w->bytes_out += (uint64_t)n;
    return (size_t)n;
}

static echo_status put(bench_wire *w, size_t i, echo_error *err) {
    bench_conn *conn = &w->conns[i];
    for (echo_bytes bytes; !conn->ended && (bytes = echo_peer_pending(conn->peer)).len > 0;) {
        size_t n = bytes.len;
        if (w->simulated) {
            size_t room = bench_lane_room(&w->out);
            n = n < room ? n : room;
            if (!bench_lane_send(&w->out, (unsigned)i, bytes.data, n, bench_now_ns()))
                return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
        } else {
            n = push(w, conn, bytes.data, n);
        }
        if (n == 0) return ECHO_OK;
        echo_peer_sent(conn->peer, n);
    }
    if (!conn->ended && echo_peer_is_over(conn->peer)) end(conn);
    return ECHO_OK;
}

/* Delivers what has arrived at the ends of the simulated link. */
static void deliver(bench_wire *w) {
    uint64_t now = bench_now_ns();
    for (bench_packet *packet; (packet = bench_lane_arrived(&w->in, now)) != NULL; bench_lane_drop(&w->in))
        give(w, &w->conns[packet->tag], packet->bytes, packet->len);
    for (bench_packet *packet; (packet = bench_lane_arrived(&w->out, now)) != NULL; bench_lane_drop(&w->out)) {
        bench_conn *conn = &w->conns[packet->tag];
        packet->taken += push(w, conn, packet->bytes + packet->taken, packet->len - packet->taken);
        if (packet->taken < packet->len && !conn->ended) return;
    }
}

static int patience(const bench_wire *w) {
    uint64_t now = bench_now_ns(), wait = WAIT_MS * (uint64_t)NS_PER_MS;
    const bench_packet *firsts[] = {w->in.first, w->out.first};
    for (unsigned i = 0; i < 2; i++) {
        if (firsts[i] == NULL) continue;
        uint64_t left = firsts[i]->at_ns > now ? firsts[i]->at_ns - now : 0;
        wait = left < wait ? left : wait;
    }
    return (int)((wait + NS_PER_MS - 1) / NS_PER_MS);
}

static echo_status wait_and_take(bench_wire *w, echo_error *err) {
    struct pollfd polled[BENCH_CONNS];
    for (size_t i = 0; i < w->count; i++) {
        bench_conn *conn = &w->conns[i];
        polled[i] = (struct pollfd){conn->ended ? -1 : conn->fd, 0, 0};
        if (conn->ended) continue;
        if (!w->simulated || bench_lane_room(&w->in) > 0) polled[i].events |= POLLIN;
        if (!w->simulated && echo_peer_pending(conn->peer).len > 0) polled[i].events |= POLLOUT;
    }
    if (poll(polled, w->count, patience(w)) < 0 && errno != EINTR)
        return bench_fail(err, ECHO_ERR_IO, "poll: %s", strerror(errno));
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < w->count; i++)
        if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) status = take(w, i, err);
    return status;
}

echo_status bench_wire_turn(bench_wire *w, bool *over, echo_error *err) {
    echo_status status = ECHO_OK;
    if (getppid() != w->parent) return bench_fail(err, ECHO_ERR_IO, "interrupted"); /* the parent has ended */
    for (size_t i = 0; status == ECHO_OK && i < w->count; i++) status = put(w, i, err);
    if (status == ECHO_OK) status = wait_and_take(w, err);
    if (status == ECHO_OK && w->simulated) deliver(w);
    for (size_t i = 0; status == ECHO_OK && i < w->count; i++)
        if (i == 0 || w->conns[i].exchange != w->conns[i - 1].exchange)
            status = echo_exchange_step(w->conns[i].exchange, bench_now_ns(), err);
    *over = true;
    for (size_t i = 0; i < w->count; i++) *over = *over && w->conns[i].ended;
    return status;
}
