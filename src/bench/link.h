/*
 * A slow link for the modes that measure peers: a network namespace whose loopback is slowed down by the kernel
 * (netem), where the machine allows that, otherwise a simulation in the joiner's transport, which is reported as one.
 */
#ifndef ECHO_BENCH_LINK_H
#define ECHO_BENCH_LINK_H

#include <echo/base.h>

#define BENCH_LINK_CHARS 48u
#define BENCH_LINK_WHY 160u

typedef struct bench_link {
    bool given;
    uint64_t bits;     /* per second, each way */
    uint64_t delay_ns; /* one way */
    bool real;         /* by the kernel; otherwise simulated */
    char text[BENCH_LINK_CHARS];
    char why[BENCH_LINK_WHY]; /* the reason for simulating it */
} bench_link;

/* "20mbit,50ms": kbit, mbit or gbit, and us, ms or s. */
bool bench_link_read(bench_link *out, const char *text);
/* Finds out, in a process of its own, whether the kernel of this machine can do it; if not, `why` is the step that
 * failed. */
void bench_link_probe(bench_link *link);
/* Puts this process and its later children alone on the link, as their loopback. Only where the link is real. */
echo_status bench_link_enter(const bench_link *link, echo_error *err) ECHO_MUST_USE;
/* "over 20mbit with 50ms each way (by the kernel)"; nothing without a link. */
void bench_link_describe(char *out, size_t size, const bench_link *link);
struct echo_cli_out;
/* "link": {...}, null without one. */
void bench_link_json(struct echo_cli_out *out, const bench_link *link);

/* ---- simulated: one direction ---- */

typedef struct bench_packet {
    struct bench_packet *next;
    uint64_t at_ns; /* when its last byte has arrived */
    unsigned tag;
    size_t len, taken;
    uint8_t bytes[];
} bench_packet;

typedef struct bench_lane {
    const bench_link *link;
    bench_packet *first, *last;
    uint64_t free_ns; /* when the line is free again */
    size_t bytes;     /* on their way */
} bench_lane;

/* Bytes that can be sent before the sender has to wait: what is on the line, and a buffer. */
size_t bench_lane_room(const bench_lane *lane);
/* false: no memory. */
bool bench_lane_send(bench_lane *lane, unsigned tag, const uint8_t *bytes, size_t len, uint64_t now_ns);
/* The packet that has arrived, or NULL; it stays the first until bench_lane_drop(). */
bench_packet *bench_lane_arrived(const bench_lane *lane, uint64_t now_ns);
void bench_lane_drop(bench_lane *lane);
void bench_lane_free(bench_lane *lane);

#endif
