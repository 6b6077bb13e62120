/*
 * The SQLite store's handle and what its files share.
 *
 * Invariants
 *  - The file is opened by SQLite alone. Closing any other descriptor of it in this process would drop the locks that
 *    SQLite holds.
 *  - Between calls no statement is active and, but for pending puts, no transaction is open: a reader never holds up
 *    a checkpoint.
 *  - A transaction begins as IMMEDIATE: whoever has it is the only writer, and what it reads is the newest.
 */
#ifndef ECHO_STORE_SQLITE_STATE_H
#define ECHO_STORE_SQLITE_STATE_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/zstd.h"
#include "store/store.h"

/* Made by the first pin; a file without it has nothing pinned. As SQLite keeps the text, which is compared. */
#define ECHO__PINS_TABLE "pins(party BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(party, number)) WITHOUT ROWID"

typedef enum echo__sql {
    ECHO__SQL_GET,
    ECHO__SQL_HAS,
    ECHO__SQL_WALK,
    ECHO__SQL_PUT,
    ECHO__SQL_DROP,
    ECHO__SQL_LIST,
    ECHO__SQL_NEWEST,
    ECHO__SQL_HEADS,
    ECHO__SQL_PUBLISH,
    ECHO__SQL_REMOVE,
    ECHO__SQL_PARTY,
    ECHO__SQL_USAGE,
    ECHO__SQL_STANDS,
    ECHO__SQL_PINS_STAND,
    ECHO__SQL_PINS_MAKE,
    ECHO__SQL_PIN,
    ECHO__SQL_UNPIN,
    ECHO__SQL_PINNED,
    ECHO__SQL_COUNT
} echo__sql;

typedef struct echo__sqlite {
    char *path; /* absolute */
    bool read_only, create;
    uint32_t busy_ms;

    sqlite3 *db; /* NULL: there is no file yet, or it has to be opened again */
    sqlite3_stmt *statements[ECHO__SQL_COUNT];
    bool has_tables;        /* the file is a snapshot store */
    atomic_bool had_tables; /* it was one once: from then on it is not created again */
    bool made_tables;       /* the open transaction makes them */
    bool wal;               /* this connection made sure of WAL */
    bool immutable;         /* opened without locks: `file` says whether it is still the same */
    bool with_locks;        /* this handle has written, or seen that another one did: it uses locks from then on */
    struct stat file;
    bool file_is_young; /* written so shortly before that its time may not show the next write */
    bool file_is_fresh; /* written within the tick of the clock that stamps files: an error may be a write's doing */

    echo__zstd *packer; /* once it was needed */
    uint64_t stored;    /* bytes of chunks put */
    bool writing;       /* puts are pending, in an open transaction */
    echo_status failed; /* pending puts were lost to this; until rollback */
    echo__seen seen;
} echo__sqlite;

#endif
