/* Temporary folders and copies of fixtures. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new empty folder below TMPDIR or /tmp; free() the path. Removed with folder_remove. */
char *folder_new(void);
void folder_remove(char *path); /* with everything in it; frees path */
/* Copies a folder's contents. */
void folder_copy(const char *from, const char *to);
/* "%s/%s" of two parts; free() it. */
char *folder_path(const char *dir, const char *name);
/* A whole file, NUL-terminated behind its end; free() it. */
uint8_t *file_read(const char *path, size_t *len);
void file_write(const char *path, const void *data, size_t len);
/* Sets when the file was written: this number of seconds ago, or in the future if it is negative. */
void file_stamp(const char *path, long seconds_ago);
bool file_exists(const char *path);
/* A hash over names and contents of everything in a folder, to see that nothing changed; free() it. */
char *folder_digest(const char *path);

#endif
