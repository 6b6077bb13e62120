#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define DEFAULT_TAIL 100u
#define SIZE_LIMIT UINT64_C(100000000)

const bench_mode *const bench_modes[] = {
    &bench_open_mode, &bench_pause_mode, &bench_throughput_mode, &bench_writes_mode,
    &bench_life_mode, &bench_join_mode,  &bench_catchup_mode,    NULL};

static const char help[] =
    "Usage: echo-snapshot bench [MODE] [options]\n\n"
    "Measures on this machine. Parties are made for it, always the same for a seed, in a folder that is removed "
    "afterwards. "
    "Beside\n"
    "the times stand what the machine itself can do, and the counts that explain them. Results are checked: the state "
    "in a\n"
    "snapshot must be that of replaying the messages it covers.\n\n"
    "Modes:\n"
    "  open         opening a party: by replaying every message, from a snapshot with every item's state made (eager), "
    "from a\n"
    "               snapshot alone (lazy), and up to the first item. 1,000 items and 1,000 to 1,000,000 messages, then "
    "1,000 to\n"
    "               1,000,000 items. The default\n"
    "  pause        how long messages take while a snapshot of every item is taken: on the writer's thread, without "
    "one, and by\n"
    "               saving in between. 10,000 to 1,000,000 items\n"
    "  throughput   messages per second without snapshots, with a policy that begins none, and while they are taken. "
    "100,000\n"
    "               items\n"
    "  writes       what a snapshot writes after changes to some of 100,000 items\n"
    "  life         a month of a party under the default policy: how long opening it would take, and what is written; "
    "beside it\n"
    "               one snapshot every 1,000 messages. 10,000 items, 1,000 to 1,000,000 messages\n"
    "  join         joining a party from a member's snapshot, until the first item and as a whole, and beside it by "
    "transferring and\n"
    "               replaying every block. 1,000 to 100,000 items, 10,000 to 1,000,000 messages\n"
    "  catchup      a member that was away while 0.1 to 100% of 100,000 items changed: what it receives, and by which "
    "plan\n"
    "  all          all of these, with their defaults\n\n"
    "Options:\n"
    "  --messages N,N,...   open: parties of so many messages; of 1,000 items each, unless --items says otherwise. "
    "life: messages\n"
    "                       of the month. pause: messages that come at full speed, at most. throughput: messages of "
    "each run\n"
    "  --items N,N,...      parties of so many items; open: of a tenth more messages, unless --messages says "
    "otherwise\n"
    "  --feeds N            open, join: feeds that take turns writing (1)\n"
    "  --tail N             open, join: messages behind the snapshot, out of those (100)\n"
    "  --party-dir DIR      open: measure a copy of this party's folder instead; the folder itself is only read\n"
    "  --party HEX          open: which party, where that folder holds several\n"
    "  --disk               pause, throughput: feeds in the folder instead of in memory, so that reading them, and "
    "making them\n"
    "                       durable, is measured too\n"
    "  --link RATE,DELAY    join, catchup: over a link of that rate (kbit, mbit, gbit) and delay (us, ms, s) each way, "
    "such as\n"
    "                       20mbit,50ms; by the kernel (netem, in a network namespace) where that is allowed, "
    "otherwise simulated\n"
    "  --seed S             of what is random (1)\n"
    "  --runs N             times each measurement is made, 1 to 99 (open, throughput 5; pause, writes, join 3; life,\n"
    "                       catchup 1)\n"
    "  --dir DIR            where the folder is made (TMPDIR or /tmp); its disk is what is measured\n"
    "  --plot DIR           write data and scripts for gnuplot into this folder, and have it draw them as SVG where it "
    "is "
    "installed\n"
    "  --quick              small parties, one run: to see that it works\n"
    "  --keep               leave the folder there, and tell where it is\n"
    "  --csv                one line per measure: median, lowest and highest of the runs\n"
    "  --json               everything as JSON\n"
    "  --quiet              no progress\n"
    "  --help               this text\n\n"
    "Exit codes: 1 when a state is not that of replay, otherwise as for the other commands:\n";

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
    OPT_PLOT,
    OPT_DISK,
    OPT_LINK,
    OPT_QUICK,
    OPT_KEEP,
    OPT_CSV,
    OPT_JSON,
    OPT_QUIET,
    OPT_HELP
};

/* ---- values ---- */

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
    case OPT_PLOT: o->plot = value; return value[0] != '\0';
    case OPT_DISK: o->disk = true; return true;
    case OPT_LINK: return bench_link_read(&o->link, value);
    case OPT_QUICK: o->quick = true; return true;
    case OPT_KEEP: o->keep = true; return true;
    case OPT_CSV: o->csv = true; return true;
    case OPT_JSON: o->json = b->cli->json = true; return true;
    case OPT_QUIET: b->cli->quiet = true; return true;
    default: b->cli->given |= ECHO_CLI_HELP; return true;
    }
}

/* ---- options ---- */

/* The bit of an option that not every mode takes, 0 for the others. */
static uint32_t kind_of(int option) {
    switch (option) {
    case OPT_MESSAGES: return BENCH_TAKES_MESSAGES;
    case OPT_ITEMS: return BENCH_TAKES_ITEMS;
    case OPT_FEEDS:
    case OPT_TAIL: return BENCH_TAKES_SHAPE;
    case OPT_PARTY_DIR:
    case OPT_PARTY: return BENCH_TAKES_FOLDER;
    case OPT_DISK: return BENCH_TAKES_DISK;
    case OPT_LINK: return BENCH_TAKES_LINK;
    default: return 0;
    }
}

typedef struct given {
    const char *names[OPT_HELP + 1]; /* of the options that were given */
} given;

static int scan(bench *b, given *g, int argc, char **argv) {
    static const struct option options[] = {{"messages", required_argument, NULL, OPT_MESSAGES},
                                            {"items", required_argument, NULL, OPT_ITEMS},
                                            {"feeds", required_argument, NULL, OPT_FEEDS},
                                            {"tail", required_argument, NULL, OPT_TAIL},
                                            {"seed", required_argument, NULL, OPT_SEED},
                                            {"runs", required_argument, NULL, OPT_RUNS},
                                            {"dir", required_argument, NULL, OPT_DIR},
                                            {"party-dir", required_argument, NULL, OPT_PARTY_DIR},
                                            {"party", required_argument, NULL, OPT_PARTY},
                                            {"plot", required_argument, NULL, OPT_PLOT},
                                            {"disk", no_argument, NULL, OPT_DISK},
                                            {"link", required_argument, NULL, OPT_LINK},
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
        if (!take_option(b, option, optarg))
            return echo_cli_misuse(b->cli, "--%s cannot be '%s'", options[index].name, optarg);
        g->names[option] = options[index].name;
    }
    return ECHO_CLI_EXIT_OK;
}

static int find_mode(bench *b, int argc, char **argv) {
    b->mode = &bench_open_mode;
    if (optind == argc) return ECHO_CLI_EXIT_OK;
    const char *word = argv[optind++];
    if (optind < argc) return echo_cli_misuse(b->cli, "one argument too many: '%s'", argv[optind]);
    b->mode = NULL;
    for (size_t i = 0; bench_modes[i] != NULL && b->mode == NULL; i++)
        if (strcmp(word, bench_modes[i]->name) == 0) b->mode = bench_modes[i];
    if (b->mode == NULL && strcmp(word, "all") != 0) return echo_cli_misuse(b->cli, "there is no mode '%s'", word);
    return ECHO_CLI_EXIT_OK;
}

static int check(bench *b, const given *g) {
    const bench_options *o = &b->options;
    for (int option = 0; option <= OPT_HELP; option++) {
        uint32_t kind = kind_of(option);
        const bench_sizes *sizes = option == OPT_MESSAGES ? &o->messages : &o->items;
        if (g->names[option] == NULL || kind == 0) continue;
        if (b->mode != NULL && (b->mode->takes_one & kind) != 0 && sizes->count > 1)
            return echo_cli_misuse(b->cli, "--%s takes one number for '%s'", g->names[option], b->mode->name);
        if (b->mode != NULL && (b->mode->takes & kind) != 0) continue;
        return echo_cli_misuse(b->cli, "--%s is not for '%s'", g->names[option],
                               b->mode == NULL ? "all" : b->mode->name);
    }
    if (o->csv && o->json) return echo_cli_misuse(b->cli, "--csv and --json exclude each other");
    if (o->party_dir != NULL && o->messages.count + o->items.count > 0)
        return echo_cli_misuse(b->cli, "a folder that is there has the size it has: no --messages, no --items");
    if (o->party_dir != NULL && o->quick) return echo_cli_misuse(b->cli, "--quick and --party-dir exclude each other");
    return ECHO_CLI_EXIT_OK;
}

int bench_options_read(bench *b, int argc, char **argv) {
    given g = {{NULL}};
    b->options.feeds = 1;
    b->options.seed = 1;
    b->options.tail = DEFAULT_TAIL;
    int code = scan(b, &g, argc, argv);
    if (code == ECHO_CLI_EXIT_OK) code = find_mode(b, argc, argv);
    return code == ECHO_CLI_EXIT_OK ? check(b, &g) : code;
}

void bench_options_help(echo_cli_out *out) {
    echo_cli_print(out, "%s", help);
    echo_cli_print_exits(out);
}
