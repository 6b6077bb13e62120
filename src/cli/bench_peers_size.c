/*
 * What a state takes when it is packed as well as zstd does that at the level of the wire: all chunks in one stream, in the order
 * of their contents, which for leaves is the order of their items.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "bench_peers.h"

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

static echo_status note(void *arg, const echo_hash *name, uint64_t size) {
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

static echo_status pack(uint64_t *out, const chunks *c, echo_error *err) {
    static uint8_t room[1u << 17];
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    bool ok = ctx != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL)) &&
              !ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, WINDOW_LOG));
    for (size_t i = 0; ok && i <= c->count; i++) {
        ZSTD_inBuffer in = {i < c->count ? c->list[i].data : room, i < c->count ? c->list[i].len : 0, 0};
        for (size_t left = 1; ok && (in.pos < in.size || (i == c->count && left != 0));) {
            ZSTD_outBuffer packed = {room, sizeof room, 0};
            left = ZSTD_compressStream2(ctx, &packed, &in, i == c->count ? ZSTD_e_end : ZSTD_e_continue);
            ok = !ZSTD_isError(left);
            *out += packed.pos;
        }
    }
    (void)ZSTD_freeCCtx(ctx);
    return ok ? ECHO_OK : bench_fail(err, ECHO_ERR_NOMEM, "zstd does not pack");
}

static echo_status see_info(void *arg, const echo_snapshot_info *info) {
    bench_state_size *out = arg;
    out->records = info->items.bytes;
    return ECHO_OK;
}

echo_status bench_state_measure(void *result, void *arg, echo_error *err) {
    const bench_state_args *a = arg;
    bench_state_size *out = result;
    char path[BENCH_PATH_MAX];
    chunks c = {NULL, 0, 0};
    echo_store store = {NULL, NULL};
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    how.read_only = true;
    how.create = false;
    echo_status status = bench_path(path, a->dir, "snapshots.db", err);
    if (status == ECHO_OK) status = echo_store_open_sqlite(&store, path, &how, err);
    if (status == ECHO_OK) status = echo_snapshot_list(&store, &a->party, see_info, out, err);
    if (status == ECHO_OK) status = store.ops->walk(store.ctx, note, &c, err);
    for (size_t i = 0; status == ECHO_OK && i < c.count; i++) {
        status = store.ops->get(store.ctx, &c.list[i].name, copy, &c.list[i], err);
        out->bytes += c.list[i].len;
    }
    out->chunks = c.count;
    if (status == ECHO_OK && c.count > 0) qsort(c.list, c.count, sizeof *c.list, by_content);
    if (status == ECHO_OK) status = pack(&out->packed, &c, err);
    for (size_t i = 0; i < c.count; i++) free(c.list[i].data);
    free(c.list);
    echo_store_close(&store);
    return status;
}
