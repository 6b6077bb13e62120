#include "feed/hypercore_append.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "feed/hypercore_bitfield.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_tree.h"

#define CHUNK_BLOCKS 1024u /* whose nodes are written at once */
#define DATA_BUFFER ((size_t)256 << 10)

/* One append. Until commit() the feed in memory is unchanged, and so is its length on disk. */
typedef struct appender {
    echo__hypercore *hc;
    const echo_bytes *blocks;
    size_t n;
    uint64_t first;  /* seq of blocks[0] */
    uint64_t repair; /* tree bits are written from here: first, or the start of a batch that was cut in two */
    echo__hypercore_roots roots;          /* as of the blocks hashed so far */
    uint64_t size[ECHO__HYPERCORE_FILES]; /* to go back to after a failure */
    uint8_t *data;                        /* bytes not written yet */
    size_t cap, len;
    uint64_t at;    /* where they go */
    uint8_t *nodes; /* of one chunk */
    bool announced; /* tree bits may have been written */
    echo_error *err;
} appender;

static uint64_t tree_size(uint64_t blocks) {
    return ECHO__HYPERCORE_HEADER + (blocks ? (2 * blocks - 1) * ECHO__HYPERCORE_NODE : 0);
}

static uint64_t signatures_size(uint64_t blocks) { return ECHO__HYPERCORE_HEADER + blocks * ECHO__HYPERCORE_SIGNATURE; }

/* A fork is worse than an error: refuses to write where something that is not an interrupted append would be lost. */
static echo_status check_sound(appender *a) {
    echo__hypercore *hc = a->hc;
    echo_error *err = a->err;
    if (hc->length > hc->roots.length)
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_SIGNATURES,
                                     "does not vouch for the whole feed: not appending");
    if (a->size[ECHO__HYPERCORE_SIGNATURES] > signatures_size(hc->length)) {
        unsigned count;
        echo_status status = echo__hypercore_signed_after(hc, &count, hc->length, err);
        if (status != ECHO_OK) return status;
        if (count > 1)
            return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_BITFIELD,
                                         "lists fewer blocks than were signed: not appending");
    }
    if (hc->length > 0 && a->size[ECHO__HYPERCORE_DATA] < hc->roots.bytes) {
        bool present;
        echo_status status = echo__hypercore_present(hc, &present, hc->length - 1, err);
        if (status != ECHO_OK) return status;
        if (present)
            return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_DATA,
                                         "is too short: not appending");
    }
    return ECHO_OK;
}

static echo_status cut(appender *a, echo__hypercore_file file, uint64_t size) {
    if (a->size[file] <= size) return ECHO_OK;
    a->size[file] = size;
    return echo__hypercore_truncate(a->hc, file, size, a->err);
}

/* Brings the files to where the length says they are: headers there, nothing left over from an append that did not
 * finish. */
static echo_status settle(appender *a) {
    echo__hypercore *hc = a->hc;
    echo_status status = echo__hypercore_put_headers(hc, a->size, a->err);
    uint64_t pages = hc->length / ECHO__HYPERCORE_PAGE_BLOCKS + (hc->length % ECHO__HYPERCORE_PAGE_BLOCKS != 0);
    if (status == ECHO_OK) status = cut(a, ECHO__HYPERCORE_BITFIELD, ECHO__HYPERCORE_HEADER + pages * hc->page_size);
    if (status == ECHO_OK) status = cut(a, ECHO__HYPERCORE_TREE, tree_size(hc->length));
    if (status == ECHO_OK) status = cut(a, ECHO__HYPERCORE_SIGNATURES, signatures_size(hc->length));
    if (status == ECHO_OK) status = cut(a, ECHO__HYPERCORE_DATA, hc->roots.bytes);
    if (status != ECHO_OK) return status;
    a->repair = a->first;
    if (hc->tail_checked) return ECHO_OK;
    uint64_t start;
    bool torn;
    status = echo__hypercore_put_data_bits(hc, hc->length, pages * ECHO__HYPERCORE_PAGE_BLOCKS, false, a->err);
    if (status == ECHO_OK) status = echo__hypercore_last_batch(hc, &start, hc->length, a->err);
    if (status == ECHO_OK) status = echo__hypercore_torn(hc, &torn, start, hc->length, a->err);
    if (status != ECHO_OK) return status;
    if (torn) a->repair = start;
    return ECHO_OK;
}

static echo_status begin(appender *a) {
    echo__hypercore *hc = a->hc;
    echo_status status = echo__hypercore_refresh(hc, a->err);
    for (int file = 0; status == ECHO_OK && file < ECHO__HYPERCORE_FILES; file++)
        status = echo__hypercore_size(hc, &a->size[file], (echo__hypercore_file)file, a->err);
    if (status == ECHO_OK) status = check_sound(a);
    if (status != ECHO_OK) return status;
    if (a->n > ECHO__SEQ_LIMIT - hc->length)
        return echo__error(a->err, ECHO_ERR_LIMIT, "the feed would have too many blocks");
    a->first = hc->length;
    a->roots = hc->roots;
    a->at = hc->roots.bytes;
    return settle(a);
}

static echo_status flush(appender *a) {
    echo_status status = echo__hypercore_pwrite(a->hc, ECHO__HYPERCORE_DATA, a->data, a->len, a->at, a->err);
    a->at += a->len;
    a->len = 0;
    return status;
}

static echo_status put_data(appender *a, echo_bytes block) {
    if (block.len == 0) return ECHO_OK;
    echo_status status = block.len > a->cap - a->len ? flush(a) : ECHO_OK;
    if (status != ECHO_OK) return status;
    if (block.len > a->cap) {
        status = echo__hypercore_pwrite(a->hc, ECHO__HYPERCORE_DATA, block.data, block.len, a->at, a->err);
        a->at += block.len;
        return status;
    }
    memcpy(a->data + a->len, block.data, block.len);
    a->len += block.len;
    return ECHO_OK;
}

/* A node at or above `from` waits in the chunk; one below, a parent of older blocks, is written at once. */
static echo_status put_node(appender *a, const echo__hypercore_node *node, uint64_t index, uint64_t from) {
    uint8_t bytes[ECHO__HYPERCORE_NODE];
    if (index >= from) {
        echo__hypercore_node_encode(a->nodes + (size_t)(index - from) * ECHO__HYPERCORE_NODE, node);
        return ECHO_OK;
    }
    echo__hypercore_node_encode(bytes, node);
    return echo__hypercore_pwrite(a->hc, ECHO__HYPERCORE_TREE, bytes, sizeof bytes,
                                  ECHO__HYPERCORE_HEADER + index * ECHO__HYPERCORE_NODE, a->err);
}

/* Hashes a block and joins the roots it completes. */
static echo_status put_block(appender *a, echo_bytes block, uint64_t from) {
    echo__hypercore_roots *roots = &a->roots;
    uint64_t seq = roots->length++;
    echo__hypercore_node *top = &roots->node[roots->count];
    echo__hypercore_leaf(&top->hash, block);
    top->size = block.len;
    roots->index[roots->count++] = 2 * seq;
    roots->bytes += block.len;
    echo_status status = put_node(a, top, 2 * seq, from);
    for (unsigned depth = 1; status == ECHO_OK && depth <= echo__flat_completes(seq); depth++) {
        roots->count--;
        top = &roots->node[roots->count - 1];
        echo__hypercore_join(top, top, top + 1);
        roots->index[roots->count - 1] = 2 * seq + 1 - (UINT64_C(1) << depth);
        status = put_node(a, top, roots->index[roots->count - 1], from);
    }
    return status == ECHO_OK ? put_data(a, block) : status;
}

static echo_status put_chunk(appender *a, size_t done, size_t count) {
    uint64_t from = 2 * (a->first + done);
    size_t bytes = (2 * count - 1) * ECHO__HYPERCORE_NODE;
    memset(a->nodes, 0, bytes);
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < count; i++) status = put_block(a, a->blocks[done + i], from);
    if (status != ECHO_OK) return status;
    return echo__hypercore_pwrite(a->hc, ECHO__HYPERCORE_TREE, a->nodes, bytes,
                                  ECHO__HYPERCORE_HEADER + from * ECHO__HYPERCORE_NODE, a->err);
}

static echo_status put_signature(appender *a) {
    uint8_t message[40], signature[ECHO__HYPERCORE_SIGNATURE];
    echo__hypercore_signable(message, &a->roots);
    echo__sign(signature, message, sizeof message, &a->hc->keys);
    return echo__hypercore_pwrite(a->hc, ECHO__HYPERCORE_SIGNATURES, signature, sizeof signature,
                                  signatures_size(a->roots.length - 1), a->err);
}

static echo_status sync_all(appender *a) {
    echo__hypercore *hc = a->hc;
    echo_status status = ECHO_OK;
    if (hc->relaxed) return ECHO_OK;
    for (int file = 0; status == ECHO_OK && file < ECHO__HYPERCORE_FILES; file++)
        status = echo__hypercore_sync_file(hc, (echo__hypercore_file)file, a->err);
    if (status == ECHO_OK && !hc->folder_synced) {
        status = echo__hypercore_sync_folder(hc, a->err);
        hc->folder_synced = status == ECHO_OK;
    }
    return status;
}

/* The order is the promise: all the tree bits speak of is durable before they are written. */
static echo_status write_all(appender *a) {
    echo__hypercore *hc = a->hc;
    uint64_t end = a->first + a->n;
    echo_status status = ECHO_OK;
    for (size_t done = 0; status == ECHO_OK && done < a->n; done += CHUNK_BLOCKS)
        status = put_chunk(a, done, a->n - done < CHUNK_BLOCKS ? a->n - done : CHUNK_BLOCKS);
    if (status == ECHO_OK) status = flush(a);
    if (status == ECHO_OK) status = put_signature(a);
    if (status == ECHO_OK) status = echo__hypercore_put_data_bits(hc, a->first, end, true, a->err);
    if (status == ECHO_OK) status = sync_all(a);
    if (status != ECHO_OK) return status;
    a->announced = true;
    status = echo__hypercore_put_tree_bits(hc, a->repair, end, true, a->err);
    if (status == ECHO_OK && !hc->relaxed) status = echo__hypercore_sync_file(hc, ECHO__HYPERCORE_BITFIELD, a->err);
    return status;
}

/*
 * Takes back what may have been written, as far as the disk lets it. Tree bits go first, for good, before what they
 * speak of; if they will not go, the feed may turn out to have the blocks after all. What else is left over the next
 * append does over.
 */
static void undo(appender *a) {
    echo__hypercore *hc = a->hc;
    uint64_t end = a->first + a->n;
    hc->page_loaded = false;
    if (a->announced) {
        if (echo__hypercore_put_tree_bits(hc, a->first, end, false, NULL) != ECHO_OK) return;
        if (!hc->relaxed && echo__hypercore_sync_file(hc, ECHO__HYPERCORE_BITFIELD, NULL) != ECHO_OK) return;
    }
    (void)echo__hypercore_put_data_bits(hc, a->first, end, false, NULL);
    echo__hypercore_cut_back(hc, a->size);
}

static void commit(appender *a) {
    echo__hypercore *hc = a->hc;
    uint64_t last = a->roots.length - 1;
    hc->roots = a->roots;
    hc->length = hc->bits = a->roots.length;
    hc->top = 2 * last;
    hc->page_loaded = false;
    hc->tail_checked = true;
    hc->disputed = false;
    hc->synced = !hc->relaxed;
}

static echo_status append_locked(appender *a, size_t bytes) {
    echo_status status = begin(a);
    if (status != ECHO_OK || a->n == 0) return status;
    size_t chunk = a->n < CHUNK_BLOCKS ? a->n : CHUNK_BLOCKS;
    a->cap = bytes < DATA_BUFFER ? bytes : DATA_BUFFER;
    a->data = echo__malloc(a->cap);
    a->nodes = echo__malloc((2 * chunk - 1) * ECHO__HYPERCORE_NODE);
    if (a->data == NULL || a->nodes == NULL) {
        status = echo__nomem(a->err);
    } else {
        status = write_all(a);
        if (status == ECHO_OK)
            commit(a);
        else
            undo(a);
    }
    echo__free(a->data);
    echo__free(a->nodes);
    return status;
}

echo_status echo__hypercore_append(uint64_t *first, echo__hypercore *hc, const echo_bytes *blocks, size_t n,
                                   echo_error *err) {
    appender a = {.hc = hc, .blocks = blocks, .n = n, .err = err};
    uint64_t bytes = 0;
    if (!hc->has_secret || hc->read_only) {
        echo__error(err, ECHO_ERR_READONLY,
                    hc->read_only ? "the feeds were opened read-only" : "the feed's secret key is not present");
        echo__error_feed(err, &hc->key);
        return ECHO_ERR_READONLY;
    }
    for (size_t i = 0; i < n; i++) {
        if (blocks[i].len > ECHO__HYPERCORE_APPEND_MAX || bytes > (uint64_t)INT64_MAX - blocks[i].len) {
            echo__error(err, ECHO_ERR_LIMIT, "a block to append is larger than %llu bytes",
                        (unsigned long long)ECHO__HYPERCORE_APPEND_MAX);
            echo__error_feed(err, &hc->key);
            return ECHO_ERR_LIMIT;
        }
        bytes += blocks[i].len;
    }
    echo_status status = echo__hypercore_open_writing(hc, err);
    if (status == ECHO_OK) status = echo__hypercore_lock(hc, err);
    if (status != ECHO_OK) return status;
    status = append_locked(&a, bytes < DATA_BUFFER ? (size_t)bytes : DATA_BUFFER);
    echo__hypercore_unlock(hc);
    if (status == ECHO_OK) *first = a.first;
    return status;
}
