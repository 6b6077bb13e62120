/* Items in one block: what is shared, what is in the block, and what becomes of it when the item changes. */
#include "support/test.h"

#include <echo/object.h>
#include <stdio.h>
#include <string.h>

#include "party/item_record.h"
#include "party/item_state.h"
#include "support/fault.h"
#include "support/state.h"
#include "tree/leaf.h"

#define FEED(digit) digit digit digit digit digit digit digit digit
#define KEY1 FEED("01010101")
#define KEY2 FEED("02020202")
#define HEAD                                                                                                           \
    "{\"id\":\"item\",\"type\":\"a type\",\"model\":\"dxos:model/object\",\"version\":1,\"parent\":\"above\"," REST
#define REST "\"at\":{\"genesis\":[7,\"" KEY1 "\",5]%s}"
#define STATE                                                                                                          \
    ",\"state\":{\"feeds\":[\"" KEY1 "\",\"" KEY2 "\"],\"values\":{\"a\":\"text\",\"b\":1},\"when\":[[1,9],3]}}"

typedef struct fixture {
    echo_registry *registry;
    echo__names names;
    echo__item_source from;
    echo__buf leaf;
    char line[2000]; /* alone */
    echo__shared shared;
    uint8_t room[1000];
    echo__line within; /* in a leaf */
} fixture;

/* A record, alone and as a leaf of its own has it. */
static void begin(fixture *f, const char *more, const char *state) {
    char with_newline[2100];
    size_t size;
    echo_error err = ECHO_ERROR_INIT;
    memset(f, 0, sizeof *f);
    assert_int_equal(echo_registry_new(&f->registry), ECHO_OK);
    assert_int_equal(echo_registry_add_object(f->registry, NULL), ECHO_OK);
    echo__names_init(&f->names);
    f->from = (echo__item_source){NULL, f->registry, &f->names};
    int n = snprintf(f->line, sizeof f->line, HEAD "%s", more, state);
    assert_true(n > 0 && (size_t)n < sizeof f->line);
    (void)snprintf(with_newline, sizeof with_newline, "%s\n", f->line);
    assert_ok(echo__leaf_pack(&f->leaf, echo__bytes_text(with_newline), SIZE_MAX, &err), &err);
    echo__scan s = echo__scan_of(echo__buf_bytes(&f->leaf));
    assert_null(echo__shared_scan(&s, &size));
    assert_true(size <= sizeof f->room);
    size_t head = (size_t)(s.at - f->leaf.data);
    echo__shared_fill(&f->shared, f->room, echo__bytes(f->leaf.data, head));
    f->within = (echo__line){echo__bytes(f->leaf.data + head, f->leaf.len - head - 1), &f->shared};
}

static void end(fixture *f) {
    echo__names_free(&f->names);
    echo__buf_free(&f->leaf);
    echo_registry_free(f->registry);
}

static echo_item *load(const fixture *f, echo__line line) {
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__item_load(&item, &f->from, line, &err), &err);
    return item;
}

static void hydrate(const fixture *f, echo_item *item) {
    bool differs;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__item_hydrate(&differs, item, echo__registry_find_text(f->registry, item->model), &err), &err);
    assert_false(differs);
}

static void assert_written(const fixture *f, echo_item *item) {
    echo__buf line = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo__item_line(&line, item, &err), &err);
    echo__buf_byte(&line, 0);
    assert_string_equal((const char *)line.data, f->line);
    echo__buf_free(&line);
}

static void test_one_block(void **arg) {
    (void)arg;
    fixture f;
    begin(&f, "", STATE);
    echo__item_free(load(&f, f.within)); /* names are there now */
    long before = fault_blocks();
    fault_at(1000);
    echo_item *item = load(&f, f.within);
    hydrate(&f, item);
    assert_int_equal(fault_allocations(), 1);
    assert_false(fault_off());
    assert_int_equal(fault_blocks() - before, 1);
    assert_true(item->folded && item->more == NULL && item->feeds != NULL);
    assert_ptr_equal(item->type, echo__names_get(&f.names, echo__bytes_text("a type"), 0, NULL)->text);
    assert_string_equal(item->parent, "above");
    assert_int_equal(item->stored.len, strlen("{\"values\":{\"a\":\"text\",\"b\":1},\"when\":[[1,9],3]}"));
    echo_bytes text;
    assert_int_equal(echo_object_get_string(&text, item, "a", NULL), ECHO_OK);
    assert_memory_equal(text.data, "text", 4);
    assert_written(&f, item);
    echo__item_free(item);
    assert_int_equal(fault_blocks(), before);
    end(&f);
}

/* Both forms of the record give the same item, with a state and without; so do the ways to unfold it. */
static void test_unfolding(void **arg) {
    (void)arg;
    static const char *const more[] = {"", ",\"parent\":[9,\"" KEY2 "\",8]"};
    static const char *const states[] = {STATE, ",\"state\":{\"values\":{},\"when\":[]}}", "}"};
    for (unsigned i = 0; i < 24; i++) {
        fixture f;
        begin(&f, more[i & 1], states[i / 8]);
        if (i / 8 == 2) { /* without a version */
            end(&f);
            continue;
        }
        echo_item *item = load(&f, i & 2 ? f.within : echo__line_alone(echo__bytes_text(f.line)));
        if (i & 4) hydrate(&f, item);
        assert_written(&f, item);
        uint32_t generation = item->generation;
        bool short_of_feeds = item->feeds != NULL;
        assert_int_equal(short_of_feeds, (i & 2) && i / 8 == 0);
        assert_int_equal(echo__item_unfold(item), ECHO_OK);
        assert_true(!item->folded && item->more != NULL && item->feeds == NULL);
        assert_int_equal(item->generation != generation, short_of_feeds); /* what was borrowed is stale */
        assert_written(&f, item);
        assert_int_equal(echo__item_unfold(item), ECHO_OK); /* once is enough */
        echo__stamp genesis;
        echo__item_genesis(&genesis, item);
        assert_true(genesis.time == 7 && genesis.seq == 5 && genesis.feed.bytes[31] == 1);
        if (!(i & 4)) hydrate(&f, item);
        assert_written(&f, item);
        echo__item_free(item);
        end(&f);
    }
}

static void test_unfold_nomem(void **arg) {
    (void)arg;
    fixture f;
    begin(&f, "", STATE);
    echo_item *item = load(&f, f.within);
    hydrate(&f, item);
    for (long nth = 1;; nth++) {
        fault_at(nth);
        echo_status status = echo__item_unfold(item);
        if (!fault_off()) break;
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_true(item->folded);
        assert_written(&f, item);
    }
    assert_written(&f, item);
    echo__item_free(item);
    for (long nth = 1;; nth++) { /* and loading */
        echo_error err = ECHO_ERROR_INIT;
        long before = fault_blocks() - (long)f.names.map.count;
        fault_at(nth);
        echo_status status = echo__item_load(&item, &f.from, f.within, &err);
        if (!fault_off()) break;
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_null(item);
        assert_int_equal(fault_blocks() - (long)f.names.map.count, before);
    }
    echo__item_free(item);
    end(&f);
}

/* When too many types and lists are shared already, the item has its own. */
static void test_too_many_names(void **arg) {
    (void)arg;
    fixture f;
    begin(&f, "", STATE);
    for (unsigned i = 0; i < 1000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%u", i);
        assert_non_null(echo__names_get(&f.names, echo__bytes_text(name), 0, NULL));
    }
    echo_item *item = load(&f, f.within);
    assert_true(item->folded && item->feeds == NULL && item->more != NULL);
    hydrate(&f, item);
    assert_written(&f, item);
    assert_int_equal(echo__item_unfold(item), ECHO_OK);
    assert_written(&f, item);
    echo__item_free(item);
    f.from.names = NULL; /* nothing is shared */
    f.from.registry = NULL;
    item = load(&f, f.within);
    assert_null(echo__item_room(item));
    hydrate(&f, item);
    assert_written(&f, item);
    echo__item_free(item);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_block), cmocka_unit_test(test_unfolding),
                                       cmocka_unit_test(test_unfold_nomem), cmocka_unit_test(test_too_many_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
