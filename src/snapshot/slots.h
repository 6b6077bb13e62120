/*
 * A record split into slots for comparing. Each slot has its value and the stamps of the messages that made it.
 */
#ifndef ECHO_SNAPSHOT_SLOTS_H
#define ECHO_SNAPSHOT_SLOTS_H

#include <cjson/cJSON.h>
#include <echo/snapshot.h>

#include "model/log.h"
#include "tree/chunk.h"
#include "tree/record.h"

/* A place in echo__slots.texts; len SIZE_MAX: absent. */
typedef struct echo__text_at {
    size_t at, len;
} echo__text_at;

typedef struct echo__mark {
    echo__stamp stamp;
    echo__text_at what;  /* of an operation: its kind and path */
    echo__text_at value; /* of an operation: its value; of a log entry: its bytes */
} echo__mark;

typedef struct echo__slot {
    echo_difference_kind kind;
    const char *name;
    echo__text_at value;
    size_t first, count; /* of the marks, ascending by stamp */
} echo__slot;

typedef struct echo__slots {
    bool present; /* the snapshot has the item */
    bool has_state, has_bytes;
    echo__record record;
    echo__buf scratch;
    cJSON *state;      /* of the object model; names of its slots point into it */
    echo__slot *slots; /* ascending by kind, then name */
    size_t slots_count, slots_cap;
    echo__mark *marks;
    size_t marks_count, marks_cap;
    echo__buf texts;
} echo__slots;

/* The text of `line` NULL: the item does not exist. *out must be empty (zeroed); clear it also after an error. */
echo_status echo__slots_read(echo__slots *out, echo__chunks *chunks, echo__line line, echo_error *err) ECHO_MUST_USE;
void echo__slots_clear(echo__slots *d);
static inline echo_bytes echo__slots_text(const echo__slots *d, echo__text_at text) {
    return text.len == SIZE_MAX ? echo__bytes(NULL, 0) : echo__bytes(d->texts.data + text.at, text.len);
}

#endif
