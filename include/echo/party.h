/*
 * echo/party.h: a party's items, restored from its newest good snapshot and its feeds.
 *
 * A party belongs to one thread. echo_party_restore() is the one way to get one; a first run, with nothing stored, is
 * the same call. Nothing here prints or exits. A NULL that a function does not allow is ECHO_ERR_INVALID; functions
 * that return no status return NULL, false or a structure of zeros for a party or an item that is NULL. While a
 * snapshot is being written the party has one thread of its own, which calls nothing but the store, unless the policy
 * forbids it (echo/policy.h).
 */
#ifndef ECHO_PARTY_H
#define ECHO_PARTY_H

#include <echo/base.h>
#include <echo/model.h>
#include <echo/policy.h>
#include <echo/sys/codec.h>
#include <echo/sys/feed.h>
#include <echo/sys/store.h>
#include <echo/timeframe.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

typedef struct echo_party echo_party;
typedef struct echo_item echo_item;

/* Bytes of an item id; ids are UTF-8 without U+0000. ECHO's own are 64 hex digits. */
#define ECHO_ID_BYTES_MAX 1024u

/* ---- Opening ---- */

/* How much of a snapshot is checked before it is trusted. Chunks are hashed whenever they are read, in either case. */
typedef enum echo_verify_level {
    ECHO_VERIFY_ROOT =
        0, /* manifest and root; a damaged chunk further down is found when it is touched (ECHO_ERR_CORRUPT) */
    ECHO_VERIFY_FULL =
        1 /* every chunk is read and checked first, so that damage anywhere falls back to an older snapshot */
} echo_verify_level;

/* Called now and then during long work; `total` may be 0 when unknown. Any code but ECHO_OK cancels and is returned. */
typedef echo_status (*echo_progress_fn)(void *arg, const char *phase, uint64_t done, uint64_t total);
/* Decides whether a feed counts; replaces the built-in admission by credentials. */
typedef bool (*echo_admit_fn)(void *arg, const echo_key *feed);
/* Milliseconds since 1970, for the dates in manifests and credentials. */
typedef int64_t (*echo_now_fn)(void *arg);
/* Nanoseconds of a clock that never goes back, for steps and the policy. Called on the party's thread alone. */
typedef uint64_t (*echo_clock_fn)(void *arg);
/* Told of each message that could not be applied and was passed over (err names item, feed and seq). May not call the
 * party. */
typedef void (*echo_refused_fn)(void *arg, const echo_error *err);

typedef struct echo_party_options {
    uint32_t version;      /* 1 */
    const char *dir;       /* folder with feeds/<key>/ and snapshots.db; may be NULL when `feeds` is given */
    const echo_key *party; /* which party; NULL: the only one whose genesis is among the feeds, or that the store has */
    echo_registry *models; /* required; borrowed, must outlive the party */
    const echo_feeds *feeds; /* NULL: the folder's; otherwise borrowed, must outlive the party */
    const echo_store
        *store; /* NULL: the folder's snapshots.db, or none without a folder; otherwise borrowed, must outlive it. One
                   that cannot be opened again (sys/store.h, `reopen`) serves one party at a time */
    const echo_codec *codec; /* NULL: echo_codec_dxos(); borrowed */
    echo_admit_fn admit;     /* NULL: by the party's credentials, or by the list below */
    void *admit_arg;
    const echo_key
        *admitted; /* with admitted_count > 0: exactly these feeds count, credentials admit nothing; copied */
    size_t admitted_count;
    const echo_key *own_feed; /* the feed to write to; NULL: the only writable one that is admitted */
    bool use_snapshots;       /* open from the newest good snapshot (true); false: replay everything; snapshots that
                                 exist are neither read nor harmed */
    bool writable;            /* true; false: change nothing on disk, writing returns ECHO_ERR_READONLY */
    bool eager;               /* make every item's state now instead of when it is touched */
    bool relaxed;             /* own appends are not synced to disk (see echo_feeds_dir_options) */
    bool rebuild;             /* rebuild the items of stale models from the feeds (true); false: leave them as bytes */
    echo_verify_level verify;
    echo_progress_fn progress; /* optional */
    void *progress_arg;
    echo_refused_fn refused; /* optional */
    void *refused_arg;
    echo_now_fn now; /* NULL: the system's clock */
    void *now_arg;
    const echo_snapshot_policy *policy; /* NULL: ECHO_SNAPSHOT_POLICY_INIT; copied */
    uint64_t
        memory; /* bytes that items may take; items that a snapshot holds are evicted beyond it, least recently used
                   first, and loaded again when touched. An estimate from the size of their records. 0: no bound */
    echo_clock_fn clock; /* NULL: the system's monotonic clock */
    void *clock_arg;
} echo_party_options;
#define ECHO_PARTY_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        1u, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, true, true, false, false, true,             \
            ECHO_VERIFY_ROOT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL                                  \
    }

/*
 * Opens the party: the newest snapshot that verifies, then the messages after it; older snapshots, and in the end full
 * replay, when newer ones are damaged. That is told in the report and is no error. On error *out is NULL and everything
 * on disk is as it was.
 *
 * ECHO_ERR_NOT_FOUND: no such folder, or no feed in it holds the party's genesis. ECHO_ERR_INVALID: options, or the
 * folder holds several parties and none was named. ECHO_ERR_BUSY: another process is writing the store right now. A
 * store that cannot be used at all (not ours, newer, unreadable) is told in the report too, and the party opens by
 * replay; taking a snapshot then returns that error.
 */
echo_status echo_party_restore(echo_party **out, const echo_party_options *options, echo_error *err) ECHO_MUST_USE;
/* Releases everything, takes no snapshot. Borrowed feeds, stores and registries are left to the host. */
void echo_party_free(echo_party *party);

/* What happened at opening. Times are nanoseconds of a monotonic clock. Borrowed from the party. */
typedef struct echo_restore_report {
    uint64_t snapshot;         /* number of the snapshot that was opened, 0: none */
    uint64_t snapshot_items;   /* items in it */
    uint64_t messages_skipped; /* covered by the snapshot: not read */
    uint64_t messages_read;
    uint64_t messages_applied;
    uint64_t messages_refused; /* covered, but not applied: undecodable, or refused by their model */
    uint64_t chunks_read;
    uint64_t chunk_bytes_read;
    uint64_t items_hydrated;
    uint64_t stale_models; /* models whose stored version the host no longer reads */
    bool stale_kept;       /* blocks are missing for rebuilding them: their items stay as bytes */
    uint64_t ns_open;      /* store, manifest, root */
    uint64_t ns_feeds;     /* opening the feeds */
    uint64_t ns_tail;      /* reading and applying messages */
    uint64_t ns_hydrate;   /* eager only */
    uint64_t ns_total;
    const echo_error *damage; /* what was found damaged and passed over: snapshots, the store, feeds */
    size_t damage_count;
} echo_restore_report;
const echo_restore_report *echo_party_report(const echo_party *party);

/* Parties whose genesis is the first block of a feed in the folder, and those that are there as a snapshot only. */
typedef struct echo_party_entry {
    echo_key party;
    echo_key genesis_feed; /* all zero when its first block is not here */
    bool identity;         /* a member's own identity (HALO) party, which holds credentials rather than items */
} echo_party_entry;
typedef echo_status (*echo_party_entry_fn)(void *arg, const echo_party_entry *entry);
/* Lists them in ascending order of party key. Feeds that cannot be read are passed over. */
echo_status echo_parties_list(const char *dir, echo_party_entry_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/*
 * Makes a party in a folder: an own feed whose first block is the party's genesis, signed by the party key. The folder
 * is made when missing. Keep the party's secret: it admits further feeds (echo_party_admit_feed). `now` gives the date
 * in the genesis; NULL: the system's clock.
 */
echo_status echo_party_create(const char *dir, const echo_keypair *party, const echo_keypair *feed, echo_now_fn now,
                              void *now_arg, echo_error *err) ECHO_MUST_USE;
/* Writes a credential to the own feed that admits another feed, dated by options.now; `signer` is a trusted key of the
 * party, such as the party's own. */
echo_status echo_party_admit_feed(echo_party *party, const echo_key *feed, const echo_keypair *signer,
                                  echo_error *err) ECHO_MUST_USE;

/* ---- State ---- */

const echo_key *echo_party_key(const echo_party *party);
/* The party's clock: what is covered now. Borrowed; changes as messages are applied. */
const echo_timeframe *echo_party_clock(const echo_party *party);

/* A message that waits, and for what. */
typedef struct echo_awaited {
    echo_key feed; /* the feed that waits, at block `seq` */
    uint64_t seq;
    echo_key awaited_feed; /* the block it waits for; the same feed and seq when its own block is missing */
    uint64_t awaited_seq;
} echo_awaited;
typedef struct echo_party_status {
    uint64_t items; /* in the last snapshot, plus those made since */
    uint64_t items_in_memory;
    uint64_t items_changed; /* since the last snapshot */
    uint64_t applied;       /* messages since the party was opened */
    uint64_t refused;
    uint64_t feeds;      /* admitted and present */
    uint64_t waiting;    /* feeds whose next message waits for something */
    uint64_t stopped;    /* feeds that cannot be read further (see `stop`) */
    uint64_t rebuilding; /* items of stale models that are still to be rebuilt */
    uint64_t snapshot;   /* number of the last snapshot, 0: none */
    bool writable;       /* there is an own feed, and writing to it is safe */
    echo_error stop;     /* the first reason in `stopped`, code ECHO_OK when none */
} echo_party_status;
void echo_party_status_get(echo_party_status *out, const echo_party *party);
/*
 * Copies up to max of the waiting messages; *count is how many there are. out may be NULL when max is 0.
 * ECHO_ERR_NOMEM leaves both as they were.
 */
echo_status echo_party_awaited(echo_awaited *out, size_t max, size_t *count, const echo_party *party) ECHO_MUST_USE;

/*
 * Looks for new blocks and applies up to `max` messages (0: all there are), then does a step of background work
 * (rebuilding stale items). *applied may be NULL. An error says which message could not be applied; it stays uncovered
 * and the call can be repeated.
 */
echo_status echo_party_poll(uint64_t *applied, echo_party *party, uint64_t max, echo_error *err) ECHO_MUST_USE;

/* ---- Items ---- */

/* An item's head. Views, valid during the callback or until the party's next call. Absent texts are NULL. */
typedef struct echo_item_head {
    const char *id;
    const char *type;
    const char *model;  /* NULL: mutations came but no genesis yet */
    const char *parent; /* may name an item that is not here (yet) */
    const char *source; /* links only */
    const char *target;
    bool deleted;
} echo_item_head;

/*
 * Finds an item and makes its state. *out is borrowed, valid until the next call that is given this party without
 * const. ECHO_ERR_NOT_FOUND; ECHO_ERR_CORRUPT when the snapshot's chunk that should hold it is damaged (err->item, and
 * the chunk in the message).
 */
echo_status echo_item_get(echo_item **out, echo_party *party, const char *id, echo_error *err) ECHO_MUST_USE;
void echo_item_head_get(echo_item_head *out, const echo_item *item);
/* false: the item is kept as bytes, since its model is not registered, does not read its version, or failed to restore
 * it. */
bool echo_item_has_state(const echo_item *item);
/* The model's own state, NULL when it has none. Borrowed like the item. */
const void *echo_item_state(const echo_item *item);
/* What the model's `view` shows; *out is the caller's. NULL and ECHO_OK for a model without view or an item without
 * state. */
echo_status echo_item_view(struct cJSON **out, const echo_item *item, echo_error *err) ECHO_MUST_USE;

/* Which items: absent criteria match all. */
typedef struct echo_query {
    const char *type;
    const char *model;
    const char *parent; /* "" selects items without parent */
    bool deleted;       /* deleted items too */
} echo_query;
typedef echo_status (*echo_item_fn)(void *arg, const echo_item_head *head);
/*
 * Calls fn for each item that matches, in ascending order of id, without making any state. fn may not change the party;
 * any code but ECHO_OK ends the walk and is returned. query may be NULL: all items that are not deleted.
 */
echo_status echo_party_each(echo_party *party, const echo_query *query, echo_item_fn fn, void *arg,
                            echo_error *err) ECHO_MUST_USE;

/* ---- Writing ---- */

/* One message to write. */
typedef struct echo_write {
    const char *id; /* required */
    bool create;    /* a new item: model is required, type optional */
    const char *type;
    const char *model;
    const char *source; /* a link, with target; new generation only */
    const char *target;
    bool set_parent;
    const char *parent; /* NULL or "": none */
    echo_item_action action;
    const echo_bytes *mutation; /* for the item's model; NULL: none */
} echo_write;

/* Draws an id as ECHO does: 32 random bytes in hex. */
void echo_id_new(char out[ECHO_HEX_CHARS]);
/*
 * Appends n messages to the own feed as one durable batch and applies them. All or none are written. ECHO_ERR_EXISTS
 * (create), ECHO_ERR_NOT_FOUND (anything else on an unknown item), ECHO_ERR_READONLY (no own feed, or not `writable`),
 * ECHO_ERR_BEHIND (the own feed is shorter than what was published from it: writing would fork it). After ECHO_OK the
 * messages are in the feed for good; when applying one of them failed they are written all the same and
 * echo_party_poll() applies them, which is told as its error here with *written = true (written may be NULL).
 */
echo_status echo_party_write(bool *written, echo_party *party, const echo_write *writes, size_t n,
                             echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
