#include "feed/feeds.h"

#include "base/error.h"

#define REQUIRED(XX) XX(list) XX(open) XX(close) XX(info) XX(read) XX(has) XX(append) XX(sync) XX(keypair) XX(destroy)

echo_status echo__feeds_check(const echo_feeds *feeds, echo_error *err) {
    if (feeds == NULL || feeds->ops == NULL) return echo__error(err, ECHO_ERR_INVALID, "no source of feeds was given");
    const echo_feed_ops *ops = feeds->ops;
    if (ops->version != ECHO_FEED_OPS_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "the table of the feed source has version %u, this library knows %u",
                           (unsigned)ops->version, (unsigned)ECHO_FEED_OPS_VERSION);
#define XX(hook)                                                                                                       \
    if (ops->hook == NULL)                                                                                             \
        return echo__error(err, ECHO_ERR_INVALID, "the table of the feed source lacks the hook " #hook);
    REQUIRED(XX)
    if (ops->make == NULL && ops->prove == NULL && ops->put == NULL) return ECHO_OK;
    XX(make)
    XX(prove)
    XX(put)
#undef XX
    return ECHO_OK;
}

bool echo__feeds_can_exchange(const echo_feeds *feeds) {
    const echo_feed_ops *ops = feeds->ops;
    return ops != NULL && ops->make != NULL && ops->prove != NULL && ops->put != NULL;
}

void echo_feeds_close(echo_feeds *feeds) {
    if (feeds == NULL || feeds->ops == NULL) return;
    feeds->ops->destroy(feeds->ctx);
    *feeds = (echo_feeds)ECHO_FEEDS_INIT;
}

echo_status echo_feeds_list(const echo_feeds *feeds, echo_feed_list_fn fn, void *arg, echo_error *err) {
    if (fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "fn is NULL");
    echo_status status = echo__feeds_check(feeds, err);
    return status == ECHO_OK ? feeds->ops->list(feeds->ctx, fn, arg, err) : status;
}

static echo_status open_feed(void **handle, const echo_feeds *feeds, const echo_key *feed, echo_error *err) {
    echo_status status = echo__feeds_check(feeds, err);
    if (status != ECHO_OK) return status;
    if (feed == NULL) return echo__error(err, ECHO_ERR_INVALID, "feed is NULL");
    return feeds->ops->open(handle, feeds->ctx, feed, err);
}

echo_status echo_feeds_info(echo_feed_info *out, const echo_feeds *feeds, const echo_key *feed, echo_error *err) {
    void *handle;
    echo_feed_info info;
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = open_feed(&handle, feeds, feed, err);
    if (status != ECHO_OK) return status;
    status = feeds->ops->info(&info, feeds->ctx, handle, err);
    feeds->ops->close(feeds->ctx, handle);
    if (status == ECHO_OK) *out = info;
    return status;
}

echo_status echo_feeds_keypair(echo_keypair *out, const echo_feeds *feeds, const echo_key *feed, echo_error *err) {
    void *handle;
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = open_feed(&handle, feeds, feed, err);
    if (status != ECHO_OK) return status;
    status = feeds->ops->keypair(out, feeds->ctx, handle);
    feeds->ops->close(feeds->ctx, handle);
    if (status != ECHO_OK) {
        echo__error(err, status, "the feed's key pair cannot be read: %s",
                    status == ECHO_ERR_READONLY ? "its secret key is not present" : echo_status_text(status));
        echo__error_feed(err, feed);
    }
    return status;
}

echo_status echo_feeds_add(const echo_feeds *feeds, const echo_key *feed, echo_error *err) {
    echo_status status = echo__feeds_check(feeds, err);
    if (status != ECHO_OK) return status;
    if (feed == NULL) return echo__error(err, ECHO_ERR_INVALID, "feed is NULL");
    if (!echo__feeds_can_exchange(feeds))
        return echo__error(err, ECHO_ERR_UNSUPPORTED, "this feed source cannot store blocks received from peers");
    return feeds->ops->make(feeds->ctx, feed, err);
}
