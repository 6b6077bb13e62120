/*
 * Every measurement runs in a process of its own, so that memory is that of the measurement alone and none profits from
 * what another left in the allocator. All times are nanoseconds of the monotonic clock, all sizes bytes.
 */
#ifndef ECHO_BENCH_CHILD_H
#define ECHO_BENCH_CHILD_H

#include <echo/base.h>

typedef echo_status (*bench_child_fn)(void *result, void *arg, echo_error *err);
/* Runs fn in a process of its own; `size` bytes at `result` (zeroed first) come back through a pipe. */
echo_status bench_child(void *result, size_t size, bench_child_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
uint64_t bench_now_ns(void);
/* Time this process computed, user and system. */
uint64_t bench_cpu_ns(void);
/* Resident memory: the maximum since the process began, and now (0: unknown). */
uint64_t bench_memory_peak(void);
uint64_t bench_memory_now(void);
/* All of it, through a pipe; false: the other end is gone. */
bool bench_pipe_write(int fd, const void *data, size_t len);
bool bench_pipe_read(int fd, void *data, size_t len);
/* Ctrl-C ends the running measurement with ECHO_ERR_IO, so that the folder is removed. */
void bench_catch_signals(void);
/* Fills *err; returns status. */
echo_status bench_fail(echo_error *err, echo_status status, const char *format, ...) ECHO_PRINTF(3, 4);

#endif
