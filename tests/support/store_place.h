/*
 * A folder with a SQLite store in it, for tests of the file.
 */
#ifndef TEST_STORE_PLACE_H
#define TEST_STORE_PLACE_H

#include <echo/sys/store.h>

typedef struct store_place {
    char *folder;
    char *path; /* folder/snapshots.db, which does not exist yet */
} store_place;

store_place store_place_new(void);
void store_place_free(store_place *place); /* with all files */

/* How to open: `create` is as in the options, busy_ms 0. */
typedef enum store_how { STORE_CREATE, STORE_EXISTING, STORE_READING } store_how;
echo_status store_place_try(const store_place *place, store_how how, echo_store *out, echo_error *err);
/* Fails the test when it does not open. */
echo_store store_place_open(const store_place *place, store_how how);

/* Whether path + suffix exists. */
bool store_place_has(const store_place *place, const char *suffix);
/* Entries of the folder. */
unsigned store_place_count(const store_place *place);
/* Runs SQL on the file by a connection of its own, and gives the first number of the first row, or 0. */
int64_t store_place_sql(const store_place *place, const char *sql);

#endif
