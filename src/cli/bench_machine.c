/* What the machine itself can do, measured in the same minute: without it no number of ours says anything. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_open.h"

#define ROUNDS 5u
#define ROUND_NS 40000000u
#define SYNCS 21u

/* ---- hashes and signatures ---- */

static void hash_some(unsigned n) {
    uint8_t block[150], digest[32];
    memset(block, 1, sizeof block);
    for (unsigned i = 0; i < n; i++) {
        (void)crypto_generichash(digest, sizeof digest, block, sizeof block, NULL, 0);
        memcpy(block, digest, sizeof digest); /* the next one waits for this one */
    }
}

static void verify_some(unsigned n) {
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES],
        message[40] = {1};
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {2};
    (void)crypto_sign_seed_keypair(key, secret, seed);
    (void)crypto_sign_detached(signature, NULL, message, sizeof message, secret);
    for (unsigned i = 0; i < n; i++) (void)!crypto_sign_verify_detached(signature, message, sizeof message, key);
}

static void measure_rate(bench_series *out, void (*some)(unsigned), unsigned step) {
    some(step);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t done = 0, start = bench_now_ns(), ns = 0;
        for (; ns < ROUND_NS; ns = bench_now_ns() - start, done += step) some(step);
        bench_series_add(out, done * UINT64_C(1000000000) / ns);
    }
}

/* ---- the disk ---- */

static echo_status measure_sync(bench_series *out, const char *dir, echo_error *err) {
    char path[BENCH_PATH_MAX];
    static const uint8_t page[4096];
    echo_status status = bench_path(path, dir, "sync", err);
    if (status != ECHO_OK) return status;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0;
    for (unsigned i = 0; ok && i < SYNCS; i++) {
        uint64_t start = bench_now_ns();
        ok = write(fd, page, sizeof page) == (ssize_t)sizeof page && fsync(fd) == 0;
        bench_series_add(out, bench_now_ns() - start);
    }
    if (!ok) bench_fail(err, ECHO_ERR_IO, "%.150s cannot be written: %s", path, strerror(errno));
    if (fd >= 0) (void)close(fd);
    (void)unlink(path);
    return ok ? ECHO_OK : ECHO_ERR_IO;
}

echo_status bench_machine_run(bench *b, echo_error *err) {
    if (b->machine.sync.count > 0) return ECHO_OK; /* measured before another mode */
    if (sodium_init() < 0) return bench_fail(err, ECHO_ERR_IO, "the system has no random source");
    measure_rate(&b->machine.hashes, hash_some, 1000);
    measure_rate(&b->machine.verifies, verify_some, 50);
    return measure_sync(&b->machine.sync, b->work, err);
}

/* ---- parsing the records: what the state would cost if cJSON were all of it ---- */

typedef struct lines {
    char *text;
    size_t len, cap;
    size_t *ends;
    size_t count, ends_cap;
} lines;

static echo_status keep_line(void *arg, const char *id, echo_bytes line) {
    lines *l = arg;
    (void)id;
    if (l->cap - l->len < line.len) {
        size_t cap = (l->cap + line.len) * 2;
        char *text = realloc(l->text, cap);
        if (text == NULL) return ECHO_ERR_NOMEM;
        l->text = text;
        l->cap = cap;
    }
    if (l->count == l->ends_cap) {
        size_t cap = l->ends_cap == 0 ? 1024 : l->ends_cap * 2;
        size_t *ends = realloc(l->ends, cap * sizeof *ends);
        if (ends == NULL) return ECHO_ERR_NOMEM;
        l->ends = ends;
        l->ends_cap = cap;
    }
    memcpy(l->text + l->len, line.data, line.len);
    l->len += line.len;
    l->ends[l->count++] = l->len;
    return ECHO_OK;
}

/* All trees are kept, as eager opening keeps all states. */
static echo_status parse_lines(bench_parsing *out, const lines *l, echo_error *err) {
    cJSON **trees = calloc(l->count + 1, sizeof *trees);
    if (trees == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    bool ok = true;
    size_t from = 0;
    uint64_t cpu = bench_cpu_ns(), start = bench_now_ns();
    for (size_t i = 0; ok && i < l->count; i++) {
        trees[i] = cJSON_ParseWithLength(l->text + from, l->ends[i] - from);
        ok = trees[i] != NULL;
        from = l->ends[i];
    }
    out->ns = bench_now_ns() - start;
    out->cpu = bench_cpu_ns() - cpu;
    free(trees); /* not what hangs on it: the process ends here */
    return ok ? ECHO_OK : bench_fail(err, ECHO_ERR_CORRUPT, "cJSON does not parse a record");
}

static echo_status parse_records(void *result, void *arg, echo_error *err) {
    const bench_case *c = arg;
    char path[BENCH_PATH_MAX];
    lines l = {NULL, 0, 0, NULL, 0, 0};
    echo_store store = {NULL, NULL};
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = true;
    how.create = false;
    echo_status status = bench_path(path, c->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_records(&store, &c->party.key, 0, keep_line, &l, err);
    echo_store_close(&store);
    if (status == ECHO_OK) status = parse_lines(result, &l, err);
    free(l.text);
    free(l.ends);
    return status;
}

echo_status bench_machine_parse(bench_parsing *out, const bench_case *c, echo_error *err) {
    return bench_child(out, sizeof *out, parse_records, (void *)(uintptr_t)c, err);
}
