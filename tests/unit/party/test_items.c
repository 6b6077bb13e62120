/*
 * An item's way through the set: the table at the top of party/items.h, row by row, with a capture on top. Whoever
 * changes an item asks the capture first, and what may be evicted is exactly what the root holds unchanged.
 */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "party/capture.h"
#include "party/items.h"

typedef struct fixture {
    echo_registry *registry;
    echo__items items;
    echo__model_counts models;
    echo__root root;
    echo__capture *capture;
    echo__ordered order[4];
} fixture;

static uint64_t no_clock(void *arg) {
    (void)arg;
    return 0;
}

static void fixture_open(fixture *f) {
    memset(f, 0, sizeof *f);
    assert_int_equal(echo_registry_new(&f->registry), ECHO_OK);
    echo__items_init(&f->items, f->registry);
    f->items.root = &f->root;
    f->items.evict.limit = 1;
}

static void fixture_close(fixture *f) {
    echo__capture_free(f->capture);
    echo__items_free(&f->items);
    echo_registry_free(f->registry);
}

static echo_item *add_item(fixture *f, const char *id) {
    echo_item *item;
    assert_int_equal(echo__items_add(&item, &f->items, echo__bytes_text(id)), ECHO_OK);
    assert_ptr_equal(echo__items_peek(&f->items, echo__bytes_text(id)), item);
    f->items.added++;
    echo__items_touch(&f->items, item);
    return item;
}

static void change(fixture *f, echo_item *item) {
    echo__items_before_change(&f->items, item);
    item->deleted = !item->deleted;
    item->has_deleted_at = true;
    echo__items_touch(&f->items, item);
}

static void cut(fixture *f) {
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo__capture_begin(&f->capture, &f->items, no_clock, NULL, &err), ECHO_OK);
    assert_non_null(f->items.before_change);
}

static void take_all(fixture *f, echo_item *const *items, size_t n) {
    echo_error err = ECHO_ERROR_INIT;
    for (size_t i = 0; i < n; i++) f->order[i].item = items[i];
    f->capture->order = f->order;
    while (!echo__capture_complete(f->capture)) {
        echo__batch *full;
        assert_int_equal(echo__capture_next(f->capture, &full, &err), ECHO_OK);
        assert_null(full);
    }
    echo__batch *batch = echo__capture_rest(f->capture);
    assert_int_equal(batch->count, n);
    char *lines = strndup((const char *)batch->lines.data, batch->lines.len);
    assert_non_null(lines);
    assert_null(strstr(lines, "deleted")); /* the records are those of the cut */
    free(lines);
    echo__batch_free(batch);
}

static void end(fixture *f, bool published) {
    echo__capture_over(f->capture, published);
    while (echo__capture_settle(f->capture)) continue;
    assert_null(f->items.captured);
    assert_int_equal(f->items.captured_count, 0);
    assert_int_equal(f->items.captured_again, 0);
    echo__capture_free(f->capture);
    f->capture = NULL;
    assert_null(f->items.before_change);
}

static void test_published(void **arg) {
    (void)arg;
    fixture f;
    fixture_open(&f);
    echo_item *items[] = {add_item(&f, "a"), add_item(&f, "b"), add_item(&f, "c")};
    assert_int_equal(echo__items_unsaved(&f.items), 3);
    cut(&f);
    for (size_t i = 0; i < 3; i++) {
        assert_true(echo__item_captured(&f.items, items[i]) && !echo__item_changed(&f.items, items[i]));
        assert_false(items[i]->evictable || echo__items_in_root(&f.items, items[i]));
    }
    assert_int_equal(echo__items_unsaved(&f.items), 3);
    change(&f, items[1]); /* before its turn */
    assert_true(items[1]->taken && items[1]->more->copied != NULL);
    assert_int_equal(f.capture->copied, 1);
    assert_int_equal(f.items.captured_again, 1);
    change(&f, items[1]); /* again: its record is there */
    assert_int_equal(f.capture->copied, 1);
    assert_int_equal(f.items.captured_again, 1);
    change(&f, items[1]);
    take_all(&f, items, 3);
    change(&f, items[2]); /* after its turn */
    assert_null(items[2]->more->copied);
    assert_int_equal(f.items.captured_again, 2);
    assert_int_equal(echo__items_unsaved(&f.items), 3);
    echo__capture_over(f.capture, true);
    assert_true(echo__items_in_root(&f.items, items[0])); /* at once, although none is settled */
    assert_int_equal(echo__items_unsaved(&f.items), 2);
    end(&f, true);
    assert_true(items[0]->in_root && items[0]->evictable && !echo__item_changed(&f.items, items[0]));
    for (size_t i = 1; i < 3; i++)
        assert_true(items[i]->in_root && !items[i]->evictable && echo__item_changed(&f.items, items[i]));
    assert_int_equal(echo__items_unsaved(&f.items), 2);
    assert_false(echo__items_evict(&f.items, 3)); /* the one that is clean, and no more */
    assert_null(echo__items_peek(&f.items, echo__bytes_text("a")));
    assert_ptr_equal(echo__items_peek(&f.items, echo__bytes_text("b")), items[1]);
    assert_int_equal(f.items.evict.evicted, 1);
    assert_int_equal(echo__items_held(&f.items), f.items.evict.weight);
    fixture_close(&f);
}

static void test_failed(void **arg) {
    (void)arg;
    fixture f;
    fixture_open(&f);
    echo_item *items[] = {add_item(&f, "a"), add_item(&f, "b")};
    cut(&f);
    change(&f, items[0]);
    end(&f, false);
    for (size_t i = 0; i < 2; i++) {
        assert_false(items[i]->in_root || items[i]->evictable || items[i]->taken);
        assert_true(echo__item_changed(&f.items, items[i]) && !echo__item_captured(&f.items, items[i]));
    }
    assert_int_equal(f.items.changed_count, 2);
    assert_int_equal(echo__items_unsaved(&f.items), 2);
    assert_false(echo__items_evict(&f.items, 2));
    assert_int_equal(f.items.table.count, 2);
    fixture_close(&f);
}

/* A party can be freed in the middle of a capture. */
static void test_freed_while_captured(void **arg) {
    (void)arg;
    fixture f;
    fixture_open(&f);
    (void)add_item(&f, "a");
    echo_item *b = add_item(&f, "b");
    cut(&f);
    change(&f, b);
    fixture_close(&f);
}

static void test_added_and_dropped(void **arg) {
    (void)arg;
    fixture f;
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    bool exists;
    fixture_open(&f);
    assert_int_equal(echo__items_add(&item, &f.items, echo__bytes_text("a")), ECHO_OK);
    echo__items_drop(&f.items, item);
    assert_int_equal(echo__items_find(&item, &f.items, echo__bytes_text("a"), &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(err.code, ECHO_OK); /* an answer, not an error */
    assert_int_equal(echo__items_exists(&exists, &f.items, echo__bytes_text("a"), &err), ECHO_OK);
    assert_false(exists);
    assert_int_equal(echo__items_get(&item, &f.items, echo__bytes_text("a"), &err), ECHO_ERR_NOT_FOUND);
    assert_int_equal(err.code, ECHO_ERR_NOT_FOUND);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_freed_while_captured),
        cmocka_unit_test(test_added_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
