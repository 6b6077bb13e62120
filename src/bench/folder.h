/* Folders that measurements work in. */
#ifndef ECHO_BENCH_FOLDER_H
#define ECHO_BENCH_FOLDER_H

#include <echo/base.h>

#define BENCH_PATH_MAX 4096u

/* A new empty folder below `parent`. */
echo_status bench_folder_make(char path[BENCH_PATH_MAX], const char *parent, echo_error *err) ECHO_MUST_USE;
/* Removes it with all that is in it. Links are removed, not followed. */
void bench_folder_remove(const char *path);
/* Copies the feeds of a party's folder, without secret keys and without snapshots. */
echo_status bench_folder_copy_feeds(const char *to, const char *from, echo_error *err) ECHO_MUST_USE;
/* Reads all that the feeds hold, once through. */
echo_status bench_folder_read_data(uint64_t *bytes, const char *path, echo_error *err) ECHO_MUST_USE;
#define BENCH_FOLDER_FILES 64u
/* What a folder holds: per file a hash of its name, size, time of change and content. */
typedef struct bench_folder_state {
    echo_hash files[BENCH_FOLDER_FILES];
    size_t count;
} bench_folder_state;
/* Copies a file into a folder, in place of the one of that name. When `from` has no such file, it is removed in `to`.
 */
echo_status bench_folder_copy_file(const char *to, const char *from, const char *name, echo_error *err) ECHO_MUST_USE;
/* Reads every file in it and below. ECHO_ERR_LIMIT: more files than BENCH_FOLDER_FILES. */
echo_status bench_folder_look(bench_folder_state *out, const char *path, echo_error *err) ECHO_MUST_USE;
/* The number of files that only one of them has, or that differ. */
uint64_t bench_folder_differs(const bench_folder_state *a, const bench_folder_state *b);
echo_status bench_path(char out[BENCH_PATH_MAX], const char *dir, const char *name, echo_error *err) ECHO_MUST_USE;

#endif
