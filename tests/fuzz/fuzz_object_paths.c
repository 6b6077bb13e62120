/*
 * Operations of the object models with keys that are paths, and values of all kinds, made with the builder. The input
 * is the model, then for each operation a byte that says which and by whom, and its key and value, a JSON text, each
 * ended by a zero byte.
 */
#include "objects.h"

/* A text that is no JSON is a string, as far as it is UTF-8. */
static cJSON *value_of(echo_bytes text) {
    cJSON *value;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__json_parse(&value, text.data, text.len, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) return value;
    char *copy = (char *)fuzz_copy(text, true);
    value = echo__utf8_valid(text) ? cJSON_CreateString(copy) : cJSON_CreateNull();
    free(copy);
    return value;
}

/* One operation, or as many as follow without a stamp of their own. */
static echo_object_mutation *make(fuzz_input *in, uint8_t *stamp, bool old) {
    echo_object_mutation *m;
    uint8_t how;
    FUZZ_OK(echo_object_mutation_new(&m, old ? 1 : 2));
    *stamp = fuzz_u8(in);
    do {
        how = fuzz_u8(in);
        char *key = (char *)fuzz_copy(fuzz_until(in, 0), true);
        cJSON *value = how % 5u == 1 ? NULL : value_of(fuzz_until(in, 0));
        switch (how % 5u) {
        case 0: echo_object_set(m, key, value); break;
        case 1: echo_object_delete(m, key); break;
        case 2: echo_object_push(m, key, value); break;
        case 3: echo_object_set_add(m, key, value); break;
        default: echo_object_set_remove(m, key, value);
        }
        cJSON_Delete(value);
        free(key);
    } while ((how & 0x80) != 0 && fuzz_left(in) > 0);
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    echo_object_mutation *made[FUZZ_MUTATIONS];
    fuzz_stamped list[FUZZ_MUTATIONS];
    size_t n = 0, count = 0;
    unsigned turn = fuzz_u8(&in);
    bool old = (turn & 0x80) != 0;
    memset(list, 0, sizeof list);
    while (count < FUZZ_MUTATIONS && fuzz_left(&in) > 0) {
        uint8_t stamp;
        made[count] = make(&in, &stamp, old);
        echo_status status = echo_object_mutation_bytes(&list[n].mutation.bytes, made[count++]);
        if (status != ECHO_OK) { /* has no such operation, key or value */
            FUZZ_CHECK(status == ECHO_ERR_INVALID || status == ECHO_ERR_LIMIT || status == ECHO_ERR_UNSUPPORTED);
            continue;
        }
        list[n].mutation.time = stamp & 7;
        list[n].mutation.feed.bytes[31] = (stamp >> 3) & 3;
        list[n].mutation.seq = n;
        list[n++].must = true;
    }
    fuzz_objects_run(old ? &echo__object_ops_old : &echo__object_ops, list, n, turn);
    while (count > 0) echo_object_mutation_free(made[--count]);
    return 0;
}
