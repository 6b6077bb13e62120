/*
 * echo/snapshot.h: taking snapshots, and looking at those there are.
 */
#ifndef ECHO_SNAPSHOT_H
#define ECHO_SNAPSHOT_H

#include <echo/party.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a snapshot cost. */
typedef struct echo_snapshot_result {
    uint64_t number;          /* of the newest snapshot now */
    bool unchanged;           /* nothing was new since the last one: nothing was written */
    uint64_t items_written;   /* records written */
    uint64_t chunks_written;
    uint64_t bytes_written;   /* of those chunks */
    uint64_t ns_capture;
    uint64_t ns_write;        /* tree update and chunks */
    uint64_t ns_publish;
    echo_hash digest;         /* state digest: what peers at the same timeframe compare */
} echo_snapshot_result;

/*
 * Saves the party's state at its clock, writing only what changed, and publishes it when all of it is durable. On error the party and the store
 * are as before. ECHO_ERR_CONFLICT: another process published for this party meanwhile. ECHO_ERR_READONLY, ECHO_ERR_BUSY, ECHO_ERR_IO.
 * out may be NULL.
 */
echo_status echo_party_snapshot(echo_party *party, echo_snapshot_result *out, echo_error *err) ECHO_MUST_USE;

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
    int64_t time;               /* milliseconds since 1970 */
    uint64_t messages;          /* covered */
    size_t feeds;
    echo_timeframe *timeframe;  /* not const: an ordered walk may sort; do not change it */
    echo_snapshot_root items;
    echo_snapshot_root credentials;
    bool is_signed;
    echo_key author;            /* when signed */
    echo_hash digest;
    bool has_previous;
    echo_hash previous;         /* hash of the previous manifest's bytes */
    const char *json;           /* the manifest itself */
    echo_status status;         /* ECHO_OK, or why it cannot be used; the fields above may then be empty */
    const char *problem;        /* one line, when status is not ECHO_OK */
} echo_snapshot_info;
typedef echo_status (*echo_snapshot_fn)(void *arg, const echo_snapshot_info *info);
/* The party's snapshots in a store, newest first, good or not. */
echo_status echo_snapshot_list(const echo_store *store, const echo_key *party, echo_snapshot_fn fn, void *arg, echo_error *err)
    ECHO_MUST_USE;

/* Which record, as text. Views. */
typedef echo_status (*echo_record_fn)(void *arg, const char *id, echo_bytes line);
/* Every record of a snapshot in ascending order of id, as its line of JSON. number 0: the newest. */
echo_status echo_snapshot_records(const echo_store *store, const echo_key *party, uint64_t number, echo_record_fn fn, void *arg,
                                  echo_error *err) ECHO_MUST_USE;
/*
 * Reads everything a snapshot needs and checks it: the manifest's signature, each chunk's hash, order, boundaries, counts, canonical form.
 * number 0: the newest. err names the first chunk or record that is wrong.
 */
echo_status echo_snapshot_verify(const echo_store *store, const echo_key *party, uint64_t number, echo_error *err) ECHO_MUST_USE;
/*
 * Computes the state digest of what the feeds say: replays the messages that the snapshot covers, and no others, from the folder's feeds.
 * Equal digests mean the snapshot is exactly the feeds' state. options as for echo_party_restore; dir or feeds, models and party are used.
 * ECHO_ERR_GAP when a covered block is not here.
 */
echo_status echo_snapshot_replay(echo_hash *digest, const echo_party_options *options, const echo_store *store, uint64_t number,
                                 echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
