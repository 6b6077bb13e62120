/* Options of the measuring program. */
#ifndef ECHO_BENCH_OPTIONS_H
#define ECHO_BENCH_OPTIONS_H

#include "bench/bench.h"

/* Reads the arguments, or prints --help. Returns ECHO_CLI_EXIT_OK, or the exit code of what was reported. */
int bench_options_read(bench *b, int argc, char **argv);

#endif
