/*
 * Moving an open party to a newer snapshot: a second party is opened beside it and compared with it, and takes its
 * place. All that can fail comes before that.
 */
#include "snapshot/switch.h"

#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/changes.h"
#include "snapshot/drive.h"
#include "snapshot/restore.h"
#include "store/store.h"

/* ---- what is newer ---- */

static bool is_newer(const echo_party *party, const echo__stored_manifest *candidate) {
    if (candidate->number != party->number) return candidate->number > party->number;
    echo_hash hash; /* numbers are given out again */
    echo__hash(&hash, candidate->text.data, candidate->text.len);
    return memcmp(&hash, &party->manifest_hash, sizeof hash) != 0;
}

/* Keeps only those that are newer than the party's snapshot. */
static echo_status list_newer(echo__stored_manifests *out, const echo_party *party, const echo_store *store,
                              echo_error *err) {
    bool more;
    echo_status status = echo__stored_recent(out, &more, store, &party->key, err);
    if (status != ECHO_OK) return status;
    size_t n = 0;
    while (n < out->count && is_newer(party, &out->list[n])) n++;
    while (out->count > n) echo__buf_free(&out->list[--out->count].text);
    return ECHO_OK;
}

/*
 * If the store cannot be reopened, the taker uses the same handle. Listing manifests during a collection of garbage
 * would then make the handle take new manifests for ones that the collection has seen (sys/store.h, `remove_chunks`).
 */
static void guard_listing(echo_party *party, const echo_store *store) {
    const echo__taker *t = party->taker;
    if (t != NULL && t->phase == ECHO_SNAPSHOT_PHASE_FINISH && !echo__store_has(store, ECHO__STORE_REOPEN))
        echo__drive_quit(party);
}

/* ---- the switch ---- */

/* Switching may not undo messages that the party has applied. */
static echo_status check_covers(const echo_party *old, const echo_party *fresh, echo_error *err) {
    if (echo_timeframe_covers(fresh->clock, old->clock)) return ECHO_OK;
    echo_timeframe *missing;
    echo_frame frame;
    if (echo_timeframe_dependencies(&missing, old->clock, fresh->clock) != ECHO_OK) return echo__nomem(err);
    echo_status status =
        echo__error(err, ECHO_ERR_BEHIND,
                    "snapshot %llu lacks messages that this party has applied, and their blocks are no longer present",
                    (unsigned long long)fresh->number);
    if (echo_timeframe_at(&frame, missing, 0)) echo__error_seq(err, &frame.feed, frame.seq);
    echo_timeframe_free(missing);
    return status;
}

static echo_status report_changes(const echo_party *old, const echo_party *fresh, echo_change_fn fn, void *arg,
                                  echo_error *err) {
    echo__changes changes = {NULL, 0, 0, ECHO__BUF_INIT};
    echo_status status = echo__changes_find(&changes, old, fresh, err);
    if (status == ECHO_OK) {
        status = echo__changes_report(&changes, fn, arg);
        if (status != ECHO_OK) echo__error_adopt(err, status, "the callback ended the switch");
    }
    echo__changes_free(&changes);
    return status;
}

static void replace_party(echo_party **party, echo_party *fresh) {
    echo_party *old = *party;
    echo_store opened = old->owns_store ? old->store : old->below;
    fresh->owns_feeds = old->owns_feeds;
    fresh->owns_store = opened.ops != NULL && opened.ctx == fresh->store.ctx;
    if (!fresh->owns_store) fresh->below = opened;
    old->owns_feeds = old->owns_store = false;
    old->below = (echo_store){NULL, NULL};
    fresh->calls = old->calls; /* the call goes on, with the new party */
    fresh->free_wanted = old->free_wanted;
    echo__party_destroy(old);
    *party = fresh;
    echo__drive_attach(fresh);
}

static echo_status open_newer(echo_party **party, const echo_store *store, const echo__stored_manifests *newer,
                              echo_change_fn fn, void *arg, echo_error *err) {
    echo_party *fresh;
    echo_status status = echo__restore_beside(&fresh, *party, store, newer, err);
    if (status != ECHO_OK) return status;
    status = check_covers(*party, fresh, err);
    if (status == ECHO_OK && fn != NULL) status = report_changes(*party, fresh, fn, arg, err);
    if (status == ECHO_OK)
        replace_party(party, fresh);
    else
        echo_party_free(fresh);
    return status;
}

echo_status echo__switch_to(echo_party **party, const echo_store *store_or_null, echo_change_fn fn, void *arg,
                            echo_error *err) {
    echo_party *old = *party;
    echo_store store = store_or_null != NULL ? *store_or_null : old->store;
    echo__stored_manifests newer;
    if (store.ops == NULL || !old->options.use_snapshots) return ECHO_OK;
    guard_listing(old, &store);
    echo_status status = list_newer(&newer, old, &store, err);
    if (status == ECHO_OK && newer.count > 0) {
        echo__drive_quit(old);
        echo__stored_free(&newer); /* it may have published one yet */
        status = list_newer(&newer, old, &store, err);
    }
    if (status == ECHO_OK && newer.count > 0) status = open_newer(party, &store, &newer, fn, arg, err);
    echo__stored_free(&newer);
    return status == ECHO_OK ? ECHO_OK : echo__error_adopt(err, status, "the party cannot be switched");
}

echo_status echo_party_switch(echo_party **party, echo_change_fn fn, void *arg, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (party == NULL) return echo__error_null(err, "party");
    echo_status status = echo__party_enter(*party, err);
    if (status != ECHO_OK) return status;
    status = echo__switch_to(party, NULL, fn, arg, &own);
    echo_party *now = *party;
    if (now->free_wanted) *party = NULL;
    echo__party_leave(now);
    return echo__error_return(err, &own, status, NULL);
}
