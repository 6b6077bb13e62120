/*
 * echo/snapshot.h: taking snapshots, and looking at those there are.
 */
#ifndef ECHO_SNAPSHOT_H
#define ECHO_SNAPSHOT_H

#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Taking them ---- */

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
const char *echo_snapshot_reason_name(echo_snapshot_reason reason);

/* What a snapshot cost. */
typedef struct echo_snapshot_result {
    uint64_t number; /* of the newest snapshot now */
    bool unchanged;  /* nothing was new since the last one: nothing was written */
    echo_snapshot_reason reason;
    uint64_t messages;      /* covered by it */
    uint64_t items_written; /* records written */
    uint64_t items_copied;  /* of those, serialised early because a message was about to change them */
    uint64_t chunks_written;
    uint64_t bytes_written; /* of those chunks */
    uint64_t feeds_synced;  /* feeds that had to be made durable first */
    uint64_t steps;         /* on the party's thread, copies before a first write not counted */
    uint64_t ns_worst_step; /* the longest of them, or of those copies */
    uint64_t ns_capture;    /* serialising, on the party's thread */
    uint64_t ns_write;      /* tree update and chunks */
    uint64_t ns_publish;
    uint64_t ns_total; /* from begin to the end of the last phase, by the party's clock */
    echo_hash digest;  /* state digest: what peers at the same timeframe compare */
} echo_snapshot_result;

/*
 * Saves the party's state at its clock, writing only what changed, and returns when that is published and durable.
 * While one is running this joins it: that one is completed, and when it does not cover all that was applied, another
 * follows. On error the party and the store are as before; the next attempt begins anew. Starts no thread.
 * ECHO_ERR_CONFLICT: another process published for this party meanwhile. ECHO_ERR_READONLY, ECHO_ERR_BUSY, ECHO_ERR_IO.
 * A hook's code passes through. out may be NULL.
 */
echo_status echo_party_snapshot(echo_snapshot_result *out, echo_party *party, echo_error *err) ECHO_MUST_USE;
/*
 * Begins a snapshot of the party's state at its clock and returns at once; when one is running, joins it. The rest
 * happens in steps between messages and in echo_party_poll(), and on the writer's thread;
 * echo_party_snapshot_state_get() tells how far it is and how it ended. ECHO_ERR_READONLY, or what kept the store from
 * being opened; ECHO_ERR_NOMEM.
 */
echo_status echo_party_snapshot_start(echo_party *party, echo_error *err) ECHO_MUST_USE;
/*
 * Ends the snapshot that is running, if any, without publishing; waits for the store call that the writer is in. One
 * that is being published in that call may still succeed. echo_party_free() does the same; a host that would rather
 * wait calls echo_party_snapshot() first.
 */
void echo_party_snapshot_cancel(echo_party *party);

typedef enum echo_snapshot_phase {
    ECHO_SNAPSHOT_PHASE_IDLE = 0,
    ECHO_SNAPSHOT_PHASE_CONVERT = 1, /* finding items that the models at hand write otherwise than the last snapshot */
    ECHO_SNAPSHOT_PHASE_CAPTURE = 2, /* serialising what changed */
    ECHO_SNAPSHOT_PHASE_WRITE = 3,   /* all is serialised: tree, chunks, publishing */
    ECHO_SNAPSHOT_PHASE_FINISH =
        4 /* published, or failed: items are marked accordingly; then old snapshots and chunks are removed */
} echo_snapshot_phase;

/* How snapshots stand. */
typedef struct echo_snapshot_state {
    echo_snapshot_phase phase;
    echo_snapshot_reason reason; /* of the one that is running, or the last */
    uint64_t items_total;        /* of the one that is running */
    uint64_t items_captured;
    uint64_t taken;         /* since the party was opened */
    uint64_t failed;        /* in a row; 0 after a success */
    uint64_t ns_worst_step; /* the longest step on the party's thread since it was opened */
    uint64_t bytes_written; /* chunk bytes of all that were taken */
    uint64_t feed_bytes;    /* block bytes of all messages applied since the party was opened */
    uint64_t tail_messages; /* applied since the last snapshot's cut */
    uint64_t tail_bytes;
    uint64_t expected_open_ns; /* what opening the party would take now */
    uint64_t expected_bytes;   /* what a snapshot would write now */
    bool has_last;
    echo_snapshot_result last; /* of the last that succeeded */
    echo_error error;          /* of the last that failed; code ECHO_OK when none did since the last success */
    uint64_t chunks_removed;   /* garbage, since the party was opened */
    echo_error gc_error;       /* why the last collection of garbage ended early; it is no error of the snapshot */
} echo_snapshot_state;
void echo_party_snapshot_state_get(echo_snapshot_state *out, const echo_party *party);

/* ---- Moving to a newer one ---- */

typedef enum echo_change { ECHO_CHANGE_ADDED, ECHO_CHANGE_CHANGED, ECHO_CHANGE_REMOVED } echo_change;
/* head: of the item as it is now; as it was when it was removed. Views, valid during the call. */
typedef echo_status (*echo_change_fn)(void *arg, echo_change change, const echo_item_head *head);
/*
 * Moves an open party to the newest good snapshot in its store that is newer than the one it stands on, as when
 * somebody else put it there: opens that with the tail of all feeds, with the party's own options, tells the
 * differences to what the party showed until now, and puts the new party in *party. The old one is freed then, and
 * pointers to its items end; what it had opened itself is handed over. What was written here and is not in the snapshot
 * is in the tail.
 *
 * fn is called for each item whose record differs, in ascending order of id, when all else is done; it may not call the
 * party. Any code but ECHO_OK ends the switch and is returned. fn NULL: nothing is compared. Only records that differ
 * in the two trees, or that were changed since, are compared, and no states are made for it; what is told is kept in
 * memory until the end, and so are both parties.
 *
 * All or nothing: on error *party is the old one, and goes on. A snapshot that is being taken is cancelled in either
 * case. When there is nothing newer, nothing happens: ECHO_OK, and *party is the same pointer. Report and counters of
 * the new party begin with this call.
 *
 * ECHO_ERR_BEHIND (err->feed, err->seq): the new state would lack a message that the party has applied and whose block
 * is not here any more. Otherwise what is wrong with the newest snapshot, when none that is newer than the party's is
 * good, or what echo_party_restore() and reading the old snapshot may answer (the latter not without fn).
 */
echo_status echo_party_switch(echo_party **party, echo_change_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

/* ---- Looking at them ---- */

/* One root: its chunk (all zero when it has no records), levels above the leaves, records and their bytes. */
typedef struct echo_snapshot_root {
    echo_hash hash;
    uint32_t height;
    uint64_t items;
    uint64_t bytes;
} echo_snapshot_root;

/* A manifest, read. Views are valid during the callback. */
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
    echo_key author; /* when signed */
    echo_hash digest;
    bool has_previous;
    echo_hash previous; /* hash of the previous manifest's bytes */
    bool pinned;
    const char *json;    /* the manifest itself */
    echo_status status;  /* ECHO_OK, or why it cannot be used; the fields above may then be empty */
    const char *problem; /* one line, when status is not ECHO_OK */
} echo_snapshot_info;
typedef echo_status (*echo_snapshot_fn)(void *arg, const echo_snapshot_info *info);
/* The party's snapshots in a store, newest first, good or not. */
echo_status echo_snapshot_list(const echo_store *store, const echo_key *party, echo_snapshot_fn fn, void *arg,
                               echo_error *err) ECHO_MUST_USE;

/* Which record, as text. Views. */
typedef echo_status (*echo_record_fn)(void *arg, const char *id, echo_bytes line);
/* Every record of a snapshot in ascending order of id, as its line of JSON. number 0: the newest. */
echo_status echo_snapshot_records(const echo_store *store, const echo_key *party, uint64_t number, echo_record_fn fn,
                                  void *arg, echo_error *err) ECHO_MUST_USE;
/*
 * Reads everything a snapshot needs and checks it: the manifest's signature, each chunk's hash, order, boundaries,
 * counts, canonical form. number 0: the newest. err names the first chunk or record that is wrong.
 */
echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number,
                                 echo_error *err) ECHO_MUST_USE;
/*
 * Computes the state digest of what the feeds say: replays the messages that the snapshot covers, and no others, from
 * the folder's feeds. Equal digests mean the snapshot is exactly the feeds' state. options as for echo_party_restore;
 * dir or feeds, models and party are used. ECHO_ERR_GAP when a covered block is not here.
 */
echo_status echo_snapshot_replay(echo_hash *digest, const echo_party_options *options, const echo_store *store,
                                 uint64_t number, echo_error *err) ECHO_MUST_USE;

/* ---- Comparing two ---- */

/* A message, with its place in canonical order. */
typedef struct echo_message_at {
    uint64_t time;
    echo_key feed;
    uint64_t seq;
} echo_message_at;

/* Why two snapshots say different things; the worse is the higher. */
typedef enum echo_verdict {
    ECHO_VERDICT_COVERED = 0, /* by messages that only one of them covers */
    ECHO_VERDICT_UNKNOWN =
        1, /* cannot be said: the stored form has no stamps, or is of another version, or the model was not at hand */
    ECHO_VERDICT_DIVERGED = 2 /* by nothing that the timeframes explain */
} echo_verdict;

typedef enum echo_difference_kind {
    ECHO_DIFFERENCE_HEAD = 0, /* name: "genesis", "parent", "deleted", "version" */
    ECHO_DIFFERENCE_PROPERTY, /* of the object model; name: its key */
    ECHO_DIFFERENCE_STATE, /* of another model, as a whole; name "state", or "form" when one side has no state but a log
                            */
    ECHO_DIFFERENCE_BYTES, /* of a model with raw hooks; name "bytes" */
    ECHO_DIFFERENCE_LOG    /* name "log"; the values are how many mutations */
} echo_difference_kind;

typedef struct echo_difference_part {
    echo_difference_kind kind;
    const char *name;
    echo_bytes a, b; /* values as JSON; data NULL: absent */
    echo_verdict verdict;
    bool known;            /* `first` is */
    echo_message_at first; /* the message after which this part differs */
} echo_difference_part;

/* An item that differs. Views, valid during the call. */
typedef struct echo_difference {
    const char *id;
    const char *type; /* NULL: none */
    echo_bytes a, b;  /* the records' lines; data NULL: no such item */
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
    uint64_t items;                      /* that differ */
    uint64_t covered, unknown, diverged; /* of these, by verdict */
    bool known;                          /* the first message after which items differ, whatever the reason */
    echo_message_at first;
    bool diverged_known; /* the same among what the timeframes do not explain */
    echo_message_at diverged_first;
    uint64_t chunks_read;
} echo_difference_report;
/*
 * Compares two snapshots of a party, of two stores or of one (which may then be given twice); number 0: the newest.
 * Reads what differs alone, walking down where hashes do, and calls fn (may be NULL) for each item that differs, in
 * ascending order of id. *out is filled at the end.
 *
 * The first message of a part is the lowest stamp that one record has and the other has not, or with another value. A
 * stamp of a property does not count when only the other side has a later one: that may have overtaken it.
 *
 * ECHO_ERR_NOT_FOUND, ECHO_ERR_CORRUPT and what stores answer.
 */
echo_status echo_snapshot_compare(echo_difference_report *out, const echo_store *store_a, uint64_t number_a,
                                  const echo_store *store_b, uint64_t number_b, const echo_key *party,
                                  echo_difference_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;

/* ---- Keeping and removing them ---- */

/*
 * Pins a snapshot, or takes the pin off: one that is pinned is never removed, by no process. ECHO_ERR_NOT_FOUND when
 * there is none of that number; ECHO_ERR_UNSUPPORTED when the store cannot pin; ECHO_ERR_READONLY, ECHO_ERR_BUSY,
 * ECHO_ERR_IO.
 */
echo_status echo_snapshot_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                              echo_error *err) ECHO_MUST_USE;

typedef struct echo_gc_options {
    uint32_t version; /* 1 */
    uint32_t keep;    /* newest good snapshots of each party to keep, beside those that are pinned; 0: all */
    bool dry_run;     /* tell what would be removed, remove nothing */
    echo_progress_fn
        progress; /* optional; its code other than ECHO_OK ends the collection, which is safe at any point */
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
 * Removes, of all parties in the store, the snapshots older than those to be kept, and then the chunks that no snapshot
 * needs (P9). Safe against a crash at any point and against a snapshot that is published meanwhile, by this process or
 * another. Reads every tree that is kept: when one cannot be read to the end, nothing is removed and the error says
 * which chunk of which snapshot is wrong. A snapshot of a newer format stops it too (ECHO_ERR_VERSION). A party that
 * another process opened from a snapshot that is removed can no longer load from it. out may be NULL; options may be
 * NULL. ECHO_ERR_BUSY while somebody writes.
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
 * Which blocks of the party's feeds are not needed for opening it from any snapshot in the store, feed by feed,
 * ascending. Advice: the library never removes blocks. What is lost with them: replaying the party from the beginning,
 * rebuilding items of a model whose stored version is no longer read, and passing them on to peers. Every snapshot in
 * the store is read and verified first; when one is damaged there is no advice but its error. ECHO_ERR_NOT_FOUND: no
 * snapshots.
 */
echo_status echo_snapshot_prune_advice(const echo_store *store, const echo_key *party, echo_prune_fn fn, void *arg,
                                       echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
