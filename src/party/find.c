#include "party/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/sys/feed.h"
#include "base/scratch.h"
#include "feed/credentials.h"
#include "store/store.h"

echo_status echo__feeds_of_folder(echo_feeds *out, const char *dir, const echo_feeds_dir_options *how,
                                  echo_error *err) {
    echo__buf path = ECHO__BUF_INIT;
    echo__buf_text(&path, dir);
    echo__buf_append(&path, "/feeds", sizeof "/feeds");
    echo_status status =
        path.status != ECHO_OK ? echo__nomem(err) : echo_feeds_open_dir(out, (const char *)path.data, how, err);
    echo__buf_free(&path);
    return status;
}

echo_status echo__store_of_folder(echo_store *out, const char *dir, const echo_store_sqlite_options *how,
                                  echo_error *err) {
    echo__buf path = ECHO__BUF_INIT;
    *out = (echo_store){NULL, NULL};
    echo__buf_text(&path, dir);
    echo__buf_append(&path, "/snapshots.db", sizeof "/snapshots.db");
    echo_status status =
        path.status != ECHO_OK ? echo__nomem(err) : echo_store_open_sqlite(out, (const char *)path.data, how, err);
    echo__buf_free(&path);
    return status;
}

typedef struct finding {
    const echo_feeds *feeds;
    echo_codec codec;
    echo__verifier *verifier;      /* may be NULL */
    const echo_timeframe *covered; /* may be NULL */
    echo_party_entry *entries;
    size_t count, cap;
    size_t of_feeds;    /* the first ones, in order of key: those whose genesis is in the feeds */
    echo_error problem; /* of the first feed that could not be read */
} finding;

typedef struct first_block {
    finding *f;
    const echo_key *feed;
} first_block;

static echo_status look_at(void *arg, uint64_t seq, echo_bytes block) {
    finding *f = ((first_block *)arg)->f;
    (void)seq;
    echo_scratch scratch;
    echo_message message;
    echo__genesis genesis;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    echo_status status = f->codec.ops->decode(&message, f->codec.ctx, block, &scratch, NULL);
    if (status == ECHO_OK && message.kind != ECHO_MESSAGE_CREDENTIAL) status = ECHO_ERR_REFUSED;
    if (status == ECHO_OK) status = echo__credential_genesis(&genesis, f->verifier, message.credential);
    echo__scratch_free(&scratch);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    if (!echo__grow(&f->entries, &f->cap, f->count + 1, sizeof *f->entries)) return ECHO_ERR_NOMEM;
    f->entries[f->count++] = (echo_party_entry){genesis.party, genesis.feed, genesis.identity};
    return ECHO_OK;
}

static echo_status look_into(void *arg, const echo_key *key) {
    finding *f = arg;
    void *feed;
    echo_feed_info info;
    echo_error problem = ECHO_ERROR_INIT;
    first_block first = {f, key};
    if (f->covered != NULL && echo_timeframe_get(NULL, f->covered, key)) return ECHO_OK;
    echo_status status = f->feeds->ops->open(&feed, f->feeds->ctx, key, &problem);
    if (status == ECHO_OK) {
        status = f->feeds->ops->info(&info, f->feeds->ctx, feed, &problem);
        if (status == ECHO_OK && info.verified > 0 && f->feeds->ops->has(f->feeds->ctx, feed, 0))
            status = f->feeds->ops->read(f->feeds->ctx, feed, 0, 1, look_at, &first, &problem);
        f->feeds->ops->close(f->feeds->ctx, feed);
    }
    if (status == ECHO_ERR_NOMEM) return status;
    if (status != ECHO_OK && f->problem.code == ECHO_OK) {
        f->problem = problem;
        echo__error_adopt(&f->problem, status, "feed cannot be read");
        echo__error_feed(&f->problem, key);
    }
    return ECHO_OK;
}

static int by_party(const void *a, const void *b) {
    return echo__key_compare(&((const echo_party_entry *)a)->party, &((const echo_party_entry *)b)->party);
}

/* ---- parties that are present as a snapshot only: after joining from one there is no genesis block ---- */

static echo_status add_stored(void *arg, const echo_key *party) {
    finding *f = arg;
    echo_party_entry sought = {*party, {{0}}, false};
    if (f->of_feeds > 0 && bsearch(&sought, f->entries, f->of_feeds, sizeof sought, by_party) != NULL) return ECHO_OK;
    if (!echo__grow(&f->entries, &f->cap, f->count + 1, sizeof *f->entries)) return ECHO_ERR_NOMEM;
    echo_party_entry *entry = &f->entries[f->count++];
    memset(entry, 0, sizeof *entry);
    entry->party = *party;
    return ECHO_OK;
}

/* A store that cannot be read is reported when the party is opened. */
static echo_status find_all(finding *f, const echo_feeds *feeds, const echo_codec *codec, const echo_store *store,
                            echo_error *err) {
    f->feeds = feeds;
    f->codec = codec != NULL ? *codec : echo_codec_dxos();
    echo_status status = feeds->ops->list(feeds->ctx, look_into, f, err);
    echo_error ignored = ECHO_ERROR_INIT;
    if (f->count > 1) qsort(f->entries, f->count, sizeof *f->entries, by_party);
    f->of_feeds = f->count;
    if (status == ECHO_OK && store->ops != NULL &&
        echo__store_parties(store, add_stored, f, &ignored) == ECHO_ERR_NOMEM)
        status = ECHO_ERR_NOMEM;
    if (status == ECHO_ERR_NOMEM) echo__nomem(err);
    if (f->count > 1) qsort(f->entries, f->count, sizeof *f->entries, by_party);
    return status;
}

echo_status echo__party_find(echo_key *out, const echo_feeds *feeds, const echo_store *store,
                             const echo_party_options *options, echo__verifier *verifier, const echo_timeframe *covered,
                             echo_error *err) {
    if (options->party != NULL) {
        *out = *options->party;
        return ECHO_OK;
    }
    finding f = {.verifier = verifier, .covered = covered};
    echo_status status = find_all(&f, feeds, options->codec, store, err);
    size_t found = 0;
    for (size_t i = 0; status == ECHO_OK && i < f.count; i++) {
        if (f.entries[i].identity) continue;
        found += found == 0 || !echo__key_equal(out, &f.entries[i].party);
        *out = f.entries[i].party;
    }
    if (status == ECHO_OK && found > 1)
        status = echo__error(err, ECHO_ERR_INVALID, "the folder holds %zu parties: name one", found);
    if (status == ECHO_OK && found == 0) {
        status = f.problem.code != ECHO_OK
                     ? f.problem.code
                     : echo__error(err, ECHO_ERR_NOT_FOUND, "no feed in the folder begins with the genesis of a party");
        if (f.problem.code != ECHO_OK && err != NULL) *err = f.problem;
    }
    echo__free(f.entries);
    return status;
}

static echo_status take_one(void *arg, const echo_key *party) {
    finding *f = arg;
    return f->count > 0 ? ECHO_ERR_LIMIT : add_stored(f, party);
}

bool echo__party_of_store(echo_key *out, const echo_store *store) {
    finding f = {.covered = NULL};
    echo_error ignored = ECHO_ERROR_INIT;
    bool one = store->ops != NULL && echo__store_parties(store, take_one, &f, &ignored) == ECHO_OK && f.count == 1;
    if (one) *out = f.entries[0].party;
    echo__free(f.entries);
    return one;
}

echo_status echo_parties_list(const char *dir, echo_party_entry_fn fn, void *arg, echo_error *err) {
    if (dir == NULL || fn == NULL) return echo__error_null(err, dir == NULL ? "dir" : "fn");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.read_only = true;
    echo_store_sqlite_options readable = ECHO_STORE_SQLITE_OPTIONS_INIT;
    readable.read_only = true;
    echo_feeds feeds;
    echo_store store;
    finding f = {.covered = NULL};
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = echo__feeds_of_folder(&feeds, dir, &how, err);
    if (status != ECHO_OK) return status;
    (void)!echo__store_of_folder(&store, dir, &readable, &ignored);
    status = find_all(&f, &feeds, NULL, &store, err);
    for (size_t i = 0; status == ECHO_OK && i < f.count; i++) {
        if (i > 0 && by_party(&f.entries[i - 1], &f.entries[i]) == 0) continue;
        status = fn(arg, &f.entries[i]);
    }
    echo__free(f.entries);
    echo_store_close(&store);
    echo_feeds_close(&feeds);
    return status;
}
