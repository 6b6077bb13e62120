/*
 * A model with hooks: a counter. A mutation is a decimal number to add. Addition gives the same sum in any order, so
 * the model converges by itself, as a model with hooks must. Its state is one number, saved as JSON.
 */
#include <cjson/cJSON.h>
#include <echo/echo.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTER "example.org/model/counter"

typedef struct counter {
    int64_t sum;
} counter;

static echo_status counter_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(counter));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void counter_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

/* All or nothing: a mutation that is not a number, or would overflow, is refused before anything changes. */
static echo_status counter_apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    counter *c = state;
    char text[24], *end;
    (void)ctx;
    (void)err;
    if (mutation->bytes.len == 0 || mutation->bytes.len >= 10) return ECHO_ERR_REFUSED;
    memcpy(text, mutation->bytes.data, mutation->bytes.len);
    text[mutation->bytes.len] = '\0';
    long add = strtol(text, &end, 10);
    if (*end != '\0') return ECHO_ERR_REFUSED;
    c->sum += add;
    return ECHO_OK;
}

static echo_status counter_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    char digits[24];
    (void)ctx;
    (void)err;
    (void)snprintf(digits, sizeof digits, "%" PRId64, ((const counter *)state)->sum);
    *out = cJSON_CreateString(digits); /* a string: most readers parse JSON numbers as doubles */
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static echo_status counter_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)stored; /* only version 1 exists */
    (void)err;
    if (!cJSON_IsString(value)) return ECHO_ERR_CORRUPT;
    ((counter *)state)->sum = strtoll(value->valuestring, NULL, 10);
    return ECHO_OK;
}

static echo_status counter_view(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    *out = cJSON_CreateObject();
    if (*out == NULL || cJSON_AddNumberToObject(*out, "sum", (double)((const counter *)state)->sum) == NULL)
        return ECHO_ERR_NOMEM;
    return ECHO_OK;
}

static const echo_model_ops counter_ops = {
    .version = ECHO_MODEL_OPS_VERSION,
    .type = COUNTER,
    .state_version = 1,
    .create = counter_create,
    .destroy = counter_destroy,
    .apply = counter_apply,
    .snapshot = counter_snapshot,
    .restore = counter_restore,
    .view = counter_view,
};

static echo_status add(echo_party *party, const char *number, bool create, echo_error *err) {
    echo_bytes bytes = {(const uint8_t *)number, strlen(number)};
    echo_write write = {.id = "visits", .create = create, .model = create ? COUNTER : NULL, .mutation = &bytes};
    return echo_party_write(NULL, party, &write, 1, err);
}

static echo_status run(const char *dir, echo_registry *models, echo_error *err) {
    echo_party *party;
    echo_item *item;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.models = models;
    echo_status status = echo_party_restore(&party, &options, err);
    if (status != ECHO_OK) return status;
    status = echo_item_get(&item, party, "visits", err);
    status =
        status == ECHO_OK || status == ECHO_ERR_NOT_FOUND ? add(party, "1", status == ECHO_ERR_NOT_FOUND, err) : status;
    if (status == ECHO_OK) status = echo_item_get(&item, party, "visits", err);
    if (status == ECHO_OK) {
        const counter *c = echo_item_state(item);
        printf("visits: %" PRId64 "\n", c->sum);
        status = echo_party_snapshot(NULL, party, err);
    }
    echo_party_free(party);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    echo_error err = ECHO_ERROR_INIT;
    echo_registry *models = NULL;
    echo_keypair party, feed;
    echo_status status = echo_registry_new(&models);
    if (status == ECHO_OK) status = echo_registry_add(models, &counter_ops, NULL, &err);
    if (status == ECHO_OK) status = run(argv[1], models, &err);
    if (status == ECHO_ERR_NOT_FOUND && echo_keypair_new(&party) == ECHO_OK && echo_keypair_new(&feed) == ECHO_OK) {
        status = echo_party_create(argv[1], &party, &feed, NULL, NULL, &err);
        if (status == ECHO_OK) status = run(argv[1], models, &err);
    }
    echo_registry_free(models);
    if (status != ECHO_OK) fprintf(stderr, "%s: %s\n", echo_status_name(status), err.message);
    return status == ECHO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
