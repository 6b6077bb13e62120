/*
 * Lines of records, their payloads in blobs, the names in their logs, and the line of a node: what is taken is
 * canonical, so that writing it again gives the very bytes.
 */
#include "base/json.h"
#include "base/json_text.h"
#include "fuzz.h"
#include "tree/leaf.h"
#include "tree/page.h"
#include "tree/record_write.h"

static echo_status count(void *arg, const echo_hash *name) {
    (void)name;
    ++*(size_t *)arg;
    return ECHO_OK;
}

static void check_text(echo_bytes text) {
    if (text.data != NULL) FUZZ_CHECK(echo__utf8_valid(text) && memchr(text.data, 0, text.len) == NULL);
}

/* A leaf of this record alone, out of which the record comes as it went in. */
static void pack(echo_bytes line) {
    echo__buf leaf = ECHO__BUF_INIT, out = ECHO__BUF_INIT;
    echo__shared shared;
    size_t size;
    FUZZ_OK(echo__leaf_pack(&leaf, line, SIZE_MAX, NULL));
    echo__scan s = echo__scan_of(echo__buf_bytes(&leaf));
    FUZZ_CHECK(echo__shared_scan(&s, &size) == NULL);
    void *room = malloc(size + 1);
    FUZZ_CHECK(room != NULL);
    echo__shared_fill(&shared, room, echo__bytes(leaf.data, (size_t)(s.at - leaf.data)));
    echo__line within = {echo__bytes(s.at, (size_t)(s.end - s.at) - 1), &shared};
    FUZZ_OK(echo__line_expand(&out, within, NULL));
    FUZZ_EQUAL(line, echo__buf_bytes(&out));
    echo__buf_clear(&out);
    echo__record record;
    echo__buf scratch = ECHO__BUF_INIT;
    FUZZ_OK(echo__record_read(&record, within, &scratch, NULL));
    echo__record_write(&out, &record);
    FUZZ_EQUAL(line, echo__buf_bytes(&out));
    echo__buf_free(&scratch);
    echo__buf_free(&leaf);
    echo__buf_free(&out);
    free(room);
}

static void read_line(echo_bytes line) {
    echo__buf scratch = ECHO__BUF_INIT, other = ECHO__BUF_INIT, written = ECHO__BUF_INIT;
    echo__record record;
    echo_bytes id;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__record_read(&record, echo__line_alone(line), &scratch, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    echo_status id_status = echo__record_read_id(&id, line, &other, &err);
    FUZZ_STATUS(id_status, &err, ECHO_ERR_CORRUPT);
    if (status == ECHO_OK) {
        FUZZ_OK(id_status);
        FUZZ_EQUAL(id, record.id);
        FUZZ_CHECK(record.id.len > 0 && record.id.len <= ECHO__ID_MAX);
        const echo_bytes texts[] = {record.id, record.type, record.model, record.parent, record.source, record.target};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) check_text(texts[i]);
        FUZZ_CHECK(!record.has_blob ||
                   (record.state.data == NULL && record.bytes.data == NULL && record.log.data == NULL));
        echo__record_write(&written, &record);
        FUZZ_OK(written.status);
        FUZZ_EQUAL(line, echo__buf_bytes(&written));
        if (memchr(line.data, '\n', line.len) == NULL) pack(line);
        size_t names = 0;
        if (record.log.data != NULL) {
            status = echo__record_sealed(record.log, count, &names, &err);
            FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
            FUZZ_CHECK(names <= record.log.len / 64);
        }
    }
    echo__buf_free(&scratch);
    echo__buf_free(&other);
    echo__buf_free(&written);
}

static void read_payload(echo_bytes text) {
    echo__record record;
    echo__buf written = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    memset(&record, 0, sizeof record);
    echo_status status = echo__record_read_payload(&record, text, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    if (status == ECHO_OK) {
        echo__record_write_payload(&written, &record);
        FUZZ_EQUAL(text, echo__buf_bytes(&written));
    }
    echo__buf_free(&written);
}

static void read_entry(echo_bytes line) {
    echo__entry entry;
    uint8_t room[ECHO__ID_MAX];
    echo__buf written = ECHO__BUF_INIT;
    if (echo__entry_read(&entry, line)) {
        size_t len = echo__json_unescape(room, entry.last);
        FUZZ_CHECK(len > 0 && len <= ECHO__ID_MAX);
        (void)echo__boundary(echo__bytes(room, len));
        FUZZ_CHECK(echo__text_compare(entry.last.data, entry.last.data) == 0);
        FUZZ_CHECK(echo__text_compare_bytes(entry.last.data, echo__bytes(room, len)) == 0);
        echo__entry_write(&written, &entry);
        FUZZ_EQUAL(line, echo__bytes(written.data, written.len - 1));
    }
    echo__buf_free(&written);
}

/* What scans as one value and is canonical in its parts parses. */
static void scan(echo_bytes bytes) {
    echo__scan s = echo__scan_of(bytes);
    echo_bytes value;
    uint64_t number;
    if (echo__scan_value(&s, &value))
        FUZZ_CHECK(value.data == bytes.data && value.len > 0 && value.len <= bytes.len &&
                   s.at == value.data + value.len);
    s = echo__scan_of(bytes);
    if (echo__scan_u64(&s, &number)) {
        echo__buf text = ECHO__BUF_INIT;
        echo__buf_u64(&text, number);
        FUZZ_EQUAL(echo__buf_bytes(&text), echo__bytes(bytes.data, (size_t)(s.at - bytes.data)));
        echo__buf_free(&text);
    }
    s = echo__scan_of(bytes);
    if (echo__scan_text(&s, &value)) {
        uint8_t *string = fuzz_copy(echo__bytes(value.data, value.len), false);
        size_t len = echo__json_unescape(string, value);
        echo__buf text = ECHO__BUF_INIT;
        check_text(echo__bytes(string, len));
        echo__json_string(&text, string, len);
        FUZZ_EQUAL(echo__buf_bytes(&text), echo__bytes(bytes.data, (size_t)(s.at - bytes.data)));
        echo__buf_free(&text);
        free(string);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    uint8_t *line = fuzz_copy(fuzz_rest(&in), false);
    read_line(echo__bytes(line, size));
    read_payload(echo__bytes(line, size));
    read_entry(echo__bytes(line, size));
    scan(echo__bytes(line, size));
    size_t n = 0;
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo__record_sealed(echo__bytes(line, size), count, &n, &err), &err, ECHO_ERR_CORRUPT);
    free(line);
    return 0;
}
