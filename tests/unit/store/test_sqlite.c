/*
 * The store in a SQLite file against the contract.
 */
#include "support/test.h"

#include <stdlib.h>

#include "support/folder.h"
#include "support/store_contract.h"

typedef struct place {
    char *folder, *path;
} place;

static void leave(place *p) {
    folder_remove(p->folder);
    free(p->path);
    p->folder = p->path = NULL;
}

static echo_status again(void *arg, echo_store *out) {
    const place *p = arg;
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    options.busy_ms = 0;
    return echo_store_open_sqlite(out, p->path, &options, NULL);
}

static echo_status fresh(void *arg, echo_store *out) {
    place *p = arg;
    leave(p);
    p->folder = folder_new();
    p->path = folder_path(p->folder, "snapshots.db");
    return again(arg, out);
}

int main(void) {
    place p = {NULL, NULL};
    const store_contract contract = {"SQLite store", &p, fresh, again, ECHO_STORE_DURABLE};
    int failed = store_contract_run(&contract);
    leave(&p);
    return failed;
}
