#include "party/batch.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"

void echo__loose_free(echo__loose_chunks *chunks) {
    echo__free(chunks->list);
    echo__buf_free(&chunks->bytes);
    memset(chunks, 0, sizeof *chunks);
}

static echo_status keep_chunk(void *arg, echo_hash *name, echo_bytes bytes, echo_error *err) {
    echo__loose_chunks *chunks = arg;
    if (bytes.len > ECHO__CHUNK_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "a chunk of %zu bytes is too long", bytes.len);
    if (!echo__grow(&chunks->list, &chunks->cap, chunks->count + 1, sizeof *chunks->list)) return echo__nomem(err);
    echo__buf_append(&chunks->bytes, bytes.data, bytes.len);
    if (chunks->bytes.status != ECHO_OK) return echo__nomem(err);
    echo__hash(name, bytes.data, bytes.len);
    chunks->list[chunks->count++] = (echo__loose){*name, bytes.len};
    return ECHO_OK;
}

echo__sink echo__loose_sink(echo__loose_chunks *chunks) { return (echo__sink){keep_chunk, chunks}; }

echo_status echo__batch_reserve(echo__batch *batch) {
    return echo__grow(&batch->changes, &batch->cap, batch->count + 1, sizeof *batch->changes) ? ECHO_OK
                                                                                              : ECHO_ERR_NOMEM;
}

void echo__batch_close(echo__batch *batch) {
    const uint8_t *line = batch->lines.data;
    for (size_t i = 0; i < batch->count; i++) {
        echo__change *change = &batch->changes[i];
        if (change->line.data != NULL) continue;
        change->line.data = line;
        line += change->line.len;
    }
}

void echo__batch_free(echo__batch *batch) {
    if (batch == NULL) return;
    echo__buf_free(&batch->lines);
    echo__free(batch->changes);
    echo__loose_free(&batch->chunks);
    echo__free(batch);
}

size_t echo__batch_bytes(const echo__batch *batch) {
    return batch->lines.len + batch->copied_bytes + batch->chunks.bytes.len;
}
