/*
 * The same values in a party whose model is the host's own: its state is a struct, and raw hooks store it.
 */
#ifndef ECHO_BENCH_READ_RAW_H
#define ECHO_BENCH_READ_RAW_H

#include <echo/echo.h>

/* The folder of that party, below the other one's. */
#define BENCH_READ_RAW_FOLDER "raw"

/* Makes the party, with the values of the items in the one in `dir`. */
echo_status bench_read_raw_make(const char *dir, echo_error *err) ECHO_MUST_USE;
/* Opens it and walks it; adds all values. What is open ends with the process. */
echo_status bench_read_raw(uint64_t *sum, const char *dir, echo_error *err) ECHO_MUST_USE;

#endif
