/*
 * Single items for the host. Walks are in each.c, typed access to properties is in item_get.c.
 */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/party.h"

echo_status echo_item_get(echo_item **out, echo_party *party, const char *id, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (party == NULL || id == NULL) return echo__error_null(err, party == NULL ? "party" : "id");
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    (void)echo__items_evict(&party->items, ECHO__EVICT_ITEMS);
    status = echo__items_get(out, &party->items, echo__bytes_text(id), &own);
    echo__party_leave(party);
    return echo__error_return(err, &own, status, "the item cannot be loaded");
}

void echo_item_head_get(echo_item_head *out, const echo_item *item) {
    if (out == NULL) return;
    memset(out, 0, sizeof *out);
    if (item == NULL) return;
    const char *source = item->more == NULL ? NULL : item->more->source;
    const char *target = item->more == NULL ? NULL : item->more->target;
    *out = (echo_item_head){item->id, item->type, item->model, item->parent, source, target, item->deleted};
}

bool echo_item_has_state(const echo_item *item) { return item != NULL && item->ops != NULL; }

const void *echo_item_state(const echo_item *item) { return item == NULL ? NULL : item->state; }

echo_status echo_item_view(cJSON **out, const echo_item *item, echo_error *err) {
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    if (item == NULL) return echo__error_null(err, "item");
    if (item->ops == NULL || item->ops->ops.view == NULL) return ECHO_OK;
    const echo_party *party = echo__party_of(item);
    if (party != NULL) echo__party_hold(party);
    echo_status status = item->ops->ops.view(out, item->ops->ctx, item->state, &own);
    if (status != ECHO_OK) {
        echo__error_adopt(&own, status, "the model's view hook failed");
        echo__error_item(&own, item->id, item->id_len);
    }
    if (party != NULL) echo__party_leave(party);
    return echo__error_return(err, &own, status, NULL);
}
