#include "feed/hypercore_bitfield.h"

#include <string.h>

#include "base/error.h"
#include "feed/hypercore_file.h"

/* How far a bitfield may reach beyond what the tree file has room for, in pages, before we refuse to look through it.
 */
#define SLACK_PAGES 1024u

static uint64_t page_at(const echo__hypercore *hc, uint64_t page) {
    return ECHO__HYPERCORE_HEADER + page * hc->page_size;
}

static uint64_t pages_for(uint64_t size, uint64_t unit) { return size / unit + (size % unit != 0); }

/* The number of pages, the last perhaps cut short. */
static echo_status page_count(echo__hypercore *hc, uint64_t *pages, echo_error *err) {
    uint64_t size, tree;
    *pages = 0;
    echo_status status = echo__hypercore_size(hc, &size, ECHO__HYPERCORE_BITFIELD, err);
    if (status != ECHO_OK || size <= ECHO__HYPERCORE_HEADER) return status;
    *pages = pages_for(size - ECHO__HYPERCORE_HEADER, hc->page_size);
    if (*pages <= SLACK_PAGES) return ECHO_OK;
    status = echo__hypercore_size(hc, &tree, ECHO__HYPERCORE_TREE, err);
    if (status != ECHO_OK) return status;
    if (*pages > SLACK_PAGES + pages_for(tree, (uint64_t)ECHO__HYPERCORE_NODE * ECHO__HYPERCORE_PAGE_NODES))
        return echo__hypercore_error(hc, err, ECHO_ERR_CORRUPT, ECHO__HYPERCORE_BITFIELD,
                                     "is larger than its tree can be");
    return ECHO_OK;
}

static echo_status tree_bit(echo__hypercore *hc, bool *set, uint64_t index, echo_error *err) {
    uint8_t byte = 0;
    size_t got;
    uint64_t bit = index % ECHO__HYPERCORE_PAGE_NODES;
    uint64_t at = page_at(hc, index / ECHO__HYPERCORE_PAGE_NODES) + ECHO__HYPERCORE_DATA_BITS + bit / 8;
    echo_status status = echo__hypercore_pread(hc, ECHO__HYPERCORE_BITFIELD, &byte, 1, at, &got, err);
    *set = (byte & (0x80u >> (bit & 7))) != 0;
    return status;
}

/* The length without the zero bytes at the end. Every look at a feed does this, and nearly all of a page can be
 * zero: so whole pieces are skipped first. */
static size_t without_zeros(const uint8_t *bytes, size_t len) {
    static const uint8_t zeros[64];
    while (len >= sizeof zeros && memcmp(bytes + len - sizeof zeros, zeros, sizeof zeros) == 0) len -= sizeof zeros;
    while (len > 0 && bytes[len - 1] == 0) len--;
    return len;
}

/*
 * The highest node whose bit is set: searched from the last page back. *found is false when none exists; else `bits`
 * are those of its page.
 */
static echo_status highest_bit(echo__hypercore *hc, uint64_t *top, bool *found, uint8_t bits[ECHO__HYPERCORE_TREE_BITS],
                               echo_error *err) {
    uint64_t pages;
    *found = false;
    echo_status status = page_count(hc, &pages, err);
    while (status == ECHO_OK && pages-- > 0) {
        size_t got;
        status = echo__hypercore_pread(hc, ECHO__HYPERCORE_BITFIELD, bits, ECHO__HYPERCORE_TREE_BITS,
                                       page_at(hc, pages) + ECHO__HYPERCORE_DATA_BITS, &got, err);
        got = without_zeros(bits, got);
        if (status != ECHO_OK || got == 0) continue;
        unsigned bit = 7;
        while (!(bits[got - 1] & (0x80u >> bit))) bit--;
        *top = pages * ECHO__HYPERCORE_PAGE_NODES + 8 * (got - 1) + bit;
        *found = true;
        break;
    }
    return status;
}

/*
 * The length is where the rightmost span of a set node ends. No node above `top` is set, so only an ancestor to the
 * left of it can reach further: so it is in a sparse feed, of whose last blocks no more than a parent is known.
 */
static echo_status reach(echo__hypercore *hc, uint64_t *length, uint64_t top,
                         const uint8_t bits[ECHO__HYPERCORE_TREE_BITS], echo_error *err) {
    uint64_t node = top, right = echo__flat_right_span(top, echo__flat_depth(top));
    for (unsigned depth = echo__flat_depth(top); depth < 60; depth++) {
        if (node > top && echo__flat_left_span(node, depth) == 0) break;
        node = echo__flat_parent(node, depth);
        uint64_t end = echo__flat_right_span(node, depth + 1);
        if (node > top || end <= right) continue;
        uint64_t bit = node % ECHO__HYPERCORE_PAGE_NODES;
        bool set = (bits[bit / 8] & (0x80u >> (bit & 7))) != 0;
        echo_status status = ECHO_OK;
        if (node / ECHO__HYPERCORE_PAGE_NODES != top / ECHO__HYPERCORE_PAGE_NODES)
            status = tree_bit(hc, &set, node, err);
        if (status != ECHO_OK) return status;
        if (set) right = end;
    }
    *length = right / 2 + 1;
    return ECHO_OK;
}

echo_status echo__hypercore_scan(echo__hypercore *hc, bool *changed, echo_error *err) {
    uint8_t bits[ECHO__HYPERCORE_TREE_BITS];
    uint64_t top = 0, length = 0;
    bool found;
    *changed = false;
    hc->page_loaded = false;
    echo_status status = highest_bit(hc, &top, &found, bits, err);
    if (status == ECHO_OK && found) status = reach(hc, &length, top, bits, err);
    if (status != ECHO_OK) return status;
    *changed = length != hc->bits;
    hc->top = top;
    hc->bits = length;
    return ECHO_OK;
}

echo_status echo__hypercore_present(echo__hypercore *hc, bool *present, uint64_t seq, echo_error *err) {
    uint64_t page = seq / ECHO__HYPERCORE_PAGE_BLOCKS, bit = seq % ECHO__HYPERCORE_PAGE_BLOCKS;
    *present = false;
    if (seq >= hc->length) return ECHO_OK;
    if (!hc->page_loaded || hc->page != page) {
        size_t got;
        hc->page_loaded = false;
        echo_status status = echo__hypercore_pread(hc, ECHO__HYPERCORE_BITFIELD, hc->page_bits, sizeof hc->page_bits,
                                                   page_at(hc, page), &got, err);
        if (status != ECHO_OK) return status;
        memset(hc->page_bits + got, 0, sizeof hc->page_bits - got);
        hc->page = page;
        hc->page_loaded = true;
    }
    *present = (hc->page_bits[bit / 8] & (0x80u >> (bit & 7))) != 0;
    return ECHO_OK;
}

/* A page being changed. first..last are the bytes that differ; none when first > last. */
typedef struct page_edit {
    uint64_t page;
    size_t size, stored, first, last;
    uint8_t bytes[ECHO__HYPERCORE_PAGE_MAX];
} page_edit;

static echo_status edit_begin(echo__hypercore *hc, page_edit *edit, uint64_t page, echo_error *err) {
    edit->page = page;
    edit->size = hc->page_size;
    edit->first = edit->size;
    edit->last = 0;
    echo_status status = echo__hypercore_pread(hc, ECHO__HYPERCORE_BITFIELD, edit->bytes, edit->size, page_at(hc, page),
                                               &edit->stored, err);
    if (status == ECHO_OK) memset(edit->bytes + edit->stored, 0, edit->size - edit->stored);
    return status;
}

static void edit_bit(page_edit *edit, size_t area, uint64_t bit, bool value) {
    size_t at = area + (size_t)(bit / 8);
    uint8_t mask = (uint8_t)(0x80u >> (bit & 7));
    uint8_t byte = value ? edit->bytes[at] | mask : edit->bytes[at] & (uint8_t)~mask;
    if (byte == edit->bytes[at]) return;
    edit->bytes[at] = byte;
    if (at < edit->first) edit->first = at;
    if (at > edit->last) edit->last = at;
}

static echo_status edit_end(echo__hypercore *hc, page_edit *edit, echo_error *err) {
    if (edit->first > edit->last) return ECHO_OK;
    if (edit->stored < edit->size) {
        edit->first = 0;
        edit->last = edit->size - 1;
    }
    return echo__hypercore_pwrite(hc, ECHO__HYPERCORE_BITFIELD, edit->bytes + edit->first, edit->last - edit->first + 1,
                                  page_at(hc, edit->page) + edit->first, err);
}

echo_status echo__hypercore_put_data_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value,
                                          echo_error *err) {
    page_edit edit;
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && from < to) {
        uint64_t page = from / ECHO__HYPERCORE_PAGE_BLOCKS, end = (page + 1) * ECHO__HYPERCORE_PAGE_BLOCKS;
        status = edit_begin(hc, &edit, page, err);
        if (status != ECHO_OK) return status;
        for (; from < to && from < end; from++) edit_bit(&edit, 0, from % ECHO__HYPERCORE_PAGE_BLOCKS, value);
        status = edit_end(hc, &edit, err);
    }
    return status;
}

/* A parent in a page before the one at hand; rare, at the end of a page only. */
static echo_status put_far_bit(echo__hypercore *hc, uint64_t index, bool value, echo_error *err) {
    page_edit edit;
    echo_status status = edit_begin(hc, &edit, index / ECHO__HYPERCORE_PAGE_NODES, err);
    if (status != ECHO_OK) return status;
    edit_bit(&edit, ECHO__HYPERCORE_DATA_BITS, index % ECHO__HYPERCORE_PAGE_NODES, value);
    return edit_end(hc, &edit, err);
}

static echo_status put_tree_page(echo__hypercore *hc, uint64_t from, uint64_t to, bool value, echo_error *err) {
    page_edit edit;
    uint64_t page = from / ECHO__HYPERCORE_PAGE_BLOCKS;
    echo_status status = edit_begin(hc, &edit, page, err);
    for (; status == ECHO_OK && from < to; from++) {
        for (unsigned depth = 0; status == ECHO_OK && depth <= echo__flat_completes(from); depth++) {
            uint64_t index = 2 * from + 1 - (UINT64_C(1) << depth);
            if (index / ECHO__HYPERCORE_PAGE_NODES != page)
                status = put_far_bit(hc, index, value, err);
            else
                edit_bit(&edit, ECHO__HYPERCORE_DATA_BITS, index % ECHO__HYPERCORE_PAGE_NODES, value);
        }
    }
    return status == ECHO_OK ? edit_end(hc, &edit, err) : status;
}

echo_status echo__hypercore_put_tree_bits(echo__hypercore *hc, uint64_t from, uint64_t to, bool value,
                                          echo_error *err) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && from < to) {
        uint64_t end = (from / ECHO__HYPERCORE_PAGE_BLOCKS + 1) * ECHO__HYPERCORE_PAGE_BLOCKS;
        if (end > to) end = to;
        status = put_tree_page(hc, from, end, value, err);
        from = end;
    }
    return status;
}

echo_status echo__hypercore_put_node_bits(echo__hypercore *hc, const echo__proof_node *nodes, size_t count,
                                          echo_error *err) {
    page_edit edit;
    while (count > 0) {
        uint64_t page = nodes[count - 1].index / ECHO__HYPERCORE_PAGE_NODES;
        echo_status status = edit_begin(hc, &edit, page, err);
        if (status != ECHO_OK) return status;
        for (; count > 0 && nodes[count - 1].index / ECHO__HYPERCORE_PAGE_NODES == page; count--)
            edit_bit(&edit, ECHO__HYPERCORE_DATA_BITS, nodes[count - 1].index % ECHO__HYPERCORE_PAGE_NODES, true);
        status = edit_end(hc, &edit, err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

echo_status echo__hypercore_clear_after(echo__hypercore *hc, echo_error *err) {
    uint64_t pages;
    echo_status status = page_count(hc, &pages, err);
    if (status != ECHO_OK) return status;
    return echo__hypercore_put_data_bits(hc, hc->length, pages * ECHO__HYPERCORE_PAGE_BLOCKS, false, err);
}

static bool edit_has(const page_edit *edit, size_t area, uint64_t bit) {
    return (edit->bytes[area + (size_t)(bit / 8)] & (0x80u >> (bit & 7))) != 0;
}

echo_status echo__hypercore_torn(echo__hypercore *hc, bool *torn, uint64_t from, uint64_t to, echo_error *err) {
    page_edit page;
    bool missing = false;
    *torn = false;
    page.page = UINT64_MAX;
    for (uint64_t seq = from; seq < to; seq++) {
        if (page.page != seq / ECHO__HYPERCORE_PAGE_BLOCKS) {
            echo_status status = edit_begin(hc, &page, seq / ECHO__HYPERCORE_PAGE_BLOCKS, err);
            if (status != ECHO_OK) return status;
        }
        if (!edit_has(&page, 0, seq % ECHO__HYPERCORE_PAGE_BLOCKS)) return ECHO_OK;
        for (unsigned depth = 0; !missing && depth <= echo__flat_completes(seq); depth++) {
            uint64_t index = 2 * seq + 1 - (UINT64_C(1) << depth);
            bool set = index / ECHO__HYPERCORE_PAGE_NODES == page.page &&
                       edit_has(&page, ECHO__HYPERCORE_DATA_BITS, index % ECHO__HYPERCORE_PAGE_NODES);
            echo_status status = ECHO_OK;
            if (index / ECHO__HYPERCORE_PAGE_NODES != page.page) status = tree_bit(hc, &set, index, err);
            if (status != ECHO_OK) return status;
            missing = !set;
        }
    }
    *torn = missing;
    return ECHO_OK;
}
