/*
 * Items before the join is complete: the party is opened read-only over the exchange's view of the store. An item that
 * cannot be read yet is requested, and tried again when more chunks have arrived.
 */
#include "cli/join_items.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void show_text(echo_cli_join *j, const echo_item_head *head, const cJSON *view) {
    echo_cli_out *out = &j->side.cli->out;
    char *text = view != NULL ? cJSON_PrintUnformatted(view) : NULL;
    echo_cli_print(out, "item         ");
    echo_cli_print_text(out, head->id, 0);
    echo_cli_print(out, " after ");
    echo_cli_print_bytes(out, j->state.bytes_received);
    echo_cli_print(out, ", %" PRIu64 " of %" PRIu64 " items: ", j->state.items_here, j->state.items);
    echo_cli_print_text(out, head->type, 0);
    echo_cli_print(out, " ");
    echo_cli_print_text(out, text, 0);
    echo_cli_print(out, "%s\n", head->deleted ? " deleted" : "");
    cJSON_free(text);
}

static void show_json(echo_cli_join *j, const echo_item_head *head, const cJSON *view) {
    echo_cli_out *out = &j->side.cli->out;
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "event", "item");
    echo_cli_json_string(out, "id", head->id);
    echo_cli_json_string(out, "type", head->type);
    echo_cli_json_string(out, "model", head->model);
    echo_cli_json_string(out, "parent", head->parent);
    (void)echo_cli_json_value(out, "properties", view);
    if (head->deleted) echo_cli_json_flag(out, "deleted", true);
    echo_cli_json_number(out, "bytes", j->state.bytes_received);
    echo_cli_json_number(out, "items_here", j->state.items_here);
    echo_cli_json_number(out, "items", j->state.items);
    echo_cli_json_end(out);
}

static echo_status show(echo_cli_join *j, echo_party *party, const char *id, echo_error *err) {
    echo_item *item;
    echo_item_head head;
    cJSON *view = NULL;
    echo_status status = echo_item_get(&item, party, id, err);
    if (status == ECHO_OK) status = echo_item_view(&view, item, err);
    if (status != ECHO_OK) return status;
    echo_item_head_get(&head, item);
    echo_cli_progress_clear(&j->side.cli->progress);
    if (j->side.cli->json)
        show_json(j, &head, view);
    else
        show_text(j, &head, view);
    (void)echo_cli_out_flush(&j->side.cli->out);
    cJSON_Delete(view);
    return ECHO_OK;
}

static void shown(echo_cli_join *j, size_t i) {
    j->item_count--;
    memmove(&j->items[i], &j->items[i + 1], (j->item_count - i) * sizeof j->items[0]);
    memmove(&j->wanted[i], &j->wanted[i + 1], (j->item_count - i) * sizeof j->wanted[0]);
}

/* The preview shows only the snapshot: it writes nothing and rebuilds nothing. */
static bool open_preview(echo_cli_join *j) {
    echo_error ignored = ECHO_ERROR_INIT;
    echo_party_options options = j->options;
    options.party = &j->side.key;
    options.feeds = &j->side.feeds;
    options.store = echo_exchange_store(j->side.exchange);
    options.writable = false;
    options.rebuild = false;
    if (options.store == NULL || echo_party_restore(&j->preview, &options, &ignored) != ECHO_OK) return false;
    if (echo_party_report(j->preview)->snapshot != 0) return true;
    echo_cli_join_close_preview(j); /* the chunks on the path to it have not arrived yet */
    return false;
}

void echo_cli_join_items(echo_cli_join *j) {
    if (!j->usable || j->item_count == 0 || j->up_to_date || j->looked == j->state.chunks_received) return;
    j->looked = j->state.chunks_received;
    if (j->preview == NULL && !open_preview(j)) return;
    for (size_t i = 0; i < j->item_count;) {
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = show(j, j->preview, j->items[i], &err);
        if (status == ECHO_ERR_PENDING && !j->wanted[i])
            j->wanted[i] = echo_exchange_want(j->side.exchange, j->items[i], &err) == ECHO_OK;
        if (status == ECHO_OK)
            shown(j, i);
        else
            i++; /* pending, or not in the snapshot: a message after it may create it */
    }
}

void echo_cli_join_close_preview(echo_cli_join *j) {
    echo_party_free(j->preview);
    j->preview = NULL;
}

echo_status echo_cli_join_rest(echo_cli_join *j, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < j->item_count; i++) {
        echo_error problem = ECHO_ERROR_INIT;
        echo_status one = show(j, j->side.party, j->items[i], &problem);
        if (one == ECHO_OK || status != ECHO_OK) continue;
        status = one;
        *err = problem;
    }
    return status;
}
