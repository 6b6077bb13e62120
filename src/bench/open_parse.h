/* The limit that cJSON sets. */
#ifndef ECHO_BENCH_OPEN_PARSE_H
#define ECHO_BENCH_OPEN_PARSE_H

#include "bench/open_case.h"

/* Parses all records of the case's first snapshot with cJSON alone. */
echo_status bench_open_parse(bench_parsing *out, const bench_case *c, echo_error *err) ECHO_MUST_USE;

#endif
