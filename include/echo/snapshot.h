/*
 * echo/snapshot.h: taking, listing, verifying, comparing, copying, keeping and removing snapshots, and switching to a
 * newer one.
 *
 * Every function with an `err` returns ECHO_ERR_INVALID when it is given NULL for an argument that is not said to be
 * optional, and for a store whose table is not complete. Callbacks are required unless it is said that they may be
 * NULL.
 */
#ifndef ECHO_SNAPSHOT_H
#define ECHO_SNAPSHOT_H

#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Taking snapshots ---- */

/* Why a snapshot was begun (echo/policy.h). */
#define ECHO_SNAPSHOT_REASON_MAP(XX)                                                                                   \
    XX(NONE, "none")                                                                                                   \
    XX(REQUEST, "request")                                                                                             \
    XX(RECOVERY, "recovery")                                                                                           \
    XX(OPENING, "opening")                                                                                             \
    XX(MEMORY, "memory")                                                                                               \
    XX(MESSAGES, "messages")                                                                                           \
    XX(BYTES, "bytes")                                                                                                 \
    XX(AGE, "age")
typedef enum echo_snapshot_reason {
#define XX(name, text) ECHO_SNAPSHOT_REASON_##name,
    ECHO_SNAPSHOT_REASON_MAP(XX)
#undef XX
} echo_snapshot_reason;
/* "request", "messages" and so on; "unknown" for any other number. */
const char *echo_snapshot_reason_name(echo_snapshot_reason reason);

/* What a snapshot cost. */
typedef struct echo_snapshot_result {
    uint64_t number; /* of the newest snapshot now */
    bool unchanged;  /* nothing was new since the last snapshot, so nothing was written */
    echo_snapshot_reason reason;
    uint64_t messages;      /* covered by it */
    uint64_t items_written; /* records written */
    uint64_t items_copied;  /* of those, how many were serialised early because a message was about to change them */
    uint64_t chunks_written;
    uint64_t bytes_written; /* of those chunks, as stored */
    uint64_t feeds_synced;  /* feeds that had to be made durable first */
    uint64_t steps;         /* on the party's thread, without the copies made before a change */
    uint64_t ns_worst_step; /* the longest step or copy */
    uint64_t ns_capture;    /* serialising, on the party's thread */
    uint64_t ns_write;      /* tree update and chunks */
    uint64_t ns_publish;
    uint64_t ns_total; /* from the beginning to the end of the last phase, by the party's clock */
    echo_hash digest;  /* the state digest, which peers at the same timeframe compare */
} echo_snapshot_result;

/*
 * Saves the party's state at its clock, writing only what changed, and returns when the snapshot is published and
 * durable. If a snapshot is already running, waits for it, and takes another one if that one does not cover everything
 * applied. Starts no thread. out may be NULL.
 *
 * On error the party and the store are as before; the next attempt starts from the beginning. ECHO_ERR_CONFLICT:
 * another process published a snapshot of this party meanwhile. ECHO_ERR_READONLY, ECHO_ERR_BUSY, ECHO_ERR_IO. The code
 * of a hook that fails is returned unchanged.
 */
echo_status echo_party_snapshot(echo_snapshot_result *out, echo_party *party, echo_error *err) ECHO_MUST_USE;
/*
 * Begins a snapshot of the party's state at its clock and returns at once; does nothing if one is running. The work is
 * done in steps between messages and in echo_party_poll(), and on the writer's thread. echo_party_snapshot_state_get()
 * reports the progress and the outcome. ECHO_ERR_READONLY, the error that kept the store from being opened, or
 * ECHO_ERR_NOMEM.
 */
echo_status echo_party_snapshot_start(echo_party *party, echo_error *err) ECHO_MUST_USE;
/*
 * Ends a running snapshot without publishing it; waits for the store call that the writer is in. If that call is the
 * one that publishes, the snapshot may still succeed. echo_party_free() does the same; to keep the running snapshot,
 * call echo_party_snapshot() first. Does nothing within a call on the party; `progress` cancels by its return code.
 */
void echo_party_snapshot_cancel(echo_party *party);

/*
 * Where the snapshot that is running stands, as the party's thread sees it. In CONVERT the party looks for items that
 * the models at hand write otherwise than the last snapshot did; in CAPTURE it serialises what changed; in WRITE all is
 * serialised, and the tree, the chunks and the manifest are being written. In FINISH that ended, well or not: items are
 * marked accordingly, then old snapshots and chunks are removed. Publishing is the last thing in WRITE.
 */
#define ECHO_SNAPSHOT_PHASE_MAP(XX)                                                                                    \
    XX(IDLE, "idle")                                                                                                   \
    XX(CONVERT, "convert")                                                                                             \
    XX(CAPTURE, "capture")                                                                                             \
    XX(WRITE, "write")                                                                                                 \
    XX(FINISH, "finish")
typedef enum echo_snapshot_phase {
#define XX(name, text) ECHO_SNAPSHOT_PHASE_##name,
    ECHO_SNAPSHOT_PHASE_MAP(XX)
#undef XX
} echo_snapshot_phase;
/* "idle", "convert" and so on; "unknown" for any other number, as all functions of this kind. */
const char *echo_snapshot_phase_name(echo_snapshot_phase phase);

/* The state of snapshots of a party. */
typedef struct echo_snapshot_state {
    echo_snapshot_phase phase;
    echo_snapshot_reason reason; /* of the running snapshot, or of the last one */
    uint64_t items_total;        /* items to capture, of the running snapshot */
    uint64_t items_captured;
    uint64_t taken;         /* snapshots taken since the party was opened */
    uint64_t failed;        /* consecutive failures; 0 after a success */
    uint64_t ns_worst_step; /* the longest step on the party's thread since it was opened */
    uint64_t bytes_written; /* chunk bytes of all snapshots taken */
    uint64_t feed_bytes;    /* block bytes of all messages applied since the party was opened */
    uint64_t tail_messages; /* messages applied that the last snapshot does not cover */
    uint64_t tail_bytes;
    uint64_t expected_open_ns; /* estimate of what opening the party would take now */
    uint64_t expected_bytes;   /* estimate of what a snapshot would write now */
    bool has_last;
    echo_snapshot_result last; /* of the last snapshot that succeeded */
    echo_error error;          /* of the last one that failed; its code is ECHO_OK if none did since the last success */
    uint64_t chunks_removed;   /* unused chunks removed since the party was opened */
    echo_error gc_error;       /* why the last garbage collection ended early; not an error of the snapshot */
} echo_snapshot_state;
void echo_party_snapshot_state_get(echo_snapshot_state *out, const echo_party *party);

/* ---- Switching to a newer snapshot ---- */

#define ECHO_CHANGE_MAP(XX)                                                                                            \
    XX(ADDED, "added")                                                                                                 \
    XX(CHANGED, "changed")                                                                                             \
    XX(REMOVED, "removed")
typedef enum echo_change {
#define XX(name, text) ECHO_CHANGE_##name,
    ECHO_CHANGE_MAP(XX)
#undef XX
} echo_change;
const char *echo_change_name(echo_change change);

/* head: the item's present head or, if it was removed, its last one. Views, valid during the call. */
typedef echo_status (*echo_change_fn)(void *arg, echo_change change, const echo_item_head *head);
/*
 * Moves an open party to the newest good snapshot in its store, if that is newer than the one it stands on, for
 * instance after an exchange installed one. It opens that snapshot with the tail of all feeds and the party's own
 * options, reports each item that differs from the party's previous state, and puts the new party in *party. The old
 * party is freed, and pointers to its items become invalid; what it had opened itself is handed over. Local messages
 * that the snapshot does not cover are in the tail.
 *
 * fn is called for each item whose record differs, in ascending order of id, after everything else succeeded. Any code
 * but ECHO_OK ends the switch and is returned. With fn NULL nothing is compared. Only records that differ between the
 * two trees, or that changed since, are compared, and no states are made for it. Both parties and the list of
 * differences are in memory until the end.
 *
 * If fn or another callback frees the party, *party is NULL afterwards.
 *
 * All or nothing: on error *party is the old party, which goes on. A running snapshot is cancelled in either case. When
 * the store has nothing newer, nothing happens: ECHO_OK, and *party is the same pointer. The new party's report and
 * counters start with this call.
 *
 * ECHO_ERR_BEHIND (err->feed, err->seq): the new state would lack a message that the party has applied and whose block
 * is no longer stored locally. Otherwise the error of the newest snapshot, when no newer one is good; or an error of
 * echo_party_restore(), or, unless fn is NULL, of reading the old snapshot.
 */
echo_status echo_party_switch(echo_party **party, echo_change_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

/* ---- Listing and verifying ---- */

/* The root of a tree. */
typedef struct echo_snapshot_root {
    echo_hash hash;  /* its chunk; all zero when the tree has no records */
    uint32_t height; /* levels above the leaves */
    uint64_t items;  /* records */
    uint64_t bytes;  /* of the records */
} echo_snapshot_root;

/* What a manifest says. Views, valid during the callback. */
typedef struct echo_snapshot_info {
    uint64_t number;
    echo_key party;
    int64_t time;      /* milliseconds since 1970 */
    uint64_t messages; /* covered */
    size_t feeds;
    const echo_timeframe *timeframe;
    echo_snapshot_root items;
    echo_snapshot_root credentials;
    bool is_signed;
    echo_key author; /* if is_signed */
    echo_hash digest;
    bool has_previous;
    echo_hash previous; /* hash of the previous manifest's bytes */
    bool pinned;
    const char *json;    /* the manifest itself */
    echo_status status;  /* ECHO_OK, or why the snapshot cannot be used; the fields above may then be empty */
    const char *problem; /* one line, when status is not ECHO_OK */
} echo_snapshot_info;
typedef echo_status (*echo_snapshot_fn)(void *arg, const echo_snapshot_info *info);
/* Calls fn for each snapshot of the party in the store, newest first, whether it can be used or not. */
echo_status echo_snapshot_list(const echo_store *store, const echo_key *party, echo_snapshot_fn fn, void *arg,
                               echo_error *err) ECHO_MUST_USE;

/* One record: the item's id and its line of JSON. Views, valid during the call. */
typedef echo_status (*echo_record_fn)(void *arg, const char *id, echo_bytes line);
/* Calls fn for every record of a snapshot, in ascending order of id. number 0: the newest snapshot. */
echo_status echo_snapshot_records(const echo_store *store, const echo_key *party, uint64_t number, echo_record_fn fn,
                                  void *arg, echo_error *err) ECHO_MUST_USE;
/*
 * Reads everything a snapshot needs and checks it: the manifest's signature, and each chunk's hash, order, boundaries,
 * counts and canonical form. number 0: the newest snapshot. err names the first chunk or record that is wrong.
 */
echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number,
                                 echo_error *err) ECHO_MUST_USE;
/*
 * Compares the roots of feeds that a snapshot names with those of a source, as far as both know them. ECHO_ERR_CONFLICT
 * (err->feed, err->seq): the feed was replaced or forked, so that its blocks up to this one are not those that the
 * snapshot covers. Reads no block. number 0: the newest snapshot.
 */
echo_status echo_snapshot_verify_feeds(const echo_store *store, const echo_feeds *feeds, const echo_key *party,
                                       uint64_t number, echo_error *err) ECHO_MUST_USE;
/*
 * Computes the state digest that the feeds give: replays exactly the messages that the snapshot covers from the
 * folder's feeds. If it equals the snapshot's digest, the snapshot is the state of the feeds. options as for
 * echo_party_restore(); dir or feeds, models and party are used. ECHO_ERR_GAP (err->feed, err->seq): a covered block is
 * not stored locally. ECHO_ERR_CORRUPT (err->feed, err->seq): the snapshot covers a message without one that comes
 * before it, so that no replay gives its state.
 */
echo_status echo_snapshot_replay(echo_hash *digest, const echo_party_options *options, const echo_store *store,
                                 uint64_t number, echo_error *err) ECHO_MUST_USE;

/* ---- Comparing ---- */

/* A message and its stamp, which is its place in canonical order. */
typedef struct echo_message_at {
    uint64_t time;
    echo_key feed;
    uint64_t seq;
} echo_message_at;

/*
 * Why two snapshots differ; a higher value is worse. COVERED: explained by messages that only one of them covers.
 * UNKNOWN: not known, because the stored form has no stamps, or has another version, or the model was not registered.
 * DIVERGED: not explained by the timeframes.
 */
#define ECHO_VERDICT_MAP(XX)                                                                                           \
    XX(COVERED, "covered")                                                                                             \
    XX(UNKNOWN, "unknown")                                                                                             \
    XX(DIVERGED, "diverged")
typedef enum echo_verdict {
#define XX(name, text) ECHO_VERDICT_##name,
    ECHO_VERDICT_MAP(XX)
#undef XX
} echo_verdict;
const char *echo_verdict_name(echo_verdict verdict);

/*
 * What of an item differs. HEAD: its head; name "genesis", "parent", "deleted" or "version". PROPERTY: a property of
 * the object model; name: its key. STATE: the state of another model, as a whole; name "state", or "form" when one side
 * has no state but a log. BYTES: the bytes of a model with raw hooks; name "bytes". LOG: the mutations that wait for a
 * model; name "log", and the values are how many.
 */
#define ECHO_DIFFERENCE_KIND_MAP(XX)                                                                                   \
    XX(HEAD, "head")                                                                                                   \
    XX(PROPERTY, "property")                                                                                           \
    XX(STATE, "state")                                                                                                 \
    XX(BYTES, "bytes")                                                                                                 \
    XX(LOG, "log")
typedef enum echo_difference_kind {
#define XX(name, text) ECHO_DIFFERENCE_##name,
    ECHO_DIFFERENCE_KIND_MAP(XX)
#undef XX
} echo_difference_kind;
const char *echo_difference_kind_name(echo_difference_kind kind);

typedef struct echo_difference_part {
    echo_difference_kind kind;
    const char *name;
    echo_bytes a, b; /* values as JSON; data NULL: absent */
    echo_verdict verdict;
    bool known;            /* `first` is known */
    echo_message_at first; /* the first message after which this part differs */
} echo_difference_part;

/* An item that differs. Views, valid during the call. */
typedef struct echo_difference {
    const char *id;
    const char *type; /* NULL: none */
    echo_bytes a, b;  /* the records' lines; data NULL: the item does not exist on that side */
    const echo_difference_part *parts;
    size_t parts_count;   /* 1 or more */
    echo_verdict verdict; /* the worst of its parts */
    bool known;
    echo_message_at first; /* the first of its parts */
} echo_difference;
typedef echo_status (*echo_difference_fn)(void *arg, const echo_difference *difference);

typedef struct echo_difference_report {
    uint64_t number_a, number_b;
    echo_hash digest_a, digest_b;
    bool same_digest;
    bool same_timeframe;
    bool same_credentials;
    uint64_t items;                      /* items that differ */
    uint64_t covered, unknown, diverged; /* of those, by verdict */
    bool known;                          /* `first` is known: the first message after which items differ */
    echo_message_at first;
    bool diverged_known; /* the same, among the items that diverged */
    echo_message_at diverged_first;
    uint64_t chunks_read;
} echo_difference_report;
/*
 * Compares two snapshots of a party, from two stores or from the same store. number 0: the newest. Descends only into
 * subtrees whose hashes differ. Calls fn (may be NULL) for each item that differs, in ascending order of id. *out is
 * filled at the end.
 *
 * The first message of a part is the lowest stamp that one record has and the other lacks or has with another value. A
 * stamp of a property does not count when only the other side has a later one, because that may have replaced it.
 *
 * ECHO_ERR_NOT_FOUND, ECHO_ERR_CORRUPT and errors of the stores.
 */
echo_status echo_snapshot_compare(echo_difference_report *out, const echo_store *store_a, uint64_t number_a,
                                  const echo_store *store_b, uint64_t number_b, const echo_key *party,
                                  echo_difference_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

/* ---- Copying ---- */

typedef struct echo_copy_options {
    uint32_t version;          /* 1 */
    uint64_t number;           /* which snapshot to copy; 0: the newest */
    echo_progress_fn progress; /* optional; counts items. A code other than ECHO_OK ends the copy and undoes it */
    void *progress_arg;
} echo_copy_options;
#define ECHO_COPY_OPTIONS_INIT                                                                                         \
    { 1u, 0u, NULL, NULL }

typedef struct echo_copy_report {
    uint64_t number;         /* of the snapshot, in both stores */
    bool unchanged;          /* the destination had it already, so that nothing was read and written */
    uint64_t items;          /* in the snapshot */
    uint64_t chunks_read;    /* from the source, */
    uint64_t bytes_read;     /* and their lengths */
    uint64_t chunks_written; /* that the destination lacked, */
    uint64_t bytes_written;  /* as it stores them */
} echo_copy_report;
/*
 * Copies a snapshot to another store, for instance as a backup: the chunks that the destination lacks, and then the
 * manifest as it is, so that number, signature and digest stay the same. No party is opened and no message is replayed.
 * Every chunk that is read is checked by its hash, and nodes and leaves by their form. What the snapshot shares with
 * the newest one that the destination can read is neither read nor checked again; echo_snapshot_verify() checks all of
 * it. To repair a damaged destination, copy to a new one.
 *
 * All or nothing: the destination gets the snapshot in one transaction, in which no other handle can write to it
 * (ECHO_ERR_BUSY); on error it is as before. Pins are not copied. Memory does not depend on the number of items. out
 * and options may be NULL.
 *
 * ECHO_ERR_NOT_FOUND: the source has no such snapshot. ECHO_ERR_CORRUPT: it is damaged there; the message names the
 * chunk, and the ids between which the chunk's items are, or err->item names the item. ECHO_ERR_CONFLICT: the
 * destination has a newer snapshot of the party, or another one with that number; or the snapshot was removed from the
 * source meanwhile. ECHO_ERR_UNSUPPORTED: the destination cannot leave out numbers (echo/sys/store.h, publish_as).
 * ECHO_ERR_SIGNATURE, ECHO_ERR_VERSION, ECHO_ERR_READONLY, ECHO_ERR_BUSY, ECHO_ERR_IO. The message of an error of the
 * destination begins with "destination: ".
 */
echo_status echo_snapshot_copy(echo_copy_report *out, const echo_store *to, const echo_store *from,
                               const echo_key *party, const echo_copy_options *options, echo_error *err) ECHO_MUST_USE;

/* ---- Keeping and removing ---- */

/*
 * Pins a snapshot or removes the pin. No process removes a pinned snapshot. ECHO_ERR_NOT_FOUND: no snapshot has that
 * number. ECHO_ERR_UNSUPPORTED: the store has no pins. ECHO_ERR_READONLY, ECHO_ERR_BUSY, ECHO_ERR_IO.
 */
echo_status echo_snapshot_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                              echo_error *err) ECHO_MUST_USE;

typedef struct echo_gc_options {
    uint32_t version; /* 1 */
    uint32_t keep;    /* how many of the newest good snapshots of each party to keep (2), besides those that are pinned;
                         0: all */
    bool dry_run;     /* report what would be removed, but remove nothing */
    echo_progress_fn progress; /* optional; a code other than ECHO_OK ends the collection, which is safe at any point */
    void *progress_arg;
} echo_gc_options;
#define ECHO_GC_OPTIONS_INIT                                                                                           \
    { 1u, 2u, false, NULL, NULL }

typedef struct echo_gc_report {
    uint64_t parties;
    uint64_t snapshots_kept, snapshots_removed;
    uint64_t chunks_kept, chunks_removed;
    uint64_t bytes_kept, bytes_removed; /* of those chunks */
} echo_gc_report;
/*
 * Removes old snapshots of all parties in the store, and then the chunks that no remaining snapshot needs (P9). Safe
 * against a crash at any point, and against a snapshot published meanwhile by this process or another. Reads every tree
 * that is kept: if one cannot be read to the end, nothing is removed and the error names the chunk and the snapshot. A
 * snapshot of a newer format also stops it (ECHO_ERR_VERSION). If another process has a party open from a snapshot that
 * is removed, that party can no longer load items from it. out and options may be NULL. ECHO_ERR_BUSY: another handle
 * is writing.
 */
echo_status echo_snapshot_gc(echo_gc_report *out, const echo_store *store, const echo_gc_options *options,
                             echo_error *err) ECHO_MUST_USE;

/* Blocks 0 to `last` of a feed are covered by every snapshot in the store. */
typedef struct echo_prune_advice {
    echo_key feed;
    uint64_t last;
} echo_prune_advice;
typedef echo_status (*echo_prune_fn)(void *arg, const echo_prune_advice *advice);
/*
 * Calls fn for each feed of the party, in ascending order, with the blocks that opening the party from any snapshot in
 * the store does not need. This is advice: the library never removes blocks. Without them, the party can no longer be
 * replayed from the beginning, items of a model whose stored version is no longer read cannot be rebuilt, and the
 * blocks cannot be given to peers. Every snapshot in the store is read and verified first; if one is damaged, its error
 * is returned and no advice is given. ECHO_ERR_NOT_FOUND: the store has no snapshot of the party.
 */
echo_status echo_snapshot_prune_advice(const echo_store *store, const echo_key *party, echo_prune_fn fn, void *arg,
                                       echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
