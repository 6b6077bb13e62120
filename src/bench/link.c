#define _GNU_SOURCE /* unshare */

#include "bench/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "bench/child.h"
#include "cli/output.h"

#define PACKET 1448u /* bytes of a TCP segment on an Ethernet */
#define BUFFERED ((size_t)64 << 10)

/* ---- what it is ---- */

static bool read_unit(uint64_t *out, const char **at, const char *const names[3], const uint64_t factors[3]) {
    char *end;
    errno = 0;
    if (**at < '0' || **at > '9') return false;
    double value = strtod(*at, &end);
    if (errno != 0 || value > 1e9) return false;
    for (unsigned i = 0; i < 3; i++) {
        size_t len = strlen(names[i]);
        if (strncmp(end, names[i], len) != 0 || (end[len] != '\0' && end[len] != ',')) continue;
        *out = (uint64_t)(value * (double)factors[i]);
        *at = end + len;
        return true;
    }
    return false;
}

bool bench_link_read(bench_link *out, const char *text) {
    static const char *const rates[] = {"kbit", "mbit", "gbit"}, *const times[] = {"us", "ms", "s"};
    static const uint64_t bits[] = {1000, 1000000, 1000000000}, ns[] = {1000, 1000000, 1000000000};
    const char *at = text;
    memset(out, 0, sizeof *out);
    if (strlen(text) >= sizeof out->text || !read_unit(&out->bits, &at, rates, bits) || *at++ != ',') return false;
    if (!read_unit(&out->delay_ns, &at, times, ns) || *at != '\0') return false;
    (void)snprintf(out->text, sizeof out->text, "%s", text);
    out->given = true;
    return out->bits >= 1000 && out->delay_ns <= UINT64_C(10000000000);
}

void bench_link_describe(char *out, size_t size, const bench_link *link) {
    out[0] = '\0';
    if (!link->given) return;
    (void)snprintf(out, size, "over %.3f Mbit/s with %.1f ms each way, %s", (double)link->bits / 1e6,
                   (double)link->delay_ns / 1e6, link->real ? "by the kernel" : "SIMULATED in the joiner's transport");
}

void bench_link_json(echo_cli_out *out, const bench_link *link) {
    if (!link->given) {
        echo_cli_json_raw(out, "link", "null");
        return;
    }
    echo_cli_json_object(out, "link");
    echo_cli_json_number(out, "bits_per_second", link->bits);
    echo_cli_json_number(out, "delay_ns", link->delay_ns);
    echo_cli_json_flag(out, "simulated", !link->real);
    echo_cli_json_string(out, "why", link->real ? NULL : link->why);
    echo_cli_json_end(out);
}

/* ---- by the kernel ---- */

#ifdef __linux__
/* Discards the program's output: only its exit code counts. */
static bool run(const char *const argv[]) {
    int how = 0;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
            (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &how, 0) < 0)
        if (errno != EINTR) return false;
    return child > 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/* The kernel removes a namespace with its last process: nothing needs cleaning up. */
static const char *enter(const bench_link *link) {
    char delay[32], rate[32];
    (void)snprintf(delay, sizeof delay, "%lluus", (unsigned long long)(link->delay_ns / 1000));
    (void)snprintf(rate, sizeof rate, "%llubit", (unsigned long long)link->bits);
    const char *const up[] = {"ip", "link", "set", "lo", "up", NULL};
    const char *const slow[] = {"tc",    "qdisc", "add",  "dev", "lo",    "root",   "netem",
                                "delay", delay,   "rate", rate,  "limit", "100000", NULL};
    if (unshare(CLONE_NEWNET) != 0) return "no network namespace can be made";
    if (!run(up)) return "ip cannot bring up the namespace's loopback";
    if (!run(slow)) return "tc cannot add netem to it (sch_netem is not in this kernel, or tc is not installed)";
    return NULL;
}
#else
static const char *enter(const bench_link *link) {
    (void)link;
    return "this system has no network namespaces";
}
#endif

typedef struct probing {
    char why[BENCH_LINK_WHY];
} probing;

static echo_status probe(void *result, void *arg, echo_error *err) {
    probing *out = result;
    (void)err;
    const char *why = enter(arg);
    (void)snprintf(out->why, sizeof out->why, "%s", why == NULL ? "" : why);
    return ECHO_OK;
}

void bench_link_probe(bench_link *link) {
    probing found;
    echo_error err = ECHO_ERROR_INIT;
    if (!link->given) return;
    if (bench_child(&found, sizeof found, probe, link, &err) != ECHO_OK)
        (void)snprintf(found.why, sizeof found.why, "%.150s", err.message);
    link->real = found.why[0] == '\0';
    memcpy(link->why, found.why, sizeof link->why);
}

echo_status bench_link_enter(const bench_link *link, echo_error *err) {
    if (!link->given || !link->real) return ECHO_OK;
    const char *why = enter(link);
    return why == NULL ? ECHO_OK : bench_fail(err, ECHO_ERR_IO, "%s", why);
}

/* ---- simulated ---- */

size_t bench_lane_room(const bench_lane *lane) {
    size_t most = BUFFERED + (size_t)((double)lane->link->bits / 8 * (double)lane->link->delay_ns / 1e9);
    return lane->bytes < most ? most - lane->bytes : 0;
}

bool bench_lane_send(bench_lane *lane, unsigned tag, const uint8_t *bytes, size_t len, uint64_t now_ns) {
    while (len > 0) {
        size_t n = len < PACKET ? len : PACKET;
        bench_packet *packet = malloc(sizeof *packet + n);
        if (packet == NULL) return false;
        if (lane->free_ns < now_ns) lane->free_ns = now_ns;
        lane->free_ns += (uint64_t)((double)n * 8e9 / (double)lane->link->bits);
        packet->at_ns = lane->free_ns + lane->link->delay_ns;
        packet->tag = tag;
        packet->len = n;
        packet->taken = 0;
        packet->next = NULL;
        memcpy(packet->bytes, bytes, n);
        if (lane->last != NULL)
            lane->last->next = packet;
        else
            lane->first = packet;
        lane->last = packet;
        lane->bytes += n;
        bytes += n;
        len -= n;
    }
    return true;
}

bench_packet *bench_lane_arrived(const bench_lane *lane, uint64_t now_ns) {
    return lane->first != NULL && lane->first->at_ns <= now_ns ? lane->first : NULL;
}

void bench_lane_drop(bench_lane *lane) {
    bench_packet *packet = lane->first;
    lane->first = packet->next;
    if (lane->first == NULL) lane->last = NULL;
    lane->bytes -= packet->len;
    free(packet);
}

void bench_lane_free(bench_lane *lane) {
    while (lane->first != NULL) bench_lane_drop(lane);
}
