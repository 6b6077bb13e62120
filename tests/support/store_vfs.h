/*
 * A SQLite VFS over the system's own: counts what reaches the disk, makes calls fail, and cuts the power.
 *
 * Power cut: the writes, syncs, truncations, creations and deletions are counted from 1; number n does not happen, nor
 * anything after it. Once every handle is closed, store_vfs_after_cut makes the files what a disk would hold: all that
 * was synced, and of the rest nothing, everything, or some sectors of 512 bytes (torn, by a seed). A file's name is
 * safe only after its folder was synced, which SQLite does with the first sync of a journal or log, and by deletions
 * that ask for it.
 */
#ifndef TEST_STORE_VFS_H
#define TEST_STORE_VFS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum store_vfs_kind {
    STORE_VFS_OPEN,
    STORE_VFS_READ,
    STORE_VFS_WRITE,
    STORE_VFS_SYNC,
    STORE_VFS_TRUNCATE,
    STORE_VFS_DELETE,
    STORE_VFS_SHM, /* mapping the shared memory */
    STORE_VFS_LOCK,
    STORE_VFS_KINDS
} store_vfs_kind;

typedef struct store_vfs_counts {
    uint64_t calls[STORE_VFS_KINDS];
    uint64_t bytes_read, bytes_written;
} store_vfs_counts;

/* Makes it the default VFS of this program, or no longer so. */
void store_vfs_install(void);
void store_vfs_remove(void);

/* Forgets counts, plans and what is known of files. Call it while no handle is open. */
void store_vfs_reset(void);
store_vfs_counts store_vfs_count(void);

/* The nth call of this kind from now (1 is the next) answers `code` without being done; with `stay`, all later ones
 * too. nth 0: none. */
void store_vfs_fail(store_vfs_kind kind, uint64_t nth, int code, bool stay);
/* Whether a call was made to fail since store_vfs_fail. */
bool store_vfs_failed(void);

/* Cuts the power at change number nth. */
void store_vfs_cut(uint64_t nth);
bool store_vfs_was_cut(void);

typedef enum store_vfs_cut_mode { STORE_VFS_DROP, STORE_VFS_KEEP, STORE_VFS_TEAR } store_vfs_cut_mode;
/* Makes the files what the cut left. Ends the cut and the tracking. */
void store_vfs_after_cut(store_vfs_cut_mode mode, uint64_t seed);

#endif
