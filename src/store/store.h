/*
 * What the stores share: checks of arguments, and the memory of what a handle listed (sys/store.h, remove_chunks).
 */
#ifndef ECHO_STORE_STORE_H
#define ECHO_STORE_STORE_H

#include <echo/sys/store.h>

/* Whether a host's table has the required hooks (ECHO_ERR_INVALID) and is of a version we know (ECHO_ERR_VERSION). */
echo_status echo__store_check(const echo_store *store, echo_error *err) ECHO_MUST_USE;

/*
 * The optional hooks. ECHO_ERR_UNSUPPORTED when the table lacks one; but echo__store_walk_from then walks from the
 * start, and echo__store_pinned reports that nothing is pinned.
 */
typedef enum echo__store_hook {
    ECHO__STORE_REOPEN,
    ECHO__STORE_PARTIES,
    ECHO__STORE_WALK_FROM,
    ECHO__STORE_USAGE,
    ECHO__STORE_PIN,
    ECHO__STORE_STORED,
    ECHO__STORE_FLUSH,
    ECHO__STORE_PUBLISH_AS,
    ECHO__STORE_GET_MANY
} echo__store_hook;
bool echo__store_has(const echo_store *store, echo__store_hook hook);
/* 0 when the store does not count. */
uint64_t echo__store_stored(const echo_store *store);
/* *out has no table on failure. */
echo_status echo__store_reopen(echo_store *out, const echo_store *store, echo_error *err) ECHO_MUST_USE;
echo_status echo__store_parties(const echo_store *store, echo_store_party_fn fn, void *arg,
                                echo_error *err) ECHO_MUST_USE;
echo_status echo__store_walk_from(const echo_store *store, const echo_hash *after, echo_walk_fn fn, void *arg,
                                  echo_error *err) ECHO_MUST_USE;
echo_status echo__store_usage(uint64_t *bytes, const echo_store *store, echo_error *err) ECHO_MUST_USE;
/* Does nothing when the table lacks the hook. */
echo_status echo__store_flush(const echo_store *store, echo_error *err) ECHO_MUST_USE;
/* Uses `publish` when the table lacks the hook and the number is the next one. */
echo_status echo__store_publish_as(const echo_store *store, const echo_key *party, uint64_t expected, uint64_t number,
                                   echo_bytes manifest, echo_error *err) ECHO_MUST_USE;
echo_status echo__store_pin(const echo_store *store, const echo_key *party, uint64_t number, bool pinned,
                            echo_error *err) ECHO_MUST_USE;
echo_status echo__store_pinned(bool *out, const echo_store *store, const echo_key *party, uint64_t number,
                               echo_error *err) ECHO_MUST_USE;

/* ECHO_ERR_LIMIT, before any byte is read, when one of the chunks is too long. */
echo_status echo__store_check_sizes(const echo_bytes *chunks, size_t n, echo_error *err) ECHO_MUST_USE;

echo_status echo__store_check_manifest(echo_bytes manifest, echo_error *err) ECHO_MUST_USE;

/* Whether a manifest may be published under a number. ECHO_ERR_CONFLICT unless the newest number is the expected one;
 * ECHO_ERR_LIMIT when the number is above the highest possible one, ECHO_ERR_INVALID when it is not above `expected`.
 */
echo_status echo__store_check_number(uint64_t newest, uint64_t expected, uint64_t number,
                                     echo_error *err) ECHO_MUST_USE;

/* What the contract refuses, with one message for all stores. */
echo_status echo__store_refuse_failed(echo_status failed, echo_error *err);
echo_status echo__store_refuse_pending(echo_error *err);
echo_status echo__store_refuse_unseen(echo_error *err);
echo_status echo__store_refuse_absent(echo_error *err);
echo_status echo__store_refuse_number(uint64_t number, echo_error *err);
echo_status echo__store_refuse_pinned(uint64_t number, echo_error *err);

/* The newest manifest that each party's last complete list reported. Zeroed is empty. */
typedef struct echo__seen_entry {
    echo_key party;
    echo_hash newest;
} echo__seen_entry;

typedef struct echo__seen {
    echo__seen_entry *entries;
    size_t count, cap;
} echo__seen;

/* Names a manifest: the hash of its number and bytes, because a number is given out again after a removal. */
void echo__seen_name(echo_hash *out, uint64_t number, echo_bytes manifest);
/* false: out of memory, nothing changed. */
bool echo__seen_note(echo__seen *seen, const echo_key *party, const echo_hash *newest);
bool echo__seen_is(const echo__seen *seen, const echo_key *party, const echo_hash *newest);
void echo__seen_free(echo__seen *seen);

#endif
