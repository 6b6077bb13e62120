#include "base/alloc.h"
#include "base/error.h"
#include "tree/path.h"

typedef struct reach {
    echo__chunks *chunks;
    echo__visit_fn fn;
    void *arg;
    echo__buf scratch;
    echo_error *err;
} reach;

static echo_status visit_segment(void *arg, const echo_hash *name) {
    reach *r = arg;
    bool into = true;
    return r->fn(r->arg, name, &into);
}

static echo_status visit_blob(reach *r, const echo_hash *name) {
    bool into = true;
    echo_status status = r->fn(r->arg, name, &into);
    if (status != ECHO_OK || !into) return status;
    const echo__chunk *blob;
    status = echo__chunks_get(&blob, r->chunks, name, r->err);
    if (status == ECHO_ERR_NOT_FOUND) return echo__chunk_bad(r->err, name, "it is missing");
    if (status != ECHO_OK) return status;
    echo__record payload;
    status = echo__record_read_payload(&payload, blob->bytes, r->err);
    if (status == ECHO_OK && payload.log.data != NULL) status = echo__record_sealed(payload.log, visit_segment, r, r->err);
    echo__chunks_release(r->chunks, blob);
    return status;
}

static echo_status visit_leaf(reach *r, const echo__page *leaf) {
    for (uint32_t i = 0; i < leaf->lines->count; i++) {
        echo__record record;
        echo_status status = echo__record_read(&record, echo__page_line(leaf, i), &r->scratch, r->err);
        if (status == ECHO_OK && record.has_blob) status = visit_blob(r, &record.blob);
        if (status == ECHO_OK && record.log.data != NULL) status = echo__record_sealed(record.log, visit_segment, r, r->err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static echo_status visit_tree(reach *r, echo__path *path) {
    while (!path->done) {
        echo_hash name;
        echo__path_below(path, &name);
        bool into = true;
        echo_status status = r->fn(r->arg, &name, &into);
        if (status == ECHO_OK && into) {
            status = echo__path_down(path, r->err);
            if (status == ECHO_OK && path->level > 0) continue;
            if (status == ECHO_OK) status = visit_leaf(r, echo__path_page(path));
            if (status == ECHO_OK) echo__path_up(path);
        }
        if (status != ECHO_OK) return status;
        echo__path_next(path);
    }
    return ECHO_OK;
}

echo_status echo__tree_visit(echo__chunks *chunks, const echo__root *root, echo__visit_fn fn, void *arg, echo_error *err) {
    echo__path path;
    echo_status status = echo__path_init(&path, chunks, root, err);
    if (status != ECHO_OK) return status;
    reach r = {chunks, fn, arg, ECHO__BUF_INIT, err};
    status = visit_tree(&r, &path);
    echo__path_free(&path);
    echo__buf_free(&r.scratch);
    return status;
}

typedef struct plain {
    echo__reach_fn fn;
    void *arg;
} plain;

static echo_status visit_all(void *arg, const echo_hash *name, bool *into) {
    (void)into;
    const plain *p = arg;
    return p->fn(p->arg, name);
}

echo_status echo__tree_reach(echo__chunks *chunks, const echo__root *root, echo__reach_fn fn, void *arg, echo_error *err) {
    plain p = {fn, arg};
    return echo__tree_visit(chunks, root, visit_all, &p, err);
}
