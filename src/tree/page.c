#include "tree/page.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/json_text.h"

_Static_assert(ECHO__TREE_RUN_MAX > 1 && ECHO__TREE_BITS > 0, "a tree that narrows");
_Static_assert(ECHO__CHUNK_MAX <= UINT32_MAX, "ends fit");
_Static_assert(ECHO__LINE_MAX <= ECHO__CHUNK_MAX / ECHO__TREE_RUN_MAX, "a full leaf fits a chunk");

static const char domain[] = "echo/boundary/1"; /* its NUL counts */

uint32_t echo__boundary(echo_bytes id) {
    uint8_t input[sizeof domain + ECHO__ID_MAX];
    size_t len = id.len < ECHO__ID_MAX ? id.len : ECHO__ID_MAX;
    memcpy(input, domain, sizeof domain);
    if (len > 0) memcpy(input + sizeof domain, id.data, len);
    echo_hash hash;
    echo__hash(&hash, input, sizeof domain + len);
    uint32_t zeros = 0;
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        uint8_t byte = hash.bytes[i];
        if (byte == 0) {
            zeros += 8;
            continue;
        }
        for (; (byte & 0x80) == 0; byte = (uint8_t)(byte << 1)) zeros++;
        break;
    }
    return zeros / ECHO__TREE_BITS;
}

echo_status echo__chunk_bad(echo_error *err, const echo_hash *name, const char *what) {
    char hex[ECHO_HEX_CHARS];
    echo_hash_hex(hex, name);
    return echo__error(err, ECHO_ERR_CORRUPT, "chunk %s: %s", hex, what);
}

void echo__entry_write(echo__buf *out, const echo__entry *entry) {
    echo__buf_text(out, "{\"last\":\"");
    echo__buf_append(out, entry->last.data, entry->last.len);
    echo__buf_text(out, "\",\"hash\":\"");
    echo__buf_hex(out, entry->hash.bytes, sizeof entry->hash.bytes);
    echo__buf_text(out, "\",\"items\":");
    echo__buf_u64(out, entry->items);
    echo__buf_text(out, ",\"bytes\":");
    echo__buf_u64(out, entry->bytes);
    echo__buf_text(out, "}\n");
}

/* An id is at most ECHO__ID_MAX bytes; the length of its text shows that without unescaping, unless it is long. */
static bool id_fits(echo_bytes text) {
    if (text.len <= ECHO__ID_MAX) return text.len > 0;
    size_t len = 0;
    for (size_t i = 0; i < text.len; len++) i += text.data[i] != '\\' ? 1 : text.data[i + 1] == 'u' ? 6 : 2;
    return len <= ECHO__ID_MAX;
}

bool echo__entry_read(echo__entry *out, echo_bytes line) {
    echo__scan s = echo__scan_of(line);
    return ECHO__SCAN(&s, "{\"last\":") && echo__scan_text(&s, &out->last) && id_fits(out->last) &&
           ECHO__SCAN(&s, ",\"hash\":") && echo__scan_hash(&s, out->hash.bytes) && ECHO__SCAN(&s, ",\"items\":") &&
           echo__scan_u64(&s, &out->items) && ECHO__SCAN(&s, ",\"bytes\":") && echo__scan_u64(&s, &out->bytes) &&
           ECHO__SCAN(&s, "}") && s.at == s.end;
}

static bool add_checked(uint64_t *sum, uint64_t more) {
    if (more == 0 || more > UINT64_MAX - *sum) return false;
    *sum += more;
    return true;
}

/* Checks one line and adds it to the sums; NULL or what is wrong. */
static const char *check_line(echo__lines *lines, echo_bytes line, const uint8_t **key) {
    if (lines->leaf) {
        echo__scan s = echo__scan_of(line);
        echo_bytes id;
        if (line.len >= ECHO__LINE_MAX) return "a line is too long";
        if (!ECHO__SCAN(&s, "{\"id\":") || !echo__scan_text(&s, &id) || !id_fits(id))
            return "a line does not start with an id";
        *key = id.data;
        lines->items++;
        return NULL;
    }
    echo__entry entry;
    if (!echo__entry_read(&entry, line)) return "a line is not a node's";
    *key = entry.last.data;
    return add_checked(&lines->items, entry.items) && add_checked(&lines->bytes, entry.bytes)
               ? NULL
               : "counts are out of range";
}

/* Finds and checks the lines; NULL or what is wrong. lines has room for ECHO__TREE_RUN_MAX ends. *room: what the lists
 * of a leaf's header take. */
static const char *find_lines(echo__lines *lines, size_t *room, echo_bytes bytes) {
    const uint8_t *before = NULL, *key = NULL;
    *room = 0;
    if (lines->leaf) {
        echo__scan s = echo__scan_of(bytes);
        const char *wrong = echo__shared_scan(&s, room);
        if (wrong != NULL) return wrong;
        lines->start = (uint32_t)(s.at - bytes.data);
        lines->bytes = bytes.len;
    }
    for (size_t at = lines->start; at < bytes.len; before = key) {
        const uint8_t *from = bytes.data + at;
        const uint8_t *end = memchr(from, '\n', bytes.len - at);
        if (end == NULL) return "the last line is cut";
        if (lines->count == ECHO__TREE_RUN_MAX) return "too many lines";
        const char *wrong = check_line(lines, echo__bytes(from, (size_t)(end - from)), &key);
        if (wrong != NULL) return wrong;
        if (before != NULL && echo__text_compare(before, key) >= 0) return "ids are not ascending";
        at = (size_t)(end - bytes.data) + 1;
        lines->ends[lines->count++] = (uint32_t)at;
    }
    return lines->count == 0 ? "it is empty" : NULL;
}

/* Keeps what was found with the chunk: the lines, the places where they end, and the lists of a leaf's header. */
static echo_status keep_lines(const echo__lines **out, echo__chunks *chunks, const echo__chunk *chunk,
                              const echo__lines *found, size_t room, echo_error *err) {
    const size_t align = _Alignof(echo__kind);
    size_t size = sizeof *found + found->count * sizeof *found->ends, lists = (size + align - 1) / align * align;
    echo__lines *kept = echo__malloc(lists + room);
    if (kept == NULL) return echo__nomem(err);
    memcpy(kept, found, size);
    if (kept->leaf)
        echo__shared_fill(&kept->shared, (uint8_t *)kept + lists, echo__bytes(chunk->bytes.data, kept->start));
    echo__chunks_remember(chunks, chunk, kept, lists + room);
    *out = kept;
    return ECHO_OK;
}

static echo_status parse(const echo__lines **out, echo__chunks *chunks, const echo__chunk *chunk, bool leaf,
                         echo_error *err) {
    if (chunk->memo != NULL) {
        *out = chunk->memo;
        return (*out)->leaf == leaf
                   ? ECHO_OK
                   : echo__chunk_bad(err, &chunk->name, "a leaf stands where a node should, or the reverse");
    }
    union {
        echo__lines lines;
        uint8_t room[sizeof(echo__lines) + ECHO__TREE_RUN_MAX * sizeof(uint32_t)];
    } found;
    size_t room;
    memset(&found.lines, 0, sizeof found.lines);
    found.lines.leaf = leaf;
    const char *wrong = find_lines(&found.lines, &room, chunk->bytes);
    return wrong != NULL ? echo__chunk_bad(err, &chunk->name, wrong)
                         : keep_lines(out, chunks, chunk, &found.lines, room, err);
}

/* Does the page hold what the entry above says, and nothing from before it? */
static const char *disagrees(const echo__page *page, const echo__entry *entry, const uint8_t *after) {
    if (page->lines->items != entry->items || page->lines->bytes != entry->bytes)
        return "counts differ from those above it";
    if (entry->last.data != NULL &&
        echo__text_compare(echo__page_key(page, page->lines->count - 1), entry->last.data) != 0)
        return "its last id is not the one above it";
    if (after != NULL && echo__text_compare(after, echo__page_key(page, 0)) >= 0)
        return "its first id is not above the chunk before it";
    return NULL;
}

echo_status echo__page_open(echo__page *out, echo__chunks *chunks, const echo__entry *entry, uint32_t level,
                            const uint8_t *after, echo_error *err) {
    echo__page page = {NULL, NULL};
    *out = page;
    echo_status status = echo__chunks_get(&page.chunk, chunks, &entry->hash, err);
    if (status == ECHO_ERR_NOT_FOUND) return echo__chunk_bad(err, &entry->hash, "it is missing");
    if (status != ECHO_OK) return status;
    status = parse(&page.lines, chunks, page.chunk, level == 0, err);
    if (status == ECHO_OK) {
        const char *wrong = disagrees(&page, entry, after);
        if (wrong != NULL) status = echo__chunk_bad(err, &entry->hash, wrong);
    }
    if (status != ECHO_OK) {
        echo__chunks_release(chunks, page.chunk);
        return status;
    }
    *out = page;
    return ECHO_OK;
}

void echo__page_close(echo__chunks *chunks, echo__page *page) {
    echo__chunks_release(chunks, page->chunk);
    page->chunk = NULL;
    page->lines = NULL;
}

void echo__page_forget(echo__chunks *chunks, echo__page *page) {
    echo__chunks_forget(chunks, page->chunk);
    page->chunk = NULL;
    page->lines = NULL;
}

echo_bytes echo__page_id(const echo__page *page, uint32_t i, uint8_t room[ECHO__ID_MAX]) {
    const uint8_t *text = echo__page_key(page, i), *end = text;
    bool plain = true;
    for (; *end != '"'; end++)
        if (*end == '\\') {
            plain = false;
            end++;
        }
    echo_bytes key = echo__bytes(text, (size_t)(end - text));
    if (plain) return key;
    return echo__bytes(room, echo__json_unescape(room, key));
}

void echo__page_entry(const echo__page *page, uint32_t i, echo__entry *out) {
    if (!echo__entry_read(out, echo__page_text(page, i))) memset(out, 0, sizeof *out); /* never: the page is checked */
}

uint32_t echo__page_find(const echo__page *page, uint32_t from, echo_bytes id) {
    uint32_t low = from, high = page->lines->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (echo__text_compare_bytes(echo__page_key(page, middle), id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

echo_status echo__page_blame(echo_error *err, const echo__page *leaf, uint32_t i, echo_status status) {
    static const char chunk[] = "chunk ";
    char what[ECHO_ERROR_MESSAGE_CHARS];
    uint8_t room[ECHO__ID_MAX];
    if (err == NULL || status != ECHO_ERR_CORRUPT) return status;
    memcpy(what, err->message, sizeof what);
    if (strncmp(what, chunk, sizeof chunk - 1) != 0) echo__chunk_bad(err, &leaf->chunk->name, what);
    echo_bytes id = echo__page_id(leaf, i, room);
    echo__error_item(err, id.data, id.len);
    return status;
}
