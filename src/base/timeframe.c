#include <echo/timeframe.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/json.h"

/*
 * Frames lie in an array; beyond a few there is an index over it, open addressing with linear probing at most half
 * full. Messages carry small timeframes by the million, so a small one is an ascending array and nothing else.
 *
 * The order by key is kept while frames are set, so that reading in order changes nothing. As long as the frames happen
 * to ascend, as those read from a manifest do, they are the order. Otherwise their positions are in a tiered vector:
 * blocks that are rings, so that one position is put in, or taken out, by moving less than a block and turning each
 * block after it by one.
 */
struct echo_timeframe {
    echo_frame *frames;
    size_t count;
    size_t cap;
    size_t *index; /* position in frames + 1, 0: empty */
    size_t mask;   /* slots - 1; 0: there is no index yet */
    bool ascending;
    uint32_t *order; /* with an index: room for positions in whole blocks; used when not `ascending` */
    size_t order_cap;
    uint16_t *heads; /* where each block's ring begins */
    size_t heads_cap;
    uint8_t seed[crypto_shorthash_KEYBYTES]; /* feed keys can be chosen, so where they land must not be foreseeable */
};

#define BLOCK 512u
#define FEW 8u
#define BINARY_FRAME (ECHO_KEY_BYTES + 8u)

static size_t slot_of(const echo_timeframe *tf, const echo_key *feed) {
    uint64_t hash;
    (void)crypto_shorthash((uint8_t *)&hash, feed->bytes, sizeof feed->bytes, tf->seed);
    return (size_t)hash & tf->mask;
}

static void index_add(echo_timeframe *tf, size_t position) {
    size_t slot = slot_of(tf, &tf->frames[position].feed);
    while (tf->index[slot] != 0) slot = (slot + 1) & tf->mask;
    tf->index[slot] = position + 1;
}

static void index_fill(echo_timeframe *tf) {
    if (tf->mask == 0) return;
    memset(tf->index, 0, (tf->mask + 1) * sizeof *tf->index);
    for (size_t i = 0; i < tf->count; i++) index_add(tf, i);
}

/* The slot that names `position`. */
static size_t index_slot(const echo_timeframe *tf, size_t position) {
    size_t slot = slot_of(tf, &tf->frames[position].feed);
    while (tf->index[slot] != position + 1) slot = (slot + 1) & tf->mask;
    return slot;
}

/* Empties a slot and moves those after it up, so that no search ends early. */
static void index_remove(echo_timeframe *tf, size_t slot) {
    for (size_t next = (slot + 1) & tf->mask; tf->index[next] != 0; next = (next + 1) & tf->mask) {
        size_t home = slot_of(tf, &tf->frames[tf->index[next] - 1].feed);
        if (((next - home) & tf->mask) < ((next - slot) & tf->mask)) continue; /* its way does not lead over the gap */
        tf->index[slot] = tf->index[next];
        slot = next;
    }
    tf->index[slot] = 0;
}

/* NULL, for a timeframe or a key, has nothing. */
static echo_frame *find(const echo_timeframe *tf, const echo_key *feed) {
    if (tf == NULL || feed == NULL) return NULL;
    if (tf->mask == 0) {
        for (size_t i = 0; i < tf->count; i++)
            if (echo__key_equal(&tf->frames[i].feed, feed)) return &tf->frames[i];
        return NULL;
    }
    for (size_t slot = slot_of(tf, feed); tf->index[slot] != 0; slot = (slot + 1) & tf->mask) {
        echo_frame *frame = &tf->frames[tf->index[slot] - 1];
        if (echo__key_equal(&frame->feed, feed)) return frame;
    }
    return NULL;
}

/* Room for `more` frames: what can fail of adding them. */
static echo_status reserve(echo_timeframe *tf, size_t more) {
    size_t need = tf->count + more;
    if (!echo__grow(&tf->frames, &tf->cap, need, sizeof *tf->frames)) return ECHO_ERR_NOMEM;
    if (need <= FEW && tf->mask == 0) return ECHO_OK;
    if (need > UINT32_MAX) return ECHO_ERR_NOMEM;
    size_t blocks = need / BLOCK + 1;
    if (!echo__grow(&tf->order, &tf->order_cap, blocks * BLOCK, sizeof *tf->order)) return ECHO_ERR_NOMEM;
    if (!echo__grow(&tf->heads, &tf->heads_cap, blocks, sizeof *tf->heads)) return ECHO_ERR_NOMEM;
    if (tf->mask != 0 && need * 2 <= tf->mask + 1) return ECHO_OK;
    size_t slots = tf->mask == 0 ? 32 : tf->mask + 1;
    while (slots < need * 2) slots *= 2;
    if (tf->mask == 0 && !echo__crypto_init()) return ECHO_ERR_IO;
    size_t *index = echo__realloc_array(NULL, slots, sizeof *index);
    if (index == NULL) return ECHO_ERR_NOMEM;
    if (tf->mask == 0) randombytes_buf(tf->seed, sizeof tf->seed);
    echo__free(tf->index);
    tf->index = index;
    tf->mask = slots - 1;
    index_fill(tf);
    return ECHO_OK;
}

/* ---- the order by key ---- */

static uint32_t *place_at(const echo_timeframe *tf, size_t place) {
    size_t block = place / BLOCK;
    return &tf->order[block * BLOCK + (tf->heads[block] + place) % BLOCK];
}

/* Position of frame i in order. */
static size_t position_of(const echo_timeframe *tf, size_t i) { return tf->ascending ? i : *place_at(tf, i); }

/* Of the first n places in order, the first whose key is not below `key`. */
static size_t lower_bound(const echo_timeframe *tf, size_t n, const echo_key *key) {
    size_t from = 0, to = n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (echo__key_compare(&tf->frames[*place_at(tf, middle)].feed, key) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void start_order(echo_timeframe *tf) {
    memset(tf->heads, 0, (tf->count / BLOCK + 1) * sizeof *tf->heads);
    for (size_t i = 0; i < tf->count; i++) tf->order[i] = (uint32_t)i;
    tf->ascending = false;
}

/* Puts a position in before place `at`; n are there already. */
static void order_insert(echo_timeframe *tf, size_t at, size_t n, uint32_t position) {
    size_t last = n / BLOCK, block = at / BLOCK;
    if (n % BLOCK == 0) tf->heads[last] = 0;
    for (size_t b = last; b > block; b--) {
        tf->heads[b] = (uint16_t)((tf->heads[b] + BLOCK - 1) % BLOCK);
        *place_at(tf, b * BLOCK) = *place_at(tf, b * BLOCK - 1);
    }
    for (size_t i = block == last ? n : (block + 1) * BLOCK - 1; i > at; i--) *place_at(tf, i) = *place_at(tf, i - 1);
    *place_at(tf, at) = position;
}

/* Takes place `at` of n out. */
static void order_remove(echo_timeframe *tf, size_t at, size_t n) {
    size_t last = (n - 1) / BLOCK, block = at / BLOCK;
    for (size_t i = at; i + 1 < n && i + 1 < (block + 1) * BLOCK; i++) *place_at(tf, i) = *place_at(tf, i + 1);
    for (size_t b = block + 1; b <= last; b++) {
        *place_at(tf, b * BLOCK - 1) = *place_at(tf, b * BLOCK);
        tf->heads[b] = (uint16_t)((tf->heads[b] + 1) % BLOCK);
    }
}

/* Adds a feed that is not there, somewhere; room is reserved. finish_order() has to follow. */
static void append(echo_timeframe *tf, const echo_frame *frame) {
    if (tf->count > 0 && echo__key_compare(&tf->frames[tf->count - 1].feed, &frame->feed) > 0) tf->ascending = false;
    tf->frames[tf->count] = *frame;
    if (tf->mask != 0) index_add(tf, tf->count);
    tf->count++;
}

static int compare_feeds(const void *a, const void *b) {
    return echo__key_compare(&((const echo_frame *)a)->feed, &((const echo_frame *)b)->feed);
}

static void finish_order(echo_timeframe *tf) {
    if (tf->ascending) return;
    qsort(tf->frames, tf->count, sizeof *tf->frames, compare_feeds);
    tf->ascending = true;
    index_fill(tf);
}

/* Adds a feed that is not there, in its place; room is reserved. */
static void add(echo_timeframe *tf, const echo_frame *frame) {
    if (tf->mask == 0) {
        size_t at = tf->count;
        for (; at > 0 && echo__key_compare(&tf->frames[at - 1].feed, &frame->feed) > 0; at--)
            tf->frames[at] = tf->frames[at - 1];
        tf->frames[at] = *frame;
        tf->count++;
        return;
    }
    bool last = tf->count == 0 || echo__key_compare(&tf->frames[tf->count - 1].feed, &frame->feed) < 0;
    if (tf->ascending && !last) start_order(tf);
    if (!tf->ascending) order_insert(tf, lower_bound(tf, tf->count, &frame->feed), tf->count, (uint32_t)tf->count);
    tf->frames[tf->count] = *frame;
    index_add(tf, tf->count);
    tf->count++;
}

echo_status echo_timeframe_new(echo_timeframe **out) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = echo__calloc(1, sizeof **out);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    (*out)->ascending = true;
    return ECHO_OK;
}

void echo_timeframe_free(echo_timeframe *tf) {
    if (tf == NULL) return;
    echo__free(tf->frames);
    echo__free(tf->index);
    echo__free(tf->order);
    echo__free(tf->heads);
    echo__free(tf);
}

echo_status echo_timeframe_copy(echo_timeframe **out, const echo_timeframe *tf) {
    echo_timeframe *copy;
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = NULL;
    if (tf == NULL) return ECHO_ERR_INVALID;
    echo_status status = echo_timeframe_new(&copy);
    if (status != ECHO_OK) return status;
    status = reserve(copy, tf->count);
    if (status != ECHO_OK) {
        echo_timeframe_free(copy);
        return status;
    }
    for (size_t i = 0; i < tf->count; i++) copy->frames[i] = tf->frames[position_of(tf, i)];
    copy->count = tf->count;
    index_fill(copy);
    *out = copy;
    return ECHO_OK;
}

size_t echo_timeframe_size(const echo_timeframe *tf) { return tf == NULL ? 0 : tf->count; }

bool echo_timeframe_get(uint64_t *seq, const echo_timeframe *tf, const echo_key *feed) {
    const echo_frame *frame = find(tf, feed);
    if (frame == NULL) return false;
    if (seq != NULL) *seq = frame->seq;
    return true;
}

echo_status echo_timeframe_set(echo_timeframe *tf, const echo_key *feed, uint64_t seq) {
    if (tf == NULL || feed == NULL) return ECHO_ERR_INVALID;
    if (seq > ECHO_SEQ_MAX) return ECHO_ERR_LIMIT;
    echo_frame *frame = find(tf, feed);
    if (frame != NULL) {
        frame->seq = seq;
        return ECHO_OK;
    }
    echo_status status = reserve(tf, 1);
    if (status == ECHO_OK) add(tf, &(echo_frame){*feed, seq});
    return status;
}

static void remove_indexed(echo_timeframe *tf, size_t position) {
    size_t last = tf->count - 1;
    if (tf->ascending && position != last) start_order(tf);
    if (!tf->ascending) {
        size_t removed = lower_bound(tf, tf->count, &tf->frames[position].feed);
        *place_at(tf, lower_bound(tf, tf->count, &tf->frames[last].feed)) = (uint32_t)position;
        order_remove(tf, removed, tf->count);
    }
    index_remove(tf, index_slot(tf, position));
    if (position != last) tf->index[index_slot(tf, last)] = position + 1;
    tf->frames[position] = tf->frames[last];
}

void echo_timeframe_unset(echo_timeframe *tf, const echo_key *feed) {
    echo_frame *frame = find(tf, feed);
    if (frame == NULL) return;
    size_t position = (size_t)(frame - tf->frames);
    if (tf->mask != 0)
        remove_indexed(tf, position);
    else
        memmove(frame, frame + 1, (tf->count - 1 - position) * sizeof *frame);
    tf->count--;
}

#define ADDED_ONE_BY_ONE 16u

echo_status echo_timeframe_merge(echo_timeframe *tf, const echo_timeframe *other) {
    if (tf == NULL || other == NULL) return ECHO_ERR_INVALID;
    size_t missing = 0;
    for (size_t i = 0; i < other->count; i++) missing += find(tf, &other->frames[i].feed) == NULL;
    if (missing > 0) {
        echo_status status = reserve(tf, missing);
        if (status != ECHO_OK) return status;
    }
    bool few = missing <= ADDED_ONE_BY_ONE;
    for (size_t i = 0; i < other->count; i++) {
        const echo_frame *theirs = &other->frames[i];
        echo_frame *ours = find(tf, &theirs->feed);
        if (ours == NULL && few)
            add(tf, theirs);
        else if (ours == NULL)
            append(tf, theirs);
        else if (ours->seq < theirs->seq)
            ours->seq = theirs->seq;
    }
    if (!few) finish_order(tf);
    return ECHO_OK;
}

static bool covered(const echo_timeframe *tf, const echo_frame *frame) {
    const echo_frame *mine = find(tf, &frame->feed);
    return mine != NULL && mine->seq >= frame->seq;
}

echo_status echo_timeframe_dependencies(echo_timeframe **out, const echo_timeframe *a, const echo_timeframe *b) {
    echo_timeframe *awaited;
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = NULL;
    if (a == NULL || b == NULL) return ECHO_ERR_INVALID;
    echo_status status = echo_timeframe_new(&awaited);
    if (status != ECHO_OK) return status;
    for (size_t i = 0; i < a->count && status == ECHO_OK; i++) {
        if (covered(b, &a->frames[i])) continue;
        status = reserve(awaited, 1);
        if (status == ECHO_OK) append(awaited, &a->frames[i]);
    }
    finish_order(awaited);
    if (status == ECHO_OK)
        *out = awaited;
    else
        echo_timeframe_free(awaited);
    return status;
}

bool echo_timeframe_covers(const echo_timeframe *a, const echo_timeframe *b) {
    size_t n = echo_timeframe_size(b);
    if (n > echo_timeframe_size(a)) return false;
    for (size_t i = 0; i < n; i++)
        if (!covered(a, &b->frames[i])) return false;
    return true;
}

echo_order echo_timeframe_compare(const echo_timeframe *a, const echo_timeframe *b) {
    bool after = echo_timeframe_covers(a, b), before = echo_timeframe_covers(b, a);
    if (after && before) return ECHO_ORDER_EQUAL;
    return after ? ECHO_ORDER_AFTER : before ? ECHO_ORDER_BEFORE : ECHO_ORDER_CONCURRENT;
}

const char *echo_order_name(echo_order order) {
    switch (order) {
    case ECHO_ORDER_EQUAL: return "equal";
    case ECHO_ORDER_BEFORE: return "before";
    case ECHO_ORDER_AFTER: return "after";
    case ECHO_ORDER_CONCURRENT: return "concurrent";
    }
    return "unknown";
}

uint64_t echo_timeframe_total(const echo_timeframe *tf) {
    uint64_t total = 0;
    size_t n = echo_timeframe_size(tf);
    for (size_t i = 0; i < n; i++) {
        uint64_t blocks = tf->frames[i].seq + 1;
        if (blocks > UINT64_MAX - total) return UINT64_MAX;
        total += blocks;
    }
    return total;
}

bool echo_timeframe_at(echo_frame *out, const echo_timeframe *tf, size_t i) {
    if (out == NULL || tf == NULL || i >= tf->count) return false;
    *out = tf->frames[position_of(tf, i)];
    return true;
}

echo_status echo_timeframe_to_json(char **out, const echo_timeframe *tf) {
    echo__buf text = ECHO__BUF_INIT;
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = NULL;
    if (tf == NULL) return ECHO_ERR_INVALID;
    echo__buf_byte(&text, '{');
    for (size_t i = 0; i < tf->count; i++) {
        const echo_frame *frame = &tf->frames[position_of(tf, i)];
        echo__buf_text(&text, i > 0 ? ",\"" : "\"");
        echo__buf_hex(&text, frame->feed.bytes, ECHO_KEY_BYTES);
        echo__buf_text(&text, "\":");
        echo__buf_u64(&text, frame->seq);
    }
    echo__buf_append(&text, "}", 2); /* with its NUL */
    if (text.status != ECHO_OK) {
        echo__buf_free(&text);
        return ECHO_ERR_NOMEM;
    }
    *out = (char *)text.data;
    return ECHO_OK;
}

void echo_timeframe_text_free(char *text) { echo__free(text); }

static echo_status read_frame(echo_timeframe *tf, const cJSON *node, echo_error *err) {
    echo_frame frame;
    char hex[ECHO_HEX_CHARS];
    if (strlen(node->string) != ECHO_HEX_CHARS - 1 ||
        !echo__hex_decode(frame.feed.bytes, node->string, ECHO_HEX_CHARS - 1))
        return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: \"%.80s\" is not a feed key", node->string);
    echo_key_hex(hex, &frame.feed);
    if (strcmp(hex, node->string) != 0)
        return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: feed key %s is not in lower case", node->string);
    if (!echo__json_get_uint64(node, &frame.seq) || frame.seq > ECHO_SEQ_MAX) {
        (void)echo__error(err, ECHO_ERR_CORRUPT, "timeframe: seq is not an integer of 0 to 2^53 - 1");
        echo__error_feed(err, &frame.feed);
        return ECHO_ERR_CORRUPT;
    }
    append(tf, &frame); /* JSON has no duplicate keys, and these have one spelling */
    return ECHO_OK;
}

static echo_status read_frames(echo_timeframe *tf, const cJSON *value, echo_error *err) {
    if (!cJSON_IsObject(value)) return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: not a JSON object");
    echo_status status = reserve(tf, (size_t)cJSON_GetArraySize(value));
    if (status != ECHO_OK) return echo__error(err, status, "timeframe: %s", echo_status_text(status));
    for (const cJSON *node = value->child; node != NULL && status == ECHO_OK; node = node->next)
        status = read_frame(tf, node, err);
    finish_order(tf);
    return status;
}

/* A text with a number or a depth that is beyond JSON's limits cannot be a timeframe's. */
static echo_status parse(cJSON **out, const char *text, size_t len, echo_error *err) {
    echo_status status = echo__json_parse(out, text, len, err);
    if (status != ECHO_ERR_LIMIT) return status;
    if (err != NULL) err->code = ECHO_ERR_CORRUPT;
    return ECHO_ERR_CORRUPT;
}

echo_status echo_timeframe_from_json(echo_timeframe **out, const char *text, size_t len, echo_error *err) {
    cJSON *value = NULL;
    echo_timeframe *tf = NULL;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (text == NULL) return echo__error_null(err, "text");
    echo_status status = parse(&value, text, len, err);
    if (status != ECHO_OK) return status;
    status = echo_timeframe_new(&tf);
    status = status == ECHO_OK ? read_frames(tf, value, err) : echo__nomem(err);
    cJSON_Delete(value);
    if (status == ECHO_OK)
        *out = tf;
    else
        echo_timeframe_free(tf);
    return status;
}

size_t echo_timeframe_binary_size(const echo_timeframe *tf) { return echo_timeframe_size(tf) * BINARY_FRAME; }

void echo_timeframe_to_binary(uint8_t *out, const echo_timeframe *tf) {
    if (out == NULL || tf == NULL) return;
    for (size_t i = 0; i < tf->count; i++, out += BINARY_FRAME) {
        const echo_frame *frame = &tf->frames[position_of(tf, i)];
        memcpy(out, frame->feed.bytes, ECHO_KEY_BYTES);
        echo__be64_put(out + ECHO_KEY_BYTES, frame->seq);
    }
}

static echo_status read_binary(echo_timeframe *tf, echo_bytes bytes, echo_error *err) {
    size_t count = bytes.len / BINARY_FRAME;
    if (bytes.len % BINARY_FRAME != 0)
        return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: %zu bytes is not a whole number of frames", bytes.len);
    echo_status status = reserve(tf, count);
    if (status != ECHO_OK) return echo__error(err, status, "timeframe: %s", echo_status_text(status));
    for (size_t i = 0; i < count; i++) {
        echo_frame frame;
        const uint8_t *at = bytes.data + i * BINARY_FRAME;
        memcpy(frame.feed.bytes, at, ECHO_KEY_BYTES);
        frame.seq = echo__be64(at + ECHO_KEY_BYTES);
        if (frame.seq > ECHO_SEQ_MAX)
            return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: seq of frame %zu is too large", i);
        if (i > 0 && echo__key_compare(&tf->frames[i - 1].feed, &frame.feed) >= 0)
            return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: feed keys do not ascend at frame %zu", i);
        append(tf, &frame);
    }
    return ECHO_OK;
}

echo_status echo_timeframe_from_binary(echo_timeframe **out, echo_bytes bytes, echo_error *err) {
    echo_timeframe *tf;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (bytes.data == NULL && bytes.len > 0) return echo__error_null(err, "bytes");
    echo_status status = echo_timeframe_new(&tf);
    if (status != ECHO_OK) return echo__nomem(err);
    status = read_binary(tf, bytes, err);
    if (status == ECHO_OK)
        *out = tf;
    else
        echo_timeframe_free(tf);
    return status;
}
