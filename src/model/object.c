#include "model/object.h"

#include <echo/object.h>
#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/object_frozen.h"
#include "model/object_state.h"
#include "model/object_text.h"
#include "model/object_thaw.h"
#include "model/object_wire.h"

_Static_assert(alignof(echo__object) <= alignof(void *), "a state may be made in any room");

static void make_within(void *room, bool old) {
    echo__object *object = room;
    memset(object, 0, sizeof *object);
    object->old = old;
    echo__live_init(&object->live);
}

static void make_new_within(void *room) { make_within(room, false); }
static void make_old_within(void *room) { make_within(room, true); }

static echo_status make(void **state, bool old) {
    void *room = echo__malloc(sizeof(echo__object));
    if (room == NULL) return ECHO_ERR_NOMEM;
    make_within(room, old);
    *state = room;
    return ECHO_OK;
}

static echo_status create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    return make(state, false);
}

static echo_status create_old(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    return make(state, true);
}

static void clear(void *state) {
    echo__object *object = state;
    echo__object_melt(object);
    echo__live_free(&object->live);
}

static void destroy(void *ctx, void *state) {
    (void)ctx;
    if (state == NULL) return;
    clear(state);
    echo__free(state);
}

static echo_status apply_ops(echo__object *object, echo__ops *ops, const echo_mutation *mutation, echo_error *err) {
    if (ops->count == 0) return ECHO_OK;
    echo_status status = object->frozen ? echo__object_thaw(object, err) : ECHO_OK;
    if (status != ECHO_OK) return status;
    echo__pos pos = {mutation->time, mutation->seq, 0, 0};
    if (!echo__live_feed(&pos.feed, &object->live, &mutation->feed) ||
        !echo__live_apply(&object->live, ops->list, ops->count, &pos))
        return echo__nomem(err);
    return ECHO_OK;
}

#define MEMORY_ON_STACK 2048u

static echo_status apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    echo__object *object = state;
    alignas(max_align_t) uint8_t first[MEMORY_ON_STACK];
    echo__wire_memory memory;
    echo__ops ops;
    echo__wire_memory_init(&memory, first, sizeof first);
    echo_status status = echo__ops_decode(&ops, mutation->bytes, object->old, &memory, err);
    if (status == ECHO_OK) {
        status = apply_ops(object, &ops, mutation, err);
        echo__ops_release(&ops);
    }
    echo__wire_memory_free(&memory);
    return status;
}

static echo_status judge(echo_bytes mutation, bool old, echo_error *err) {
    alignas(max_align_t) uint8_t first[MEMORY_ON_STACK];
    echo__wire_memory memory;
    echo__ops ops;
    echo__wire_memory_init(&memory, first, sizeof first);
    echo_status status = echo__ops_decode(&ops, mutation, old, &memory, err);
    if (status == ECHO_OK) echo__ops_release(&ops);
    echo__wire_memory_free(&memory);
    return status;
}

echo_status echo__object_judge(echo_bytes mutation, echo_error *err) { return judge(mutation, false, err); }
echo_status echo__object_judge_old(echo_bytes mutation, echo_error *err) { return judge(mutation, true, err); }

static echo_status view(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    *out = echo__object_show((echo__object *)state); /* stale folds are brought up to date on the way */
    return *out == NULL ? echo__nomem(err) : ECHO_OK;
}

#define OBJECT_OPS(type_, create_)                                                                                     \
    {                                                                                                                  \
        .version = ECHO_MODEL_OPS_VERSION, .type = (type_), .state_version = ECHO__OBJECT_STATE_VERSION,               \
        .create = (create_), .destroy = destroy, .apply = apply, .snapshot = echo__object_snapshot,                    \
        .restore = echo__object_restore, .view = view                                                                  \
    }

const echo__state_room echo__object_room = {sizeof(echo__object), make_new_within, clear};
const echo__state_room echo__object_room_old = {sizeof(echo__object), make_old_within, clear};

const echo_model_ops echo__object_ops = OBJECT_OPS(ECHO_MODEL_OBJECT, create);
const echo_model_ops echo__object_ops_old = OBJECT_OPS(ECHO_MODEL_OBJECT_OLD, create_old);
