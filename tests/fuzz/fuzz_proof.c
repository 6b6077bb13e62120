/*
 * Proofs of blocks, put into feeds in memory and in a folder. The feed is of 40 blocks; the input tells which of them a
 * proof is of, and what is changed about it. Some are signed by the feed's own writer, who may have gone mad: then the
 * roots are what the nodes make, and the signature is right. What is handed out is what was signed, and both sources
 * answer the same.
 */
#include <echo/sys/feed.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "exchange/wire.h"
#include "feed/proof.h"
#include "memory.h"

#define BLOCKS 40u
#define PUTS 12u

static echo_keypair keys, other;
static uint8_t blocks[BLOCKS][64];
static echo_bytes views[BLOCKS];
static echo_feeds truth;
static void *truth_feed;
static char root[300], folder[400];

static void prepare(void) {
    const uint8_t seed[32] = {4}, another[32] = {5};
    char hex[ECHO_HEX_CHARS];
    if (root[0] != '\0') return;
    FUZZ_OK(echo_keypair_from_seed(&keys, seed));
    FUZZ_OK(echo_keypair_from_seed(&other, another));
    FUZZ_OK(echo_feeds_new_memory(&truth));
    FUZZ_OK(echo_feeds_memory_add(&truth, &keys));
    FUZZ_OK(truth.ops->open(&truth_feed, truth.ctx, &keys.public_key, NULL));
    for (unsigned i = 0; i < BLOCKS; i++) {
        uint64_t first;
        memset(blocks[i], (int)i + 1, sizeof blocks[i]);
        views[i] = echo__bytes(blocks[i], i * 7 % 50);
        FUZZ_OK(truth.ops->append(&first, truth.ctx, truth_feed, &views[i], 1, NULL));
    }
    echo_key_hex(hex, &keys.public_key);
    (void)snprintf(root, sizeof root, "%s/feeds", fuzz_folder());
    (void)snprintf(folder, sizeof folder, "%s/%s", root, hex);
    FUZZ_CHECK(mkdir(root, 0700) == 0);
}

typedef struct source {
    echo_feeds feeds;
    void *feed;
} source;

static void keep(void *arg, uint64_t index, const echo_feed_node *node) { (void)arg, (void)index, (void)node; }

/* Makes the signature right for what nodes and blocks make, if the proof is of any such shape. */
static void sign(echo_feed_proof *proof, const echo_bytes *given) {
    uint64_t index[ECHO_FEED_PROOF_NODES_MAX];
    echo__hypercore_roots roots;
    uint8_t message[40];
    memset(&roots, 0, sizeof roots);
    if (proof->length > ECHO__SEQ_LIMIT || proof->to > proof->length || proof->from >= proof->to) return;
    proof->left_count = echo__proof_cover(index, 0, proof->from);
    for (size_t i = 0; i < proof->left_count; i++) echo__proof_push(&roots, index[i], &proof->left[i], keep, NULL);
    for (uint64_t seq = proof->from; seq < proof->to; seq++) {
        echo_feed_node leaf = {.size = given[seq - proof->from].len};
        echo__hypercore_leaf(&leaf.hash, given[seq - proof->from]);
        echo__proof_push(&roots, 2 * seq, &leaf, keep, NULL);
    }
    proof->right_count = echo__proof_cover(index, proof->to, proof->length);
    for (size_t i = 0; i < proof->right_count; i++) echo__proof_push(&roots, index[i], &proof->right[i], keep, NULL);
    echo__hypercore_signable(message, &roots);
    echo__sign(proof->signature, message, sizeof message, &keys);
}

/* A number, mostly small, sometimes near the limit. */
static uint64_t number(fuzz_input *in) {
    uint8_t how = fuzz_u8(in);
    if (how < 200) return how;
    return how < 230 ? (uint64_t)1 << (how - 200 + 10) : how < 250 ? fuzz_u64(in, 8) : ECHO__SEQ_LIMIT - (how - 250);
}

#define MAD 0x80u
#define LENGTH_MOST (UINT64_C(1) << 34) /* what a file system takes as a file with holes */
#define SIZE_MOST ((UINT64_C(1) << 32) - 1)

/* A proof and its blocks; true: what it says may be another truth than ours, well signed. */
static bool make_proof(echo_feed_proof *proof, echo_bytes *given, fuzz_input *in) {
    uint8_t how = fuzz_u8(in);
    uint64_t from = fuzz_u8(in) % BLOCKS, to = from + 1 + fuzz_u8(in) % (BLOCKS - from);
    bool mad = (how & MAD) != 0;
    memset(proof, 0, sizeof *proof);
    for (unsigned i = 0; i < ECHO_FEED_PROOF_NODES_MAX; i++) {
        memset(&proof->left[i].hash, (int)i + 1, sizeof proof->left[i].hash);
        memset(&proof->right[i].hash, (int)i + 128, sizeof proof->right[i].hash);
    }
    FUZZ_OK(truth.ops->prove(proof, truth.ctx, truth_feed, from, to, NULL));
    for (unsigned i = 0; i < BLOCKS; i++) given[i] = views[from + i < BLOCKS ? from + i : i];
    if (how & 1) proof->from = number(in);
    if (how & 2) proof->to = number(in);
    if (how & 4) proof->length = number(in);
    if (how & 8) given[fuzz_u8(in) % BLOCKS] = fuzz_part(in);
    if (how & 16) {
        proof->left_count = fuzz_u8(in) % (ECHO_FEED_PROOF_NODES_MAX + 1);
        proof->right_count = fuzz_u8(in) % (ECHO_FEED_PROOF_NODES_MAX + 1);
    }
    if (how & 32) {
        echo_feed_node *node = fuzz_u8(in) & 1 ? &proof->left[fuzz_u8(in) % ECHO_FEED_PROOF_NODES_MAX]
                                               : &proof->right[fuzz_u8(in) % ECHO_FEED_PROOF_NODES_MAX];
        uint8_t what = fuzz_u8(in);
        node->hash.bytes[what & 31] ^= fuzz_u8(in);
        node->size = what & 64 ? number(in) : what & 128 ? fuzz_u64(in, 8) : node->size;
    }
    if (how & 64) proof->signature[fuzz_u8(in) & 63] ^= fuzz_u8(in);
    if (proof->to > proof->from && proof->to - proof->from > BLOCKS)
        proof->to = proof->from + BLOCKS; /* what a caller vouches for */
    if (mad && proof->length > LENGTH_MOST) proof->length = LENGTH_MOST;
    for (unsigned i = 0; mad && i < ECHO_FEED_PROOF_NODES_MAX; i++) {
        proof->left[i].size &= SIZE_MOST;
        proof->right[i].size &= SIZE_MOST;
    }
    if (mad) sign(proof, given);
    return mad;
}

typedef struct reading {
    const source *s;
    bool known;
    uint64_t next;
} reading;

static echo_status take(void *arg, uint64_t seq, echo_bytes block) {
    reading *r = arg;
    FUZZ_CHECK(seq == r->next++);
    if (r->known) {
        FUZZ_CHECK(seq < BLOCKS);
        FUZZ_EQUAL(block, views[seq]);
    }
    return ECHO_OK;
}

#define DAMAGED (UINT64_C(1) << 63)

/* A bit for each block that is there. */
static uint64_t read_all(const source *s, bool known, bool deep) {
    echo_feed_info info;
    echo_error err = ECHO_ERROR_INIT;
    uint64_t present = 0;
    FUZZ_STATUS(s->feeds.ops->info(&info, s->feeds.ctx, s->feed, &err), &err, ECHO_OK);
    if (known) FUZZ_CHECK(info.length <= BLOCKS);
    FUZZ_CHECK(info.verified <= info.length);
    for (uint64_t seq = 0; deep && seq < BLOCKS && seq < info.verified; seq++) {
        reading r = {s, known, seq};
        echo_status status = s->feeds.ops->read(s->feeds.ctx, s->feed, seq, seq + 1, take, &r, &err);
        /* Who signed two lengths that were not proved to be one feed may have put a block where another lies. */
        FUZZ_STATUS(status, &err, ECHO_ERR_GAP, known ? ECHO_ERR_GAP : ECHO_ERR_CORRUPT);
        if (status == ECHO_ERR_CORRUPT) {
            present |= DAMAGED;
            continue;
        }
        FUZZ_CHECK((status == ECHO_OK) == s->feeds.ops->has(s->feeds.ctx, s->feed, seq));
        if (status == ECHO_OK) present |= UINT64_C(1) << seq;
        echo_feed_proof proof;
        echo_status proved = s->feeds.ops->prove(&proof, s->feeds.ctx, s->feed, seq, seq + 1, &err);
        FUZZ_STATUS(proved, &err, ECHO_ERR_GAP, known ? ECHO_ERR_GAP : ECHO_ERR_CORRUPT);
        if (status == ECHO_OK && known) FUZZ_OK(proved); /* of one length all proofs meet */
    }
    return present;
}

static void open_sources(source out[2], bool own) {
    const echo_feeds_dir_options options = {1u, false, true};
    echo_keypair mine = keys;
    if (!own) memset(mine.secret, 0, sizeof mine.secret);
    FUZZ_OK(echo_feeds_new_memory(&out[0].feeds));
    FUZZ_OK(echo_feeds_memory_add(&out[0].feeds, &mine));
    FUZZ_OK(echo_feeds_open_dir(&out[1].feeds, root, &options, NULL));
    if (own)
        FUZZ_OK(echo_feed_create(root, &keys, NULL));
    else
        FUZZ_OK(out[1].feeds.ops->make(out[1].feeds.ctx, &keys.public_key, NULL));
    for (unsigned i = 0; i < 2; i++)
        FUZZ_OK(out[i].feeds.ops->open(&out[i].feed, out[i].feeds.ctx, &keys.public_key, NULL));
}

static void put(source sources[2], fuzz_input *in, bool *known) {
    static echo_feed_proof proof;
    echo_bytes given[BLOCKS];
    echo__proven proven;
    echo_status status[2];
    bool mad = make_proof(&proof, given, in);
    echo_error err = ECHO_ERROR_INIT;
    echo_status checked = echo__proof_check(&proven, &proof, given, &keys.public_key, &err);
    FUZZ_STATUS(checked, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT);
    if (checked == ECHO_OK) {
        echo__proven nothing;
        FUZZ_CHECK(proven.roots.length == proof.length && proven.count > 0);
        FUZZ_CHECK(echo__proof_check(&nothing, &proof, given, &other.public_key, &err) == ECHO_ERR_SIGNATURE);
        for (size_t i = 1; i < proven.count; i++) FUZZ_CHECK(proven.nodes[i - 1].index < proven.nodes[i].index);
        echo__proven_free(&proven);
        if (mad) *known = false;
    }
    for (unsigned i = 0; i < 2; i++) {
        status[i] = sources[i].feeds.ops->put(sources[i].feeds.ctx, sources[i].feed, given, &proof, &err);
        if (checked != ECHO_OK)
            FUZZ_CHECK(status[i] == checked);
        else
            FUZZ_STATUS(status[i], &err, ECHO_ERR_CONFLICT, ECHO_ERR_LIMIT);
        if (checked == ECHO_OK && *known) FUZZ_OK(status[i]);
    }
    if (status[0] != status[1]) fuzz_fail(__FILE__, __LINE__, echo_status_name(status[0]), echo_status_name(status[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    source s[2];
    bool known = true;
    fuzz_random_begin();
    prepare();
    uint8_t how = fuzz_u8(&in);
    open_sources(s, (how & 1) != 0);
    size_t before = fuzz_memory();
    for (unsigned i = 0; i < PUTS && fuzz_left(&in) > 0; i++) {
        put(s, &in, &known);
        fuzz_memory_check(before);
    }
    uint64_t a = read_all(&s[0], known, true), b = read_all(&s[1], known, true);
    FUZZ_CHECK(a == b || ((b & DAMAGED) != 0 && (a & DAMAGED) == 0));
    s[1].feeds.ops->close(s[1].feeds.ctx, s[1].feed); /* and so it is when it is opened again */
    FUZZ_OK(s[1].feeds.ops->open(&s[1].feed, s[1].feeds.ctx, &keys.public_key, NULL));
    FUZZ_CHECK(read_all(&s[1], known, true) == b);
    for (unsigned i = 0; i < 2; i++) {
        s[i].feeds.ops->close(s[i].feeds.ctx, s[i].feed);
        echo_feeds_close(&s[i].feeds);
    }
    fuzz_folder_remove(folder);
    return 0;
}
