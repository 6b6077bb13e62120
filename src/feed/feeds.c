#include "feed/feeds.h"

#include "base/error.h"

echo_status echo__feeds_check(const echo_feeds *feeds, echo_error *err) {
    const echo_feed_ops *ops = feeds->ops;
    if (ops == NULL) return echo__error(err, ECHO_ERR_INVALID, "feed source without a table");
    if (ops->version < 1 || ops->version > ECHO_FEED_OPS_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "feed source of an unknown version");
    /* What is behind the end of an older table is not looked at. */
    if (ops->version < 2) return ECHO_OK;
    bool some = ops->make != NULL || ops->prove != NULL || ops->put != NULL;
    if (some && !echo__feeds_can_exchange(feeds))
        return echo__error(err, ECHO_ERR_INVALID,
                           "feed source with some of make, prove and put: it takes all of them or none");
    return ECHO_OK;
}

bool echo__feeds_can_exchange(const echo_feeds *feeds) {
    const echo_feed_ops *ops = feeds->ops;
    return ops != NULL && ops->version >= 2 && ops->make != NULL && ops->prove != NULL && ops->put != NULL;
}

void echo_feeds_close(echo_feeds *feeds) {
    if (feeds == NULL || feeds->ops == NULL) return;
    feeds->ops->destroy(feeds->ctx);
    *feeds = (echo_feeds){NULL, NULL};
}
