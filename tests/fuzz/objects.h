/*
 * Mutations of an item of the object model: whatever order they come in, the state is the same; its text is canonical,
 * and what is restored from it is that state. A mutation that is refused is refused in any order, and changes nothing.
 */
#ifndef TESTS_FUZZ_OBJECTS_H
#define TESTS_FUZZ_OBJECTS_H

#include <echo/object.h>

#include "base/json.h"
#include "fuzz.h"
#include "model/object.h"
#include "model/object_state.h"
#include "model/object_text.h"
#include "model/object_thaw.h"

#define FUZZ_MUTATIONS 8u

typedef struct fuzz_stamped {
    echo_mutation mutation;
    bool must; /* be taken */
    echo_status status;
} fuzz_stamped;

static inline void *fuzz_object_create(const echo_model_ops *ops) {
    const echo_item_info info = {"item", NULL, ops->type};
    void *state;
    FUZZ_OK(ops->create(&state, NULL, &info));
    return state;
}

static inline void fuzz_object_text_of(echo__buf *out, const echo_model_ops *ops, const void *state) {
    cJSON *value;
    echo__buf other = ECHO__BUF_INIT;
    FUZZ_OK(echo__object_text(out, state, NULL));
    FUZZ_OK(ops->snapshot(&value, NULL, state, NULL));
    FUZZ_OK(echo__json_print(&other, value));
    FUZZ_EQUAL(echo__buf_bytes(out), echo__buf_bytes(&other)); /* two ways to the same text */
    echo__buf_free(&other);
    cJSON_Delete(value);
}

static inline void fuzz_object_apply(const echo_model_ops *ops, void *state, fuzz_stamped *m) {
    echo_error err = ECHO_ERROR_INIT;
    m->status = ops->apply(NULL, state, &m->mutation, &err);
    FUZZ_STATUS(m->status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_UNSUPPORTED, ECHO_ERR_REFUSED);
    if (m->must) FUZZ_OK(m->status);
}

static inline void *fuzz_object_restore(const echo_model_ops *ops, const echo__buf *text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    void *state = fuzz_object_create(ops);
    FUZZ_OK(echo__json_parse(&value, text->data, text->len, &err));
    FUZZ_OK(ops->restore(NULL, state, ops->state_version, value, &err));
    cJSON_Delete(value);
    return state;
}

static inline void fuzz_objects_run(const echo_model_ops *ops, fuzz_stamped *list, size_t n, unsigned turn) {
    void *one = fuzz_object_create(ops), *two = fuzz_object_create(ops);
    echo__buf text = ECHO__BUF_INIT, other = ECHO__BUF_INIT, third = ECHO__BUF_INIT;
    echo_status first[FUZZ_MUTATIONS];
    cJSON *view;
    for (size_t i = 0; i < n; i++) {
        fuzz_object_apply(ops, one, &list[i]);
        first[i] = list[i].status;
    }
    fuzz_object_text_of(&text, ops, one);
    for (size_t i = n; i-- > 0;) { /* another order, with a stored state on the way */
        fuzz_object_apply(ops, two, &list[i]);
        FUZZ_CHECK(list[i].status == first[i]);
        if (i != turn % FUZZ_MUTATIONS) continue;
        echo__buf_clear(&other);
        fuzz_object_text_of(&other, ops, two);
        ops->destroy(NULL, two);
        two = fuzz_object_restore(ops, &other);
    }
    echo__buf_clear(&other);
    fuzz_object_text_of(&other, ops, two);
    FUZZ_EQUAL(echo__buf_bytes(&text), echo__buf_bytes(&other));
    void *back = fuzz_object_restore(ops, &text);
    FUZZ_OK(echo__object_thaw(back, NULL));
    fuzz_object_text_of(&third, ops, back);
    FUZZ_EQUAL(echo__buf_bytes(&text), echo__buf_bytes(&third));
    FUZZ_OK(ops->view(&view, NULL, back, NULL));
    FUZZ_CHECK(cJSON_IsObject(view));
    cJSON_Delete(view);
    ops->destroy(NULL, one);
    ops->destroy(NULL, two);
    ops->destroy(NULL, back);
    echo__buf_free(&text);
    echo__buf_free(&other);
    echo__buf_free(&third);
}

#endif
