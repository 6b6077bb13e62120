#include "snapshot/covered.h"

#include "base/crypto.h"
#include "base/error.h"

echo_status echo__covered_differs(const echo_key *feed, uint64_t seq, echo_error *err) {
    echo__error(err, ECHO_ERR_CONFLICT,
                "the feed was replaced or forked: its blocks up to this one are not those that the snapshot covers");
    echo__error_seq(err, feed, seq);
    return ECHO_ERR_CONFLICT;
}

static echo_status compare_root(bool *shorter, const echo__covered *covered, const echo__feed_root *named,
                                const echo_timeframe *timeframe, echo_error *err) {
    uint64_t seq;
    echo_hash root;
    void *feed = covered->feed(covered->arg, &named->feed);
    if (feed == NULL || !echo_timeframe_get(&seq, timeframe, &named->feed)) return ECHO_OK;
    const echo_feed_ops *ops = covered->feeds->ops;
    echo_status status = ops->root(&root, covered->feeds->ctx, feed, seq + 1, err);
    if (status == ECHO_OK)
        return echo__hash_equal(&root, &named->root) ? ECHO_OK : echo__covered_differs(&named->feed, seq, err);
    if (status != ECHO_ERR_NOT_FOUND) return status;
    if (shorter == NULL || *shorter) return ECHO_OK;
    echo_feed_info info;
    status = ops->info(&info, covered->feeds->ctx, feed, err);
    *shorter = status == ECHO_OK && info.length > 0 && info.length <= seq;
    return status;
}

echo_status echo__covered_check(bool *shorter, const echo__covered *covered, const echo__feed_roots *roots,
                                const echo_timeframe *timeframe, echo_error *err) {
    if (shorter != NULL) *shorter = false;
    if (covered->feeds->ops->root == NULL) return ECHO_OK;
    for (size_t i = 0; i < roots->count; i++) {
        echo_error problem = ECHO_ERROR_INIT;
        echo_status status = compare_root(shorter, covered, &roots->list[i], timeframe, &problem);
        if (status == ECHO_OK) continue;
        if (err != NULL) *err = problem;
        return status;
    }
    return ECHO_OK;
}

echo_status echo__covered_check_older(const echo__covered *covered, const echo__stored_manifest *list, size_t count,
                                      const echo_key *party, echo_error *err) {
    for (size_t i = 0; i < count; i++) {
        echo__manifest manifest;
        echo_status status = echo__stored_read(&manifest, &list[i], party, NULL);
        if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
        if (status != ECHO_OK) continue;
        status = echo__covered_check(NULL, covered, &manifest.roots, manifest.timeframe, err);
        echo__manifest_free(&manifest);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}
