#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_RUNS 5u
#define DEFAULT_TAIL 100u
#define SIZE_LIMIT UINT64_C(100000000)

static const char help[] =
    "Usage: echo-snapshot bench [open] [options]\n\n"
    "Measures opening parties: by replaying every message, from a snapshot with every item's state made (eager), from\n"
    "a snapshot alone (lazy), and from a snapshot up to the first item. The parties are made for it, always the same for\n"
    "a seed, in a folder that is removed afterwards. Beside the times stand what the machine itself can do, and the counts\n"
    "that explain them. Every result is checked: the state after opening from a snapshot must be that of full replay.\n\n"
    "Without --messages and --items: 1,000 items and 1,000 to 1,000,000 messages, then 1,000 to 1,000,000 items.\n\n"
    "Options:\n"
    "  --messages N,N,...   parties of so many messages; of 1,000 items each, unless --items says otherwise\n"
    "  --items N,N,...      parties of so many items; of a tenth more messages, unless --messages says otherwise\n"
    "  --feeds N            feeds that take turns writing (1)\n"
    "  --tail N             messages behind the snapshot, out of those (100)\n"
    "  --seed S             of what is random (1)\n"
    "  --runs N             times each measurement is made, 1 to 99 (5)\n"
    "  --dir DIR            where the folder is made (TMPDIR or /tmp); its disk is what is measured\n"
    "  --party-dir DIR      measure a copy of this party's folder instead; the folder itself is only read\n"
    "  --party HEX          which party, where that folder holds several\n"
    "  --quick              1,000 messages, 100 items, one run: to see that it works\n"
    "  --keep               leave the folder there, and tell where it is\n"
    "  --csv                one line per measure: median, lowest and highest of the runs\n"
    "  --json               everything as JSON\n"
    "  --quiet              no progress\n"
    "  --help               this text\n\n"
    "Exit codes: 1 when a state after opening is not that of full replay, otherwise as for the other commands:\n";

enum {
    OPT_MESSAGES = 1,
    OPT_ITEMS,
    OPT_FEEDS,
    OPT_TAIL,
    OPT_SEED,
    OPT_RUNS,
    OPT_DIR,
    OPT_PARTY_DIR,
    OPT_PARTY,
    OPT_QUICK,
    OPT_KEEP,
    OPT_CSV,
    OPT_JSON,
    OPT_QUIET,
    OPT_HELP
};

/* ---- options ---- */

static bool read_number(uint64_t *out, const char *text, uint64_t min, uint64_t max) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return errno == 0 && *end == '\0' && value >= min && value <= max;
}

static bool read_sizes(bench_sizes *out, const char *text) {
    char number[24];
    for (out->count = 0; out->count < BENCH_SIZES_MAX;) {
        size_t len = strcspn(text, ",");
        if (len >= sizeof number) return false;
        memcpy(number, text, len);
        number[len] = '\0';
        if (!read_number(&out->list[out->count++], number, 1, SIZE_LIMIT)) return false;
        if (text[len] == '\0') return true;
        text += len + 1;
    }
    return false;
}

static bool take_option(bench *b, int option, const char *value) {
    bench_options *o = &b->options;
    uint64_t number = 0;
    bool good = true;
    switch (option) {
    case OPT_MESSAGES: return read_sizes(&o->messages, value);
    case OPT_ITEMS: return read_sizes(&o->items, value);
    case OPT_FEEDS:
        good = read_number(&number, value, 1, 1000);
        o->feeds = (size_t)number;
        return good;
    case OPT_TAIL: return read_number(&o->tail, value, 0, SIZE_LIMIT);
    case OPT_SEED: return read_number(&o->seed, value, 0, UINT64_MAX);
    case OPT_RUNS:
        good = read_number(&number, value, 1, BENCH_RUNS_MAX);
        o->runs = (size_t)number;
        return good;
    case OPT_DIR: o->dir = value; return value[0] != '\0';
    case OPT_PARTY_DIR: o->party_dir = value; return value[0] != '\0';
    case OPT_PARTY: b->cli->given |= ECHO_CLI_PARTY; return echo_key_parse(&b->cli->party, value) == ECHO_OK;
    case OPT_QUICK: o->quick = true; return true;
    case OPT_KEEP: o->keep = true; return true;
    case OPT_CSV: o->csv = true; return true;
    case OPT_JSON: o->json = b->cli->json = true; return true;
    case OPT_QUIET: b->cli->quiet = true; return true;
    default: b->cli->given |= ECHO_CLI_HELP; return true;
    }
}

/* ECHO_CLI_EXIT_OK, or the exit code of what was told already. */
static int read_options(bench *b, int argc, char **argv) {
    static const struct option options[] = {{"messages", required_argument, NULL, OPT_MESSAGES},
                                            {"items", required_argument, NULL, OPT_ITEMS},
                                            {"feeds", required_argument, NULL, OPT_FEEDS},
                                            {"tail", required_argument, NULL, OPT_TAIL},
                                            {"seed", required_argument, NULL, OPT_SEED},
                                            {"runs", required_argument, NULL, OPT_RUNS},
                                            {"dir", required_argument, NULL, OPT_DIR},
                                            {"party-dir", required_argument, NULL, OPT_PARTY_DIR},
                                            {"party", required_argument, NULL, OPT_PARTY},
                                            {"quick", no_argument, NULL, OPT_QUICK},
                                            {"keep", no_argument, NULL, OPT_KEEP},
                                            {"csv", no_argument, NULL, OPT_CSV},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {"quiet", no_argument, NULL, OPT_QUIET},
                                            {"help", no_argument, NULL, OPT_HELP},
                                            {NULL, 0, NULL, 0}};
    int option, index = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, &index)) != -1) {
        if (option == '?' && optopt > ' ') return echo_cli_misuse(b->cli, "unknown option '-%c'", optopt);
        if (option == '?' && optopt > 0) return echo_cli_misuse(b->cli, "%s takes no value", argv[optind - 1]);
        if (option == '?') return echo_cli_misuse(b->cli, "unknown option '%s'", argv[optind - 1]);
        if (option == ':') return echo_cli_misuse(b->cli, "%s needs a value", argv[optind - 1]);
        if (!take_option(b, option, optarg)) return echo_cli_misuse(b->cli, "--%s cannot be '%s'", options[index].name, optarg);
    }
    if (optind < argc && strcmp(argv[optind], "open") == 0) optind++;
    if (optind < argc) return echo_cli_misuse(b->cli, "one argument too many: '%s'", argv[optind]);
    if (b->options.csv && b->options.json) return echo_cli_misuse(b->cli, "--csv and --json exclude each other");
    if (b->options.party_dir != NULL && b->options.messages.count + b->options.items.count > 0)
        return echo_cli_misuse(b->cli, "a folder that is there has the size it has: no --messages, no --items");
    if (b->options.party_dir != NULL && b->options.quick)
        return echo_cli_misuse(b->cli, "--quick and --party-dir exclude each other");
    if (b->options.runs == 0) b->options.runs = b->options.quick ? 1 : DEFAULT_RUNS;
    return ECHO_CLI_EXIT_OK;
}

/* ---- running ---- */

static const char *parent_folder(const bench_options *options) {
    const char *fallback = getenv("TMPDIR");
    if (options->dir != NULL) return options->dir;
    return fallback != NULL && fallback[0] != '\0' ? fallback : "/tmp";
}

static echo_status measure(bench *b, echo_error *err) {
    bench_catch_signals();
    echo_status status = bench_open_plan(b, err);
    if (status == ECHO_OK) status = bench_folder_make(b->work, parent_folder(&b->options), err);
    if (status == ECHO_OK) status = bench_machine_run(b, err);
    if (status == ECHO_OK) status = bench_open_run(b, err);
    if (b->work[0] != '\0' && !b->options.keep) bench_folder_remove(b->work);
    return status;
}

static int tell(bench *b) {
    int code = ECHO_CLI_EXIT_OK;
    bench_goals_judge(b);
    echo_cli_progress_clear(&b->cli->progress);
    if (b->options.json)
        bench_print_json(b);
    else if (b->options.csv)
        bench_print_csv(b);
    else
        bench_print_table(b);
    for (size_t i = 0; i < b->count; i++) {
        echo_error wrong = ECHO_ERROR_INIT;
        if (b->cases[i].agrees) continue;
        (void)bench_fail(&wrong, ECHO_ERR_CORRUPT, "%s", b->cases[i].disagreement);
        (void)echo_cli_fail(b->cli, ECHO_ERR_CORRUPT, &wrong);
        code = ECHO_CLI_EXIT_FINDING;
    }
    return code;
}

static int run(bench *b, int argc, char **argv) {
    int code = read_options(b, argc, argv);
    if (code != ECHO_CLI_EXIT_OK) return code;
    if (echo_cli_has(b->cli, ECHO_CLI_HELP)) {
        echo_cli_print(&b->cli->out, "%s", help);
        echo_cli_print_exits(&b->cli->out);
        return ECHO_CLI_EXIT_OK;
    }
    bool seen = !b->cli->quiet && isatty(STDERR_FILENO) == 1;
    echo_cli_progress_init(&b->cli->progress, seen ? stderr : NULL, echo_cli_now_ms());
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = measure(b, &err);
    code = status == ECHO_OK ? tell(b) : echo_cli_fail(b->cli, status, &err);
    if (b->options.keep && b->work[0] != '\0') (void)fprintf(stderr, "kept in %s\n", b->work);
    return code;
}

int echo_cli_bench(int argc, char **argv) {
    static const echo_cli_command command = {.name = "bench", .summary = "measure opening parties"};
    static echo_cli cli; /* zero; large */
    static bench b;
    echo_cli_out_init(&cli.out, stdout);
    cli.command = &command;
    b.cli = &cli;
    b.options.feeds = 1;
    b.options.seed = 1;
    b.options.tail = DEFAULT_TAIL;
    int code = run(&b, argc, argv);
    free(b.cases);
    return echo_cli_finish(&cli, code);
}
