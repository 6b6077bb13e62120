/*
 * Copying a snapshot: the manifest stays as it is, byte for byte, so that its signature holds; hence it keeps its
 * number. All is one transaction of the destination: from the first put until it is published no other handle writes
 * there, so no garbage is collected between looking at a chunk and relying on it.
 */
#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "snapshot/stored.h"
#include "store/store.h"
#include "tree/copy.h"

/* Bytes of chunks of each store: the first root is read for its lock, and then for its tree. */
#define KEEP ((size_t)1 << 20)

typedef struct copying {
    const echo_store *from, *to;
    echo_key party;
    echo_copy_options options;
    echo__buf text; /* the manifest */
    echo_hash hash; /* of it */
    echo__manifest manifest;
    echo__chunks *source, *destination;
    uint64_t total, before; /* items of both trees, and of those already copied */
    uint64_t wanted;        /* number; 0: the newest */
    bool found;
} copying;

/* ---- the source ---- */

static echo_status read_wanted(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    copying *c = arg;
    if (c->wanted != 0 && c->wanted != number) return ECHO_OK;
    c->found = true;
    echo_status status = echo__stored_read_as(&c->manifest, text, &c->party, number, err);
    if (status != ECHO_OK) return echo__stored_blame(err, &c->party, number, status);
    echo__buf_append(&c->text, text.data, text.len);
    echo__hash(&c->hash, text.data, text.len);
    return c->text.status == ECHO_OK ? ECHO__STOP : echo__nomem(err);
}

static echo_status open_source(copying *c, echo_error *err) {
    c->wanted = c->options.number;
    echo_status status = echo__stored_each(c->from, &c->party, read_wanted, c, err);
    if (status == ECHO_OK && !c->found)
        status = echo__error(err, ECHO_ERR_NOT_FOUND,
                             c->wanted == 0 ? "there is no snapshot" : "no snapshot has that number");
    c->total = c->manifest.credentials.items + c->manifest.items.items;
    return status;
}

/* Another process may have removed the snapshot and then its chunks: that is not damage, though it looks like it. */
static echo_status explain(const copying *c, echo_status status, echo_error *err) {
    const echo__stored_id id = {c->manifest.number, c->hash};
    bool there;
    if (status != ECHO_ERR_CORRUPT || !c->found) return status;
    if (echo__stored_has(&there, c->from, &c->party, &id, NULL) != ECHO_OK || there) return status;
    return echo__error(err, ECHO_ERR_CONFLICT, "snapshot %llu was removed from the source while it was copied",
                       (unsigned long long)c->manifest.number);
}

/* ---- the destination ---- */

/* What the destination has of the party. */
typedef struct place {
    const copying *c;
    uint64_t newest; /* 0: nothing */
    bool same;       /* this very snapshot */
    bool other;      /* another one of its number */
    bool has_base;
    echo__root items, credentials; /* of the newest snapshot that can be read */
} place;

static echo_status look_at(void *arg, uint64_t number, echo_bytes text, echo_error *err) {
    place *p = arg;
    echo__manifest manifest;
    if (p->newest == 0) p->newest = number;
    if (number == p->c->manifest.number) {
        p->same = echo__bytes_equal(text, echo__buf_bytes(&p->c->text));
        p->other = !p->same;
    }
    if (!p->has_base) {
        echo_status status = echo__stored_read_as(&manifest, text, &p->c->party, number, NULL);
        if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
        if (status == ECHO_OK) {
            p->has_base = true;
            p->items = manifest.items;
            p->credentials = manifest.credentials;
            echo__manifest_free(&manifest);
        }
    }
    return number > p->c->manifest.number || !p->has_base ? ECHO_OK : ECHO__STOP;
}

/* ECHO_ERR_CONFLICT when the snapshot has no place there. */
static echo_status find_place(place *out, const copying *c, echo_error *err) {
    unsigned long long number = c->manifest.number;
    echo_error problem = ECHO_ERROR_INIT;
    memset(out, 0, sizeof *out);
    out->c = c;
    echo_status status = echo__stored_each(c->to, &c->party, look_at, out, &problem);
    if (status != ECHO_OK) {
        (void)echo__error_adopt(&problem, status, "the snapshots cannot be listed");
        return echo__error(err, status, "destination: %s", problem.message);
    }
    if (out->same) return ECHO_OK;
    if (out->other)
        return echo__error(err, ECHO_ERR_CONFLICT, "destination: it has another snapshot %llu of this party", number);
    if (out->newest > number)
        return echo__error(err, ECHO_ERR_CONFLICT, "destination: it has snapshot %llu, which is newer than %llu",
                           (unsigned long long)out->newest, number);
    return ECHO_OK;
}

/* ---- copying ---- */

static echo_status report_progress(void *arg, uint64_t items, echo_error *err) {
    const copying *c = arg;
    if (c->options.progress == NULL) return ECHO_OK;
    echo_status status = c->options.progress(c->options.progress_arg, "copy", c->before + items, c->total);
    return status == ECHO_OK ? status : echo__error(err, status, "the progress callback ended the copy");
}

static echo_status publish(const copying *c, uint64_t newest, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status =
        echo__store_publish_as(c->to, &c->party, newest, c->manifest.number, echo__buf_bytes(&c->text), &problem);
    if (status == ECHO_OK) return status;
    (void)echo__error_adopt(&problem, status, "the snapshot cannot be published");
    return echo__error(err, status, "destination: %s", problem.message);
}

/* The first put locks the destination: what is found there after it holds until the snapshot is published. */
static echo_status copy_trees(copying *c, bool *unchanged, echo_error *err) {
    const echo__manifest *m = &c->manifest;
    echo__tree_copy how = {c->source, c->destination, NULL, report_progress, c};
    place there;
    echo_status status = echo__tree_copy_root(&how, m->credentials.items > 0 ? &m->credentials : &m->items, err);
    if (status == ECHO_OK) status = find_place(&there, c, err);
    if (status != ECHO_OK) return status;
    *unchanged = there.same; /* somebody else copied it meanwhile */
    if (there.same) return ECHO_OK;
    how.base = &there.credentials;
    status = echo__tree_copy_all(&how, &m->credentials, err);
    how.base = &there.items;
    c->before = m->credentials.items;
    if (status == ECHO_OK) status = echo__tree_copy_all(&how, &m->items, err);
    return status == ECHO_OK ? publish(c, there.newest, err) : status;
}

static echo_status copy_to(copying *c, bool *unchanged, echo_error *err) {
    place there;
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = find_place(&there, c, err);
    *unchanged = status == ECHO_OK && there.same;
    if (status != ECHO_OK || there.same) return status;
    if (echo__chunks_new(&c->source, c->from) != ECHO_OK || echo__chunks_new(&c->destination, c->to) != ECHO_OK)
        return echo__nomem(err);
    echo__chunks_keep(c->source, KEEP);
    echo__chunks_keep(c->destination, KEEP);
    status = copy_trees(c, unchanged, err);
    if (status != ECHO_OK || *unchanged) (void)!c->to->ops->rollback(c->to->ctx, &ignored);
    return explain(c, status, err);
}

static void fill_report(echo_copy_report *out, const copying *c, bool unchanged) {
    echo__chunk_counts counts;
    memset(out, 0, sizeof *out);
    out->number = c->manifest.number;
    out->unchanged = unchanged;
    out->items = c->manifest.items.items;
    if (unchanged) return;
    echo__chunks_counts(c->source, &counts);
    out->chunks_read = counts.read;
    out->bytes_read = counts.read_bytes;
    echo__chunks_counts(c->destination, &counts);
    out->chunks_written = counts.written;
    out->bytes_written = counts.written_bytes;
}

echo_status echo_snapshot_copy(echo_copy_report *out, const echo_store *to, const echo_store *from,
                               const echo_key *party, const echo_copy_options *options, echo_error *err) {
    static const echo_copy_options defaults = ECHO_COPY_OPTIONS_INIT;
    echo_error own = ECHO_ERROR_INIT;
    bool unchanged = false;
    if (options == NULL) options = &defaults;
    if (options->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "options have version %u, this library knows 1",
                           (unsigned)options->version);
    echo_status status = echo__stored_check(from, party, err);
    if (status == ECHO_OK) status = echo__store_check(to, err);
    if (status != ECHO_OK) return status;
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    copying c = {.from = from, .to = to, .party = *party, .options = *options, .text = ECHO__BUF_INIT};
    status = open_source(&c, &own);
    if (status == ECHO_OK) status = copy_to(&c, &unchanged, &own);
    if (status == ECHO_OK && out != NULL) fill_report(out, &c, unchanged);
    echo__chunks_free(c.source);
    echo__chunks_free(c.destination);
    echo__manifest_free(&c.manifest);
    echo__buf_free(&c.text);
    return echo__error_return(err, &own, status, "the snapshot cannot be copied");
}
