#include "snapshot/replay.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "party/find.h"
#include "party/options.h"
#include "party/poll.h"
#include "snapshot/drive.h"
#include "snapshot/stored.h"
#include "store/store.h"

static bool admits(void *arg, const echo_key *feed) { return echo__party_admits(arg, feed); }

static echo_status accepts(void *arg, const echo_key *feed, const echo_message *message) {
    return echo__party_accepts(arg, feed, message);
}

static echo_status waits_outside(const echo__awaits *a, echo_error *err) {
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &a->awaited_feed);
    echo__error(
        err, ECHO_ERR_CORRUPT,
        "the snapshot covers this message, but not seq %llu of feed %.8s, after which it comes: its timeframe is "
        "not closed, so that no replay gives it",
        (unsigned long long)a->awaited_seq, hex);
    echo__error_seq(err, &a->feed, a->seq);
    return ECHO_ERR_CORRUPT;
}

static bool waits_for_another(const echo__awaits *list, size_t n, const echo_key *feed) {
    for (size_t i = 0; i < n; i++)
        if (echo__key_equal(&list[i].feed, feed)) return !echo__key_equal(&list[i].awaited_feed, feed);
    return false;
}

/* Nobody admitted a feed that is covered. */
static echo_status admits_less(const echo_party *party, const echo_timeframe *until, echo_error *err) {
    echo_frame frame;
    for (size_t i = 0; echo_timeframe_at(&frame, until, i); i++) {
        if (echo_timeframe_get(NULL, party->clock, &frame.feed) || echo__party_admits(party, &frame.feed)) continue;
        echo__error(err, ECHO_ERR_CORRUPT, "the snapshot covers messages of a feed that nobody admitted");
        echo__error_seq(err, &frame.feed, 0);
        return ECHO_ERR_CORRUPT;
    }
    return ECHO_OK;
}

/* The first block that is not here. What waits for another feed is not what lacks one. */
static echo_status lacks_block(const echo_party *party, const echo_timeframe *until, const echo__awaits *list, size_t n,
                               echo_error *err) {
    echo__error(err, ECHO_ERR_GAP, "a block that the snapshot covers is not present");
    for (size_t i = 0; i < echo_timeframe_size(until); i++) {
        echo_frame frame;
        uint64_t seq;
        (void)echo_timeframe_at(&frame, until, i);
        bool begun = echo_timeframe_get(&seq, party->clock, &frame.feed);
        if ((begun && seq >= frame.seq) || waits_for_another(list, n, &frame.feed)) continue;
        echo__error_seq(err, &frame.feed, begun ? seq + 1 : 0);
        break;
    }
    return ECHO_ERR_GAP;
}

/* Why a replay ended before it covered the timeframe. */
static echo_status not_covered(const echo_party *party, const echo_timeframe *until, echo_error *err) {
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, party->merge);
    if (counts.stopped > 0) {
        if (err != NULL) *err = counts.stop;
        return counts.stop.code;
    }
    size_t n = echo__merge_awaited(party->merge, NULL, 0);
    echo__awaits *list = echo__realloc_array(NULL, n > 0 ? n : 1, sizeof *list);
    if (list == NULL) return echo__nomem(err);
    echo_status status = ECHO_OK;
    (void)echo__merge_awaited(party->merge, list, n);
    for (size_t i = 0; status == ECHO_OK && i < n; i++) {
        uint64_t last;
        bool covered = echo_timeframe_get(&last, until, &list[i].awaited_feed) && list[i].awaited_seq <= last;
        if (!covered) status = waits_outside(&list[i], err);
    }
    if (status == ECHO_OK) status = admits_less(party, until, err);
    if (status == ECHO_OK) status = lacks_block(party, until, list, n, err);
    echo__free(list);
    return status;
}

/* Replays what the timeframe covers, of feeds that the replay itself admits, into a party of its own over a store in
 * memory, and takes a snapshot of that. */
static echo_status replay_until(echo_hash *digest, echo_party *party, echo_timeframe *until, echo_error *err) {
    echo__merge_hooks hooks = {admits, accepts, party};
    echo_snapshot_result result;
    echo_status status = echo__merge_new(&party->merge, &party->feeds, &party->codec, party->clock, until, &hooks, err);
    if (status == ECHO_OK) status = echo__party_pump(party, 0, NULL, err);
    if (status == ECHO_OK) status = echo__party_rebuild_all(party, err); /* geneses may come in any order */
    if (status != ECHO_OK) return status;
    if (echo_timeframe_compare(party->clock, until) != ECHO_ORDER_EQUAL) return not_covered(party, until, err);
    party->options.relaxed = true; /* a store in memory: nothing to make durable for */
    status = echo_party_snapshot(&result, party, err);
    if (status == ECHO_OK) *digest = result.digest;
    return status;
}

echo_status echo__snapshot_replay(const echo_party_options *options, const echo_store *store, uint64_t number,
                                  echo__replayed_fn fn, void *arg, echo_error *err) {
    echo_hash digest;
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_feeds feeds = {NULL, NULL};
    echo_party *party = NULL;
    echo_key key;
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.read_only = true;
    echo_status status = echo__options_check(options, err);
    if (status == ECHO_OK) status = echo__store_check(store, err);
    if (status != ECHO_OK) return status;
    if (options->feeds != NULL)
        feeds = *options->feeds;
    else
        status = echo__feeds_of_folder(&feeds, options->dir, &how, err);
    if (status != ECHO_OK) return status;
    status = echo__party_find(&key, &feeds, store, options, NULL, NULL, err);
    if (status == ECHO_OK) status = echo__stored_open(&manifest, &chunks, store, &key, number, err);
    if (status == ECHO_OK) {
        echo_party_options replay;
        echo_snapshot_policy policy;
        echo__options_take(&replay, &policy, options);
        replay.writable = replay.rebuild = true;
        status = echo__party_new(&party, &key, &replay, err);
        if (status == ECHO_OK) {
            echo_store memory;
            status = echo_store_new_memory(&memory) == ECHO_OK ? ECHO_OK : echo__nomem(err);
            if (status == ECHO_OK) status = echo__party_over(party, &feeds, &memory, 0, err);
            party->owns_store = party->store.ops != NULL;
            party->policy.thread = false;
            if (status == ECHO_OK) status = echo__drive_new(party, err);
            if (status == ECHO_OK) status = replay_until(&digest, party, manifest.timeframe, err);
            if (status == ECHO_OK) status = fn(arg, party, &digest, err);
        }
        echo__chunks_free(chunks);
        echo__manifest_free(&manifest);
    }
    echo_party_free(party);
    if (options->feeds == NULL) echo_feeds_close(&feeds);
    return status;
}

static echo_status copy_digest(void *arg, const echo_party *replayed, const echo_hash *digest, echo_error *err) {
    (void)replayed;
    (void)err;
    *(echo_hash *)arg = *digest;
    return ECHO_OK;
}

echo_status echo_snapshot_replay(echo_hash *digest, const echo_party_options *options, const echo_store *store,
                                 uint64_t number, echo_error *err) {
    if (digest == NULL) return echo__error(err, ECHO_ERR_INVALID, "digest is NULL");
    return echo__snapshot_replay(options, store, number, copy_digest, digest, err);
}
