/*
 * The collection of garbage. Order is what makes it safe (P9): everything that is kept is read to its end before the
 * first removal; manifests are removed before the chunks that only they need; and the store refuses to remove chunks
 * through a handle that has not listed each party's newest manifest, so what is published meanwhile is found and marked
 * before the sweep continues. A crash leaves garbage and no damage.
 *
 * Invariants: a chunk in `marked` with the bit DEEP has everything below it in `marked` too, but for what the open
 * visitor has ahead; hence all is forgotten when a visit fails. `garbage` holds nothing that is marked. Until the sweep
 * nothing is removed that a restart would have to count again.
 */
#include "snapshot/gc.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/hash_set.h"
#include "snapshot/keep.h"
#include "store/store.h"
#include "tree/reach.h"

#define BATCH 512u /* chunks removed at once */
#define NAMES_PER_STEP 2048u
#define CONFLICTS 16u /* publications in a row that may come between listing and removing one batch */
#define RESTARTS 16u  /* restarts because other handles pinned or removed snapshots */

#define NAMED 1u /* some record names it */
#define DEEP 2u  /* and what it names is marked as well */

typedef enum gc_phase { GC_PARTIES, GC_LISTS, GC_MARK, GC_REMOVE, GC_SWEEP, GC_DONE } gc_phase;

typedef struct chunk {
    echo_hash name;
    uint64_t size;
} chunk;

struct echo__gc {
    echo_store store;
    echo_gc_options options;
    gc_phase phase;
    bool again; /* only what was published since the last listing is looked for; all else is marked */
    unsigned conflicts, restarts;

    echo_key *parties;
    size_t party_count, party_cap, party_at;
    echo__holdings holdings;
    size_t mark_at;   /* two roots a holding */
    size_t remove_at; /* holding */
    echo__chunks *chunks;
    echo__visitor *visitor;
    echo__hash_set marked;

    bool begun, walked; /* names: up to `last`; all of them */
    echo_hash last;
    chunk *garbage;
    size_t garbage_count, garbage_cap, garbage_at;

    uint64_t snapshots_removed, chunks_removed, bytes_removed; /* these outlive a restart */
    uint64_t chunks_kept, bytes_kept;
};

static void forget_marks(echo__gc *gc) {
    echo__visitor_close(gc->visitor);
    gc->visitor = NULL;
    echo__hash_set_free(&gc->marked);
    gc->phase = GC_PARTIES;
    gc->again = gc->begun = gc->walked = false;
    gc->party_count = gc->party_at = gc->holdings.count = gc->mark_at = gc->remove_at = 0;
    gc->garbage_count = gc->garbage_at = 0;
    gc->chunks_kept = gc->bytes_kept = 0;
    if (gc->options.dry_run) gc->snapshots_removed = gc->chunks_removed = gc->bytes_removed = 0;
}

/* Begins anew because of what other handles did; after too many times returns `why`, which the caller's error has. */
static echo_status restart(echo__gc *gc, echo_status why) {
    forget_marks(gc);
    if (gc->restarts++ < RESTARTS) return ECHO_OK;
    gc->restarts = 0;
    return why;
}

/* ---- which snapshots exist ---- */

static echo_status add_party(void *arg, const echo_key *party) {
    echo__gc *gc = arg;
    if (!echo__grow(&gc->parties, &gc->party_cap, gc->party_count + 1, sizeof *gc->parties)) return ECHO_ERR_NOMEM;
    gc->parties[gc->party_count++] = *party;
    return ECHO_OK;
}

static echo_status step_parties(echo__gc *gc, echo_error *err) {
    gc->party_count = gc->party_at = 0;
    echo_status status = echo__store_parties(&gc->store, add_party, gc, err);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    gc->phase = GC_LISTS;
    return status;
}

static bool is_known(const echo__gc *gc, const echo_key *party, const echo__stored_id *id) {
    for (size_t i = 0; i < gc->holdings.count; i++) {
        const echo__holding *h = &gc->holdings.list[i];
        if (h->id.number == id->number && echo__hash_equal(&h->id.hash, &id->hash) && echo__key_equal(&h->party, party))
            return true;
    }
    return false;
}

/* Whatever was published since is kept, and marked in its turn. */
static echo_status add_new(echo__gc *gc, const echo_key *party, echo_error *err) {
    echo__holdings now = {NULL, 0, 0};
    echo_status status = echo__keep_list(&now, &gc->store, party, 0, err);
    for (size_t i = 0; i < now.count && status == ECHO_OK; i++) {
        if (is_known(gc, party, &now.list[i].id)) continue;
        if (echo__grow(&gc->holdings.list, &gc->holdings.cap, gc->holdings.count + 1, sizeof *gc->holdings.list))
            gc->holdings.list[gc->holdings.count++] = now.list[i];
        else
            status = echo__nomem(err);
    }
    echo__keep_free(&now);
    return status;
}

static echo_status step_lists(echo__gc *gc, echo_error *err) {
    if (gc->party_at == gc->party_count) {
        gc->phase = GC_MARK;
        return ECHO_OK;
    }
    const echo_key *party = &gc->parties[gc->party_at++];
    return gc->again ? add_new(gc, party, err)
                     : echo__keep_list(&gc->holdings, &gc->store, party, gc->options.keep, err);
}

/* ---- marking ---- */

static echo_status mark_name(void *arg, const echo_hash *name, bool *into) {
    echo__gc *gc = arg;
    bool news;
    if (!echo__hash_set_add(&gc->marked, name, *into ? NAMED | DEEP : NAMED, &news)) return ECHO_ERR_NOMEM;
    *into = *into && news;
    return ECHO_OK;
}

/* Whether a snapshot is not in the store any more: then what it needs may be gone by right. */
static bool is_gone(const echo__gc *gc, const echo__holding *h) {
    bool found;
    return echo__stored_has(&found, &gc->store, &h->party, &h->id, NULL) == ECHO_OK && !found;
}

static echo_status mark_failed(echo__gc *gc, const echo__holding *h, echo_status status, echo_error *err) {
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status == ECHO_ERR_CORRUPT && is_gone(gc, h)) return restart(gc, status);
    return echo__stored_blame(err, &h->party, h->id.number, status);
}

/* Opens the next root that is to be marked; gc->visitor stays NULL when all are marked. */
static echo_status open_next(echo__gc *gc, echo_error *err) {
    for (; gc->mark_at < 2 * gc->holdings.count; gc->mark_at++) {
        const echo__holding *h = &gc->holdings.list[gc->mark_at / 2];
        const echo__root *root = gc->mark_at % 2 == 0 ? &h->items : &h->credentials;
        if (!h->keep || !h->good || root->items == 0) continue;
        echo_status status = echo__visitor_open(&gc->visitor, gc->chunks, root, mark_name, gc, err);
        return status == ECHO_OK ? status : mark_failed(gc, h, status, err);
    }
    return ECHO_OK;
}

/* What was marked since is no garbage. */
static void spare_marked(echo__gc *gc) {
    size_t left = gc->garbage_at;
    for (size_t i = gc->garbage_at; i < gc->garbage_count; i++) {
        if (echo__hash_set_get(&gc->marked, &gc->garbage[i].name) == 0) {
            gc->garbage[left++] = gc->garbage[i];
            continue;
        }
        gc->chunks_kept++;
        gc->bytes_kept += gc->garbage[i].size;
    }
    gc->garbage_count = left;
}

static echo_status step_mark(echo__gc *gc, echo_error *err) {
    if (gc->visitor == NULL) {
        echo_status status = open_next(gc, err);
        if (status != ECHO_OK || gc->phase != GC_MARK) return status;
    }
    if (gc->visitor == NULL) {
        if (gc->again) spare_marked(gc);
        gc->phase = gc->again ? GC_SWEEP : GC_REMOVE;
        gc->again = false;
        return ECHO_OK;
    }
    bool done;
    const echo__holding *h = &gc->holdings.list[gc->mark_at / 2];
    echo_status status = echo__visitor_step(gc->visitor, &done, err);
    if (status != ECHO_OK) return mark_failed(gc, h, status, err);
    if (done) {
        echo__visitor_close(gc->visitor);
        gc->visitor = NULL;
        gc->mark_at++;
    }
    return ECHO_OK;
}

/* ---- removing ---- */

static echo_status step_remove(echo__gc *gc, echo_error *err) {
    while (gc->remove_at < gc->holdings.count && gc->holdings.list[gc->remove_at].keep) gc->remove_at++;
    if (gc->remove_at == gc->holdings.count) {
        gc->phase = GC_SWEEP;
        return ECHO_OK;
    }
    const echo__holding *h = &gc->holdings.list[gc->remove_at];
    echo_status status = ECHO_OK;
    if (!gc->options.dry_run) status = gc->store.ops->remove(gc->store.ctx, &h->party, h->id.number, err);
    if (status == ECHO_OK) {
        gc->snapshots_removed++;
        gc->remove_at++;
        return ECHO_OK;
    }
    /* Another handle pinned it, so that it needs marking, or removed it: the snapshots must be listed again. */
    return status == ECHO_ERR_REFUSED || status == ECHO_ERR_NOT_FOUND ? restart(gc, status) : status;
}

typedef struct name_walk {
    echo__gc *gc;
    bool bounded;
    size_t seen;
    echo_hash last;
    uint64_t kept, kept_bytes;
} name_walk;

static echo_status sort_name(void *arg, const echo_hash *name, uint64_t size) {
    name_walk *w = arg;
    echo__gc *gc = w->gc;
    w->seen++;
    w->last = *name;
    if (echo__hash_set_get(&gc->marked, name) != 0) {
        w->kept++;
        w->kept_bytes += size;
    } else {
        if (!echo__grow(&gc->garbage, &gc->garbage_cap, gc->garbage_count + 1, sizeof *gc->garbage))
            return ECHO_ERR_NOMEM;
        gc->garbage[gc->garbage_count++] = (chunk){*name, size};
    }
    return w->bounded && (w->seen == NAMES_PER_STEP || gc->garbage_count == BATCH) ? ECHO__STOP : ECHO_OK;
}

/* The next names. Nothing is kept of a walk that fails. */
static echo_status find_garbage(echo__gc *gc, echo_error *err) {
    name_walk w = {.gc = gc, .bounded = echo__store_has(&gc->store, ECHO__STORE_WALK_FROM)};
    gc->garbage_at = gc->garbage_count = 0;
    echo_status status = echo__store_walk_from(&gc->store, gc->begun ? &gc->last : NULL, sort_name, &w, err);
    if (status != ECHO_OK && status != ECHO__STOP) {
        gc->garbage_count = 0;
        return status == ECHO_ERR_NOMEM ? echo__nomem(err) : status;
    }
    gc->walked = status == ECHO_OK;
    gc->begun = true;
    gc->last = w.last;
    gc->chunks_kept += w.kept;
    gc->bytes_kept += w.kept_bytes;
    return ECHO_OK;
}

static echo_status is_listed(void *arg, const echo_key *party) {
    const echo__gc *gc = arg;
    for (size_t i = 0; i < gc->party_count; i++)
        if (echo__key_equal(&gc->parties[i], party)) return ECHO_OK;
    return ECHO__STOP;
}

/*
 * Whether each party's newest snapshot is one we have marked. The store asks the same when it removes chunks, but it
 * asks this handle's last list, which others that use the handle between two steps may have made.
 */
static echo_status see_all(bool *out, echo__gc *gc, echo_error *err) {
    echo_status status = echo__store_parties(&gc->store, is_listed, gc, err);
    *out = status != ECHO__STOP;
    if (!*out) return ECHO_OK;
    for (size_t i = 0; i < gc->party_count && *out && status == ECHO_OK; i++) {
        echo__stored_id newest;
        status = echo__stored_newest(&newest, &gc->store, &gc->parties[i], err);
        *out = newest.number == 0 || is_known(gc, &gc->parties[i], &newest);
    }
    return status;
}

static echo_status remove_garbage(echo__gc *gc, echo_error *err) {
    echo_hash names[BATCH];
    uint64_t bytes = 0;
    size_t n = gc->garbage_count - gc->garbage_at;
    if (n > BATCH) n = BATCH;
    for (size_t i = 0; i < n; i++) {
        names[i] = gc->garbage[gc->garbage_at + i].name;
        bytes += gc->garbage[gc->garbage_at + i].size;
    }
    bool all = true;
    echo_status status = gc->options.dry_run ? ECHO_OK : see_all(&all, gc, err);
    if (status == ECHO_OK && !all) status = echo__store_refuse_unseen(err);
    if (status == ECHO_OK && !gc->options.dry_run) status = gc->store.ops->remove_chunks(gc->store.ctx, names, n, err);
    if (status == ECHO_ERR_CONFLICT && gc->conflicts++ < CONFLICTS) {
        gc->phase = GC_PARTIES;
        gc->again = true;
        return ECHO_OK;
    }
    gc->conflicts = 0;
    if (status != ECHO_OK) return status;
    gc->garbage_at += n;
    gc->chunks_removed += n;
    gc->bytes_removed += bytes;
    return ECHO_OK;
}

static echo_status step_sweep(echo__gc *gc, echo_error *err) {
    if (gc->garbage_at < gc->garbage_count) return remove_garbage(gc, err);
    if (!gc->walked) return find_garbage(gc, err);
    gc->phase = GC_DONE;
    return ECHO_OK;
}

/* ---- the machine ---- */

static echo_status tell_progress(echo__gc *gc, echo_error *err) {
    if (gc->options.progress == NULL) return ECHO_OK;
    bool sweeping = gc->phase >= GC_REMOVE || gc->again;
    uint64_t done = sweeping ? gc->chunks_kept + gc->chunks_removed : gc->marked.count;
    echo_status status = gc->options.progress(gc->options.progress_arg, sweeping ? "sweep" : "mark", done, 0);
    return status == ECHO_OK ? status : echo__error(err, status, "the progress callback ended the collection");
}

echo_status echo__gc_step(bool *done, echo__gc *gc, echo_error *err) {
    *done = gc->phase == GC_DONE;
    if (*done) return ECHO_OK;
    echo_status status = tell_progress(gc, err);
    if (status != ECHO_OK) return status;
    bool looking = gc->phase <= GC_MARK;
    echo_error problem = ECHO_ERROR_INIT; /* of what may be got around */
    switch (gc->phase) {
    case GC_PARTIES: status = step_parties(gc, &problem); break;
    case GC_LISTS: status = step_lists(gc, &problem); break;
    case GC_MARK: status = step_mark(gc, &problem); break;
    case GC_REMOVE: status = step_remove(gc, &problem); break;
    case GC_SWEEP: status = step_sweep(gc, &problem); break;
    case GC_DONE: break;
    }
    if (status != ECHO_OK && looking) forget_marks(gc);
    if (status != ECHO_OK && err != NULL) *err = problem;
    *done = gc->phase == GC_DONE;
    return status;
}

void echo__gc_report(echo_gc_report *out, const echo__gc *gc) {
    *out = (echo_gc_report){
        gc->party_count,  0, gc->snapshots_removed, gc->chunks_kept, gc->chunks_removed, gc->bytes_kept,
        gc->bytes_removed};
    for (size_t i = 0; i < gc->holdings.count; i++) out->snapshots_kept += gc->holdings.list[i].keep;
}

echo_status echo__gc_new(echo__gc **out, const echo_store *store, const echo_gc_options *options, echo_error *err) {
    static const echo_gc_options defaults = ECHO_GC_OPTIONS_INIT;
    *out = NULL;
    if (options == NULL) options = &defaults;
    if (options->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "options have version %u, this library knows 1",
                           (unsigned)options->version);
    echo_status status = echo__store_check(store, err);
    if (status != ECHO_OK) return status;
    if (!echo__store_has(store, ECHO__STORE_PARTIES))
        return echo__error(err, ECHO_ERR_UNSUPPORTED,
                           "this store cannot list its parties, so its garbage cannot be determined");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo__gc *gc = echo__calloc(1, sizeof *gc);
    if (gc == NULL) return echo__nomem(err);
    gc->store = *store;
    gc->options = *options;
    echo__hash_set_init(&gc->marked);
    if (echo__chunks_new(&gc->chunks, &gc->store) != ECHO_OK) {
        echo__free(gc);
        return echo__nomem(err);
    }
    echo__chunks_keep(gc->chunks, 0); /* each is read once */
    *out = gc;
    return ECHO_OK;
}

void echo__gc_free(echo__gc *gc) {
    if (gc == NULL) return;
    echo__visitor_close(gc->visitor);
    echo__chunks_free(gc->chunks);
    echo__hash_set_free(&gc->marked);
    echo__keep_free(&gc->holdings);
    echo__free(gc->parties);
    echo__free(gc->garbage);
    echo__free(gc);
}

echo_status echo_snapshot_gc(echo_gc_report *out, const echo_store *store, const echo_gc_options *options,
                             echo_error *err) {
    echo__gc *gc;
    echo_status status = echo__gc_new(&gc, store, options, err);
    if (status != ECHO_OK) return status;
    for (bool done = false; status == ECHO_OK && !done;) status = echo__gc_step(&done, gc, err);
    if (status == ECHO_OK && out != NULL) echo__gc_report(out, gc);
    echo__gc_free(gc);
    return status;
}
