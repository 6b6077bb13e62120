/* Records from items: what the object model's state costs on the way. */
#include "support/test.h"

#include <echo/object.h>
#include <echo/party.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "party/item_record.h"
#include "party/item_state.h"
#include "support/fault.h"

static void set(echo_item *item, const char *key, const char *text, uint64_t seq) {
    echo_object_mutation *made;
    echo_mutation mutation = {{NULL, 0}, 1000 + seq, {{(uint8_t)(seq % 3)}}, seq};
    cJSON *value = cJSON_CreateString(text);
    assert_int_equal(echo_object_mutation_new(&made, 2), ECHO_OK);
    echo_object_set(made, key, value);
    assert_int_equal(echo_object_mutation_bytes(&mutation.bytes, made), ECHO_OK);
    assert_int_equal(item->ops->ops.apply(item->ops->ctx, item->state, &mutation, NULL), ECHO_OK);
    echo_object_mutation_free(made);
    cJSON_Delete(value);
}

/* The state of an ordinary item is written without nodes: one block for its text, beside the line itself. */
static void test_object_takes_one_block(void **unused) {
    (void)unused;
    static const char *const keys[] = {"name", "email", "phone", "street", "city", "country", "notes", "$tag"};
    echo_registry *registry;
    echo_item *item;
    assert_int_equal(echo_registry_new(&registry), ECHO_OK);
    assert_int_equal(echo_registry_add_object(registry, NULL), ECHO_OK);
    assert_int_equal(echo__item_new(&item, echo__bytes_text("item")), ECHO_OK);
    item->model = echo__strdup(ECHO_MODEL_OBJECT);
    assert_non_null(item->model);
    item->ops = echo__registry_find_text(registry, ECHO_MODEL_OBJECT);
    assert_int_equal(item->ops->ops.create(&item->state, NULL, NULL), ECHO_OK);
    for (uint64_t i = 0; i < 8; i++) set(item, keys[i], "some eighteen bytes", i);
    echo__buf line = ECHO__BUF_INIT;
    uint32_t version;
    echo_error err = ECHO_ERROR_INIT;
    assert_non_null(echo__buf_reserve(&line, 4096));
    fault_at(1000);
    assert_int_equal(echo__item_record(&line, item, NULL, &version, &err), ECHO_OK);
    assert_int_equal(fault_allocations(), 1);
    assert_false(fault_off());
    assert_int_equal(version, 1);
    cJSON *value;
    echo__buf expected = ECHO__BUF_INIT;
    assert_int_equal(item->ops->ops.snapshot(&value, NULL, item->state, &err), ECHO_OK);
    echo__buf_text(&expected, "{\"id\":\"item\",\"model\":\"dxos:model/object\",\"version\":1,\"state\":");
    assert_int_equal(echo__json_print(&expected, value), ECHO_OK);
    echo__buf_byte(&expected, '}');
    assert_true(echo__bytes_equal(echo__buf_bytes(&line), echo__buf_bytes(&expected)));
    cJSON_Delete(value);
    echo__buf_free(&expected);
    echo__buf_clear(&line);
    fault_at(1);
    assert_int_equal(echo__item_record(&line, item, NULL, &version, &err), ECHO_ERR_NOMEM);
    assert_true(fault_off());
    assert_int_equal(err.code, ECHO_ERR_NOMEM);
    assert_int_equal(line.len, 0);
    echo__buf_free(&line);
    echo__item_free(item);
    echo_registry_free(registry);
}

/* ---- from a record ---- */

#define FEED "0101010101010101010101010101010101010101010101010101010101010101"
#define LINE                                                                                                           \
    "{\"id\":\"item\",\"model\":\"dxos:model/object\",\"version\":1,\"state\":{\"feeds\":[\"" FEED                     \
    "\"],\"values\":{\"a\":\"text\"},\"when\":[0]}}"

typedef struct restored {
    echo_registry *registry;
    echo_item *item;
} restored;

static echo_status restore(restored *r, const char *line) {
    bool differs;
    echo_error err = ECHO_ERROR_INIT;
    const echo__item_source from = {NULL, NULL, NULL};
    assert_int_equal(echo_registry_new(&r->registry), ECHO_OK);
    assert_int_equal(echo_registry_add_object(r->registry, NULL), ECHO_OK);
    assert_int_equal(echo__item_load(&r->item, &from, echo__line_alone(echo__bytes_text(line)), &err), ECHO_OK);
    fault_at(1000);
    echo_status status =
        echo__item_hydrate(&differs, r->item, echo__registry_find_text(r->registry, ECHO_MODEL_OBJECT), &err);
    assert_true(fault_allocations() <= 1); /* the state itself: its text is the record's */
    assert_false(fault_off());
    assert_false(differs);
    return status;
}

static void assert_line(restored *r, const char *expected) {
    echo__buf line = ECHO__BUF_INIT;
    uint32_t version;
    assert_int_equal(echo__item_record(&line, r->item, NULL, &version, NULL), ECHO_OK);
    echo__buf_byte(&line, 0);
    assert_string_equal((const char *)line.data, expected);
    echo__buf_free(&line);
}

static void release(restored *r) {
    echo__item_free(r->item);
    echo_registry_free(r->registry);
}

static void test_text_is_kept(void **unused) {
    (void)unused;
    restored r;
    assert_int_equal(restore(&r, LINE), ECHO_OK);
    assert_non_null(r.item->stored.data);
    assert_line(&r, LINE);
    echo__stamp stamp = {2, {{1}}, 1};
    bool refused;
    assert_int_equal(echo__item_mutate(r.item, &stamp, echo__bytes(NULL, 0), &refused, NULL), ECHO_OK);
    assert_non_null(r.item->stored.data); /* it changed nothing */
    static const uint8_t mutation[] = {0x0a, 0x09, 0x08, 0x00, 0x12, 0x01, 'b', 0x1a, 0x02, 0x18, 0x05};
    assert_int_equal(echo__item_mutate(r.item, &stamp, echo__bytes(mutation, sizeof mutation), &refused, NULL),
                     ECHO_OK);
    assert_false(refused);
    assert_null(r.item->stored.data); /* nobody reads it any more */
    cJSON *view;
    assert_int_equal(echo_item_view(&view, r.item, NULL), ECHO_OK);
    char *text = cJSON_PrintUnformatted(view);
    assert_string_equal(text, "{\"a\":\"text\",\"b\":5}");
    cJSON_free(text);
    cJSON_Delete(view);
    release(&r);
}

/* What is not canonical is no state, and stays as it is. */
static void test_text_is_checked(void **unused) {
    (void)unused;
    static const char *const states[] = {"{\"values\":{}, \"when\":[]}",
                                         "{\"when\":[],\"values\":{}}",
                                         "{\"values\":{\"a\":01},\"when\":[1]}",
                                         "{\"values\":{\"a\":1.0},\"when\":[1]}",
                                         "{\"values\":{\"$a\":1},\"when\":[1]}",
                                         "{\"values\":{\"a\":tru},\"when\":[1]}",
                                         "{\"values\":{},\"when\":[],\"x\":1}",
                                         "{\"values\":{\"b\":1,\"a\":1},\"when\":[1,1]}",
                                         "{\"values\":{\"a\":{\"$bytes\":\"=\"}},\"when\":[1]}",
                                         "[]"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        char line[512];
        (void)snprintf(line, sizeof line,
                       "{\"id\":\"item\",\"model\":\"dxos:model/object\",\"version\":1,\"state\":%s}", states[i]);
        restored r;
        if (restore(&r, line) != ECHO_ERR_CORRUPT) fail_msg("%s", line);
        assert_false(echo_item_has_state(r.item));
        assert_line(&r, line);
        release(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_object_takes_one_block),
                                       cmocka_unit_test(test_text_is_kept), cmocka_unit_test(test_text_is_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
