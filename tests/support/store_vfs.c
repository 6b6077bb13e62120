#include "support/store_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/random.h"

#define SECTOR 512u

/* ---- what is known of a file ---- */

typedef struct change {
    uint64_t offset;
    size_t len;
    uint8_t *data; /* NULL: a truncation to offset */
} change;

typedef struct image {
    uint8_t *data;
    size_t len, cap;
} image;

typedef struct tracked {
    struct tracked *next;
    char *path;
    bool exists; /* under its name, now */
    bool named;  /* its name (or its deletion, when !exists) is safe */
    bool main_db;
    image synced;
    change *changes; /* since the last sync */
    size_t count, cap;
} tracked;

typedef struct shim_file {
    sqlite3_file base;
    tracked *about; /* NULL: not followed */
    sqlite3_file *real;
} shim_file;

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;
static store_vfs_counts counts;
static tracked *files;
static uint64_t cut_at, changes_seen;
static bool tracking, dead;
static struct {
    store_vfs_kind kind;
    uint64_t nth, seen;
    int code;
    bool stay, hit;
} plan;

static void *must(void *p) {
    if (p == NULL) abort();
    return p;
}

static void clear_changes(tracked *t) {
    for (size_t i = 0; i < t->count; i++) free(t->changes[i].data);
    t->count = 0;
}

static void forget(tracked *t) {
    clear_changes(t);
    free(t->changes);
    free(t->synced.data);
    free(t->path);
    free(t);
}

static void resize(image *im, size_t len) {
    if (len > im->cap) {
        im->cap = len + len / 2;
        im->data = must(realloc(im->data, im->cap));
    }
    if (len > im->len) memset(im->data + im->len, 0, len - im->len);
    im->len = len;
}

static void apply_part(image *im, uint64_t offset, const uint8_t *data, size_t len) {
    if (im->len < offset + len) resize(im, (size_t)offset + len);
    memcpy(im->data + offset, data, len);
}

static image read_image(const char *path) {
    image out = {NULL, 0, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return out;
    uint8_t part[65536];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;) apply_part(&out, out.len, part, n);
    (void)fclose(file);
    return out;
}

static tracked *track(const char *path, bool fresh, bool main_db) {
    for (tracked *t = files; t != NULL; t = t->next)
        if (t->exists && strcmp(t->path, path) == 0) return t;
    tracked *t = must(calloc(1, sizeof *t));
    t->path = must(malloc(strlen(path) + 1));
    strcpy(t->path, path);
    t->exists = true;
    t->named = !fresh;
    t->main_db = main_db;
    if (!fresh) t->synced = read_image(path);
    t->next = files;
    files = t;
    return t;
}

static void note(tracked *t, uint64_t offset, const void *data, size_t len) {
    if (t == NULL || !tracking) return;
    if (t->count == t->cap) {
        t->cap = t->cap * 2 + 16;
        t->changes = must(realloc(t->changes, t->cap * sizeof *t->changes));
    }
    change *c = &t->changes[t->count++];
    c->offset = offset;
    c->len = len;
    c->data = NULL;
    if (data != NULL) {
        c->data = must(malloc(len + 1));
        memcpy(c->data, data, len);
    }
}

/* Applies a change, or when torn only some of its sectors. */
static void apply(image *im, const change *c, test_random *torn) {
    if (c->data == NULL) {
        if (torn == NULL || test_random_below(torn, 2) == 0) resize(im, (size_t)c->offset);
        return;
    }
    for (size_t at = 0; at < c->len;) {
        size_t len = SECTOR - (size_t)((c->offset + at) % SECTOR);
        if (len > c->len - at) len = c->len - at;
        if (torn == NULL || test_random_below(torn, 2) == 0) apply_part(im, c->offset + at, c->data + at, len);
        at += len;
    }
}

static void sync_folder(void) {
    for (tracked **at = &files; *at != NULL;) {
        tracked *t = *at;
        t->named = true;
        if (t->exists) {
            at = &t->next;
        } else {
            *at = t->next;
            forget(t);
        }
    }
}

/* ---- plans ---- */

static int planned(store_vfs_kind kind) {
    counts.calls[kind]++;
    if (plan.nth == 0 || plan.kind != kind) return SQLITE_OK;
    plan.seen++;
    if (plan.seen != plan.nth && !(plan.stay && plan.seen > plan.nth)) return SQLITE_OK;
    plan.hit = true;
    return plan.code;
}

/* Whether the power is gone, now or with this change. */
static bool gone(void) {
    if (dead) return true;
    changes_seen++;
    dead = cut_at != 0 && changes_seen == cut_at;
    return dead;
}

/* ---- methods of files ---- */

static sqlite3_file *real_of(sqlite3_file *file) { return ((shim_file *)file)->real; }

static int shim_close(sqlite3_file *file) {
    sqlite3_file *real = real_of(file);
    int rc = real->pMethods->xClose(real);
    return rc;
}

static int shim_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset) {
    int rc = planned(STORE_VFS_READ);
    if (dead) rc = SQLITE_IOERR_READ;
    if (rc != SQLITE_OK) return rc;
    counts.bytes_read += (uint64_t)len;
    return real_of(file)->pMethods->xRead(real_of(file), out, len, offset);
}

static int shim_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset) {
    shim_file *f = (shim_file *)file;
    int rc = planned(STORE_VFS_WRITE);
    if (rc != SQLITE_OK) return rc;
    if (dead) return SQLITE_IOERR_WRITE;
    bool last = gone();
    note(f->about, (uint64_t)offset, data,
         (size_t)len); /* the write in which the power fails may still reach the disk, in part */
    if (last) return SQLITE_IOERR_WRITE;
    counts.bytes_written += (uint64_t)len;
    return f->real->pMethods->xWrite(f->real, data, len, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
    shim_file *f = (shim_file *)file;
    int rc = planned(STORE_VFS_TRUNCATE);
    if (rc != SQLITE_OK) return rc;
    if (dead) return SQLITE_IOERR_TRUNCATE;
    bool last = gone();
    note(f->about, (uint64_t)size, NULL, 0);
    return last ? SQLITE_IOERR_TRUNCATE : f->real->pMethods->xTruncate(f->real, size);
}

/* Nothing is synced for real: what a crash would leave is worked out here. */
static int shim_sync(sqlite3_file *file, int flags) {
    shim_file *f = (shim_file *)file;
    (void)flags;
    int rc = planned(STORE_VFS_SYNC);
    if (rc != SQLITE_OK) return rc;
    if (gone()) return SQLITE_IOERR_FSYNC;
    tracked *t = f->about;
    if (t == NULL || !tracking) return SQLITE_OK;
    for (size_t i = 0; i < t->count; i++) apply(&t->synced, &t->changes[i], NULL);
    clear_changes(t);
    if (!t->main_db && !t->named) sync_folder();
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size) {
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
static int shim_lock(sqlite3_file *file, int level) {
    int rc = planned(STORE_VFS_LOCK);
    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xLock(real_of(file), level);
}
static int shim_unlock(sqlite3_file *file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }
static int shim_reserved(sqlite3_file *file, int *out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int shim_control(sqlite3_file *file, int op, void *arg) {
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}
static int shim_sector(sqlite3_file *file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
static int shim_device(sqlite3_file *file) { return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file)); }
static int shim_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out) {
    int rc = planned(STORE_VFS_SHM);
    return rc != SQLITE_OK ? rc : real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}
static void shim_shm_barrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }
static int shim_shm_unmap(sqlite3_file *file, int delete) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

/* ---- methods of the VFS ---- */

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    shim_file *f = (shim_file *)file;
    struct stat at;
    (void)vfs;
    f->base.pMethods = NULL;
    f->about = NULL;
    f->real = (sqlite3_file *)(void *)(f + 1);
    int rc = planned(STORE_VFS_OPEN);
    if (rc != SQLITE_OK) return rc;
    bool fresh = name != NULL && stat(name, &at) != 0;
    if (dead || (fresh && (flags & SQLITE_OPEN_CREATE) && gone())) return SQLITE_CANTOPEN;
    rc = real_vfs->xOpen(real_vfs, name, f->real, flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    f->base.pMethods = &methods;
    if (tracking && name != NULL && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)))
        f->about = track(name, fresh, (flags & SQLITE_OPEN_MAIN_DB) != 0);
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    int rc = planned(STORE_VFS_DELETE);
    if (rc != SQLITE_OK) return rc;
    if (gone()) return SQLITE_IOERR_DELETE;
    for (tracked *t = files; t != NULL; t = t->next)
        if (t->exists && strcmp(t->path, name) == 0) {
            t->exists = false;
            t->named = !t->named; /* a name that never was safe needs no deletion */
        }
    if (sync && tracking) sync_folder();
    return real_vfs->xDelete(real_vfs, name, 0);
}

static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    (void)vfs;
    return real_vfs->xAccess(real_vfs, name, flags, out);
}

static int shim_full_name(sqlite3_vfs *vfs, const char *name, int len, char *out) {
    (void)vfs;
    return real_vfs->xFullPathname(real_vfs, name, len, out);
}

static int shim_randomness(sqlite3_vfs *vfs, int len, char *out) {
    (void)vfs;
    return real_vfs->xRandomness(real_vfs, len, out);
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return real_vfs->xSleep(real_vfs, microseconds);
}

static int shim_time(sqlite3_vfs *vfs, double *out) {
    (void)vfs;
    return real_vfs->xCurrentTime(real_vfs, out);
}

static int shim_last_error(sqlite3_vfs *vfs, int len, char *out) {
    (void)vfs;
    (void)len;
    (void)out;
    return 0;
}

void store_vfs_install(void) {
    if (real_vfs == NULL) {
        real_vfs = must(sqlite3_vfs_find(NULL));
        shim.iVersion = 1;
        shim.szOsFile = (int)sizeof(shim_file) + real_vfs->szOsFile;
        shim.mxPathname = real_vfs->mxPathname;
        shim.zName = "echo-test";
        shim.xOpen = shim_open;
        shim.xDelete = shim_delete;
        shim.xAccess = shim_access;
        shim.xFullPathname = shim_full_name;
        shim.xRandomness = shim_randomness;
        shim.xSleep = shim_sleep;
        shim.xCurrentTime = shim_time;
        shim.xGetLastError = shim_last_error;
    }
    if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) abort();
}

void store_vfs_remove(void) { (void)sqlite3_vfs_unregister(&shim); }

void store_vfs_reset(void) {
    while (files != NULL) {
        tracked *t = files;
        files = t->next;
        forget(t);
    }
    memset(&counts, 0, sizeof counts);
    memset(&plan, 0, sizeof plan);
    cut_at = changes_seen = 0;
    tracking = dead = false;
}

store_vfs_counts store_vfs_count(void) { return counts; }

void store_vfs_fail(store_vfs_kind kind, uint64_t nth, int code, bool stay) {
    plan.kind = kind;
    plan.nth = nth;
    plan.seen = 0;
    plan.code = code;
    plan.stay = stay;
    plan.hit = false;
}

bool store_vfs_failed(void) { return plan.hit; }

void store_vfs_cut(uint64_t nth) {
    cut_at = nth;
    changes_seen = 0;
    tracking = true;
}

bool store_vfs_was_cut(void) { return dead; }

/* ---- after the cut ---- */

static void leave(const tracked *t, store_vfs_cut_mode mode, test_random *random) {
    image im = {NULL, 0, 0};
    if (t->synced.len > 0) apply_part(&im, 0, t->synced.data, t->synced.len);
    for (size_t i = 0; i < t->count && mode != STORE_VFS_DROP; i++)
        apply(&im, &t->changes[i], mode == STORE_VFS_TEAR ? random : NULL);
    FILE *file = must(fopen(t->path, "wb"));
    if ((im.len > 0 && fwrite(im.data, 1, im.len, file) != im.len) || fclose(file) != 0) abort();
    free(im.data);
}

/* Whether a name that is not safe is there: `now` is how the running system saw it. */
static bool lands(bool now, store_vfs_cut_mode mode, test_random *random) {
    if (mode == STORE_VFS_TEAR) return test_random_below(random, 2) == 0 ? now : !now;
    return mode == STORE_VFS_KEEP ? now : !now;
}

void store_vfs_after_cut(store_vfs_cut_mode mode, uint64_t seed) {
    test_random random = {seed};
    for (const tracked *t = files; t != NULL; t = t->next) (void)unlink(t->path);
    /* Newest first: where a new file of a name did not land, the deleted one of that name may come back. */
    for (const tracked *t = files; t != NULL; t = t->next) {
        struct stat at;
        if (stat(t->path, &at) == 0) continue;
        if (t->named ? t->exists : lands(t->exists, mode, &random)) leave(t, mode, &random);
    }
    store_vfs_reset();
}
