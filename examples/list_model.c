/*
 * A model without hooks: a list of lines in the order they were written. The order matters, but the model does
 * nothing about it: the library keeps its mutations and applies them in canonical order; when one arrives late, it
 * applies them again from the start.
 */
#include <cjson/cJSON.h>
#include <echo/echo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST "example.org/model/list"

typedef struct list {
    char *text;
    size_t len;
} list;

static echo_status list_create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(list));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void list_destroy(void *ctx, void *state) {
    (void)ctx;
    free(((list *)state)->text);
    free(state);
}

static echo_status list_apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    list *l = state;
    (void)ctx;
    (void)err;
    char *grown = realloc(l->text, l->len + mutation->bytes.len + 2);
    if (grown == NULL) return ECHO_ERR_NOMEM; /* "not now": the library tries again, nothing has changed */
    l->text = grown;
    if (mutation->bytes.len > 0) memcpy(grown + l->len, mutation->bytes.data, mutation->bytes.len);
    l->len += mutation->bytes.len;
    grown[l->len++] = '\n';
    grown[l->len] = '\0';
    return ECHO_OK;
}

static const echo_model_ops list_ops = {
    .version = ECHO_MODEL_OPS_VERSION,
    .type = LIST,
    .state_version = 1,
    .create = list_create,
    .destroy = list_destroy,
    .apply = list_apply,
};

static echo_status run(const char *dir, const char *line, echo_registry *models, echo_error *err) {
    echo_party *party;
    echo_item *item;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.models = models;
    echo_status status = echo_party_restore(&party, &options, err);
    if (status != ECHO_OK) return status;
    status = echo_item_get(&item, party, "log", err);
    bool create = status == ECHO_ERR_NOT_FOUND;
    if (status == ECHO_OK || create) {
        echo_bytes bytes = {(const uint8_t *)line, strlen(line)};
        echo_write write = {.id = "log", .create = create, .model = create ? LIST : NULL, .mutation = &bytes};
        status = echo_party_write(NULL, party, &write, 1, err);
    }
    if (status == ECHO_OK) status = echo_item_get(&item, party, "log", err);
    if (status == ECHO_OK) {
        const list *l = echo_item_state(item);
        fputs(l->text, stdout);
        status = echo_party_snapshot(NULL, party, err);
    }
    echo_party_free(party);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s FOLDER LINE\n", argv[0]);
        return 2;
    }
    echo_error err = ECHO_ERROR_INIT;
    echo_registry *models = NULL;
    echo_keypair party, feed;
    echo_status status = echo_registry_new(&models);
    if (status == ECHO_OK) status = echo_registry_add(models, &list_ops, NULL, &err);
    if (status == ECHO_OK) status = run(argv[1], argv[2], models, &err);
    if (status == ECHO_ERR_NOT_FOUND && echo_keypair_new(&party) == ECHO_OK && echo_keypair_new(&feed) == ECHO_OK) {
        status = echo_party_create(argv[1], &party, &feed, NULL, NULL, &err);
        if (status == ECHO_OK) status = run(argv[1], argv[2], models, &err);
    }
    echo_registry_free(models);
    if (status != ECHO_OK) fprintf(stderr, "%s: %s\n", echo_status_name(status), err.message);
    return status == ECHO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
