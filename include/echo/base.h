/*
 * echo/base.h: what every other header uses: status codes, errors, byte views, keys and hashes.
 *
 * Conventions (docs/CONVENTIONS.md has all of them)
 *
 *  - Every function that can fail returns echo_status: ECHO_OK (0) or a negative code. There are no positive codes.
 *  - Out parameters come first. On error they are NULL or untouched, nothing was consumed, and no clean-up is needed.
 *  - Functions that do I/O or read foreign bytes take an `echo_error *err`, which may be NULL and is written on failure
 *    only.
 *  - A NULL that a function does not allow is ECHO_ERR_INVALID.
 *  - `_new`/`_free` are for heap objects, `_open`/`_close` for resources, `_get` borrows. `_free(NULL)` and
 *    `_close(NULL)` do nothing. A cJSON value that is the caller's is freed with cJSON_Delete().
 *  - An echo_bytes handed to a callback or a hook is a view: it is valid during that call; copy it to keep it.
 *  - No function may be called on one object from two threads at a time. The library has no global state.
 */
#ifndef ECHO_BASE_H
#define ECHO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_VERSION_MAJOR 0
#define ECHO_VERSION_MINOR 1
#define ECHO_VERSION_PATCH 0
#define ECHO_VERSION_STRING "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define ECHO_MUST_USE __attribute__((warn_unused_result))
#define ECHO_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define ECHO_MUST_USE
#define ECHO_PRINTF(fmt, args)
#endif

/* One class of failure per code; a code never stands in for another (docs/CONVENTIONS.md says which is used when). */
#define ECHO_STATUS_MAP(XX)                                                                                            \
    XX(INVALID, -1, "invalid argument")                                                                                \
    XX(NOMEM, -2, "out of memory")                                                                                     \
    XX(IO, -3, "input/output error")                                                                                   \
    XX(CORRUPT, -4, "data is corrupt")                                                                                 \
    XX(VERSION, -5, "version is not supported")                                                                        \
    XX(LIMIT, -6, "a limit was exceeded")                                                                              \
    XX(SIGNATURE, -7, "signature does not verify")                                                                     \
    XX(GAP, -8, "a block is not present")                                                                              \
    XX(PRUNED, -9, "the data was removed on purpose")                                                                  \
    XX(BUSY, -10, "in use by another process or call")                                                                 \
    XX(NOT_FOUND, -11, "not found")                                                                                    \
    XX(EXISTS, -12, "exists already")                                                                                  \
    XX(READONLY, -13, "cannot be written to")                                                                          \
    XX(CONFLICT, -14, "somebody else published first")                                                                 \
    XX(BEHIND, -15, "own feed is shorter than what was published from it")                                             \
    XX(REFUSED, -16, "refused")                                                                                        \
    XX(UNSUPPORTED, -17, "not supported")                                                                              \
    XX(PENDING, -18, "not here yet")

typedef enum echo_status {
    ECHO_OK = 0,
#define XX(name, value, text) ECHO_ERR_##name = value,
    ECHO_STATUS_MAP(XX)
#undef XX
        ECHO_STATUS_MIN_ = -32768
} echo_status;

/* A static string such as "ECHO_ERR_CORRUPT", "ECHO_ERR_UNKNOWN" for a code that is not ours. */
const char *echo_status_name(echo_status status);
/* A static one-line description in English. */
const char *echo_status_text(echo_status status);
/* The version of the linked library, "0.1.0". */
const char *echo_version(void);

/* A borrowed run of bytes. data may be NULL when len is 0. */
typedef struct echo_bytes {
    const uint8_t *data;
    size_t len;
} echo_bytes;

#define ECHO_KEY_BYTES 32u
#define ECHO_HASH_BYTES 32u
#define ECHO_HEX_CHARS 65u /* a key or hash as lower-case hex, with its NUL */

/* An Ed25519 public key: of a party, a feed or a member. */
typedef struct echo_key {
    uint8_t bytes[ECHO_KEY_BYTES];
} echo_key;

/* A BLAKE2b-256 hash, the name of a chunk (`b2sum -l 256` prints the same). */
typedef struct echo_hash {
    uint8_t bytes[ECHO_HASH_BYTES];
} echo_hash;

/* An Ed25519 key pair; secret is libsodium's form, seed || public key. */
typedef struct echo_keypair {
    echo_key public_key;
    uint8_t secret[64];
} echo_keypair;

/* Writes 64 hex digits and a NUL; for NULL, the NUL alone. */
void echo_key_hex(char out[ECHO_HEX_CHARS], const echo_key *key);
void echo_hash_hex(char out[ECHO_HEX_CHARS], const echo_hash *hash);
/* Reads exactly 64 hex digits (either case) followed by a NUL; ECHO_ERR_INVALID otherwise. */
echo_status echo_key_parse(echo_key *out, const char *hex) ECHO_MUST_USE;
echo_status echo_hash_parse(echo_hash *out, const char *hex) ECHO_MUST_USE;
/* Draws a new key pair from the operating system's random source. */
echo_status echo_keypair_new(echo_keypair *out) ECHO_MUST_USE;
/* The key pair of a 32-byte seed: the same seed gives the same pair. */
echo_status echo_keypair_from_seed(echo_keypair *out, const uint8_t seed[32]) ECHO_MUST_USE;

/*
 * What went wrong and where. Plain data of a fixed size: put it on the stack, copy it freely. `item` and `message` may
 * be printed to a terminal: control characters (C0, C1), separators of lines and what changes the direction of text are
 * replaced by '?', and so is what is not UTF-8.
 */
#define ECHO_ERROR_MESSAGE_CHARS 256u
#define ECHO_ERROR_ITEM_CHARS 80u
typedef struct echo_error {
    echo_status code;
    bool has_feed; /* `feed` names the feed concerned */
    bool has_seq;  /* `seq` names the block concerned */
    echo_key feed;
    uint64_t seq;
    char item[ECHO_ERROR_ITEM_CHARS];       /* the item's id, cut and marked with "..." when longer; "" when none */
    char message[ECHO_ERROR_MESSAGE_CHARS]; /* one line, English, no newline */
} echo_error;
#define ECHO_ERROR_INIT                                                                                                \
    {                                                                                                                  \
        ECHO_OK, false, false, {{0}}, 0, {0}, { 0 }                                                                    \
    }

#ifdef __cplusplus
}
#endif
#endif
