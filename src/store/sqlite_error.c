#include "store/sqlite_error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- handles that only read ---- */

bool echo__sqlite_has_file(const echo__sqlite *s, const char *suffix, bool with_content) {
    char name[PATH_MAX];
    int len = snprintf(name, sizeof name, "%s%s", s->path, suffix);
    struct stat at;
    return len > 0 && (size_t)len < sizeof name && stat(name, &at) == 0 && (!with_content || at.st_size > 0);
}

static bool is_file(const echo__sqlite *s, const struct stat *now) {
    return now->st_dev == s->file.st_dev && now->st_ino == s->file.st_ino;
}

bool echo__sqlite_is_same_file(const echo__sqlite *s) {
    struct stat now;
    return stat(s->path, &now) == 0 && is_file(s, &now);
}

/* A handle that may write stays with a file that has lost its name, until it writes, as it does with locks. */
bool echo__sqlite_overtaken(const echo__sqlite *s) {
    struct stat now;
    if (!s->immutable) return false;
    if (stat(s->path, &now) != 0 || !is_file(s, &now)) return s->read_only;
    return now.st_size != s->file.st_size || now.st_mtim.tv_sec != s->file.st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != s->file.st_mtim.tv_nsec || echo__sqlite_has_file(s, "-wal", true) ||
           echo__sqlite_has_file(s, "-journal", true);
}

bool echo__sqlite_in_doubt(const echo__sqlite *s) {
    return s->immutable && (s->file_is_fresh || echo__sqlite_overtaken(s));
}

/* ---- errors ---- */

static bool looks_damaged(int rc) {
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return true;
    default: return false;
    }
}

/* What came from the disk, with the system's own reason. */
static echo_status fail_io(const echo__sqlite *s, int rc, echo_error *err, const char *what) {
    int number = s->db == NULL ? 0 : sqlite3_system_errno(s->db);
    if (number == ENOSPC || number == EDQUOT) return echo__error(err, ECHO_ERR_IO, "%s: disk full (%s)", what, s->path);
    if (rc == SQLITE_IOERR_SHMMAP && number == ENOMEM) return echo__nomem(err);
    if (number == 0 || number == ENOMEM)
        return echo__error(err, ECHO_ERR_IO, "%s: %s (%s)", what, sqlite3_errstr(rc), s->path);
    errno = number;
    return echo__error_errno(err, "%s: %s (%s)", what, sqlite3_errstr(rc), s->path);
}

echo_status echo__sqlite_fail(const echo__sqlite *s, int rc, echo_error *err, const char *what) {
    if (looks_damaged(rc) && echo__sqlite_in_doubt(s))
        return echo__error(err, ECHO_ERR_BUSY, "%s: another process wrote to it meanwhile (%s)", what, s->path);
    switch (rc) {
    case SQLITE_READONLY_DBMOVED:
        return echo__error(err, ECHO_ERR_IO, "%s: the file was moved or replaced (%s)", what, s->path);
    case SQLITE_READONLY_ROLLBACK:
    case SQLITE_READONLY_RECOVERY:
    case SQLITE_READONLY_CANTINIT:
        return echo__error(err, ECHO_ERR_READONLY, "%s: needs recovery, open it for writing once (%s)", what, s->path);
    default: break;
    }
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return echo__nomem(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return echo__error(err, ECHO_ERR_BUSY, "%s: in use by another process (%s)", what, s->path);
    case SQLITE_FULL: return echo__error(err, ECHO_ERR_IO, "%s: disk full (%s)", what, s->path);
    case SQLITE_NOTADB: return echo__error(err, ECHO_ERR_CORRUPT, "%s: not a snapshot store (%s)", what, s->path);
    case SQLITE_READONLY: return echo__error(err, ECHO_ERR_READONLY, "%s: not writable (%s)", what, s->path);
    case SQLITE_TOOBIG: return echo__error(err, ECHO_ERR_LIMIT, "%s: too long for a store (%s)", what, s->path);
    case SQLITE_CORRUPT: return echo__error(err, ECHO_ERR_CORRUPT, "%s: the file is damaged (%s)", what, s->path);
    /* Our SQL is right for our tables: what it runs into is a file made to look like ours. */
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return echo__error(err, ECHO_ERR_CORRUPT, "%s: %s (%s)", what,
                           s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc), s->path);
    default: return fail_io(s, rc, err, what);
    }
}

echo_status echo__sqlite_refuse_read_only(const echo__sqlite *s, echo_error *err) {
    return echo__error(err, ECHO_ERR_READONLY, "the store was opened read-only (%s)", s->path);
}
