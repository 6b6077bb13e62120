#include "exchange/wire.h"

echo_bytes echo__read_bytes(echo__reader *r, size_t len) {
    if (r->bad || len > r->rest.len) {
        r->bad = true;
        return echo__bytes(NULL, 0);
    }
    echo_bytes out = echo__bytes(r->rest.data, len);
    if (len > 0) r->rest = echo__bytes(r->rest.data + len, r->rest.len - len);
    return out;
}

void echo__read_into(echo__reader *r, void *out, size_t len) {
    echo_bytes bytes = echo__read_bytes(r, len);
    if (r->bad)
        memset(out, 0, len);
    else
        memcpy(out, bytes.data, len);
}

uint8_t echo__read_u8(echo__reader *r) {
    uint8_t byte;
    echo__read_into(r, &byte, 1);
    return byte;
}

uint32_t echo__read_u32(echo__reader *r) {
    uint8_t p[4];
    echo__read_into(r, p, sizeof p);
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t echo__read_u64(echo__reader *r) {
    uint8_t p[8];
    echo__read_into(r, p, sizeof p);
    return echo__be64(p);
}

void echo__write_u32(echo__buf *out, uint32_t value) {
    uint8_t p[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    echo__buf_append(out, p, sizeof p);
}

void echo__write_u64(echo__buf *out, uint64_t value) {
    uint8_t p[8];
    echo__be64_put(p, value);
    echo__buf_append(out, p, sizeof p);
}

void echo__write_offered_feed(echo__buf *out, const echo__offered_feed *feed) {
    echo__buf_append(out, feed->key.bytes, sizeof feed->key.bytes);
    echo__write_u64(out, feed->length);
    echo__write_u64(out, feed->bytes);
}

void echo__read_offered_feed(echo__reader *r, echo__offered_feed *out) {
    echo__read_into(r, out->key.bytes, sizeof out->key.bytes);
    out->length = echo__read_u64(r);
    out->bytes = echo__read_u64(r);
}

/* ---- proofs: from, to, length, the numbers of nodes, the nodes (hash, size), the signature ---- */

static void write_nodes(echo__buf *out, const echo_feed_node *nodes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        echo__buf_append(out, nodes[i].hash.bytes, sizeof nodes[i].hash.bytes);
        echo__write_u64(out, nodes[i].size);
    }
}

static void read_nodes(echo__reader *r, echo_feed_node *nodes, size_t n) {
    if (n > ECHO_FEED_PROOF_NODES_MAX) r->bad = true;
    for (size_t i = 0; i < n && !r->bad; i++) {
        echo__read_into(r, nodes[i].hash.bytes, sizeof nodes[i].hash.bytes);
        nodes[i].size = echo__read_u64(r);
    }
}

void echo__write_proof(echo__buf *out, const echo_feed_proof *proof) {
    echo__write_u64(out, proof->from);
    echo__write_u64(out, proof->to);
    echo__write_u64(out, proof->length);
    echo__buf_byte(out, (uint8_t)proof->left_count);
    echo__buf_byte(out, (uint8_t)proof->right_count);
    write_nodes(out, proof->left, proof->left_count);
    write_nodes(out, proof->right, proof->right_count);
    echo__buf_append(out, proof->signature, sizeof proof->signature);
}

void echo__read_proof(echo__reader *r, echo_feed_proof *out) {
    memset(out, 0, sizeof *out);
    out->from = echo__read_u64(r);
    out->to = echo__read_u64(r);
    out->length = echo__read_u64(r);
    out->left_count = echo__read_u8(r);
    out->right_count = echo__read_u8(r);
    read_nodes(r, out->left, out->left_count);
    read_nodes(r, out->right, out->right_count);
    echo__read_into(r, out->signature, sizeof out->signature);
}
