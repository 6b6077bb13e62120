#include "bench/child.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

echo_status bench_fail(echo_error *err, echo_status status, const char *format, ...) {
    va_list args;
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = status;
    va_start(args, format);
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return status;
}

/* ---- looking at the process ---- */

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t bench_now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

uint64_t bench_cpu_ns(void) { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

uint64_t bench_memory_peak(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0; /* Linux counts in KiB */
}

uint64_t bench_memory_now(void) {
    unsigned long long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return 0;
    bool read = fscanf(file, "%llu %llu", &size, &resident) == 2;
    (void)fclose(file);
    long page = sysconf(_SC_PAGESIZE);
    return read && page > 0 ? resident * (uint64_t)page : 0;
}

/* ---- a process of its own ---- */

static void on_signal(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

static void handle_signals(void (*handler)(int)) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) (void)sigaction(signals[i], &action, NULL);
}

void bench_catch_signals(void) { handle_signals(on_signal); }

bool bench_pipe_write(int fd, const void *data, size_t len) {
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool bench_pipe_read(int fd, void *data, size_t len) {
    char *at = data;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR && !interrupted) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static void work(int fd, void *result, size_t size, bench_child_fn fn, void *arg) {
    echo_error problem = ECHO_ERROR_INIT;
    handle_signals(SIG_DFL);
    problem.code = fn(result, arg, &problem);
    bool sent = bench_pipe_write(fd, &problem, sizeof problem) && bench_pipe_write(fd, result, size);
    _exit(sent ? 0 : 1);
}

echo_status bench_child(void *result, size_t size, bench_child_fn fn, void *arg, echo_error *err) {
    int ends[2], how = 0;
    memset(result, 0, size);
    if (interrupted) return bench_fail(err, ECHO_ERR_IO, "interrupted");
    if (pipe(ends) != 0) return bench_fail(err, ECHO_ERR_IO, "a pipe cannot be made: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        work(ends[1], result, size, fn, arg);
    }
    (void)close(ends[1]);
    echo_error problem = ECHO_ERROR_INIT;
    bool received =
        child > 0 && bench_pipe_read(ends[0], &problem, sizeof problem) && bench_pipe_read(ends[0], result, size);
    (void)close(ends[0]);
    if (child < 0) return bench_fail(err, ECHO_ERR_IO, "a process cannot be made: %s", strerror(errno));
    if (interrupted) (void)kill(child, SIGTERM);
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) continue;
    if (interrupted) return bench_fail(err, ECHO_ERR_IO, "interrupted");
    if (!received || !WIFEXITED(how) || WEXITSTATUS(how) != 0)
        return bench_fail(err, ECHO_ERR_IO, "a measurement ended early (%s %d)",
                          WIFSIGNALED(how) ? "signal" : "exit code",
                          WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    if (problem.code != ECHO_OK) *err = problem;
    return problem.code;
}
