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
 * full. Messages carry small timeframes by the million, so a small one is an array and nothing else. `ascending` is
 * kept as long as it happens to be true.
 */
struct echo_timeframe {
    echo_frame *frames;
    size_t count;
    size_t cap;
    size_t *index; /* position in frames + 1, 0: empty */
    size_t mask;   /* slots - 1; 0: there is no index yet */
    bool ascending;
    uint8_t seed[crypto_shorthash_KEYBYTES]; /* feed keys can be chosen, so where they land must not be foreseeable */
};

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

/* Empties a slot and moves those behind it up, so that no search ends early. */
static void index_remove(echo_timeframe *tf, size_t slot) {
    for (size_t next = (slot + 1) & tf->mask; tf->index[next] != 0; next = (next + 1) & tf->mask) {
        size_t home = slot_of(tf, &tf->frames[tf->index[next] - 1].feed);
        if (((next - home) & tf->mask) < ((next - slot) & tf->mask)) continue; /* its way does not lead over the gap */
        tf->index[slot] = tf->index[next];
        slot = next;
    }
    tf->index[slot] = 0;
}

static echo_frame *find(const echo_timeframe *tf, const echo_key *feed) {
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
    if (need <= FEW || (tf->mask != 0 && need * 2 <= tf->mask + 1)) return ECHO_OK;
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

/* Adds a feed that is not there; room is reserved. */
static void add(echo_timeframe *tf, const echo_frame *frame) {
    if (tf->count > 0 && echo__key_compare(&tf->frames[tf->count - 1].feed, &frame->feed) > 0) tf->ascending = false;
    tf->frames[tf->count] = *frame;
    if (tf->mask != 0) index_add(tf, tf->count);
    tf->count++;
}

static int compare_feeds(const void *a, const void *b) {
    return echo__key_compare(&((const echo_frame *)a)->feed, &((const echo_frame *)b)->feed);
}

static void sort(echo_timeframe *tf) {
    if (tf->ascending) return;
    qsort(tf->frames, tf->count, sizeof *tf->frames, compare_feeds);
    tf->ascending = true;
    index_fill(tf);
}

echo_status echo_timeframe_new(echo_timeframe **out) {
    *out = echo__calloc(1, sizeof **out);
    if (*out == NULL) return ECHO_ERR_NOMEM;
    (*out)->ascending = true;
    return ECHO_OK;
}

void echo_timeframe_free(echo_timeframe *tf) {
    if (tf == NULL) return;
    echo__free(tf->frames);
    echo__free(tf->index);
    echo__free(tf);
}

echo_status echo_timeframe_copy(echo_timeframe **out, const echo_timeframe *tf) {
    echo_timeframe *copy;
    *out = NULL;
    echo_status status = echo_timeframe_new(&copy);
    if (status != ECHO_OK) return status;
    status = reserve(copy, tf->count);
    if (status != ECHO_OK) {
        echo_timeframe_free(copy);
        return status;
    }
    if (tf->count > 0) memcpy(copy->frames, tf->frames, tf->count * sizeof *tf->frames);
    copy->count = tf->count;
    copy->ascending = tf->ascending;
    index_fill(copy);
    *out = copy;
    return ECHO_OK;
}

size_t echo_timeframe_size(const echo_timeframe *tf) { return tf->count; }

bool echo_timeframe_get(uint64_t *seq, const echo_timeframe *tf, const echo_key *feed) {
    const echo_frame *frame = find(tf, feed);
    if (frame == NULL) return false;
    if (seq != NULL) *seq = frame->seq;
    return true;
}

echo_status echo_timeframe_set(echo_timeframe *tf, const echo_key *feed, uint64_t seq) {
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

void echo_timeframe_unset(echo_timeframe *tf, const echo_key *feed) {
    echo_frame *frame = find(tf, feed);
    if (frame == NULL) return;
    size_t position = (size_t)(frame - tf->frames), last = tf->count - 1;
    if (tf->mask != 0) {
        index_remove(tf, index_slot(tf, position));
        if (position != last) tf->index[index_slot(tf, last)] = position + 1;
    }
    tf->frames[position] = tf->frames[last];
    tf->count = last;
    if (position != last) tf->ascending = last <= 1;
}

echo_status echo_timeframe_merge(echo_timeframe *tf, const echo_timeframe *other) {
    size_t missing = 0;
    for (size_t i = 0; i < other->count; i++) missing += find(tf, &other->frames[i].feed) == NULL;
    if (missing > 0) {
        echo_status status = reserve(tf, missing);
        if (status != ECHO_OK) return status;
    }
    for (size_t i = 0; i < other->count; i++) {
        const echo_frame *theirs = &other->frames[i];
        echo_frame *ours = find(tf, &theirs->feed);
        if (ours == NULL)
            add(tf, theirs);
        else if (ours->seq < theirs->seq)
            ours->seq = theirs->seq;
    }
    return ECHO_OK;
}

static bool covered(const echo_timeframe *tf, const echo_frame *frame) {
    const echo_frame *mine = find(tf, &frame->feed);
    return mine != NULL && mine->seq >= frame->seq;
}

echo_status echo_timeframe_dependencies(echo_timeframe **out, const echo_timeframe *a, const echo_timeframe *b) {
    echo_timeframe *awaited;
    *out = NULL;
    echo_status status = echo_timeframe_new(&awaited);
    if (status != ECHO_OK) return status;
    for (size_t i = 0; i < a->count && status == ECHO_OK; i++) {
        if (covered(b, &a->frames[i])) continue;
        status = reserve(awaited, 1);
        if (status == ECHO_OK) add(awaited, &a->frames[i]);
    }
    if (status == ECHO_OK)
        *out = awaited;
    else
        echo_timeframe_free(awaited);
    return status;
}

bool echo_timeframe_covers(const echo_timeframe *a, const echo_timeframe *b) {
    if (b->count > a->count) return false;
    for (size_t i = 0; i < b->count; i++)
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
    for (size_t i = 0; i < tf->count; i++) {
        uint64_t blocks = tf->frames[i].seq + 1;
        if (blocks > UINT64_MAX - total) return UINT64_MAX;
        total += blocks;
    }
    return total;
}

bool echo_timeframe_at(echo_frame *out, echo_timeframe *tf, size_t i) {
    if (i >= tf->count) return false;
    sort(tf);
    *out = tf->frames[i];
    return true;
}

echo_status echo_timeframe_to_json(char **out, echo_timeframe *tf) {
    echo__buf text = ECHO__BUF_INIT;
    *out = NULL;
    sort(tf);
    echo__buf_byte(&text, '{');
    for (size_t i = 0; i < tf->count; i++) {
        echo__buf_text(&text, i > 0 ? ",\"" : "\"");
        echo__buf_hex(&text, tf->frames[i].feed.bytes, ECHO_KEY_BYTES);
        echo__buf_text(&text, "\":");
        echo__buf_u64(&text, tf->frames[i].seq);
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
    add(tf, &frame); /* JSON has no duplicate keys, and these have one spelling */
    return ECHO_OK;
}

static echo_status read_frames(echo_timeframe *tf, const cJSON *value, echo_error *err) {
    if (!cJSON_IsObject(value)) return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: not a JSON object");
    echo_status status = reserve(tf, (size_t)cJSON_GetArraySize(value));
    if (status != ECHO_OK) return echo__error(err, status, "timeframe: %s", echo_status_text(status));
    for (const cJSON *node = value->child; node != NULL && status == ECHO_OK; node = node->next)
        status = read_frame(tf, node, err);
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
    *out = NULL;
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

size_t echo_timeframe_binary_size(const echo_timeframe *tf) { return tf->count * BINARY_FRAME; }

void echo_timeframe_to_binary(uint8_t *out, echo_timeframe *tf) {
    sort(tf);
    for (size_t i = 0; i < tf->count; i++, out += BINARY_FRAME) {
        memcpy(out, tf->frames[i].feed.bytes, ECHO_KEY_BYTES);
        echo__be64_put(out + ECHO_KEY_BYTES, tf->frames[i].seq);
    }
}

static echo_status read_binary(echo_timeframe *tf, echo_bytes bytes, echo_error *err) {
    size_t count = bytes.len / BINARY_FRAME;
    if (bytes.len % BINARY_FRAME != 0)
        return echo__error(err, ECHO_ERR_CORRUPT, "timeframe: %zu bytes are no whole number of frames", bytes.len);
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
        add(tf, &frame);
    }
    return ECHO_OK;
}

echo_status echo_timeframe_from_binary(echo_timeframe **out, echo_bytes bytes, echo_error *err) {
    echo_timeframe *tf;
    *out = NULL;
    echo_status status = echo_timeframe_new(&tf);
    if (status != ECHO_OK) return echo__nomem(err);
    status = read_binary(tf, bytes, err);
    if (status == ECHO_OK)
        *out = tf;
    else
        echo_timeframe_free(tf);
    return status;
}
