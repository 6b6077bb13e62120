#include "snapshot/stored.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/store.h"

echo_status echo__stored_check(const echo_store *store, const echo_key *party, echo_error *err) {
    echo_status status = echo__store_check(store, err);
    if (status == ECHO_OK && party == NULL) status = echo__error(err, ECHO_ERR_INVALID, "party is NULL");
    return status;
}

/* ---- all of them ---- */

typedef struct each_args {
    echo__stored_fn fn;
    void *arg;
    echo_error *err;
} each_args;

static echo_status each_manifest(void *arg, uint64_t number, echo_bytes text) {
    const each_args *e = arg;
    return e->fn(e->arg, number, text, e->err);
}

echo_status echo__stored_each(const echo_store *store, const echo_key *party, echo__stored_fn fn, void *arg,
                              echo_error *err) {
    each_args e = {fn, arg, err};
    echo_status status = store->ops->list(store->ctx, party, each_manifest, &e, err);
    return status == ECHO__STOP ? ECHO_OK : status;
}

#define ALL_BYTES_MAX ((uint64_t)1 << 30)
#define RECENT_BYTES_MAX ((uint64_t)64 << 20)
#define RECENT_MAX 1000u

typedef struct copying {
    echo__stored_manifests *to;
    uint64_t bytes, bytes_max;
    size_t count_max;
    bool more; /* than these limits allow */
} copying;

static echo_status copy_manifest(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    copying *c = arg;
    echo__stored_manifests *m = c->to;
    if (m->count == c->count_max || text.len > c->bytes_max - c->bytes) {
        c->more = true;
        return ECHO__STOP;
    }
    c->bytes += text.len;
    if (!echo__grow(&m->list, &m->cap, m->count + 1, sizeof *m->list)) return echo__nomem(err);
    echo__stored_manifest *added = &m->list[m->count];
    *added = (echo__stored_manifest){number, ECHO__BUF_INIT};
    if (text.data != NULL) echo__buf_append(&added->text, text.data, text.len);
    if (added->text.status != ECHO_OK) {
        echo__buf_free(&added->text);
        return echo__nomem(err);
    }
    m->count++;
    return ECHO_OK;
}

echo_status echo__stored_list(echo__stored_manifests *out, const echo_store *store, const echo_key *party,
                              echo_error *err) {
    copying c = {.to = out, .bytes_max = ALL_BYTES_MAX, .count_max = SIZE_MAX};
    memset(out, 0, sizeof *out);
    echo_status status = echo__stored_each(store, party, copy_manifest, &c, err);
    if (status == ECHO_OK && c.more)
        status = echo__error(err, ECHO_ERR_LIMIT, "the party's manifests together have more than 1 GiB");
    if (status != ECHO_OK) echo__stored_free(out);
    return status;
}

echo_status echo__stored_recent(echo__stored_manifests *out, bool *more, const echo_store *store, const echo_key *party,
                                echo_error *err) {
    copying c = {.to = out, .bytes_max = RECENT_BYTES_MAX, .count_max = RECENT_MAX};
    memset(out, 0, sizeof *out);
    echo_status status = echo__stored_each(store, party, copy_manifest, &c, err);
    if (status != ECHO_OK) echo__stored_free(out);
    *more = c.more;
    return status;
}

void echo__stored_free(echo__stored_manifests *m) {
    for (size_t i = 0; i < m->count; i++) echo__buf_free(&m->list[i].text);
    echo__free(m->list);
    memset(m, 0, sizeof *m);
}

/* ---- one of them ---- */

static echo_status copy_id(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    echo__stored_id *id = arg;
    (void)err;
    id->number = number;
    echo__hash(&id->hash, text.data, text.len);
    return ECHO__STOP;
}

echo_status echo__stored_newest(echo__stored_id *out, const echo_store *store, const echo_key *party, echo_error *err) {
    memset(out, 0, sizeof *out);
    return echo__stored_each(store, party, copy_id, out, err);
}

typedef struct has_args {
    const echo__stored_id *id;
    bool found;
} has_args;

static echo_status is_wanted(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    has_args *h = arg;
    echo_hash hash;
    (void)err;
    if (h->id->number != 0 && h->id->number != number) return ECHO_OK;
    echo__hash(&hash, text.data, text.len);
    h->found = echo__hash_equal(&hash, &h->id->hash);
    return h->found ? ECHO__STOP : ECHO_OK;
}

echo_status echo__stored_has(bool *out, const echo_store *store, const echo_key *party, const echo__stored_id *id,
                             echo_error *err) {
    has_args h = {id, false};
    echo_status status = echo__stored_each(store, party, is_wanted, &h, err);
    *out = status == ECHO_OK && h.found;
    return status;
}

typedef struct find_args {
    const echo_key *party;
    echo__stored_match_fn matches;
    void *arg;
    bool found;
} find_args;

static echo_status match_manifest(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    find_args *f = arg;
    echo__manifest manifest;
    echo_status status = echo__stored_read_as(&manifest, text, f->party, number, NULL);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status != ECHO_OK) return ECHO_OK;
    f->found = f->matches(f->arg, &manifest, text);
    echo__manifest_free(&manifest);
    return f->found ? ECHO__STOP : ECHO_OK;
}

echo_status echo__stored_find(bool *found, const echo_store *store, const echo_key *party,
                              echo__stored_match_fn matches, void *arg, echo_error *err) {
    find_args f = {party, matches, arg, false};
    echo_status status = echo__stored_each(store, party, match_manifest, &f, err);
    *found = status == ECHO_OK && f.found;
    return status;
}

/* ---- reading ---- */

echo_status echo__stored_read_as(echo__manifest *out, echo_bytes text, const echo_key *party, uint64_t number,
                                 echo_error *err) {
    echo_status status = echo__manifest_read(out, text, err);
    if (status != ECHO_OK) return status;
    if (echo__key_equal(&out->party, party) && out->number == number) return ECHO_OK;
    echo__manifest_free(out);
    return echo__error(err, ECHO_ERR_CORRUPT, "manifest states another party or number than it is stored under");
}

echo_status echo__stored_read(echo__manifest *out, const echo__stored_manifest *stored, const echo_key *party,
                              echo_error *err) {
    return echo__stored_read_as(out, echo__buf_bytes(&stored->text), party, stored->number, err);
}

typedef struct open_args {
    echo__manifest *out;
    const echo_key *party;
    uint64_t number;
    bool found;
} open_args;

static echo_status read_wanted(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    open_args *o = arg;
    if (o->number != 0 && o->number != number) return ECHO_OK;
    o->found = true;
    echo_status status = echo__stored_read_as(o->out, text, o->party, number, err);
    return status == ECHO_OK ? ECHO__STOP : status;
}

echo_status echo__stored_open(echo__manifest *out, echo__chunks **chunks, const echo_store *store,
                              const echo_key *party, uint64_t number, echo_error *err) {
    open_args o = {out, party, number, false};
    *chunks = NULL;
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo_status status = echo__stored_each(store, party, read_wanted, &o, err);
    if (status == ECHO_OK && !o.found)
        status =
            echo__error(err, ECHO_ERR_NOT_FOUND, number == 0 ? "there is no snapshot" : "no snapshot has that number");
    if (status == ECHO_OK && echo__chunks_new(chunks, store) != ECHO_OK) {
        echo__manifest_free(out);
        status = echo__nomem(err);
    }
    return status;
}

echo_status echo__stored_blame(echo_error *err, const echo_key *party, uint64_t number, echo_status status) {
    bool bytes = status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE || status == ECHO_ERR_VERSION ||
                 status == ECHO_ERR_LIMIT;
    char hex[ECHO_HEX_CHARS];
    if (err == NULL || !bytes) return status;
    echo_error why = *err;
    echo_key_hex(hex, party);
    echo__error(err, status, "snapshot %llu of party %s: %s", (unsigned long long)number, hex, why.message);
    memcpy(err->item, why.item, sizeof err->item);
    return status;
}
