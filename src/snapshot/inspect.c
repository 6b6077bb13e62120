/*
 * Looking at snapshots: their list, and the records of one.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/snapshot.h"
#include "snapshot/stored.h"
#include "store/store.h"
#include "tree/cursor.h"
#include "tree/leaf.h"

static void root_info(echo_snapshot_root *out, const echo__root *root) {
    *out = (echo_snapshot_root){root->hash, root->height, root->items, root->bytes};
}

static echo_status report_snapshot(const echo__stored_manifest *stored, const echo_key *party, bool pinned,
                                   echo_snapshot_fn fn, void *arg, echo_error *err) {
    echo_snapshot_info info;
    echo__manifest manifest;
    echo_error problem = ECHO_ERROR_INIT;
    memset(&info, 0, sizeof info);
    char *json = echo__strndup(stored->text.data, stored->text.len);
    if (json == NULL) return echo__nomem(err);
    info.number = stored->number;
    info.party = *party;
    info.pinned = pinned;
    info.json = json;
    info.status = echo__stored_read(&manifest, stored, party, &problem);
    echo_status status = ECHO_OK;
    if (info.status == ECHO_ERR_NOMEM) {
        status = echo__nomem(err);
    } else if (info.status != ECHO_OK) {
        info.problem = problem.message;
        status = fn(arg, &info);
    } else {
        info.time = manifest.time;
        info.messages = echo_timeframe_total(manifest.timeframe);
        info.feeds = echo_timeframe_size(manifest.timeframe);
        info.timeframe = manifest.timeframe;
        root_info(&info.items, &manifest.items);
        root_info(&info.credentials, &manifest.credentials);
        info.is_signed = manifest.is_signed;
        info.author = manifest.author;
        info.has_previous = manifest.has_previous;
        info.previous = manifest.previous;
        status = echo__manifest_digest(&info.digest, &manifest);
        status = status != ECHO_OK ? echo__nomem(err) : fn(arg, &info);
        echo__manifest_free(&manifest);
    }
    echo__free(json);
    return status;
}

echo_status echo_snapshot_list(const echo_store *store, const echo_key *party, echo_snapshot_fn fn, void *arg,
                               echo_error *err) {
    echo__stored_manifests manifests;
    echo_status status = echo__stored_check(store, party, err);
    if (status != ECHO_OK) return status;
    if (fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "fn is NULL");
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    status = echo__stored_list(&manifests, store, party, err);
    for (size_t i = 0; status == ECHO_OK && i < manifests.count; i++) {
        bool pinned;
        status = echo__store_pinned(&pinned, store, party, manifests.list[i].number, err);
        if (status == ECHO_OK) status = report_snapshot(&manifests.list[i], party, pinned, fn, arg, err);
    }
    echo__stored_free(&manifests);
    return status;
}

echo_status echo_snapshot_records(const echo_store *store, const echo_key *party, uint64_t number, echo_record_fn fn,
                                  void *arg, echo_error *err) {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__cursor *cursor;
    echo__buf scratch = ECHO__BUF_INIT, id_text = ECHO__BUF_INIT, alone = ECHO__BUF_INIT;
    echo_status status = echo__stored_check(store, party, err);
    if (status != ECHO_OK) return status;
    if (fn == NULL) return echo__error(err, ECHO_ERR_INVALID, "fn is NULL");
    status = echo__stored_open(&manifest, &chunks, store, party, number, err);
    if (status != ECHO_OK) return status;
    status = echo__cursor_open(&cursor, chunks, &manifest.items, echo__bytes(NULL, 0), err);
    while (status == ECHO_OK) {
        echo__line line;
        echo_bytes id;
        status = echo__cursor_next(&line, cursor, err);
        if (status == ECHO_ERR_NOT_FOUND) {
            status = ECHO_OK;
            break;
        }
        if (status == ECHO_OK) status = echo__record_read_id(&id, line.text, &scratch, err);
        if (status != ECHO_OK) break;
        echo__buf_clear(&id_text);
        echo__buf_append(&id_text, id.data, id.len);
        echo__buf_byte(&id_text, 0);
        echo__buf_clear(&alone);
        status = echo__line_expand(&alone, line, err);
        if (status == ECHO_OK && id_text.status != ECHO_OK) status = echo__nomem(err);
        if (status == ECHO_OK) status = fn(arg, (const char *)id_text.data, echo__buf_bytes(&alone));
    }
    echo__cursor_close(cursor);
    echo__buf_free(&scratch);
    echo__buf_free(&id_text);
    echo__buf_free(&alone);
    echo__chunks_free(chunks);
    echo__manifest_free(&manifest);
    return status;
}
