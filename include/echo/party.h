/*
 * echo/party.h: opening a party, reading its items and writing to it.
 *
 * A party belongs to one thread. echo_party_restore() opens one from its newest good snapshot and its feeds; a first
 * run, with nothing stored, is the same call. Nothing here prints or exits. While a snapshot is written the party has
 * one thread of its own, unless the policy forbids it (echo/policy.h); that thread calls nothing but the store.
 *
 * Calling back. While a call on a party runs it may call the host: hooks of models, stores, feeds and codecs, the
 * callbacks of the options, walks and echo_party_switch(). From there, and from the events of an exchange on this
 * party, every function that takes the party without const is ECHO_ERR_BUSY and changes nothing. Those that take it as
 * const may be called, and those that take an item that the host was given; from `admit`, echo_party_status_get()
 * leaves the numbers of feeds at 0. echo_party_free() frees the party when the call ends, echo_party_snapshot_cancel()
 * does nothing. Other parties, stores and feeds of the host may be used freely, but not the ones that called.
 *
 * A NULL that a function does not allow is ECHO_ERR_INVALID. Functions that return no status return NULL, false or a
 * structure of zeros for a party or an item that is NULL.
 */
#ifndef ECHO_PARTY_H
#define ECHO_PARTY_H

#include <echo/base.h>
#include <echo/codec.h>
#include <echo/feeds.h>
#include <echo/model.h>
#include <echo/policy.h>
#include <echo/store.h>
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

/*
 * How much of a snapshot is checked when it is opened. Every chunk is hashed whenever it is read, in either case. ROOT:
 * the manifest and the root; a damaged chunk below the root is found when it is read (ECHO_ERR_CORRUPT). FULL: every
 * chunk is read and checked first, so that damage anywhere falls back to an older snapshot.
 */
#define ECHO_VERIFY_LEVEL_MAP(XX)                                                                                      \
    XX(ROOT, "root")                                                                                                   \
    XX(FULL, "full")
typedef enum echo_verify_level {
#define XX(name, text) ECHO_VERIFY_##name,
    ECHO_VERIFY_LEVEL_MAP(XX)
#undef XX
} echo_verify_level;
/* "root" or "full"; "unknown" for any other number. */
const char *echo_verify_level_name(echo_verify_level level);

/*
 * Called from time to time during long work. `phase` is a static text; `total` is 0 if it is not known. Any code but
 * ECHO_OK cancels the work and is returned by it.
 */
typedef echo_status (*echo_progress_fn)(void *arg, const char *phase, uint64_t done, uint64_t total);
/*
 * Decides whether a feed is admitted; replaces the built-in admission by credentials. Must give the same answer for a
 * feed as long as the party is open.
 */
typedef bool (*echo_admit_fn)(void *arg, const echo_key *feed);
/* Returns milliseconds since 1970, for the time in manifests and credentials. */
typedef int64_t (*echo_now_fn)(void *arg);
/* Returns nanoseconds of a clock that never goes back, for steps and the policy. Called on the party's thread only. */
typedef uint64_t (*echo_clock_fn)(void *arg);
/*
 * Called for each message that could not be applied and was skipped, and for each item that became opaque: its state
 * cannot be made, or a genesis of another model or type came late (ECHO_ERR_CONFLICT). err names the item, and the feed
 * and seq of the message.
 */
typedef void (*echo_refused_fn)(void *arg, const echo_error *err);

/* Values in parentheses are those of ECHO_PARTY_OPTIONS_INIT, where they are not 0, false or NULL. */
typedef struct echo_party_options {
    uint32_t version; /* 1 */
    /* Folder with feeds/<key>/ and snapshots.db. May be NULL when `feeds` is given. */
    const char *dir;
    /* Which party to open. NULL: the only one whose genesis is in the feeds, or that the store has. */
    const echo_key *party;
    /* The models. Required; borrowed, must outlive the party. */
    echo_registry *models;
    /* NULL: the folder's feeds. Otherwise borrowed, must outlive the party. */
    const echo_feeds *feeds;
    /* NULL: the folder's snapshots.db, or no store without a folder. Otherwise borrowed, must outlive the party. A
     * store that cannot be opened a second time (echo/sys/store.h, `reopen`) can serve one party at a time only. */
    const echo_store *store;
    /* NULL: echo_codec_dxos(). Borrowed. */
    const echo_codec *codec;
    /* NULL: feeds are admitted by the party's credentials, or by the list below. */
    echo_admit_fn admit;
    void *admit_arg;
    /* With admitted_count > 0, exactly these feeds are admitted and credentials admit nothing. Copied. */
    const echo_key *admitted;
    size_t admitted_count;
    /* The feed to write to. NULL: the only writable feed that is admitted. */
    const echo_key *own_feed;
    /* Open from the newest good snapshot (true). false: replay everything; existing snapshots are neither read nor
     * changed, and none is taken unless the host asks. */
    bool use_snapshots;
    /* Allow writing (true). false: nothing on disk is changed, and writing returns ECHO_ERR_READONLY. */
    bool writable;
    /* Make the state of every item at opening instead of when it is first read. */
    bool eager;
    /* Do not sync own appends to disk (see echo_feeds_dir_options). */
    bool relaxed;
    /*
     * Rebuild from the feeds the items of stale models, and those whose state was made for another genesis (true).
     * false: they stay opaque.
     */
    bool rebuild;
    echo_verify_level verify;
    echo_progress_fn progress; /* optional */
    void *progress_arg;
    echo_refused_fn refused; /* optional */
    void *refused_arg;
    echo_now_fn now; /* NULL: the system's clock */
    void *now_arg;
    const echo_snapshot_policy *policy; /* NULL: ECHO_SNAPSHOT_POLICY_INIT. Copied */
    /* Bytes that items may take in memory, estimated from the size of their records. Beyond it, items that a snapshot
     * holds are evicted, least recently used first, and loaded again when they are read. 0: no bound. Chunks of the
     * snapshot that were read are kept in a quarter as many bytes more, 1 MiB at least and 16 MiB at most. */
    uint64_t memory;
    echo_clock_fn clock; /* NULL: the system's monotonic clock */
    void *clock_arg;
} echo_party_options;
#define ECHO_PARTY_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        1u, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, true, true, false, false, true,             \
            ECHO_VERIFY_ROOT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL                                  \
    }

/*
 * Opens the party. ("Restore" means open: nothing that exists is overwritten.)
 *
 * It takes the newest snapshot that verifies and applies the messages after it. When newer snapshots are damaged it
 * uses an older one, or in the end replays everything; the report lists what was damaged, and it is not an error. On
 * error *out is NULL and nothing on disk has changed.
 *
 * ECHO_ERR_NOT_FOUND: the folder does not exist, or no feed in it holds the party's genesis. ECHO_ERR_INVALID: an
 * option is wrong, or the folder holds several parties and `party` is NULL. ECHO_ERR_VERSION: the options have an
 * unknown version. ECHO_ERR_BUSY: another process is writing the store. A store that cannot be used at all (not ours,
 * newer, unreadable) is listed in the report as well, and the party opens by replay; taking a snapshot then returns
 * that error.
 */
echo_status echo_party_restore(echo_party **out, const echo_party_options *options, echo_error *err) ECHO_MUST_USE;
/* Frees the party; takes no snapshot. Borrowed feeds, stores and registries stay with the host. Within a call on the
 * party (above), frees it once that has ended. */
void echo_party_free(echo_party *party);

/* What happened at opening. Times are nanoseconds of a monotonic clock. */
typedef struct echo_restore_report {
    uint64_t snapshot;         /* number of the snapshot that was opened; 0: none */
    uint64_t snapshot_items;   /* items in it */
    uint64_t messages_skipped; /* covered by the snapshot, therefore not read */
    uint64_t messages_read;
    uint64_t messages_applied;
    uint64_t messages_refused; /* covered, but not applied: they cannot be decoded, or their model refused them */
    uint64_t chunks_read;
    uint64_t chunk_bytes_read;
    uint64_t items_hydrated; /* items whose state was made */
    uint64_t
        stale_models;    /* stored (model, version) pairs that the host does not read, or that are of another genesis */
    bool stale_kept;     /* stale items could not be rebuilt because blocks are missing; they stay opaque */
    uint64_t ns_open;    /* store, manifest and root */
    uint64_t ns_feeds;   /* opening the feeds */
    uint64_t ns_tail;    /* reading and applying messages */
    uint64_t ns_hydrate; /* eager only: making states */
    uint64_t ns_total;
    const echo_error *damage; /* what was found damaged and was not used: snapshots, the store, feeds */
    size_t damage_count;
} echo_restore_report;
/* Borrowed from the party; valid until it is freed. */
const echo_restore_report *echo_party_report(const echo_party *party);

/* A party whose genesis is the first block of a feed in a folder, or of which the folder has a snapshot only. */
typedef struct echo_party_entry {
    echo_key party;
    echo_key genesis_feed; /* all zero when the first block of that feed is not stored locally */
    bool identity;         /* a member's own identity (HALO) party, which holds credentials rather than items */
} echo_party_entry;
typedef echo_status (*echo_party_entry_fn)(void *arg, const echo_party_entry *entry);
/* Calls fn for each party in the folder, in ascending order of key. Feeds that cannot be read are skipped. */
echo_status echo_parties_list(const char *dir, echo_party_entry_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/*
 * Makes a new party in a folder: an own feed whose first block is the party's genesis, signed with the party's key. The
 * folder is made if it does not exist. Keep the party's secret key: it admits further feeds (echo_party_admit_feed()).
 * `now` is called for the credential's date; NULL: the system's clock.
 */
echo_status echo_party_create(const char *dir, const echo_keypair *party, const echo_keypair *feed, echo_now_fn now,
                              void *now_arg, echo_error *err) ECHO_MUST_USE;
/*
 * Appends a credential to the own feed that admits another feed. `signer` is the party's key pair, or that of another
 * key that the party trusts. ECHO_ERR_REFUSED: the party does not trust it. ECHO_ERR_INVALID: its secret key belongs to
 * another public key. Otherwise as echo_party_write().
 */
echo_status echo_party_admit_feed(echo_party *party, const echo_key *feed, const echo_keypair *signer,
                                  echo_error *err) ECHO_MUST_USE;

/* ---- State ---- */

const echo_key *echo_party_key(const echo_party *party);
/*
 * What the party works with, so that an exchange, say, can be opened on a party that was opened by its folder. Borrowed
 * from the party and valid until it is freed; what they refer to stays open over echo_party_switch(). The store is NULL
 * when the party has none. Nobody but the party may put into its store: use a handle from echo_store_reopen().
 */
const echo_feeds *echo_party_feeds(const echo_party *party);
const echo_store *echo_party_store(const echo_party *party);
/* The key of the own feed, which echo_party_write() appends to. Borrowed. NULL: the party has no own feed. */
const echo_key *echo_party_own_feed(const echo_party *party);
/* Copies the own feed's key pair; overwrite it after use. ECHO_ERR_READONLY: no own feed, or no secret key. */
echo_status echo_party_own_keypair(echo_keypair *out, const echo_party *party, echo_error *err) ECHO_MUST_USE;
/* The party's clock: the timeframe that is covered now. Borrowed; it changes as messages are applied. */
const echo_timeframe *echo_party_clock(const echo_party *party);

/* A feed whose next message cannot be applied yet, and the block it waits for. */
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
    uint64_t feeds;      /* admitted and present locally */
    uint64_t waiting;    /* feeds whose next message waits for another one (see echo_party_awaited()) */
    uint64_t stopped;    /* feeds that cannot be read further */
    uint64_t rebuilding; /* items that are still to be rebuilt from the feeds (see the option `rebuild`) */
    uint64_t snapshot;   /* number of the last snapshot; 0: none */
    bool writable;       /* the party has an own feed, all of it was applied, and writing to it is safe */
    echo_error stop;     /* why the first of the `stopped` feeds stopped; its code is ECHO_OK if none did */
} echo_party_status;
void echo_party_status_get(echo_party_status *out, const echo_party *party);
/*
 * Copies up to max of the waiting messages; *count is how many there are. out may be NULL when max is 0.
 * ECHO_ERR_NOMEM leaves both as they were.
 */
echo_status echo_party_awaited(echo_awaited *out, size_t max, size_t *count, const echo_party *party) ECHO_MUST_USE;

/*
 * Looks for new blocks, applies up to `max` messages (0: all), and does a step of background work (rebuilding items,
 * taking snapshots). *applied may be NULL. An error names the message that could not be applied; it stays
 * uncovered, and the call can be repeated.
 */
echo_status echo_party_poll(uint64_t *applied, echo_party *party, uint64_t max, echo_error *err) ECHO_MUST_USE;

/* ---- Items ---- */

/* What an item is, without its state. Views, valid during the callback or until the next call on the party. Absent
 * texts are NULL. */
typedef struct echo_item_head {
    const char *id;
    const char *type;
    const char *model;  /* NULL: mutations have arrived, but not the genesis */
    const char *parent; /* may name an item that does not exist (yet) */
    const char *source; /* links only */
    const char *target;
    bool deleted;
} echo_item_head;

/*
 * Finds an item and makes its state. *out is borrowed, valid until the next call that takes this party without const.
 * ECHO_ERR_NOT_FOUND: no such item. ECHO_ERR_CORRUPT: the chunk of the snapshot that should hold it is damaged;
 * err->item names the item and the message the chunk. ECHO_ERR_PENDING: the chunk has not arrived yet
 * (echo_exchange_store()).
 */
echo_status echo_item_get(echo_item **out, echo_party *party, const char *id, echo_error *err) ECHO_MUST_USE;
void echo_item_head_get(echo_item_head *out, const echo_item *item);
/* false: the item is opaque, because its model is not registered, does not read its stored version, or failed to
 * restore it. */
bool echo_item_has_state(const echo_item *item);
/* The model's own state, NULL when it has none. Borrowed like the item. */
const void *echo_item_state(const echo_item *item);
/* What the model's `view` hook returns. The caller owns *out and frees it with cJSON_Delete(). *out is NULL, with
 * ECHO_OK, when the model has no such hook or the item has no state. */
echo_status echo_item_view(struct cJSON **out, const echo_item *item, echo_error *err) ECHO_MUST_USE;

/* Which items to visit: a criterion that is NULL matches all items. */
typedef struct echo_query {
    const char *type;
    const char *model;
    const char *parent; /* "" selects items without parent */
    bool deleted;       /* visit deleted items as well */
} echo_query;
typedef echo_status (*echo_item_fn)(void *arg, const echo_item *item);
typedef echo_status (*echo_item_head_fn)(void *arg, const echo_item_head *head);
/*
 * Calls fn for each item that matches, in ascending order of id, in one pass over the snapshot, whose chunks are each
 * read and hashed once. echo_item_head_get(), echo_item_view() and the functions of echo/object.h read the item. It is
 * borrowed and valid during the callback; what is borrowed from it is stale afterwards. query may be NULL: all items
 * that are not deleted.
 *
 * The walk takes the same memory however many items there are: those that were not in memory before it are not kept.
 * (Two kinds are: an item whose state cannot be made, which is reported to `refused` once, and one whose record is
 * written differently now, because its model has a newer version or accepts a mutation that waited.)
 *
 * fn may not change or walk the party (ECHO_ERR_BUSY, see "Calling back"): it notes what is to be done after the walk.
 * Any code but ECHO_OK ends the walk and is returned.
 */
echo_status echo_party_each(echo_party *party, const echo_query *query, echo_item_fn fn, void *arg,
                            echo_error *err) ECHO_MUST_USE;
/* The same with heads alone, without making any state. */
echo_status echo_party_each_head(echo_party *party, const echo_query *query, echo_item_head_fn fn, void *arg,
                                 echo_error *err) ECHO_MUST_USE;

/* ---- Writing ---- */

/*
 * One message to write. A field that would have no effect is ECHO_ERR_INVALID, and so is a write with no effect at all.
 * A model need not be registered: the item is opaque on this peer, and its mutations are not checked.
 */
typedef struct echo_write {
    const char *id;     /* required */
    bool create;        /* make a new item; `model` is required, `type` optional */
    const char *type;   /* with `create` */
    const char *model;  /* with `create` */
    const char *source; /* with `create`: for a link, together with `target`; new generation only */
    const char *target;
    bool set_parent;
    const char *parent; /* with `set_parent`; NULL or "": no parent. May name an item that does not exist, not `id` */
    echo_item_action action;
    const echo_bytes *mutation; /* for the item's model; NULL: none */
} echo_write;

/* Draws a random id as ECHO does: 32 random bytes in hex. */
void echo_id_new(char out[ECHO_HEX_CHARS]);
/*
 * Appends n messages to the own feed as one durable batch, all or none, and applies them. ECHO_ERR_EXISTS: `create`
 * names an item that exists. ECHO_ERR_NOT_FOUND: anything else names an item that does not. ECHO_ERR_READONLY: no own
 * feed, or the party was opened with `writable` false. ECHO_ERR_BEHIND: the own feed is shorter than what was published
 * from it, so that writing would fork it.
 *
 * Nothing is appended after a block of the own feed that could not be applied, since it would not be applied either.
 * The error is that block's, and err->feed and err->seq say which one it is: ECHO_ERR_CORRUPT or another code for
 * damage, ECHO_ERR_GAP for a block, of any feed, that is not here. echo_party_status.writable is false then.
 *
 * A mutation that the item's model refuses (echo/model.h, `apply` and `check`) is not written: the code and message are
 * the model's, and err->item names the item.
 *
 * *written (may be NULL) says whether the messages are in the feed. If appending succeeds but applying fails, the error
 * is returned with *written = true; a later echo_party_poll() applies them.
 */
echo_status echo_party_write(bool *written, echo_party *party, const echo_write *writes, size_t n,
                             echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
