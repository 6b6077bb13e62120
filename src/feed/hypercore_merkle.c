#include "feed/hypercore_merkle.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

void echo__hypercore_leaf(echo_hash *out, echo_bytes block) {
    uint8_t head[9] = {0};
    echo__be64_put(head + 1, block.len);
    echo_bytes parts[2] = {{head, sizeof head}, block};
    echo__hash_parts(out, parts, block.len > 0 ? 2 : 1);
}

static void parent_hash(echo_hash *out, uint64_t size, const echo_hash *left, const echo_hash *right) {
    uint8_t preimage[9 + 2 * ECHO_HASH_BYTES];
    preimage[0] = 1;
    echo__be64_put(preimage + 1, size);
    memcpy(preimage + 9, left->bytes, ECHO_HASH_BYTES);
    memcpy(preimage + 9 + ECHO_HASH_BYTES, right->bytes, ECHO_HASH_BYTES);
    echo__hash(out, preimage, sizeof preimage);
}

void echo__hypercore_join(echo__hypercore_node *out, const echo__hypercore_node *left,
                          const echo__hypercore_node *right) {
    echo__hypercore_node node;
    node.size = left->size + right->size;
    parent_hash(&node.hash, node.size, &left->hash, &right->hash);
    *out = node;
}

bool echo__hypercore_family_ok(const echo__hypercore_node *p, const echo__hypercore_node *l,
                               const echo__hypercore_node *r) {
    if (l->size > p->size || r->size != p->size - l->size) return false;
    echo_hash hash;
    parent_hash(&hash, p->size, &l->hash, &r->hash);
    return echo__hash_equal(&hash, &p->hash);
}

void echo__hypercore_node_decode(echo__hypercore_node *out, const uint8_t bytes[ECHO__HYPERCORE_NODE]) {
    memcpy(out->hash.bytes, bytes, ECHO_HASH_BYTES);
    out->size = echo__be64(bytes + ECHO_HASH_BYTES);
}

void echo__hypercore_node_encode(uint8_t out[ECHO__HYPERCORE_NODE], const echo__hypercore_node *node) {
    memcpy(out, node->hash.bytes, ECHO_HASH_BYTES);
    echo__be64_put(out + ECHO_HASH_BYTES, node->size);
}

bool echo__hypercore_node_blank(const echo__hypercore_node *node) {
    static const uint8_t blank[ECHO_HASH_BYTES];
    return node->size == 0 && memcmp(node->hash.bytes, blank, sizeof blank) == 0;
}

void echo__hypercore_signable(uint8_t out[40], const echo__hypercore_roots *roots) {
    uint8_t preimage[1 + ECHO__FLAT_ROOTS_MAX * (ECHO_HASH_BYTES + 16)];
    uint8_t *at = preimage;
    *at++ = 2;
    for (unsigned i = 0; i < roots->count; i++, at += ECHO_HASH_BYTES + 16) {
        memcpy(at, roots->node[i].hash.bytes, ECHO_HASH_BYTES);
        echo__be64_put(at + ECHO_HASH_BYTES, roots->index[i]);
        echo__be64_put(at + ECHO_HASH_BYTES + 8, roots->node[i].size);
    }
    echo_hash hash;
    echo__hash(&hash, preimage, (size_t)(at - preimage));
    memcpy(out, hash.bytes, sizeof hash.bytes);
    echo__be64_put(out + sizeof hash.bytes, roots->length);
}

bool echo__hypercore_signed(const echo__hypercore_roots *roots, const uint8_t signature[ECHO__HYPERCORE_SIGNATURE],
                            const echo_key *key, uint64_t *verifications) {
    uint8_t message[40];
    echo__hypercore_signable(message, roots);
    if (verifications != NULL) ++*verifications;
    if (echo__verify(signature, message, sizeof message, key)) return true;
    if (verifications != NULL) ++*verifications;
    return echo__verify(signature, message, ECHO_HASH_BYTES, key);
}
