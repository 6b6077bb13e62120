#include "bench/life_opener.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/folder.h"
#include "bench/series.h"
#include "bench/session.h"

typedef enum request { REQUEST_COPY = 1, REQUEST_OPEN } request;

typedef struct reply {
    echo_error problem;
    bench_opened opened;
} reply;

typedef struct place {
    const char *dir, *copy;
    const echo_key *party;
    unsigned openings;
} place;

/* ---- the process ---- */

static echo_status copy_store(const place *p, echo_error *err) {
    static const char *const files[] = {"snapshots.db", "snapshots.db-wal", "snapshots.db-shm"};
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < sizeof files / sizeof files[0]; i++)
        status = bench_folder_copy_file(p->copy, p->dir, files[i], err);
    return status;
}

static echo_status open_once(void *result, void *arg, echo_error *err) {
    const place *p = arg;
    bench_opened *out = result;
    echo_registry *models = NULL;
    echo_party *party = NULL;
    echo_snapshot_policy policy = bench_policy_manual();
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_status status = echo_registry_new(&models);
    if (status != ECHO_OK) return bench_fail(err, status, "out of memory");
    status = generate_models(models, err);
    options.dir = p->copy;
    options.party = p->party;
    options.models = models;
    options.policy = &policy;
    uint64_t start = bench_now_ns();
    if (status == ECHO_OK) status = echo_party_restore(&party, &options, err);
    out->ns = bench_now_ns() - start;
    if (status != ECHO_OK) return status;
    out->messages_read = echo_party_report(party)->messages_read;
    out->chunks_read = echo_party_report(party)->chunks_read;
    out->damage = echo_party_report(party)->damage_count;
    return ECHO_OK; /* the process ends here */
}

static echo_status open_some(bench_opened *out, place *p, echo_error *err) {
    bench_series ns = {{0}, 0};
    echo_status status = ECHO_OK;
    for (unsigned i = 0; status == ECHO_OK && i < p->openings; i++) {
        status = bench_child(out, sizeof *out, open_once, p, err);
        bench_series_add(&ns, out->ns);
    }
    out->ns = bench_median(&ns);
    return status;
}

static void serve(int from, int to, place *p) {
    request what;
    while (bench_pipe_read(from, &what, sizeof what)) {
        reply answer;
        memset(&answer, 0, sizeof answer);
        if (what == REQUEST_COPY)
            answer.problem.code = copy_store(p, &answer.problem);
        else
            answer.problem.code = open_some(&answer.opened, p, &answer.problem);
        if (!bench_pipe_write(to, &answer, sizeof answer)) break;
    }
    _exit(0);
}

/* ---- asking it ---- */

/* The copy links to the feeds: they only grow, and nothing writes while it opens. */
static echo_status link_feeds(const place *p, echo_error *err) {
    char feeds[BENCH_PATH_MAX], link[BENCH_PATH_MAX];
    echo_status status = bench_path(link, p->copy, "feeds", err);
    if (status != ECHO_OK) return status;
    if (p->dir[0] == '/') {
        status = bench_path(feeds, p->dir, "feeds", err);
    } else { /* beside each other */
        const char *name = strrchr(p->dir, '/');
        char up[BENCH_PATH_MAX];
        status = bench_path(up, "..", name == NULL ? p->dir : name + 1, err);
        if (status == ECHO_OK) status = bench_path(feeds, up, "feeds", err);
    }
    if (status == ECHO_OK && symlink(feeds, link) != 0)
        return bench_fail(err, ECHO_ERR_IO, "%.150s cannot be made: %s", link, strerror(errno));
    return status;
}

echo_status bench_opener_begin(bench_opener *out, const char *dir, const char *copy, const echo_key *party,
                               unsigned openings, echo_error *err) {
    int there[2] = {-1, -1}, back[2] = {-1, -1};
    place p = {dir, copy, party, openings};
    echo_status status = link_feeds(&p, err);
    if (status != ECHO_OK) return status;
    pid_t child = pipe(there) == 0 && pipe(back) == 0 ? fork() : -1;
    if (child == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        serve(there[0], back[1], &p);
    }
    if (child < 0) return bench_fail(err, ECHO_ERR_IO, "a process cannot be made: %s", strerror(errno));
    (void)close(there[0]);
    (void)close(back[1]);
    *out = (bench_opener){there[1], back[0]};
    return ECHO_OK;
}

static echo_status ask(bench_opened *out, const bench_opener *opener, request what, echo_error *err) {
    static reply answer; /* large */
    if (!bench_pipe_write(opener->to, &what, sizeof what) || !bench_pipe_read(opener->from, &answer, sizeof answer))
        return bench_fail(err, ECHO_ERR_IO, "the process that opens parties has ended");
    if (answer.problem.code != ECHO_OK) *err = answer.problem;
    if (out != NULL) *out = answer.opened;
    return answer.problem.code;
}

echo_status bench_opener_copy(const bench_opener *opener, echo_error *err) {
    return ask(NULL, opener, REQUEST_COPY, err);
}

echo_status bench_opener_open(bench_opened *out, const bench_opener *opener, echo_error *err) {
    return ask(out, opener, REQUEST_OPEN, err);
}

void bench_opener_end(const bench_opener *opener) {
    (void)close(opener->to);
    (void)close(opener->from);
}
