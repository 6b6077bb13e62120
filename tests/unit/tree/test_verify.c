#include "unit/tree/tree_support.h"

/*
 * A tree with everything in it: several levels, inline states, bytes and logs, blobs, sealed segments in a line and in
 * a blob.
 */
typedef struct fixture {
    test_store *store;
    echo__chunks *chunks;
    test_model model;
    echo__root root;
    echo_hash blob, log_blob, segments[3];
} fixture;

static void add_record(fixture *f, echo__record *r) {
    echo__buf line = ECHO__BUF_INIT;
    echo__record_write(&line, r);
    model_set(&f->model, r->id, echo__buf_bytes(&line));
    echo__buf_free(&line);
}

static void make_log(echo__buf *log, const echo_hash *segments, size_t n, size_t tail) {
    echo__buf_clear(log);
    echo__buf_text(log, "{\"n\":");
    echo__buf_u64(log, n * 64 + tail);
    for (size_t i = 0; i < n; i++) {
        echo__buf_text(log, i == 0 ? ",\"sealed\":[\"" : ",\"");
        echo__buf_hex(log, segments[i].bytes, 32);
        echo__buf_text(log, "\"");
    }
    echo__buf_text(log, n > 0 ? "],\"tail\":[" : ",\"tail\":[");
    for (size_t i = 0; i < tail; i++) {
        echo__buf_text(log, i == 0 ? "[" : ",[");
        echo__buf_u64(log, UINT64_MAX - 100 + i);
        echo__buf_text(log, ",\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",1,\"AAECAw==\"]");
    }
    echo__buf_text(log, "]}");
}

/* As a writer does it: in the line when it fits, in a blob when not. */
static echo_hash add_payload(fixture *f, const char *id, echo_bytes state, echo_bytes log) {
    echo__record r;
    memset(&r, 0, sizeof r);
    r.id = text(id);
    r.model = text("example:model/any");
    r.version = state.data != NULL;
    r.state = state;
    r.log = log;
    echo__buf blob = ECHO__BUF_INIT;
    echo__record_write(&blob, &r);
    if (blob.len > ECHO__RECORD_LINE_MAX) {
        echo__buf_clear(&blob);
        echo__record_write_payload(&blob, &r);
        r.has_blob = true;
        assert_ok(echo__chunks_put(&r.blob, f->chunks, echo__buf_bytes(&blob), NULL));
    }
    echo__buf_free(&blob);
    add_record(f, &r);
    return r.blob;
}

static void set_up(fixture *f, size_t n) {
    memset(f, 0, sizeof *f);
    f->store = test_store_new();
    f->chunks = test_chunks(f->store);
    model_fill(&f->model, n);
    for (size_t i = 0; i < 3; i++) {
        char segment[16];
        (void)snprintf(segment, sizeof segment, "segment %zu\n", i);
        assert_ok(echo__chunks_put(&f->segments[i], f->chunks, text(segment), NULL));
    }
    echo__buf log = ECHO__BUF_INIT, state = ECHO__BUF_INIT;
    make_log(&log, f->segments, 2, 3);
    (void)add_payload(f, "item/000005/log", echo__bytes(NULL, 0), echo__buf_bytes(&log));
    make_log(&log, f->segments + 2, 1, 60);
    f->log_blob = add_payload(f, "item/000015/long-log", text("null"), echo__buf_bytes(&log));
    echo__buf_text(&state, "{\"text\":\"");
    while (state.len < 5000) echo__buf_byte(&state, 'y');
    echo__buf_text(&state, "\"}");
    f->blob = add_payload(f, "item/000025/blob", echo__buf_bytes(&state), echo__bytes(NULL, 0));
    echo__record r;
    memset(&r, 0, sizeof r);
    r.id = text("item/000026/bytes");
    r.bytes = text("AAE=");
    add_record(f, &r);
    echo__buf_free(&log);
    echo__buf_free(&state);
    f->root = build(f->chunks, &f->model);
}

static void tear_down(fixture *f) {
    model_free(&f->model);
    echo__chunks_free(f->chunks);
    test_store_free(f->store);
}

/* Verifies with nothing kept from before. */
static echo_status verify(fixture *f, const echo__root *root, echo_hash *bad, echo_error *err) {
    echo__chunks_keep(f->chunks, 0);
    memset(bad, 0, sizeof *bad);
    echo_error own = ECHO_ERROR_INIT;
    echo_status status = echo__tree_verify(f->chunks, root, bad, err == NULL ? &own : err);
    if (err == NULL && status != ECHO_OK) assert_int_equal(own.code, status);
    return status;
}

static void test_good(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 3000);
    echo_hash bad;
    echo_error err = ECHO_ERROR_INIT;
    if (verify(&f, &f.root, &bad, &err) != ECHO_OK) fail_msg("%s", err.message);
    static const echo__root empty;
    assert_ok(verify(&f, &empty, &bad, NULL));
    assert_ok(echo__tree_verify(f.chunks, &f.root, NULL, NULL));
    tear_down(&f);
}

static size_t names_of(test_store *store, echo_hash *names, size_t room) {
    size_t count = 0, at = 0;
    for (test_chunk *c; (c = echo__map_next(&store->chunks, &at)) != NULL;) {
        assert_true(count < room);
        names[count++] = c->name;
    }
    return count;
}

/* Every bit of every chunk, and every chunk gone: found, and the very chunk is named. */
static void test_every_bit(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 60);
    size_t at = 0;
    echo_hash bad;
    for (test_chunk *c; (c = echo__map_next(&f.store->chunks, &at)) != NULL;) {
        size_t stride = c->len > 2000  ? 97
                        : c->len > 200 ? 13
                                       : 1; /* bits; each chunk's hash covers all of them alike */
        for (size_t bit = 0; bit < c->len * 8; bit += stride) {
            c->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_status(verify(&f, &f.root, &bad, NULL), ECHO_ERR_CORRUPT);
            assert_memory_equal(bad.bytes, c->name.bytes, 32);
            c->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        c->len--;
        assert_status(verify(&f, &f.root, &bad, NULL), ECHO_ERR_CORRUPT);
        assert_memory_equal(bad.bytes, c->name.bytes, 32);
        c->len++;
    }
    assert_ok(verify(&f, &f.root, &bad, NULL));
    echo_hash names[64];
    size_t count = names_of(f.store, names, 64);
    for (size_t i = 0; i < count; i++) {
        const test_chunk *c = test_store_chunk(f.store, &names[i]);
        char *bytes = copy_bytes(echo__bytes(c->data, c->len));
        size_t len = c->len;
        test_store_remove(f.store, &names[i]);
        echo_error err = ECHO_ERROR_INIT;
        assert_status(verify(&f, &f.root, &bad, &err), ECHO_ERR_CORRUPT);
        assert_memory_equal(bad.bytes, names[i].bytes, 32);
        char hex[ECHO_HEX_CHARS];
        echo_hash_hex(hex, &names[i]);
        assert_non_null(strstr(err.message, "missing"));
        assert_memory_equal(err.message + sizeof "chunk", hex, 64); /* it, and not what named it */
        test_store_set(f.store, &names[i], echo__bytes(bytes, len));
        free(bytes);
    }
    assert_ok(verify(&f, &f.root, &bad, NULL));
    tear_down(&f);
}

/* The tree that a liar makes: an error, unless it is the tree that its own records make. */
static void check_forged(fixture *f, const echo__root *root) {
    echo_hash bad;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = verify(f, root, &bad, &err);
    if (status != ECHO_OK) {
        assert_status(status, ECHO_ERR_CORRUPT);
        char hex[ECHO_HEX_CHARS];
        echo_hash_hex(hex, &bad);
        assert_non_null(strstr(err.message, hex));
        return;
    }
    test_model model = {NULL, 0, 0};
    echo__cursor *cursor;
    assert_ok(echo__cursor_open(&cursor, f->chunks, root, echo__bytes(NULL, 0), NULL));
    echo__line line;
    echo__buf scratch = ECHO__BUF_INIT;
    while ((status = echo__cursor_next(&line, cursor, NULL)) == ECHO_OK) {
        echo__record r;
        assert_ok(echo__record_read(&r, line, &scratch, NULL));
        if (r.state.data != NULL) { /* a second opinion on what is JSON */
            cJSON *json = cJSON_ParseWithLengthOpts((const char *)r.state.data, r.state.len, NULL, 0);
            assert_non_null(json);
            cJSON_Delete(json);
        }
        echo__buf alone = ECHO__BUF_INIT;
        assert_ok(echo__line_expand(&alone, line, NULL));
        model_set(&model, r.id, echo__buf_bytes(&alone));
        echo__buf_free(&alone);
    }
    assert_status(status, ECHO_ERR_NOT_FOUND);
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo__root again = build(chunks, &model);
    assert_root_equal(&again, root);
    echo__chunks_free(chunks);
    test_store_free(store);
    model_free(&model);
}

/* The same flips with every hash above made right, so that not the hash but the checks inside must find them. */
static void test_every_bit_resigned(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 60);
    echo_hash names[64];
    size_t count = names_of(f.store, names, 64);
    tear_down(&f);
    for (size_t i = 0; i < count; i++) {
        size_t len = 1;
        for (size_t bit = 0; bit<len * 8; bit += len> 600 ? 41 : 3) {
            set_up(&f, 60);
            const test_chunk *c = test_store_chunk(f.store, &names[i]);
            len = c->len;
            char *bytes = copy_bytes(echo__bytes(c->data, c->len));
            bytes[bit / 8] ^= (char)(1 << bit % 8);
            echo__root root = f.root;
            forge(f.store, &root, &names[i], echo__bytes(bytes, len));
            check_forged(&f, &root);
            free(bytes);
            tear_down(&f);
        }
    }
}

/* ---- one lie each ---- */

/* Replaces the first `from` in the chunk that holds it and forges the tree above it. */
static void forge_text(fixture *f, echo__root *root, const char *from, const char *to) {
    size_t at = 0, place = SIZE_MAX;
    const test_chunk *found = NULL;
    for (test_chunk *c; place == SIZE_MAX && (c = echo__map_next(&f->store->chunks, &at)) != NULL;) {
        found = c;
        place = find_bytes(echo__bytes(c->data, c->len), from, strlen(from));
    }
    if (place == SIZE_MAX) fail_msg("no chunk has %s", from);
    echo__buf bytes = ECHO__BUF_INIT;
    echo__buf_append(&bytes, found->data, place);
    echo__buf_text(&bytes, to);
    echo__buf_append(&bytes, found->data + place + strlen(from), found->len - place - strlen(from));
    echo_hash name = found->name;
    forge(f->store, root, &name, echo__buf_bytes(&bytes));
    echo__buf_free(&bytes);
}

static void test_lies_in_records(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *wrong;
    } lies[] = {
        /* of the same length, so that the sums stay true */
        {"{\"n\":3,\"pad\":\"def", "{\"n\": ,\"pad\":\"def", "JSON"},
        {"{\"n\":3,\"pad\":\"defghijklm\"}", "{\"n\":3,\"n\":\"defghijklmno\"}", "JSON"},
        {"{\"n\":3,\"pad\":\"d", "{\"n\":3,\"a\":\"d__", "JSON"},
        {"{\"n\":10,", "{\"n\":1.,", "JSON"},
        {"{\"n\":10,", "{\"n\":0x,", "JSON"},
        {"{\"n\":10,", "{\"n\":01,", "JSON"},
        {"\"state\":{\"n\":3,", "\"state\":[\"n\",3,", "payload"},
        {"\"kind\":0,\"state\":{\"n\":3,", "\"kind\":1,\"state\":{\"n\":3,", "kind is not in the leaf's header"},
        {"\"bytes\":\"AAE=\"", "\"bytes\":\"AAF=\"", "base64"},
        {"\"n\":131,", "\"n\":0x1,", "JSON"},
        {",\"tail\":[[", ",\"tajl\":[[", "log"},
        {"\"AAECAw==\"]", "\"AAECAw==\"}", "payload"},
        {"\"log\":{\"n\":124,", "\"log\":{\"n\":0x4,", "JSON"},
        {"{\"state\":null,", "{\"state\":nul1,", "JSON"},
        {"\"log\":{\"n\":124,\"sealed\":[\"", "\"log\":{\"n\":124,\"sealed\":[\"A", "log"},
        {"{\"text\":\"yyyy", "{\"text\":\"\\u0079", "JSON"},
        {"{\"state\":{\"text\"", "{\"stave\":{\"text\"", "payload"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        fixture f;
        set_up(&f, 60);
        echo__root root = f.root;
        forge_text(&f, &root, lies[i].from, lies[i].to);
        echo_hash bad;
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = verify(&f, &root, &bad, &err);
        if (status != ECHO_ERR_CORRUPT || strstr(err.message, lies[i].wrong) == NULL || err.item[0] == '\0')
            fail_msg("%s: %s (item %s)", lies[i].to, status == ECHO_OK ? "accepted" : err.message, err.item);
        char hex[ECHO_HEX_CHARS];
        echo_hash_hex(hex, &bad);
        assert_non_null(strstr(err.message, hex));
        tear_down(&f);
    }
}

/* A tree of leaves given as text, with a node above them that tells whatever it is told to. */
typedef struct leaf_of {
    const char *bytes, *last;
    uint64_t items;
} leaf_of;

static echo__root node_of(test_store *store, const leaf_of *leaves, size_t n) {
    echo__buf node = ECHO__BUF_INIT;
    echo__root root = {{{0}}, 1, 0, 0};
    for (size_t i = 0; i < n; i++) {
        char *whole = malloc(strlen(leaves[i].bytes) + sizeof NO_HEADER);
        assert_non_null(whole);
        strcpy(whole, strncmp(leaves[i].bytes, "{\"feeds", 7) == 0 ? "" : NO_HEADER);
        strcat(whole, leaves[i].bytes);
        echo_bytes bytes = text(whole);
        echo__entry e = {text(leaves[i].last), test_store_add(store, bytes), leaves[i].items, bytes.len};
        echo__entry_write(&node, &e);
        root.items += e.items;
        root.bytes += e.bytes;
        free(whole);
    }
    root.hash = test_store_add(store, echo__buf_bytes(&node));
    echo__buf_free(&node);
    return root;
}

#define FEED "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FEED2 "11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEAD(feeds, kinds) "{\"feeds\":[" feeds "],\"kinds\":[" kinds "]}\n"
#define HEADER(feeds, kinds) HEAD(feeds, kinds) LINE("item/24")
#define STAMPED(stamp) HEAD("\"" FEED "\"", "") "{\"id\":\"item/24\",\"at\":" stamp "}\n"
#define STATED(feeds, state) HEAD(feeds, "[null,null,1]") "{\"id\":\"item/24\",\"kind\":0" state "}\n"
#define FEEDS "\"" FEED "\",\"" FEED2 "\""
#define LINE(id) "{\"id\":\"" id "\"}\n"

static void test_lies_in_shape(void **state) {
    (void)state;
    static const struct {
        leaf_of leaves[3];
        size_t n;
        const char *wrong;
    } trees[] = {
        /* item/24 ends a leaf, the others do not */
        {{{LINE("item/23") LINE("item/24"), "item/24", 2}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{LINE("item/23") LINE("item/24") LINE("item/25"), "item/25", 3}}, 1, "single chunk"},
        {{{LINE("item/23") LINE("item/24"), "item/24", 2}}, 1, "single chunk"},
        {{{LINE("item/23"), "item/23", 1}, {LINE("item/24"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         3,
         "not end here"},
        {{{LINE("item/24") LINE("item/25"), "item/25", 2}, {LINE("item/26"), "item/26", 1}}, 2, "sooner"},
        {{{LINE("item/24"), "item/24", 1}, {LINE("item/23") LINE("item/25"), "item/25", 2}}, 2, "first id"},
        {{{LINE("item/23") LINE("item/24"), "item/24", 3}, {LINE("item/25"), "item/25", 1}}, 2, "counts"},
        {{{LINE("item/23") LINE("item/24"), "item/24", 1}, {LINE("item/25"), "item/25", 2}}, 2, "counts"},
        {{{LINE("item/23") LINE("item/24"), "item/240", 2}, {LINE("item/25"), "item/25", 1}}, 2, "last id"},
        {{{LINE("item/23") LINE("item/24"), "item/24", 2}, {LINE("item/23") LINE("item/24"), "item/25", 2}},
         2,
         "last id"},
        {{{LINE("item/23") LINE("item/24"), "item/24", 2}, {LINE("item/23") LINE("item/24"), "item/24", 2}},
         2,
         "ascending"},
        {{{LINE("item/25"), "item/25", 1}, {LINE("item/23") LINE("item/24"), "item/24", 2}}, 2, "ascending"},
        {{{"{\"last\":\"item/24\"}\n", "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "start with an id"},
        /* headers and what refers to them */
        {{{HEADER("\"" FEED "\"", ""), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "no record refers to"},
        {{{HEADER("", "[\"a\",null,0]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "no record refers to"},
        {{{HEAD("", "") "{\"id\":\"item/24\",\"kind\":0}\n", "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "kind"},
        {{{HEAD("", "") "{\"id\":\"item/24\",\"type\":\"a\"}\n", "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "misplaced"},
        {{{STAMPED("5"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STAMPED("[0,5,7]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STAMPED("[0,5]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("[0,5,6]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("[1,5]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("18446744073709551615"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("[0,18446744073709551615,0]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STAMPED("18446744073709551616"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("{\"genesis\":5}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        {{{STAMPED("{\"genesis\":5,\"parent\":5}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STAMPED("{\"parent\":5}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STAMPED("{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "stamps"},
        /* feeds that a state begins with */
        {{{STATED(FEEDS, ",\"feeds\":[0,1],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STATED(FEEDS, ",\"feeds\":[0,1],\"state\":{\"a\":1}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         NULL},
        {{{STATED(FEEDS, ",\"feeds\":0,\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "no record refers to"},
        {{{STATED("\"" FEED "\"", ",\"feeds\":0,\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         NULL},
        {{{STATED("\"" FEED "\"", ",\"feeds\":[0],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED("\"" FEED "\"", ",\"feeds\":1,\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED("\"" FEED "\"", ",\"feeds\":,\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[1,0],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,0,1],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,2],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,1,],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[,0,1],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED("", ",\"feeds\":[],\"state\":{}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,1],\"bytes\":\"AAAA\""), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,1],\"state\":[]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "feeds"},
        {{{STATED(FEEDS, ",\"feeds\":[0,1]"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, "feeds"},
        {{{STATED(FEEDS, ",\"state\":{\"feeds\":[" FEEDS "]}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}},
         2,
         "feeds"},
        {{{STATED("", ",\"state\":{\"feeds\":[\"" FEED2 "\",\"" FEED "\"]}"), "item/24", 1},
          {LINE("item/25"), "item/25", 1}},
         2,
         NULL},
        {{{STATED("", ",\"state\":{\"feeds\":[]}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
        {{{STATED("", ",\"state\":{\"feeds\":[1]}"), "item/24", 1}, {LINE("item/25"), "item/25", 1}}, 2, NULL},
    };
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        fixture f;
        set_up(&f, 0);
        echo__root root = node_of(f.store, trees[i].leaves, trees[i].n);
        echo_hash bad;
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = verify(&f, &root, &bad, &err);
        if (trees[i].wrong == NULL)
            assert_ok(status);
        else if (status != ECHO_ERR_CORRUPT || strstr(err.message, trees[i].wrong) == NULL)
            fail_msg("tree %zu: %s", i, err.message);
        tear_down(&f);
    }
}

/* A byte of a leaf's header that was changed, that is missing or that stands twice, under a hash that is right. What is
 * not refused is another header in its one form, and then a record refers to what it lists. */
static void test_header_bytes(void **state) {
    (void)state;
    static const char leaf[] = HEAD("\"" FEED "\",\"" FEED2 "\"",
                                    "[null,\"m\",1],[\"t\",\"m\",2]") "{\"id\":\"item/23\",\"kind\":0,\"at\":5,"
                                                                      "\"feeds\":1,\"state\":{}}\n{\"id\":\"item/"
                                                                      "24\",\"kind\":1,\"at\":[1,5],\"state\":{}}\n";
    const size_t header = strcspn(leaf, "\n") + 1, len = sizeof leaf - 1;
    size_t refused = 0, tried = 0;
    for (size_t at = 0; at < header; at++) {
        for (unsigned how = 0; how < 10; how++) { /* a bit flipped, the byte taken out, the byte twice */
            char changed[sizeof leaf + 1];
            size_t now = how < 8 ? len : how == 8 ? len - 1 : len + 1;
            memcpy(changed, leaf, at + 1);
            if (how < 8) changed[at] = (char)(changed[at] ^ 1 << how);
            memcpy(changed + at + 1 + now - len, leaf + at + 1, len - at - 1);
            if (how == 9) changed[at + 1] = leaf[at];
            fixture f;
            echo_hash bad;
            echo_error err = ECHO_ERROR_INIT;
            set_up(&f, 0);
            echo_bytes bytes = echo__bytes(changed, now);
            const echo__root root = {test_store_add(f.store, bytes), 0, 2, now};
            echo_status status = verify(&f, &root, &bad, &err);
            assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT);
            tried++;
            if (status != ECHO_OK) {
                assert_memory_equal(&bad, &root.hash, sizeof bad); /* the chunk is named */
                refused++;
            }
            tear_down(&f);
        }
    }
    assert_int_equal(tried, 10 * header);
    assert_int_equal(refused, 1441); /* the others change a digit, a letter or a version */
}

/* 256 lines are a cut, 255 are not. */
static void test_cut(void **state) {
    (void)state;
    for (size_t first = 255; first <= 256; first++) {
        fixture f;
        set_up(&f, 0);
        echo__buf leaves[2] = {ECHO__BUF_INIT, ECHO__BUF_INIT};
        char id[32], last[2][32];
        uint64_t serial = 0;
        for (size_t i = 0; i < 260; i++) {
            find_id(id, sizeof id, "r", 0, &serial);
            echo__buf *leaf = &leaves[i >= first];
            echo__buf_text(leaf, "{\"id\":\"");
            echo__buf_text(leaf, id);
            echo__buf_text(leaf, "\"}\n");
            memcpy(last[i >= first], id, sizeof id);
        }
        echo__buf_byte(&leaves[0], 0);
        echo__buf_byte(&leaves[1], 0);
        const leaf_of two[2] = {{(char *)leaves[0].data, last[0], first},
                                {(char *)leaves[1].data, last[1], 260 - first}};
        echo__root root = node_of(f.store, two, 2);
        echo_hash bad;
        assert_status(verify(&f, &root, &bad, NULL), first == 256 ? ECHO_OK : ECHO_ERR_CORRUPT);
        echo__buf_free(&leaves[0]);
        echo__buf_free(&leaves[1]);
        tear_down(&f);
    }
}

/* Where a payload stands is no choice. */
static void test_place(void **state) {
    (void)state;
    for (size_t len = 4096; len <= 4097; len++) {
        for (int in_blob = 0; in_blob < 2; in_blob++) {
            fixture f;
            set_up(&f, 0);
            echo__buf body = ECHO__BUF_INIT;
            echo__buf_text(&body, "\"");
            while (body.len < len - (sizeof "{\"id\":\"a\",\"state\":\"}" - 1)) echo__buf_byte(&body, 'x');
            echo__buf_text(&body, "\"");
            echo__record r;
            memset(&r, 0, sizeof r);
            r.id = text("a");
            r.state = echo__buf_bytes(&body);
            echo__buf line = ECHO__BUF_INIT;
            echo__record_write(&line, &r);
            assert_int_equal(line.len, len);
            if (in_blob) {
                echo__buf_clear(&line);
                echo__record_write_payload(&line, &r);
                r.has_blob = true;
                r.blob = test_store_add(f.store, echo__buf_bytes(&line));
            }
            model_free(&f.model);
            add_record(&f, &r);
            f.root = build(f.chunks, &f.model);
            echo_hash bad;
            assert_status(verify(&f, &f.root, &bad, NULL), (len > 4096) == in_blob ? ECHO_OK : ECHO_ERR_CORRUPT);
            echo__buf_free(&line);
            echo__buf_free(&body);
            tear_down(&f);
        }
    }
}

/* Roots that claim what is not so. */
static void test_roots(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 60);
    for (int kind = 0; kind < 7; kind++) {
        echo__root root = f.root;
        if (kind == 0) root.items++;
        if (kind == 1) root.bytes--;
        if (kind == 2) root.height++;
        if (kind == 3) root.height--;
        if (kind == 4) root.items = 0;
        if (kind == 5) root.height = 41;
        if (kind == 6) root.hash.bytes[31] ^= 1;
        echo_hash bad;
        assert_status(verify(&f, &root, &bad, NULL), ECHO_ERR_CORRUPT);
        assert_memory_equal(bad.bytes, root.hash.bytes, kind == 2 ? 0 : 32);
    }
    tear_down(&f);
}

/* P11: a store that cannot be read is not a tree that is corrupt. */
static void test_unreadable(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 60);
    for (long nth = 1;; nth++) {
        f.store->fail_in = nth;
        f.store->fail_with = ECHO_ERR_BUSY;
        echo_hash bad;
        static const echo_hash none;
        echo_status status = verify(&f, &f.root, &bad, NULL);
        if (f.store->fail_in > 0) {
            assert_ok(status);
            break;
        }
        assert_status(status, ECHO_ERR_BUSY);
        assert_memory_equal(&bad, &none, sizeof none);
    }
    tear_down(&f);
}

/* ---- reach ---- */

typedef struct reached {
    size_t count;
    echo_hash names[256];
    size_t stop_at;
    const echo_hash *leave;
    size_t plain; /* told as not to be read */
} reached;

static bool was_reached(const reached *r, const echo_hash *name) {
    for (size_t i = 0; i < r->count; i++)
        if (echo__hash_equal(&r->names[i], name)) return true;
    return false;
}

static echo_status reach(void *arg, const echo_hash *name) {
    reached *r = arg;
    assert_true(r->count < 256);
    r->names[r->count++] = *name;
    return r->count == r->stop_at ? ECHO_ERR_REFUSED : ECHO_OK;
}

static echo_status visit(void *arg, const echo_hash *name, bool *into) {
    reached *r = arg;
    if (!*into) r->plain++;
    *into = r->leave == NULL || !echo__hash_equal(name, r->leave);
    return reach(arg, name);
}

static void test_reach(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 400);
    reached r = {0, {{{0}}}, 0, NULL, 0};
    assert_ok(echo__tree_reach(f.chunks, &f.root, reach, &r, NULL));
    assert_int_equal(r.count, f.store->chunks.count); /* all there is, as nothing else was put */
    size_t at = 0;
    for (test_chunk *c; (c = echo__map_next(&f.store->chunks, &at)) != NULL;) assert_true(was_reached(&r, &c->name));
    assert_memory_equal(r.names[0].bytes, f.root.hash.bytes, 32);
    for (size_t stop = 1; stop <= r.count; stop++) {
        reached part = {0, {{{0}}}, stop, NULL, 0};
        assert_status(echo__tree_reach(f.chunks, &f.root, reach, &part, NULL), ECHO_ERR_REFUSED);
        assert_int_equal(part.count, stop);
        assert_memory_equal(part.names, r.names, stop * sizeof *r.names); /* nodes before what they name */
    }
    /* Left out: what is below is neither told nor read. */
    reached part = {0, {{{0}}}, 0, &f.root.hash, 0};
    assert_ok(echo__tree_visit(f.chunks, &f.root, visit, &part, NULL));
    assert_int_equal(part.count, 1);
    assert_int_equal(part.plain, 0);
    part = (reached){0, {{{0}}}, 0, NULL, 0};
    assert_ok(echo__tree_visit(f.chunks, &f.root, visit, &part, NULL));
    assert_int_equal(part.plain, 3); /* the segments */
    part = (reached){0, {{{0}}}, 0, &f.log_blob, 0};
    assert_ok(echo__tree_visit(f.chunks, &f.root, visit, &part, NULL));
    assert_int_equal(part.count, r.count - 1);
    assert_false(was_reached(&part, &f.segments[2]));
    assert_true(was_reached(&part, &f.segments[1]) && was_reached(&part, &f.blob));

    test_store_remove(f.store, &f.segments[0]); /* named, not read */
    assert_ok(echo__tree_visit(f.chunks, &f.root, visit, &part, NULL));
    test_store_remove(f.store, &f.blob);
    echo__chunks_keep(f.chunks, 0);
    r.count = 0;
    assert_status(echo__tree_reach(f.chunks, &f.root, reach, &r, NULL), ECHO_ERR_CORRUPT);
    assert_true(was_reached(&r, &f.blob));
    static const echo__root empty;
    r.count = 0;
    assert_ok(echo__tree_reach(f.chunks, &empty, reach, &r, NULL));
    assert_int_equal(r.count, 0);
    tear_down(&f);
}

/* In steps: the same chunks in the same order, one chunk of the tree a step. */
static void test_steps(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 400);
    reached all = {0, {{{0}}}, 0, NULL, 0}, r = {0, {{{0}}}, 0, NULL, 0};
    assert_ok(echo__tree_visit(f.chunks, &f.root, visit, &all, NULL));
    echo__chunks_keep(f.chunks, 0);
    echo__visitor *v;
    echo__chunk_counts before, after;
    size_t steps = 0;
    assert_ok(echo__visitor_open(&v, f.chunks, &f.root, visit, &r, NULL));
    assert_int_equal(r.count, 0);
    for (bool done = false; !done; steps++) {
        size_t told = r.count;
        echo__chunks_counts(f.chunks, &before);
        assert_ok(echo__visitor_step(v, &done, NULL));
        echo__chunks_counts(f.chunks, &after);
        assert_in_range(r.count, told + 1, told + 6); /* the fixture's blobs and segments may be in one leaf */
        assert_in_range(after.read, before.read + 1, before.read + 3);
    }
    assert_int_equal(steps, all.count - 5); /* all but 2 blobs and 3 segments */
    assert_int_equal(r.count, all.count);
    assert_memory_equal(r.names, all.names, all.count * sizeof *all.names);
    bool done = false;
    assert_ok(echo__visitor_step(v, &done, NULL)); /* behind the end */
    assert_true(done);
    assert_int_equal(r.count, all.count);
    echo__visitor_close(v);

    for (size_t stop = 1; stop <= all.count; stop++) { /* closed anywhere, and dead after a failure */
        r = (reached){0, {{{0}}}, stop, NULL, 0};
        assert_ok(echo__visitor_open(&v, f.chunks, &f.root, visit, &r, NULL));
        echo_status status;
        while ((status = echo__visitor_step(v, &done, NULL)) == ECHO_OK) assert_false(done);
        assert_status(status, ECHO_ERR_REFUSED);
        assert_false(done);
        assert_status(echo__visitor_step(v, &done, NULL), ECHO_ERR_INVALID);
        assert_int_equal(r.count, stop);
        echo__visitor_close(v);
    }
    static const echo__root empty;
    assert_ok(echo__visitor_open(&v, f.chunks, &empty, visit, &r, NULL));
    assert_ok(echo__visitor_step(v, &done, NULL));
    assert_true(done);
    echo__visitor_close(v);
    echo__root bad = f.root;
    bad.height = ECHO__TREE_HEIGHT_MAX + 1;
    assert_status(echo__visitor_open(&v, f.chunks, &bad, visit, &r, NULL), ECHO_ERR_CORRUPT);
    assert_null(v);
    echo__visitor_close(NULL);
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_bit_resigned),
        cmocka_unit_test(test_lies_in_records),
        cmocka_unit_test(test_lies_in_shape),
        cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
