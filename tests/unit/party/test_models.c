#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "party/models.h"

static void test_counts(void **arg) {
    (void)arg;
    echo__model_counts c = {NULL, 0, 0};
    assert_int_equal(echo__models_add(&c, "m/b", 2, 3), ECHO_OK);
    assert_int_equal(echo__models_add(&c, "m/a", 7, 1), ECHO_OK);
    assert_int_equal(echo__models_add(&c, "m/b", 1, 5), ECHO_OK);
    assert_int_equal(echo__models_add(&c, "m/b", 2, 4), ECHO_OK);
    assert_int_equal(c.count, 3); /* by model, then version */
    assert_string_equal(c.list[0].model, "m/a");
    assert_int_equal(c.list[1].version, 1);
    assert_int_equal(c.list[2].items, 7);
    assert_int_equal(echo__models_add(&c, "m/b", 1, -5), ECHO_OK); /* none left: the entry goes */
    assert_int_equal(c.count, 2);
    assert_int_equal(echo__models_add(&c, "m/b", 2, -8), ECHO_ERR_CORRUPT); /* more than there are */
    assert_int_equal(c.list[1].items, 7);
    c.list[1].opaque = true;
    echo__model_counts copy;
    assert_int_equal(echo__models_copy(&copy, &c), ECHO_OK);
    echo__models_free(&c);
    assert_int_equal(copy.count, 2);
    assert_true(copy.list[1].opaque && !copy.list[0].opaque);
    assert_string_equal(copy.list[1].model, "m/b");
    echo__models_free(&copy);
}

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

static echo_status apply(void *ctx, void *state, const echo_mutation *m, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)m;
    (void)err;
    return ECHO_OK;
}

static echo_status snapshot(struct cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)err;
    *out = NULL;
    return ECHO_OK;
}

static echo_status restore(void *ctx, void *state, uint32_t stored, struct cJSON *value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}

static void test_stale_and_opaque(void **arg) {
    (void)arg;
    echo_registry *registry;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = "with",
                          .state_version = 5,
                          .reads_from = 3,
                          .create = create,
                          .destroy = destroy,
                          .apply = apply,
                          .snapshot = snapshot,
                          .restore = restore};
    assert_int_equal(echo_registry_new(&registry), ECHO_OK);
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    ops.type = "without";
    ops.snapshot = NULL;
    ops.restore = NULL;
    assert_int_equal(echo_registry_add(registry, &ops, NULL, NULL), ECHO_OK);
    static const struct {
        const char *model;
        uint32_t version;
        bool stale, opaque;
    } cases[] = {{"with", 2, true, true},    {"with", 3, false, false},   {"with", 5, false, false},
                 {"with", 6, true, true},    {"with", 0, false, false},   {"without", 0, false, false},
                 {"without", 5, true, true}, {"unknown", 0, false, true}, {"unknown", 9, false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(echo__model_is_stale(registry, cases[i].model, cases[i].version), cases[i].stale);
        assert_int_equal(echo__model_is_opaque(registry, cases[i].model, cases[i].version), cases[i].opaque);
    }
    echo_registry_free(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), cmocka_unit_test(test_stale_and_opaque)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
