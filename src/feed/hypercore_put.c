#include "feed/hypercore_put.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "feed/hypercore_bitfield.h"
#include "feed/hypercore_compare.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_tree.h"
#include "feed/proof.h"

#define CHUNK 1024u /* nodes written at once */
#define ROOM ((size_t)CHUNK * ECHO__HYPERCORE_NODE)

/*
 * One put. Nothing is written before the proof holds and nothing that is stored contradicts it. Then data, nodes and
 * signature, which nobody looks at while their bits are not set, are made durable; then the data bits are set, and the
 * tree bits, which tell the length. A cut amid the bits may leave blocks that are known and not present, or present
 * already: both are true.
 */
typedef struct putter {
    echo__hypercore *hc;
    const echo_bytes *blocks;
    const echo_feed_proof *proof;
    echo__proven proven;
    uint64_t size[ECHO__HYPERCORE_FILES]; /* to go back to after a failure */
    bool dirty;                           /* something was written */
    bool announced;                       /* bits may have been */
    uint8_t *nodes;                       /* CHUNK of them, encoded; before that, blocks that wait to be written: */
    size_t waiting;
    uint64_t waiting_at;
    echo_error *err;
} putter;

static echo_status flush_data(putter *p) {
    size_t len = p->waiting;
    p->waiting = 0;
    return len == 0 ? ECHO_OK
                    : echo__hypercore_pwrite(p->hc, ECHO__HYPERCORE_DATA, p->nodes, len, p->waiting_at, p->err);
}

/* Blocks that lie together are written at once. */
static echo_status write_block(putter *p, echo_bytes block, uint64_t offset) {
    echo_status status = ECHO_OK;
    if (offset != p->waiting_at + p->waiting || block.len > ROOM - p->waiting) status = flush_data(p);
    if (status != ECHO_OK) return status;
    if (block.len > ROOM)
        return echo__hypercore_pwrite(p->hc, ECHO__HYPERCORE_DATA, block.data, block.len, offset, p->err);
    if (p->waiting == 0) p->waiting_at = offset;
    memcpy(p->nodes + p->waiting, block.data, block.len);
    p->waiting += block.len;
    return ECHO_OK;
}

/* Writes a block unless it is here: its bit is set, and its leaf was the one that was proved. */
static echo_status put_block(putter *p, uint64_t seq, size_t leaf, uint64_t offset) {
    echo_bytes block = p->blocks[seq - p->proof->from];
    bool present = false;
    echo_status status = ECHO_OK;
    if (p->proven.nodes[leaf].here) status = echo__hypercore_present(p->hc, &present, seq, p->err);
    if (status != ECHO_OK || present || block.len == 0) return status;
    p->dirty = true;
    return write_block(p, block, offset);
}

static echo_status put_data(putter *p) {
    uint64_t offset = p->proven.offset, size;
    size_t leaf = 0;
    echo_status status = ECHO_OK;
    for (uint64_t seq = p->proof->from; status == ECHO_OK && seq < p->proof->to; seq++) {
        while (p->proven.nodes[leaf].index < 2 * seq) leaf++;
        status = put_block(p, seq, leaf, offset);
        offset += p->blocks[seq - p->proof->from].len;
    }
    if (status == ECHO_OK) status = flush_data(p);
    /* An empty block after a hole has its place too. */
    if (status == ECHO_OK) status = echo__hypercore_size(p->hc, &size, ECHO__HYPERCORE_DATA, p->err);
    if (status != ECHO_OK || size >= offset) return status;
    p->dirty = true;
    return echo__hypercore_truncate(p->hc, ECHO__HYPERCORE_DATA, offset, p->err);
}

/* Runs of nodes that lie together and are not here. */
static echo_status put_nodes(putter *p) {
    const echo__proof_node *nodes = p->proven.nodes;
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < p->proven.count;) {
        size_t n = 0;
        for (; n < CHUNK && i + n < p->proven.count && !nodes[i + n].here && nodes[i + n].index == nodes[i].index + n;
             n++)
            echo__hypercore_node_encode(p->nodes + n * ECHO__HYPERCORE_NODE, &nodes[i + n].node);
        if (n > 0) {
            p->dirty = true;
            status = echo__hypercore_pwrite(p->hc, ECHO__HYPERCORE_TREE, p->nodes, n * ECHO__HYPERCORE_NODE,
                                            ECHO__HYPERCORE_HEADER + nodes[i].index * ECHO__HYPERCORE_NODE, p->err);
        }
        i += n > 0 ? n : 1;
    }
    return status;
}

/*
 * The signature. At a length inside the feed too: the nodes that lead from there to the newer roots may not be here.
 * What is signed there already stays; after the verified length nothing has proved good.
 */
static echo_status put_signature(putter *p) {
    static const uint8_t blank[ECHO__HYPERCORE_SIGNATURE];
    uint8_t stored[ECHO__HYPERCORE_SIGNATURE];
    uint64_t at = ECHO__HYPERCORE_HEADER + (p->proof->length - 1) * ECHO__HYPERCORE_SIGNATURE;
    size_t got;
    echo_status status =
        echo__hypercore_pread(p->hc, ECHO__HYPERCORE_SIGNATURES, stored, sizeof stored, at, &got, p->err);
    if (status != ECHO_OK) return status;
    memset(stored + got, 0, sizeof stored - got);
    if (memcmp(stored, p->proof->signature, sizeof stored) == 0) return ECHO_OK;
    if (p->proof->length <= p->hc->roots.length && memcmp(stored, blank, sizeof blank) != 0) return ECHO_OK;
    p->dirty = true;
    return echo__hypercore_pwrite(p->hc, ECHO__HYPERCORE_SIGNATURES, p->proof->signature, sizeof stored, at, p->err);
}

static echo_status sync_all(putter *p) {
    static const echo__hypercore_file files[] = {ECHO__HYPERCORE_DATA, ECHO__HYPERCORE_TREE,
                                                 ECHO__HYPERCORE_SIGNATURES};
    echo__hypercore *hc = p->hc;
    echo_status status = ECHO_OK;
    if (!p->dirty || hc->relaxed) return ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < sizeof files / sizeof *files; i++)
        status = echo__hypercore_sync_file(hc, files[i], p->err);
    if (status == ECHO_OK && !hc->folder_synced) {
        status = echo__hypercore_sync_folder(hc, p->err);
        hc->folder_synced = status == ECHO_OK;
    }
    return status;
}

static echo_status put_all(putter *p) {
    echo__hypercore *hc = p->hc;
    echo_status status = echo__hypercore_put_headers(hc, p->size, p->err);
    /* Bits of an append or put that was cut off must not come to mean something. */
    if (status == ECHO_OK && p->proof->length > hc->length) status = echo__hypercore_clear_after(hc, p->err);
    if (status == ECHO_OK) status = put_data(p);
    if (status == ECHO_OK) status = put_nodes(p);
    if (status == ECHO_OK) status = put_signature(p);
    if (status == ECHO_OK) status = sync_all(p);
    if (status != ECHO_OK) return status;
    p->announced = true;
    status = echo__hypercore_put_data_bits(hc, p->proof->from, p->proof->to, true, p->err);
    if (status == ECHO_OK) status = echo__hypercore_put_node_bits(hc, p->proven.nodes, p->proven.count, p->err);
    return status;
}

static void commit(putter *p) {
    echo__hypercore *hc = p->hc;
    uint64_t top = p->proven.nodes[p->proven.count - 1].index;
    if (hc->bits == 0 || top > hc->top) hc->top = top;
    if (p->proof->length > hc->bits) hc->bits = p->proof->length;
    if (p->proof->length > hc->length) hc->length = p->proof->length;
    if (p->proof->length > hc->roots.length) {
        hc->roots = p->proven.roots;
        hc->disputed = false;
    }
}

static echo_status put_locked(putter *p) {
    echo__hypercore *hc = p->hc;
    echo_status status = echo__hypercore_refresh(hc, p->err);
    for (int file = 0; status == ECHO_OK && file < ECHO__HYPERCORE_FILES; file++)
        status = echo__hypercore_size(hc, &p->size[file], (echo__hypercore_file)file, p->err);
    if (status == ECHO_OK) status = echo__hypercore_compare(hc, &p->proven, p->err);
    if (status != ECHO_OK) return status;
    p->nodes = echo__malloc(ROOM);
    if (p->nodes == NULL) return echo__nomem(p->err);
    status = put_all(p);
    hc->page_loaded = false;
    hc->synced = false;
    if (status == ECHO_OK) {
        commit(p);
    } else {
        hc->tail_checked = false;
        if (!p->announced) echo__hypercore_cut_back(hc, p->size);
    }
    echo__free(p->nodes);
    return status;
}

echo_status echo__hypercore_put(echo__hypercore *hc, const echo_bytes *blocks, const echo_feed_proof *proof,
                                echo_error *err) {
    putter p = {.hc = hc, .blocks = blocks, .proof = proof, .err = err};
    if (hc->read_only) {
        echo__error(err, ECHO_ERR_READONLY, "the feeds were opened read-only");
        echo__error_feed(err, &hc->key);
        return ECHO_ERR_READONLY;
    }
    echo_status status = echo__proof_check(&p.proven, proof, blocks, &hc->key, err);
    if (status != ECHO_OK) return status;
    hc->counts.verifications++;
    status = echo__hypercore_open_writing(hc, err);
    if (status == ECHO_OK) status = echo__hypercore_lock(hc, err);
    if (status == ECHO_OK) {
        status = put_locked(&p);
        echo__hypercore_unlock(hc);
    }
    echo__proven_free(&p.proven);
    return status;
}
