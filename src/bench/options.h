/* Options of the measuring program. */
#ifndef ECHO_BENCH_OPTIONS_H
#define ECHO_BENCH_OPTIONS_H

#include "bench/bench.h"

/* Those that not every mode takes, as bits; the others are not named. */
#define BENCH_TAKES_ITEMS (UINT64_C(1) << 4)
#define BENCH_TAKES_MESSAGES (UINT64_C(1) << 5)
#define BENCH_TAKES_SHAPE (UINT64_C(1) << 6 | UINT64_C(1) << 7) /* --feeds, --tail */
#define BENCH_TAKES_FOLDER (UINT64_C(1) << 8 | ECHO_CLI_PARTY)  /* --party-dir, --party */
#define BENCH_TAKES_DISK (UINT64_C(1) << 9)
#define BENCH_TAKES_LINK (UINT64_C(1) << 10)

/* Reads the arguments, or prints --help. Returns ECHO_CLI_EXIT_OK, or the exit code of what was reported. */
int bench_options_read(bench *b, int argc, char **argv);

#endif
