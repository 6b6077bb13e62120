/* Records from items: what the object model's state costs on the way. */
#include "support/test.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "party/item_record.h"
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_object_takes_one_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
