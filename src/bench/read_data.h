/*
 * The data that mode `read` reads: a party of items with four properties, and the same values in a party of another
 * model (read_raw.h), in a JSON file, in a SQLite file and in a binary file. Every value that is read is added to a
 * sum, which is the same for all.
 */
#ifndef ECHO_BENCH_READ_DATA_H
#define ECHO_BENCH_READ_DATA_H

#include <echo/echo.h>

#define BENCH_READ_ID_CHARS 16u

/* Writes the id of item i. */
void bench_read_id(char out[BENCH_READ_ID_CHARS], uint64_t i);
/* Makes the party in `dir`, by ten messages an item, with a snapshot of all. *key: the party. */
echo_status bench_read_make(echo_key *key, const char *dir, uint64_t seed, uint64_t items,
                            echo_error *err) ECHO_MUST_USE;
/* Writes the files beside it. *values: bytes of all values. */
echo_status bench_read_export(uint64_t *values, uint64_t *sum, const char *dir, echo_error *err) ECHO_MUST_USE;

/* Opens the party in a folder. *models is the caller's, for echo_registry_free(). */
echo_status bench_read_open(echo_party **out, echo_registry **models, const char *dir, bool eager,
                            echo_error *err) ECHO_MUST_USE;
/* Adds the values of an item to a sum. */
echo_status bench_read_item(uint64_t *sum, const echo_item *item, echo_error *err) ECHO_MUST_USE;

/* What a text adds to the sum. */
uint64_t bench_read_text(const void *text, size_t len);
/* Each reads its whole file; adds all values. */
echo_status bench_read_cjson(uint64_t *sum, const char *dir, echo_error *err) ECHO_MUST_USE;
echo_status bench_read_flat(uint64_t *sum, const char *dir, echo_error *err) ECHO_MUST_USE;
/* id NULL: all rows. */
echo_status bench_read_sqlite(uint64_t *sum, const char *dir, const char *id, echo_error *err) ECHO_MUST_USE;
/* The names of the files, by way. */
#define BENCH_READ_JSON_FILE "items.json"
#define BENCH_READ_SQLITE_FILE "items.db"
#define BENCH_READ_FLAT_FILE "items.bin"

#endif
