/*
 * The store in a SQLite file (sys/store.h has the contract, sqlite_state.h the invariants): opening and closing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "store/sqlite_file.h"
#include "store/sqlite_pin.h"
#include "store/sqlite_read.h"
#include "store/sqlite_write.h"

static void sqlite_close(void *ctx) {
    echo__sqlite *s = ctx;
    echo__sqlite_abandon(s);
    echo__sqlite_disconnect(s);
    echo__seen_free(&s->seen);
    echo__zstd_free(s->packer);
    echo__free(s->path);
    echo__free(s);
}

static echo_status sqlite_reopen(echo_store *out, void *ctx, echo_error *err);

static const echo_store_ops sqlite_ops = {
    .version = ECHO_STORE_OPS_VERSION,
    .capabilities = echo__sqlite_capabilities,
    .get = echo__sqlite_get,
    .has = echo__sqlite_has,
    .put = echo__sqlite_put,
    .publish = echo__sqlite_publish,
    .rollback = echo__sqlite_rollback,
    .list = echo__sqlite_list,
    .remove = echo__sqlite_remove,
    .walk = echo__sqlite_walk,
    .remove_chunks = echo__sqlite_remove_chunks,
    .close = sqlite_close,
    .reopen = sqlite_reopen,
    .parties = echo__sqlite_parties,
    .walk_from = echo__sqlite_walk_from,
    .usage = echo__sqlite_usage,
    .pin = echo__sqlite_pin,
    .pinned = echo__sqlite_pinned,
    .stored = echo__sqlite_stored,
    .flush = echo__sqlite_flush,
    .publish_as = echo__sqlite_publish_as,
    .get_many = echo__sqlite_get_many,
};

/*
 * The file's real path; when the file does not exist yet, the real path of its folder and its name. An absolute path
 * stays right when the process changes its directory, and is never one of SQLite's special names (":memory:",
 * "file:...").
 */
static echo_status resolve(char **out, const char *path, echo_error *err) {
    char folder[PATH_MAX], real[PATH_MAX];
    *out = NULL;
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (*name == '\0') return echo__error(err, ECHO_ERR_INVALID, "not the name of a file: \"%s\"", path);
    if (realpath(path, real) == NULL) {
        if (errno != ENOENT) return echo__error_errno(err, "cannot open snapshot store %s", path);
        if (len >= sizeof folder) return echo__error(err, ECHO_ERR_INVALID, "the file's name is too long");
        memcpy(folder, slash == NULL ? "." : path, len);
        folder[len] = '\0';
        if (realpath(folder, real) == NULL) return echo__error_errno(err, "cannot open snapshot store %s", path);
        size_t at = strlen(real);
        if (at + 1 + strlen(name) >= sizeof real)
            return echo__error(err, ECHO_ERR_INVALID, "the file's name is too long");
        (void)snprintf(real + at, sizeof real - at, "%s%s", at == 1 ? "" : "/", name);
    }
    *out = echo__strdup(real);
    return *out == NULL ? echo__nomem(err) : ECHO_OK;
}

/* Takes over a handle that names its file; closes it when that is no store and is not to become one. */
static echo_status begin(echo_store *out, echo__sqlite *s, echo_error *err) {
    echo_status status = echo__sqlite_ready(s, err);
    if (status == ECHO_ERR_NOT_FOUND)
        status = s->create ? ECHO_OK : echo__error(err, status, "no snapshot store at %s", s->path);
    if (status != ECHO_OK) {
        sqlite_close(s);
        return status;
    }
    out->ops = &sqlite_ops;
    out->ctx = s;
    return ECHO_OK;
}

echo_status echo_store_open_sqlite(echo_store *out, const char *path, const echo_store_sqlite_options *options,
                                   echo_error *err) {
    static const echo_store_sqlite_options defaults = ECHO_STORE_SQLITE_OPTIONS_INIT;
    if (out == NULL || path == NULL) return echo__error(err, ECHO_ERR_INVALID, "out or path is NULL");
    out->ops = NULL;
    out->ctx = NULL;
    if (options == NULL) options = &defaults;
    if (options->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "options have version %u, this library knows 1",
                           (unsigned)options->version);
    if (!sqlite3_threadsafe())
        return echo__error(err, ECHO_ERR_UNSUPPORTED, "this SQLite was built for a single thread");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo__sqlite *s = echo__calloc(1, sizeof *s);
    if (s == NULL) return echo__nomem(err);
    s->read_only = options->read_only;
    s->create = options->create && !options->read_only;
    s->busy_ms = options->busy_ms;
    echo_status status = resolve(&s->path, path, err);
    if (status == ECHO_OK) return begin(out, s, err);
    sqlite_close(s);
    return status;
}

/* A handle that saw the file knows that it was there, and so does its twin: it makes no other in its place. */
static echo_status sqlite_reopen(echo_store *out, void *ctx, echo_error *err) {
    const echo__sqlite *s = ctx;
    out->ops = NULL;
    out->ctx = NULL;
    echo__sqlite *twin = echo__calloc(1, sizeof *twin);
    if (twin == NULL) return echo__nomem(err);
    twin->read_only = s->read_only;
    twin->create = s->create;
    twin->busy_ms = s->busy_ms;
    twin->had_tables = s->had_tables;
    twin->path = echo__strdup(s->path);
    if (twin->path != NULL) return begin(out, twin, err);
    sqlite_close(twin);
    return echo__nomem(err);
}
