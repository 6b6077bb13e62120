/*
 * Pages: chunks of the tree whose lines were found and checked. What holds for every open page, so that readers need
 * not check again:
 *  - a leaf begins with a canonical header
 *  - 1 to 256 lines, each ended by '\n', each starting with a canonical key (a record's id or an entry's last id), keys
 *    ascending
 *  - in a node each line is a whole canonical entry; its items and bytes are above zero and add up to the page's
 *  - items, bytes and last id are those that the entry above (or the root) claims, and all keys are above the entry
 *    before that one
 * The rest of each record, and whether chunks end where ids say, is checked by echo__tree_verify() alone.
 */
#ifndef ECHO_TREE_PAGE_H
#define ECHO_TREE_PAGE_H

#include "tree/scan.h"
#include "tree/tree.h"

/*
 * How many levels end at an id: 0 none, n > 0 the levels 0 to n - 1 (leaves are level 0). A run at level l ends after
 * an entry whose last id has a boundary above l.
 */
uint32_t echo__boundary(echo_bytes id);

/* A line of a node. */
typedef struct echo__entry {
    echo_bytes last; /* the text of the last id, followed by its quote; data NULL: unknown (of a root) */
    echo_hash hash;
    uint64_t items, bytes; /* records below, and bytes of the leaves below */
} echo__entry;

void echo__entry_write(echo__buf *out, const echo__entry *entry); /* with its newline */

/* Reads such a line, without its newline; false for anything that is not the canonical form. */
bool echo__entry_read(echo__entry *out, echo_bytes line);

/* What the first look at a chunk finds out; kept with it. */
typedef struct echo__lines {
    bool leaf;
    uint32_t count;
    uint32_t start; /* where the first line begins: after the header of a leaf */
    uint64_t items, bytes;
    echo__shared shared; /* of a leaf */
    uint32_t ends[];     /* where each line ends, after its newline */
} echo__lines;

typedef struct echo__page {
    const echo__chunk *chunk; /* NULL: not open */
    const echo__lines *lines;
} echo__page;

/* Opens the chunk of an entry, as a leaf (level 0) or a node. A missing chunk is ECHO_ERR_CORRUPT. `after` is the text
 * of the id before, or NULL. */
echo_status echo__page_open(echo__page *out, echo__chunks *chunks, const echo__entry *entry, uint32_t level,
                            const uint8_t *after, echo_error *err) ECHO_MUST_USE;
void echo__page_close(echo__chunks *chunks, echo__page *page);
/* Closes a page that is not wanted again. */
void echo__page_forget(echo__chunks *chunks, echo__page *page);

/* The text of line i, without its newline. */
static inline echo_bytes echo__page_text(const echo__page *page, uint32_t i) {
    uint32_t from = i == 0 ? page->lines->start : page->lines->ends[i - 1];
    return echo__bytes(page->chunk->bytes.data + from, page->lines->ends[i] - from - 1u);
}
/* Line i of a leaf. */
static inline echo__line echo__page_line(const echo__page *page, uint32_t i) {
    echo__line line = {echo__page_text(page, i), &page->lines->shared};
    return line;
}
/* The text of the key of line i. */
static inline const uint8_t *echo__page_key(const echo__page *page, uint32_t i) {
    return echo__page_text(page, i).data + (page->lines->leaf ? sizeof "{\"id\":\"" : sizeof "{\"last\":\"") - 1;
}
/* The string of the key of line i. Writes at most ECHO__ID_MAX bytes. */
echo_bytes echo__page_id(const echo__page *page, uint32_t i, uint8_t room[ECHO__ID_MAX]);
/* Line i of a node. */
void echo__page_entry(const echo__page *page, uint32_t i, echo__entry *out);
/* The first line from `from` on whose key is not below id; the number of lines when all keys are below it. */
uint32_t echo__page_find(const echo__page *page, uint32_t from, echo_bytes id);

/*
 * The failure of record i, which is returned: damage gets the name of the leaf, unless the message begins with that of
 * another chunk, and the item.
 */
echo_status echo__page_blame(echo_error *err, const echo__page *leaf, uint32_t i, echo_status status);
/* "chunk <hex>: what", ECHO_ERR_CORRUPT. */
echo_status echo__chunk_bad(echo_error *err, const echo_hash *name, const char *what);

#endif
