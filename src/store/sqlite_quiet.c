#include "store/sqlite_quiet.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/sqlite_error.h"

#define YOUNG_SECONDS 2 /* the coarsest clock of a file system */
#define TICK_MS 25      /* more than a tick of the kernel's clock that stamps files */

/* file:///path?immutable=1, with everything unusual escaped. */
static bool immutable_name(echo__buf *out, const char *path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
    echo__buf_text(out, "file://");
    for (; *path != '\0'; path++) {
        if (strchr(plain, *path) != NULL) {
            echo__buf_byte(out, (uint8_t)*path);
        } else {
            echo__buf_byte(out, '%');
            echo__buf_hex(out, path, 1);
        }
    }
    echo__buf_text(out, "?immutable=1");
    echo__buf_byte(out, 0);
    return out->status == ECHO_OK;
}

/* Notes what the file is now, and how long ago it was written. */
static bool look_at_file(echo__sqlite *s) {
    struct timespec now;
    if (stat(s->path, &s->file) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
    int64_t age_ms = ((int64_t)now.tv_sec - s->file.st_mtim.tv_sec) * 1000 +
                     ((int64_t)now.tv_nsec - s->file.st_mtim.tv_nsec) / 1000000;
    s->file_is_young = s->file.st_mtim.tv_sec + YOUNG_SECONDS >= now.tv_sec;
    s->file_is_fresh = age_ms >= 0 && age_ms < TICK_MS;
    return true;
}

/*
 * How to read the file. A WAL database cannot be read with locks unless its -shm file exists or may be made. We may
 * make none. So:
 *  - nothing left to recover: it is read as immutable, which takes no locks and no -shm, and each call compares whether
 *    the file is still the same. A file written just now could be written again without its time changing: it is opened
 *    anew at each call;
 *  - -wal and -shm exist: it is read with locks, as by any reader;
 *  - a -wal or -journal with content alone is what a crash left: only a writer can recover it.
 */
static echo_status choose_reading(echo__sqlite *s, echo_error *err) {
    if (!look_at_file(s)) return echo__error_errno(err, "cannot open snapshot store %s", s->path);
    bool wal = echo__sqlite_has_file(s, "-wal", true), journal = echo__sqlite_has_file(s, "-journal", true);
    s->immutable = !wal && !journal;
    if (!wal || echo__sqlite_has_file(s, "-shm", false)) return ECHO_OK;
    /* A writer that closes removes the one and then the other. */
    int rc = echo__sqlite_has_file(s, "-wal", true) ? SQLITE_READONLY_RECOVERY : SQLITE_BUSY;
    return echo__sqlite_fail(s, rc, err, "cannot open snapshot store");
}

/* As s->immutable says. */
static int open_file(echo__sqlite *s) {
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (!s->immutable) return sqlite3_open_v2(s->path, &s->db, flags, NULL);
    echo__buf name = ECHO__BUF_INIT;
    int rc = immutable_name(&name, s->path)
                 ? sqlite3_open_v2((const char *)name.data, &s->db, flags | SQLITE_OPEN_URI, NULL)
                 : SQLITE_NOMEM;
    echo__buf_free(&name);
    return rc;
}

/*
 * When the file was written within this tick, a write that follows would leave its time unchanged, and what is read
 * without locks could be a mixture that looks like damage: the tick is waited for, and a few more when a writer goes on
 * and the host lets us wait for writers.
 */
echo_status echo__sqlite_open_reading(echo__sqlite *s, echo_error *err) {
    for (uint32_t waited = 0;; waited += TICK_MS) {
        echo_status status = choose_reading(s, err);
        if (status != ECHO_OK) return status;
        if (!s->immutable || !s->file_is_fresh) break;
        if ((waited > 0 && waited >= s->busy_ms) || waited >= 4 * TICK_MS) break;
        (void)sqlite3_sleep(TICK_MS);
    }
    int rc = open_file(s);
    return rc == SQLITE_OK
               ? ECHO_OK
               : echo__sqlite_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, err, "cannot open snapshot store");
}

/* ---- handles that may write ---- */

/* Whether the folder takes new files. */
bool echo__sqlite_takes_files(const char *path) {
    char folder[PATH_MAX];
    size_t len = (size_t)(strrchr(path, '/') - path);
    if (len >= sizeof folder) return false;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return access(len == 0 ? "/" : folder, W_OK) == 0;
}

/*
 * Safe is a file that was not written to lately, so that its time will show the next write, and that nobody has open
 * for writing: who does has a -wal beside it, or makes one before the file changes. Whoever may not write to it is told
 * when it is opened.
 */
void echo__sqlite_open_quietly(echo__sqlite *s) {
    if (s->with_locks || !look_at_file(s) || s->file_is_young || echo__sqlite_has_file(s, "-wal", false) ||
        echo__sqlite_has_file(s, "-journal", false) || access(s->path, W_OK) != 0 || !echo__sqlite_takes_files(s->path))
        return;
    s->immutable = true;
    if (open_file(s) == SQLITE_OK) return;
    (void)sqlite3_close_v2(s->db);
    s->db = NULL;
    s->immutable = false;
}
