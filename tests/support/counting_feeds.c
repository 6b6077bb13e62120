#include "support/test.h"

#include "support/counting_feeds.h"

#include <stdlib.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>

typedef struct counted {
    void *inner;
    echo_key key;
} counted;

typedef struct passing {
    counting_feeds *c;
    const echo_key *key;
    echo_block_fn fn;
    void *arg;
} passing;

static echo_status list(void *ctx, echo_feed_list_fn fn, void *arg, echo_error *err) {
    counting_feeds *c = ctx;
    return c->inner->ops->list(c->inner->ctx, fn, arg, err);
}

static echo_status open_feed(void **feed, void *ctx, const echo_key *key, echo_error *err) {
    counting_feeds *c = ctx;
    void *inner;
    *feed = NULL;
    echo_status status = c->inner->ops->open(&inner, c->inner->ctx, key, err);
    if (status != ECHO_OK) return status;
    counted *f = malloc(sizeof *f);
    if (f == NULL) {
        c->inner->ops->close(c->inner->ctx, inner);
        return ECHO_ERR_NOMEM;
    }
    *f = (counted){inner, *key};
    *feed = f;
    return ECHO_OK;
}

static void close_feed(void *ctx, void *feed) {
    counting_feeds *c = ctx;
    c->inner->ops->close(c->inner->ctx, ((counted *)feed)->inner);
    free(feed);
}

static echo_status info(echo_feed_info *out, void *ctx, void *feed, echo_error *err) {
    counting_feeds *c = ctx;
    return c->inner->ops->info(out, c->inner->ctx, ((counted *)feed)->inner, err);
}

static echo_status pass(void *arg, uint64_t seq, echo_bytes block) {
    passing *p = arg;
    uint64_t covered;
    p->c->blocks++;
    if (p->c->covered != NULL && echo_timeframe_get(&covered, p->c->covered, p->key) && seq <= covered)
        p->c->breaches++;
    return p->fn(p->arg, seq, block);
}

static echo_status read_blocks(void *ctx, void *feed, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                               echo_error *err) {
    counting_feeds *c = ctx;
    counted *f = feed;
    passing p = {c, &f->key, fn, arg};
    c->reads++;
    return c->inner->ops->read(c->inner->ctx, f->inner, from, to, pass, &p, err);
}

static bool has(void *ctx, void *feed, uint64_t seq) {
    counting_feeds *c = ctx;
    return c->inner->ops->has(c->inner->ctx, ((counted *)feed)->inner, seq);
}

static echo_status append(uint64_t *first, void *ctx, void *feed, const echo_bytes *blocks, size_t n, echo_error *err) {
    counting_feeds *c = ctx;
    c->appends++;
    return c->inner->ops->append(first, c->inner->ctx, ((counted *)feed)->inner, blocks, n, err);
}

static echo_status sync_feed(void *ctx, void *feed, echo_error *err) {
    counting_feeds *c = ctx;
    c->syncs++;
    return c->inner->ops->sync(c->inner->ctx, ((counted *)feed)->inner, err);
}

static echo_status keypair(echo_keypair *out, void *ctx, void *feed) {
    counting_feeds *c = ctx;
    return c->inner->ops->keypair(out, c->inner->ctx, ((counted *)feed)->inner);
}

static void destroy(void *ctx) { (void)ctx; }

static echo_status root(echo_hash *out, void *ctx, void *feed, uint64_t length, echo_error *err) {
    counting_feeds *c = ctx;
    if (c->inner->ops->root == NULL) return ECHO_ERR_NOT_FOUND;
    return c->inner->ops->root(out, c->inner->ctx, ((counted *)feed)->inner, length, err);
}

static bool vouch(void *ctx, const echo_key *author, const echo_key *feed, uint64_t length,
                  const echo_hash *root_hash) {
    counting_feeds *c = ctx;
    return c->inner->ops->vouch != NULL && c->inner->ops->vouch(c->inner->ctx, author, feed, length, root_hash);
}

void counting_feeds_init(counting_feeds *c, const echo_feeds *inner) {
    static const echo_feed_ops ops = {.version = ECHO_FEED_OPS_VERSION,
                                      .list = list,
                                      .open = open_feed,
                                      .close = close_feed,
                                      .info = info,
                                      .read = read_blocks,
                                      .has = has,
                                      .append = append,
                                      .sync = sync_feed,
                                      .keypair = keypair,
                                      .destroy = destroy,
                                      .root = root,
                                      .vouch = vouch};
    *c = (counting_feeds){{&ops, c}, inner, NULL, 0, 0, 0, 0, 0};
}
