/*
 * Typed access to the properties of items (echo/object.h): finding the place is the model's (model/object_get.h), and
 * here is what hosts can do wrong: items without such a state, paths that lead nowhere, other kinds, stale values.
 */
#include <echo/object.h>
#include <string.h>

#include "base/error.h"
#include "model/object_get.h"
#include "model/object_path.h"
#include "party/item.h"

const char *echo_object_kind_name(echo_object_kind kind) {
    switch (kind) {
#define XX(name, text)                                                                                                 \
    case ECHO_OBJECT_KIND_##name: return text;
        ECHO_OBJECT_KIND_MAP(XX)
#undef XX
    }
    return "unknown";
}

/* ---- checks ---- */

static echo_status fail(echo_error *err, const echo_item *item, echo_status status, const char *what) {
    if (status == ECHO_ERR_NOMEM)
        echo__nomem(err);
    else
        echo__error(err, status, "%s", what);
    echo__error_item(err, item->id, item->id_len);
    return status;
}

static echo_status check_item(const echo_item *item, echo_error *err) {
    if (item == NULL) return echo__error_null(err, "item");
    if (item->ops == NULL)
        return fail(err, item, ECHO_ERR_UNSUPPORTED, "the item is opaque: its properties cannot be read");
    if (item->ops->restore_text == NULL)
        return fail(err, item, ECHO_ERR_UNSUPPORTED, "the item is not of the object model");
    return ECHO_OK;
}

static bool is_stale(const echo_object_value *value) {
    if (value->place.epoch_at != NULL && *value->place.epoch_at != value->place.epoch) return true;
    return value->place.item->generation != value->place.generation;
}

static echo_status check_value(const echo_object_value *value, echo_error *err) {
    if (value == NULL || value->place.item == NULL) return echo__error_null(err, "value");
    if (!is_stale(value)) return ECHO_OK;
    return echo__error(err, ECHO_ERR_CONFLICT, "the value is stale: its item has changed, or has left memory");
}

static echo_status refuse_kind(echo_error *err, const echo_item *item, const char *path, echo_object_kind found,
                               const char *wanted) {
    if (path != NULL)
        echo__error(err, ECHO_ERR_INVALID, "the value at \"%.80s\" is of the kind %s, not %s", path,
                    echo_object_kind_name(found), wanted);
    else
        echo__error(err, ECHO_ERR_INVALID, "the value is of the kind %s, not %s", echo_object_kind_name(found), wanted);
    echo__error_item(err, item->id, item->id_len);
    return ECHO_ERR_INVALID;
}

/* ---- places ---- */

static echo__place place_of(const echo_object_value *value) {
    return (echo__place){value->place.at, (echo__place_form)value->place.form};
}

static void fill(echo_object_value *out, const echo_item *item, const echo__place *place) {
    memset(out, 0, sizeof *out);
    echo__object_scalar(out, place);
    out->place.item = item;
    out->place.epoch_at = item->epoch;
    out->place.epoch = item->epoch == NULL ? 0 : *item->epoch;
    out->place.generation = item->generation;
    out->place.at = place->at;
    out->place.form = (int)place->form;
}

static echo_status refuse_path(echo_error *err, const echo_item *item, const char *path, const echo__place *reached) {
    echo_object_value value;
    fill(&value, item, reached);
    if (value.kind == ECHO_OBJECT_KIND_OBJECT || value.kind == ECHO_OBJECT_KIND_ARRAY)
        echo__error(err, ECHO_ERR_NOT_FOUND, "nothing is at \"%.80s\"", path);
    else
        echo__error(err, ECHO_ERR_NOT_FOUND, "nothing is at \"%.80s\": the path leads through a value of the kind %s",
                    path, echo_object_kind_name(value.kind));
    echo__error_item(err, item->id, item->id_len);
    return ECHO_ERR_NOT_FOUND;
}

static echo_status reach(echo_object_value *out, const echo_item *item, const echo__place *from, const char *path,
                         const echo__seg *segs, uint32_t count, echo_error *err) {
    echo__place place;
    uint32_t gone;
    echo_status status = echo__object_find(&place, &gone, item->state, from, segs, count);
    if (status == ECHO_ERR_NOT_FOUND) return refuse_path(err, item, path, &place);
    if (status != ECHO_OK) return fail(err, item, status, "the value cannot be read");
    fill(out, item, &place);
    return ECHO_OK;
}

/* The place at a path, which splitting may write to: `copy` has room for it. */
static echo_status follow(echo_object_value *out, const echo_item *item, const echo__place *from, const char *path,
                          size_t len, char *copy, echo_error *err) {
    echo__seg segs[ECHO__PATH_MAX];
    uint32_t count;
    memcpy(copy, path, len);
    if (echo__object_path(segs, &count, copy, len) != ECHO_OK)
        return fail(err, item, ECHO_ERR_LIMIT, "the path has too many segments");
    if (count == 0) return fail(err, item, ECHO_ERR_NOT_FOUND, "the path leads nowhere: it has no segments");
    return reach(out, item, from, path, segs, count, err);
}

#define SHORT_PATH 256u /* longer ones need a larger frame */

static echo_status follow_long(echo_object_value *out, const echo_item *item, const echo__place *from, const char *path,
                               size_t len, echo_error *err) {
    char copy[ECHO_OBJECT_KEY_BYTES_MAX];
    return follow(out, item, from, path, len, copy, err);
}

static echo_status find(echo_object_value *out, const echo_item *item, const echo__place *from, const char *path,
                        echo_error *err) {
    char copy[SHORT_PATH];
    size_t len = 0;
    while (len < SHORT_PATH && path[len] != '\0' && path[len] != '.' && path[len] != '[') len++;
    if (len > 0 && len < SHORT_PATH && path[len] == '\0') { /* one segment, most of the time */
        echo__seg key = echo__seg_make(path, len);
        return reach(out, item, from, path, &key, 1, err);
    }
    len = strnlen(path, ECHO_OBJECT_KEY_BYTES_MAX + 1);
    if (len > ECHO_OBJECT_KEY_BYTES_MAX) return fail(err, item, ECHO_ERR_LIMIT, "the path is too long");
    return len <= sizeof copy ? follow(out, item, from, path, len, copy, err)
                              : follow_long(out, item, from, path, len, err);
}

/* ---- values ---- */

echo_status echo_object_get(echo_object_value *out, const echo_item *item, const char *path, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_item(item, err);
    if (status != ECHO_OK) return status;
    echo__place root = echo__object_root(item->state);
    if (path != NULL) return find(out, item, &root, path, err);
    fill(out, item, &root);
    return ECHO_OK;
}

echo_status echo_object_value_get(echo_object_value *out, const echo_object_value *from, const char *path,
                                  echo_error *err) {
    if (out == NULL || path == NULL) return echo__error_null(err, out == NULL ? "out" : "path");
    echo_status status = check_value(from, err);
    if (status != ECHO_OK) return status;
    echo__place place = place_of(from);
    return find(out, from->place.item, &place, path, err);
}

echo_status echo_object_value_element(echo_object_value *out, const echo_object_value *array, size_t index,
                                      echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_value(array, err);
    if (status != ECHO_OK) return status;
    const echo_item *item = array->place.item;
    if (array->kind != ECHO_OBJECT_KIND_ARRAY) return refuse_kind(err, item, NULL, array->kind, "array");
    echo__place place = place_of(array);
    status = echo__object_element(&place, item->state, &place, index);
    if (status != ECHO_OK) return fail(err, item, status, "the array has no such element");
    fill(out, item, &place);
    return ECHO_OK;
}

static echo_status count_of(size_t *out, const echo_object_value *value, const char *path, echo_error *err) {
    const echo_item *item = value->place.item;
    if (value->kind != ECHO_OBJECT_KIND_ARRAY && value->kind != ECHO_OBJECT_KIND_OBJECT)
        return refuse_kind(err, item, path, value->kind, "array or object");
    size_t count;
    echo__place place = place_of(value);
    echo_status status = echo__object_count(&count, item->state, &place);
    if (status != ECHO_OK) return fail(err, item, status, "the value cannot be read");
    *out = count;
    return ECHO_OK;
}

static echo_status blob_of(echo_bytes *out, const echo_object_value *value, const char *path, echo_object_kind kind,
                           echo_error *err) {
    const echo_item *item = value->place.item;
    if (value->kind != kind) return refuse_kind(err, item, path, value->kind, echo_object_kind_name(kind));
    echo_bytes bytes;
    echo__place place = place_of(value);
    echo_status status = echo__object_blob(&bytes, item->state, &place);
    if (status != ECHO_OK) return fail(err, item, status, "the value cannot be read");
    *out = bytes;
    return ECHO_OK;
}

echo_status echo_object_value_count(size_t *out, const echo_object_value *value, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_value(value, err);
    return status == ECHO_OK ? count_of(out, value, NULL, err) : status;
}

echo_status echo_object_value_string(echo_bytes *out, const echo_object_value *value, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_value(value, err);
    return status == ECHO_OK ? blob_of(out, value, NULL, ECHO_OBJECT_KIND_STRING, err) : status;
}

echo_status echo_object_value_bytes(echo_bytes *out, const echo_object_value *value, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_value(value, err);
    return status == ECHO_OK ? blob_of(out, value, NULL, ECHO_OBJECT_KIND_BYTES, err) : status;
}

/* ---- in one call ---- */

/* The value at a path that may not be NULL; `out` is the caller's own out parameter. */
static echo_status get(echo_object_value *value, const void *out, const echo_item *item, const char *path,
                       echo_error *err) {
    if (out == NULL || path == NULL) return echo__error_null(err, out == NULL ? "out" : "path");
    return echo_object_get(value, item, path, err);
}

echo_status echo_object_get_string(echo_bytes *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    return status == ECHO_OK ? blob_of(out, &value, path, ECHO_OBJECT_KIND_STRING, err) : status;
}

echo_status echo_object_get_bytes(echo_bytes *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    return status == ECHO_OK ? blob_of(out, &value, path, ECHO_OBJECT_KIND_BYTES, err) : status;
}

echo_status echo_object_get_number(double *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    if (status != ECHO_OK) return status;
    if (value.kind != ECHO_OBJECT_KIND_INTEGER && value.kind != ECHO_OBJECT_KIND_FLOAT)
        return refuse_kind(err, item, path, value.kind, "a number");
    *out = value.number;
    return ECHO_OK;
}

echo_status echo_object_get_int64(int64_t *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    if (status != ECHO_OK) return status;
    if (value.kind != ECHO_OBJECT_KIND_INTEGER) return refuse_kind(err, item, path, value.kind, "integer");
    *out = value.integer;
    return ECHO_OK;
}

echo_status echo_object_get_bool(bool *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    if (status != ECHO_OK) return status;
    if (value.kind != ECHO_OBJECT_KIND_BOOL) return refuse_kind(err, item, path, value.kind, "boolean");
    *out = value.boolean;
    return ECHO_OK;
}

echo_status echo_object_get_is_null(bool *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    echo_status status = get(&value, out, item, path, err);
    if (status == ECHO_OK) *out = value.kind == ECHO_OBJECT_KIND_NULL;
    return status;
}

echo_status echo_object_get_count(size_t *out, const echo_item *item, const char *path, echo_error *err) {
    echo_object_value value;
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = echo_object_get(&value, item, path, err);
    return status == ECHO_OK ? count_of(out, &value, path, err) : status;
}

/* ---- cursors ---- */

echo_status echo_object_cursor_open(echo_object_cursor *out, const echo_object_value *of, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    echo_status status = check_value(of, err);
    if (status != ECHO_OK) return status;
    if (of->kind != ECHO_OBJECT_KIND_ARRAY && of->kind != ECHO_OBJECT_KIND_OBJECT)
        return refuse_kind(err, of->place.item, NULL, of->kind, "array or object");
    echo_object_value whole = *of; /* which may be the cursor's own */
    memset(out, 0, sizeof *out);
    out->walk.of = whole;
    return ECHO_OK;
}

echo_status echo_object_cursor_next(bool *more, echo_object_cursor *cursor, echo_error *err) {
    if (more == NULL || cursor == NULL) return echo__error_null(err, more == NULL ? "more" : "cursor");
    echo_status status = check_value(&cursor->walk.of, err);
    if (status != ECHO_OK) return status;
    const echo_item *item = cursor->walk.of.place.item;
    echo__place of = place_of(&cursor->walk.of), place;
    echo_bytes key;
    status = echo__object_next(&place, &key, &cursor->walk.position, item->state, &of);
    if (status != ECHO_OK && status != ECHO_ERR_NOT_FOUND) return fail(err, item, status, "the value cannot be read");
    *more = status == ECHO_OK;
    if (!*more) return ECHO_OK;
    cursor->key = key;
    cursor->index = cursor->walk.next++;
    fill(&cursor->value, item, &place);
    return ECHO_OK;
}
