/* Parses the records of a snapshot with cJSON alone: the cost that hydrating is compared with. */
#include "bench/open_parse.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"

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
    free(trees); /* but not the trees: the process ends now */
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

echo_status bench_open_parse(bench_parsing *out, const bench_case *c, echo_error *err) {
    return bench_child(out, sizeof *out, parse_records, (void *)(uintptr_t)c, err);
}
