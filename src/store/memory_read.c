/*
 * Reading from a store in memory: what is handed out is copied, or held, so that callbacks run without the lock.
 */
#include "store/memory_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"

uint32_t echo__memstore_capabilities(void *ctx) {
    (void)ctx;
    return 0;
}

echo_status echo__memstore_get(void *ctx, const echo_hash *name, echo_chunk_fn fn, void *arg, echo_error *err) {
    echo__memstore *m = ctx;
    (void)echo__memstore_enter(m);
    echo__memstore_chunk *found = echo__memstore_find(m, name);
    if (found != NULL) found->holders++;
    (void)echo__memstore_leave(m, ECHO_OK);
    if (found == NULL) return echo__store_refuse_absent(err);
    echo_status status = fn(arg, echo__bytes(found->data, found->len));
    (void)echo__memstore_enter(m);
    echo__memstore_let_go(found);
    return echo__memstore_leave(m, status);
}

typedef struct one_of_many {
    size_t index;
    echo_chunk_at_fn fn;
    void *arg;
} one_of_many;

static echo_status take_one(void *arg, echo_bytes bytes) {
    const one_of_many *one = arg;
    return one->fn(one->arg, one->index, bytes);
}

echo_status echo__memstore_get_many(void *ctx, const echo_hash *names, size_t n, echo_chunk_at_fn fn, void *arg,
                                    echo_error *err) {
    echo__memstore *m = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        one_of_many one = {i, fn, arg};
        (void)echo__memstore_enter(m);
        bool there = echo__memstore_find(m, &names[i]) != NULL;
        (void)echo__memstore_leave(m, ECHO_OK);
        echo_status status = there ? echo__memstore_get(ctx, &names[i], take_one, &one, NULL) : ECHO_OK;
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

echo_status echo__memstore_has(bool *out, void *ctx, const echo_hash *name, echo_error *err) {
    echo__memstore *m = ctx;
    (void)err;
    (void)echo__memstore_enter(m);
    *out = echo__memstore_find(m, name) != NULL;
    return echo__memstore_leave(m, ECHO_OK);
}

/* Copies out the party's newest manifest up to number `most`; *number is 0 when none exists. */
static echo_status read_manifest(echo__buf *out, uint64_t *number, echo__memstore *m, const echo_key *party,
                                 uint64_t most, echo_error *err) {
    const echo__memstore_manifest *one = echo__memstore_newest(echo__memstore_enter(m), party, most);
    *number = one == NULL ? 0 : one->number;
    echo__buf_clear(out);
    if (one != NULL) echo__buf_append(out, one->data, one->len);
    (void)echo__memstore_leave(m, ECHO_OK);
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

/* Each manifest is copied for its call: fn may remove it, and so may others. */
echo_status echo__memstore_list(void *ctx, const echo_key *party, echo_manifest_fn fn, void *arg, echo_error *err) {
    echo__memstore *m = ctx;
    echo__buf copy = ECHO__BUF_INIT;
    echo_hash first = {{0}};
    bool any = false;
    uint64_t number, most = UINT64_MAX;
    echo_status status;
    while ((status = read_manifest(&copy, &number, m, party, most, err)) == ECHO_OK && number != 0) {
        if (!any) echo__seen_name(&first, number, echo__buf_bytes(&copy));
        any = true;
        status = fn(arg, number, echo__buf_bytes(&copy));
        if (status != ECHO_OK) break;
        most = number - 1;
    }
    if (status == ECHO_OK && any && !echo__seen_note(&m->seen, party, &first)) status = echo__nomem(err);
    echo__buf_free(&copy);
    return status;
}

echo_status echo__memstore_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    echo__memstore *m = ctx;
    (void)err;
    const echo__memstore_manifest *one = echo__memstore_newest(echo__memstore_enter(m), party, number);
    *out = one != NULL && one->number == number && one->pinned;
    return echo__memstore_leave(m, ECHO_OK);
}

/* The lowest party above *after, or of all when that is NULL; false when none exists. */
static bool read_party(echo_key *out, echo__memstore *m, const echo_key *after) {
    const echo__memstore_core *c = echo__memstore_enter(m);
    const echo_key *next = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const echo_key *party = &c->manifests[i]->party;
        if (after != NULL && echo__key_compare(party, after) <= 0) continue;
        if (next == NULL || echo__key_compare(party, next) < 0) next = party;
    }
    if (next != NULL) *out = *next;
    (void)echo__memstore_leave(m, ECHO_OK);
    return next != NULL;
}

echo_status echo__memstore_parties(void *ctx, echo_store_party_fn fn, void *arg, echo_error *err) {
    echo__memstore *m = ctx;
    echo_key party, last;
    const echo_key *after = NULL;
    (void)err;
    while (read_party(&party, m, after)) {
        last = party;
        after = &last;
        echo_status status = fn(arg, &party);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

echo_status echo__memstore_usage(uint64_t *bytes, void *ctx, echo_error *err) {
    echo__memstore *m = ctx;
    (void)err;
    const echo__memstore_core *c = echo__memstore_enter(m);
    *bytes = echo__memstore_is_writing(m) ? c->bytes : c->published;
    return echo__memstore_leave(m, ECHO_OK);
}

typedef struct entry {
    echo_hash name;
    uint64_t size;
} entry;

static int by_name(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return memcmp(x->name.bytes, y->name.bytes, sizeof x->name.bytes);
}

/* Copies out what the handle sees above *after, in no order; NULL when memory is short. */
static entry *read_entries(size_t *n, echo__memstore *m, const echo_hash *after) {
    const echo__memstore_core *c = echo__memstore_enter(m);
    size_t at = 0;
    *n = 0;
    entry *list = echo__realloc_array(NULL, c->chunks.count, sizeof *list);
    for (echo__memstore_chunk *one; list != NULL && (one = echo__map_next(&c->chunks, &at)) != NULL;) {
        const echo__memstore_chunk *found = echo__memstore_seen_by(m, one);
        if (found == NULL || (after != NULL && memcmp(found->name.bytes, after->bytes, sizeof after->bytes) <= 0))
            continue;
        list[*n].name = found->name;
        list[(*n)++].size = found->len;
    }
    (void)echo__memstore_leave(m, ECHO_OK);
    return list;
}

echo_status echo__memstore_walk_from(void *ctx, const echo_hash *after, echo_walk_fn fn, void *arg, echo_error *err) {
    size_t n;
    entry *sorted = read_entries(&n, ctx, after);
    if (sorted == NULL) return echo__nomem(err);
    qsort(sorted, n, sizeof *sorted, by_name);
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) status = fn(arg, &sorted[i].name, sorted[i].size);
    echo__free(sorted);
    return status;
}

echo_status echo__memstore_walk(void *ctx, echo_walk_fn fn, void *arg, echo_error *err) {
    return echo__memstore_walk_from(ctx, NULL, fn, arg, err);
}
