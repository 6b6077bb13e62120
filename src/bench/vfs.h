/*
 * What SQLite does to its files: a default VFS that passes everything to the previous default and counts. For the
 * process it is installed in, until that ends. Threads may use it at the same time.
 */
#ifndef ECHO_BENCH_VFS_H
#define ECHO_BENCH_VFS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct bench_vfs_counts {
    uint64_t syncs, writes, bytes; /* bytes: written */
} bench_vfs_counts;

/* false: SQLite does not accept it. A second time does nothing. */
bool bench_vfs_install(void);
/* Since it was installed. */
bench_vfs_counts bench_vfs_counted(void);
/* What happened since `before`. */
bench_vfs_counts bench_vfs_since(const bench_vfs_counts *before);

#endif
