/*
 * Leaves: the lines of up to 256 records behind one header line with what they share (docs/FORMAT.md, "Leaves").
 *
 *   {"feeds":["<hex>",...],"kinds":[["<type>","<model>",version],...]}
 *
 * A record's line has two forms. Alone, it names its type, model, version and feeds in full. Within a leaf it refers to
 * the header by index, and its stamps are short. The header depends on the leaf's records alone: it lists what they
 * refer to and nothing else, in ascending order. So equal records make equal leaves (P3).
 */
#ifndef ECHO_TREE_LEAF_HEAD_H
#define ECHO_TREE_LEAF_HEAD_H

#include "base/buf.h"
#include "tree/scan.h"

/* What an item is made by; unescaped, data NULL when absent. version 0: absent. Those of a header that was read have a
 * NUL behind them. */
typedef struct echo__kind {
    echo_bytes type, model;
    uint32_t version;
} echo__kind;

/* A header that was read. */
typedef struct echo__shared {
    uint32_t feed_count, kind_count;
    const echo_key *feeds;   /* ascending */
    const echo__kind *kinds; /* ascending by type, model, version; what is absent comes first */
} echo__shared;

/* A record's line, without its newline. */
typedef struct echo__line {
    echo_bytes text;            /* data NULL: no line */
    const echo__shared *shared; /* of its leaf; NULL: the line stands alone */
} echo__line;

static inline echo__line echo__line_alone(echo_bytes text) {
    echo__line line = {text, NULL};
    return line;
}

/* Reads the header off the front of a leaf, with its newline. NULL, or what is wrong with it. *size is the room that
 * echo__shared_fill() needs for it. */
const char *echo__shared_scan(echo__scan *s, size_t *size);
/* Fills *out from a header that was scanned. Its lists are in `room`, which is aligned for pointers. */
void echo__shared_fill(echo__shared *out, void *room, echo_bytes header);
/* Appends a header, with its newline. */
void echo__shared_write(echo__buf *out, const echo__shared *shared);
/*
 * A place in an ascending list: the first element that is not below. *found: whether it is this one.
 */
uint32_t echo__feed_place(bool *found, const echo_key *feeds, uint32_t count, const echo_key *feed);
uint32_t echo__kind_place(bool *found, const echo__kind *kinds, uint32_t count, const echo__kind *kind);

#endif
