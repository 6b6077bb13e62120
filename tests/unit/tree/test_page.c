#include "unit/tree/tree_support.h"

#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00"

/* Of BLAKE2b-256("echo/boundary/1" || 0 || id), computed by another program. */
static void test_boundaries(void **state) {
    (void)state;
    static const struct {
        const char *id;
        uint32_t zeros; /* at the front of the hash */
    } ids[] = {{"a", 1},         {"item/23", 0},     {"item/24", 5},    {"item/507", 11},
               {"item/834", 12}, {"item/59010", 15}, {"item/89994", 21}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_int_equal(echo__boundary(text(ids[i].id)), ids[i].zeros / ECHO__TREE_BITS);
    size_t leaves = 0;
    for (int i = 0; i < 32000; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "id/%d", i);
        leaves += echo__boundary(text(id)) > 0;
    }
    assert_in_range(leaves << ECHO__TREE_BITS, 28000, 36000); /* one in 16, 32 or so */
}

static void test_entries(void **state) {
    (void)state;
    static const char golden[] =
        "{\"last\":\"a\\\"\",\"hash\":\"" HASH_A "\",\"items\":18446744073709551615,\"bytes\":1}\n";
    echo__entry e = {text("a\\\""), {{0}}, UINT64_MAX, 1};
    assert_ok(echo_hash_parse(&e.hash, HASH_A));
    echo__buf out = ECHO__BUF_INIT;
    echo__entry_write(&out, &e);
    assert_bytes_text(out, golden);
    echo__entry back;
    assert_true(echo__entry_read(&back, echo__bytes(out.data, out.len - 1)));
    assert_bytes_text(back.last, "a\\\"");
    assert_true(echo__hash_equal(&back.hash, &e.hash) && back.items == UINT64_MAX && back.bytes == 1);
    for (size_t at = 0; at + 1 < out.len; at++) { /* one byte off: refused, or another canonical line */
        assert_false(echo__entry_read(&back, echo__bytes(golden, at)));
        for (int c = 0; c < 256; c++) {
            uint8_t line[sizeof golden];
            memcpy(line, golden, sizeof golden);
            line[at] = (uint8_t)c;
            if (!echo__entry_read(&back, echo__bytes(line, out.len - 1))) continue;
            echo__buf again = ECHO__BUF_INIT;
            echo__entry_write(&again, &back);
            assert_memory_equal(again.data, line, out.len - 1);
            echo__buf_free(&again);
        }
    }
    echo__buf_free(&out);
}

typedef struct page_case {
    const char *bytes;
    uint32_t level;
    uint64_t items, sum;
    const char *last, *after; /* texts with the quote behind them */
    const char *wrong;        /* part of the message, NULL: it is good */
} page_case;

#define NODE(last, items, bytes)                                                                                       \
    "{\"last\":\"" last "\",\"hash\":\"" HASH_A "\",\"items\":" #items ",\"bytes\":" #bytes "}\n"

#define WHOLE UINT64_MAX /* the sum: the bytes of the chunk */
#define A "{\"id\":\"a\"}\n"
#define F1 "\"" HASH_A "\""
#define F2 "\"" HASH_B "\""
#define K1 "[null,\"m\",0]"
#define K2 "[\"a\",null,1]"
#define K3 "[\"a\",\"m\",1]"
#define K4 "[\"a\",\"m\",2]"

static const page_case cases[] = {
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 22, "b\"", NULL, NULL},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 22, NULL, "A\"", NULL},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 22, "b\"", "a\"", "first id"},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 22, "c\"", NULL, "last id"},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 22, "a\"", NULL, "last id"},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 1, 22, "b\"", NULL, "counts"},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 0, 2, 21, "b\"", NULL, "counts"},
    {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 1, 2, 22, "b\"", NULL, "not a node"},
    {"{\"id\":\"b\"}\n{\"id\":\"a\"}\n", 0, 2, 22, "a\"", NULL, "ascending"},
    {"{\"id\":\"a\"}\n{\"id\":\"a\"}\n", 0, 2, 22, "a\"", NULL, "ascending"},
    {"{\"id\":\"\\n\"}\n{\"id\":\" \"}\n", 0, 2, 23, " \"", NULL, NULL},
    {"{\"id\":\" \"}\n{\"id\":\"\\n\"}\n", 0, 2, 23, "\\n\"", NULL, "ascending"},
    {"", 0, 0, 0, NULL, NULL, "empty"},
    {"{\"id\":\"a\"}", 0, 1, 10, "a\"", NULL, "cut"},
    {"{\"id\":\"a\"}\n{", 0, 1, 12, "a\"", NULL, "cut"},
    {"{\"id\":\"\"}\n", 0, 1, 10, "\"", NULL, "start with an id"},
    {"{\"id\":\"a\n", 0, 1, 9, "a\"", NULL, "start with an id"},
    {"{\"id\":\"\\u0041\"}\n", 0, 1, 16, NULL, NULL, "start with an id"},
    {"\n", 0, 1, 1, NULL, NULL, "start with an id"},
    {NODE("a", 3, 30) NODE("b", 4, 40), 1, 7, 70, "b\"", NULL, NULL},
    {NODE("a", 3, 30) NODE("b", 4, 40), 2, 7, 70, "b\"", NULL, NULL},
    {NODE("a", 3, 30) NODE("b", 4, 40), 0, 7, 70, "b\"", NULL, "start with an id"},
    {NODE("a", 3, 30) NODE("b", 4, 40), 1, 8, 70, "b\"", NULL, "counts"},
    {NODE("a", 3, 30) NODE("b", 4, 40), 1, 7, 71, "b\"", NULL, "counts"},
    {NODE("b", 3, 30) NODE("a", 4, 40), 1, 7, 70, "a\"", NULL, "ascending"},
    {NODE("a", 0, 30), 1, 0, 30, "a\"", NULL, "range"},
    {NODE("a", 3, 0), 1, 3, 0, "a\"", NULL, "range"},
    {NODE("a", 18446744073709551615, 1) NODE("b", 2, 1), 1, 1, 2, "b\"", NULL, "range"},
    {NODE("a", 03, 30), 1, 3, 30, "a\"", NULL, "not a node"},
    {NODE("a", 3, 30) "\n", 1, 3, 30, "a\"", NULL, "not a node"},
    /* headers */
    {"{\"feeds\":[" F1 "],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, NULL},
    {"{\"feeds\":[" F1 "," F2 "],\"kinds\":[" K1 "," K2 "," K3 "," K4 "]}\n" A, 0, 1, WHOLE, "a\"", NULL, NULL},
    {"{\"feeds\":[" F2 "," F1 "],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "feeds of its header are not ascending"},
    {"{\"feeds\":[" F1 "," F1 "],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "feeds of its header are not ascending"},
    {"{\"feeds\":[],\"kinds\":[" K2 "," K1 "]}\n" A, 0, 1, WHOLE, "a\"", NULL, "kinds of its header are not ascending"},
    {"{\"feeds\":[],\"kinds\":[" K3 "," K3 "]}\n" A, 0, 1, WHOLE, "a\"", NULL, "kinds of its header are not ascending"},
    {"{\"feeds\":[],\"kinds\":[" K4 "," K3 "]}\n" A, 0, 1, WHOLE, "a\"", NULL, "kinds of its header are not ascending"},
    {"{\"feeds\":[],\"kinds\":[[null,null,0]]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad kind"},
    {"{\"feeds\":[],\"kinds\":[[\"a\",\"m\",4294967296]]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad kind"},
    {"{\"feeds\":[],\"kinds\":[[\"a\",\"m\",01]]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad kind"},
    {"{\"feeds\":[],\"kinds\":[[\"\\u0041\",\"m\",1]]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad kind"},
    {"{\"feeds\":[],\"kinds\":[[\"a\",\"m\"]]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad kind"},
    {"{\"feeds\":[\"00\"],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad feed"},
    {"{\"feeds\":[" F1 ",],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "bad feed"},
    {"{\"feeds\":[" F1 F2 "],\"kinds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "list of feeds"},
    {"{\"feeds\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "no kinds"},
    {"{\"feeds\":[],\"kinds\":[],\"more\":1}\n" A, 0, 1, WHOLE, "a\"", NULL, "does not end"},
    {"{\"feeds\":[],\"kinds\":[]}", 0, 0, WHOLE, "a\"", NULL, "does not end"},
    {"{\"f\":[]}\n" A, 0, 1, WHOLE, "a\"", NULL, "does not start with its header"},
    {"{\"feeds\":[],\"kinds\":[]}\n", 0, 0, WHOLE, NULL, NULL, "empty"},
    {"{\"feeds\":[],\"kinds\":[]}\n" A, 0, 1, 11, "a\"", NULL, "counts"}, /* the header counts */
};

static void test_pages(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const page_case *c = &cases[i];
        test_store *store = test_store_new();
        echo__chunks *chunks = test_chunks(store);
        /* A leaf without a header of its own gets the empty one. */
        bool header = c->level == 0 && strncmp(c->bytes, "{\"f", 3) != 0;
        echo__buf bytes = ECHO__BUF_INIT;
        echo__buf_text(&bytes, header ? NO_HEADER : "");
        echo__buf_text(&bytes, c->bytes);
        echo__entry entry = {text(c->last == NULL ? "" : c->last), test_store_add(store, echo__buf_bytes(&bytes)),
                             c->items, c->sum == WHOLE ? bytes.len : c->sum + (header ? sizeof NO_HEADER - 1 : 0)};
        if (c->last == NULL) entry.last.data = NULL;
        for (int twice = 0; twice < 2; twice++) { /* parsed, and remembered */
            echo__page page;
            echo_error err = ECHO_ERROR_INIT;
            echo_status status = echo__page_open(&page, chunks, &entry, c->level, (const uint8_t *)c->after, &err);
            if (c->wrong == NULL) {
                assert_ok(status);
                echo__page_close(chunks, &page);
            } else {
                if (status == ECHO_OK) fail_msg("case %zu was accepted", i);
                assert_status(status, ECHO_ERR_CORRUPT);
                char hex[ECHO_HEX_CHARS];
                echo_hash_hex(hex, &entry.hash);
                if (strstr(err.message, c->wrong) == NULL || strstr(err.message, hex) == NULL)
                    fail_msg("case %zu: %s", i, err.message);
            }
            assert_null(page.chunk);
            echo__chunk_counts before, after; /* a page that was refused is not in use */
            echo__chunks_counts(chunks, &before);
            echo__chunks_keep(chunks, twice == 0 ? ECHO__CHUNK_KEEP : 0);
            const echo__chunk *chunk;
            assert_ok(echo__chunks_get(&chunk, chunks, &entry.hash, NULL));
            echo__chunks_release(chunks, chunk);
            echo__chunks_counts(chunks, &after);
            assert_int_equal(after.read - before.read, twice);
        }
        echo__buf_free(&bytes);
        echo__chunks_free(chunks);
        test_store_free(store);
    }
}

static void test_limits(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo__buf bytes = ECHO__BUF_INIT;
    echo__buf_text(&bytes, NO_HEADER);
    for (unsigned i = 0; i < 257; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "{\"id\":\"%03u\"}\n", i);
        echo__buf_text(&bytes, line);
        if (i < 255) continue;
        echo__entry entry = {{NULL, 0}, test_store_add(store, echo__buf_bytes(&bytes)), i + 1, bytes.len};
        echo__page page;
        echo_status status = echo__page_open(&page, chunks, &entry, 0, NULL, NULL);
        assert_status(status, i == 255 ? ECHO_OK : ECHO_ERR_CORRUPT);
        if (status == ECHO_OK) echo__page_close(chunks, &page);
    }
    for (size_t len = ECHO__ID_MAX; len <= ECHO__ID_MAX + 1; len++) {
        for (size_t escape = 1; escape <= 6; escape += 5) { /* the length is that of the id, not of its text */
            echo__buf_clear(&bytes);
            echo__buf_text(&bytes, NO_HEADER "{\"id\":\"");
            for (size_t i = 0; i < len; i++) echo__buf_text(&bytes, escape == 1 ? "a" : "\\u0001");
            echo__buf_text(&bytes, "\"}\n");
            echo__entry entry = {{NULL, 0}, test_store_add(store, echo__buf_bytes(&bytes)), 1, bytes.len};
            echo__page page;
            echo_status status = echo__page_open(&page, chunks, &entry, 0, NULL, NULL);
            assert_status(status, len == ECHO__ID_MAX ? ECHO_OK : ECHO_ERR_CORRUPT);
            if (status == ECHO_OK) echo__page_close(chunks, &page);
        }
    }
    for (size_t len = ECHO__LINE_MAX; len <= ECHO__LINE_MAX + 1; len++) {
        echo__buf_clear(&bytes);
        echo__buf_text(&bytes, NO_HEADER "{\"id\":\"a\",\"state\":\"");
        while (bytes.len < len + sizeof NO_HEADER - 4) echo__buf_byte(&bytes, 'x');
        echo__buf_text(&bytes, "\"}\n");
        echo__entry entry = {{NULL, 0}, test_store_add(store, echo__buf_bytes(&bytes)), 1, bytes.len};
        echo__page page;
        echo_status status = echo__page_open(&page, chunks, &entry, 0, NULL, NULL);
        assert_status(status, len == ECHO__LINE_MAX ? ECHO_OK : ECHO_ERR_CORRUPT);
        if (status == ECHO_OK) echo__page_close(chunks, &page);
    }
    echo__buf_free(&bytes);
    echo__chunks_free(chunks);
    test_store_free(store);
}

/* One chunk named as a leaf and as a node: what was remembered of it is not taken for the other. */
static void test_leaf_or_node(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo__entry leaf = {text("a\""), test_store_add(store, text(NO_HEADER "{\"id\":\"a\"}\n")), 1, 35};
    echo__page page, other;
    assert_ok(echo__page_open(&page, chunks, &leaf, 0, NULL, NULL));
    assert_status(echo__page_open(&other, chunks, &leaf, 1, NULL, NULL), ECHO_ERR_CORRUPT);
    echo__page_close(chunks, &page);
    leaf.hash.bytes[0] ^= 1;
    assert_status(echo__page_open(&page, chunks, &leaf, 0, NULL, NULL),
                  ECHO_ERR_CORRUPT); /* missing, not "not found" */
    echo__chunks_free(chunks);
    test_store_free(store);
}

static void test_find(void **state) {
    (void)state;
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    static const char bytes[] = NO_HEADER "{\"id\":\"\\t\"}\n{\"id\":\"b\"}\n{\"id\":\"b\\\"\"}\n{\"id\":\"d\"}\n";
    echo__entry entry = {{NULL, 0}, test_store_add(store, text(bytes)), 4, sizeof bytes - 1};
    echo__page page;
    assert_ok(echo__page_open(&page, chunks, &entry, 0, NULL, NULL));
    static const struct {
        const char *id;
        uint32_t from, at;
    } finds[] = {{"", 0, 0},    {"\t", 0, 0}, {"\n", 0, 1}, {"a", 0, 1}, {"b", 0, 1}, {"b!", 0, 2},
                 {"b\"", 0, 2}, {"b#", 0, 3}, {"d", 0, 3},  {"e", 0, 4}, {"a", 2, 2}, {"a", 4, 4}};
    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++)
        assert_int_equal(echo__page_find(&page, finds[i].from, text(finds[i].id)), finds[i].at);
    uint8_t room[ECHO__ID_MAX];
    assert_bytes_text(echo__page_id(&page, 0, room), "\t");
    assert_bytes_text(echo__page_id(&page, 1, room), "b");
    assert_bytes_text(echo__page_id(&page, 2, room), "b\"");
    assert_bytes_text(echo__page_text(&page, 1), "{\"id\":\"b\"}");
    echo__page_close(chunks, &page);
    echo__chunks_free(chunks);
    test_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundaries), cmocka_unit_test(test_entries),      cmocka_unit_test(test_pages),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_leaf_or_node), cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
