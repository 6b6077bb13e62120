#include "cli/options.h"

#include <string.h>

#include "cli/report.h"

/* ---- help ---- */

static void print_option(echo_cli_out *out, const echo_cli_option *o, int width) {
    const char *text = o->help;
    echo_cli_print(out, "  %s %-*s ", o->name, width - (int)strlen(o->name) - 1, o->value != NULL ? o->value : "");
    for (size_t len = strcspn(text, "\n"); text[len] != '\0'; len = strcspn(text, "\n")) {
        echo_cli_print(out, "%.*s\n%*s", (int)len, text, width + 3, "");
        text += len + 1;
    }
    echo_cli_print(out, "%s\n", text);
}

void echo_cli_options_print(echo_cli_out *out, const echo_cli_options *options) {
    for (size_t i = 0; i < options->count; i++)
        if ((options->taken & options->list[i].bit) != 0) print_option(out, &options->list[i], options->width);
}

void echo_cli_options_print_exits(echo_cli_out *out) {
#define XX(name, value, text) echo_cli_print(out, "  %d  %s\n", value, text);
    ECHO_CLI_EXIT_MAP(XX)
#undef XX
}

/* ---- values ---- */

bool echo_cli_read_number(uint64_t *out, const char *text, uint64_t max) {
    uint64_t value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') return false;
        uint64_t digit = (uint64_t)(*at - '0');
        if (digit > max || value > (max - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return text[0] != '\0';
}

static int store_number(echo_cli *cli, const echo_cli_option *o, void *at, const char *value) {
    uint64_t number;
    if (!echo_cli_read_number(&number, value, o->max) || number < o->min)
        return echo_cli_misuse(cli, "%s needs %s, not '%s'", o->name, o->needs, value);
    if (o->kind == ECHO_CLI_OPTION_U64)
        *(uint64_t *)at = number;
    else
        *(uint32_t *)at = (uint32_t)number;
    return ECHO_CLI_EXIT_OK;
}

static int append_text(echo_cli *cli, const echo_cli_option *o, char *target, const char *value) {
    size_t *count = (size_t *)(void *)(target + o->count_at);
    if (*count == o->max) return echo_cli_misuse(cli, "%s can be given at most %zu times", o->name, (size_t)o->max);
    ((const char **)(void *)(target + o->at))[(*count)++] = value;
    return ECHO_CLI_EXIT_OK;
}

static int store(echo_cli *cli, const echo_cli_option *o, char *target, const char *value) {
    void *at = o->kind == ECHO_CLI_OPTION_PARTY ? (void *)&cli->party : target + o->at;
    bool text = o->kind == ECHO_CLI_OPTION_TEXT || o->kind == ECHO_CLI_OPTION_TEXTS;
    if (text && value[0] == '\0' && o->min > 0) return echo_cli_misuse(cli, "%s needs a value", o->name);
    switch (o->kind) {
    case ECHO_CLI_OPTION_TEXT: *(const char **)at = value; return ECHO_CLI_EXIT_OK;
    case ECHO_CLI_OPTION_TEXTS: return append_text(cli, o, target, value);
    case ECHO_CLI_OPTION_U64:
    case ECHO_CLI_OPTION_U32: return store_number(cli, o, at, value);
    case ECHO_CLI_OPTION_KEY:
    case ECHO_CLI_OPTION_PARTY:
        if (echo_key_parse(at, value) == ECHO_OK) return ECHO_CLI_EXIT_OK;
        return echo_cli_misuse(cli, "%s needs 64 hex digits, not '%s'", o->name, value);
    case ECHO_CLI_OPTION_PARSED:
        if (o->parse(target, value)) return ECHO_CLI_EXIT_OK;
        return echo_cli_misuse(cli, "%s needs %s, not '%s'", o->name, o->needs, value);
    default: return ECHO_CLI_EXIT_OK;
    }
}

/* ---- arguments ---- */

/* The option an argument names; *value points after its "=", or is NULL. */
static const echo_cli_option *find(const echo_cli_options *options, const char *arg, const char **value) {
    size_t len = strcspn(arg, "=");
    *value = arg[len] == '=' ? arg + len + 1 : NULL;
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->list[i].name;
        if (strlen(name) == len && strncmp(name, arg, len) == 0) return &options->list[i];
    }
    return NULL;
}

/* The option in argv[*at], and its value. */
static int accept_option(echo_cli *cli, const echo_cli_options *options, int argc, char **argv, int *at) {
    const char *value;
    const echo_cli_option *o = find(options, argv[*at], &value);
    if (o == NULL) return echo_cli_misuse(cli, "unknown option %s", argv[*at]);
    if ((options->taken & o->bit) == 0) return echo_cli_misuse(cli, "%s is not an option of this command", o->name);
    if (o->value == NULL && value != NULL) return echo_cli_misuse(cli, "%s takes no value", o->name);
    if (o->value != NULL && o->kind != ECHO_CLI_OPTION_TEXTS && echo_cli_has(cli, o->bit))
        return echo_cli_misuse(cli, "%s is given twice", o->name);
    cli->given |= o->bit;
    if (o->value == NULL) return ECHO_CLI_EXIT_OK;
    if (value == NULL && *at + 1 == argc) return echo_cli_misuse(cli, "%s needs a value", o->name);
    return store(cli, o, options->target, value != NULL ? value : argv[++*at]);
}

static int accept_all(echo_cli *cli, const echo_cli_options *options, int argc, char **argv) {
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        int code = ECHO_CLI_EXIT_OK;
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0')
            code = accept_option(cli, options, argc, argv, &i);
        else
            code = options->word(cli, options->target, argv[i]);
        if (code != ECHO_CLI_EXIT_OK || echo_cli_has(cli, ECHO_CLI_HELP)) return code;
    }
    return ECHO_CLI_EXIT_OK;
}

int echo_cli_options_read(echo_cli *cli, const echo_cli_options *options, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) /* known before the first thing that may be wrong */
        if (strcmp(argv[i], "--json") == 0) cli->json = true;
    int code = accept_all(cli, options, argc, argv);
    cli->quiet = echo_cli_has(cli, ECHO_CLI_QUIET);
    return code;
}
