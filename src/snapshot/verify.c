#include "snapshot/verify.h"

#include "echo/snapshot.h"
#include "base/error.h"
#include "feed/feeds.h"
#include "snapshot/author.h"
#include "snapshot/covered.h"
#include "snapshot/stored.h"
#include "tree/verify.h"

echo_status echo__verify_manifest(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) {
    echo_status status = echo__tree_verify(chunks, &manifest->items, NULL, err);
    if (status == ECHO_OK) status = echo__tree_verify(chunks, &manifest->credentials, NULL, err);
    return status == ECHO_OK ? echo__author_check_credentials(manifest, chunks, err) : status;
}

echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_status status = echo__stored_check(store, party, err);
    if (status != ECHO_OK) return status;
    status = echo__stored_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    status = echo__verify_manifest(&manifest, chunks, err);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}

/* The feeds that are being compared, one open at a time. */
typedef struct opened {
    const echo_feeds *feeds;
    void *feed;
    echo_status status; /* why one could not be opened, except that it is not there */
    echo_error problem;
} opened;

static void close_feed(opened *o) {
    if (o->feed != NULL) o->feeds->ops->close(o->feeds->ctx, o->feed);
    o->feed = NULL;
}

static void *open_feed(void *arg, const echo_key *key) {
    opened *o = arg;
    echo_feed_info info;
    echo_error problem = ECHO_ERROR_INIT;
    close_feed(o);
    echo_status status = o->feeds->ops->open(&o->feed, o->feeds->ctx, key, &problem);
    if (status == ECHO_OK) status = o->feeds->ops->info(&info, o->feeds->ctx, o->feed, &problem);
    if (status != ECHO_OK) close_feed(o);
    if (status == ECHO_OK || status == ECHO_ERR_NOT_FOUND || o->status != ECHO_OK) return o->feed;
    o->status = status;
    o->problem = problem;
    return NULL;
}

echo_status echo_snapshot_verify_feeds(const echo_store *store, const echo_feeds *feeds, const echo_key *party,
                                       uint64_t number, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_status status = echo__stored_check(store, party, err);
    if (status == ECHO_OK) status = echo__feeds_check(feeds, err);
    if (status == ECHO_OK) status = echo__stored_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    opened o = {feeds, NULL, ECHO_OK, ECHO_ERROR_INIT};
    const echo__covered covered = {feeds, open_feed, &o};
    status = echo__covered_check(NULL, &covered, &manifest.roots, manifest.timeframe, err);
    close_feed(&o);
    if (status == ECHO_OK && o.status != ECHO_OK) {
        if (err != NULL) *err = o.problem;
        status = o.status;
    }
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}
