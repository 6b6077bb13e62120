/*
 * Looking at snapshots: the list, the records, the check of everything, and the comparison with a replay of the feeds.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "party/find.h"
#include "party/options.h"
#include "party/poll.h"
#include "snapshot/taker.h"
#include "store/store.h"

/* ---- candidates ---- */

static echo_status add_candidate(void *arg, uint64_t number, echo_bytes manifest) {
    echo__candidates *c = arg;
    if (!echo__grow(&c->list, &c->cap, c->count + 1, sizeof *c->list)) return ECHO_ERR_NOMEM;
    echo__candidate *added = &c->list[c->count];
    *added = (echo__candidate){number, ECHO__BUF_INIT};
    echo__buf_append(&added->text, manifest.data, manifest.len);
    if (added->text.status != ECHO_OK) {
        echo__buf_free(&added->text);
        return ECHO_ERR_NOMEM;
    }
    c->count++;
    return ECHO_OK;
}

echo_status echo__candidates_list(echo__candidates *out, const echo_store *store, const echo_key *party,
                                  echo_error *err) {
    memset(out, 0, sizeof *out);
    echo_status status = store->ops->list(store->ctx, party, add_candidate, out, err);
    if (status == ECHO_ERR_NOMEM) echo__nomem(err);
    if (status != ECHO_OK) echo__candidates_free(out);
    return status;
}

void echo__candidates_free(echo__candidates *c) {
    for (size_t i = 0; i < c->count; i++) echo__buf_free(&c->list[i].text);
    echo__free(c->list);
    memset(c, 0, sizeof *c);
}

echo_status echo__manifest_read_as(echo__manifest *out, echo_bytes text, const echo_key *party, uint64_t number,
                                   echo_error *err) {
    echo_status status = echo__manifest_read(out, text, err);
    if (status != ECHO_OK) return status;
    if (echo__key_equal(&out->party, party) && out->number == number) return ECHO_OK;
    echo__manifest_free(out);
    return echo__error(err, ECHO_ERR_CORRUPT, "manifest is of another party or number than it is stored under");
}

echo_status echo__candidate_read(echo__manifest *out, const echo__candidate *candidate, const echo_key *party,
                                 echo_error *err) {
    return echo__manifest_read_as(out, echo__buf_bytes(&candidate->text), party, candidate->number, err);
}

echo_status echo__snapshot_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status) {
    bool bytes = status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE || status == ECHO_ERR_VERSION ||
                 status == ECHO_ERR_LIMIT;
    char hex[ECHO_HEX_CHARS];
    if (err == NULL || !bytes) return status;
    echo_error why = *err;
    echo_key_hex(hex, party);
    echo__error(err, status, "snapshot %llu of party %s: %s", (unsigned long long)number, hex, why.message);
    memcpy(err->item, why.item, sizeof err->item);
    return status;
}

/* ---- list ---- */

static void root_info(echo_snapshot_root *out, const echo__root *root) {
    *out = (echo_snapshot_root){root->hash, root->height, root->items, root->bytes};
}

static echo_status tell(const echo__candidate *candidate, const echo_key *party, bool pinned, echo_snapshot_fn fn,
                        void *arg, echo_error *err) {
    echo_snapshot_info info;
    echo__manifest manifest;
    echo_error problem = ECHO_ERROR_INIT;
    memset(&info, 0, sizeof info);
    char *json = echo__strndup(candidate->text.data, candidate->text.len);
    if (json == NULL) return echo__nomem(err);
    info.number = candidate->number;
    info.party = *party;
    info.pinned = pinned;
    info.json = json;
    info.status = echo__candidate_read(&manifest, candidate, party, &problem);
    echo_status status = ECHO_OK;
    if (info.status == ECHO_ERR_NOMEM) {
        status = echo__nomem(err);
    } else if (info.status != ECHO_OK) {
        info.problem = problem.message;
        status = fn(arg, &info);
    } else {
        info.time = manifest.time;
        info.messages = echo_timeframe_total(manifest.timeframe);
        info.feeds = echo_timeframe_size(manifest.timeframe);
        info.timeframe = manifest.timeframe;
        root_info(&info.items, &manifest.items);
        root_info(&info.credentials, &manifest.credentials);
        info.is_signed = manifest.is_signed;
        info.author = manifest.author;
        info.has_previous = manifest.has_previous;
        info.previous = manifest.previous;
        status = echo__manifest_digest(&info.digest, &manifest);
        status = status != ECHO_OK ? echo__nomem(err) : fn(arg, &info);
        echo__manifest_free(&manifest);
    }
    echo__free(json);
    return status;
}

echo_status echo_snapshot_list(const echo_store *store, const echo_key *party, echo_snapshot_fn fn, void *arg,
                               echo_error *err) {
    echo__candidates candidates;
    if (!echo__crypto_init()) return echo__error(err, ECHO_ERR_IO, "the system has no random source");
    echo_status status = echo__candidates_list(&candidates, store, party, err);
    for (size_t i = 0; status == ECHO_OK && i < candidates.count; i++) {
        bool pinned;
        status = echo__store_pinned(&pinned, store, party, candidates.list[i].number, err);
        if (status == ECHO_OK) status = tell(&candidates.list[i], party, pinned, fn, arg, err);
    }
    if (status == ECHO_OK || candidates.list != NULL) echo__candidates_free(&candidates);
    return status;
}

/* ---- one snapshot ---- */

echo_status echo__snapshot_open(echo__manifest *out, echo__chunks **chunks, const echo_store *store,
                                const echo_key *party, uint64_t number, echo_error *err) {
    *chunks = NULL;
    echo__candidates candidates;
    if (!echo__crypto_init()) return echo__error(err, ECHO_ERR_IO, "the system has no random source");
    echo_status status = echo__candidates_list(&candidates, store, party, err);
    if (status != ECHO_OK) return status;
    const echo__candidate *found = NULL;
    for (size_t i = 0; found == NULL && i < candidates.count; i++)
        if (number == 0 || candidates.list[i].number == number) found = &candidates.list[i];
    if (found == NULL)
        status = echo__error(err, ECHO_ERR_NOT_FOUND,
                             number == 0 ? "there is no snapshot" : "there is no snapshot of that number");
    else
        status = echo__candidate_read(out, found, party, err);
    if (status == ECHO_OK && echo__chunks_new(chunks, store) != ECHO_OK) {
        echo__manifest_free(out);
        status = echo__nomem(err);
    }
    echo__candidates_free(&candidates);
    return status;
}

echo_status echo_snapshot_records(const echo_store *store, const echo_key *party, uint64_t number, echo_record_fn fn,
                                  void *arg, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT, id_text = ECHO__BUF_INIT;
    echo_status status = echo__snapshot_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    status = echo__cursor_open(&cursor, chunks, &manifest.items, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo_bytes line, id;
        status = echo__cursor_next(&line, cursor, err);
        if (status == ECHO_ERR_NOT_FOUND) {
            status = ECHO_OK;
            break;
        }
        if (status == ECHO_OK) status = echo__record_read_id(&id, line, &scratch, err);
        if (status != ECHO_OK) break;
        echo__buf_clear(&id_text);
        echo__buf_append(&id_text, id.data, id.len);
        echo__buf_byte(&id_text, 0);
        status = id_text.status != ECHO_OK ? echo__nomem(err) : fn(arg, (const char *)id_text.data, line);
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    echo__buf_free(&id_text);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}

static echo_status admit(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err) {
    echo_status status = echo__admission_add(arg, &stamp->feed, stamp->seq, credential, NULL, NULL);
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : ECHO_OK; /* one that is not usable admits nothing */
}

/* The author is a member by the snapshot's own credentials. Without a genesis among them the host decides who counts,
 * and we cannot say. */
static echo_status verify_author(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) {
    echo__admission *admission;
    if (!manifest->is_signed) return ECHO_OK;
    if (echo__admission_new(&admission, &manifest->party) != ECHO_OK) return echo__nomem(err);
    echo_status status = echo__credentials_each(chunks, &manifest->credentials, admit, admission, err);
    if (status == ECHO_OK && echo__admission_has_genesis(admission) &&
        !echo__admission_admits(admission, &manifest->author) && !echo__admission_trusts(admission, &manifest->author))
        status = echo__error(err, ECHO_ERR_SIGNATURE, "manifest is signed by somebody who is no member of the party");
    echo__admission_free(admission);
    return status;
}

echo_status echo__manifest_verify(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) {
    echo_status status = echo__tree_verify(chunks, &manifest->items, NULL, err);
    if (status == ECHO_OK) status = echo__tree_verify(chunks, &manifest->credentials, NULL, err);
    return status == ECHO_OK ? verify_author(manifest, chunks, err) : status;
}

echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo_status status = echo__snapshot_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    status = echo__manifest_verify(&manifest, chunks, err);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}

/* ---- replay ---- */

typedef struct bounded {
    const echo_timeframe *until;
} bounded;

static bool within(void *arg, const echo_key *feed) { return echo_timeframe_get(NULL, ((bounded *)arg)->until, feed); }

static echo_status never(void *arg, const echo_key *feed, const echo_message *message) {
    (void)arg;
    (void)feed;
    (void)message;
    return ECHO_ERR_REFUSED;
}

/* Replays what the timeframe covers into a party of its own over a store in memory, and takes a snapshot of that. */
static echo_status replay_until(echo_hash *digest, echo_party *party, echo_timeframe *until, echo_error *err) {
    bounded b = {until};
    echo__merge_hooks hooks = {within, never, &b};
    echo_snapshot_result result;
    echo_status status = echo__merge_new(&party->merge, &party->feeds, &party->codec, party->clock, until, &hooks, err);
    if (status == ECHO_OK) status = echo__party_pump(party, 0, NULL, err);
    if (status != ECHO_OK) return status;
    if (echo_timeframe_compare(party->clock, until) != ECHO_ORDER_EQUAL) {
        echo__merge_counts counts;
        echo__merge_counts_get(&counts, party->merge);
        if (counts.stopped > 0 && err != NULL) *err = counts.stop;
        return counts.stopped > 0 ? counts.stop.code
                                  : echo__error(err, ECHO_ERR_GAP, "blocks that the snapshot covers are not here");
    }
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
    if (status != ECHO_OK) return status;
    if (options->feeds != NULL)
        feeds = *options->feeds;
    else
        status = echo__feeds_of_folder(&feeds, options->dir, &how, err);
    if (status != ECHO_OK) return status;
    status = echo__party_find(&key, &feeds, store, options, err);
    if (status == ECHO_OK) status = echo__snapshot_open(&manifest, &chunks, store, &key, number, err);
    if (status == ECHO_OK) {
        echo_party_options replay;
        echo_snapshot_policy policy;
        echo__options_take(&replay, &policy, options);
        replay.writable = true;
        status = echo__party_new(&party, &key, &replay, err);
        if (status == ECHO_OK) {
            echo_store memory;
            status = echo_store_new_memory(&memory) == ECHO_OK ? ECHO_OK : echo__nomem(err);
            if (status == ECHO_OK) status = echo__party_over(party, &feeds, &memory, 0, err);
            party->owns_store = party->store.ops != NULL;
            party->policy.thread = false;
            if (status == ECHO_OK) status = echo__taker_new(party, err);
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

static echo_status note_digest(void *arg, const echo_party *replayed, const echo_hash *digest, echo_error *err) {
    (void)replayed;
    (void)err;
    *(echo_hash *)arg = *digest;
    return ECHO_OK;
}

echo_status echo_snapshot_replay(echo_hash *digest, const echo_party_options *options, const echo_store *store,
                                 uint64_t number, echo_error *err) {
    return echo__snapshot_replay(options, store, number, note_digest, digest, err);
}
