/* What the machine itself can do, measured in the same minute: without it the other numbers cannot be compared. */
#ifndef ECHO_BENCH_MACHINE_H
#define ECHO_BENCH_MACHINE_H

#include <echo/base.h>

#include "bench/series.h"

typedef struct bench_machine {
    bench_series hashes;   /* BLAKE2b-256 of 150 bytes, per second */
    bench_series verifies; /* Ed25519 signatures of 40 bytes, per second */
    bench_series sync;     /* 4 KiB appended and synced */
} bench_machine;

/* dir: on the disk that is measured. */
echo_status bench_machine_run(bench_machine *out, const char *dir, echo_error *err) ECHO_MUST_USE;

#endif
