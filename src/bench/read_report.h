/* What came out of mode `read`, and what is printed of it. */
#ifndef ECHO_BENCH_READ_REPORT_H
#define ECHO_BENCH_READ_REPORT_H

#include "bench/report.h"

/* Ways to have the data at start-up. Those of others come first; `walk` is compared with `cjson`. */
#define BENCH_READ_WAYS(XX)                                                                                            \
    XX(CJSON, "cjson", "one JSON file, cJSON_Parse")                                                                   \
    XX(SQLITE, "sqlite", "SQLite, a column a property")                                                                \
    XX(FLAT, "flat", "one binary file, decoded")                                                                       \
    XX(WALK, "walk", "party: walked")                                                                                  \
    XX(RAW, "raw", "party of a raw model: walked")                                                                     \
    XX(HELD, "held", "party: each item got, and held")                                                                 \
    XX(EAGER, "eager", "party: opened eagerly, then each item got")                                                    \
    XX(SQLITE_FIRST, "sqlite first", "SQLite, one item")                                                               \
    XX(FIRST, "first", "party: one item")

typedef enum bench_read_way {
#define XX(name, key, text) BENCH_READ_##name,
    BENCH_READ_WAYS(XX)
#undef XX
        BENCH_READ_WAY_COUNT
} bench_read_way;

typedef struct bench_read_row {
    const char *name, *text;
    bench_series ns, cpu, peak;
    uint64_t file_bytes; /* of the file, or of the store */
    double ratio;        /* of the median time to that of `cjson` */
} bench_read_row;

typedef struct bench_read_case {
    uint64_t items, messages;
    char dir[BENCH_PATH_MAX];
    uint64_t value_bytes; /* of the four values of an item, on average */
    double record_bytes;  /* of a record in its leaf, header and all, on average */
    double packed_bytes;  /* of the store's file, per item */
    bench_read_row rows[BENCH_READ_WAY_COUNT];
    size_t row_count;
} bench_read_case;

extern const bench_report bench_read_report;

#endif
