#include "support/test.h"

#include "support/state.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "support/folder.h"

void assert_ok(echo_status status, const echo_error *err) {
    if (status == ECHO_OK) return;
    char feed[ECHO_HEX_CHARS] = "";
    if (err->has_feed) echo_key_hex(feed, &err->feed);
    fail_msg("%s: %s (item %s, feed %s, seq %lld)", echo_status_name(status), err->message, err->item, feed,
             err->has_seq ? (long long)err->seq : -1);
}

typedef struct ids {
    char **list;
    size_t count, cap;
} ids;

static echo_status add_id(void *arg, const echo_item_head *head) {
    ids *all = arg;
    if (all->count == all->cap) {
        all->cap = all->cap == 0 ? 64 : all->cap * 2;
        all->list = realloc(all->list, all->cap * sizeof *all->list);
        assert_non_null(all->list);
    }
    all->list[all->count++] = strdup(head->id);
    return ECHO_OK;
}

static void add_text(cJSON *object, const char *key, const char *text) {
    if (text == NULL)
        cJSON_AddNullToObject(object, key);
    else
        cJSON_AddStringToObject(object, key, text);
}

static cJSON *item_json(const echo_item *item) {
    echo_error err = ECHO_ERROR_INIT;
    echo_item_head head;
    cJSON *properties = NULL, *object = cJSON_CreateObject();
    echo_item_head_get(&head, item);
    assert_ok(echo_item_view(&properties, item, &err), &err);
    cJSON_AddStringToObject(object, "id", head.id);
    add_text(object, "type", head.type);
    add_text(object, "model", head.model);
    add_text(object, "parent", head.parent);
    cJSON_AddItemToObject(object, "properties", properties != NULL ? properties : cJSON_CreateNull());
    if (head.deleted) cJSON_AddTrueToObject(object, "deleted");
    return object;
}

static char *canonical(const cJSON *value) {
    echo__buf text = ECHO__BUF_INIT;
    assert_int_equal(echo__json_print(&text, value), ECHO_OK);
    echo__buf_byte(&text, 0);
    char *copy = strdup((const char *)text.data);
    echo__buf_free(&text);
    return copy;
}

static echo_status add_walked(void *arg, const echo_item *item) {
    cJSON_AddItemToArray(arg, item_json(item));
    return ECHO_OK;
}

/* Walking over the items gives the same as walking over the heads and getting each item. */
char *state_of(echo_party *party) {
    ids all = {NULL, 0, 0};
    echo_error err = ECHO_ERROR_INIT;
    echo_query query = {NULL, NULL, NULL, true};
    assert_ok(echo_party_each_head(party, &query, add_id, &all, &err), &err);
    cJSON *array = cJSON_CreateArray(), *walked = cJSON_CreateArray();
    assert_ok(echo_party_each(party, &query, add_walked, walked, &err), &err);
    for (size_t i = 0; i < all.count; i++) {
        echo_item *item;
        echo_item_head head;
        if (i > 0) assert_true(strcmp(all.list[i - 1], all.list[i]) < 0);
        assert_ok(echo_item_get(&item, party, all.list[i], &err), &err);
        echo_item_head_get(&head, item);
        assert_string_equal(head.id, all.list[i]);
        cJSON_AddItemToArray(array, item_json(item));
    }
    char *text = canonical(array), *again = canonical(walked);
    assert_state_equal(again, text);
    free(again);
    cJSON_Delete(array);
    cJSON_Delete(walked);
    for (size_t i = 0; i < all.count; i++) free(all.list[i]);
    free(all.list);
    return text;
}

char *state_expected(const char *path) {
    size_t len;
    uint8_t *data = file_read(path, &len);
    cJSON *root = cJSON_ParseWithLength((const char *)data, len);
    assert_non_null(root);
    char *text = canonical(cJSON_IsArray(root) ? root : cJSON_GetObjectItemCaseSensitive(root, "state"));
    cJSON_Delete(root);
    free(data);
    return text;
}

void assert_state_equal(const char *is, const char *expected) {
    if (strcmp(is, expected) == 0) return;
    cJSON *a = cJSON_Parse(is), *b = cJSON_Parse(expected);
    const cJSON *x = a->child, *y = b->child;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        char *s = canonical(x), *t = canonical(y);
        if (strcmp(s, t) != 0) fail_msg("items differ:\n  is       %s\n  expected %s", s, t);
        free(s);
        free(t);
    }
    fail_msg("one state has more items than the other: %d, expected %d", cJSON_GetArraySize(a), cJSON_GetArraySize(b));
}

echo_registry *registry_object(void) {
    echo_registry *registry;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_registry_new(&registry), ECHO_OK);
    assert_ok(echo_registry_add_object(registry, &err), &err);
    return registry;
}

echo_party *party_open(const echo_party_options *options) {
    echo_party *party;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_restore(&party, options, &err), &err);
    return party;
}

echo_hash party_snapshot_digest(echo_party *party) {
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(&result, party, &err), &err);
    return result.digest;
}

static echo_status add_object_id(void *arg, const echo_item_head *head) {
    bool object = head->model != NULL &&
                  (strcmp(head->model, ECHO_MODEL_OBJECT) == 0 || strcmp(head->model, ECHO_MODEL_OBJECT_OLD) == 0);
    return object ? add_id(arg, head) : ECHO_OK;
}

static void write_one(echo_party *party, uint32_t generation, const char *id, bool create, double value) {
    echo_object_mutation *mutation;
    echo_bytes bytes;
    echo_error err = ECHO_ERROR_INIT;
    cJSON *number = cJSON_CreateNumber(value);
    assert_int_equal(echo_object_mutation_new(&mutation, generation), ECHO_OK);
    echo_object_set(mutation, "tail", number);
    assert_int_equal(echo_object_mutation_bytes(&bytes, mutation), ECHO_OK);
    echo_write write = {.id = id, .create = create, .mutation = &bytes};
    if (create) write.model = generation == 1 ? ECHO_MODEL_OBJECT_OLD : ECHO_MODEL_OBJECT;
    assert_ok(echo_party_write(NULL, party, &write, 1, &err), &err);
    echo_object_mutation_free(mutation);
    cJSON_Delete(number);
}

void party_write_tail(echo_party *party, uint32_t generation, size_t n, uint64_t seed) {
    ids all = {NULL, 0, 0};
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_each_head(party, NULL, add_object_id, &all, &err), &err);
    for (size_t i = 0; i < n; i++) {
        char fresh[ECHO_HEX_CHARS];
        bool create = i % 10 == 9 || all.count == 0;
        echo_id_new(fresh);
        write_one(party, generation, create ? fresh : all.list[(i * 7 + seed) % all.count], create, (double)(seed + i));
    }
    for (size_t i = 0; i < all.count; i++) free(all.list[i]);
    free(all.list);
}
