#include "model/registry.h"

#include <echo/object.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/object.h"
#include "model/object_frozen.h"
#include "model/object_text.h"

struct echo_registry {
    echo__model **models; /* a handful: found by looking at each */
    size_t count, cap;
};

echo_status echo_registry_new(echo_registry **out) {
    if (out == NULL) return ECHO_ERR_INVALID;
    *out = echo__calloc(1, sizeof **out);
    return *out == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void model_free(echo__model *model) {
    if (model == NULL) return;
    char *type;
    memcpy(&type, &model->ops.type, sizeof type); /* ours, const only to readers */
    echo__free(type);
    echo__free(model);
}

void echo_registry_free(echo_registry *registry) {
    if (registry == NULL) return;
    for (size_t i = 0; i < registry->count; i++) model_free(registry->models[i]);
    echo__free(registry->models);
    echo__free(registry);
}

const echo__model *echo__registry_find(const echo_registry *registry, echo_bytes type) {
    for (size_t i = 0; i < registry->count; i++)
        if (echo__bytes_equal(echo__bytes_text(registry->models[i]->ops.type), type)) return registry->models[i];
    return NULL;
}

const echo__model *echo__registry_find_text(const echo_registry *registry, const char *type) {
    return type == NULL ? NULL : echo__registry_find(registry, echo__bytes_text(type));
}

uint64_t echo__registry_generation(const echo_registry *registry) { return registry->count; }

static echo_status check_type(const char *type, echo_error *err) {
    if (type == NULL) return echo__error(err, ECHO_ERR_INVALID, "model table has no type");
    size_t len = strnlen(type, ECHO_MODEL_TYPE_BYTES_MAX + 1);
    if (len == 0) return echo__error(err, ECHO_ERR_INVALID, "model type is empty");
    if (len > ECHO_MODEL_TYPE_BYTES_MAX)
        return echo__error(err, ECHO_ERR_INVALID, "model type is longer than %u bytes", ECHO_MODEL_TYPE_BYTES_MAX);
    if (!echo__utf8_valid(echo__bytes(type, len)))
        return echo__error(err, ECHO_ERR_INVALID, "model type is not valid UTF-8");
    return ECHO_OK;
}

static echo_status check_hooks(const echo_model_ops *ops, echo_error *err) {
    const char *missing = ops->create == NULL    ? "create"
                          : ops->destroy == NULL ? "destroy"
                          : ops->apply == NULL   ? "apply"
                                                 : NULL;
    if (missing != NULL) return echo__error(err, ECHO_ERR_INVALID, "no %s hook in model %s", missing, ops->type);
    if ((ops->snapshot == NULL) != (ops->restore == NULL))
        return echo__error(err, ECHO_ERR_INVALID, "%s hook in model %s",
                           ops->snapshot != NULL ? "snapshot without restore" : "restore without snapshot", ops->type);
    if ((ops->snapshot_raw == NULL) != (ops->restore_raw == NULL))
        return echo__error(err, ECHO_ERR_INVALID, "%s hook in model %s",
                           ops->snapshot_raw != NULL ? "snapshot_raw without restore_raw"
                                                     : "restore_raw without snapshot_raw",
                           ops->type);
    if (ops->snapshot != NULL && ops->snapshot_raw != NULL)
        return echo__error(err, ECHO_ERR_INVALID, "hooks of both flavours in model %s", ops->type);
    return ECHO_OK;
}

static echo_status check(const echo_model_ops *ops, echo_error *err) {
    if (ops == NULL) return echo__error(err, ECHO_ERR_INVALID, "the model table is NULL");
    if (ops->version == 0) return echo__error(err, ECHO_ERR_INVALID, "model table has version 0");
    if (ops->version > ECHO_MODEL_OPS_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "model table has version %u, this library knows up to %u",
                           ops->version, ECHO_MODEL_OPS_VERSION);
    echo_status status = check_type(ops->type, err);
    if (status == ECHO_OK) status = check_hooks(ops, err);
    if (status != ECHO_OK) return status;
    if (ops->state_version == 0) return echo__error(err, ECHO_ERR_INVALID, "state version 0 in model %s", ops->type);
    if (ops->state_version == UINT32_MAX) /* counts of records need it (tree/record.h) */
        return echo__error(err, ECHO_ERR_INVALID, "state version %u in model %s", ops->state_version, ops->type);
    if (ops->reads_from > ops->state_version)
        return echo__error(err, ECHO_ERR_INVALID, "reads from version %u but writes %u: model %s", ops->reads_from,
                           ops->state_version, ops->type);
    return ECHO_OK;
}

static echo__model *model_new(const echo_model_ops *ops, void *ctx) {
    echo__model *model = echo__calloc(1, sizeof *model);
    if (model == NULL) return NULL;
    model->ops = *ops;
    model->ctx = ctx;
    model->raw = ops->snapshot_raw != NULL;
    model->has_hooks = model->raw || ops->snapshot != NULL;
    if (ops->reads_from == 0) model->ops.reads_from = ops->state_version;
    model->ops.type = echo__strdup(ops->type);
    if (model->ops.type != NULL) return model;
    model_free(model);
    return NULL;
}

/* Adds all of the tables or none. */
static echo_status add(echo_registry *registry, const echo_model_ops *const *tables, size_t n, void *ctx,
                       echo_error *err) {
    echo__model *made[2] = {NULL, NULL};
    for (size_t i = 0; i < n; i++) {
        echo_status status = check(tables[i], err);
        if (status != ECHO_OK) return status;
        if (echo__registry_find_text(registry, tables[i]->type) != NULL)
            return echo__error(err, ECHO_ERR_EXISTS, "registered already: model %s", tables[i]->type);
    }
    bool ok = echo__grow(&registry->models, &registry->cap, registry->count + n, sizeof *registry->models);
    for (size_t i = 0; ok && i < n; i++) ok = (made[i] = model_new(tables[i], ctx)) != NULL;
    if (!ok) {
        for (size_t i = 0; i < n; i++) model_free(made[i]);
        return echo__nomem(err);
    }
    for (size_t i = 0; i < n; i++) registry->models[registry->count++] = made[i];
    return ECHO_OK;
}

echo_status echo_registry_add(echo_registry *registry, const echo_model_ops *ops, void *ctx, echo_error *err) {
    if (registry == NULL) return echo__error(err, ECHO_ERR_INVALID, "registry is NULL");
    return add(registry, &ops, 1, ctx, err);
}

echo_status echo_registry_add_object(echo_registry *registry, echo_error *err) {
    if (registry == NULL) return echo__error(err, ECHO_ERR_INVALID, "registry is NULL");
    const echo_model_ops *tables[2] = {&echo__object_ops, &echo__object_ops_old};
    echo_status status = add(registry, tables, 2, NULL, err);
    for (size_t i = 1; status == ECHO_OK && i <= 2; i++) {
        echo__model *model = registry->models[registry->count - i];
        model->text = echo__object_text;
        model->restore_text = echo__object_freeze;
        model->borrows = echo__object_borrows;
        model->judge = i == 2 ? echo__object_judge : echo__object_judge_old;
        model->room = i == 2 ? &echo__object_room : &echo__object_room_old; /* counted from the last one added */
    }
    return status;
}
