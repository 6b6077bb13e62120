#include "unit/tree/tree_support.h"

#define FEED_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FEED_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00"

/* Every key there is. */
static const char whole[] =
    "{\"id\":\"a\\\"b\\u0001\xc3\xa9\",\"type\":\"t\\\\\",\"model\":\"m\\n\",\"version\":4294967294,\"parent\":\"p\","
    "\"source\":"
    "\"\\t\",\"target\":\"\","
    "\"deleted\":true,\"at\":{\"deleted\":[18446744073709551615,\"" FEED_A
    "\",0],\"genesis\":[9007199254740993,\"" FEED_B "\",7],\"parent\":[3,\"" FEED_A
    "\",18446744073709551615]},\"of\":[\"t\\n\",\"m\\n\"],\"state\":{\"a\":[1,\"}\"]},\"bytes\":\"AAE=\",\"log\":{"
    "\"n\":0,\"tail\":[]}}";

/* A canonical line, or what it was before it was broken. */
static const char *const lines[] = {
    whole,
    "{\"id\":\"x\"}",
    "{\"id\":\"x\",\"state\":null}",
    "{\"id\":\"x\",\"model\":\"m\",\"version\":1,\"state\":-1.5e+30,\"log\":{\"n\":1,\"tail\":[[1,\"" FEED_A
    "\",2,\"AA==\"]]}}",
    "{\"id\":\"x\",\"at\":{\"genesis\":[0,\"" FEED_A "\",0]},\"bytes\":\"\"}",
    "{\"id\":\"x\",\"at\":{\"deleted\":[1,\"" FEED_A "\",2],\"parent\":[3,\"" FEED_B "\",4]}}",
    "{\"id\":\"x\",\"type\":\"t\",\"blob\":\"" FEED_B "\"}",
    "{\"id\":\"x\",\"type\":\"t\",\"model\":\"m\",\"version\":1,\"of\":[null,\"m\"],\"state\":1}",
};

static echo_status reads(const char *line, size_t len, echo__record *record, echo__buf *scratch) {
    char *copy = malloc(len + 1); /* of its exact size, so that reading beyond it is seen */
    assert_non_null(copy);
    memcpy(copy, line, len);
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__record_read(record, echo__line_alone(echo__bytes(copy, len)), scratch, &err);
    assert_int_equal(err.code, status);
    if (status == ECHO_OK) { /* what is read is written the same */
        echo__buf out = ECHO__BUF_INIT;
        echo__record_write(&out, record);
        assert_int_equal(out.status, ECHO_OK);
        if (out.len != len || memcmp(out.data, line, len) != 0)
            fail_msg("%.*s came back as %.*s", (int)len, line, (int)out.len, (char *)out.data);
        echo__buf_free(&out);
    }
    free(copy);
    return status;
}

static void test_golden(void **state) {
    (void)state;
    echo__buf scratch = ECHO__BUF_INIT;
    echo__record r;
    assert_ok(echo__record_read(&r, echo__line_alone(text(whole)), &scratch, NULL));
    assert_bytes_text(r.id, "a\"b\x01\xc3\xa9");
    assert_bytes_text(r.type, "t\\");
    assert_bytes_text(r.model, "m\n");
    assert_int_equal(r.version, ECHO__VERSION_MAX);
    assert_bytes_text(r.parent, "p");
    assert_bytes_text(r.source, "\t");
    assert_non_null(r.target.data);
    assert_int_equal(r.target.len, 0);
    assert_true(r.deleted && r.has_deleted_at && r.has_genesis && r.has_parent_at && !r.has_blob);
    assert_true(r.deleted_at.time == UINT64_MAX && r.deleted_at.seq == 0 && r.deleted_at.feed.bytes[1] == 0x11);
    assert_true(r.genesis.time == UINT64_C(9007199254740993) && r.genesis.seq == 7 && r.genesis.feed.bytes[0] == 0xff);
    assert_true(r.parent_at.time == 3 && r.parent_at.seq == UINT64_MAX);
    assert_bytes_text(r.of_type, "t\n");
    assert_bytes_text(r.of_model, "m\n");
    assert_int_equal(echo__record_counted(&r), ECHO__VERSION_FOREIGN);
    assert_bytes_text(r.state, "{\"a\":[1,\"}\"]}");
    assert_bytes_text(r.bytes, "AAE=");
    assert_bytes_text(r.log, "{\"n\":0,\"tail\":[]}");
    echo_bytes id;
    assert_ok(echo__record_read_id(&id, text(whole), &scratch, NULL));
    assert_bytes_text(id, "a\"b\x01\xc3\xa9");
    assert_ok(echo__record_read(&r, echo__line_alone(text(lines[1])), &scratch, NULL));
    assert_null(r.type.data);
    assert_null(r.state.data);
    echo__buf_free(&scratch);
}

/* Views of many unescaped texts stay where they are while the next one is read. */
static void test_scratch(void **state) {
    (void)state;
    char texts[5][300];
    for (size_t i = 0; i < 5; i++) {
        memset(texts[i], '\\', sizeof texts[i]);
        texts[i][0] = (char)('a' + i);
        texts[i][299] = '\0';
    }
    echo__record r, back;
    memset(&r, 0, sizeof r);
    r.id = text(texts[0]);
    r.type = text(texts[1]);
    r.model = text(texts[2]);
    r.source = text(texts[3]);
    r.target = text(texts[4]);
    echo__buf line = ECHO__BUF_INIT, scratch = ECHO__BUF_INIT;
    echo__record_write(&line, &r);
    assert_ok(echo__record_read(&back, echo__line_alone(echo__buf_bytes(&line)), &scratch, NULL));
    assert_bytes_text(back.id, texts[0]);
    assert_bytes_text(back.type, texts[1]);
    assert_bytes_text(back.model, texts[2]);
    assert_bytes_text(back.source, texts[3]);
    assert_bytes_text(back.target, texts[4]);
    echo__buf_free(&line);
    echo__buf_free(&scratch);
}

static void test_round_trip(void **state) {
    (void)state;
    echo__buf scratch = ECHO__BUF_INIT;
    echo__record r;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_ok(reads(lines[i], strlen(lines[i]), &r, &scratch));
    echo__buf_free(&scratch);
}

/* One byte changed, added or left out: corrupt, or another canonical line. */
static void test_one_byte_off(void **state) {
    (void)state;
    echo__buf scratch = ECHO__BUF_INIT;
    echo__record r;
    char line[sizeof whole + 1];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        size_t len = strlen(lines[i]);
        for (size_t at = 0; at < len; at++) {
            assert_status(reads(lines[i], at, &r, &scratch), ECHO_ERR_CORRUPT); /* cut */
            memcpy(line, lines[i], at);
            memcpy(line + at, lines[i] + at + 1, len - at - 1);
            (void)reads(line, len - 1, &r, &scratch);
            for (int c = 0; c < 256; c++) {
                memcpy(line, lines[i], len);
                line[at] = (char)c;
                (void)reads(line, len, &r, &scratch);
                memcpy(line + at + 1, lines[i] + at, len - at);
                (void)reads(line, len + 1, &r, &scratch);
            }
        }
    }
    echo__buf_free(&scratch);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "{\"id\":\"\"}",
        "{\"id\":1}",
        "{\"id\":\"a\"} ",
        " {\"id\":\"a\"}",
        "{\"id\":\"a\"}\n",
        "{\"id\": \"a\"}",
        "{\"id\":\"a\",}",
        "{\"type\":\"t\",\"id\":\"a\"}",
        "{\"id\":\"a\",\"id\":\"a\"}",
        "{\"id\":\"a\",\"x\":1}",
        "{\"id\":\"a\\u0041\"}",
        "{\"id\":\"a\\/\"}",
        "{\"id\":\"a\\u0000\"}",
        "{\"id\":\"\xff\"}",
        "{\"id\":\"a\",\"model\":\"m\",\"type\":\"t\"}",
        "{\"id\":\"a\",\"type\":null}",
        "{\"id\":\"a\",\"type\":\"t\",\"type\":\"t\"}",
        "{\"id\":\"a\",\"version\":0}",
        "{\"id\":\"a\",\"version\":01}",
        "{\"id\":\"a\",\"version\":4294967295}",
        "{\"id\":\"a\",\"version\":4294967296}",
        "{\"id\":\"a\",\"version\":-1}",
        "{\"id\":\"a\",\"version\":1.0}",
        "{\"id\":\"a\",\"deleted\":false}",
        "{\"id\":\"a\",\"deleted\":true,\"deleted\":true}",
        "{\"id\":\"a\",\"at\":{}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"" FEED_A "\"]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"ab\",2]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"" FEED_A "\",2],\"deleted\":[1,\"" FEED_A "\",2]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"" FEED_A "\",2],\"genesis\":[1,\"" FEED_A "\",2]}}",
        "{\"id\":\"a\",\"at\":{,\"genesis\":[1,\"" FEED_A "\",2]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"" FEED_A "\",2],}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[01,\"" FEED_A "\",2]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[18446744073709551616,\"" FEED_A "\",2]}}",
        "{\"id\":\"a\",\"at\":{\"genesis\":[1,\"FF112233445566778899aabbccddeeff00112233445566778899aabbccddee00\",2]}"
        "}",
        "{\"id\":\"a\",\"state\":}",
        "{\"id\":\"a\",\"model\":\"m\",\"version\":1,\"of\":[null,\"m\"],\"state\":1}", /* that is its own */
        "{\"id\":\"a\",\"type\":\"t\",\"model\":\"m\",\"version\":1,\"of\":[\"t\",\"m\"],\"state\":1}",
        "{\"id\":\"a\",\"model\":\"m\",\"of\":[null,\"n\"],\"log\":{\"n\":0,\"tail\":[]}}",
        "{\"id\":\"a\",\"version\":1,\"of\":[null,\"n\"],\"state\":1}",
        "{\"id\":\"a\",\"model\":\"m\",\"version\":1,\"of\":[null,null],\"state\":1}",
        "{\"id\":\"a\",\"model\":\"m\",\"version\":1,\"of\":[\"n\"],\"state\":1}",
        "{\"id\":\"a\",\"model\":\"m\",\"version\":1,\"of\":[null,\"n\",1],\"state\":1}",
        "{\"id\":\"a\",\"model\":\"m\",\"version\":1,\"of\":[],\"state\":1}",
        "{\"id\":\"a\",\"state\":1,\"state\":1}",
        "{\"id\":\"a\",\"bytes\":\"AA==\",\"state\":1}",
        "{\"id\":\"a\",\"bytes\":\"A A=\"}",
        "{\"id\":\"a\",\"bytes\":\"AAA\"}",
        "{\"id\":\"a\",\"bytes\":\"A\\n==\"}",
        "{\"id\":\"a\",\"bytes\":AA==}",
        "{\"id\":\"a\",\"log\":[]}",
        "{\"id\":\"a\",\"log\":{\"n\":0,\"tail\":[]},\"bytes\":\"\"}",
        "{\"id\":\"a\",\"state\":1,\"blob\":\"" FEED_A "\"}",
        "{\"id\":\"a\",\"blob\":\"" FEED_A "\",\"state\":1}",
        "{\"id\":\"a\",\"blob\":\"ab\"}",
    };
    echo__buf scratch = ECHO__BUF_INIT;
    echo__record r;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (reads(bad[i], strlen(bad[i]), &r, &scratch) != ECHO_ERR_CORRUPT) fail_msg("accepted %s", bad[i]);
    echo__buf_free(&scratch);
}

/* An id's length is that of what its text stands for. */
static void test_id_length(void **state) {
    (void)state;
    echo__buf line = ECHO__BUF_INIT, scratch = ECHO__BUF_INIT;
    for (size_t len = ECHO__ID_MAX; len <= ECHO__ID_MAX + 1; len++) {
        for (int c = 1; c <= 'a'; c += 'a' - 1) {
            char id[ECHO__ID_MAX + 1];
            memset(id, c, len);
            echo__record r;
            memset(&r, 0, sizeof r);
            r.id = echo__bytes(id, len);
            echo__buf_clear(&line);
            echo__record_write(&line, &r);
            echo_bytes out;
            echo_status expected = len <= ECHO__ID_MAX ? ECHO_OK : ECHO_ERR_CORRUPT;
            assert_status(echo__record_read(&r, echo__line_alone(echo__buf_bytes(&line)), &scratch, NULL), expected);
            assert_status(echo__record_read_id(&out, echo__buf_bytes(&line), &scratch, NULL), expected);
            if (expected == ECHO_OK) assert_true(echo__bytes_equal(out, echo__bytes(id, len)));
        }
    }
    echo__buf_free(&line);
    echo__buf_free(&scratch);
}

static void test_payload(void **state) {
    (void)state;
    static const char *const good[] = {"{\"state\":1}", "{\"bytes\":\"\"}", "{\"log\":{\"n\":0,\"tail\":[]}}",
                                       "{\"state\":{},\"bytes\":\"AAAA\",\"log\":{}}"};
    static const char *const bad[] = {"",
                                      "{}",
                                      "{\"state\":1",
                                      "{\"state\":1}}",
                                      "{\"state\":1}\n",
                                      "{,\"state\":1}",
                                      "{\"state\":1,}",
                                      "{\"id\":\"a\",\"state\":1}",
                                      "{\"bytes\":\"\",\"state\":1}",
                                      "{\"blob\":\"" FEED_A "\"}",
                                      "{\"log\":1}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        echo__record r;
        memset(&r, 0, sizeof r);
        r.id = text("kept");
        r.has_blob = true;
        assert_ok(echo__record_read_payload(&r, text(good[i]), NULL));
        assert_bytes_text(r.id, "kept");
        echo__buf out = ECHO__BUF_INIT;
        echo__record_write_payload(&out, &r);
        assert_bytes_text(out, good[i]);
        echo__buf_free(&out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        echo__record r;
        if (echo__record_read_payload(&r, text(bad[i]), NULL) != ECHO_ERR_CORRUPT) fail_msg("accepted %s", bad[i]);
    }
}

typedef struct names {
    size_t count;
    uint8_t first[4];
    size_t stop_at;
} names;

static echo_status take_name(void *arg, const echo_hash *name) {
    names *n = arg;
    n->first[n->count++] = name->bytes[0];
    return n->count == n->stop_at ? ECHO_ERR_REFUSED : ECHO_OK;
}

static void test_log(void **state) {
    (void)state;
    names n = {0, {0}, 0};
    assert_ok(echo__record_sealed(
        text("{\"n\":130,\"sealed\":[\"" FEED_A "\",\"" FEED_B "\"],\"tail\":[[1,\"a\"],[]]}"), take_name, &n, NULL));
    assert_true(n.count == 2 && n.first[0] == 0 && n.first[1] == 0xff);
    n = (names){0, {0}, 1};
    assert_status(echo__record_sealed(text("{\"n\":130,\"sealed\":[\"" FEED_A "\",\"" FEED_B "\"],\"tail\":[]}"),
                                      take_name, &n, NULL),
                  ECHO_ERR_REFUSED);
    assert_int_equal(n.count, 1);
    n = (names){0, {0}, 0};
    assert_ok(echo__record_sealed(text("{\"n\":0,\"tail\":[]}"), take_name, &n, NULL));
    assert_int_equal(n.count, 0);
    static const char *const bad[] = {"",
                                      "{}",
                                      "{\"n\":1}",
                                      "{\"n\":-1,\"tail\":[]}",
                                      "{\"n\":1,\"tail\":1}",
                                      "{\"n\":1,\"tail\":[]",
                                      "{\"n\":1,\"tail\":[]}}",
                                      "{\"n\":1,\"sealed\":[],\"tail\":[]}",
                                      "{\"n\":1,\"sealed\":[\"ab\"],\"tail\":[]}",
                                      "{\"n\":1,\"sealed\":[\"" FEED_A "\",],\"tail\":[]}",
                                      "{\"n\":1,\"sealed\":[\"" FEED_A "\"}",
                                      "{\"n\":1,\"tail\":[],\"sealed\":[\"" FEED_A "\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        n = (names){0, {0}, 0};
        if (echo__record_sealed(text(bad[i]), take_name, &n, NULL) != ECHO_ERR_CORRUPT) fail_msg("accepted %s", bad[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_scratch), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_one_byte_off), cmocka_unit_test(test_refused), cmocka_unit_test(test_id_length),
        cmocka_unit_test(test_payload),      cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
