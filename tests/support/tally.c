#include "support/tally.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/state.h"
#include "support/test.h"

typedef struct tally {
    uint64_t count, sum;
} tally;

static uint64_t hash_of(const void *data, size_t len) {
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static echo_status create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    tally *t = calloc(1, sizeof *t);
    if (t != NULL && item->type != NULL) t->sum = hash_of(item->type, strlen(item->type));
    *state = t;
    return t == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    (void)err;
    tally *t = state;
    uint64_t hash = hash_of(mutation->bytes.data, mutation->bytes.len);
    if (hash % 8 == 0) return ECHO_ERR_REFUSED;
    t->count++;
    t->sum += hash;
    return ECHO_OK;
}

static echo_status snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    const tally *t = state;
    char sum[17];
    (void)snprintf(sum, sizeof sum, "%016" PRIx64, t->sum);
    *out = cJSON_CreateObject();
    if (cJSON_AddNumberToObject(*out, "count", (double)t->count) != NULL &&
        cJSON_AddStringToObject(*out, "sum", sum) != NULL)
        return ECHO_OK;
    cJSON_Delete(*out);
    return ECHO_ERR_NOMEM;
}

static echo_status restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    tally *t = state;
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(value, "count");
    const cJSON *sum = cJSON_GetObjectItemCaseSensitive(value, "sum");
    if (!cJSON_IsNumber(count) || !cJSON_IsString(sum)) return ECHO_ERR_CORRUPT;
    t->count = (uint64_t)count->valuedouble;
    t->sum = strtoull(sum->valuestring, NULL, 16);
    return ECHO_OK;
}

static echo_status snapshot_raw(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    echo_writer_write(out, state, sizeof(tally));
    return ECHO_OK;
}

static echo_status restore_raw(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    if (value.len != sizeof(tally)) return ECHO_ERR_CORRUPT;
    memcpy(state, value.data, value.len);
    return ECHO_OK;
}

void tally_register(echo_registry *registry) {
    echo_error err = ECHO_ERROR_INIT;
    echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                          .type = TALLY_JSON,
                          .state_version = 1,
                          .create = create,
                          .destroy = destroy,
                          .apply = apply,
                          .snapshot = snapshot,
                          .restore = restore,
                          .view = snapshot};
    assert_ok(echo_registry_add(registry, &ops, NULL, &err), &err);
    ops.type = TALLY_RAW;
    ops.snapshot = NULL;
    ops.restore = NULL;
    ops.snapshot_raw = snapshot_raw;
    ops.restore_raw = restore_raw;
    assert_ok(echo_registry_add(registry, &ops, NULL, &err), &err);
}
