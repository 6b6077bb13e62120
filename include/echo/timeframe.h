/*
 * echo/timeframe.h: a timeframe says, per feed, the last seq that is covered: feed key => seq (zero-based).
 *
 * If a feed is absent, none of its blocks are covered; if it is at seq n, its n + 1 blocks 0..n are. Timeframes form a
 * lattice: merge is the least upper bound, covers the partial order. Lookup is O(1), frame i in order O(log n).
 * Sequence numbers up to ECHO_SEQ_MAX (2^53 - 1, so that every JSON reader keeps them) are accepted.
 *
 * A NULL timeframe, key or place for a result is ECHO_ERR_INVALID. Functions that return no status treat a NULL
 * timeframe as one without feeds, and a NULL key as absent.
 */
#ifndef ECHO_TIMEFRAME_H
#define ECHO_TIMEFRAME_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ECHO_SEQ_MAX UINT64_C(9007199254740991)

typedef struct echo_timeframe echo_timeframe;

typedef enum echo_order {
    ECHO_ORDER_EQUAL = 0,
    ECHO_ORDER_BEFORE = -1,   /* a < b: b covers a and more */
    ECHO_ORDER_AFTER = 1,     /* a > b */
    ECHO_ORDER_CONCURRENT = 2 /* neither covers the other */
} echo_order;
/* "equal", "before", "after", "concurrent"; "unknown" for others. */
const char *echo_order_name(echo_order order);

typedef struct echo_frame {
    echo_key feed;
    uint64_t seq;
} echo_frame;

echo_status echo_timeframe_new(echo_timeframe **out) ECHO_MUST_USE;
void echo_timeframe_free(echo_timeframe *tf);
echo_status echo_timeframe_copy(echo_timeframe **out, const echo_timeframe *tf) ECHO_MUST_USE;

/* Number of feeds in it. */
size_t echo_timeframe_size(const echo_timeframe *tf);
/* true and *seq when the feed is present. seq may be NULL. */
bool echo_timeframe_get(uint64_t *seq, const echo_timeframe *tf, const echo_key *feed);
/* Sets a feed's seq, up or down. ECHO_ERR_LIMIT above ECHO_SEQ_MAX. */
echo_status echo_timeframe_set(echo_timeframe *tf, const echo_key *feed, uint64_t seq) ECHO_MUST_USE;
/* Removes a feed; does nothing when it is absent. */
void echo_timeframe_unset(echo_timeframe *tf, const echo_key *feed);
/* tf becomes the least timeframe that covers both. On ECHO_ERR_NOMEM tf is unchanged. */
echo_status echo_timeframe_merge(echo_timeframe *tf, const echo_timeframe *other) ECHO_MUST_USE;
/* The frames of `a` that `b` does not cover: what a peer whose clock is `b` must wait for before it can apply a message
 * whose timeframe is `a`. */
echo_status echo_timeframe_dependencies(echo_timeframe **out, const echo_timeframe *a,
                                        const echo_timeframe *b) ECHO_MUST_USE;
/* true when every frame of `b` is at or below `a`'s. */
bool echo_timeframe_covers(const echo_timeframe *a, const echo_timeframe *b);
echo_order echo_timeframe_compare(const echo_timeframe *a, const echo_timeframe *b);
/* Sum over the feeds of seq + 1, saturating at UINT64_MAX: the number of messages covered. */
uint64_t echo_timeframe_total(const echo_timeframe *tf);
/* Frame i of 0..size-1 in ascending order of feed key; false when i is out of range. */
bool echo_timeframe_at(echo_frame *out, const echo_timeframe *tf, size_t i);

/*
 * Canonical JSON text, {"<feed hex>":seq,...} with keys ascending. *out is NUL-terminated; the caller
 * frees it with echo_timeframe_text_free(). Parsing refuses duplicate keys, other shapes and numbers that are not
 * integers of 0..ECHO_SEQ_MAX (ECHO_ERR_CORRUPT).
 */
echo_status echo_timeframe_to_json(char **out, const echo_timeframe *tf) ECHO_MUST_USE;
void echo_timeframe_text_free(char *text);
echo_status echo_timeframe_from_json(echo_timeframe **out, const char *text, size_t len, echo_error *err) ECHO_MUST_USE;

/*
 * Binary: 40 bytes a frame, key (32) || seq (u64, big-endian), keys strictly ascending. `size` gives the bytes needed;
 * `to_binary` fills exactly those. Reading refuses any other length, order or value (ECHO_ERR_CORRUPT).
 */
size_t echo_timeframe_binary_size(const echo_timeframe *tf);
void echo_timeframe_to_binary(uint8_t *out, const echo_timeframe *tf);
echo_status echo_timeframe_from_binary(echo_timeframe **out, echo_bytes bytes, echo_error *err) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
