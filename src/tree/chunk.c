/*
 * Invariants: an entry is in `map` from when it was read until it is freed, and in the list of kept ones exactly while
 * nobody refers to it. `kept` is the cost of the list, at most `budget` whenever a call returns.
 */
#include "tree/chunk.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/map.h"
#include "store/store.h"

typedef struct entry {
    echo__chunk chunk; /* first, so that a chunk's address is its entry's */
    size_t refs;
    size_t cost;
    bool was_kept;
    struct entry *newer, *older;
    uint8_t data[];
} entry;

struct echo__chunks {
    const echo_store *store;
    echo__map map;
    entry *newest, *oldest;
    size_t kept, budget;
    bool hashed; /* by the store */
    echo__chunk_counts counts;
};

echo_status echo__chunks_new(echo__chunks **out, const echo_store *store) {
    *out = NULL;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__chunks *chunks = echo__calloc(1, sizeof *chunks);
    if (chunks == NULL) return ECHO_ERR_NOMEM;
    chunks->store = store;
    chunks->budget = ECHO__CHUNK_KEEP;
    echo__map_init(&chunks->map);
    *out = chunks;
    return ECHO_OK;
}

static void entry_free(entry *e) {
    echo__free((void *)e->chunk.memo);
    echo__free(e);
}

void echo__chunks_free(echo__chunks *chunks) {
    if (chunks == NULL) return;
    size_t at = 0;
    for (entry *e; (e = echo__map_next(&chunks->map, &at)) != NULL;) entry_free(e);
    echo__map_free(&chunks->map);
    echo__free(chunks);
}

static void unlink_entry(echo__chunks *chunks, entry *e) {
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        chunks->newest = e->older;
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        chunks->oldest = e->newer;
    e->newer = e->older = NULL;
    chunks->kept -= e->cost;
}

static void drop_entry(echo__chunks *chunks, entry *e) {
    (void)echo__map_remove(&chunks->map, e->chunk.name.bytes, sizeof e->chunk.name.bytes);
    entry_free(e);
}

static void trim_kept(echo__chunks *chunks) {
    while (chunks->kept > chunks->budget) {
        entry *e = chunks->oldest;
        unlink_entry(chunks, e);
        drop_entry(chunks, e);
    }
}

void echo__chunks_keep(echo__chunks *chunks, size_t bytes) {
    chunks->budget = bytes;
    trim_kept(chunks);
}

size_t echo__chunks_budget(const echo__chunks *chunks) { return chunks->budget; }

void echo__chunks_hashed(echo__chunks *chunks) { chunks->hashed = true; }

typedef struct fetch {
    const echo_hash *name;
    bool hashed;
    entry *got;
    echo_error *err;
} fetch;

/* P8: the size is checked before memory is taken, the hash before anybody sees the bytes. */
static echo_status copy_chunk(void *arg, echo_bytes bytes) {
    fetch *f = arg;
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, f->name);
    if (f->got != NULL) return echo__error(f->err, ECHO_ERR_IO, "chunk %s: the store returned it twice", hex);
    if (bytes.len > ECHO__CHUNK_MAX)
        return echo__error(f->err, ECHO_ERR_LIMIT, "chunk %s: %zu bytes are over the limit", hex, bytes.len);
    echo_hash hash = *f->name;
    if (!f->hashed) echo__hash(&hash, bytes.data, bytes.len);
    if (!echo__hash_equal(&hash, f->name))
        return echo__error(f->err, ECHO_ERR_CORRUPT, "chunk %s: the hash of its bytes differs", hex);
    entry *e = echo__malloc(sizeof *e + bytes.len);
    if (e == NULL) return echo__nomem(f->err);
    memset(e, 0, sizeof *e);
    if (bytes.len > 0) memcpy(e->data, bytes.data, bytes.len);
    e->chunk.name = hash;
    e->chunk.bytes = echo__bytes(e->data, bytes.len);
    e->cost = sizeof *e + bytes.len;
    f->got = e;
    return ECHO_OK;
}

static echo_status name_failure(echo_error *err, echo_status status, echo_error *problem, const echo_hash *name) {
    char what[ECHO_HEX_CHARS + 8] = "chunk ";
    echo_hash_hex(what + strlen(what), name);
    (void)echo__error_adopt(problem, status, what);
    if (err != NULL) *err = *problem;
    return status;
}

static bool add_entry(echo__chunks *chunks, entry *e) {
    if (!echo__map_put(&chunks->map, e->chunk.name.bytes, sizeof e->chunk.name.bytes, e)) return false;
    chunks->counts.read++;
    chunks->counts.read_bytes += e->chunk.bytes.len;
    return true;
}

static echo_status read_chunk(entry **out, echo__chunks *chunks, const echo_hash *name, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT; /* err may hold an older error of the same code */
    fetch f = {name, chunks->hashed, NULL, &problem};
    echo_status status = chunks->store->ops->get(chunks->store->ctx, name, copy_chunk, &f, &problem);
    if (status == ECHO_OK && f.got == NULL) status = ECHO_ERR_IO;
    if (status == ECHO_OK && !add_entry(chunks, f.got)) status = echo__nomem(&problem);
    if (status != ECHO_OK) {
        if (f.got != NULL) entry_free(f.got);
        return name_failure(err, status, &problem, name);
    }
    *out = f.got;
    return ECHO_OK;
}

/* ---- ahead ---- */

#define AHEAD_MAX 64u

typedef struct ahead {
    echo__chunks *chunks;
    echo_hash names[AHEAD_MAX]; /* those that have to be read */
    const echo__chunk **places[AHEAD_MAX];
    size_t count;
} ahead;

/* A chunk that is not right is left out: who gets it alone is told. */
static echo_status take_ahead(void *arg, size_t index, echo_bytes bytes) {
    ahead *a = arg;
    fetch f = {&a->names[index], a->chunks->hashed, NULL, NULL};
    entry *twin = echo__map_get(&a->chunks->map, f.name->bytes, sizeof f.name->bytes);
    if (*a->places[index] != NULL) return ECHO_OK; /* the store returned it twice */
    if (twin != NULL) {
        twin->refs++;
        *a->places[index] = &twin->chunk;
        return ECHO_OK;
    }
    echo_status status = copy_chunk(&f, bytes);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    if (!add_entry(a->chunks, f.got)) {
        entry_free(f.got);
        return ECHO_ERR_NOMEM;
    }
    f.got->refs = 1;
    *a->places[index] = &f.got->chunk;
    return ECHO_OK;
}

echo_status echo__chunks_ahead(const echo__chunk **out, echo__chunks *chunks, const echo_hash *names, size_t n,
                               echo_error *err) {
    ahead a;
    a.chunks = chunks;
    a.count = 0;
    for (size_t i = 0; i < n; i++) {
        entry *e = echo__map_get(&chunks->map, names[i].bytes, sizeof names[i].bytes);
        out[i] = e == NULL ? NULL : &e->chunk;
        if (e != NULL && e->refs++ == 0) unlink_entry(chunks, e);
        if (e != NULL || a.count == AHEAD_MAX) continue;
        a.places[a.count] = &out[i];
        a.names[a.count++] = names[i];
    }
    if (a.count < 2 || !echo__store_has(chunks->store, ECHO__STORE_GET_MANY)) return ECHO_OK;
    echo_status status = chunks->store->ops->get_many(chunks->store->ctx, a.names, a.count, take_ahead, &a, NULL);
    if (status != ECHO_ERR_NOMEM) return ECHO_OK; /* other failures are met again when the chunk is due, or not */
    for (size_t i = 0; i < n; i++) {
        echo__chunks_release(chunks, out[i]);
        out[i] = NULL;
    }
    return echo__nomem(err);
}

echo_status echo__chunks_get(const echo__chunk **out, echo__chunks *chunks, const echo_hash *name, echo_error *err) {
    *out = NULL;
    entry *e = echo__map_get(&chunks->map, name->bytes, sizeof name->bytes);
    if (e != NULL) {
        if (e->refs == 0) unlink_entry(chunks, e);
    } else {
        echo_status status = read_chunk(&e, chunks, name, err);
        if (status != ECHO_OK) return status;
    }
    e->refs++;
    *out = &e->chunk;
    return ECHO_OK;
}

echo_status echo__chunks_has(bool *out, const echo__chunks *chunks, const echo_hash *name, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    *out = false;
    echo_status status = chunks->store->ops->has(out, chunks->store->ctx, name, &problem);
    return status == ECHO_OK ? ECHO_OK : name_failure(err, status, &problem, name);
}

void echo__chunks_release(echo__chunks *chunks, const echo__chunk *chunk) {
    if (chunk == NULL) return;
    entry *e = (entry *)chunk;
    if (--e->refs > 0) return;
    if (e->cost > chunks->budget / 4) { /* one large chunk is not worth all the small ones */
        drop_entry(chunks, e);
        return;
    }
    e->was_kept = true;
    e->older = chunks->newest;
    if (chunks->newest != NULL)
        chunks->newest->newer = e;
    else
        chunks->oldest = e;
    chunks->newest = e;
    chunks->kept += e->cost;
    trim_kept(chunks);
}

void echo__chunks_forget(echo__chunks *chunks, const echo__chunk *chunk) {
    entry *e = (entry *)chunk;
    if (e == NULL || e->refs > 1 || e->was_kept) {
        echo__chunks_release(chunks, chunk);
        return;
    }
    drop_entry(chunks, e);
}

void echo__chunks_remember(echo__chunks *chunks, const echo__chunk *chunk, void *memo, size_t size) {
    (void)chunks; /* the chunk is in use, so that its cost is not in `kept` now */
    entry *e = (entry *)chunk;
    e->chunk.memo = memo;
    e->cost += size;
}

echo_status echo__chunks_put_as(const echo_hash *name, echo__chunks *chunks, echo_bytes bytes, echo_error *err) {
    size_t written = 0;
    uint64_t before = echo__store_stored(chunks->store);
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = chunks->store->ops->put(&written, chunks->store->ctx, name, &bytes, 1, &problem);
    if (status != ECHO_OK) return name_failure(err, status, &problem, name);
    if (written > 0) {
        chunks->counts.written++;
        chunks->counts.written_plain += bytes.len;
        chunks->counts.written_bytes +=
            echo__store_has(chunks->store, ECHO__STORE_STORED) ? echo__store_stored(chunks->store) - before : bytes.len;
    }
    return ECHO_OK;
}

echo_status echo__chunks_put(echo_hash *name, echo__chunks *chunks, echo_bytes bytes, echo_error *err) {
    if (bytes.len > ECHO__CHUNK_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "a chunk of %zu bytes is too long", bytes.len);
    echo_hash hash;
    echo__hash(&hash, bytes.data, bytes.len);
    echo_status status = echo__chunks_put_as(&hash, chunks, bytes, err);
    if (status == ECHO_OK && name != NULL) *name = hash;
    return status;
}

void echo__chunks_counts(const echo__chunks *chunks, echo__chunk_counts *out) { *out = chunks->counts; }
