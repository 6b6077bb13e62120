#include "bench/peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/folder.h"
#include "bench/wire.h"

echo_status bench_peers_options(echo_party_options *out, echo_registry **models, const char *dir, const echo_key *party,
                                const echo_snapshot_policy *policy, echo_error *err) {
    *out = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    echo_status status = echo_registry_new(models);
    if (status != ECHO_OK) return bench_fail(err, status, "out of memory");
    out->dir = dir;
    out->party = party;
    out->models = *models;
    out->policy = policy;
    return generate_models(*models, err);
}

/* Server 0 writes the first feed; the others are members who never wrote, and the last one fetches. */
static echo_status keys_of(echo_keypair *out, const bench_fetch_args *a, size_t server, echo_error *err) {
    echo_status status = generate_keys(out, a->seed, server == 0 ? 0 : a->feeds + server - 1);
    return status == ECHO_OK ? ECHO_OK : bench_fail(err, status, "keys cannot be made");
}

static echo_status open_store(echo_store *out, const char *dir, bool write, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = !write;
    how.create = write;
    echo_status status = bench_path(path, dir, "snapshots.db", err);
    return status == ECHO_OK ? echo_store_open_sqlite(out, path, &how, err) : status;
}

static echo_status open_feeds(echo_feeds *out, const char *dir, bool write, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.read_only = !write;
    echo_status status = bench_path(path, dir, "feeds", err);
    if (status == ECHO_OK && write && mkdir(path, 0777) != 0 && errno != EEXIST)
        status = bench_fail(err, ECHO_ERR_IO, "%.150s cannot be made: %s", path, strerror(errno));
    return status == ECHO_OK ? echo_feeds_open_dir(out, path, &how, err) : status;
}

/* ---- the servers: one process for all of them, each with an exchange and keys of its own ---- */

typedef struct server {
    echo_keypair keys;
    echo_feeds feeds;
    echo_store store;
    echo_exchange *exchange;
} server;

static echo_status open_server(server *s, const bench_fetch_args *a, size_t i, echo_party *party, echo_error *err) {
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_status status = keys_of(&s->keys, a, i, err);
    if (status == ECHO_OK) status = open_feeds(&s->feeds, a->server_dir, false, err);
    if (status == ECHO_OK)
        status = a->bare ? echo_store_new_memory(&s->store) : open_store(&s->store, a->server_dir, false, err);
    options.party = &a->party;
    options.store = &s->store;
    options.feeds = &s->feeds;
    options.keys = &s->keys;
    options.opened = party;
    return status == ECHO_OK ? echo_exchange_new(&s->exchange, &options, err) : status;
}

static echo_status open_servers(bench_wire *w, const bench_fetch_args *a, const int fds[BENCH_SERVERS],
                                echo_error *err) {
    static server servers[BENCH_SERVERS]; /* zero; the process ends with them */
    static echo_snapshot_policy policy;
    echo_party_options options;
    echo_registry *models;
    echo_party *party = NULL;
    policy = bench_policy_manual();
    echo_status status = bench_peers_options(&options, &models, a->server_dir, &a->party, &policy, err);
    options.writable = false;
    if (status == ECHO_OK) status = echo_party_restore(&party, &options, err);
    for (size_t i = 0; status == ECHO_OK && i < a->servers; i++) {
        status = open_server(&servers[i], a, i, party, err);
        if (status == ECHO_OK) status = bench_wire_add(w, servers[i].exchange, fds[i], false, err);
    }
    return status;
}

/* Writes the result of opening to `to`, and at the end the computing time since then. */
static void serve(const bench_fetch_args *a, const int fds[BENCH_SERVERS], int to) {
    bench_wire wire;
    echo_error problem = ECHO_ERROR_INIT;
    bool over = false;
    bench_wire_init(&wire, NULL);
    problem.code = open_servers(&wire, a, fds, &problem);
    if (!bench_pipe_write(to, &problem, sizeof problem) || problem.code != ECHO_OK) _exit(1);
    uint64_t cpu = bench_cpu_ns();
    while (!over && bench_wire_turn(&wire, &over, &problem) == ECHO_OK) continue;
    cpu = bench_cpu_ns() - cpu;
    _exit(bench_pipe_write(to, &cpu, sizeof cpu) ? 0 : 1);
}

typedef struct serving {
    pid_t child;
    int from, fds[BENCH_SERVERS];
} serving;

static echo_status start_servers(serving *s, const bench_fetch_args *a, echo_error *err) {
    int pipes[2], pairs[BENCH_SERVERS][2], theirs[BENCH_SERVERS];
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < a->servers; i++) {
        if ((status = bench_wire_pair(pairs[i], err)) != ECHO_OK)
            return status; /* the process ends with what is open */
        s->fds[i] = pairs[i][0];
        theirs[i] = pairs[i][1];
    }
    if (pipe(pipes) != 0) return bench_fail(err, ECHO_ERR_IO, "a pipe cannot be made: %s", strerror(errno));
    s->child = fork();
    if (s->child < 0) return bench_fail(err, ECHO_ERR_IO, "a process cannot be made: %s", strerror(errno));
    if (s->child == 0) {
        for (size_t i = 0; i < a->servers; i++) (void)close(s->fds[i]);
        (void)close(pipes[0]);
        serve(a, theirs, pipes[1]);
    }
    for (size_t i = 0; i < a->servers; i++) (void)close(theirs[i]);
    (void)close(pipes[1]);
    s->from = pipes[0];
    echo_error problem = ECHO_ERROR_INIT;
    if (!bench_pipe_read(s->from, &problem, sizeof problem))
        return bench_fail(err, ECHO_ERR_IO, "the server ended early");
    if (problem.code != ECHO_OK) *err = problem;
    return problem.code;
}

static echo_status end_servers(uint64_t *cpu, const serving *s, echo_error *err) {
    int how = 0;
    bool received = bench_pipe_read(s->from, cpu, sizeof *cpu);
    while (waitpid(s->child, &how, 0) < 0 && errno == EINTR) continue;
    return received ? ECHO_OK : bench_fail(err, ECHO_ERR_IO, "the server ended early");
}

/* ---- the fetcher ---- */

typedef struct fetcher {
    const bench_fetch_args *a;
    bench_fetched *out;
    bench_wire wire;
    uint64_t start;
    echo_keypair keys;
    echo_feeds feeds;
    echo_store store;
    echo_registry *models;
    echo_snapshot_policy policy;
    echo_party_options options;
    echo_party *party;   /* away: its older state */
    echo_party *partial; /* what has arrived so far */
    echo_exchange *exchange;
    bool here, failed;
    echo_error problem;
} fetcher;

static void see_event(void *arg, const echo_exchange_event *event) {
    fetcher *f = arg;
    uint64_t now = bench_now_ns() - f->start;
    if (event->error != NULL && f->problem.code == ECHO_OK) f->problem = *event->error;
    switch (event->kind) {
    case ECHO_EXCHANGE_EVENT_USABLE:
        f->out->ns_usable = now;
        f->out->bytes_usable = f->wire.bytes_in;
        break;
    case ECHO_EXCHANGE_EVENT_INSTALLED: f->out->ns_installed = now; break;
    case ECHO_EXCHANGE_EVENT_UP_TO_DATE:
        f->out->ns_here = now;
        f->here = true;
        break;
    case ECHO_EXCHANGE_EVENT_DROPPED:
    case ECHO_EXCHANGE_EVENT_REFUSED:
    case ECHO_EXCHANGE_EVENT_FAILED: f->failed = true; break;
    default: break;
    }
}

static echo_status prepare(fetcher *f, const serving *s, echo_error *err) {
    const bench_fetch_args *a = f->a;
    echo_key members[BENCH_SERVERS];
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    f->policy = bench_policy_manual();
    echo_status status = keys_of(&f->keys, a, BENCH_SERVERS, err);
    for (size_t i = 0; status == ECHO_OK && i < a->servers; i++) {
        echo_keypair keys;
        status = keys_of(&keys, a, i, err);
        members[i] = keys.public_key;
    }
    if (status == ECHO_OK) status = open_feeds(&f->feeds, a->dir, true, err);
    if (status == ECHO_OK) status = open_store(&f->store, a->dir, true, err);
    if (status == ECHO_OK) status = bench_peers_options(&f->options, &f->models, a->dir, &a->party, &f->policy, err);
    f->options.feeds = &f->feeds;
    if (status == ECHO_OK && a->away) status = echo_party_restore(&f->party, &f->options, err);
    options.party = &a->party;
    options.store = &f->store;
    options.feeds = &f->feeds;
    options.keys = &f->keys;
    options.opened = f->party;
    options.models = f->models;
    options.members = members;
    options.member_count = a->servers;
    options.event = see_event;
    options.event_arg = f;
    if (status == ECHO_OK) status = echo_exchange_new(&f->exchange, &options, err);
    if (status == ECHO_OK) status = echo_exchange_start(f->exchange, err);
    for (size_t i = 0; status == ECHO_OK && i < a->servers; i++)
        status = bench_wire_add(&f->wire, f->exchange, s->fds[i], true, err);
    return status;
}

/* Requests what has not arrived yet. */
static echo_status touch(fetcher *f, echo_error *err) {
    echo_error pending = ECHO_ERROR_INIT;
    echo_item *item;
    echo_status status = ECHO_OK;
    if (f->out->ns_usable == 0 || f->out->ns_first != 0 || f->a->first_id == NULL) return ECHO_OK;
    if (f->partial == NULL) {
        echo_party_options options = f->options;
        options.store = echo_exchange_store(f->exchange);
        options.writable = false;
        status = echo_party_restore(&f->partial, &options, &pending);
    }
    if (status == ECHO_OK) status = echo_item_get(&item, f->partial, f->a->first_id, &pending);
    if (status == ECHO_ERR_PENDING) return ECHO_OK;
    if (status != ECHO_OK || !echo_item_has_state(item)) {
        if (status == ECHO_OK) return bench_fail(err, ECHO_ERR_CORRUPT, "the first item has no state");
        *err = pending;
        return status;
    }
    f->out->ns_first = bench_now_ns() - f->start;
    f->out->bytes_first = f->wire.bytes_in;
    echo_party_free(f->partial);
    f->partial = NULL;
    return ECHO_OK;
}

static echo_status carry(fetcher *f, echo_error *err) {
    echo_status status = ECHO_OK;
    bool over = false;
    while (status == ECHO_OK && !f->here && !f->failed && !over) {
        status = bench_wire_turn(&f->wire, &over, err);
        if (status == ECHO_OK) status = touch(f, err);
    }
    if (status != ECHO_OK || (f->here && !f->failed)) return status;
    const echo_error *why = f->problem.code != ECHO_OK ? &f->problem : &f->wire.problem;
    return bench_fail(err, ECHO_ERR_IO, "the fetch ended early: %.180s",
                      why->code != ECHO_OK ? why->message : "the connection was closed");
}

/* Brings the party to its new state: by its new snapshot, or by the new blocks. */
static echo_status arrive(fetcher *f, echo_error *err) {
    uint64_t start = bench_now_ns(), applied = 0;
    echo_status status = ECHO_OK;
    if (f->party != NULL && f->out->ns_installed == 0) {
        status = echo_party_poll(&applied, f->party, 0, err);
        f->out->messages_read = applied;
    } else {
        echo_exchange_set_party(f->exchange, NULL);
        echo_party_free(f->party);
        f->party = NULL;
        status = echo_party_restore(&f->party, &f->options, err);
        if (status == ECHO_OK) f->out->messages_read = echo_party_report(f->party)->messages_read;
    }
    f->out->ns_party = bench_now_ns() - start;
    f->out->ns = bench_now_ns() - f->start;
    return status;
}

static echo_status look(fetcher *f, echo_error *err) {
    echo_snapshot_result result;
    echo_party_status party;
    echo_party_status_get(&party, f->party);
    f->out->peak = bench_memory_peak();
    f->out->items = party.items;
    echo_exchange_state_get(&f->out->state, f->exchange);
    f->out->by_chunks = f->out->state.by_chunks;
    f->out->bytes_in = f->wire.bytes_in;
    f->out->bytes_out = f->wire.bytes_out;
    bench_wire_close(&f->wire);
    echo_exchange_free(f->exchange);
    echo_store_close(&f->store);
    echo_status status = echo_party_snapshot(&result, f->party, err);
    if (status == ECHO_OK) f->out->digest = result.digest;
    echo_party_free(f->party);
    echo_feeds_close(&f->feeds);
    return status;
}

echo_status bench_fetch(void *result, void *arg, echo_error *err) {
    static fetcher f; /* zero; the process ends with what is still open */
    serving s;
    memset(&f, 0, sizeof f);
    f.a = arg;
    f.out = result;
    f.problem = (echo_error)ECHO_ERROR_INIT;
    echo_status status = bench_link_enter(f.a->link, err);
    if (status == ECHO_OK) status = start_servers(&s, f.a, err);
    bench_wire_init(&f.wire, f.a->link);
    if (status == ECHO_OK) status = prepare(&f, &s, err);
    uint64_t cpu = bench_cpu_ns();
    f.start = bench_now_ns();
    if (status == ECHO_OK) status = carry(&f, err);
    if (status == ECHO_OK) status = arrive(&f, err);
    f.out->cpu = bench_cpu_ns() - cpu;
    if (status == ECHO_OK) status = look(&f, err);
    return status == ECHO_OK ? end_servers(&f.out->server_cpu, &s, err) : status;
}
