/* unpack(data) for SQL on the file of a store: what a row of `chunks` holds, without zstd (docs/FORMAT.md, section 10).
 */
#ifndef TESTS_SUPPORT_UNPACK_SQL_H
#define TESTS_SUPPORT_UNPACK_SQL_H

#include <sqlite3.h>
#include <stdlib.h>
#include <zstd.h>

static void unpack_sql_call(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    const void *data = sqlite3_value_blob(values[0]);
    size_t len = (size_t)sqlite3_value_bytes(values[0]);
    unsigned long long size = data == NULL ? ZSTD_CONTENTSIZE_ERROR : ZSTD_getFrameContentSize(data, len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > 1u << 30) {
        sqlite3_result_value(context, values[0]);
        return;
    }
    void *out = malloc((size_t)size + 1);
    size_t got = out == NULL ? 0 : ZSTD_decompress(out, (size_t)size, data, len);
    if (out != NULL && !ZSTD_isError(got))
        sqlite3_result_blob64(context, out, got, SQLITE_TRANSIENT);
    else
        sqlite3_result_value(context, values[0]);
    free(out);
}

static inline int unpack_sql(sqlite3 *db) {
    return sqlite3_create_function(db, "unpack", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, unpack_sql_call, NULL,
                                   NULL);
}

#endif
