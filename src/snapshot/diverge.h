/*
 * A record taken apart for comparing: slots, each with its value and the stamps that stand behind it.
 */
#ifndef ECHO_SNAPSHOT_DIVERGE_H
#define ECHO_SNAPSHOT_DIVERGE_H

#include <cjson/cJSON.h>
#include <echo/snapshot.h>

#include "model/log.h"
#include "tree/chunk.h"
#include "tree/record.h"

/* A place in echo__dissected.texts; len SIZE_MAX: absent. */
typedef struct echo__text_at {
    size_t at, len;
} echo__text_at;

typedef struct echo__mark {
    echo__stamp stamp;
    echo__text_at what;  /* of operations: which, and at what path */
    echo__text_at value; /* with what value; of a log's entry: its bytes */
} echo__mark;

typedef struct echo__slot {
    echo_difference_kind kind;
    const char *name;
    echo__text_at value;
    size_t first, count; /* of the marks, ascending by stamp */
} echo__slot;

typedef struct echo__dissected {
    bool there;
    bool has_state, has_bytes;
    echo__record record;
    echo__buf scratch;
    cJSON *state;      /* of the object model; slots have their names from it */
    echo__slot *slots; /* ascending by kind, then name */
    size_t slots_count, slots_cap;
    echo__mark *marks;
    size_t marks_count, marks_cap;
    echo__buf texts;
} echo__dissected;

/* line data NULL: nothing is there. *out must be empty (zeroed); clear it also after an error. */
echo_status echo__dissect(echo__dissected *out, echo__chunks *chunks, echo_bytes line, echo_error *err) ECHO_MUST_USE;
void echo__dissected_clear(echo__dissected *d);
static inline echo_bytes echo__dissected_text(const echo__dissected *d, echo__text_at text) {
    return text.len == SIZE_MAX ? echo__bytes(NULL, 0) : echo__bytes(d->texts.data + text.at, text.len);
}

#endif
