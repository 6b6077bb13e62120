/*
 * What is different between the items of two parties.
 */
#ifndef ECHO_SNAPSHOT_CHANGES_H
#define ECHO_SNAPSHOT_CHANGES_H

#include <echo/snapshot.h>

#include "party/party.h"

typedef struct echo__change_entry {
    echo_change change;
    bool deleted;
    size_t texts[6]; /* where in `texts`, in the order of the head; SIZE_MAX: absent */
} echo__change_entry;
typedef struct echo__changes {
    echo__change_entry *list; /* ascending by id */
    size_t count, cap;
    echo__buf texts; /* each with a NUL after it */
} echo__changes;
/*
 * Compares record lines where the trees differ and of items with unsaved changes; makes no states, and reads nothing
 * else. Neither party's taker may be busy. *out must be zeroed; free it also after an error.
 */
echo_status echo__changes_find(echo__changes *out, const echo_party *before, const echo_party *after,
                               echo_error *err) ECHO_MUST_USE;
echo_status echo__changes_report(const echo__changes *changes, echo_change_fn fn, void *arg) ECHO_MUST_USE;
void echo__changes_free(echo__changes *changes);

#endif
