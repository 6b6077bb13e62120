/*
 * Which blocks of the feeds the snapshots make unnecessary.
 */
#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "snapshot/stored.h"
#include "snapshot/verify.h"

static echo_status verified(echo__manifest *out, const echo_store *store, const echo__stored_manifest *stored,
                            const echo_key *party, echo_error *err) {
    echo__chunks *chunks;
    echo_status status = echo__stored_read(out, stored, party, err);
    if (status != ECHO_OK) return echo__stored_blame(err, party, stored->number, status);
    status = echo__chunks_new(&chunks, store) == ECHO_OK ? ECHO_OK : echo__nomem(err);
    if (status == ECHO_OK) {
        status = echo__verify_manifest(out, chunks, err);
        echo__chunks_free(chunks);
    }
    if (status == ECHO_OK) return ECHO_OK;
    echo__manifest_free(out);
    return echo__stored_blame(err, party, stored->number, status);
}

/* *low becomes what both cover. */
static echo_status meet(echo_timeframe **low, const echo_timeframe *other, echo_error *err) {
    echo_timeframe *both;
    echo_frame frame;
    echo_status status = echo_timeframe_new(&both);
    for (size_t i = 0; status == ECHO_OK && echo_timeframe_at(&frame, other, i); i++) {
        uint64_t seq;
        if (!echo_timeframe_get(&seq, *low, &frame.feed)) continue;
        status = echo_timeframe_set(both, &frame.feed, seq < frame.seq ? seq : frame.seq);
    }
    if (status != ECHO_OK) {
        echo_timeframe_free(both);
        return echo__nomem(err);
    }
    echo_timeframe_free(*low);
    *low = both;
    return ECHO_OK;
}

static echo_status covered_by_all(echo_timeframe **out, const echo_store *store,
                                  const echo__stored_manifests *manifests, const echo_key *party, echo_error *err) {
    echo_status status = ECHO_OK;
    *out = NULL;
    for (size_t i = 0; i < manifests->count && status == ECHO_OK; i++) {
        echo__manifest manifest;
        status = verified(&manifest, store, &manifests->list[i], party, err);
        if (status != ECHO_OK) break;
        if (i > 0)
            status = meet(out, manifest.timeframe, err);
        else if (echo_timeframe_copy(out, manifest.timeframe) != ECHO_OK)
            status = echo__nomem(err);
        echo__manifest_free(&manifest);
    }
    return status;
}

echo_status echo_snapshot_prune_advice(const echo_store *store, const echo_key *party, echo_prune_fn fn, void *arg,
                                       echo_error *err) {
    echo__stored_manifests manifests;
    echo_timeframe *covered = NULL;
    echo_frame frame;
    echo_status status = echo__stored_check(store, party, err);
    if (status != ECHO_OK) return status;
    if (fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "fn is NULL");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    status = echo__stored_list(&manifests, store, party, err);
    if (status != ECHO_OK) return status;
    if (manifests.count == 0)
        status = echo__error(err, ECHO_ERR_NOT_FOUND, "there is no snapshot");
    else
        status = covered_by_all(&covered, store, &manifests, party, err);
    for (size_t i = 0; status == ECHO_OK && echo_timeframe_at(&frame, covered, i); i++) {
        echo_prune_advice advice = {frame.feed, frame.seq};
        status = fn(arg, &advice);
    }
    echo_timeframe_free(covered);
    echo__stored_free(&manifests);
    return status;
}
