#include "feed/hypercore_read.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "feed/hypercore_bitfield.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_tree.h"

#define DATA_WINDOW ((size_t)256 << 10)
#define DEPTH_MIN 5u /* of the subtrees whose nodes are read at once */
#define DEPTH_MAX 10u
#define TRIES 64u /* signatures that may vouch for a block after the newest */
#define HEAD 9u   /* before a block's bytes in a leaf's preimage: 0, then the length */

/*
 * One call of read. It descends from the trusted roots, left to right, into what overlaps from..to-1. From some depth
 * down, all nodes of a subtree are read at once (they lie together); above, two at a time.
 */
typedef struct reader {
    echo__hypercore *hc;
    uint64_t from, to;
    echo_block_fn fn;
    void *arg;
    echo_error *err;
    unsigned depth; /* of the subtrees read at once */
    uint8_t *nodes;
    uint64_t first, count; /* which are in `nodes` */
    uint8_t *data;         /* room for a head, then bytes start..start+len-1 of the data file */
    size_t cap, len;
    uint64_t start;
    bool lost; /* block `at` is here, but not the right nodes between it and these roots */
    uint64_t at;
} reader;

static echo_status fail(reader *r, uint64_t seq, echo_status code, echo__hypercore_file file, const char *what) {
    echo__hypercore_error(r->hc, r->err, code, file, what);
    echo__error_seq(r->err, &r->hc->key, seq);
    return code;
}

static echo_status gap(reader *r, uint64_t seq) {
    echo__error(r->err, ECHO_ERR_GAP, "the block is not present");
    echo__error_seq(r->err, &r->hc->key, seq);
    return ECHO_ERR_GAP;
}

/* The tree does not vouch for what is below: that matters only if the first block we want of it is here. */
static echo_status unproven(reader *r, uint64_t index, unsigned depth, const char *what) {
    uint64_t seq = echo__flat_left_span(index, depth) / 2;
    if (seq < r->from) seq = r->from;
    bool present;
    echo_status status = echo__hypercore_present(r->hc, &present, seq, r->err);
    if (status != ECHO_OK) return status;
    r->at = seq;
    return present ? fail(r, seq, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_TREE, what) : gap(r, seq);
}

static echo_status load_subtree(reader *r, uint64_t index, unsigned depth) {
    size_t got, most = ((size_t)2 << r->depth) - 1, want = ((size_t)2 << depth) - 1;
    if (r->nodes == NULL) r->nodes = echo__malloc(most * ECHO__HYPERCORE_NODE);
    if (r->nodes == NULL) return echo__nomem(r->err);
    r->count = 0;
    r->first = echo__flat_left_span(index, depth);
    echo_status status = echo__hypercore_pread(r->hc, ECHO__HYPERCORE_TREE, r->nodes, want * ECHO__HYPERCORE_NODE,
                                               ECHO__HYPERCORE_HEADER + r->first * ECHO__HYPERCORE_NODE, &got, r->err);
    if (status == ECHO_OK) r->count = got / ECHO__HYPERCORE_NODE;
    return status;
}

static echo_status get_node(reader *r, echo__hypercore_node *out, bool *present, uint64_t index, unsigned depth) {
    if (index - r->first < r->count) {
        echo__hypercore_node_decode(out, r->nodes + (size_t)(index - r->first) * ECHO__HYPERCORE_NODE);
        *present = !echo__hypercore_node_blank(out);
        if (*present) return ECHO_OK;
    }
    return echo__hypercore_load_node(r->hc, out, present, index, depth, r->err);
}

/* The children of a trusted node, themselves trusted then. */
static echo_status get_children(reader *r, uint64_t index, unsigned depth, const echo__hypercore_node *parent,
                                echo__hypercore_node *left, echo__hypercore_node *right) {
    bool present;
    echo_status status = get_node(r, left, &present, index - echo__flat_step(depth), depth - 1);
    if (status == ECHO_OK && present) status = get_node(r, right, &present, index + echo__flat_step(depth), depth - 1);
    if (status != ECHO_OK) return status;
    if (present && echo__hypercore_family_ok(parent, left, right)) return ECHO_OK;
    status = unproven(r, index, depth, present ? "has nodes that do not match their parent" : "lacks a node");
    r->lost = status == ECHO_ERR_CORRUPT;
    return status;
}

/* The same high up, where reads come back to the same nodes. */
static echo_status get_known_children(reader *r, uint64_t index, unsigned depth, const echo__hypercore_node *parent,
                                      echo__hypercore_node *left, echo__hypercore_node *right) {
    echo__hypercore *hc = r->hc;
    if (hc->families == NULL) hc->families = echo__calloc(ECHO__FLAT_ROOTS_MAX, sizeof *hc->families);
    if (hc->families == NULL) return echo__nomem(r->err);
    echo__hypercore_family *family = &hc->families[depth];
    bool known = family->known && echo__hash_equal(&family->parent, &parent->hash) &&
                 family->left.size <= parent->size && family->right.size == parent->size - family->left.size;
    if (!known) {
        echo_status status = get_children(r, index, depth, parent, left, right);
        if (status != ECHO_OK) return status;
        *family = (echo__hypercore_family){parent->hash, *left, *right, true};
    }
    *left = family->left;
    *right = family->right;
    return ECHO_OK;
}

/* How many bytes to read at once for block seq: those after it as well, if they are wanted, present and their leaves
 * at hand. */
static echo_status window_size(reader *r, size_t *size, uint64_t seq) {
    for (uint64_t next = seq + 1; next < r->to && 2 * next - r->first < r->count; next++) {
        echo__hypercore_node leaf;
        bool present;
        echo_status status = echo__hypercore_present(r->hc, &present, next, r->err);
        if (status != ECHO_OK) return status;
        echo__hypercore_node_decode(&leaf, r->nodes + (size_t)(2 * next - r->first) * ECHO__HYPERCORE_NODE);
        if (!present || *size >= DATA_WINDOW || leaf.size > DATA_WINDOW - *size) break;
        *size += (size_t)leaf.size;
    }
    return ECHO_OK;
}

static echo_status load_data(reader *r, uint64_t seq, size_t size, uint64_t offset) {
    size_t want = size, got;
    uint64_t stored;
    echo_status status = ECHO_OK;
    if (size > DATA_WINDOW) {
        status = echo__hypercore_size(r->hc, &stored, ECHO__HYPERCORE_DATA, r->err);
        if (status != ECHO_OK) return status;
        if (stored < size || stored - size < offset)
            return fail(r, seq, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_DATA, "ends before the block does");
    }
    status = window_size(r, &want, seq);
    if (status != ECHO_OK) return status;
    if (r->cap < HEAD + want) {
        size_t cap = want <= DATA_WINDOW / 8 ? HEAD + want : want <= DATA_WINDOW ? HEAD + DATA_WINDOW : HEAD + want;
        echo__free(r->data);
        r->cap = 0;
        r->data = echo__malloc(cap);
        if (r->data == NULL) return echo__nomem(r->err);
        r->cap = cap;
    }
    r->len = 0;
    status = echo__hypercore_pread(r->hc, ECHO__HYPERCORE_DATA, r->data + HEAD, want, offset, &got, r->err);
    if (status != ECHO_OK) return status;
    r->start = offset;
    r->len = got;
    if (got < size) return fail(r, seq, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_DATA, "ends before the block does");
    return ECHO_OK;
}

/* P8: the block is hashed and compared with its trusted leaf before it is handed out. */
static echo_status hand_out(reader *r, uint64_t seq, const echo__hypercore_node *leaf, uint64_t offset) {
    bool present;
    echo_status status = echo__hypercore_present(r->hc, &present, seq, r->err);
    if (status != ECHO_OK) return status;
    if (!present) return gap(r, seq);
    if (leaf->size > ECHO__HYPERCORE_BLOCK_MAX)
        return fail(r, seq, ECHO_ERR_LIMIT, ECHO__HYPERCORE_TREE, "names a block that is too large");
    size_t size = (size_t)leaf->size;
    if (r->data == NULL || offset < r->start || offset - r->start > r->len ||
        size > r->len - (size_t)(offset - r->start)) {
        status = load_data(r, seq, size, offset);
        if (status != ECHO_OK) return status;
    }
    /* The head overwrites the end of the block before, which is done with. */
    uint8_t *block = r->data + HEAD + (size_t)(offset - r->start), *head = block - HEAD;
    echo_hash hash;
    head[0] = 0;
    echo__be64_put(head + 1, size);
    echo__hash(&hash, head, HEAD + size);
    if (!echo__hash_equal(&hash, &leaf->hash))
        return fail(r, seq, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_DATA, "holds a block that does not match its hash");
    r->hc->counts.blocks++;
    if (seq < r->hc->counts.lowest) r->hc->counts.lowest = seq;
    return r->fn(r->arg, seq, (echo_bytes){block, size});
}

/* Hands out what is wanted below a trusted node whose bytes begin at `offset`. */
static echo_status walk(reader *r, uint64_t index, unsigned depth, const echo__hypercore_node *node, uint64_t offset) {
    uint64_t seq = echo__flat_left_span(index, depth) / 2;
    if (seq >= r->to || seq + (UINT64_C(1) << depth) <= r->from) return ECHO_OK;
    if (depth == 0) return hand_out(r, seq, node, offset);
    echo__hypercore_node left, right;
    echo_status status = ECHO_OK;
    if (depth <= r->depth && index - r->first >= r->count) status = load_subtree(r, index, depth);
    if (status != ECHO_OK) return status;
    if (depth > DEPTH_MIN)
        status = get_known_children(r, index, depth, node, &left, &right);
    else
        status = get_children(r, index, depth, node, &left, &right);
    if (status == ECHO_OK) status = walk(r, index - echo__flat_step(depth), depth - 1, &left, offset);
    if (status == ECHO_OK) status = walk(r, index + echo__flat_step(depth), depth - 1, &right, offset + left.size);
    return status;
}

static echo_status read_below(reader *r, const echo__hypercore_roots *roots) {
    uint64_t offset = 0;
    echo_status status = ECHO_OK;
    for (unsigned i = 0; status == ECHO_OK && i < roots->count; i++) {
        status = walk(r, roots->index[i], echo__flat_depth(roots->index[i]), &roots->node[i], offset);
        offset += roots->node[i].size;
    }
    return status;
}

/*
 * In a sparse feed a block may lead to roots that were signed earlier than the newest roots, while the nodes between
 * the two are missing, or were half written when the power failed. Then the older roots verify this block and those
 * after it, up to the length they were signed for.
 */
static echo_status read_verified(reader *r, uint64_t end) {
    /* The callback may append to this very feed. */
    echo__hypercore_roots roots = r->hc->roots;
    bool newest = true;
    unsigned tries = 0; /* for block r->from */
    for (;;) {
        r->lost = false;
        echo_status status = read_below(r, &roots);
        if (status == ECHO_OK && r->to == end) return ECHO_OK;
        if (status == ECHO_OK) {
            r->from = r->to;
            r->to = end;
            roots = r->hc->roots;
            newest = true;
            tries = 0;
            continue;
        }
        if (!r->lost) return status;
        bool again = !newest && r->at == r->from;
        uint64_t after = again ? roots.length : r->at;
        tries = again ? tries + 1 : 0;
        if (tries == TRIES) return status;
        echo_status found = echo__hypercore_older_roots(r->hc, &roots, after, r->err);
        if (found != ECHO_OK || roots.length == 0) return found != ECHO_OK ? found : status;
        echo__error_clear(r->err);
        newest = false;
        r->from = r->at;
        r->to = end < roots.length ? end : roots.length;
    }
}

echo_status echo__hypercore_read(echo__hypercore *hc, uint64_t from, uint64_t to, echo_block_fn fn, void *arg,
                                 echo_error *err) {
    if (from > to) return echo__error(err, ECHO_ERR_INVALID, "the range of blocks to read ends before it begins");
    if (from == to) return ECHO_OK;
    bool present;
    hc->page_loaded = false;
    echo_status status = to > hc->roots.length ? echo__hypercore_refresh(hc, err) : ECHO_OK;
    uint64_t end = to < hc->roots.length ? to : hc->roots.length;
    reader r = {.hc = hc, .from = from, .to = end, .fn = fn, .arg = arg, .err = err, .depth = DEPTH_MIN};
    /* A joiner has no block below its snapshot: found out before any node is read. */
    if (status == ECHO_OK && from < end) {
        status = echo__hypercore_present(hc, &present, from, err);
        if (status == ECHO_OK && !present) status = gap(&r, from);
    }
    if (status == ECHO_OK && from < end) {
        while (r.depth < DEPTH_MAX && (end - from) >> r.depth) r.depth++;
        /* What turns out to be no failure is not reported. */
        echo_error problem = ECHO_ERROR_INIT;
        r.err = &problem;
        status = read_verified(&r, end);
        if (status != ECHO_OK && err != NULL && problem.code != ECHO_OK) *err = problem;
        r.err = err;
    }
    echo__free(r.nodes);
    echo__free(r.data);
    if (status != ECHO_OK || end == to) return status;
    uint64_t seq = from > end ? from : end;
    if (seq >= hc->length) return gap(&r, seq);
    return fail(&r, seq, ECHO_ERR_SIGNATURE, ECHO__HYPERCORE_SIGNATURES,
                "vouches for no length that includes the block");
}
