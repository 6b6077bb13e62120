#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "party/models.h"

static void expect(const echo__model_counts *c, size_t i, const char *model, uint32_t version, uint64_t items) {
    assert_true(i < c->count);
    assert_string_equal(c->list[i].model, model);
    assert_int_equal(c->list[i].version, version);
    assert_int_equal(c->list[i].items, items);
}

static void test_counts(void **arg) {
    (void)arg;
    echo__model_counts c = {NULL, 0, 0}, after;
    echo__model_changes changes;
    assert_int_equal(echo__models_append(&c, "m/a", 7, 1), ECHO_OK); /* by model, then version */
    assert_int_equal(echo__models_append(&c, "m/b", 1, 5), ECHO_OK);
    assert_int_equal(echo__models_append(&c, "m/b", 1, 5), ECHO_ERR_INVALID);
    assert_int_equal(echo__models_append(&c, "m/b", 0, 5), ECHO_ERR_INVALID);
    assert_int_equal(echo__models_append(&c, "m", 9, 5), ECHO_ERR_INVALID);
    assert_int_equal(echo__models_append(&c, "m/b", 2, 7), ECHO_OK);
    assert_int_equal(c.count, 3);
    c.list[2].opaque = true;
    echo__model_changes_init(&changes);
    assert_int_equal(echo__models_changed(&after, &c, &changes), ECHO_OK);
    assert_int_equal(after.count, 3);
    assert_true(after.list[2].opaque && !after.list[1].opaque);
    echo__models_free(&after);
    static const struct {
        const char *model;
        uint32_t version;
        int64_t change;
    } all[] = {{"m/c", 1, 2},  {"m/b", 1, -6}, {"m/b", 2, 1},  {"m/b", 1, 1}, {"m/c", 1, 1},
               {"m/bb", 3, 1}, {"m/z", 1, 1},  {"m/z", 1, -1}, {"m", 1, 4}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(echo__model_changes_add(&changes, all[i].model, all[i].version, all[i].change), ECHO_OK);
    assert_int_equal(echo__models_changed(&after, &c, &changes), ECHO_OK);
    assert_int_equal(after.count, 5); /* of m/b 1 none is left, of m/z there was none */
    expect(&after, 0, "m", 1, 4);
    expect(&after, 1, "m/a", 7, 1);
    expect(&after, 2, "m/b", 2, 8);
    expect(&after, 3, "m/bb", 3, 1);
    expect(&after, 4, "m/c", 1, 3);
    for (size_t i = 0; i < after.count; i++) {
        const echo__model_count *entry = &after.list[i];
        assert_ptr_equal(echo__models_find(&after, echo__bytes_text(entry->model), entry->version), entry);
        assert_null(echo__models_find(&after, echo__bytes_text(entry->model), entry->version + 1));
    }
    assert_null(echo__models_find(&after, echo__bytes_text("m/"), 1));
    assert_true(after.list[2].opaque && !after.list[3].opaque);
    echo__models_free(&after);
    assert_int_equal(echo__model_changes_add(&changes, "m/b", 2, -9), ECHO_OK);
    assert_int_equal(echo__models_changed(&after, &c, &changes), ECHO_ERR_CORRUPT); /* more than there are */
    assert_int_equal(after.count, 0);
    echo__model_changes_free(&changes);
    echo__models_free(&c);
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
