/*
 * Results as a table, as CSV and as JSON. A mode says once, in lists of columns, what its cases hold and where; this is
 * the only place that prints them. Columns are read from plain structures by offset.
 */
#ifndef ECHO_BENCH_REPORT_H
#define ECHO_BENCH_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "bench/bench.h"

/* What is at the offset of a column. */
typedef enum bench_kind {
    BENCH_END, /* the list ends */
    BENCH_SERIES,
    BENCH_U64,
    BENCH_SIZE,   /* size_t */
    BENCH_FLAG,   /* bool */
    BENCH_REAL,   /* double */
    BENCH_HASH,   /* 32 bytes; where `count_at` is not 0, null unless the bool there is true */
    BENCH_TEXT,   /* characters in place; "" is null in JSON */
    BENCH_NAME,   /* const char * */
    BENCH_LINK,   /* bench_link; null in JSON when none was given */
    BENCH_COUNTS, /* uint64_t[size], in JSON an object of those that are not 0, named by `name_of` */
    BENCH_OBJECT, /* a structure, described by `of` */
    BENCH_INLINE, /* the same, without an object of its own in JSON */
    BENCH_LIST,   /* an array of structures of `size`, described by `of`; its size_t length is at `count_at` */
} bench_kind;

/* The structure of a row that holds it; JSON has only one. */
typedef enum bench_part { BENCH_OF_SET, BENCH_OF_ROW, BENCH_OF_CASE, BENCH_PARTS } bench_part;

typedef struct bench_column {
    const char *name; /* key in JSON, measure in CSV, heading in tables */
    bench_kind kind;
    size_t at;
    /* "ns", "bytes", "count", "per_second": a measure, which has median, minimum and maximum in JSON, a line in CSV,
     * and digits that suit it in tables. "us" is "ns" that shows microseconds below a millisecond. NULL: just a value.
     */
    const char *unit;
    bench_part part;
    int width;          /* in tables; negative: aligned to the left */
    int digits;         /* of reals, and of numbers that are divided */
    double divide;      /* tables and data: divided by this. 0: not divided */
    const char *suffix; /* of what is divided, and of reals, in tables */
    bool zero_is_none;  /* in tables: 0 is "-" */
    const struct bench_column *of;
    size_t size, count_at;
    const char *(*name_of)(size_t i);
} bench_column;

/* One line of a table, one group of lines of CSV. */
typedef struct bench_row {
    const void *parts[BENCH_PARTS];
    const bench_column *csv; /* its measures */
    bool untabled;           /* of CSV alone */
    bool last;               /* of its case */
    char key[128];           /* what CSV lines begin with */
} bench_row;

typedef struct bench_table {
    const char *title; /* before ", medians of N"; NULL: the text alone */
    const char *text;  /* what the columns mean, and a line above their headings if need be */
    const bench_column *columns;
    void (*footer)(echo_cli_out *out, const bench_row *row); /* after the last row of a case; NULL: nothing */
} bench_table;

typedef struct bench_report {
    const char *csv_key;      /* headings of the first columns of CSV; NULL: those of bench_row_key() */
    const bench_column *json; /* of a case */
    size_t case_size;
    const bench_table *tables; /* ends with one without columns */
    /* Row i of all cases; zeroed before. false: row i does not exist. */
    bool (*row)(bench_row *out, const bench *b, size_t i);
} bench_report;

void bench_report_table(const bench *b);
void bench_report_csv(const bench *b);
/* The cases, as elements of an array that is open. */
void bench_report_json(const bench *b);
void bench_report_json_machine(echo_cli_out *out, const bench *b);
void bench_report_json_goals(echo_cli_out *out, const bench *b);
void bench_report_machine(echo_cli_out *out, const bench *b);
/* Goals, and results that are wrong. */
void bench_report_verdict(echo_cli_out *out, const bench *b);

/* "bench,items,messages,variant,seed" of a row. */
void bench_row_key(bench_row *row, const bench *b, uint64_t items, uint64_t messages, const char *variant);
/* A line of data for gnuplot: the columns, with spaces between; "-" for a series without values. */
void bench_report_data(FILE *file, const bench_column *columns, const bench_row *row);

#define BENCH_CELL_CHARS 32u
/* "12.3 ms", "4.0 MiB"; digits that suit the size */
void bench_cell_ns(char out[BENCH_CELL_CHARS], uint64_t ns);
void bench_cell_bytes(char out[BENCH_CELL_CHARS], uint64_t bytes);

#endif
