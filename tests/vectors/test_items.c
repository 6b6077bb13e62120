/* items.json: feeds of blocks, and the items that a party has after them, in all orders of arrival. */
#include "arrivals.h"

static void add_text(cJSON *out, const char *name, const char *text) {
    if (text != NULL && text[0] != '\0') assert_non_null(cJSON_AddStringToObject(out, name, text));
}

/* An item in the form that the vectors have. */
static cJSON *describe(echo_party *party, const char *id) {
    cJSON *out = cJSON_CreateObject(), *view;
    echo_item *item;
    echo_item_head head;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, id, &err), &err);
    echo_item_head_get(&head, item);
    add_text(out, "id", head.id);
    add_text(out, "type", head.type);
    add_text(out, "model", head.model);
    add_text(out, "source", head.source);
    add_text(out, "target", head.target);
    add_text(out, "parent", head.parent);
    if (head.deleted) cJSON_AddTrueToObject(out, "deleted");
    if (head.model == NULL) return out;
    assert_ok(echo_item_view(&view, item, &err), &err);
    char *text = vector_canonical(view);
    add_text(out, "view", text);
    free(text);
    cJSON_Delete(view);
    return out;
}

static void expect_items(const arrivals *a, echo_party *party) {
    const cJSON *items = vector_member(a->vector, "items"), *item;
    echo_party_status status;
    cJSON_ArrayForEach(item, items) {
        cJSON *found = describe(party, vector_text(item, "id"));
        char *is = vector_canonical(found), *expected = vector_canonical(item);
        if (strcmp(is, expected) != 0) fail_msg("%s:\n%s, not\n%s", vector_name(a->vector), is, expected);
        free(is);
        free(expected);
        cJSON_Delete(found);
    }
    echo_party_status_get(&status, party);
    if (status.items != (uint64_t)cJSON_GetArraySize(items))
        fail_msg("%s: %d items", vector_name(a->vector), (int)status.items);
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
