#include "snapshot/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "party/item_record.h"
#include "tree/cursor.h"
#include "tree/update.h"

#define ID_CHARS 98u /* "<time>-<feed>-<seq>" in hex */

static int by_stamp(const void *a, const void *b) {
    return echo__stamp_compare(&((const echo__credential *)a)->stamp, &((const echo__credential *)b)->stamp);
}

static void id_of(char out[ID_CHARS + 1], const echo__stamp *stamp) {
    uint8_t number[8];
    echo__be64_put(number, stamp->time);
    echo__hex_encode(out, number, 8);
    out[16] = '-';
    echo__hex_encode(out + 17, stamp->feed.bytes, sizeof stamp->feed.bytes);
    out[81] = '-';
    echo__be64_put(number, stamp->seq);
    echo__hex_encode(out + 82, number, 8);
}

static echo_status credential_line(echo__buf *out, const echo__credential *c, const char *id, echo__chunks *chunks,
                                   echo_error *err) {
    echo__buf text = ECHO__BUF_INIT;
    echo__buf_base64(&text, c->bytes, c->len);
    echo__record record;
    memset(&record, 0, sizeof record);
    record.id = echo__bytes(id, ID_CHARS);
    record.bytes = echo__bytes(text.data == NULL ? (const uint8_t *)"" : text.data, text.len);
    echo__sink sink = echo__chunks_sink(chunks);
    echo_status status = text.status != ECHO_OK ? echo__nomem(err) : echo__record_put(out, &record, &sink, err);
    echo__buf_free(&text);
    return status;
}

echo_status echo__credentials_write(echo__root *root, echo__chunks *chunks, echo__credential *list, size_t n,
                                    echo_error *err) {
    if (n == 0) return ECHO_OK;
    qsort(list, n, sizeof *list, by_stamp);
    char(*ids)[ID_CHARS + 1] = echo__calloc(n, sizeof *ids);
    echo__buf *lines = echo__calloc(n, sizeof *lines);
    echo__change *changes = echo__calloc(n, sizeof *changes);
    echo_status status = ids == NULL || lines == NULL || changes == NULL ? echo__nomem(err) : ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < n; i++) {
        id_of(ids[i], &list[i].stamp);
        status = credential_line(&lines[i], &list[i], ids[i], chunks, err);
        changes[i] = (echo__change){echo__bytes(ids[i], ID_CHARS), echo__buf_bytes(&lines[i])};
    }
    if (status == ECHO_OK) status = echo__tree_update(root, chunks, root, changes, n, err);
    for (size_t i = 0; lines != NULL && i < n; i++) echo__buf_free(&lines[i]);
    echo__free(changes);
    echo__free(lines);
    echo__free(ids);
    return status;
}

/* ---- reading ---- */

static bool stamp_of(echo__stamp *out, echo_bytes id) {
    uint8_t number[8];
    const char *text = (const char *)id.data;
    if (id.len != ID_CHARS || text[16] != '-' || text[81] != '-') return false;
    if (!echo__hex_decode(number, text, 16)) return false;
    out->time = echo__be64(number);
    if (!echo__hex_decode(out->feed.bytes, text + 17, 64) || !echo__hex_decode(number, text + 82, 16)) return false;
    out->seq = echo__be64(number);
    return true;
}

static echo_status read_line(echo__chunks *chunks, echo__line line, echo__credential_fn fn, void *arg,
                             echo_error *err) {
    echo_item *item; /* a record like any other: its bytes may be in a blob */
    echo_status status = echo__credential_load(&item, chunks, line, err);
    if (status != ECHO_OK) return status;
    echo__stamp stamp;
    uint8_t *bytes = echo__malloc(item->stored.len / 4 * 3 + 1);
    size_t len = 0;
    if (bytes == NULL)
        status = echo__nomem(err);
    else if (!stamp_of(&stamp, echo__bytes(item->id, item->id_len)) ||
             !echo__base64_decode(bytes, &len, (const char *)item->stored.data, item->stored.len))
        status = echo__error(err, ECHO_ERR_CORRUPT, "a credential's record has the wrong shape");
    if (status == ECHO_OK) status = fn(arg, &stamp, echo__bytes(bytes, len), err);
    echo__free(bytes);
    echo__item_free(item);
    return status;
}

echo_status echo__credentials_each(echo__chunks *chunks, const echo__root *root, echo__credential_fn fn, void *arg,
                                   echo_error *err) {
    if (root->items == 0) return ECHO_OK;
    echo__cursor *cursor;
    echo_status status = echo__cursor_open(&cursor, chunks, root, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo__line line;
        status = echo__cursor_next(&line, cursor, err);
        if (status == ECHO_ERR_NOT_FOUND) break;
        if (status == ECHO_OK) status = read_line(chunks, line, fn, arg, err);
        if (status == ECHO_ERR_NOT_FOUND)
            status = echo__error_adopt(err, ECHO_ERR_CORRUPT, "a credential's chunk is missing");
    }
    echo__cursor_close(cursor);
    return status == ECHO_ERR_NOT_FOUND ? ECHO_OK : status;
}
