/* A process that opens the party as it lies on disk. */
#ifndef ECHO_BENCH_LIFE_OPENER_H
#define ECHO_BENCH_LIFE_OPENER_H

#include <echo/base.h>

/*
 * A process that opens the party as it lies on disk. It is made before the party is opened, since a process with
 * threads and an open store cannot be divided safely.
 */
typedef struct bench_opener {
    int to, from; /* pipes */
} bench_opener;

typedef struct bench_opened {
    uint64_t ns; /* median */
    uint64_t messages_read, chunks_read, damage;
} bench_opened;

/* dir: the party's folder; copy: an empty one; openings: how often bench_opener_open() opens it. */
echo_status bench_opener_begin(bench_opener *out, const char *dir, const char *copy, const echo_key *party,
                               unsigned openings, echo_error *err) ECHO_MUST_USE;
/* Copies the store as it is now: no snapshot may be running. */
echo_status bench_opener_copy(const bench_opener *opener, echo_error *err) ECHO_MUST_USE;
/* Opens the store that was copied last, with the feeds as they are now. */
echo_status bench_opener_open(bench_opened *out, const bench_opener *opener, echo_error *err) ECHO_MUST_USE;
void bench_opener_end(const bench_opener *opener);

#endif
