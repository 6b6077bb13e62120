#include "generate_content.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_CHARS 64u

echo_status generate_content_init(generate_content *content, const generate_options *options, generate_random *random) {
    *content =
        (generate_content){options, random, NULL, malloc(options->value_bytes + 1), malloc(options->value_bytes + 8)};
    return content->text == NULL || content->log == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

void generate_content_free(generate_content *content) {
    echo_object_mutation_free(content->object);
    free(content->text);
    free(content->log);
}

/* ---- values ---- */

static uint64_t below(generate_content *c, uint64_t n) { return generate_random_below(c->random, n); }

static bool chance(generate_content *c, double p) { return generate_random_chance(c->random, p); }

/* Ten characters a draw. */
static const char *random_text(generate_content *c) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -";
    uint64_t bits = 0;
    for (size_t i = 0; i < c->options->value_bytes; i++) {
        if (i % 10 == 0) bits = generate_random_u64(c->random);
        c->text[i] = letters[bits & 63];
        bits >>= 6;
    }
    c->text[c->options->value_bytes] = '\0';
    return c->text;
}

static cJSON *simple_value(generate_content *c) {
    switch (below(c, 6)) {
    case 0: return cJSON_CreateNumber((double)below(c, 2000000000) - 1e9);
    case 1: return cJSON_CreateNumber((double)below(c, 1000) / 8); /* exact in 32 bits */
    case 2: return cJSON_CreateBool(below(c, 2) == 0);
    case 3: return cJSON_CreateNull();
    case 4: return cJSON_CreateString("");
    default: return cJSON_CreateString(random_text(c));
    }
}

static cJSON *varied_value(generate_content *c) {
    if (below(c, 4) != 0) return simple_value(c);
    cJSON *object = cJSON_CreateObject();
    uint64_t n = below(c, 4);
    for (uint64_t i = 0; i < n; i++) {
        char key[KEY_CHARS];
        (void)snprintf(key, sizeof key, "field%u", (unsigned)i);
        cJSON *value = simple_value(c);
        if (!cJSON_AddItemToObject(object, key, value)) cJSON_Delete(value);
    }
    return object;
}

/* ---- mutations ---- */

static void property(char key[KEY_CHARS], generate_content *c) {
    unsigned k = (unsigned)below(c, c->options->properties);
    if (!chance(c, c->options->nested))
        (void)snprintf(key, KEY_CHARS, "property%u", k);
    else if (below(c, 2) == 0)
        (void)snprintf(key, KEY_CHARS, "nested%u.inner%u", k, (unsigned)below(c, 3));
    else {
        unsigned deep = (unsigned)below(c, 3), inner = (unsigned)below(c, 3);
        (void)snprintf(key, KEY_CHARS, "nested%u.inner%u.deep%u", k, inner, deep);
    }
}

typedef void (*put_fn)(echo_object_mutation *m, const char *key, const cJSON *value);

static echo_status put(generate_content *c, put_fn fn, const char *key, cJSON *value) {
    if (value == NULL) return ECHO_ERR_NOMEM;
    fn(c->object, key, value);
    cJSON_Delete(value);
    return ECHO_OK;
}

/* Arrays and sets have few keys and few values, so that they meet. */
static echo_status collection(generate_content *c) {
    char key[KEY_CHARS];
    unsigned k = (unsigned)below(c, 2);
    uint64_t operation = below(c, 3);
    (void)snprintf(key, sizeof key, "%s%u", operation == 0 ? "list" : "set", k);
    put_fn fn = operation == 0 ? echo_object_push : operation == 1 ? echo_object_set_add : echo_object_set_remove;
    return put(c, fn, key, cJSON_CreateNumber((double)below(c, 6)));
}

static echo_status varied(generate_content *c) {
    char key[KEY_CHARS];
    echo_status status = ECHO_OK;
    uint64_t parts = 1 + (below(c, 4) == 0 ? below(c, 3) : 0);
    for (uint64_t i = 0; status == ECHO_OK && i < parts; i++) {
        uint64_t operation = c->options->generation == 2 ? below(c, 8) : 7;
        if (operation < 3) {
            status = collection(c);
            continue;
        }
        property(key, c);
        if (operation == 3)
            echo_object_delete(c->object, key);
        else
            status = put(c, echo_object_set, key, varied_value(c));
    }
    return status;
}

static echo_status begin(generate_content *c) {
    echo_object_mutation_free(c->object);
    c->object = NULL;
    return echo_object_mutation_new(&c->object, c->options->generation);
}

echo_status generate_content_first(echo_bytes *out, generate_content *c, uint64_t item) {
    char title[KEY_CHARS];
    (void)snprintf(title, sizeof title, "Item %llu", (unsigned long long)item);
    echo_status status = begin(c);
    if (status == ECHO_OK) status = put(c, echo_object_set, "title", cJSON_CreateString(title));
    if (status == ECHO_OK) status = put(c, echo_object_set, "n", cJSON_CreateNumber((double)item));
    return status == ECHO_OK ? echo_object_mutation_bytes(out, c->object) : status;
}

echo_status generate_content_next(echo_bytes *out, generate_content *c) {
    char key[KEY_CHARS];
    echo_status status = begin(c);
    if (status != ECHO_OK) return status;
    if (chance(c, c->options->varied)) {
        status = varied(c);
    } else {
        property(key, c);
        status = put(c, echo_object_set, key, cJSON_CreateString(random_text(c)));
    }
    return status == ECHO_OK ? echo_object_mutation_bytes(out, c->object) : status;
}

echo_status generate_content_log(echo_bytes *out, generate_content *c) {
    size_t len = c->options->value_bytes + 8;
    for (size_t i = 0; i < len; i++) c->log[i] = (uint8_t)below(c, 256);
    *out = (echo_bytes){c->log, len};
    return ECHO_OK;
}

/* ---- the model without hooks: how many mutations, and a hash that tells their order ---- */

typedef struct log_state {
    uint64_t count, hash;
} log_state;

static echo_status log_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    log_state *log = malloc(sizeof *log);
    if (log == NULL) return ECHO_ERR_NOMEM;
    *log = (log_state){0, UINT64_C(0xcbf29ce484222325)};
    *state = log;
    return ECHO_OK;
}

static void log_destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status log_apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    (void)err;
    log_state *log = state;
    log->count++;
    for (size_t i = 0; i < mutation->bytes.len; i++)
        log->hash = (log->hash ^ mutation->bytes.data[i]) * UINT64_C(0x100000001b3);
    return ECHO_OK;
}

static echo_status log_view(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    const log_state *log = state;
    char hash[20];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)log->hash);
    *out = cJSON_CreateObject();
    if (cJSON_AddNumberToObject(*out, "count", (double)log->count) != NULL &&
        cJSON_AddStringToObject(*out, "hash", hash) != NULL)
        return ECHO_OK;
    cJSON_Delete(*out);
    *out = NULL;
    return ECHO_ERR_NOMEM;
}

echo_status generate_models(echo_registry *registry, echo_error *err) {
    static const echo_model_ops log = {.version = ECHO_MODEL_OPS_VERSION,
                                       .type = GENERATE_MODEL_LOG,
                                       .state_version = 1,
                                       .create = log_create,
                                       .destroy = log_destroy,
                                       .apply = log_apply,
                                       .view = log_view};
    echo_status status = echo_registry_add_object(registry, err);
    return status == ECHO_OK ? echo_registry_add(registry, &log, NULL, err) : status;
}
