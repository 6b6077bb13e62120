/* What is printed of mode `open`. */
#ifndef ECHO_BENCH_OPEN_REPORT_H
#define ECHO_BENCH_OPEN_REPORT_H

#include "bench/open_case.h"
#include "bench/report.h"

extern const bench_report bench_open_report;
echo_status bench_open_plot(const bench *b, echo_error *err) ECHO_MUST_USE;

#endif
