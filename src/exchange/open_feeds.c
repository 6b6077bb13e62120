#include "exchange/open_feeds.h"

#include "base/alloc.h"
#include "base/error.h"

static echo_status keep_feed(echo__open_feed **out, echo_exchange *x, const echo_key *key, void *handle,
                             echo_error *err) {
    echo__open_feed *feed = echo__calloc(1, sizeof *feed);
    if (feed != NULL) {
        feed->key = *key;
        feed->handle = handle;
        if (echo__map_put(&x->open, feed->key.bytes, sizeof feed->key.bytes, feed)) {
            *out = feed;
            return ECHO_OK;
        }
    }
    echo__free(feed);
    x->feeds->ops->close(x->feeds->ctx, handle);
    return echo__nomem(err);
}

echo_status echo__open_feeds_get(echo__open_feed **out, echo_exchange *x, const echo_key *key, bool make,
                                 echo_error *err) {
    const echo_feed_ops *ops = x->feeds->ops;
    *out = echo__map_get(&x->open, key->bytes, sizeof key->bytes);
    if (*out != NULL) return ECHO_OK;
    void *handle;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = ops->open(&handle, x->feeds->ctx, key, &problem);
    if (status == ECHO_ERR_NOT_FOUND && make) {
        status = ops->make(x->feeds->ctx, key, &problem);
        if (status == ECHO_OK) status = ops->open(&handle, x->feeds->ctx, key, &problem);
    }
    if (status != ECHO_OK) {
        if (err != NULL) *err = problem;
        return status;
    }
    return keep_feed(out, x, key, handle, err);
}

echo_status echo__open_feeds_sync(echo_exchange *x, echo_error *err) {
    size_t at = 0;
    for (echo__open_feed *feed; (feed = echo__map_next(&x->open, &at)) != NULL;) {
        if (!feed->changed) continue;
        echo_status status = x->feeds->ops->sync(x->feeds->ctx, feed->handle, err);
        if (status != ECHO_OK) return status;
        feed->changed = false;
    }
    return ECHO_OK;
}

void echo__open_feeds_close(echo_exchange *x) {
    size_t at = 0;
    for (echo__open_feed *feed; (feed = echo__map_next(&x->open, &at)) != NULL;) {
        x->feeds->ops->close(x->feeds->ctx, feed->handle);
        echo__free(feed);
    }
    echo__map_free(&x->open);
}
