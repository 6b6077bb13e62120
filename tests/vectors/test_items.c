/* items.json: feeds of blocks, and the items that a party has after them, in all orders of arrival. */
#include "arrivals.h"

static void add_text(cJSON *out, const char *name, const char *text) {
    if (text != NULL && text[0] != '\0') assert_non_null(cJSON_AddStringToObject(out, name, text));
}

static void add_view(cJSON *out, echo_party *party, const char *id) {
    echo_item *item;
    cJSON *view;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    assert_ok(echo_item_view(&view, item, &err), &err);
    char *text = vector_canonical(view);
    add_text(out, "view", text);
    free(text);
    cJSON_Delete(view);
}

typedef struct listing {
    cJSON *items;
} listing;

static echo_status add_item(void *arg, const echo_item_head *head) {
    cJSON *out = cJSON_CreateObject();
    add_text(out, "id", head->id);
    add_text(out, "type", head->type);
    add_text(out, "model", head->model);
    add_text(out, "source", head->source);
    add_text(out, "target", head->target);
    add_text(out, "parent", head->parent);
    if (head->deleted) cJSON_AddTrueToObject(out, "deleted");
    cJSON_AddItemToArray(((listing *)arg)->items, out);
    return ECHO_OK;
}

static void expect_items(const arrivals *a, echo_party *party) {
    listing list = {cJSON_CreateArray()};
    echo_query query = {.deleted = true};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_each(party, &query, add_item, &list, &err), &err);
    cJSON *item;
    cJSON_ArrayForEach(item, list.items) {
        if (vector_member(item, "model") != NULL) add_view(item, party, vector_text(item, "id"));
    }
    char *is = vector_canonical(list.items), *expected = vector_canonical(vector_member(a->vector, "items"));
    if (strcmp(is, expected) != 0) fail_msg("%s:\n%s, not\n%s", vector_name(a->vector), is, expected);
    free(is);
    free(expected);
    cJSON_Delete(list.items);
}

static void expect_vector(const cJSON *vector, echo_registry *models, const echo_key *party) {
    arrivals a = {.vector = vector, .options = ECHO_PARTY_OPTIONS_INIT, .expect = expect_items};
    const cJSON *feed, *block;
    cJSON_ArrayForEach(feed, vector_member(vector, "feeds")) {
        assert_true(a.count < ARRIVALS_FEEDS);
        a.keys[a.count] = vector_key(feed->string);
        cJSON_ArrayForEach(block, feed) arrivals_add(&a, a.count, vector_unhex(block->valuestring));
        a.count++;
    }
    a.options.models = models;
    a.options.party = party;
    a.options.admitted = a.keys;
    a.options.admitted_count = a.count;
    arrivals_all(&a);
    arrivals_free(&a);
}

static void test_items(void **state) {
    (void)state;
    cJSON *file = vectors_read("items");
    echo_registry *models = registry_object();
    const echo_key party = {{1}};
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        expect_vector(vector, models, &party);
        count++;
    }
    assert_true(count >= 24);
    echo_registry_free(models);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_items)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
