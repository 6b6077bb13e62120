/*
 * Carrying bytes between an exchange and its peers over TCP on the loopback: one thread and poll().
 * What a process receives can pass a simulated link first, and so can what it sends.
 */
#ifndef ECHO_BENCH_WIRE_H
#define ECHO_BENCH_WIRE_H

#include <echo/exchange.h>
#include <sys/types.h>

#include "bench/link.h"

#define BENCH_CONNS 5u

typedef struct bench_conn {
    int fd;
    echo_exchange *exchange;
    echo_peer *peer;
    bool ended;
} bench_conn;

typedef struct bench_wire {
    bench_conn conns[BENCH_CONNS];
    size_t count;
    bool simulated; /* through the lanes */
    bench_lane in, out;
    uint64_t bytes_in, bytes_out; /* that went through sockets */
    echo_error problem;           /* the first problem a peer had */
    pid_t parent;
} bench_wire;

/* Two ends of a connection. */
echo_status bench_wire_pair(int ends[2], echo_error *err) ECHO_MUST_USE;
/* link may be NULL. Must be closed, also after errors. */
void bench_wire_init(bench_wire *w, const bench_link *link);
/* Another connection; the descriptor belongs to the wire from now on. */
echo_status bench_wire_add(bench_wire *w, echo_exchange *exchange, int fd, bool initiator,
                           echo_error *err) ECHO_MUST_USE;
/* Waits at most 50 ms until something can be carried, carries it, and steps every exchange. *over: all connections
 * ended. */
echo_status bench_wire_turn(bench_wire *w, bool *over, echo_error *err) ECHO_MUST_USE;
/* Closes peers and descriptors; before the exchanges are freed. */
void bench_wire_close(bench_wire *w);

#endif
