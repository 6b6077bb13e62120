/*
 * Reads arguments, for both programs. A table holds each option's name, the kind of its value and where the value is
 * stored. A value is the next argument or follows "="; "--" ends the options. A wrong argument is reported as a usage
 * error. Option names cannot be abbreviated.
 */
#ifndef ECHO_CLI_OPTIONS_H
#define ECHO_CLI_OPTIONS_H

#include <stddef.h>

#include "cli/cli.h"

/* The kind of a value, and its type at `at`. */
typedef enum echo_cli_option_kind {
    ECHO_CLI_OPTION_FLAG,   /* no value; the bit in `given` is set when it is given */
    ECHO_CLI_OPTION_TEXT,   /* const char *, not empty unless `min` is 0 */
    ECHO_CLI_OPTION_TEXTS,  /* const char *[max], may be given `max` times; their number is the size_t at `count_at` */
    ECHO_CLI_OPTION_U64,    /* uint64_t from `min` to `max` */
    ECHO_CLI_OPTION_U32,    /* uint32_t from `min` to `max` */
    ECHO_CLI_OPTION_KEY,    /* echo_key, as 64 hex digits */
    ECHO_CLI_OPTION_PARTY,  /* the same, as cli->party */
    ECHO_CLI_OPTION_PARSED, /* whatever `parse` reads; false: the value is wrong */
} echo_cli_option_kind;

typedef struct echo_cli_option {
    uint64_t bit;
    const char *name;  /* "--party" */
    const char *value; /* what --help calls the value; NULL: a flag */
    const char *help;  /* lines after the first are indented like it */
    echo_cli_option_kind kind;
    size_t at, count_at; /* offsets in the target */
    uint64_t min, max;
    const char *needs; /* of numbers and parsed values: "needs <this>, not 'x'" */
    bool (*parse)(void *target, const char *value);
} echo_cli_option;

typedef struct echo_cli_options {
    const echo_cli_option *list;
    size_t count;
    uint64_t taken; /* bits of the options that may be given */
    void *target;
    /* Accepts an argument that is not an option. Returns ECHO_CLI_EXIT_OK, or the exit code of the error it printed. */
    int (*word)(echo_cli *cli, void *target, const char *word);
    int width; /* of names and values in --help */
} echo_cli_options;

/* Reads the arguments from argv[1] on, up to --help. Sets cli->given, json and quiet. Returns ECHO_CLI_EXIT_OK, or the
 * exit code of the error it printed. */
int echo_cli_options_read(echo_cli *cli, const echo_cli_options *options, int argc, char **argv);
/* Prints the options that may be given, one line each. */
void echo_cli_options_print(echo_cli_out *out, const echo_cli_options *options);
/* Prints the exit codes, for --help. */
void echo_cli_options_print_exits(echo_cli_out *out);
/* Reads a text that consists of a decimal number up to `max`. */
bool echo_cli_read_number(uint64_t *out, const char *text, uint64_t max);

#endif
