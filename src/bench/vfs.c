/*
 * The real VFS opens the file into the caller's memory, as if nothing stood between; only the table of methods is
 * replaced, by a copy with two functions changed. There are few tables, never freed: one copy per original.
 */
#include "bench/vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

#define TABLES 16u

/* `counting` comes first: a pointer to it is one to the whole. */
typedef struct table {
    sqlite3_io_methods counting;
    const sqlite3_io_methods *real;
} table;

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;
static table tables[TABLES];
static size_t table_count;
static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint_fast64_t syncs, writes, bytes;

static const sqlite3_io_methods *real_of(const sqlite3_file *file) {
    return ((const table *)(const void *)file->pMethods)->real;
}

static int count_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset) {
    atomic_fetch_add(&writes, 1);
    atomic_fetch_add(&bytes, (uint_fast64_t)len);
    return real_of(file)->xWrite(file, data, len, offset);
}

static int count_sync(sqlite3_file *file, int flags) {
    atomic_fetch_add(&syncs, 1);
    return real_of(file)->xSync(file, flags);
}

/* NULL: the list is full; such a file is not counted. */
static const sqlite3_io_methods *counting_of(const sqlite3_io_methods *real) {
    const sqlite3_io_methods *found = NULL;
    (void)pthread_mutex_lock(&tables_lock);
    for (size_t i = 0; i < table_count && found == NULL; i++)
        if (tables[i].real == real) found = &tables[i].counting;
    if (found == NULL && table_count < TABLES) {
        table *t = &tables[table_count++];
        t->counting = *real;
        t->counting.xWrite = count_write;
        t->counting.xSync = count_sync;
        t->real = real;
        found = &t->counting;
    }
    (void)pthread_mutex_unlock(&tables_lock);
    return found;
}

static int open_counted(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
    const sqlite3_io_methods *counting = file->pMethods == NULL ? NULL : counting_of(file->pMethods);
    if (counting != NULL) file->pMethods = counting;
    return rc;
}

bool bench_vfs_install(void) {
    if (real_vfs != NULL) return true;
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) return false;
    shim = *real_vfs;
    shim.pNext = NULL;
    shim.zName = "echo-bench";
    shim.xOpen = open_counted;
    return sqlite3_vfs_register(&shim, 1) == SQLITE_OK;
}

bench_vfs_counts bench_vfs_counted(void) {
    return (bench_vfs_counts){atomic_load(&syncs), atomic_load(&writes), atomic_load(&bytes)};
}

bench_vfs_counts bench_vfs_since(const bench_vfs_counts *before) {
    bench_vfs_counts now = bench_vfs_counted();
    return (bench_vfs_counts){now.syncs - before->syncs, now.writes - before->writes, now.bytes - before->bytes};
}
