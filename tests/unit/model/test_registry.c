
#include "support/test.h"

#include <echo/object.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/registry.h"
#include "support/fault.h"

static echo_status create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = NULL;
    return ECHO_OK;
}
static void destroy(void *ctx, void *state) {
    (void)ctx;
    (void)state;
}
static echo_status apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)mutation;
    (void)err;
    return ECHO_OK;
}
static echo_status snapshot(struct cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)err;
    *out = NULL;
    return ECHO_ERR_NOMEM;
}
static echo_status restore(void *ctx, void *state, uint32_t stored, struct cJSON *value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}
static echo_status snapshot_raw(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)out;
    (void)err;
    return ECHO_OK;
}
static echo_status restore_raw(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}

static echo_model_ops table(const char *type) {
    echo_model_ops ops;
    memset(&ops, 0, sizeof ops);
    ops.version = ECHO_MODEL_OPS_VERSION;
    ops.type = type;
    ops.state_version = 3;
    ops.create = create;
    ops.destroy = destroy;
    ops.apply = apply;
    return ops;
}

static echo_registry *registry;

static int set_up(void **state) {
    (void)state;
    return echo_registry_new(&registry) == ECHO_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    echo_registry_free(registry);
    return 0;
}

/* The table is refused with the code, the message names what is wrong, and nothing was added. */
static void assert_refused(const echo_model_ops *ops, echo_status code, const char *word) {
    echo_error err = ECHO_ERROR_INIT;
    uint64_t before = echo__registry_generation(registry);
    assert_int_equal(echo_registry_add(registry, ops, NULL, &err), code);
    assert_int_equal(err.code, code);
    if (strstr(err.message, word) == NULL) fail_msg("\"%s\" does not name %s", err.message, word);
    assert_int_equal(echo_registry_add(registry, ops, NULL, NULL), code);
    assert_int_equal(echo__registry_generation(registry), before);
}

static void test_adds_a_copy(void **state) {
    (void)state;
    char type[] = "example.com/model";
    int ctx;
    echo_model_ops ops = table(type);
    assert_int_equal(echo_registry_add(registry, &ops, &ctx, NULL), ECHO_OK);
    memset(type, 'x', sizeof type - 1);
    memset(&ops, 0xff, sizeof ops);
    const echo__model *model = echo__registry_find_text(registry, "example.com/model");
    assert_non_null(model);
    assert_string_equal(model->ops.type, "example.com/model");
    assert_ptr_equal(model->ctx, &ctx);
    assert_true(model->ops.apply == apply);
    assert_int_equal(model->ops.state_version, 3);
    assert_int_equal(model->ops.reads_from, 3); /* 0 means the state version alone */
    assert_false(model->has_hooks);
    assert_false(model->raw);
}

static void test_finds(void **state) {
    (void)state;
    echo_model_ops ops = table("ab");
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_non_null(echo__registry_find(registry, echo__bytes("abc", 2)));
    assert_null(echo__registry_find(registry, echo__bytes("abc", 3)));
    assert_null(echo__registry_find(registry, echo__bytes("abc", 1)));
    assert_null(echo__registry_find(registry, echo__bytes(NULL, 0)));
    assert_null(echo__registry_find_text(registry, NULL));
    assert_null(echo__registry_find_text(registry, "AB"));
}

static void test_pointers_stay(void **state) {
    (void)state;
    char type[16];
    const echo__model *found[100];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(type, sizeof type, "m%d", i);
        echo_model_ops ops = table(type);
        assert_int_equal(echo__registry_generation(registry), i);
        assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
        found[i] = echo__registry_find_text(registry, type);
    }
    for (int i = 0; i < 100; i++) {
        (void)snprintf(type, sizeof type, "m%d", i);
        assert_ptr_equal(echo__registry_find_text(registry, type), found[i]);
        assert_string_equal(found[i]->ops.type, type);
    }
}

static void test_hooks(void **state) {
    (void)state;
    echo_model_ops ops = table("json");
    ops.snapshot = snapshot;
    ops.restore = restore;
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_true(echo__registry_find_text(registry, "json")->has_hooks);
    assert_false(echo__registry_find_text(registry, "json")->raw);
    ops = table("raw");
    ops.snapshot_raw = snapshot_raw;
    ops.restore_raw = restore_raw;
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_true(echo__registry_find_text(registry, "raw")->has_hooks);
    assert_true(echo__registry_find_text(registry, "raw")->raw);
}

static void test_versions(void **state) {
    (void)state;
    echo_model_ops ops = table("t");
    ops.version = 0;
    assert_refused(&ops, ECHO_ERR_INVALID, "version 0");
    ops.version = ECHO_MODEL_OPS_VERSION + 1;
    assert_refused(&ops, ECHO_ERR_VERSION, "version 2");
    ops = table("t");
    ops.state_version = 0;
    assert_refused(&ops, ECHO_ERR_INVALID, "state version");
    ops = table("t");
    ops.reads_from = 4;
    assert_refused(&ops, ECHO_ERR_INVALID, "reads from version 4");
    ops.reads_from = 1;
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_int_equal(echo__registry_find_text(registry, "t")->ops.reads_from, 1);
}

static void test_types(void **state) {
    (void)state;
    char longest[ECHO_MODEL_TYPE_BYTES_MAX + 2];
    echo_model_ops ops = table(NULL);
    assert_refused(&ops, ECHO_ERR_INVALID, "type");
    ops.type = "";
    assert_refused(&ops, ECHO_ERR_INVALID, "empty");
    ops.type = "\xff";
    assert_refused(&ops, ECHO_ERR_INVALID, "UTF-8");
    memset(longest, 'a', sizeof longest);
    longest[ECHO_MODEL_TYPE_BYTES_MAX + 1] = '\0';
    ops.type = longest;
    assert_refused(&ops, ECHO_ERR_INVALID, "256");
    longest[ECHO_MODEL_TYPE_BYTES_MAX] = '\0';
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_refused(&ops, ECHO_ERR_EXISTS, "already");
}

static void test_required_hooks(void **state) {
    (void)state;
    echo_model_ops ops = table("t");
    ops.create = NULL;
    assert_refused(&ops, ECHO_ERR_INVALID, "create");
    ops = table("t");
    ops.destroy = NULL;
    assert_refused(&ops, ECHO_ERR_INVALID, "destroy");
    ops = table("t");
    ops.apply = NULL;
    assert_refused(&ops, ECHO_ERR_INVALID, "apply");
}

static void test_half_pairs(void **state) {
    (void)state;
    echo_model_ops ops = table("t");
    ops.snapshot = snapshot;
    assert_refused(&ops, ECHO_ERR_INVALID, "snapshot without restore");
    ops = table("t");
    ops.restore = restore;
    assert_refused(&ops, ECHO_ERR_INVALID, "restore without snapshot");
    ops = table("t");
    ops.snapshot_raw = snapshot_raw;
    assert_refused(&ops, ECHO_ERR_INVALID, "snapshot_raw without restore_raw");
    ops = table("t");
    ops.restore_raw = restore_raw;
    assert_refused(&ops, ECHO_ERR_INVALID, "restore_raw without snapshot_raw");
    ops = table("t");
    ops.snapshot = snapshot;
    ops.restore_raw = restore_raw;
    assert_refused(&ops, ECHO_ERR_INVALID, "without");
    ops.restore = restore;
    ops.snapshot_raw = snapshot_raw;
    assert_refused(&ops, ECHO_ERR_INVALID, "both");
}

static void test_no_arguments(void **state) {
    (void)state;
    echo_model_ops ops = table("t");
    assert_int_equal(echo_registry_new(NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo_registry_add(NULL, &ops, NULL, NULL), ECHO_ERR_INVALID);
    assert_refused(NULL, ECHO_ERR_INVALID, "table");
    assert_int_equal(echo_registry_add_object(NULL, NULL), ECHO_ERR_INVALID);
    echo_registry_free(NULL);
}

static void test_object_both_or_none(void **state) {
    (void)state;
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = table(ECHO_MODEL_OBJECT_OLD);
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    assert_int_equal(echo_registry_add_object(registry, &err), ECHO_ERR_EXISTS);
    assert_null(echo__registry_find_text(registry, ECHO_MODEL_OBJECT));
    assert_null(echo__registry_find_text(registry, ECHO_MODEL_OBJECT_OLD)->text);
    assert_int_equal(echo__registry_generation(registry), 1);
    echo_registry_free(registry);
    assert_int_equal(echo_registry_new(&registry), ECHO_OK);
    assert_int_equal(echo_registry_add_object(registry, &err), ECHO_OK);
    assert_true(echo__registry_find_text(registry, ECHO_MODEL_OBJECT)->has_hooks);
    assert_true(echo__registry_find_text(registry, ECHO_MODEL_OBJECT_OLD)->has_hooks);
    assert_non_null(echo__registry_find_text(registry, ECHO_MODEL_OBJECT)->text);
    assert_non_null(echo__registry_find_text(registry, ECHO_MODEL_OBJECT_OLD)->text);
    assert_int_equal(echo_registry_add_object(registry, &err), ECHO_ERR_EXISTS);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (long nth = 1;; nth++) {
        echo_registry *fresh = (echo_registry *)&nth;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_registry_new(&fresh);
        if (!fault_off()) {
            echo_registry_free(fresh);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_null(fresh);
        assert_int_equal(fault_blocks(), before);
    }
    for (long nth = 1;; nth++) {
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo_registry_add_object(registry, NULL);
        if (!fault_off()) {
            assert_int_equal(status, ECHO_OK);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_int_equal(echo__registry_generation(registry), 0);
        assert_true(fault_blocks() - before <= 1); /* the list may have grown */
    }
    assert_int_equal(echo__registry_generation(registry), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adds_a_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_finds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pointers_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hooks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_required_hooks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_pairs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_object_both_or_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_out_of_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
