#include "base/alloc.h"
#include "base/error.h"
#include "tree/path.h"
#include "tree/reach.h"

struct echo__visitor {
    echo__path path;
    echo__visit_fn fn;
    void *arg;
    echo__buf scratch;
    echo_error *err; /* of the step that runs */
    bool failed;
};

static echo_status visit_segment(void *arg, const echo_hash *name) {
    echo__visitor *v = arg;
    bool into = false;
    return v->fn(v->arg, name, &into);
}

static echo_status visit_blob(echo__visitor *v, const echo_hash *name) {
    bool into = true;
    echo_status status = v->fn(v->arg, name, &into);
    if (status != ECHO_OK || !into) return status;
    const echo__chunk *blob;
    status = echo__chunks_get(&blob, v->path.chunks, name, v->err);
    if (status == ECHO_ERR_NOT_FOUND) return echo__chunk_bad(v->err, name, "it is missing");
    if (status != ECHO_OK) return status;
    echo__record payload;
    status = echo__record_read_payload(&payload, blob->bytes, v->err);
    if (status == ECHO_OK && payload.log.data != NULL)
        status = echo__record_sealed(payload.log, visit_segment, v, v->err);
    echo__chunks_release(v->path.chunks, blob);
    return status;
}

static echo_status visit_leaf(echo__visitor *v, const echo__page *leaf) {
    for (uint32_t i = 0; i < leaf->lines->count; i++) {
        echo__record record;
        echo_status status = echo__record_read(&record, echo__page_line(leaf, i), &v->scratch, v->err);
        if (status == ECHO_OK && record.has_blob) status = visit_blob(v, &record.blob);
        if (status == ECHO_OK && record.log.data != NULL)
            status = echo__record_sealed(record.log, visit_segment, v, v->err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

static echo_status visit_chunk(echo__visitor *v) {
    echo__path *path = &v->path;
    echo_hash name;
    bool into = true;
    echo__path_below(path, &name);
    echo_status status = v->fn(v->arg, &name, &into);
    if (status == ECHO_OK && into) {
        status = echo__path_down(path, v->err);
        if (status != ECHO_OK || path->level > 0) return status;
        status = visit_leaf(v, echo__path_page(path));
        echo__path_up(path);
    }
    if (status == ECHO_OK) echo__path_next(path);
    return status;
}

echo_status echo__visitor_open(echo__visitor **out, echo__chunks *chunks, const echo__root *root, echo__visit_fn fn,
                               void *arg, echo_error *err) {
    *out = NULL;
    echo__visitor *v = echo__calloc(1, sizeof *v);
    if (v == NULL) return echo__nomem(err);
    echo_status status = echo__path_init(&v->path, chunks, root, err);
    if (status != ECHO_OK) {
        echo__free(v);
        return status;
    }
    v->fn = fn;
    v->arg = arg;
    *out = v;
    return ECHO_OK;
}

echo_status echo__visitor_step(echo__visitor *v, bool *done, echo_error *err) {
    *done = false;
    if (v->failed) return echo__error(err, ECHO_ERR_INVALID, "the visit failed earlier");
    v->err = err;
    echo_status status = v->path.done ? ECHO_OK : visit_chunk(v);
    v->failed = status != ECHO_OK;
    *done = status == ECHO_OK && v->path.done;
    return status;
}

void echo__visitor_close(echo__visitor *v) {
    if (v == NULL) return;
    echo__path_free(&v->path);
    echo__buf_free(&v->scratch);
    echo__free(v);
}

echo_status echo__tree_visit(echo__chunks *chunks, const echo__root *root, echo__visit_fn fn, void *arg,
                             echo_error *err) {
    echo__visitor *v;
    echo_status status = echo__visitor_open(&v, chunks, root, fn, arg, err);
    if (status != ECHO_OK) return status;
    for (bool done = false; status == ECHO_OK && !done;) status = echo__visitor_step(v, &done, err);
    echo__visitor_close(v);
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

echo_status echo__tree_reach(echo__chunks *chunks, const echo__root *root, echo__reach_fn fn, void *arg,
                             echo_error *err) {
    plain p = {fn, arg};
    return echo__tree_visit(chunks, root, visit_all, &p, err);
}
