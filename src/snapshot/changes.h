/*
 * The differences between the items of two parties.
 */
#ifndef ECHO_SNAPSHOT_CHANGES_H
#define ECHO_SNAPSHOT_CHANGES_H

#include <echo/snapshot.h>

#include "party/party.h"

typedef struct echo__change_entry {
    echo_change change;
    bool deleted;
    size_t texts[6]; /* offsets in `texts`, in the order of the head; SIZE_MAX: absent */
} echo__change_entry;
typedef struct echo__changes {
    echo__change_entry *list; /* ascending by id */
    size_t count, cap;
    echo__buf texts; /* each ends with a NUL */
} echo__changes;
/*
 * Compares the record lines in the parts where the trees differ, and those of items with unsaved changes. Makes no
 * states and reads nothing else. Neither party's taker may be busy. *out must be zeroed; free it also after an error.
 */
echo_status echo__changes_find(echo__changes *out, const echo_party *before, const echo_party *after,
                               echo_error *err) ECHO_MUST_USE;
echo_status echo__changes_report(const echo__changes *changes, echo_change_fn fn, void *arg) ECHO_MUST_USE;
void echo__changes_free(echo__changes *changes);

#endif
