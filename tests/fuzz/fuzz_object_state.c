/*
 * Stored states of the object model: restored, decoded, changed by a mutation. What is taken is written again as a
 * state that is taken and reads the same. Of a text that is kept, every value is read by typed access. The input is the
 * model and its state, a zero byte, and a mutation.
 */
#include <echo/object.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "model/object.h"
#include "model/object_frozen.h"
#include "model/object_state.h"
#include "model/object_text.h"
#include "model/object_thaw.h"
#include "party/item.h"

static void *create(const echo_model_ops *ops) {
    const echo_item_info info = {"item", NULL, ops->type};
    void *state;
    FUZZ_OK(ops->create(&state, NULL, &info));
    return state;
}

/* NULL: refused. */
static void *restore(const echo_model_ops *ops, echo_bytes text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__json_parse(&value, text.data, text.len, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status != ECHO_OK) return NULL;
    void *state = create(ops);
    status = ops->restore(NULL, state, ops->state_version, value, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    cJSON_Delete(value);
    if (status == ECHO_OK) return state;
    ops->destroy(NULL, state);
    return NULL;
}

/* Reads every value below one, by typed access: as many as the view has. */
static void read_all(const echo_object_value *value, const cJSON *shown) {
    echo_object_cursor cursor;
    echo_object_value same;
    echo_bytes bytes;
    bool more;
    size_t count = 0;
    if (value->kind == ECHO_OBJECT_KIND_STRING) FUZZ_OK(echo_object_value_string(&bytes, value, NULL));
    if (value->kind == ECHO_OBJECT_KIND_BYTES) FUZZ_OK(echo_object_value_bytes(&bytes, value, NULL));
    if (value->kind != ECHO_OBJECT_KIND_ARRAY && value->kind != ECHO_OBJECT_KIND_OBJECT) return;
    FUZZ_OK(echo_object_value_count(&count, value, NULL));
    FUZZ_CHECK(count == (size_t)cJSON_GetArraySize(shown));
    FUZZ_OK(echo_object_cursor_open(&cursor, value, NULL));
    for (const cJSON *node = shown->child;; node = node->next) { /* both in the order of the text */
        FUZZ_OK(echo_object_cursor_next(&more, &cursor, NULL));
        FUZZ_CHECK(more == (node != NULL));
        if (!more) return;
        if (value->kind == ECHO_OBJECT_KIND_ARRAY)
            FUZZ_OK(echo_object_value_element(&same, value, cursor.index, NULL));
        else
            FUZZ_CHECK(cursor.key.len + (node->string[0] == '$') == strlen(node->string));
        read_all(&cursor.value, node);
    }
}

static void read_frozen(const echo_model_ops *ops, void *state) {
    echo__model model = {.ops = *ops, .has_hooks = true, .restore_text = echo__object_freeze};
    echo_item item;
    echo_object_value all;
    cJSON *shown;
    memset(&item, 0, sizeof item);
    item.id = (char *)(uintptr_t) "item";
    item.id_len = 4;
    item.ops = &model;
    item.state = state;
    FUZZ_OK(ops->view(&shown, NULL, state, NULL));
    FUZZ_OK(echo_object_get(&all, &item, NULL, NULL));
    read_all(&all, shown);
    cJSON_Delete(shown);
}

/* The text as it is in a record: refused, or a state that is written as the same text. */
static void freeze(const echo_model_ops *ops, echo_bytes text, bool restored) {
    void *state = create(ops);
    echo_error err = ECHO_ERROR_INIT;
    echo__buf written = ECHO__BUF_INIT;
    echo_status status = echo__object_freeze(state, ops->state_version, text, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) {
        FUZZ_CHECK(restored);
        FUZZ_OK(echo__object_text(&written, state, NULL));
        FUZZ_EQUAL(echo__buf_bytes(&written), text);
        read_frozen(ops, state);
    }
    echo__buf_free(&written);
    ops->destroy(NULL, state);
}

static void text_of(echo__buf *out, const echo_model_ops *ops, const void *state) {
    cJSON *value;
    echo__buf other = ECHO__BUF_INIT;
    echo__buf_clear(out);
    FUZZ_OK(echo__object_text(out, state, NULL));
    FUZZ_OK(ops->snapshot(&value, NULL, state, NULL));
    FUZZ_OK(echo__json_print(&other, value));
    FUZZ_EQUAL(echo__buf_bytes(out), echo__buf_bytes(&other));
    echo__buf_free(&other);
    cJSON_Delete(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    const echo_model_ops *ops = (fuzz_u8(&in) & 1) ? &echo__object_ops_old : &echo__object_ops;
    echo_bytes text = fuzz_until(&in, 0);
    echo_mutation mutation = {fuzz_rest(&in), 5, {{0}}, 5};
    echo__buf frozen = ECHO__BUF_INIT, live = ECHO__BUF_INIT, again = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    cJSON *view;
    void *state = restore(ops, text);
    freeze(ops, text, state != NULL);
    if (state == NULL) return 0;
    text_of(&frozen, ops, state); /* of what was not looked at yet */
    FUZZ_OK(ops->view(&view, NULL, state, NULL));
    cJSON_Delete(view);
    echo_status status = echo__object_thaw(state, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    text_of(&live, ops, state);
    if (status != ECHO_OK) {
        FUZZ_EQUAL(echo__buf_bytes(&frozen), echo__buf_bytes(&live)); /* kept as it is */
        status = ops->apply(NULL, state, &mutation, &err);            /* one without operations is fine */
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_UNSUPPORTED, ECHO_ERR_REFUSED);
        text_of(&live, ops, state);
        FUZZ_EQUAL(echo__buf_bytes(&frozen), echo__buf_bytes(&live));
    } else {
        for (int i = 0; i < 2; i++) {
            void *back = restore(ops, echo__buf_bytes(&live));
            FUZZ_CHECK(back != NULL);
            FUZZ_OK(echo__object_thaw(back, &err));
            text_of(&again, ops, back);
            FUZZ_EQUAL(echo__buf_bytes(&live), echo__buf_bytes(&again));
            ops->destroy(NULL, back);
            if (i == 1) break;
            status = ops->apply(NULL, state, &mutation, &err);
            FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_UNSUPPORTED, ECHO_ERR_REFUSED);
            text_of(&live, ops, state);
        }
    }
    ops->destroy(NULL, state);
    echo__buf_free(&frozen);
    echo__buf_free(&live);
    echo__buf_free(&again);
    return 0;
}
