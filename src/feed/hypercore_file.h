/*
 * The files of a feed. A missing file reads as an empty one. Errors name file and feed.
 */
#ifndef ECHO_FEED_HYPERCORE_FILE_H
#define ECHO_FEED_HYPERCORE_FILE_H

#include "feed/hypercore_state.h"

const char *echo__hypercore_name(echo__hypercore_file file);
/* An error about a file of the feed; seq is added by the caller. */
echo_status echo__hypercore_error(const echo__hypercore *hc, echo_error *err, echo_status code,
                                  echo__hypercore_file file, const char *what);
echo_status echo__hypercore_size(echo__hypercore *hc, uint64_t *size, echo__hypercore_file file, echo_error *err);
/* Reads len bytes, or fewer at the end of the file: *got is how many. */
echo_status echo__hypercore_pread(echo__hypercore *hc, echo__hypercore_file file, void *buf, size_t len, uint64_t at,
                                  size_t *got, echo_error *err);
/* Writes all of it. The files must be open for writing. */
echo_status echo__hypercore_pwrite(echo__hypercore *hc, echo__hypercore_file file, const void *buf, size_t len,
                                   uint64_t at, echo_error *err);
echo_status echo__hypercore_truncate(echo__hypercore *hc, echo__hypercore_file file, uint64_t size, echo_error *err);
echo_status echo__hypercore_sync_file(echo__hypercore *hc, echo__hypercore_file file, echo_error *err);
echo_status echo__hypercore_sync_folder(echo__hypercore *hc, echo_error *err);
/* The 32 bytes that begin bitfield, signatures or tree. */
void echo__hypercore_header(uint8_t out[ECHO__HYPERCORE_HEADER], echo__hypercore_file file);
/* Checks the headers; a feed that was never written may lack them. Sets page_size and headers. */
echo_status echo__hypercore_check_headers(echo__hypercore *hc, echo_error *err);
/* Opens all four for writing and makes what is missing, headers included. */
echo_status echo__hypercore_open_writing(echo__hypercore *hc, echo_error *err);
/* The lock hypercore 9 takes on an open feed, on the same file; held for one append or put only. ECHO_ERR_BUSY. */
echo_status echo__hypercore_lock(echo__hypercore *hc, echo_error *err);
void echo__hypercore_unlock(echo__hypercore *hc);
/* Writes the headers of files that are too short to have one; size[] is what the files have, and then will have. */
echo_status echo__hypercore_put_headers(echo__hypercore *hc, uint64_t size[ECHO__HYPERCORE_FILES], echo_error *err);
/* Gives back what files have grown since they had these sizes, as far as the disk lets it. */
void echo__hypercore_cut_back(echo__hypercore *hc, const uint64_t size[ECHO__HYPERCORE_FILES]);
/* It is opened again when needed. */
void echo__hypercore_close_file(echo__hypercore *hc, echo__hypercore_file file);
/* fsyncs a folder. */
echo_status echo__hypercore_sync_path(const char *path, echo_error *err);
/* path/name, released with echo__free; NULL when out of memory. */
char *echo__hypercore_join_path(const char *path, const char *name);
/*
 * Reads a small file that should hold exactly len bytes: *found is what it holds, len + 1 standing for more; *exists
 * says whether there is one. ECHO_ERR_READONLY when it may not be read.
 */
echo_status echo__hypercore_slurp(const char *path, const char *name, uint8_t *buf, size_t len, size_t *found,
                                  bool *exists, echo_error *err);

#endif
