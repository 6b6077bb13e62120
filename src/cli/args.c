#include <stddef.h>
#include <string.h>

#include "cli.h"

#define MANY (ECHO_CLI_PEER | ECHO_CLI_ITEM) /* may be given more than once */

typedef struct option {
    uint64_t bit;
    const char *name;
    const char *value; /* NULL: a flag */
    const char *help;
} option;

static const option options[] = {
    {ECHO_CLI_PARTY, "--party", "HEX", "the party's key; may be left out where the folder holds one party"},
    {ECHO_CLI_TYPE, "--type", "T", "only items of this type"},
    {ECHO_CLI_MODEL, "--model", "M", "only items of this model"},
    {ECHO_CLI_PARENT, "--parent", "ID", "only items with this parent; \"\" for those without one"},
    {ECHO_CLI_ID, "--id", "ID", "the item of this id alone"},
    {ECHO_CLI_NUMBER, "--number", "N", "the snapshot of this number"},
    {ECHO_CLI_A, "--a", "N", "the snapshot of this number in DIR_A"},
    {ECHO_CLI_B, "--b", "N", "the snapshot of this number in DIR_B, or in DIR_A when there is no other"},
    {ECHO_CLI_LIMIT, "--limit", "N", "show N items at most; 0: all of them"},
    {ECHO_CLI_RECORDS, "--records", NULL, "every record, as a line of JSON each"},
    {ECHO_CLI_REPLAY, "--replay", NULL, "also replay the feeds and compare the results"},
    {ECHO_CLI_KEEP, "--keep", "N", "keep the newest N good snapshots of each party; 0: all of them"},
    {ECHO_CLI_DRY_RUN, "--dry-run", NULL, "tell what would be removed, remove nothing"},
    {ECHO_CLI_DIGEST, "--digest", NULL, "name the newest snapshot's state digest too"},
    {ECHO_CLI_MEMBERS, "--members", NULL, "name the party's other members too, 8 in all at most"},
    {ECHO_CLI_ADMIT, "--admit", "KEY", "first admit this feed to the party; needs --signer"},
    {ECHO_CLI_SIGNER, "--signer", "FILE", "key file of a key that the party trusts, such as the party's own"},
    {ECHO_CLI_LISTEN, "--listen", "PLACE",
     "HOST:PORT to listen at (127.0.0.1:0); port 0 takes a free one, which is printed"},
    {ECHO_CLI_ONCE, "--once", "N", "end when N connections have come and gone"},
    {ECHO_CLI_PEER, "--peer", "PLACE", "HOST:PORT of a peer; several give it several peers to fetch from at once"},
    {ECHO_CLI_TRUST, "--trust", "LEVEL", "received (the default), attested, sampled or replayed; see above"},
    {ECHO_CLI_ATTESTATIONS, "--attestations", "K", "by how many members the state has to be attested (2)"},
    {ECHO_CLI_SAMPLES, "--samples", "N", "how many items are compared with the feeds (100)"},
    {ECHO_CLI_ITEM, "--item", "ID", "fetch this item first, and print it as soon as it is here; may be given again"},
    {ECHO_CLI_KEY, "--key", "FILE", "key file of the member to be, instead of the own feed's key"},
    {ECHO_CLI_NEW_KEY, "--new-key", NULL, "make an own feed in DIR, print its key for who is to admit it, and end"},
    {ECHO_CLI_NO_SNAPSHOT, "--no-snapshot", NULL, "replay all messages, use no snapshot"},
    {ECHO_CLI_NO_WRITE, "--no-write", NULL, "change nothing on disk"},
    {ECHO_CLI_EAGER, "--eager", NULL, "make the state of every item at opening"},
    {ECHO_CLI_VERIFY_FULL, "--verify-full", NULL, "check every chunk of the snapshot before using it"},
    {ECHO_CLI_JSON, "--json", NULL,
     "results as JSON; errors as {\"error\":{code,message,path,feed,seq,item}} on stderr"},
    {ECHO_CLI_QUIET, "--quiet", NULL, "no progress, no remarks; errors are still told"},
    {ECHO_CLI_HELP, "--help", NULL, "this text"},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

void echo_cli_print_options(echo_cli_out *out, uint64_t taken) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option *o = &options[i];
        if ((taken & o->bit) == 0) continue;
        int width = (int)(18 - strlen(o->name));
        echo_cli_print(out, "  %s %-*s %s\n", o->name, width > 0 ? width : 0, o->value != NULL ? o->value : "",
                       o->help);
    }
}

void echo_cli_print_exits(echo_cli_out *out) {
#define XX(name, value, text) echo_cli_print(out, "  %d  %s\n", value, text);
    ECHO_CLI_EXIT_MAP(XX)
#undef XX
}

static void print_help(echo_cli *cli) {
    const echo_cli_command *command = cli->command;
    const char *folders = (command->options & ECHO_CLI_TWO) != 0          ? "DIR_A [DIR_B]"
                          : (command->options & ECHO_CLI_INVITATION) != 0 ? "DIR INVITATION"
                                                                          : "DIR";
    echo_cli_print(&cli->out, "Usage: echo-snapshot %s %s [options]\n\n%s\nOptions:\n", command->name, folders,
                   command->details);
    echo_cli_print_options(&cli->out, command->options);
    echo_cli_print(&cli->out, "\nExit codes:\n");
    echo_cli_print_exits(&cli->out);
}

/* The option an argument names; *value points behind its "=", or is NULL. */
static const option *find(const char *arg, const char **value) {
    size_t len = strcspn(arg, "=");
    *value = arg[len] == '=' ? arg + len + 1 : NULL;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, arg, len) == 0) return &options[i];
    return NULL;
}

/* Decimal, up to `most`. */
static bool read_number(uint64_t *out, const char *text, uint64_t most) {
    uint64_t value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > (most - (uint64_t)(*at - '0')) / 10) return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *out = value;
    return text[0] != '\0';
}

/* From 1 on. */
static int take_count(echo_cli *cli, const option *o, const char *value) {
    uint64_t count;
    if (!read_number(&count, value, UINT32_MAX) || count == 0)
        return echo_cli_misuse(cli, "%s needs a number from 1 to 4294967295, not '%s'", o->name, value);
    if (o->bit == ECHO_CLI_ONCE) cli->once = (uint32_t)count;
    if (o->bit == ECHO_CLI_ATTESTATIONS) cli->attestations = (uint32_t)count;
    if (o->bit == ECHO_CLI_SAMPLES) cli->samples = (uint32_t)count;
    return ECHO_CLI_EXIT_OK;
}

static int take_trust(echo_cli *cli, const char *value) {
    for (int level = ECHO_TRUST_RECEIVED; level <= ECHO_TRUST_REPLAYED; level++) {
        if (strcmp(echo_trust_name((echo_trust)level), value) != 0) continue;
        cli->trust = (echo_trust)level;
        return ECHO_CLI_EXIT_OK;
    }
    return echo_cli_misuse(cli, "--trust needs received, attested, sampled or replayed, not '%s'", value);
}

static int take_one_more(echo_cli *cli, const option *o, const char *value) {
    bool peer = o->bit == ECHO_CLI_PEER;
    size_t most = peer ? ECHO_CLI_PEERS_MAX : ECHO_CLI_ITEMS_MAX, *count = peer ? &cli->peer_count : &cli->item_count;
    if (*count == most) return echo_cli_misuse(cli, "%s can be given %zu times at most", o->name, most);
    (peer ? cli->peers : cli->items)[(*count)++] = value;
    return ECHO_CLI_EXIT_OK;
}

/* A snapshot's number. */
static int take_number(echo_cli *cli, uint64_t *out, const option *o, const char *value) {
    if (read_number(out, value, INT64_MAX) && *out > 0) return ECHO_CLI_EXIT_OK;
    return echo_cli_misuse(cli, "%s needs a number from 1 on, not '%s'", o->name, value);
}

static int take_value(echo_cli *cli, const option *o, const char *value) {
    uint64_t keep;
    if (o->bit == ECHO_CLI_NUMBER) return take_number(cli, &cli->number, o, value);
    if (o->bit == ECHO_CLI_A) return take_number(cli, &cli->number_a, o, value);
    if (o->bit == ECHO_CLI_B) return take_number(cli, &cli->number_b, o, value);
    if (o->bit == ECHO_CLI_LIMIT && !read_number(&cli->limit, value, INT64_MAX))
        return echo_cli_misuse(cli, "--limit needs a number from 0 on, not '%s'", value);
    if (o->bit == ECHO_CLI_PARTY && echo_key_parse(&cli->party, value) != ECHO_OK)
        return echo_cli_misuse(cli, "--party needs 64 hex digits, not '%s'", value);
    if (o->bit == ECHO_CLI_KEEP) {
        if (!read_number(&keep, value, UINT32_MAX))
            return echo_cli_misuse(cli, "--keep needs a number from 0 to 4294967295, not '%s'", value);
        cli->keep = (uint32_t)keep;
    }
    if (o->bit == ECHO_CLI_ADMIT && echo_key_parse(&cli->admit, value) != ECHO_OK)
        return echo_cli_misuse(cli, "--admit needs 64 hex digits, not '%s'", value);
    if ((o->bit & (ECHO_CLI_ONCE | ECHO_CLI_ATTESTATIONS | ECHO_CLI_SAMPLES)) != 0) return take_count(cli, o, value);
    if (o->bit == ECHO_CLI_TRUST) return take_trust(cli, value);
    if (value[0] == '\0' && o->bit != ECHO_CLI_PARENT) return echo_cli_misuse(cli, "%s needs a value", o->name);
    if ((o->bit & MANY) != 0) return take_one_more(cli, o, value);
    if (o->bit == ECHO_CLI_SIGNER) cli->signer = value;
    if (o->bit == ECHO_CLI_KEY) cli->key = value;
    if (o->bit == ECHO_CLI_LISTEN) cli->listen = value;
    if (o->bit == ECHO_CLI_TYPE) cli->type = value;
    if (o->bit == ECHO_CLI_MODEL) cli->model = value;
    if (o->bit == ECHO_CLI_PARENT) cli->parent = value;
    if (o->bit == ECHO_CLI_ID) cli->id = value;
    return ECHO_CLI_EXIT_OK;
}

/* Takes the option in argv[*at], and its value. */
static int take_option(echo_cli *cli, int argc, char **argv, int *at) {
    const char *value;
    const option *o = find(argv[*at], &value);
    if (o == NULL) return echo_cli_misuse(cli, "unknown option %s", argv[*at]);
    if ((cli->command->options & o->bit) == 0) return echo_cli_misuse(cli, "%s is no option of this command", o->name);
    if (o->value == NULL && value != NULL) return echo_cli_misuse(cli, "%s takes no value", o->name);
    if (o->value != NULL && (cli->given & o->bit & ~MANY) != 0)
        return echo_cli_misuse(cli, "%s is given twice", o->name);
    cli->given |= o->bit;
    if (o->value == NULL) return ECHO_CLI_EXIT_OK;
    if (value == NULL && *at + 1 == argc) return echo_cli_misuse(cli, "%s needs a value", o->name);
    return take_value(cli, o, value != NULL ? value : argv[++*at]);
}

static int take_word(echo_cli *cli, const char *word) {
    bool two = (cli->command->options & ECHO_CLI_TWO) != 0 && cli->dir_b == NULL;
    if (cli->dir != NULL && (cli->command->options & ECHO_CLI_INVITATION) != 0 && cli->invitation == NULL) {
        cli->invitation = word;
        return ECHO_CLI_EXIT_OK;
    }
    if (cli->dir != NULL && !two) return echo_cli_misuse(cli, "one argument too many: '%s'", word);
    if (word[0] == '\0') return echo_cli_misuse(cli, "DIR is empty");
    if (cli->dir != NULL)
        cli->dir_b = word;
    else
        cli->dir = word;
    return ECHO_CLI_EXIT_OK;
}

static int take_all(echo_cli *cli, int argc, char **argv) {
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        int code = ECHO_CLI_EXIT_OK;
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0')
            code = take_option(cli, argc, argv, &i);
        else
            code = take_word(cli, argv[i]);
        if (code != ECHO_CLI_EXIT_OK || echo_cli_has(cli, ECHO_CLI_HELP)) return code;
    }
    return cli->dir != NULL ? ECHO_CLI_EXIT_OK : echo_cli_misuse(cli, "DIR is missing");
}

bool echo_cli_args(echo_cli *cli, int argc, char **argv, int *code) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) /* known before the first thing that may be wrong */
        if (strcmp(argv[i], "--json") == 0) cli->json = true;
    *code = take_all(cli, argc, argv);
    cli->quiet = echo_cli_has(cli, ECHO_CLI_QUIET);
    if (*code == ECHO_CLI_EXIT_OK && echo_cli_has(cli, ECHO_CLI_HELP)) {
        print_help(cli);
        return false;
    }
    return *code == ECHO_CLI_EXIT_OK;
}
