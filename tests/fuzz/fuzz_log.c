/*
 * Logs of mutations. The input is the log's text and, each behind a byte 0xff, its segments, which are named by 64 hex
 * digits that end in their number from 0 on. A segment that begins with "*" is 64 entries made from what follows. What
 * is read is written again as a log that reads the same.
 */
#include "fuzz.h"
#include "model/log.h"

#define SEGMENTS 16u

typedef struct segments {
    echo__buf list[SEGMENTS];
    size_t count;
} segments;

static echo_status get(void *arg, const echo_hash *name, echo__buf *out, echo_error *err) {
    const segments *s = arg;
    size_t i = name->bytes[31];
    if (i >= s->count) return echo__error(err, ECHO_ERR_CORRUPT, "no such segment");
    echo__buf_append(out, s->list[i].data, s->list[i].len);
    return out->status;
}

static echo_status put(void *arg, echo_hash *name, echo_bytes chunk, echo_error *err) {
    segments *s = arg;
    (void)err;
    FUZZ_CHECK(s->count < SEGMENTS);
    memset(name, 0, sizeof *name);
    name->bytes[31] = (uint8_t)s->count;
    echo__buf_append(&s->list[s->count++], chunk.data, chunk.len);
    return ECHO_OK;
}

static void add_segment(segments *s, echo_bytes part) {
    echo__buf *out = &s->list[s->count];
    if (part.len > 0 && part.data[0] == '*') {
        fuzz_input in = fuzz_input_of(part.data + 1, part.len - 1);
        for (size_t i = 0; i < ECHO__LOG_SEGMENT; i++) {
            uint8_t feed[32] = {fuzz_u8(&in)};
            echo__buf_byte(out, '[');
            echo__buf_u64(out, 64 * s->count + i);
            echo__buf_text(out, ",\"");
            echo__buf_hex(out, feed, sizeof feed);
            echo__buf_text(out, "\",1,\"AQ==\"]\n");
        }
    } else {
        echo__buf_append(out, part.data, part.len);
    }
    s->count++;
}

static void free_segments(segments *s) {
    for (size_t i = 0; i < SEGMENTS; i++) echo__buf_free(&s->list[i]);
}

static void same(const echo__log *a, const echo__log *b) {
    FUZZ_CHECK(a->count == b->count && a->sealed_count == b->sealed_count);
    for (size_t i = 0; i < a->count; i++) {
        FUZZ_CHECK(echo__stamp_compare(&a->entries[i].stamp, &b->entries[i].stamp) == 0);
        FUZZ_EQUAL(echo__bytes(a->entries[i].bytes, a->entries[i].len),
                   echo__bytes(b->entries[i].bytes, b->entries[i].len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    segments given, written;
    memset(&given, 0, sizeof given);
    memset(&written, 0, sizeof written);
    echo_bytes text = fuzz_until(&in, 0xff);
    while (given.count < SEGMENTS && fuzz_left(&in) > 0) add_segment(&given, fuzz_until(&in, 0xff));
    echo__log log, again;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf out = ECHO__BUF_INIT;
    echo__log_init(&log);
    echo__log_init(&again);
    echo_status status = echo__log_read(&log, text, get, &given, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) {
        FUZZ_CHECK(log.sealed_count == log.count / ECHO__LOG_SEGMENT);
        for (size_t i = 1; i < log.count; i++)
            FUZZ_CHECK(echo__stamp_compare(&log.entries[i - 1].stamp, &log.entries[i].stamp) < 0);
        log.sealed_count = 0; /* seal them anew */
        FUZZ_OK(echo__log_write(&out, &log, put, &written, &err));
        FUZZ_OK(echo__log_read(&again, echo__buf_bytes(&out), get, &written, &err));
        same(&log, &again);
    } else {
        FUZZ_CHECK(log.count == 0 && log.entries == NULL && log.sealed == NULL);
    }
    echo__log_free(&log);
    echo__log_free(&again);
    echo__buf_free(&out);
    free_segments(&given);
    free_segments(&written);
    return 0;
}
