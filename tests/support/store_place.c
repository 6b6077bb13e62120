#include "support/test.h"

#include "support/store_place.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/folder.h"

store_place store_place_new(void) {
    store_place place;
    place.folder = folder_new();
    place.path = folder_path(place.folder, "snapshots.db");
    return place;
}

void store_place_free(store_place *place) {
    folder_remove(place->folder);
    free(place->path);
    place->folder = place->path = NULL;
}

echo_status store_place_try(const store_place *place, store_how how, echo_store *out, echo_error *err) {
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    options.busy_ms = 0;
    options.create = how == STORE_CREATE;
    options.read_only = how == STORE_READING;
    return echo_store_open_sqlite(out, place->path, &options, err);
}

echo_store store_place_open(const store_place *place, store_how how) {
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    if (store_place_try(place, how, &store, &err) != ECHO_OK) fail_msg("cannot open: %s", err.message);
    return store;
}

bool store_place_has(const store_place *place, const char *suffix) {
    char name[600];
    (void)snprintf(name, sizeof name, "%s%s", place->path, suffix);
    return file_exists(name);
}

unsigned store_place_count(const store_place *place) {
    DIR *open = opendir(place->folder);
    assert_non_null(open);
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
    (void)closedir(open);
    return count;
}

int64_t store_place_sql(const store_place *place, const char *sql) {
    sqlite3 *db;
    int64_t out = 0;
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    for (const char *rest = sql; rest != NULL && *rest != '\0';) {
        sqlite3_stmt *statement;
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        if (statement == NULL) break;
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) out = sqlite3_column_int64(statement, 0);
        while (rc == SQLITE_ROW) rc = sqlite3_step(statement);
        if (rc != SQLITE_DONE) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        (void)sqlite3_finalize(statement);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return out;
}
