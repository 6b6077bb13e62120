/*
 * The size of a state packed by zstd at the level of the wire: all chunks in one stream, in the order of their
 * contents, which for leaves is the order of their items. It is the reference for the bytes of a join.
 */
#include "bench/packed_size.h"

#include <echo/echo.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <echo/sys/store.h>

#include "bench/child.h"
#include "bench/folder.h"

#define LEVEL 3
#define WINDOW_LOG 21

typedef struct chunk {
    echo_hash name;
    uint8_t *data;
    size_t len;
} chunk;

typedef struct chunks {
    chunk *list;
    size_t count, cap;
} chunks;

static echo_status add_name(void *arg, const echo_hash *name, uint64_t size) {
    chunks *c = arg;
    (void)size;
    if (c->count == c->cap) {
        size_t cap = c->cap == 0 ? 1024 : 2 * c->cap;
        chunk *list = realloc(c->list, cap * sizeof *list);
        if (list == NULL) return ECHO_ERR_NOMEM;
        c->list = list;
        c->cap = cap;
    }
    c->list[c->count++] = (chunk){*name, NULL, 0};
    return ECHO_OK;
}

static echo_status copy(void *arg, echo_bytes bytes) {
    chunk *one = arg;
    one->data = malloc(bytes.len + 1);
    if (one->data == NULL) return ECHO_ERR_NOMEM;
    memcpy(one->data, bytes.data, bytes.len);
    one->len = bytes.len;
    return ECHO_OK;
}

static int by_content(const void *a, const void *b) {
    const chunk *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* *out has `room` bytes, which is enough. */
static echo_status pack(uint8_t *out, size_t room, bench_packed_size *size, const chunks *c, echo_error *err) {
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    ZSTD_outBuffer packed = {out, room, 0};
    uint64_t start = bench_now_ns();
    bool ok = ctx != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL)) &&
              !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, WINDOW_LOG));
    for (size_t i = 0; ok && i <= c->count; i++) {
        bool last = i == c->count;
        ZSTD_inBuffer in = {last ? NULL : c->list[i].data, last ? 0 : c->list[i].len, 0};
        size_t left = ZSTD_compressStream2(ctx, &packed, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        ok = !ZSTD_isError(left) && in.pos == in.size && (!last || left == 0);
    }
    (void)ZSTD_freeCCtx(ctx);
    size->packed = packed.pos;
    size->ns_pack = bench_now_ns() - start;
    return ok ? ECHO_OK : bench_fail(err, ECHO_ERR_NOMEM, "zstd cannot pack a chunk");
}

/* Unpacks chunk by chunk, as a receiver does. */
static echo_status unpack(const uint8_t *packed, bench_packed_size *size, echo_error *err) {
    static uint8_t piece[1u << 17];
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed, size->packed, 0};
    uint64_t start = bench_now_ns(), bytes = 0;
    size_t left = 1;
    while (ctx != NULL && left != 0 && !ZSTD_isError(left)) {
        ZSTD_outBuffer out = {piece, sizeof piece, 0};
        left = ZSTD_decompressStream(ctx, &out, &in);
        bytes += out.pos;
        if (out.pos == 0 && in.pos == in.size) break;
    }
    (void)ZSTD_freeDCtx(ctx);
    size->ns_unpack = bench_now_ns() - start;
    return bytes == size->bytes ? ECHO_OK : bench_fail(err, ECHO_ERR_NOMEM, "zstd cannot unpack a chunk");
}

/* The work that an exchange cannot avoid. */
static echo_status measure_limits(bench_packed_size *size, const chunks *c, echo_error *err) {
    size_t room = ZSTD_compressBound((size_t)size->bytes) + 1024;
    uint8_t *packed = malloc(room);
    echo_hash hash;
    if (packed == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    uint64_t start = bench_now_ns();
    for (size_t i = 0; i < c->count; i++)
        (void)crypto_generichash(hash.bytes, sizeof hash.bytes, c->list[i].data, c->list[i].len, NULL, 0);
    size->ns_hash = bench_now_ns() - start;
    echo_status status = pack(packed, room, size, c, err);
    if (status == ECHO_OK) status = unpack(packed, size, err);
    free(packed);
    return status;
}

static echo_status add_info(void *arg, const echo_snapshot_info *info) {
    bench_packed_size *out = arg;
    out->records = info->items.bytes;
    return ECHO_OK;
}

echo_status bench_packed_measure(void *result, void *arg, echo_error *err) {
    const bench_packed_args *a = arg;
    bench_packed_size *out = result;
    char path[BENCH_PATH_MAX];
    chunks c = {NULL, 0, 0};
    echo_store store = {NULL, NULL};
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = true;
    how.create = false;
    echo_status status = bench_path(path, a->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_list(&store, &a->party, add_info, out, err);
    if (status == ECHO_OK) status = store.ops->walk(store.ctx, add_name, &c, err);
    for (size_t i = 0; status == ECHO_OK && i < c.count; i++) {
        status = store.ops->get(store.ctx, &c.list[i].name, copy, &c.list[i], err);
        out->bytes += c.list[i].len;
    }
    out->chunks = c.count;
    if (status == ECHO_OK && c.count > 0) qsort(c.list, c.count, sizeof *c.list, by_content);
    if (status == ECHO_OK) status = measure_limits(out, &c, err);
    for (size_t i = 0; i < c.count; i++) free(c.list[i].data);
    free(c.list);
    echo_store_close(&store);
    return status;
}
