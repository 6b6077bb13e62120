/*
 * Each feed has a reader with one decoded message at its head. A reader is READY (in the heap), WAITING for a block of
 * some feed (in that feed's list), or one of the states in which there is nothing to take. Invariant: every reader in
 * the heap has a head whose timeframe the clock covers; since the clock only grows, it stays so.
 */
#include "feed/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "base/scratch.h"

#define BATCH_BLOCKS 512u
#define BATCH_BYTES ((size_t)1 << 20)

typedef enum reader_state {
    READER_NEW,      /* to be looked at */
    READER_IDLE,     /* all blocks taken */
    READER_READY,    /* in the heap */
    READER_WAITING,  /* for wait_feed to reach wait_seq */
    READER_MISSING,  /* its own next block is not here */
    READER_OUTSIDER, /* not admitted */
    READER_STOPPED   /* cannot be read: problem says why */
} reader_state;

typedef struct reader {
    echo_key key;
    void *handle;
    echo_feed_info info;
    uint64_t next; /* seq of the head */
    reader_state state;
    bool has_head;
    echo__merge_entry head;
    echo_scratch scratch;
    echo__buf batch;
    size_t *ends; /* end offset of each block in the batch */
    size_t ends_cap, batch_count;
    uint64_t batch_first;
    echo_key wait_feed;
    uint64_t wait_seq;
    struct reader *wait_next;
    echo_error problem;
} reader;

typedef struct wait_list {
    echo_key key;
    reader *first;
} wait_list;

struct echo__merge {
    const echo_feeds *feeds;
    const echo_codec *codec;
    const echo_timeframe *clock;
    const echo_timeframe *until;
    echo__merge_hooks hooks;
    reader **readers; /* ascending by key */
    size_t count, cap;
    echo__map by_key;
    reader **heap;
    size_t heap_count, heap_cap;
    echo__map waits; /* awaited feed => wait_list */
    size_t waiting;
    uint64_t blocks_read;
    reader **fresh; /* readers to be looked at before the next offer */
    size_t fresh_count, fresh_cap;
};

/* ---- logical time ---- */

static int frame_order(const void *a, const void *b) {
    const echo_frame *x = a, *y = b;
    int order = echo__key_compare(&x->feed, &y->feed);
    if (order != 0) return order;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static uint64_t add_saturating(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

bool echo__logical_time(uint64_t *out, const echo_frame *frames, size_t n, const echo_key *feed, uint64_t seq) {
    uint64_t own = seq, sum = 0;
    if (n <= 8) { /* duplicates by comparison: the usual message has a few frames */
        for (size_t i = 0; i < n; i++) {
            if (echo__key_equal(&frames[i].feed, feed)) {
                if (frames[i].seq > own) own = frames[i].seq;
                continue;
            }
            uint64_t best = frames[i].seq;
            bool first = true;
            for (size_t j = 0; j < n; j++) {
                if (j == i || !echo__key_equal(&frames[j].feed, &frames[i].feed)) continue;
                if (j < i) first = false;
                if (frames[j].seq > best) best = frames[j].seq;
            }
            if (first) sum = add_saturating(sum, add_saturating(best, 1));
        }
        *out = add_saturating(sum, add_saturating(own, 1));
        return true;
    }
    echo_frame *sorted = echo__realloc_array(NULL, n, sizeof *sorted);
    if (sorted == NULL) return false;
    memcpy(sorted, frames, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, frame_order);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && echo__key_equal(&sorted[i].feed, &sorted[i + 1].feed))
            continue; /* the last of a feed is its highest */
        if (echo__key_equal(&sorted[i].feed, feed)) {
            if (sorted[i].seq > own) own = sorted[i].seq;
        } else {
            sum = add_saturating(sum, add_saturating(sorted[i].seq, 1));
        }
    }
    echo__free(sorted);
    *out = add_saturating(sum, add_saturating(own, 1));
    return true;
}

/* ---- the heap of ready readers ---- */

static bool before(const reader *a, const reader *b) { return echo__stamp_compare(&a->head.stamp, &b->head.stamp) < 0; }

static void heap_up(echo__merge *m, size_t i) {
    reader *r = m->heap[i];
    for (; i > 0 && before(r, m->heap[(i - 1) / 2]); i = (i - 1) / 2) m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = r;
}

static void heap_down(echo__merge *m) {
    reader *r = m->heap[0];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->heap_count) break;
        if (child + 1 < m->heap_count && before(m->heap[child + 1], m->heap[child])) child++;
        if (!before(m->heap[child], r)) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = r;
}

/* Room in heap and fresh list is reserved when a reader is made: these two cannot fail. */
static void make_ready(echo__merge *m, reader *r) {
    r->state = READER_READY;
    m->heap[m->heap_count++] = r;
    heap_up(m, m->heap_count - 1);
}

static void make_fresh(echo__merge *m, reader *r) {
    r->state = READER_NEW;
    m->fresh[m->fresh_count++] = r;
}

/* ---- waiting ---- */

static bool make_waiting(echo__merge *m, reader *r, const echo_frame *frame) {
    wait_list *list = echo__map_get(&m->waits, frame->feed.bytes, sizeof frame->feed.bytes);
    if (list == NULL) {
        list = echo__calloc(1, sizeof *list);
        if (list == NULL) return false;
        list->key = frame->feed;
        if (!echo__map_put(&m->waits, list->key.bytes, sizeof list->key.bytes, list)) {
            echo__free(list);
            return false;
        }
    }
    r->state = READER_WAITING;
    r->wait_feed = frame->feed;
    r->wait_seq = frame->seq;
    r->wait_next = list->first;
    list->first = r;
    m->waiting++;
    return true;
}

static void wake(echo__merge *m, const echo_key *feed, uint64_t seq) {
    if (m->waiting == 0) return;
    wait_list *list = echo__map_get(&m->waits, feed->bytes, sizeof feed->bytes);
    if (list == NULL) return;
    for (reader **link = &list->first; *link != NULL;) {
        reader *r = *link;
        if (r->wait_seq > seq) {
            link = &r->wait_next;
            continue;
        }
        *link = r->wait_next;
        m->waiting--;
        make_fresh(m, r);
    }
    if (list->first == NULL) {
        (void)echo__map_remove(&m->waits, feed->bytes, sizeof feed->bytes);
        echo__free(list);
    }
}

/* ---- reading ---- */

typedef struct batch_fill {
    reader *r;
    echo__merge *m;
} batch_fill;

static echo_status take_block(void *arg, uint64_t seq, echo_bytes block) {
    batch_fill *fill = arg;
    reader *r = fill->r;
    (void)seq;
    if (!echo__grow(&r->ends, &r->ends_cap, r->batch_count + 1, sizeof *r->ends)) return ECHO_ERR_NOMEM;
    echo__buf_append(&r->batch, block.data, block.len);
    if (r->batch.status != ECHO_OK) return ECHO_ERR_NOMEM;
    r->ends[r->batch_count++] = r->batch.len;
    fill->m->blocks_read++;
    return r->batch.len >= BATCH_BYTES ? ECHO__STOP : ECHO_OK;
}

static uint64_t end_of(const echo__merge *m, const reader *r) {
    uint64_t end = r->info.verified;
    if (m->until == NULL) return end;
    uint64_t last;
    if (!echo_timeframe_get(&last, m->until, &r->key)) return 0;
    return last + 1 < end ? last + 1 : end;
}

/* Makes sure that block r->next is in the batch, or settles the state that says why not. */
static echo_status fill_batch(echo__merge *m, reader *r, echo_error *err) {
    if (r->next >= r->batch_first && r->next - r->batch_first < r->batch_count) return ECHO_OK;
    uint64_t end = end_of(m, r);
    if (r->next >= end) {
        r->state = READER_IDLE;
        uint64_t last;
        bool wanted = m->until == NULL || (echo_timeframe_get(&last, m->until, &r->key) && r->next <= last);
        if (wanted && r->info.length > r->info.verified && r->next >= r->info.verified) {
            r->state = READER_STOPPED;
            echo__error(&r->problem, ECHO_ERR_SIGNATURE,
                        "blocks from this one on are not covered by a valid signature");
            echo__error_seq(&r->problem, &r->key, r->next);
        }
        return ECHO_OK;
    }
    uint64_t most = m->hooks.admits(m->hooks.arg, &r->key) ? BATCH_BLOCKS : 1; /* of an outsider, just the head */
    if (end - r->next > most) end = r->next + most;
    echo__buf_clear(&r->batch);
    r->batch_count = 0;
    r->batch_first = r->next;
    batch_fill fill = {r, m};
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = m->feeds->ops->read(m->feeds->ctx, r->handle, r->next, end, take_block, &fill, &problem);
    if (status == ECHO_OK || status == ECHO__STOP || (r->batch_count > 0 && status != ECHO_ERR_NOMEM)) return ECHO_OK;
    echo__error_seq(&problem, &r->key, r->next);
    if (status == ECHO_ERR_GAP) {
        r->state = READER_MISSING;
        return ECHO_OK;
    }
    if (status == ECHO_ERR_NOMEM) {
        r->batch_count = 0;
        return echo__nomem(err);
    }
    r->state = READER_STOPPED;
    echo__error_adopt(&problem, status, "feed cannot be read");
    r->problem = problem;
    return ECHO_OK;
}

static echo_status decode_head(echo__merge *m, reader *r, echo_error *err) {
    size_t at = (size_t)(r->next - r->batch_first);
    size_t start = at == 0 ? 0 : r->ends[at - 1];
    echo_bytes block = echo__bytes(r->batch.data + start, r->ends[at] - start);
    echo__merge_entry *head = &r->head;
    echo__scratch_reset(&r->scratch);
    echo__error_clear(&head->problem);
    head->decoded = m->codec->ops->decode(&head->message, m->codec->ctx, block, &r->scratch, &head->problem);
    if (head->decoded == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (head->decoded != ECHO_OK) {
        memset(&head->message, 0, sizeof head->message);
        echo__error_adopt(&head->problem, head->decoded, "block is not a message");
        echo__error_seq(&head->problem, &r->key, r->next);
    }
    head->stamp.feed = r->key;
    head->stamp.seq = r->next;
    head->size = block.len;
    if (!echo__logical_time(&head->stamp.time, head->message.frames, head->message.frame_count, &r->key, r->next))
        return echo__nomem(err);
    r->has_head = true;
    return ECHO_OK;
}

/* The first frame that the clock does not cover. */
static const echo_frame *uncovered(const echo__merge *m, const echo_message *message) {
    for (size_t i = 0; i < message->frame_count; i++) {
        uint64_t seq;
        const echo_frame *frame = &message->frames[i];
        if (!echo_timeframe_get(&seq, m->clock, &frame->feed) || seq < frame->seq) return frame;
    }
    return NULL;
}

/* Settles the state of a reader that may have something to offer. */
static echo_status settle(echo__merge *m, reader *r, echo_error *err) {
    if (!r->has_head) {
        r->state = READER_NEW;
        echo_status status = fill_batch(m, r, err);
        if (status != ECHO_OK || r->state != READER_NEW) return status;
        status = decode_head(m, r, err);
        if (status != ECHO_OK) return status;
    }
    if (!m->hooks.admits(m->hooks.arg, &r->key)) {
        echo_status status = m->hooks.accepts(m->hooks.arg, &r->key, &r->head.message);
        if (status == ECHO_ERR_REFUSED) r->state = READER_OUTSIDER;
        if (status != ECHO_OK)
            return status == ECHO_ERR_REFUSED ? ECHO_OK : echo__error(err, status, "the credential cannot be checked");
    }
    const echo_frame *frame = uncovered(m, &r->head.message);
    if (frame == NULL) {
        make_ready(m, r);
        return ECHO_OK;
    }
    return make_waiting(m, r, frame) ? ECHO_OK : echo__nomem(err);
}

/* ---- feeds ---- */

static void free_reader(echo__merge *m, reader *r) {
    if (r->handle != NULL) m->feeds->ops->close(m->feeds->ctx, r->handle);
    echo__scratch_free(&r->scratch);
    echo__buf_free(&r->batch);
    echo__free(r->ends);
    echo__free(r);
}

typedef struct key_list {
    echo_key *keys;
    size_t count, cap;
} key_list;

static echo_status add_key(void *arg, const echo_key *key) {
    key_list *list = arg;
    if (!echo__grow(&list->keys, &list->cap, list->count + 1, sizeof *list->keys)) return ECHO_ERR_NOMEM;
    list->keys[list->count++] = *key;
    return ECHO_OK;
}

static echo_status add_reader(echo__merge *m, const echo_key *key, echo_error *err) {
    size_t need = m->count + 1;
    if (!echo__grow(&m->readers, &m->cap, need, sizeof *m->readers) ||
        !echo__grow(&m->heap, &m->heap_cap, need, sizeof *m->heap) ||
        !echo__grow(&m->fresh, &m->fresh_cap, need, sizeof *m->fresh))
        return echo__nomem(err);
    reader *r = echo__calloc(1, sizeof *r);
    if (r == NULL) return echo__nomem(err);
    r->key = *key;
    r->state = READER_IDLE;
    echo__scratch_init(&r->scratch, ECHO__SCRATCH_LIMIT);
    if (!echo__map_put(&m->by_key, r->key.bytes, sizeof r->key.bytes, r)) {
        free_reader(m, r);
        return echo__nomem(err);
    }
    size_t at = m->count;
    for (; at > 0 && echo__key_compare(&m->readers[at - 1]->key, key) > 0; at--) m->readers[at] = m->readers[at - 1];
    m->readers[at] = r;
    m->count++;
    return ECHO_OK;
}

/* Opens the feed if need be and looks how long it is. Problems stop this reader only. */
static echo_status look(echo__merge *m, reader *r, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = ECHO_OK;
    if (r->handle == NULL) status = m->feeds->ops->open(&r->handle, m->feeds->ctx, &r->key, &problem);
    if (status == ECHO_OK) status = m->feeds->ops->info(&r->info, m->feeds->ctx, r->handle, &problem);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status != ECHO_OK) {
        r->state = READER_STOPPED;
        echo__error_adopt(&problem, status, "feed cannot be opened");
        echo__error_feed(&problem, &r->key);
        r->problem = problem;
        return ECHO_OK;
    }
    uint64_t seq;
    if (!r->has_head && r->batch_count == 0) r->next = echo_timeframe_get(&seq, m->clock, &r->key) ? seq + 1 : 0;
    if (r->state == READER_IDLE || r->state == READER_MISSING || r->state == READER_STOPPED) make_fresh(m, r);
    return ECHO_OK;
}

/* A reader that is to be looked at anyway: only its length may have grown. What goes wrong is reported when it is
 * read. */
static void look_again(echo__merge *m, reader *r) {
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    if (r->handle != NULL && m->feeds->ops->info(&info, m->feeds->ctx, r->handle, &ignored) == ECHO_OK) r->info = info;
}

echo_status echo__merge_scan(echo__merge *m, echo_error *err) {
    key_list list = {NULL, 0, 0};
    echo_status status = m->feeds->ops->list(m->feeds->ctx, add_key, &list, err);
    for (size_t i = 0; status == ECHO_OK && i < list.count; i++) {
        uint64_t last;
        if (m->until != NULL && !echo_timeframe_get(&last, m->until, &list.keys[i])) continue;
        if (echo__map_get(&m->by_key, list.keys[i].bytes, sizeof list.keys[i].bytes) == NULL)
            status = add_reader(m, &list.keys[i], err);
    }
    echo__free(list.keys);
    for (size_t i = 0; status == ECHO_OK && i < m->count; i++) {
        reader *r = m->readers[i];
        if (r->state != READER_NEW)
            status = look(m, r, err);
        else
            look_again(m, r);
    }
    return status;
}

echo_status echo__merge_new(echo__merge **out, const echo_feeds *feeds, const echo_codec *codec,
                            const echo_timeframe *clock, const echo_timeframe *until, const echo__merge_hooks *hooks,
                            echo_error *err) {
    *out = NULL;
    echo__merge *m = echo__calloc(1, sizeof *m);
    if (m == NULL) return echo__nomem(err);
    m->feeds = feeds;
    m->codec = codec;
    m->clock = clock;
    m->until = until;
    m->hooks = *hooks;
    echo__map_init(&m->by_key);
    echo__map_init(&m->waits);
    echo_status status = echo__merge_scan(m, err);
    if (status != ECHO_OK) {
        echo__merge_free(m);
        return status;
    }
    *out = m;
    return ECHO_OK;
}

void echo__merge_free(echo__merge *m) {
    if (m == NULL) return;
    for (size_t i = 0; i < m->count; i++) free_reader(m, m->readers[i]);
    size_t at = 0;
    for (wait_list *list; (list = echo__map_next(&m->waits, &at)) != NULL;) echo__free(list);
    echo__map_free(&m->waits);
    echo__map_free(&m->by_key);
    echo__free(m->readers);
    echo__free(m->heap);
    echo__free(m->fresh);
    echo__free(m);
}

echo_status echo__merge_peek(const echo__merge_entry **out, echo__merge *m, echo_error *err) {
    *out = NULL;
    while (m->fresh_count > 0) {
        echo_status status = settle(m, m->fresh[m->fresh_count - 1], err);
        if (status != ECHO_OK) return status; /* stays in the list, to be settled next time */
        m->fresh_count--;
    }
    if (m->heap_count > 0) *out = &m->heap[0]->head;
    return ECHO_OK;
}

void echo__merge_advance(echo__merge *m) {
    reader *r = m->heap[0];
    m->heap[0] = m->heap[--m->heap_count];
    if (m->heap_count > 0) heap_down(m);
    r->has_head = false;
    r->next++;
    make_fresh(m, r);
    wake(m, &r->key, r->next - 1);
}

void echo__merge_retrust(echo__merge *m) {
    for (size_t i = 0; i < m->count; i++)
        if (m->readers[i]->state == READER_OUTSIDER) make_fresh(m, m->readers[i]);
}

/* ---- looking ---- */

void echo__merge_counts_get(echo__merge_counts *out, const echo__merge *m) {
    memset(out, 0, sizeof *out);
    out->read = m->blocks_read;
    for (size_t i = 0; i < m->count; i++) {
        const reader *r = m->readers[i];
        bool admitted = m->hooks.admits(m->hooks.arg, &r->key);
        if (admitted) out->feeds++;
        if (r->state == READER_OUTSIDER) out->outsiders++;
        if (r->state == READER_WAITING || (r->state == READER_MISSING && admitted)) out->waiting++;
        if (r->state == READER_STOPPED && (admitted || r->next == 0)) {
            if (out->stopped++ == 0) out->stop = r->problem;
        }
    }
}

size_t echo__merge_awaited(const echo__merge *m, echo__awaits *out, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++) {
        const reader *r = m->readers[i];
        if (r->state != READER_WAITING && r->state != READER_MISSING) continue;
        if (n < max) {
            echo__awaits *a = &out[n];
            a->feed = r->key;
            a->seq = r->next;
            a->awaited_feed = r->state == READER_WAITING ? r->wait_feed : r->key;
            a->awaited_seq = r->state == READER_WAITING ? r->wait_seq : r->next;
        }
        n++;
    }
    return n;
}

echo_status echo__merge_obstacle(const echo__merge *m, const echo_key *feed, echo_error *err) {
    const reader *r = echo__map_get(&m->by_key, feed->bytes, sizeof feed->bytes);
    if (r == NULL) return ECHO_OK;
    if (r->state == READER_STOPPED) {
        if (err != NULL) *err = r->problem;
        return r->problem.code;
    }
    bool missing = r->state == READER_MISSING;
    if (!missing && r->state != READER_WAITING) return ECHO_OK;
    echo__error(err, ECHO_ERR_GAP,
                missing ? "the feed's next block is not here"
                        : "the feed's next message comes after this block, which is not here");
    echo__error_seq(err, missing ? feed : &r->wait_feed, missing ? r->next : r->wait_seq);
    return ECHO_ERR_GAP;
}

void *echo__merge_feed(const echo__merge *m, const echo_key *feed) {
    const reader *r = echo__map_get(&m->by_key, feed->bytes, sizeof feed->bytes);
    return r == NULL ? NULL : r->handle;
}

const echo_key *echo__merge_key(const echo__merge *m, size_t i, void **handle, echo_feed_info *info) {
    if (i >= m->count) return NULL;
    *handle = m->readers[i]->handle;
    *info = m->readers[i]->info;
    return &m->readers[i]->key;
}
