#include "party/item.h"

#include "base/alloc.h"

echo_status echo__item_new(echo_item **out, echo_bytes id) {
    *out = NULL;
    echo_item *item = echo__calloc(1, sizeof *item);
    if (item == NULL) return ECHO_ERR_NOMEM;
    item->id = echo__strndup(id.data, id.len);
    item->id_len = id.len;
    if (item->id == NULL) {
        echo__free(item);
        return ECHO_ERR_NOMEM;
    }
    *out = item;
    return ECHO_OK;
}

void echo__item_drop_state(echo_item *item) {
    if (item->ops == NULL) return;
    item->ops->ops.destroy(item->ops->ctx, item->state);
    item->ops = NULL;
    item->state = NULL;
    item->generation++;
    echo__buf_free(&item->stored);
}

void echo__item_free(echo_item *item) {
    if (item == NULL) return;
    echo__item_drop_state(item);
    echo__log_free(&item->log);
    echo__buf_free(&item->stored);
    echo__free(item->target);
    echo__free(item->source);
    echo__free(item->parent);
    echo__free(item->model);
    echo__free(item->type);
    echo__free(item->id);
    echo__free(item);
}
