/*
 * The file of a SQLite store: which file is ours, how it is opened for writing and for reading only, how it comes to
 * be.
 */
#include "store/sqlite_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/sqlite_error.h"
#include "store/sqlite_quiet.h"

#define APPLICATION_ID 0x4563686f /* "Echo" */
#define FORMAT 1

#define CHUNKS_SQL "CREATE TABLE chunks(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL)"
#define MANIFESTS_SQL                                                                                                  \
    "CREATE TABLE manifests(party BLOB NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(party, "     \
    "number)) "                                                                                                        \
    "WITHOUT ROWID"

/* Pages that changed are kept until the end of a transaction; reading goes on to other pages, which the system keeps.
 */
#define WRITE_CACHE "PRAGMA cache_size=-8192;"

static int execute(echo__sqlite *s, const char *sql) { return sqlite3_exec(s->db, sql, NULL, NULL, NULL); }

/* ---- opening ---- */

static echo_status open_writing(echo__sqlite *s, bool create, echo_error *err) {
    if (create && !echo__sqlite_takes_files(s->path))
        return echo__sqlite_fail(s, SQLITE_READONLY, err, "cannot make snapshot store");
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (rc != SQLITE_OK)
        return echo__sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, err, "cannot open snapshot store");
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return echo__sqlite_fail(s, SQLITE_READONLY, err, "cannot open snapshot store");
    return ECHO_OK;
}

/*
 * Durability is asked for by name, since SQLite may be built with other defaults. What a hostile file could bring along
 * (triggers, views, functions in its schema, lengths out of proportion) is switched off; no memory map, because a file
 * cut short under one is a SIGBUS.
 */
static echo_status configure(echo__sqlite *s, echo_error *err) {
    sqlite3 *db = s->db;
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, s->busy_ms > INT_MAX ? INT_MAX : (int)s->busy_ms);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)ECHO_STORE_BYTES_MAX + 4096);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
    int rc = execute(
        s, "PRAGMA mmap_size=0; PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048;"
           "PRAGMA synchronous=FULL; PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1; PRAGMA secure_delete=FAST;"
           "PRAGMA journal_size_limit=33554432");
    return rc == SQLITE_OK ? ECHO_OK : echo__sqlite_fail(s, rc, err, "cannot open snapshot store");
}

static int read_number(echo__sqlite *s, const char *sql, int64_t *out) {
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK) return rc;
    rc = sqlite3_step(statement);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

/* Looks whether the tables are those we make, word for word, that of pins or not; *objects counts what there is
 * (SQLite's own aside). */
static int read_tables(echo__sqlite *s, bool *ours, unsigned *objects) {
    sqlite3_stmt *statement;
    unsigned known = 0, pins = 0;
    *objects = 0;
    int rc = sqlite3_prepare_v2(s->db, "SELECT name, sql FROM sqlite_master", -1, &statement, NULL);
    if (rc != SQLITE_OK) return rc;
    while ((rc = sqlite3_step(statement)) ==
           SQLITE_ROW) { /* a text that memory ran short for makes the next step fail */
        const char *name = (const char *)sqlite3_column_text(statement, 0),
                   *sql = (const char *)sqlite3_column_text(statement, 1);
        if (name != NULL && strncmp(name, "sqlite_", 7) == 0) continue;
        (*objects)++;
        if (sql != NULL && (strcmp(sql, CHUNKS_SQL) == 0 || strcmp(sql, MANIFESTS_SQL) == 0)) known++;
        if (sql != NULL && strcmp(sql, "CREATE TABLE " ECHO__PINS_TABLE) == 0) pins++;
    }
    (void)sqlite3_finalize(statement);
    *ours = known == 2 && *objects == known + pins;
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Inside a transaction, so that all is of one moment. ECHO_ERR_NOT_FOUND, with err left alone: nothing in it yet. */
static echo_status recognise_now(echo__sqlite *s, echo_error *err) {
    int64_t application = 0, format = 0;
    bool ours = false;
    unsigned objects = 0;
    int rc = read_number(s, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK) rc = read_number(s, "PRAGMA user_version", &format);
    if (rc == SQLITE_OK) rc = read_tables(s, &ours, &objects);
    if (rc != SQLITE_OK) return echo__sqlite_fail(s, rc, err, "cannot open snapshot store");
    if (application == 0 && format == 0 && objects == 0 && !s->had_tables) return ECHO_ERR_NOT_FOUND;
    if (application != APPLICATION_ID) return echo__error(err, ECHO_ERR_CORRUPT, "not a snapshot store: %s", s->path);
    if (format > FORMAT)
        return echo__error(err, ECHO_ERR_VERSION, "snapshot store has format %lld, this library knows %d (%s)",
                           (long long)format, FORMAT, s->path);
    if (format < FORMAT || !ours)
        return echo__error(err, ECHO_ERR_CORRUPT, "snapshot store has the wrong tables (%s)", s->path);
    s->had_tables = s->has_tables = true;
    return ECHO_OK;
}

static echo_status recognise(echo__sqlite *s, echo_error *err) {
    int rc = execute(s, "BEGIN");
    if (rc != SQLITE_OK) return echo__sqlite_fail(s, rc, err, "cannot open snapshot store");
    echo_status status = recognise_now(s, err);
    rc = execute(s, "ROLLBACK");
    if (rc != SQLITE_OK && status == ECHO_OK) return echo__sqlite_fail(s, rc, err, "cannot open snapshot store");
    if (status == ECHO_ERR_CORRUPT ? echo__sqlite_in_doubt(s) : echo__sqlite_overtaken(s))
        return echo__error(err, ECHO_ERR_BUSY, "another process wrote to it while it was opened (%s)", s->path);
    return status;
}

/* Opens a file that is there, or with `create` one that need not be. */
static echo_status connect_file(echo__sqlite *s, bool create, echo_error *err) {
    struct stat at;
    int found = stat(s->path, &at);
    if (found != 0 && errno != ENOENT) return echo__error_errno(err, "cannot open snapshot store %s", s->path);
    if (found == 0 && !S_ISREG(at.st_mode)) return echo__error(err, ECHO_ERR_IO, "not a regular file: %s", s->path);
    if (found != 0 || at.st_size <= 1) { /* SQLite takes 1 byte for 0: it may have written that one itself */
        if (s->had_tables) return echo__error(err, ECHO_ERR_IO, "the file was deleted or emptied: %s", s->path);
        if (!create) return ECHO_ERR_NOT_FOUND;
    }
    s->wal = s->immutable = s->has_tables = false;
    if (!s->read_only && !create) echo__sqlite_open_quietly(s);
    echo_status status = s->db != NULL  ? ECHO_OK
                         : s->read_only ? echo__sqlite_open_reading(s, err)
                                        : open_writing(s, create, err);
    if (status == ECHO_OK) status = configure(s, err);
    if (status != ECHO_OK) echo__sqlite_disconnect(s);
    return status;
}

void echo__sqlite_disconnect(echo__sqlite *s) {
    for (size_t i = 0; i < ECHO__SQL_COUNT; i++) {
        (void)sqlite3_finalize(s->statements[i]);
        s->statements[i] = NULL;
    }
    (void)sqlite3_close_v2(s->db);
    s->db = NULL;
    s->has_tables = s->made_tables = s->wal = s->immutable = false;
}

static echo_status connect_and_recognise(echo__sqlite *s, echo_error *err) {
    if (s->db == NULL) {
        echo_status status = connect_file(s, false, err);
        if (status != ECHO_OK) return status;
    }
    if (s->has_tables) return ECHO_OK;
    echo_status status = recognise(s, err);
    /* A connection to what is no store (yet) is of no use, and closing it takes its -wal and -shm away. */
    if (status != ECHO_OK) echo__sqlite_disconnect(s);
    return status;
}

/* What failed without locks is done again with them. */
static bool take_locks(echo__sqlite *s) {
    if (s->read_only || s->with_locks) return false;
    s->with_locks = true;
    echo__sqlite_disconnect(s);
    return true;
}

echo_status echo__sqlite_ready(echo__sqlite *s, echo_error *err) {
    /* Other handles look after they have read, and read again then. */
    if (s->db != NULL && s->read_only && (echo__sqlite_overtaken(s) || (s->immutable && s->file_is_young)))
        echo__sqlite_disconnect(s);
    if (s->read_only || s->with_locks || s->has_tables) return connect_and_recognise(s, err);
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = connect_and_recognise(s, &problem);
    if (status == ECHO_ERR_BUSY && take_locks(s)) return connect_and_recognise(s, err);
    if (status != ECHO_OK && problem.code != ECHO_OK && err != NULL) *err = problem;
    return status;
}

echo_status echo__sqlite_read(bool *there, echo__sqlite *s, echo__sqlite_read_fn fn, void *args, echo_error *err) {
    echo_status status = echo__sqlite_ready(s, err);
    *there = status == ECHO_OK;
    if (status == ECHO_ERR_NOT_FOUND) return ECHO_OK;
    if (status != ECHO_OK) return status;
    if (!s->immutable || s->read_only) return fn(args, s, err);
    echo_error problem = ECHO_ERROR_INIT;
    status = fn(args, s, &problem);
    if (status == ECHO_ERR_BUSY && take_locks(s)) {
        status = echo__sqlite_ready(s, err);
        *there = status == ECHO_OK;
        return status == ECHO_OK ? fn(args, s, err) : status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
    }
    if (status != ECHO_OK && err != NULL) *err = problem;
    return status;
}

/* ---- transactions ---- */

echo_status echo__sqlite_begin_read(bool *begun, echo__sqlite *s, echo_error *err) {
    *begun = !s->immutable && sqlite3_get_autocommit(s->db) != 0;
    int rc = *begun ? execute(s, "BEGIN") : SQLITE_OK;
    if (rc == SQLITE_OK) return ECHO_OK;
    *begun = false;
    return echo__sqlite_fail(s, rc, err, "cannot read snapshot store");
}

void echo__sqlite_end_read(echo__sqlite *s, bool begun) {
    if (begun) echo__sqlite_abandon(s);
}

/* What is written to a file that has no name any more is lost when it is closed. */
static bool moved(echo__sqlite *s) {
    int yes = 0;
    return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &yes) == SQLITE_OK && yes != 0;
}

static int ask_wal(echo__sqlite *s) {
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);
    if (rc != SQLITE_OK) return rc;
    rc = sqlite3_step(statement);
    const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    s->wal = mode != NULL && strcmp(mode, "wal") == 0;
    int end = sqlite3_finalize(statement);
    if (s->wal) return SQLITE_OK;
    return rc != SQLITE_ROW ? rc : end != SQLITE_OK ? end : mode == NULL ? SQLITE_NOMEM : SQLITE_CANTOPEN;
}

/* Several may be making the file at once. SQLite does not wait where it would raise a lock it holds, so we do. */
static int enter_wal(echo__sqlite *s) {
    if (s->wal) return SQLITE_OK;
    int rc = execute(s, WRITE_CACHE "PRAGMA page_size=32768"); /* of no effect on a file with pages */
    if (rc != SQLITE_OK) return rc;
    for (uint32_t waited = 0;; waited++) {
        rc = ask_wal(s);
        if ((rc & 0xff) != SQLITE_BUSY || waited >= s->busy_ms) return rc;
        (void)sqlite3_sleep(1);
    }
}

static int make_tables(echo__sqlite *s) {
    char sql[sizeof CHUNKS_SQL + sizeof MANIFESTS_SQL + 100];
    (void)snprintf(sql, sizeof sql, "%s;%s;PRAGMA application_id=%d;PRAGMA user_version=%d", CHUNKS_SQL, MANIFESTS_SQL,
                   APPLICATION_ID, FORMAT);
    return execute(s, sql);
}

static echo_status begin(echo__sqlite *s, echo_error *err) {
    int rc = enter_wal(s);
    if (rc == SQLITE_OK) rc = execute(s, "BEGIN IMMEDIATE");
    if (rc != SQLITE_OK) return echo__sqlite_fail(s, rc, err, "cannot write to snapshot store");
    if (moved(s)) return echo__sqlite_fail(s, SQLITE_READONLY_DBMOVED, err, "cannot write to snapshot store");
    if (s->has_tables) return ECHO_OK;
    echo_status status = recognise_now(s, err);
    if (status != ECHO_ERR_NOT_FOUND) return status;
    rc = make_tables(s);
    if (rc != SQLITE_OK) return echo__sqlite_fail(s, rc, err, "cannot make snapshot store");
    s->has_tables = s->made_tables = true;
    return ECHO_OK;
}

/* The file that was read without locks must still be there under its name. */
static echo_status leave_quiet(echo__sqlite *s, echo_error *err) {
    if (!echo__sqlite_is_same_file(s))
        return echo__sqlite_fail(s, SQLITE_READONLY_DBMOVED, err, "cannot write to snapshot store");
    (void)take_locks(s);
    return ECHO_OK;
}

echo_status echo__sqlite_begin(echo__sqlite *s, echo_error *err) {
    echo_status left = s->immutable ? leave_quiet(s, err) : ECHO_OK;
    if (left != ECHO_OK) return left;
    s->with_locks = true;
    if (s->db == NULL) {
        echo_status status = connect_file(s, s->create, err);
        if (status != ECHO_OK) return status;
    }
    echo_status status = begin(s, err);
    if (status != ECHO_OK) echo__sqlite_abandon(s);
    return status;
}

echo_status echo__sqlite_commit(echo__sqlite *s, echo_error *err) {
    int rc = moved(s) ? SQLITE_READONLY_DBMOVED : execute(s, "COMMIT");
    if (rc == SQLITE_OK) {
        s->had_tables = true;
        s->made_tables = false;
        return ECHO_OK;
    }
    echo_status status = echo__sqlite_fail(s, rc, err, "cannot write to snapshot store");
    echo__sqlite_abandon(s);
    return status;
}

void echo__sqlite_abandon(echo__sqlite *s) {
    if (s->db == NULL) return;
    if (sqlite3_get_autocommit(s->db) == 0) (void)execute(s, "ROLLBACK");
    if (s->made_tables) s->has_tables = s->made_tables = false;
    if (sqlite3_get_autocommit(s->db) == 0) echo__sqlite_disconnect(s);
}
