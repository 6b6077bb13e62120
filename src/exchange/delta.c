#include "exchange/delta.h"

#include "base/crypto.h"
#include "base/error.h"
#include "tree/leaf.h"
#include "tree/tree.h"

#define OP_COPY 0u    /* u8 first line, u8 lines - 1 */
#define OP_LITERAL 1u /* u32 length, bytes */

static uint32_t print_of(echo_bytes line) {
    echo_hash hash;
    echo__hash(&hash, line.data, line.len);
    return (uint32_t)hash.bytes[0] << 24 | (uint32_t)hash.bytes[1] << 16 | (uint32_t)hash.bytes[2] << 8 | hash.bytes[3];
}

/* Takes the next line, with its newline, off the front; false at the end. */
static bool take_line(echo_bytes *line, echo_bytes *rest) {
    if (rest->len == 0) return false;
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data) + 1;
    *line = echo__bytes(rest->data, len);
    *rest = echo__bytes(rest->data + len, rest->len - len);
    return true;
}

static void put_u32(echo__buf *out, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    echo__buf_append(out, bytes, sizeof bytes);
}

static uint32_t get_u32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool echo__delta_is_leaf(echo_bytes chunk) {
    static const char start[] = "{\"feeds\":[";
    return chunk.len >= sizeof start - 1 && memcmp(chunk.data, start, sizeof start - 1) == 0;
}

/* A record takes from the header what it refers to, which is there once, and names and three stamps in full. */
size_t echo__delta_records_max(uint64_t items, size_t leaf_bytes) {
    size_t count = items < ECHO__TREE_RUN_MAX ? (size_t)items : ECHO__TREE_RUN_MAX;
    return count * (leaf_bytes < ECHO__LINE_MAX - 512 ? leaf_bytes + 512 : ECHO__LINE_MAX);
}

echo_status echo__delta_records(echo__buf *out, echo_bytes leaf, echo_error *err) {
    if (leaf.len > ECHO__DELTA_LEAF_MAX) return echo__error(err, ECHO_ERR_LIMIT, "the leaf is too long for a delta");
    return echo__leaf_expand(out, leaf, echo__delta_records_max(ECHO__TREE_RUN_MAX, leaf.len), err);
}

size_t echo__delta_prints(echo__buf *out, echo_bytes base) {
    size_t n = 0;
    for (echo_bytes line; n < ECHO__DELTA_LINES && take_line(&line, &base); n++) put_u32(out, print_of(line));
    return n;
}

static size_t find(uint32_t print, const uint32_t *prints, size_t n, size_t guess) {
    if (guess < n && prints[guess] == print) return guess;
    for (size_t i = 0; i < n; i++)
        if (prints[i] == print) return i;
    return n;
}

static void put_literal(echo__buf *out, const uint8_t *from, const uint8_t *to) {
    if (from == to) return;
    echo__buf_byte(out, OP_LITERAL);
    put_u32(out, (uint32_t)(to - from));
    echo__buf_append(out, from, (size_t)(to - from));
}

void echo__delta_make(echo__buf *out, echo_bytes chunk, echo_bytes bytes) {
    uint32_t prints[ECHO__DELTA_LINES];
    size_t n = bytes.len / ECHO__DELTA_PRINT < ECHO__DELTA_LINES ? bytes.len / ECHO__DELTA_PRINT : ECHO__DELTA_LINES;
    for (size_t i = 0; i < n; i++) prints[i] = get_u32(bytes.data + i * ECHO__DELTA_PRINT);
    echo_bytes line, rest = chunk;
    const uint8_t *literal = chunk.data;
    size_t next = 0, count_at = SIZE_MAX; /* where the open copy's count stands */
    for (size_t lines = 0; lines < ECHO__DELTA_LINES && take_line(&line, &rest);
         lines++) { /* a page has no more; a payload may */
        size_t at = find(print_of(line), prints, n, next);
        if (at == n) {
            count_at = SIZE_MAX;
            continue;
        }
        put_literal(out, literal, line.data);
        literal = rest.data;
        if (count_at != SIZE_MAX && at == next && out->status == ECHO_OK && out->data[count_at] < UINT8_MAX) {
            out->data[count_at]++;
        } else {
            uint8_t op[3] = {OP_COPY, (uint8_t)at, 0};
            echo__buf_append(out, op, sizeof op);
            count_at = out->len - 1;
        }
        next = at + 1;
    }
    put_literal(out, literal, chunk.data + chunk.len);
}

static echo_status copy_lines(echo__buf *out, const echo_bytes *lines, size_t n, size_t first, size_t count,
                              size_t most) {
    if (first + count > n) return ECHO_ERR_CORRUPT;
    for (size_t i = first; i < first + count; i++) {
        if (lines[i].len > most - out->len) return ECHO_ERR_LIMIT;
        echo__buf_append(out, lines[i].data, lines[i].len);
    }
    return ECHO_OK;
}

echo_status echo__delta_apply(echo__buf *out, echo_bytes base, echo_bytes delta, size_t most) {
    echo_bytes lines[ECHO__DELTA_LINES];
    size_t n = 0;
    while (n < ECHO__DELTA_LINES && take_line(&lines[n], &base)) n++;
    most = out->len > SIZE_MAX - most ? SIZE_MAX : out->len + most;
    while (delta.len > 0) {
        size_t used;
        if (delta.data[0] == OP_COPY && delta.len >= 3) {
            used = 3;
            echo_status status = copy_lines(out, lines, n, delta.data[1], (size_t)delta.data[2] + 1, most);
            if (status != ECHO_OK) return status;
        } else if (delta.data[0] == OP_LITERAL && delta.len >= 5) {
            size_t len = get_u32(delta.data + 1);
            if (len > delta.len - 5) return ECHO_ERR_CORRUPT;
            if (len > most - out->len) return ECHO_ERR_LIMIT;
            echo__buf_append(out, delta.data + 5, len);
            used = 5 + len;
        } else {
            return ECHO_ERR_CORRUPT;
        }
        delta = echo__bytes(delta.data + used, delta.len - used);
    }
    return out->status;
}
