#include "unit/tree/tree_support.h"

typedef struct fixture {
    test_store *store;
    echo__chunks *chunks;
    test_model model;
    echo__root root;
} fixture;

static void set_up(fixture *f, size_t n) {
    memset(f, 0, sizeof *f);
    f->store = test_store_new();
    f->chunks = test_chunks(f->store);
    model_fill(&f->model, n);
    f->root = build(f->chunks, &f->model);
}

static void tear_down(fixture *f) {
    model_free(&f->model);
    echo__chunks_free(f->chunks);
    test_store_free(f->store);
}

static void assert_hex(const echo_hash *hash, const char *expected) {
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, hash);
    assert_string_equal(hex, expected);
}

/* Sets (or, with value UINT64_MAX, removes) one record in tree and model, and checks the root against a build from
 * nothing. */
static void change(fixture *f, const char *id, uint64_t value) {
    echo__change c = {text(id), {NULL, 0}};
    bool exists;
    if (value == UINT64_MAX) {
        model_remove(&f->model, c.id);
    } else {
        model_add(&f->model, c.id, value, 10);
        c.line = line_of(&f->model.records[model_find(&f->model, c.id, &exists)]);
    }
    assert_ok(echo__tree_update(&f->root, f->chunks, &f->root, &c, 1, NULL));
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    echo__root root = build(chunks, &f->model);
    assert_root_equal(&f->root, &root);
    echo__chunks_free(chunks);
    test_store_free(store);
}

/* A record that refers to one of three types, one of two models (or none) and one of five feeds, with stamps of every
 * form. */
static void add_golden(test_model *m, const char *id, size_t i) {
    char type[8], line[256];
    echo__buf out = ECHO__BUF_INIT;
    echo__record r;
    memset(&r, 0, sizeof r);
    (void)snprintf(type, sizeof type, "t%zu", i % 3);
    (void)snprintf(line, sizeof line, "%zu", i);
    r.id = text(id);
    r.type = text(type);
    if (i % 7 != 0) r.model = text("m");
    r.version = 1;
    r.has_genesis = true;
    r.genesis.time = i % 2 != 0 ? i + 1 : i + 7;
    r.genesis.seq = i;
    memset(r.genesis.feed.bytes, (int)(i % 5), sizeof r.genesis.feed.bytes);
    r.state = text(line);
    echo__record_write(&out, &r);
    model_set(m, r.id, echo__buf_bytes(&out));
    echo__buf_free(&out);
}

/* The bytes of a leaf and a node, and roots of larger trees, as another program makes them: the format does not drift.
 */
static void test_golden(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 0);
    static const char *const ids[] = {"item/23", "item/24", "item/25"};
    for (size_t i = 0; i < 3; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "{\"id\":\"%s\"}", ids[i]);
        model_set(&f.model, text(ids[i]), text(line));
    }
    f.root = build(f.chunks, &f.model);
    assert_hex(&f.root.hash, "bbe0c3f976c5707baad82b66d9ab1458c81005478907eae51a657a9be94784d5");
    assert_true(f.root.height == 1 && f.root.items == 3 && f.root.bytes == 99);
    assert_int_equal(f.store->chunks.count, 3);
    const test_chunk *node = test_store_chunk(f.store, &f.root.hash);
    echo_bytes bytes = {node->data, node->len};
    assert_bytes_text(
        bytes,
        "{\"last\":\"item/"
        "24\",\"hash\":\"4632fa7c21c7e966365a33f5ae2f01a4b801f96b288ab86f820f991be162bbcd\",\"items\":2,\"bytes\":58}\n"
        "{\"last\":\"item/"
        "25\",\"hash\":\"fcb908be37af7b63bf7b46121aad87089aef3148cca801e4f5c82be36e0065e8\",\"items\":1,\"bytes\":41}"
        "\n");
    echo_hash name;
    assert_ok(echo_hash_parse(&name, "4632fa7c21c7e966365a33f5ae2f01a4b801f96b288ab86f820f991be162bbcd"));
    const test_chunk *leaf = test_store_chunk(f.store, &name);
    assert_non_null(leaf);
    bytes = echo__bytes(leaf->data, leaf->len);
    assert_bytes_text(bytes, NO_HEADER "{\"id\":\"item/23\"}\n{\"id\":\"item/24\"}\n");
    tear_down(&f);

    static const struct {
        uint32_t bits, height;
        size_t n;
        const char *hash;
    } roots[] = {{4, 2, 3000, "09a18db847b397ba407353e540fbe169c39c24d77cb6cd87c16d495b66a96c00"},
                 {4, 4, 100000, "001270ef13208a289024f0d4c227552c354d562e0bbca3dddaf2df853489a2c0"},
                 {5, 2, 3000, "ed909507e6957b9e6f20c7d9e132f6936d3dcb832d5bf1953fdea244c859a141"},
                 {5, 3, 100000, "0a89c43c373a3978e6796f4cd9cc90bae2f9ca77880d881a058833950542823d"}};
    size_t compared = 0;
    for (size_t r = 0; r < sizeof roots / sizeof *roots; r++) {
        if (roots[r].bits != ECHO__TREE_BITS) continue;
        compared++;
        set_up(&f, 0);
        for (size_t i = 0; i < roots[r].n; i++) {
            char id[32];
            (void)snprintf(id, sizeof id, "item/%06zu", i);
            add_golden(&f.model, id, i);
        }
        f.root = build(f.chunks, &f.model);
        assert_hex(&f.root.hash, roots[r].hash);
        assert_int_equal(f.root.height, roots[r].height);
        tear_down(&f);
    }
    assert_int_equal(compared, 2);
}

static void test_empty(void **state) {
    (void)state;
    static const echo__root empty;
    fixture f;
    set_up(&f, 0);
    assert_memory_equal(&f.root, &empty, sizeof empty);
    change(&f, "absent", UINT64_MAX);
    assert_int_equal(f.store->chunks.count, 0);
    change(&f, "a", 1);
    assert_true(f.root.items == 1 && f.root.height == 0 && f.store->chunks.count == 1);
    change(&f, "a", UINT64_MAX);
    assert_memory_equal(&f.root, &empty, sizeof empty);
    assert_int_equal(f.store->chunks.count, 1);
    tear_down(&f);

    set_up(&f, 5000); /* all at once */
    echo__change *changes = calloc(f.model.count, sizeof *changes);
    assert_non_null(changes);
    for (size_t i = 0; i < f.model.count; i++) changes[i].id = id_of(&f.model.records[i]);
    echo__chunk_counts before, after;
    echo__chunks_counts(f.chunks, &before);
    assert_ok(echo__tree_update(&f.root, f.chunks, &f.root, changes, f.model.count, NULL));
    assert_memory_equal(&f.root, &empty, sizeof empty);
    echo__chunks_counts(f.chunks, &after);
    assert_int_equal(after.written, before.written);
    free(changes);
    tear_down(&f);
}

/* Records whose ids end many levels make nodes of one line, and a tree that gets lower must leave them out. */
static void test_heights(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 0);
    char ids[4][32];
    uint64_t serial = 0;
    for (uint32_t i = 0; i < 4; i++) {
        char prefix[2] = {(char)('a' + i), '\0'};
        find_id(ids[i], sizeof ids[i], prefix, i < 3 ? 2 : 1, &serial);
    }
    change(&f, ids[0], 1);
    assert_true(f.root.height == 0 && f.store->chunks.count == 1); /* nothing above a chunk that is alone */
    change(&f, ids[1], 1);
    assert_int_equal(f.root.height, 2);
    change(&f, ids[2], 1);
    assert_int_equal(f.root.height, 2);
    change(&f, ids[3], 1);
    change(&f, ids[0], UINT64_MAX);
    change(&f, ids[1], UINT64_MAX);
    assert_int_equal(f.root.height, 2); /* two nodes of one line each */
    size_t chunks = f.store->chunks.count;
    change(&f, ids[2], UINT64_MAX);
    assert_int_equal(f.root.height, 0); /* a leaf that was there, and no node above it */
    assert_int_equal(f.store->chunks.count, chunks);
    change(&f, ids[2], 1);
    change(&f, ids[3], 2);
    chunks = f.store->chunks.count;
    change(&f, ids[3], UINT64_MAX);
    assert_int_equal(f.root.height, 0);
    assert_int_equal(f.store->chunks.count, chunks);
    change(&f, ids[2], 4);
    change(&f, ids[3], 5);
    assert_int_equal(f.root.height, 2);
    char line[64];
    (void)snprintf(line, sizeof line, "{\"id\":\"%s\"}", ids[3]);
    echo__change both[2] = {{text(ids[2]), {NULL, 0}}, {text(ids[3]), text(line)}};
    chunks = f.store->chunks.count;
    assert_ok(
        echo__tree_update(&f.root, f.chunks, &f.root, both, 2, NULL)); /* of all levels only the new leaf is put */
    assert_int_equal(f.root.height, 0);
    assert_int_equal(f.store->chunks.count, chunks + 1);
    model_remove(&f.model, both[0].id);
    model_set(&f.model, both[1].id, both[1].line);
    change(&f, ids[2], 4);
    change(&f, "zzz", 1);
    change(&f, ids[1], 1);
    change(&f, ids[0], 1);
    while (f.model.count > 0) {
        char id[32];
        memcpy(id, f.model.records[0].id, f.model.records[0].id_len + 1);
        change(&f, id, UINT64_MAX);
    }
    tear_down(&f);
}

/* Removing an id that ends a leaf joins it with the next; adding one splits. The same at the ends of nodes. */
static void test_boundaries(void **state) {
    (void)state;
    for (uint32_t depth = 1; depth <= 3; depth++) {
        fixture f;
        set_up(&f, 2000);
        uint64_t serial = 0;
        char id[32];
        find_id(id, sizeof id, "item/001000/", depth, &serial);
        echo__root before = f.root;
        change(&f, id, 1);
        change(&f, id, 2);
        change(&f, id, UINT64_MAX);
        assert_root_equal(&f.root, &before);
        size_t edges = 0;
        for (size_t i = 0; i < f.model.count && edges < 20; i++) {
            if (echo__boundary(id_of(&f.model.records[i])) == 0) continue;
            memcpy(id, f.model.records[i].id, f.model.records[i].id_len + 1);
            change(&f, id, UINT64_MAX);
            edges++;
        }
        assert_int_equal(edges, 20);
        tear_down(&f);
    }
}

/* Ids that never end a chunk: cut at 256, and every cut after a change moves, as far as the run goes. */
static void test_runs(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 0);
    uint64_t serial = 0;
    for (size_t i = 0; i < 256 * 4 + 10; i++) {
        char id[32];
        find_id(id, sizeof id, "b", 0, &serial);
        model_add(&f.model, text(id), i, 10);
    }
    f.root = build(f.chunks, &f.model);
    assert_true(f.root.height == 1 && f.store->chunks.count == 6);
    echo__chunk_counts before, after;
    uint64_t front = 0;
    char id[32];
    find_id(id, sizeof id, "a", 0, &front);
    echo__chunks_counts(f.chunks, &before);
    change(&f, id, 1);
    echo__chunks_counts(f.chunks, &after);
    assert_int_equal(after.written - before.written, 6);
    change(&f, id, UINT64_MAX);
    find_id(id, sizeof id, "a", 1, &front); /* ends its own leaf: the others stay */
    echo__chunks_counts(f.chunks, &before);
    change(&f, id, 1);
    echo__chunks_counts(f.chunks, &after);
    assert_int_equal(after.written - before.written, 2);
    for (size_t i = 0; i < 10; i++) { /* down to exactly four full leaves */
        memcpy(id, f.model.records[f.model.count - 1].id, f.model.records[f.model.count - 1].id_len + 1);
        change(&f, id, UINT64_MAX);
    }
    find_id(id, sizeof id, "c", 0, &front);
    size_t puts = f.store->puts;
    change(&f, id, 1); /* begins a leaf behind a full one, which stays */
    assert_int_equal(f.store->puts - puts, 2);
    tear_down(&f);
}

static void test_no_change(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 3000);
    echo__change *changes = calloc(f.model.count * 2, sizeof *changes);
    assert_non_null(changes);
    static char absent[3000][32];
    size_t n = 0;
    for (size_t i = 0; i < f.model.count; i++) {
        changes[n++] = (echo__change){id_of(&f.model.records[i]), line_of(&f.model.records[i])};
        (void)snprintf(absent[i], sizeof absent[i], "%s/no", f.model.records[i].id);
        changes[n++] = (echo__change){text(absent[i]), {NULL, 0}};
    }
    size_t puts = f.store->puts;
    echo__root root = {{{1}}, 1, 1, 1};
    assert_ok(echo__tree_update(&root, f.chunks, &f.root, changes, n, NULL));
    assert_root_equal(&root, &f.root);
    assert_ok(echo__tree_update(&root, f.chunks, &f.root, NULL, 0, NULL));
    assert_root_equal(&root, &f.root);
    assert_int_equal(f.store->puts, puts);
    free(changes);
    tear_down(&f);
}

/* k changes far apart write and read k paths, and not much more. */
static void test_cost(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 20000);
    test_random random = {7};
    for (size_t k = 1; k <= 64; k *= 4) {
        for (int kind = 0; kind < 3; kind++) { /* edit, add, remove */
            echo__change changes[64];
            char ids[64][32];
            echo__buf lines[64];
            for (size_t i = 0; i < k; i++) {
                size_t at = i * (20000 / k) + (size_t)test_random_below(&random, 20000 / k);
                (void)snprintf(ids[i], sizeof ids[i], kind == 1 ? "item/%06zux" : "item/%06zu", at);
                changes[i] = (echo__change){text(ids[i]), {NULL, 0}};
                lines[i] = (echo__buf)ECHO__BUF_INIT;
                make_line(&lines[i], changes[i].id, 999999, 10);
                if (kind != 2) changes[i].line = echo__buf_bytes(&lines[i]);
            }
            echo__chunk_counts before, after;
            echo__chunks_keep(f.chunks, 0);
            echo__chunks_keep(f.chunks, ECHO__CHUNK_KEEP);
            echo__chunks_counts(f.chunks, &before);
            echo__root root;
            assert_ok(echo__tree_update(&root, f.chunks, &f.root, changes, k, NULL));
            echo__chunks_counts(f.chunks, &after);
            assert_in_range(after.written - before.written, 1, k * (f.root.height + 2) + 2);
            assert_in_range(after.read - before.read, 1, k * (f.root.height + 2) + 2);
            if (k == 1 && kind == 0) assert_int_equal(after.written - before.written, f.root.height + 1);
            if (k == 1 && kind == 0) assert_int_equal(after.read - before.read, f.root.height + 1);
            for (size_t i = 0; i < k; i++) echo__buf_free(&lines[i]);
        }
    }
    tear_down(&f);
}

/* A batch in parts is one update: the same root, and nothing written that one batch would not write. */
static void test_parts(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 3000);
    test_store *store = test_store_new();
    echo__chunks *chunks = test_chunks(store);
    static const echo__root empty;
    echo__update *u;
    assert_ok(echo__update_new(&u, chunks, &empty));
    for (size_t i = 0; i < f.model.count; i++) {
        char *line = copy_bytes(line_of(&f.model.records[i])),
             *id = copy_bytes(id_of(&f.model.records[i])); /* gone after the call */
        echo__change c = {text(id), text(line)};
        assert_ok(echo__update_add(u, &c, 1, NULL));
        free(line);
        free(id);
    }
    echo__root root;
    assert_ok(echo__update_finish(&root, u, NULL));
    assert_root_equal(&root, &f.root);
    assert_int_equal(store->chunks.count, f.store->chunks.count);
    assert_status(echo__update_finish(&root, u, NULL), ECHO_ERR_INVALID);
    assert_status(echo__update_add(u, NULL, 0, NULL), ECHO_ERR_INVALID);
    echo__update_free(u);
    echo__update_free(NULL);
    assert_ok(echo__update_new(&u, chunks, &root)); /* given up */
    echo__change c = {text("x"), text("{\"id\":\"x\"}")};
    assert_ok(echo__update_add(u, &c, 1, NULL));
    echo__change back = {text("a"), {NULL, 0}};
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo__update_add(u, &back, 1, &err), ECHO_ERR_INVALID); /* order holds over all parts */
    assert_string_equal(err.item, "a");
    assert_status(echo__update_finish(&root, u, NULL), ECHO_ERR_INVALID);
    echo__update_free(u);
    echo__chunks_free(chunks);
    test_store_free(store);
    tear_down(&f);
}

static void test_refused(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 10);
    static char long_id[ECHO__ID_MAX + 2];
    memset(long_id, 'a', ECHO__ID_MAX + 1);
    const struct {
        const char *ids[2], *lines[2];
    } bad[] = {
        {{"b", "a"}, {"{\"id\":\"b\"}", "{\"id\":\"a\"}"}},
        {{"a", "a"}, {"{\"id\":\"a\"}", "{\"id\":\"a\"}"}},
        {{"a", ""}, {NULL, NULL}},
        {{"", "a"}, {NULL, NULL}},
        {{"a", long_id}, {NULL, NULL}},
        {{"a", "b"}, {NULL, "{\"id\":\"a\"}"}},
        {{"a", "b"}, {NULL, "{\"id\":\"b\n\"}"}},
        {{"a", "b"}, {NULL, "{\"id\":\"b\"}\n"}},
        {{"a", "b"}, {NULL, "{\"id\":\"\\u0062\"}"}},
        {{"a", "b"}, {NULL, ""}},
        {{"a", "b"}, {NULL, "{\"i"}},
        {{"a", "\xff"}, {NULL, "{\"id\":\"\xff\"}"}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        echo__change changes[2];
        for (size_t j = 0; j < 2; j++)
            changes[j] = (echo__change){text(bad[i].ids[j]),
                                        bad[i].lines[j] == NULL ? echo__bytes(NULL, 0) : text(bad[i].lines[j])};
        echo__root root = {{{9}}, 9, 9, 9}, same = root;
        echo_error err = ECHO_ERROR_INIT;
        if (echo__tree_update(&root, f.chunks, &f.root, changes, 2, &err) != ECHO_ERR_INVALID)
            fail_msg("case %zu was accepted", i);
        assert_int_equal(err.code, ECHO_ERR_INVALID);
        assert_root_equal(&root, &same);
    }
    echo__buf line = ECHO__BUF_INIT;
    for (size_t len = ECHO__LINE_MAX - 1; len <= ECHO__LINE_MAX;
         len++) { /* with its newline at the limit, and one beyond */
        echo__buf_clear(&line);
        echo__buf_text(&line, "{\"id\":\"a\",\"type\":\"");
        while (line.len < len - 2) echo__buf_byte(&line, 'x');
        echo__buf_text(&line, "\"}");
        echo__change c = {text("a"), echo__buf_bytes(&line)};
        echo__root root;
        assert_status(echo__tree_update(&root, f.chunks, &f.root, &c, 1, NULL),
                      len < ECHO__LINE_MAX ? ECHO_OK : ECHO_ERR_LIMIT);
    }
    echo__buf_free(&line);
    tear_down(&f);
}

/* Trees that lie or have holes: an error, and the root that was given is not written. */
static void test_corrupt(void **state) {
    (void)state;
    fixture f;
    set_up(&f, 5000);
    echo__change c = {text("item/002500"), {NULL, 0}};
    echo__root root = {{{9}}, 9, 9, 9}, same = root;
    for (int kind = 0; kind < 5; kind++) {
        echo__root given = f.root;
        if (kind == 0) given.height++;
        if (kind == 1) given.height = 0;
        if (kind == 2) given.items--;
        if (kind == 3) given.height = ECHO__TREE_HEIGHT_MAX + 1;
        if (kind == 4) given.hash.bytes[0] ^= 1;
        assert_status(echo__tree_update(&root, f.chunks, &given, &c, 1, NULL), ECHO_ERR_CORRUPT);
        assert_root_equal(&root, &same);
    }
    echo__root none = {{{0}}, 1, 0, 0};
    assert_status(echo__tree_update(&root, f.chunks, &none, &c, 1, NULL), ECHO_ERR_CORRUPT);
    tear_down(&f);
}

/* An old record that cannot be read: named when it would have to be copied, gone when it is replaced. */
static void test_damaged_record(void **state) {
    (void)state;
    static const char good[] = "{\"id\":\"item/000021\",\"kind\":0";
    fixture f;
    set_up(&f, 60);
    echo__path path;
    assert_ok(echo__path_init(&path, f.chunks, &f.root, NULL));
    assert_ok(echo__path_seek(&path, 0, text("item/000021"), NULL));
    const echo__page *leaf = echo__path_page(&path);
    assert_in_range(path.at[0], 1, leaf->lines->count - 2); /* it has neighbours */
    echo_hash name = leaf->chunk->name;
    echo_bytes bytes = leaf->chunk->bytes;
    char *forged = copy_bytes(bytes);
    size_t at = find_bytes(bytes, good, sizeof good - 1);
    assert_true(at != SIZE_MAX);
    memcpy(forged + at + sizeof good - 4, "d", 1); /* "kind":0 becomes "kindd0 */
    forge(f.store, &f.root, &name, echo__bytes(forged, bytes.len));
    echo__path_free(&path);
    echo__chunks_keep(f.chunks, 0);

    echo__buf line = ECHO__BUF_INIT;
    make_line(&line, text("item/000022"), 99, 10);
    echo__change neighbour = {text("item/000022"), echo__buf_bytes(&line)};
    echo__root out;
    echo_error err = ECHO_ERROR_INIT;
    assert_status(echo__tree_update(&out, f.chunks, &f.root, &neighbour, 1, &err), ECHO_ERR_CORRUPT);
    assert_string_equal(err.item, "item/000021");
    assert_non_null(strstr(err.message, "chunk "));
    assert_non_null(strstr(err.message, "record: "));
    change(&f, "item/000021", 7);
    assert_ok(echo__tree_verify(f.chunks, &f.root, NULL, &err));
    echo__buf_free(&line);
    free(forged);
    tear_down(&f);
}

/* A change whose line is not a record's: said of that change, not of the one that ends its leaf. */
static void test_malformed_changes(void **state) {
    (void)state;
    static const char *const lines[] = {"{\"id\":\"a\",\"kind\":0}",
                                        "{\"id\":\"a\",\"deleted\":false}",
                                        "{\"id\":\"a\",\"type\":1}",
                                        "{\"id\":\"b\"}",
                                        "{\"id\":\"a\"",
                                        "{\"id\":\"a\",\"at\":{\"genesis\":3}}",
                                        "{\"id\":\"a\"}\n"};
    fixture f;
    set_up(&f, 5);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        echo__change changes[2] = {{text("a"), text(lines[i])}, {text("c"), text("{\"id\":\"c\"}")}};
        echo__root out;
        echo_error err = ECHO_ERROR_INIT;
        if (echo__tree_update(&out, f.chunks, &f.root, changes, 2, &err) != ECHO_ERR_INVALID)
            fail_msg("%s: %s", lines[i], err.message);
        assert_string_equal(err.item, "a");
    }
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_record), cmocka_unit_test(test_malformed_changes),
        cmocka_unit_test(test_golden),         cmocka_unit_test(test_empty),
        cmocka_unit_test(test_heights),        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_runs),           cmocka_unit_test(test_no_change),
        cmocka_unit_test(test_cost),           cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
