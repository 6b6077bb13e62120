#include "feed/hypercore_tree.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "feed/hypercore_bitfield.h"
#include "feed/hypercore_file.h"

#define FAILURES_MAX 64u              /* signatures that may be wrong before the search for a good one ends */
#define ATTEMPTS_MAX 65536u           /* lengths whose roots the tree lacks before it does */
#define WINDOW 64u                    /* signatures read at once */
#define AHEAD_MAX (UINT64_C(1) << 24) /* how far after a length or block a signature is looked for */

static const uint8_t blank[ECHO__HYPERCORE_SIGNATURE];

echo_status echo__hypercore_load_node(echo__hypercore *hc, echo__hypercore_node *out, bool *present, uint64_t index,
                                      unsigned depth, echo_error *err) {
    uint8_t bytes[ECHO__HYPERCORE_NODE];
    size_t got;
    *present = false;
    echo_status status = echo__hypercore_pread(hc, ECHO__HYPERCORE_TREE, bytes, sizeof bytes,
                                               ECHO__HYPERCORE_HEADER + index * ECHO__HYPERCORE_NODE, &got, err);
    if (status != ECHO_OK) return status;
    if (got == sizeof bytes) {
        echo__hypercore_node_decode(out, bytes);
        *present = !echo__hypercore_node_blank(out);
    }
    if (*present || depth == 0) return ECHO_OK;

    echo__hypercore_node left, right;
    status = echo__hypercore_load_node(hc, &left, present, index - echo__flat_step(depth), depth - 1, err);
    if (status != ECHO_OK || !*present) return status;
    status = echo__hypercore_load_node(hc, &right, present, index + echo__flat_step(depth), depth - 1, err);
    if (status != ECHO_OK || !*present) return status;
    echo__hypercore_join(out, &left, &right);
    return ECHO_OK;
}

/* The roots of a length, not yet vouched for. *complete is false when the tree lacks one. */
static echo_status load_roots(echo__hypercore *hc, echo__hypercore_roots *roots, bool *complete, uint64_t length,
                              echo_error *err) {
    roots->length = length;
    roots->bytes = 0;
    roots->count = echo__flat_roots(roots->index, length);
    *complete = true;
    for (unsigned i = 0; *complete && i < roots->count; i++) {
        uint64_t index = roots->index[i];
        echo_status status =
            echo__hypercore_load_node(hc, &roots->node[i], complete, index, echo__flat_depth(index), err);
        if (status != ECHO_OK) return status;
        if (*complete && roots->node[i].size > (uint64_t)INT64_MAX - roots->bytes) *complete = false;
        if (*complete) roots->bytes += roots->node[i].size;
    }
    return ECHO_OK;
}

/* A walk over the signatures, in either direction, from one that is not blank to the next. */
typedef struct cursor {
    echo__hypercore *hc;
    echo_error *err;
    uint64_t first, count; /* what is in `bytes` */
    uint8_t bytes[WINDOW * ECHO__HYPERCORE_SIGNATURE];
} cursor;

static echo_status cursor_load(cursor *c, uint64_t first, uint64_t count) {
    size_t got;
    echo_status status =
        echo__hypercore_pread(c->hc, ECHO__HYPERCORE_SIGNATURES, c->bytes, (size_t)count * ECHO__HYPERCORE_SIGNATURE,
                              ECHO__HYPERCORE_HEADER + first * ECHO__HYPERCORE_SIGNATURE, &got, c->err);
    c->first = first;
    c->count = got / ECHO__HYPERCORE_SIGNATURE;
    return status;
}

static const uint8_t *cursor_at(const cursor *c, uint64_t i) {
    const uint8_t *signature = c->bytes + (size_t)(i - c->first) * ECHO__HYPERCORE_SIGNATURE;
    return memcmp(signature, blank, sizeof blank) == 0 ? NULL : signature;
}

static bool cursor_holds(const cursor *c, uint64_t i) { return i >= c->first && i - c->first < c->count; }

/* No more than the file has room for. */
static echo_status clip(echo__hypercore *hc, uint64_t *at, echo_error *err) {
    uint64_t size;
    echo_status status = echo__hypercore_size(hc, &size, ECHO__HYPERCORE_SIGNATURES, err);
    if (status != ECHO_OK) return status;
    uint64_t room = size > ECHO__HYPERCORE_HEADER ? (size - ECHO__HYPERCORE_HEADER) / ECHO__HYPERCORE_SIGNATURE : 0;
    if (*at > room) *at = room;
    return ECHO_OK;
}

/* The last signature below *at and at or above `floor`: *at becomes its position, or *signature NULL. */
static echo_status cursor_back(cursor *c, const uint8_t **signature, uint64_t *at, uint64_t floor) {
    *signature = NULL;
    while (*signature == NULL && *at > floor) {
        uint64_t i = *at - 1;
        if (!cursor_holds(c, i)) {
            uint64_t first = *at > WINDOW ? *at - WINDOW : 0;
            echo_status status = cursor_load(c, first, *at - first);
            if (status != ECHO_OK) return status;
            if (!cursor_holds(c, i)) break; /* cut off since we clipped */
        }
        *signature = cursor_at(c, i);
        *at = i;
    }
    return ECHO_OK;
}

/* The first signature at or above *at and below `end`. */
static echo_status cursor_next(cursor *c, const uint8_t **signature, uint64_t *at, uint64_t end) {
    for (*signature = NULL; *at < end; ++*at) {
        if (!cursor_holds(c, *at)) {
            echo_status status = cursor_load(c, *at, WINDOW);
            if (status != ECHO_OK || c->count == 0) return status;
        }
        *signature = cursor_at(c, *at);
        if (*signature != NULL) break;
    }
    return ECHO_OK;
}

typedef struct search {
    cursor cursor;
    echo__hypercore_roots roots; /* of the length that was found; length 0 when none was */
    unsigned failures;           /* signatures that do not verify */
    bool none;                   /* there was nothing to check */
    uint64_t nodes;              /* that the tree file has room for */
    uint64_t length;             /* the bitfield's, or the one that follows from the signature after it */
} search;

static echo_status try_signature(search *s, bool *valid, const uint8_t *signature, uint64_t length) {
    bool complete;
    echo__hypercore_roots roots;
    *valid = false;
    /* The last root begins at the lowest set bit of the length. */
    if (2 * (length & (length - 1)) >= s->nodes) return ECHO_OK;
    echo_status status = load_roots(s->cursor.hc, &roots, &complete, length, s->cursor.err);
    if (status != ECHO_OK || !complete) return status;
    echo__hypercore *hc = s->cursor.hc;
    *valid = echo__hypercore_proved_check(hc->proved, &roots, signature, &hc->key, &hc->counts.verifications);
    if (*valid) s->roots = roots;
    if (!*valid) s->failures++;
    return ECHO_OK;
}

/* Finds the greatest length in floor + 1..s->length that a signature vouches for. */
static echo_status search_back(search *s, uint64_t floor) {
    uint64_t at = s->length;
    echo_status status = clip(s->cursor.hc, &at, s->cursor.err);
    s->none = true;
    for (unsigned attempts = 0; status == ECHO_OK && s->failures < FAILURES_MAX && attempts < ATTEMPTS_MAX;
         attempts++) {
        const uint8_t *signature;
        bool valid = false;
        status = cursor_back(&s->cursor, &signature, &at, floor);
        if (status == ECHO_OK && signature == NULL) break;
        s->none = false;
        if (status == ECHO_OK) status = try_signature(s, &valid, signature, at + 1);
        if (valid) break;
    }
    return status;
}

/* The length lies inside a batch whose tree bits a crash cut in two, when nothing is signed there but the next
 * signature is good.
 */
static echo_status search_ahead(search *s) {
    const uint8_t *signature;
    uint64_t at = s->length - 1;
    bool valid;
    echo_status status = cursor_next(&s->cursor, &signature, &at, s->length + AHEAD_MAX);
    if (status != ECHO_OK || signature == NULL || at == s->length - 1) return status;
    status = try_signature(s, &valid, signature, at + 1);
    if (status == ECHO_OK && valid) s->length = at + 1;
    return status;
}

static echo_status search_begin(search *s, echo__hypercore *hc, uint64_t length, echo_error *err) {
    uint64_t size;
    memset(&s->cursor, 0, sizeof s->cursor);
    s->cursor.hc = hc;
    s->cursor.err = err;
    s->roots.length = s->roots.bytes = 0;
    s->roots.count = 0;
    s->failures = 0;
    s->none = false;
    s->length = length;
    echo_status status = echo__hypercore_size(hc, &size, ECHO__HYPERCORE_TREE, err);
    s->nodes =
        status == ECHO_OK && size > ECHO__HYPERCORE_HEADER ? (size - ECHO__HYPERCORE_HEADER) / ECHO__HYPERCORE_NODE : 0;
    return status;
}

static echo_status reload(echo__hypercore *hc, uint64_t bits, echo_error *err) {
    search s;
    echo_status status = ECHO_OK;
    if (bits > 0 && !hc->headers) status = echo__hypercore_check_headers(hc, err);
    if (status != ECHO_OK) return status;
    if (bits > ECHO__SEQ_LIMIT)
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_BITFIELD, "gives an impossible length");
    /* What is verified stays so while the feed grows; a shorter one is another feed. */
    uint64_t floor = bits >= hc->roots.length ? hc->roots.length : 0;
    status = search_begin(&s, hc, bits, err);
    if (status == ECHO_OK && bits > floor) status = search_ahead(&s);
    if (status == ECHO_OK && bits > floor && s.roots.length == 0) status = search_back(&s, floor);
    if (status != ECHO_OK) return status;
    if (s.roots.length > 0 || floor == 0) hc->roots = s.roots;
    hc->disputed = s.failures > 0 || s.none;
    hc->length = s.length;
    hc->tail_checked = false;
    hc->synced = false;
    return ECHO_OK;
}

echo_status echo__hypercore_refresh(echo__hypercore *hc, echo_error *err) {
    uint64_t top = hc->top, bits = hc->bits;
    bool changed;
    echo_status status = echo__hypercore_scan(hc, &changed, err);
    if (status != ECHO_OK || !changed) return status;
    status = reload(hc, hc->bits, err);
    /* Not needed until the feed grows: a party may have many feeds open. */
    if (!hc->writing) echo__hypercore_close_file(hc, ECHO__HYPERCORE_SIGNATURES);
    if (status != ECHO_OK) {
        hc->top = top;
        hc->bits = bits;
    }
    return status;
}

echo_status echo__hypercore_last_batch(echo__hypercore *hc, uint64_t *start, uint64_t length, echo_error *err) {
    cursor c = {.hc = hc, .err = err};
    const uint8_t *signature;
    uint64_t at = length > 0 ? length - 1 : 0;
    echo_status status = clip(hc, &at, err);
    if (status == ECHO_OK) status = cursor_back(&c, &signature, &at, 0);
    if (status == ECHO_OK) *start = signature != NULL ? at + 1 : 0;
    return status;
}

echo_status echo__hypercore_signed_after(echo__hypercore *hc, unsigned *count, uint64_t length, echo_error *err) {
    search s;
    uint64_t at = length;
    *count = 0;
    echo_status status = search_begin(&s, hc, length, err);
    for (; status == ECHO_OK && *count < 2 && s.failures < FAILURES_MAX; at++) {
        const uint8_t *signature;
        bool valid = false;
        status = cursor_next(&s.cursor, &signature, &at, length + AHEAD_MAX);
        if (status == ECHO_OK && signature == NULL) break;
        if (status == ECHO_OK) status = try_signature(&s, &valid, signature, at + 1);
        if (valid) ++*count;
    }
    return status;
}

echo_status echo__hypercore_older_roots(echo__hypercore *hc, echo__hypercore_roots *roots, uint64_t after,
                                        echo_error *err) {
    search s;
    uint64_t end = hc->roots.length > 0 ? hc->roots.length - 1 : 0;
    if (end > after && end - after > AHEAD_MAX) end = after + AHEAD_MAX;
    echo_status status = search_begin(&s, hc, hc->roots.length, err);
    for (uint64_t at = after; status == ECHO_OK && s.failures < FAILURES_MAX; at++) {
        const uint8_t *signature;
        bool valid = false;
        status = cursor_next(&s.cursor, &signature, &at, end);
        if (status != ECHO_OK || signature == NULL) break;
        status = try_signature(&s, &valid, signature, at + 1);
        if (valid) break;
    }
    *roots = s.roots;
    return status;
}

echo_status echo__hypercore_root(echo_hash *out, echo__hypercore *hc, uint64_t length, echo_error *err) {
    echo__hypercore_roots roots;
    bool complete = false;
    if (length > 0 && length <= hc->length) {
        echo_status status = load_roots(hc, &roots, &complete, length, err);
        if (status != ECHO_OK) return status;
    }
    if (!complete) {
        echo__error(err, ECHO_ERR_NOT_FOUND, "the feed's tree does not have the roots of %llu blocks",
                    (unsigned long long)length);
        echo__error_feed(err, &hc->key);
        return ECHO_ERR_NOT_FOUND;
    }
    uint8_t signable[40];
    echo__hypercore_signable(signable, &roots);
    memcpy(out->bytes, signable, sizeof out->bytes);
    return ECHO_OK;
}
