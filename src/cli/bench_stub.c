/* TEMPORARY: until bench.c is here. Delete this file then. */
#include "cli.h"

__attribute__((weak)) int echo_cli_bench(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return ECHO_CLI_EXIT_USAGE;
}
