#include "bench/options.h"

#include <string.h>

#include "bench/modes.h"
#include "cli/options.h"
#include "cli/report.h"

#define DEFAULT_TAIL 100u
#define SIZE_LIMIT UINT64_C(100000000)

#define BIT(n) (UINT64_C(1) << (n))
#define OPT_FEEDS BIT(6)
#define OPT_TAIL BIT(7)
#define OPT_PARTY_DIR BIT(8)
#define OPT_SEED BIT(11)
#define OPT_RUNS BIT(12)
#define OPT_DIR BIT(13)
#define OPT_PLOT BIT(14)
#define OPT_QUICK BIT(15)
#define OPT_KEEP BIT(16)
#define OPT_CSV BIT(17)
#define NOT_FOR_ALL                                                                                                    \
    (BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES | BENCH_TAKES_SHAPE | BENCH_TAKES_FOLDER | BENCH_TAKES_DISK |            \
     BENCH_TAKES_LINK)

static const char help[] =
    "Usage: echo-snapshot bench [MODE] [options]\n\n"
    "Measures the library on this machine. Makes parties, always the same ones for a seed, in a folder that is\n"
    "removed afterwards. Prints the times next to the machine's own limits and to the counts that explain them.\n"
    "Checks the results: the state in a snapshot must equal the replay of the messages it covers.\n\n"
    "Modes:\n"
    "  open         opening a party: by replaying every message, from a snapshot with every item's state made "
    "(eager),\n"
    "               from a snapshot alone (lazy), and up to the first item. 1,000 items and 1,000 to 1,000,000\n"
    "               messages, then 1,000 to 1,000,000 items. The default\n"
    "  pause        the delay of messages while a snapshot of every item is taken: on the writer's thread, without a\n"
    "               thread, and in one blocking call. 10,000 to 1,000,000 items\n"
    "  throughput   messages per second without snapshots, with a policy that takes none, and while they are taken.\n"
    "               100,000 items\n"
    "  writes       what a snapshot writes after changes to some of 100,000 items\n"
    "  life         a month of a party under the default policy: the time to open it, and the bytes written; compared\n"
    "               with one snapshot every 1,000 messages. 10,000 items, 1,000 to 1,000,000 messages\n"
    "  read         reading all values of 10,000 and 100,000 items from opening on, and those of one item; compared "
    "with\n"
    "               a JSON file, a SQLite table and a binary file\n"
    "  join         joining a party from a member's snapshot, up to the first item and completely; compared with\n"
    "               transferring and replaying every block. 1,000 to 100,000 items, 10,000 to 1,000,000 messages\n"
    "  catchup      a member that was away while 0.1 to 100% of 100,000 items changed: what it receives, and the\n"
    "               plan that the exchange chose\n"
    "  all          all of them, with their defaults\n\n"
    "Options:\n";

/* ---- values ---- */

static bool read_sizes(bench_sizes *out, const char *text) {
    char number[24];
    for (out->count = 0; out->count < BENCH_SIZES_MAX;) {
        size_t len = strcspn(text, ",");
        if (len >= sizeof number) return false;
        memcpy(number, text, len);
        number[len] = '\0';
        uint64_t *size = &out->list[out->count++];
        if (!echo_cli_read_number(size, number, SIZE_LIMIT) || *size == 0) return false;
        if (text[len] == '\0') return true;
        text += len + 1;
    }
    return false;
}

static bool parse_items(void *target, const char *value) {
    return read_sizes(&((bench_options *)target)->items, value);
}

static bool parse_messages(void *target, const char *value) {
    return read_sizes(&((bench_options *)target)->messages, value);
}

static bool parse_link(void *target, const char *value) {
    return bench_link_read(&((bench_options *)target)->link, value);
}

/* ---- options ---- */

#define AT(field) offsetof(bench_options, field)
#define SIZES "up to 16 numbers from 1 to 100000000 with commas between"

static const echo_cli_option options[] = {
    {BENCH_TAKES_MESSAGES, "--messages", "N,N,...",
     "open: parties of N messages; of 1,000 items each, unless --items is given.\n"
     "life: messages of the month. pause: maximum of messages at full speed.\n"
     "throughput: messages of each run",
     .kind = ECHO_CLI_OPTION_PARSED, .needs = SIZES, .parse = parse_messages},
    {BENCH_TAKES_ITEMS, "--items", "N,N,...",
     "parties of N items; open: of a tenth more messages, unless --messages is given", .kind = ECHO_CLI_OPTION_PARSED,
     .needs = SIZES, .parse = parse_items},
    {OPT_FEEDS, "--feeds", "N", "open, join: feeds that take turns writing (1)", ECHO_CLI_OPTION_U64, .at = AT(feeds),
     .min = 1, .max = 1000, .needs = "a number from 1 to 1000"},
    {OPT_TAIL, "--tail", "N", "open, join: messages after the snapshot, out of those (100)", ECHO_CLI_OPTION_U64,
     .at = AT(tail), .max = SIZE_LIMIT, .needs = "a number up to 100000000"},
    {OPT_PARTY_DIR, "--party-dir", "DIR",
     "open: measure a copy of this party's folder instead; the folder itself is only read", ECHO_CLI_OPTION_TEXT,
     .at = AT(party_dir), .min = 1},
    {ECHO_CLI_PARTY, "--party", "HEX", "open: the party's key, when that folder holds several",
     .kind = ECHO_CLI_OPTION_PARTY},
    {BENCH_TAKES_DISK, "--disk", NULL,
     "pause, throughput: feeds in the folder instead of in memory, so that reading them,\n"
     "and making them durable, is measured too",
     .kind = ECHO_CLI_OPTION_FLAG},
    {BENCH_TAKES_LINK, "--link", "RATE,DELAY",
     "join, catchup: over a link of that rate (kbit, mbit, gbit) and delay (us, ms, s) each\n"
     "way, such as 20mbit,50ms; by the kernel (netem, in a network namespace) where that\n"
     "is allowed, otherwise simulated",
     .kind = ECHO_CLI_OPTION_PARSED, .needs = "a rate and a delay, such as 20mbit,50ms", .parse = parse_link},
    {OPT_SEED, "--seed", "S", "seed of the random parties (1)", ECHO_CLI_OPTION_U64, .at = AT(seed), .max = UINT64_MAX,
     .needs = "a number up to 18446744073709551615"},
    {OPT_RUNS, "--runs", "N",
     "the number of times each measurement is made, 1 to 99 (open, throughput, read 5; pause, writes, join 3;\nlife, "
     "catchup "
     "1)",
     ECHO_CLI_OPTION_U64, .at = AT(runs), .min = 1, .max = BENCH_RUNS_MAX, .needs = "a number from 1 to 99"},
    {OPT_DIR, "--dir", "DIR", "where the folder is made (TMPDIR or /tmp); its disk is what is measured",
     ECHO_CLI_OPTION_TEXT, .at = AT(dir), .min = 1},
    {OPT_PLOT, "--plot", "DIR",
     "write data and scripts for gnuplot into this folder, and have it draw them as SVG\nwhere it is installed",
     ECHO_CLI_OPTION_TEXT, .at = AT(plot), .min = 1},
    {OPT_QUICK, "--quick", NULL, "small parties, one run: a quick check that it works", .kind = ECHO_CLI_OPTION_FLAG},
    {OPT_KEEP, "--keep", NULL, "do not remove the folder, and print its path", .kind = ECHO_CLI_OPTION_FLAG},
    {OPT_CSV, "--csv", NULL, "one line per measure: median, lowest and highest of the runs",
     .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_JSON, "--json", NULL, "print everything as JSON", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_QUIET, "--quiet", NULL, "print no progress", .kind = ECHO_CLI_OPTION_FLAG},
    {ECHO_CLI_HELP, "--help", NULL, "print this text", .kind = ECHO_CLI_OPTION_FLAG},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

/* The mode of that name; `all` is NULL. */
static bool find_mode(const bench_mode **out, const char *name) {
    *out = NULL;
    for (size_t i = 0; bench_modes[i] != NULL; i++)
        if (strcmp(name, bench_modes[i]->name) == 0) *out = bench_modes[i];
    return *out != NULL || strcmp(name, "all") == 0;
}

static int accept_word(echo_cli *cli, void *target, const char *word) {
    bench_options *o = target;
    if (o->mode != NULL) return echo_cli_misuse(cli, "one argument too many: '%s'", word);
    o->mode = word;
    return ECHO_CLI_EXIT_OK;
}

/* What was given and not every mode takes. */
static int check_for_mode(bench *b, const echo_cli_option *option) {
    const bench_options *o = &b->options;
    const bench_sizes *sizes = option->bit == BENCH_TAKES_MESSAGES ? &o->messages : &o->items;
    if (!echo_cli_has(b->cli, option->bit & NOT_FOR_ALL)) return ECHO_CLI_EXIT_OK;
    if (b->mode == NULL || (b->mode->takes & option->bit) == 0)
        return echo_cli_misuse(b->cli, "%s is not an option of mode '%s'", option->name,
                               b->mode == NULL ? "all" : b->mode->name);
    if ((b->mode->takes_one & option->bit) != 0 && sizes->count > 1)
        return echo_cli_misuse(b->cli, "%s takes one number in mode '%s'", option->name, b->mode->name);
    return ECHO_CLI_EXIT_OK;
}

static int check_together(bench *b) {
    const bench_options *o = &b->options;
    if (o->csv && o->json) return echo_cli_misuse(b->cli, "--csv and --json exclude each other");
    if (o->party_dir != NULL && o->messages.count + o->items.count > 0)
        return echo_cli_misuse(b->cli, "--party-dir excludes --messages and --items: the party has the size it has");
    if (o->party_dir != NULL && o->quick) return echo_cli_misuse(b->cli, "--quick and --party-dir exclude each other");
    return ECHO_CLI_EXIT_OK;
}

static void print_help(echo_cli_out *out, const echo_cli_options *taken) {
    echo_cli_print(out, "%s", help);
    echo_cli_options_print(out, taken);
    echo_cli_print(out,
                   "\nExit codes: 1 when a state differs from that of replay, otherwise as for the other commands:\n");
    echo_cli_options_print_exits(out);
}

int bench_options_read(bench *b, int argc, char **argv) {
    bench_options *o = &b->options;
    const echo_cli_options taken = {options, OPTION_COUNT, UINT64_MAX, o, accept_word, 20};
    o->feeds = 1;
    o->seed = 1;
    o->tail = DEFAULT_TAIL;
    int code = echo_cli_options_read(b->cli, &taken, argc, argv);
    if (code == ECHO_CLI_EXIT_OK && echo_cli_has(b->cli, ECHO_CLI_HELP)) {
        print_help(&b->cli->out, &taken);
        return code;
    }
    o->disk = echo_cli_has(b->cli, BENCH_TAKES_DISK);
    o->quick = echo_cli_has(b->cli, OPT_QUICK);
    o->keep = echo_cli_has(b->cli, OPT_KEEP);
    o->csv = echo_cli_has(b->cli, OPT_CSV);
    o->json = echo_cli_has(b->cli, ECHO_CLI_JSON);
    if (code == ECHO_CLI_EXIT_OK && !find_mode(&b->mode, o->mode != NULL ? o->mode : bench_modes[0]->name))
        code = echo_cli_misuse(b->cli, "unknown mode '%s'", o->mode);
    for (size_t i = 0; code == ECHO_CLI_EXIT_OK && i < OPTION_COUNT; i++) code = check_for_mode(b, &options[i]);
    return code == ECHO_CLI_EXIT_OK ? check_together(b) : code;
}
