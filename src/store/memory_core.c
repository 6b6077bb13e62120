#include "store/memory_core.h"

#include "base/alloc.h"
#include "base/crypto.h"

echo__memstore_core *echo__memstore_enter(echo__memstore *m) {
    (void)pthread_mutex_lock(&m->core->lock);
    return m->core;
}

echo_status echo__memstore_leave(echo__memstore *m, echo_status status) {
    (void)pthread_mutex_unlock(&m->core->lock);
    return status;
}

void echo__memstore_let_go(echo__memstore_chunk *one) {
    if (one != NULL && --one->holders == 0) echo__free(one);
}

echo__memstore_chunk *echo__memstore_seen_by(const echo__memstore *m, echo__memstore_chunk *one) {
    return one != NULL && one->owner != NULL && one->owner != m ? one->replaced : one;
}

echo__memstore_chunk *echo__memstore_find(const echo__memstore *m, const echo_hash *name) {
    return echo__memstore_seen_by(m, echo__map_get(&m->core->chunks, name->bytes, sizeof name->bytes));
}

bool echo__memstore_is_writing(const echo__memstore *m) { return m->core->writer == m; }

void echo__memstore_undo(echo__memstore *m) {
    echo__memstore_core *c = m->core;
    if (!echo__memstore_is_writing(m)) return;
    while (m->pending != NULL) {
        echo__memstore_chunk *gone = m->pending;
        m->pending = gone->next_pending;
        if (gone->replaced == NULL)
            (void)echo__map_remove(&c->chunks, gone->name.bytes, sizeof gone->name.bytes);
        else /* cannot fail: the name has its place */
            (void)echo__map_put(&c->chunks, gone->replaced->name.bytes, sizeof gone->name.bytes, gone->replaced);
        echo__memstore_let_go(gone);
    }
    c->bytes = c->published;
    c->writer = NULL;
}

echo__memstore_manifest *echo__memstore_newest(const echo__memstore_core *c, const echo_key *party, uint64_t most) {
    echo__memstore_manifest *best = NULL;
    for (size_t i = 0; i < c->count; i++) {
        echo__memstore_manifest *one = c->manifests[i];
        if (one->number <= most && (best == NULL || one->number > best->number) && echo__key_equal(&one->party, party))
            best = one;
    }
    return best;
}
