/*
 * echo/feeds.h: where a party's feeds come from. Open a source, hand it to a party (echo_party_options.feeds), close it
 * after everything that uses it. A party that is opened by its folder opens its feeds itself.
 *
 * The library brings two: a folder of hypercore feeds and feeds in memory. Others implement the table in
 * echo/sys/feed.h. A source has one thread: that of the party that uses it.
 */
#ifndef ECHO_FEEDS_H
#define ECHO_FEEDS_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct echo_feed_ops;

/* A source of feeds: its table (echo/sys/feed.h) and the table's context. Plain data: a copy is the same source. */
typedef struct echo_feeds {
    const struct echo_feed_ops *ops;
    void *ctx;
} echo_feeds;
#define ECHO_FEEDS_INIT                                                                                                \
    { NULL, NULL }

/* Releases a source and clears *feeds; does nothing when feeds or its table is NULL. */
void echo_feeds_close(echo_feeds *feeds);

/* ---- A folder ---- */

typedef struct echo_feeds_dir_options {
    uint32_t version; /* 1 */
    bool read_only;   /* never writes, `writable` is always false */
    bool relaxed; /* appends are not synced to disk: after a power failure the last ones may be gone, and a peer that
                     has them will see the feed fork when it is written again. For tests and bulk generation. */
} echo_feeds_dir_options;
#define ECHO_FEEDS_DIR_OPTIONS_INIT                                                                                    \
    { 1u, false, false }

/*
 * A folder of hypercore 9 (SLEEP) feeds, one sub-folder per feed named by its key in hex. Other entries are left alone.
 * ECHO_ERR_NOT_FOUND when the folder does not exist. options may be NULL.
 */
echo_status echo_feeds_open_dir(echo_feeds *out, const char *path, const echo_feeds_dir_options *options,
                                echo_error *err) ECHO_MUST_USE;
/*
 * Makes an empty feed of a key pair; makes the folder when it does not exist. ECHO_ERR_EXISTS when the feed exists.
 * Sources that are open already list it.
 */
echo_status echo_feed_create(const char *path, const echo_keypair *keys, echo_error *err) ECHO_MUST_USE;

/* ---- Memory, for tests and tools ---- */

echo_status echo_feeds_new_memory(echo_feeds *out) ECHO_MUST_USE;
/* Adds an empty feed; writable when keys->secret is not all zero. */
echo_status echo_feeds_memory_add(echo_feeds *feeds, const echo_keypair *keys) ECHO_MUST_USE;
/*
 * Puts block seq of a feed as if replicated: any order, holes allowed; length becomes at least seq + 1. Not signed:
 * `prove` refuses such blocks with ECHO_ERR_SIGNATURE or, where the secret key is present to sign them, from the first
 * hole on with ECHO_ERR_GAP.
 */
echo_status echo_feeds_memory_put(echo_feeds *feeds, const echo_key *key, uint64_t seq, echo_bytes block) ECHO_MUST_USE;

/* ---- What a source has ---- */

typedef struct echo_feed_info {
    uint64_t length; /* blocks the feed is known to have; seqs run from 0 to length - 1 */
    uint64_t
        verified;  /* the number of them that a valid signature covers; blocks at or above it are never handed out */
    bool writable; /* append can work: the secret key is present and the source was not opened read-only */
} echo_feed_info;

/* Called once per feed. Any code but ECHO_OK ends the list and is returned by it. May not call the source. */
typedef echo_status (*echo_feed_list_fn)(void *arg, const echo_key *key);
/* The keys of all feeds, in ascending order. */
echo_status echo_feeds_list(const echo_feeds *feeds, echo_feed_list_fn fn, void *arg, echo_error *err) ECHO_MUST_USE;
/* What is known of a feed. ECHO_ERR_NOT_FOUND when the source does not have it. */
echo_status echo_feeds_info(echo_feed_info *out, const echo_feeds *feeds, const echo_key *feed,
                            echo_error *err) ECHO_MUST_USE;
/*
 * Copies a feed's key pair; overwrite it after use. ECHO_ERR_NOT_FOUND when the source does not have the feed,
 * ECHO_ERR_READONLY when it does not have the secret key.
 */
echo_status echo_feeds_keypair(echo_keypair *out, const echo_feeds *feeds, const echo_key *feed,
                               echo_error *err) ECHO_MUST_USE;
/*
 * Adds an empty feed of this key, into which blocks of peers can be put; it cannot be appended to. ECHO_ERR_EXISTS,
 * ECHO_ERR_READONLY; ECHO_ERR_UNSUPPORTED when the source cannot store blocks received from peers.
 */
echo_status echo_feeds_add(const echo_feeds *feeds, const echo_key *feed, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
