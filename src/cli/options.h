/*
 * Reading arguments, for both programs. A table says what each option is called, what its value must be and where the
 * value goes. Values follow as the next argument or after "="; "--" ends the options. What cannot be taken is reported
 * as a usage error. Abbreviations are not options.
 */
#ifndef ECHO_CLI_OPTIONS_H
#define ECHO_CLI_OPTIONS_H

#include <stddef.h>

#include "cli/cli.h"

/* What a value is, and the type at `at`. */
typedef enum echo_cli_option_kind {
    ECHO_CLI_OPTION_FLAG,   /* no value; the bit in `given` says that it is there */
    ECHO_CLI_OPTION_TEXT,   /* const char *, not empty unless `min` is 0 */
    ECHO_CLI_OPTION_TEXTS,  /* const char *[max], may be given that often; their number is the size_t at `count_at` */
    ECHO_CLI_OPTION_U64,    /* uint64_t from `min` to `max` */
    ECHO_CLI_OPTION_U32,    /* uint32_t from `min` to `max` */
    ECHO_CLI_OPTION_KEY,    /* echo_key, as 64 hex digits */
    ECHO_CLI_OPTION_PARTY,  /* the same, as cli->party */
    ECHO_CLI_OPTION_PARSED, /* whatever `parse` reads; false: it is not that */
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
    uint64_t taken; /* bits of those that may be given */
    void *target;
    /* An argument that is no option. Returns an exit code, of what it reported. */
    int (*word)(echo_cli *cli, void *target, const char *word);
    int width; /* of names and values in --help */
} echo_cli_options;

/* Reads argv[1] and what follows, up to --help. Sets cli->given, json and quiet. Returns ECHO_CLI_EXIT_OK, or the exit
 * code of what it reported. */
int echo_cli_options_read(echo_cli *cli, const echo_cli_options *options, int argc, char **argv);
/* The options that may be given, a line each. */
void echo_cli_options_print(echo_cli_out *out, const echo_cli_options *options);
/* The exit codes, for --help. */
void echo_cli_options_print_exits(echo_cli_out *out);
/* A decimal number up to `max`, and nothing else. */
bool echo_cli_read_number(uint64_t *out, const char *text, uint64_t max);

#endif
