#include "support/feed_fault.h"

#include "base/error.h"
#include <echo/sys/feed.h>
#include <echo/sys/store.h>

#define INNER(f, name, ...) (f)->inner->ops->name((f)->inner->ctx, __VA_ARGS__)

static echo_status enter(feed_fault *f, feed_fault_call kind, echo_error *err) {
    f->calls[kind]++;
    if (f->nth == 0 || (f->kind != FEED_FAULT_ANY && f->kind != kind)) return ECHO_OK;
    if (++f->seen != f->nth) return ECHO_OK;
    f->hit = true;
    return echo__error(err, f->status, "made to fail by the test");
}

static echo_status list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    return INNER((feed_fault *)ctx, list, fn, arg, err);
}

static echo_status open_feed(void **feed, void *ctx, const echo_key *key, echo_error *err) {
    feed_fault *f = ctx;
    *feed = NULL;
    echo_status status = enter(f, FEED_FAULT_OPEN, err);
    return status != ECHO_OK ? status : f->inner->ops->open(feed, f->inner->ctx, key, err);
}

static void close_feed(void *ctx, void *feed) { INNER((feed_fault *)ctx, close, feed); }

static echo_status info(echo_feed_info *out, void *ctx, void *feed, echo_error *err) {
    echo_status status = enter(ctx, FEED_FAULT_INFO, err);
    const echo_feeds *inner = ((feed_fault *)ctx)->inner;
    return status != ECHO_OK ? status : inner->ops->info(out, inner->ctx, feed, err);
}

static echo_status read_blocks(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                               echo_error *err) {
    echo_status status = enter(ctx, FEED_FAULT_READ, err);
    return status != ECHO_OK ? status : INNER((feed_fault *)ctx, read, feed, from, to, fn, arg, err);
}

static bool has(void *ctx, void *feed, uint64_t seq) { return INNER((feed_fault *)ctx, has, feed, seq); }

static echo_status append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n, echo_error *err) {
    feed_fault *f = ctx;
    return f->inner->ops->append(first, f->inner->ctx, feed, blocks, n, err);
}

static echo_status sync_feed(void *ctx, void *feed, echo_error *err) {
    echo_status status = enter(ctx, FEED_FAULT_SYNC, err);
    return status != ECHO_OK ? status : INNER((feed_fault *)ctx, sync, feed, err);
}

static echo_status keypair(echo_keypair *out, void *ctx, void *feed) {
    feed_fault *f = ctx;
    return f->inner->ops->keypair(out, f->inner->ctx, feed);
}

static void destroy(void *ctx) { (void)ctx; }

static echo_status make(void *ctx, const echo_key *key, echo_error *err) {
    echo_status status = enter(ctx, FEED_FAULT_MAKE, err);
    return status != ECHO_OK ? status : INNER((feed_fault *)ctx, make, key, err);
}

static echo_status prove(echo_feed_proof *out, void *ctx, void *feed, uint64_t from, uint64_t to, echo_error *err) {
    feed_fault *f = ctx;
    echo_status status = enter(f, FEED_FAULT_PROVE, err);
    return status != ECHO_OK ? status : f->inner->ops->prove(out, f->inner->ctx, feed, from, to, err);
}

static echo_status put(void *ctx, void *feed, const echo_bytes *blocks, const echo_feed_proof *proof, echo_error *err) {
    echo_status status = enter(ctx, FEED_FAULT_PUT, err);
    return status != ECHO_OK ? status : INNER((feed_fault *)ctx, put, feed, blocks, proof, err);
}

static echo_status root(echo_hash *out, void *ctx, void *feed, uint64_t length, echo_error *err) {
    feed_fault *f = ctx;
    echo_status status = enter(f, FEED_FAULT_ROOT, err);
    if (status != ECHO_OK) return status;
    if (f->inner->ops->root == NULL) return ECHO_ERR_NOT_FOUND;
    return f->inner->ops->root(out, f->inner->ctx, feed, length, err);
}

void feed_fault_init(feed_fault *f, const echo_feeds *inner) {
    static const echo_feed_ops ops = {ECHO_FEED_OPS_VERSION,
                                      list,
                                      open_feed,
                                      close_feed,
                                      info,
                                      read_blocks,
                                      has,
                                      append,
                                      sync_feed,
                                      keypair,
                                      destroy,
                                      make,
                                      prove,
                                      put,
                                      root,
                                      NULL};
    *f = (feed_fault){.feeds = {&ops, f}, .inner = inner, .kind = FEED_FAULT_ANY};
}

void feed_fault_plan(feed_fault *f, feed_fault_call kind, uint64_t nth, echo_status status) {
    f->kind = kind;
    f->nth = nth;
    f->seen = 0;
    f->status = status;
    f->hit = false;
}
