/*
 * Start-up. attempt() is the page to read: root, credentials, feeds after the timeframe, tail, stale models. It builds
 * a fresh party each time and hands it out only when complete; when the snapshot it started from turns out to be
 * damaged, the one before is tried, and after the last one, full replay.
 */
#include "snapshot/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "party/find.h"
#include "party/options.h"
#include "party/poll.h"
#include "snapshot/author.h"
#include "snapshot/covered.h"
#include "snapshot/credentials.h"
#include "snapshot/drive.h"
#include "tree/cursor.h"
#include "tree/verify.h"

#define MESSAGES_PER_CHECK 1024u

/* What all attempts share. */
typedef struct restoration {
    const echo_party_options *options;
    echo_key key;
    echo_feeds feeds;
    bool owns_feeds;
    echo_store store;
    bool owns_store;
    echo_error store_problem;
    echo__stored_manifests candidates;
    bool passed_over; /* there are more than these */
    bool has_first;
    echo__manifest first; /* the newest one, if it was read to find the party */
    echo_error *damage;
    size_t damage_count, damage_cap;
    uint64_t start, ns_open;
    uint64_t newest; /* highest number in the store; snapshots on the way add to it */
    bool follows;    /* no replay when none of these snapshots can be opened */
    bool is_signed;  /* the snapshot that is being opened */
    echo_key author;
    const echo__stored_manifest *doubted; /* the newest one that the own key did not sign, which replay could replace */
    bool believes;                        /* it cannot: such a snapshot is opened */
    bool cancelled;
    echo__verifier verifier; /* signatures that were verified to find the party */
} restoration;

static void note_damage(restoration *o, const echo_error *problem) {
    if (echo__grow(&o->damage, &o->damage_cap, o->damage_count + 1, sizeof *o->damage))
        o->damage[o->damage_count++] = *problem;
}

/* ---- the parts ---- */

static echo_status open_feeds(restoration *o, echo_error *err) {
    if (o->options->feeds != NULL) {
        o->feeds = *o->options->feeds;
        return ECHO_OK;
    }
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.read_only = !o->options->writable;
    how.relaxed = o->options->relaxed;
    echo_status status = echo__feeds_of_folder(&o->feeds, o->options->dir, &how, err);
    o->owns_feeds = status == ECHO_OK;
    return status;
}

/* A store that cannot be used is reported, and the party is opened without it. Only temporary causes (memory, another
 * process) make opening fail. */
static echo_status do_without_store(restoration *o, echo_status status, const echo_error *problem, echo_error *err) {
    if (status == ECHO_ERR_NOMEM || status == ECHO_ERR_BUSY) {
        if (err != NULL) *err = *problem;
        return status;
    }
    if (o->owns_store) echo_store_close(&o->store);
    o->owns_store = false;
    o->store = (echo_store){NULL, NULL};
    o->store_problem = *problem;
    note_damage(o, problem);
    return ECHO_OK;
}

static echo_status open_store(restoration *o, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = ECHO_OK;
    if (o->options->store != NULL) {
        o->store = *o->options->store;
    } else if (o->options->dir != NULL) {
        echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
        how.read_only = !o->options->writable;
        how.create = o->options->writable;
        status = echo__store_of_folder(&o->store, o->options->dir, &how, &problem);
        o->owns_store = status == ECHO_OK;
    }
    if (status == ECHO_OK || (status == ECHO_ERR_NOT_FOUND && !o->options->writable)) return ECHO_OK;
    return do_without_store(o, status, &problem, err);
}

/*
 * The party that the options name, or the only one. If the store has one party, its newest snapshot says which feeds
 * are that party's, and only others are searched for a genesis.
 */
static echo_status find_party(restoration *o, echo_error *err) {
    echo_key stored;
    bool one = o->options->party == NULL && o->options->use_snapshots && echo__party_of_store(&stored, &o->store) &&
               echo__stored_recent(&o->candidates, &o->passed_over, &o->store, &stored, NULL) == ECHO_OK &&
               o->candidates.count > 0;
    if (one) o->has_first = echo__stored_read(&o->first, &o->candidates.list[0], &stored, NULL) == ECHO_OK;
    echo_status status = echo__party_find(&o->key, &o->feeds, &o->store, o->options, &o->verifier,
                                          o->has_first ? o->first.timeframe : NULL, err);
    if (status != ECHO_OK || (one && echo__key_equal(&o->key, &stored))) return status;
    echo__stored_free(&o->candidates);
    if (o->has_first) echo__manifest_free(&o->first);
    o->has_first = false;
    return status;
}

static echo_status list_candidates(restoration *o, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    if (o->store.ops == NULL || o->candidates.count > 0) return ECHO_OK;
    echo_status status = echo__stored_recent(&o->candidates, &o->passed_over, &o->store, &o->key, &problem);
    return status == ECHO_OK ? ECHO_OK : do_without_store(o, status, &problem, err);
}

static echo_status restore_credential(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err) {
    return echo__party_credential(arg, stamp, credential, true, err);
}

/* Signatures are verified again: a snapshot is no reason to trust. */
static echo_status restore_credentials(echo_party *party, echo_error *err) {
    return echo__credentials_each(party->chunks, &party->credentials_root, restore_credential, party, err);
}

static echo_status check_root(echo_party *party, const echo__root *root, echo_error *err) {
    if (party->options.verify == ECHO_VERIFY_FULL) return echo__tree_verify(party->chunks, root, NULL, err);
    if (root->items == 0) return ECHO_OK;
    const echo__chunk *chunk;
    echo_status status = echo__chunks_get(&chunk, party->chunks, &root->hash, err);
    if (status == ECHO_OK) echo__chunks_release(party->chunks, chunk);
    return status;
}

static bool is_member(const void *arg, const echo_key *key) { return echo__party_is_member(arg, key); }

static echo_status adopt_manifest(echo_party *party, echo__manifest *manifest, const echo__stored_manifest *candidate,
                                  echo_error *err) {
    party->root = manifest->items;
    party->credentials_root = manifest->credentials;
    party->generation = manifest->generation;
    party->number = manifest->number;
    party->received = manifest->received;
    echo__hash(&party->manifest_hash, candidate->text.data, candidate->text.len);
    party->models = manifest->models;
    memset(&manifest->models, 0, sizeof manifest->models);
    party->feed_roots = manifest->roots;
    memset(&manifest->roots, 0, sizeof manifest->roots);
    echo_timeframe *clocks[3] = {NULL, NULL, NULL};
    bool ok = true;
    for (size_t i = 0; i < 3; i++) ok = ok && echo_timeframe_copy(&clocks[i], manifest->timeframe) == ECHO_OK;
    if (!ok) {
        for (size_t i = 0; i < 3; i++) echo_timeframe_free(clocks[i]);
        return echo__nomem(err);
    }
    echo_timeframe_free(party->clock);
    echo_timeframe_free(party->root_clock);
    echo_timeframe_free(party->durable);
    party->clock = clocks[0];
    party->root_clock = clocks[1];
    party->durable = clocks[2];
    return ECHO_OK;
}

/* What a snapshot covers is never read again: it has to be of feeds that count. */
static echo_status check_admitted(const echo_party *party, echo_error *err) {
    echo_frame frame;
    for (size_t i = 0; echo_timeframe_at(&frame, party->root_clock, i); i++) {
        if (echo__party_admits(party, &frame.feed)) continue;
        echo__error(err, ECHO_ERR_INVALID, "it covers messages of a feed that is not admitted");
        echo__error_seq(err, &frame.feed, frame.seq);
        return ECHO_ERR_INVALID;
    }
    return ECHO_OK;
}

/* Roots that the own key signed need no other signature. */
static void vouch_for_feeds(const echo_party *party, const echo__manifest *manifest) {
    const echo_feeds *feeds = &party->feeds;
    if (!manifest->is_signed || feeds->ops->vouch == NULL || party->options.verify == ECHO_VERIFY_FULL) return;
    for (size_t i = 0; i < party->feed_roots.count; i++) {
        const echo__feed_root *named = &party->feed_roots.list[i];
        uint64_t seq;
        if (!echo_timeframe_get(&seq, party->root_clock, &named->feed)) continue;
        if (!feeds->ops->vouch(feeds->ctx, &manifest->author, &named->feed, seq + 1, &named->root)) return;
    }
}

/* The manifest may have been read already. */
static echo_status take_manifest(echo__manifest *out, restoration *o, const echo__stored_manifest *candidate,
                                 echo_error *err) {
    if (!o->has_first || candidate != o->candidates.list) return echo__stored_read(out, candidate, &o->key, err);
    *out = o->first;
    o->has_first = false;
    return ECHO_OK;
}

static echo_status restore_snapshot(echo_party *party, restoration *o, const echo__stored_manifest *candidate,
                                    echo_error *err) {
    echo__manifest manifest;
    echo_status status = take_manifest(&manifest, o, candidate, err);
    if (status != ECHO_OK) return status;
    status = adopt_manifest(party, &manifest, candidate, err);
    if (status == ECHO_OK) status = check_root(party, &party->root, err);
    if (status == ECHO_OK) status = check_root(party, &party->credentials_root, err);
    if (status == ECHO_OK) status = restore_credentials(party, err);
    if (status == ECHO_OK) status = check_admitted(party, err);
    if (status == ECHO_OK) status = echo__author_check(&manifest, is_member, party, err);
    if (status == ECHO_OK) vouch_for_feeds(party, &manifest);
    o->is_signed = manifest.is_signed;
    o->author = manifest.author;
    party->report.snapshot = party->number;
    party->report.snapshot_items = party->root.items;
    party->report.messages_skipped = echo_timeframe_total(party->root_clock);
    echo__manifest_free(&manifest);
    return status;
}

static void *open_feed(void *arg, const echo_key *feed) {
    const echo_party *party = arg;
    return echo__merge_feed(party->merge, feed);
}

/* P14. A feed that is shorter than the snapshot says may still be one that an older snapshot does not know. */
static echo_status check_feeds(echo_party *party, const restoration *o, const echo__stored_manifest *candidate,
                               echo_error *err) {
    const echo__covered covered = {&party->feeds, open_feed, party};
    bool shorter;
    echo_status status = echo__covered_check(&shorter, &covered, &party->feed_roots, party->root_clock, err);
    if (status != ECHO_OK || !shorter) return status;
    const echo__stored_manifest *older = candidate + 1, *end = o->candidates.list + o->candidates.count;
    return echo__covered_check_older(&covered, older, (size_t)(end - older), &party->key, err);
}

static bool has_blocks(const echo_party *party) {
    echo_frame frame;
    for (size_t i = 0; echo_timeframe_at(&frame, party->root_clock, i); i++) {
        echo_feed_info info;
        void *feed = echo__merge_feed(party->merge, &frame.feed);
        if (feed == NULL || party->feeds.ops->info(&info, party->feeds.ctx, feed, NULL) != ECHO_OK ||
            info.length <= frame.seq)
            return false;
    }
    return true;
}

/*
 * Anybody who can write to the store can take a signature off a manifest, or sign one with a key of their own. So where
 * there is an own key, what it did not sign counts as received, and is not opened if the feeds give the state.
 */
static echo_status check_own_word(echo_party *party, restoration *o, const echo__stored_manifest *candidate,
                                  echo_error *err) {
    echo__party_find_own(party);
    if (!party->has_own || (o->is_signed && echo__key_equal(&o->author, &party->own))) return ECHO_OK;
    party->received = true;
    if (o->follows || o->believes || !has_blocks(party)) return ECHO_OK;
    if (o->doubted == NULL) o->doubted = candidate;
    return echo__error(err, ECHO_ERR_SIGNATURE, "it is %s, and the feeds are here",
                       o->is_signed ? "not signed by the own key" : "not signed");
}

static echo_status hydrate_all(echo_party *party, echo_error *err) {
    if (!party->options.eager || party->root.items == 0) return ECHO_OK;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT;
    uint64_t done = 0;
    echo_status status = echo__cursor_open(&cursor, party->chunks, &party->root, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo__line line;
        echo_bytes id;
        status = echo__cursor_next(&line, cursor, err);
        if (status != ECHO_OK) break;
        status = echo__record_read_id(&id, line.text, &scratch, err);
        if (status == ECHO_OK) status = echo__items_take(&party->items, id, line, err);
        (void)echo__items_evict(&party->items, ECHO__EVICT_ITEMS);
        if (status == ECHO_OK && ++done % 4096 == 0)
            status = echo__party_progress(party, "items", done, party->root.items);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}

static void report_feeds(echo_party *party) {
    echo__merge_counts counts;
    echo__merge_counts_get(&counts, party->merge);
    party->report.messages_read = counts.read - counts.outsiders;
    if (counts.stopped > 0) echo__party_damage(party, &counts.stop);
    if (!party->behind) return;
    echo_error problem = ECHO_ERROR_INIT;
    echo__error(&problem, ECHO_ERR_BEHIND, "the own feed is shorter than the snapshot says: nothing is written to it");
    echo__error_feed(&problem, &party->own);
    echo__party_damage(party, &problem);
}

/*
 * Applies all that can be applied. When the items that changed would take more memory than the host allows, they are
 * saved on the way, so that they can be evicted: a party larger than memory can be replayed. When saving fails that is
 * reported, and memory is used.
 */
static echo_status apply_tail(echo_party *party, echo_error *err) {
    bool saves = party->items.evict.limit > 0 && party->taker != NULL && party->options.use_snapshots;
    uint64_t applied, max = saves ? MESSAGES_PER_CHECK : 0;
    do {
        echo_status status = echo__party_pump(party, max, &applied, err);
        party->report.messages_applied += applied;
        if (status != ECHO_OK) return status;
        if (!saves || echo__items_held(&party->items) < party->items.evict.limit / 2) continue;
        echo_error problem = ECHO_ERROR_INIT;
        echo__party_find_own(party);
        status = echo__drive_run(party->taker, ECHO_SNAPSHOT_REASON_MEMORY, &problem);
        if (party->cancelled || status == ECHO_ERR_NOMEM) {
            if (err != NULL) *err = problem;
            return status;
        }
        if (status == ECHO_OK) continue;
        echo__party_damage(party, &problem);
        saves = false;
        max = 0;
    } while (applied > 0 && (max == 0 || applied == max));
    return ECHO_OK;
}

/* ---- one attempt ---- */

/* Nanoseconds since *at, which becomes now. */
static uint64_t lap(uint64_t *at) {
    uint64_t before = *at;
    *at = echo__now_ns();
    return *at - before;
}

static echo_status attempt(echo_party **out, restoration *o, const echo__stored_manifest *candidate, echo_error *err) {
    echo_party *party;
    uint64_t at = echo__now_ns();
    echo_status status = echo__party_new(&party, &o->key, o->options, err);
    if (status != ECHO_OK) return status;
    echo__admission_adopt(party->admission, &o->verifier);
    uint64_t begun = echo__party_clock_ns(party);
    status = echo__party_over(party, &o->feeds, &o->store, o->newest, err);
    if (status == ECHO_OK) status = echo__drive_new(party, err);
    if (status == ECHO_OK && candidate != NULL) status = restore_snapshot(party, o, candidate, err);
    party->report.ns_open = o->ns_open + lap(&at);
    if (status == ECHO_OK) status = echo__party_open_feeds(party, err);
    if (status == ECHO_OK && candidate != NULL) status = check_feeds(party, o, candidate, err);
    if (status == ECHO_OK && candidate != NULL) status = check_own_word(party, o, candidate, err);
    party->report.ns_feeds = lap(&at);
    party->costs.base_ns = echo__party_clock_ns(party) - begun;
    if (status == ECHO_OK) status = apply_tail(party, err);
    if (status == ECHO_OK) echo__party_find_own(party);
    party->report.ns_tail = lap(&at);
    if (status == ECHO_OK && candidate != NULL) status = echo__party_rebuild(party, err);
    (void)lap(&at);
    if (status == ECHO_OK) status = hydrate_all(party, err);
    party->report.ns_hydrate = lap(&at);
    if (status != ECHO_OK) {
        o->cancelled = party->cancelled;
        if (party->newest > o->newest) o->newest = party->newest;
        echo_party_free(party);
        return status;
    }
    party->costs.opened_ns = echo__party_clock_ns(party) - begun;
    *out = party;
    return ECHO_OK;
}

/* The class of a failure that starting from an older snapshot could avoid. */
static bool is_damage(echo_status status) {
    return status == ECHO_ERR_CORRUPT || status == ECHO_ERR_VERSION || status == ECHO_ERR_SIGNATURE ||
           status == ECHO_ERR_LIMIT || status == ECHO_ERR_NOT_FOUND || status == ECHO_ERR_IO ||
           status == ECHO_ERR_INVALID || status == ECHO_ERR_CONFLICT;
}

static bool covers(const echo_party *party, const echo__stored_manifest *candidate) {
    echo__manifest manifest;
    if (echo__stored_read(&manifest, candidate, &party->key, NULL) != ECHO_OK) return true;
    bool all = echo_timeframe_covers(party->clock, manifest.timeframe);
    echo__manifest_free(&manifest);
    return all;
}

/* Without a snapshot. If blocks are missing, one that is in doubt has more. */
static echo_status replay(echo_party **out, restoration *o, echo_error *err) {
    echo_status status = attempt(out, o, NULL, err);
    if (status != ECHO_OK || o->doubted == NULL || covers(*out, o->doubted)) return status;
    echo_party *replayed = *out;
    o->believes = true;
    status = attempt(out, o, o->doubted, NULL);
    if (status == ECHO_OK)
        echo_party_free(replayed);
    else
        *out = replayed;
    return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
}

static echo_status attempts(echo_party **out, restoration *o, echo_error *err) {
    echo_error first = ECHO_ERROR_INIT;
    for (size_t i = 0; o->options->use_snapshots && i < o->candidates.count; i++) {
        echo_error problem = ECHO_ERROR_INIT;
        echo_status status = attempt(out, o, &o->candidates.list[i], &problem);
        if (status == ECHO_OK) return ECHO_OK;
        if (o->cancelled || !is_damage(status)) {
            if (err != NULL) *err = problem;
            return status;
        }
        echo_error passed_over = problem; /* with the item, feed and seq that it names */
        passed_over.code = status;
        (void)snprintf(passed_over.message, sizeof passed_over.message, "snapshot %llu was not used: %.180s",
                       (unsigned long long)o->candidates.list[i].number, problem.message);
        note_damage(o, &passed_over);
        if (i == 0) first = passed_over;
    }
    if (o->passed_over && o->candidates.count > 0) {
        echo_error rest = ECHO_ERROR_INIT;
        echo__error(&rest, ECHO_ERR_LIMIT,
                    "snapshots before number %llu were not tried: there are too many, or too long ones",
                    (unsigned long long)o->candidates.list[o->candidates.count - 1].number);
        note_damage(o, &rest);
    }
    if (!o->follows) return replay(out, o, err);
    if (err != NULL) *err = first;
    return first.code;
}

/* A folder without the party's genesis is not an empty party. */
static echo_status check_found(const echo_party *party, echo_error *err) {
    if (echo__party_admits_by_host(party) || party->number != 0 || echo__admission_has_genesis(party->admission))
        return ECHO_OK;
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &party->key);
    if (party->report.damage_count > 0) {
        const echo_error *first = &party->report.damage[0];
        if (err != NULL) *err = *first;
        return first->code;
    }
    return echo__error(err, ECHO_ERR_NOT_FOUND, "no feed holds the genesis of party %s", hex);
}

static void fill_report(echo_party *party, restoration *o) {
    echo_restore_report *report = &party->report;
    echo_error *feeds_damage = party->damage; /* found in the attempt: comes after what was found before it */
    size_t n = report->damage_count;
    party->damage = NULL;
    party->damage_cap = report->damage_count = 0;
    for (size_t i = 0; i < o->damage_count; i++) echo__party_damage(party, &o->damage[i]);
    for (size_t i = 0; i < n; i++) echo__party_damage(party, &feeds_damage[i]);
    echo__free(feeds_damage);
    report_feeds(party);
    echo__chunk_counts counts = {0, 0, 0, 0, 0};
    if (party->chunks != NULL) echo__chunks_counts(party->chunks, &counts);
    report->messages_refused = party->items.refused;
    report->chunks_read = counts.read;
    report->chunk_bytes_read = counts.read_bytes;
    report->items_hydrated = party->items.hydrated;
    report->ns_total = echo__now_ns() - o->start;
}

static echo_status restore_party(echo_party **out, const echo_party_options *options, echo_error *err) {
    *out = NULL;
    restoration o = {.options = options, .start = echo__now_ns()};
    echo_party *party = NULL;
    echo_status status = echo__options_check(options, err);
    if (status != ECHO_OK) return status;
    echo__verifier_init(&o.verifier);
    status = open_feeds(&o, err);
    if (status == ECHO_OK) status = open_store(&o, err);
    if (status == ECHO_OK) status = find_party(&o, err);
    if (status == ECHO_OK) status = list_candidates(&o, err);
    if (status == ECHO_OK && o.candidates.count > 0) o.newest = o.candidates.list[0].number;
    o.ns_open = echo__now_ns() - o.start;
    if (status == ECHO_OK) status = attempts(&party, &o, err);
    if (status == ECHO_OK) {
        party->store_problem = o.store_problem;
        party->owns_feeds = o.owns_feeds;
        party->owns_store = o.owns_store;
        o.owns_feeds = o.owns_store = false;
        fill_report(party, &o);
        status = check_found(party, err);
        if (status == ECHO_OK) echo__drive_attach(party);
    }
    if (status == ECHO_OK)
        *out = party;
    else
        echo_party_free(party);
    if (o.owns_store) echo_store_close(&o.store);
    if (o.owns_feeds) echo_feeds_close(&o.feeds);
    echo__stored_free(&o.candidates);
    if (o.has_first) echo__manifest_free(&o.first);
    echo__verifier_free(&o.verifier);
    echo__free(o.damage);
    return status;
}

echo_status echo_party_restore(echo_party **out, const echo_party_options *options, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    return echo__error_return(err, &own, restore_party(out, options, &own), "the party cannot be opened");
}

echo_status echo__restore_beside(echo_party **out, const echo_party *old, const echo_store *store,
                                 const echo__stored_manifests *candidates, echo_error *err) {
    *out = NULL;
    echo_party_options options = old->options;
    options.policy = &old->policy;
    options.codec = &old->codec;
    options.admitted = old->admitted;
    options.admitted_count = old->admitted_count;
    if (old->has_own) options.own_feed = &old->own;
    restoration o = {.options = &options,
                     .key = old->key,
                     .feeds = old->feeds,
                     .store = *store,
                     .candidates = *candidates,
                     .follows = true,
                     .start = echo__now_ns(),
                     .newest = candidates->list[0].number};
    echo_status status = attempts(out, &o, err);
    if (status == ECHO_OK)
        fill_report(*out, &o);
    else
        echo__error_adopt(err, status, "the newer snapshot cannot be opened");
    echo__free(o.damage);
    return status;
}
