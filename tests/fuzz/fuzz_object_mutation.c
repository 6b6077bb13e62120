/*
 * Mutations of both object models. Whatever order they come in, the state is the same; its text is canonical, and what is restored from it
 * is that state. A mutation that is refused changes nothing.
 */
#include "base/json.h"
#include "fuzz.h"
#include "model/object.h"

#define MUTATIONS 8u

typedef struct stamped {
    echo_mutation mutation;
    echo_status status;
} stamped;

static void *create(const echo_model_ops *ops) {
    const echo_item_info info = {"item", NULL, ops->type};
    void *state;
    FUZZ_OK(ops->create(&state, NULL, &info));
    return state;
}

static void text_of(echo__buf *out, const echo_model_ops *ops, const void *state) {
    cJSON *value;
    echo__buf other = ECHO__BUF_INIT;
    FUZZ_OK(echo__object_text(out, state, NULL));
    FUZZ_OK(ops->snapshot(&value, NULL, state, NULL));
    FUZZ_OK(echo__json_print(&other, value));
    FUZZ_EQUAL(echo__buf_bytes(out), echo__buf_bytes(&other)); /* two ways to the same text */
    echo__buf_free(&other);
    cJSON_Delete(value);
}

static void apply(const echo_model_ops *ops, void *state, stamped *m) {
    echo_error err = ECHO_ERROR_INIT;
    m->status = ops->apply(NULL, state, &m->mutation, &err);
    FUZZ_STATUS(m->status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_UNSUPPORTED, ECHO_ERR_REFUSED);
}

static void *restore(const echo_model_ops *ops, const echo__buf *text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    void *state = create(ops);
    FUZZ_OK(echo__json_parse(&value, text->data, text->len, &err));
    FUZZ_OK(ops->restore(NULL, state, ops->state_version, value, &err));
    cJSON_Delete(value);
    return state;
}

static void run(const echo_model_ops *ops, stamped *list, size_t n, unsigned turn) {
    void *one = create(ops), *two = create(ops);
    echo__buf text = ECHO__BUF_INIT, other = ECHO__BUF_INIT, third = ECHO__BUF_INIT;
    echo_status first[MUTATIONS];
    cJSON *view;
    for (size_t i = 0; i < n; i++) {
        apply(ops, one, &list[i]);
        first[i] = list[i].status;
    }
    text_of(&text, ops, one);
    for (size_t i = n; i-- > 0;) { /* another order, with a stored state on the way */
        apply(ops, two, &list[i]);
        FUZZ_CHECK(list[i].status == first[i]);
        if (i != turn % MUTATIONS) continue;
        echo__buf_clear(&other);
        text_of(&other, ops, two);
        ops->destroy(NULL, two);
        two = restore(ops, &other);
    }
    echo__buf_clear(&other);
    text_of(&other, ops, two);
    FUZZ_EQUAL(echo__buf_bytes(&text), echo__buf_bytes(&other));
    void *back = restore(ops, &text);
    FUZZ_OK(echo__object_thaw(back, NULL));
    text_of(&third, ops, back);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    stamped list[MUTATIONS];
    memset(list, 0, sizeof list);
    size_t n = 0;
    unsigned turn = fuzz_u8(&in);
    while (n < MUTATIONS && fuzz_left(&in) > 0) {
        uint8_t stamp = fuzz_u8(&in);
        list[n].mutation.time = stamp & 7;
        list[n].mutation.feed.bytes[31] = (stamp >> 3) & 3;
        list[n].mutation.seq = n; /* no two have one stamp */
        list[n].mutation.bytes = fuzz_part(&in);
        n++;
    }
    run((turn & 0x80) ? &echo__object_ops_old : &echo__object_ops, list, n, turn);
    return 0;
}
