/*
 * P3: two peers with the same models at the same timeframe write the same bytes, whatever models they had before. So
 * records that the models at hand write otherwise are made changed items before the cut, one at a time.
 */
#include "snapshot/convert.h"

#include "base/alloc.h"
#include "base/error.h"
#include "tree/cursor.h"

struct echo__convert {
    echo_party *party;
    echo__cursor *cursor;
    echo__buf scratch;
};

static bool converts(const echo_party *party, const echo__model_count *entry) {
    const echo__model *model = echo__registry_find_text(party->options.models, entry->model);
    if (model == NULL || echo__model_is_stale(party->options.models, entry->model, entry->version)) return false;
    uint32_t written = model->has_hooks ? model->ops.state_version : 0;
    return entry->version != written || (entry->opaque && model->has_hooks);
}

static const echo__model_count *entry_of(const echo_party *party, const echo__record *record) {
    return echo__models_find(&party->models, record->model, echo__record_counted(record));
}

static echo_status convert_line(echo__convert *c, echo__line line, echo_error *err) {
    echo__record record;
    echo__buf_clear(&c->scratch);
    echo_status status = echo__record_read(&record, line, &c->scratch, err);
    if (status != ECHO_OK || record.model.data == NULL) return status;
    const echo__model_count *entry = entry_of(c->party, &record);
    if (entry == NULL || !converts(c->party, entry)) return ECHO_OK;
    echo_item *item;
    return echo__items_get(&item, &c->party->items, record.id, err);
}

echo_status echo__convert_begin(echo__convert **out, echo_party *party, echo_error *err) {
    *out = NULL;
    bool any = false;
    for (size_t i = 0; i < party->models.count; i++) any = any || converts(party, &party->models.list[i]);
    if (!any) return ECHO_OK;
    echo__convert *c = echo__calloc(1, sizeof *c);
    if (c == NULL) return echo__nomem(err);
    c->party = party;
    echo_status status = echo__cursor_open(&c->cursor, party->chunks, &party->root, echo__bytes(NULL, 0), err);
    if (status == ECHO_OK)
        *out = c;
    else
        echo__convert_free(c);
    return status;
}

echo_status echo__convert_next(bool *done, echo__convert *c, echo_error *err) {
    echo__line line;
    echo_status status = echo__cursor_next(&line, c->cursor, err);
    *done = status == ECHO_ERR_NOT_FOUND;
    if (*done) return ECHO_OK;
    return status == ECHO_OK ? convert_line(c, line, err) : status;
}

void echo__convert_free(echo__convert *c) {
    if (c == NULL) return;
    echo__cursor_close(c->cursor);
    echo__buf_free(&c->scratch);
    echo__free(c);
}
