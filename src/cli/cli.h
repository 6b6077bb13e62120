/*
 * The echo-snapshot command inside: main.c dispatches, args.c reads options, each sub-command has a file, the rest is
 * what they share. Results go to stdout and nothing else does; errors, remarks and progress go to stderr. It stands on
 * the public headers alone.
 */
#ifndef ECHO_CLI_H
#define ECHO_CLI_H

#include <echo/echo.h>

#include "output.h"
#include "progress.h"

/* The exit codes: `--help` prints this table, echo_cli_exit_of() maps statuses to it. */
#define ECHO_CLI_EXIT_MAP(XX)                                                                                          \
    XX(OK, 0, "done")                                                                                                  \
    XX(FINDING, 1, "verify found a problem, or diff a difference")                                                     \
    XX(USAGE, 2, "wrong options or arguments, or several parties and none named")                                      \
    XX(ABSENT, 3, "not found: the folder, party, snapshot, item, or a block of a feed")                                \
    XX(DAMAGED, 4, "data is corrupt, wrongly signed, or of a version that is not supported")                           \
    XX(IO, 5, "input or output failed (standard output included), in use by another process, or not writable")         \
    XX(MEMORY, 6, "out of memory, or a limit was exceeded")

typedef enum echo_cli_exit {
#define XX(name, value, text) ECHO_CLI_EXIT_##name = value,
    ECHO_CLI_EXIT_MAP(XX)
#undef XX
} echo_cli_exit;

/* Options, as bits of what a sub-command takes. */
#define ECHO_CLI_HELP (1u << 0)
#define ECHO_CLI_JSON (1u << 1)
#define ECHO_CLI_QUIET (1u << 2)
#define ECHO_CLI_PARTY (1u << 3)
#define ECHO_CLI_NO_WRITE (1u << 4)
#define ECHO_CLI_NO_SNAPSHOT (1u << 5)
#define ECHO_CLI_EAGER (1u << 6)
#define ECHO_CLI_VERIFY_FULL (1u << 7)
#define ECHO_CLI_TYPE (1u << 8)
#define ECHO_CLI_MODEL (1u << 9)
#define ECHO_CLI_PARENT (1u << 10)
#define ECHO_CLI_ID (1u << 11)
#define ECHO_CLI_NUMBER (1u << 12)
#define ECHO_CLI_RECORDS (1u << 13)
#define ECHO_CLI_REPLAY (1u << 14)
#define ECHO_CLI_KEEP (1u << 15)
#define ECHO_CLI_DRY_RUN (1u << 16)
#define ECHO_CLI_A (1u << 17)
#define ECHO_CLI_B (1u << 18)
#define ECHO_CLI_LIMIT (1u << 19)
#define ECHO_CLI_TWO (1u << 20) /* no option: a second folder may be named */
#define ECHO_CLI_ADMIT (UINT64_C(1) << 21)
#define ECHO_CLI_SIGNER (UINT64_C(1) << 22)
#define ECHO_CLI_DIGEST (UINT64_C(1) << 23)
#define ECHO_CLI_LISTEN (UINT64_C(1) << 24)
#define ECHO_CLI_ONCE (UINT64_C(1) << 25)
#define ECHO_CLI_PEER (UINT64_C(1) << 26)
#define ECHO_CLI_TRUST (UINT64_C(1) << 27)
#define ECHO_CLI_ATTESTATIONS (UINT64_C(1) << 28)
#define ECHO_CLI_SAMPLES (UINT64_C(1) << 29)
#define ECHO_CLI_ITEM (UINT64_C(1) << 30)
#define ECHO_CLI_KEY (UINT64_C(1) << 31)
#define ECHO_CLI_NEW_KEY (UINT64_C(1) << 32)
#define ECHO_CLI_MEMBERS (UINT64_C(1) << 34)
#define ECHO_CLI_INVITATION (UINT64_C(1) << 33) /* no option: a word behind DIR */
#define ECHO_CLI_COMMON (ECHO_CLI_HELP | ECHO_CLI_JSON | ECHO_CLI_QUIET | ECHO_CLI_NO_WRITE)
#define ECHO_CLI_OPENING (ECHO_CLI_PARTY | ECHO_CLI_NO_SNAPSHOT | ECHO_CLI_EAGER | ECHO_CLI_VERIFY_FULL)

#define ECHO_CLI_REFUSED_MAX 32u
#define ECHO_CLI_PEERS_MAX 16u
#define ECHO_CLI_ITEMS_MAX 64u

typedef struct echo_cli echo_cli;

typedef struct echo_cli_command {
    const char *name;
    const char *summary;       /* one line for the list of commands */
    const char *details;       /* for its --help; ends with a newline */
    uint64_t options;          /* what it takes */
    int (*run)(echo_cli *cli); /* returns the exit code */
} echo_cli_command;

/* One call of the command: what was asked for, and what all of it uses. */
struct echo_cli {
    const echo_cli_command *command; /* NULL outside of sub-commands */
    const char *dir;
    const char *invitation; /* the word behind DIR, NULL: not given */
    const char *dir_b;      /* NULL: none named */
    uint64_t given;         /* options that were given */
    bool json, quiet;
    echo_key party;
    const char *type, *model, *parent, *id;
    uint64_t number; /* 0: none given */
    uint64_t number_a, number_b;
    uint64_t limit;
    uint32_t keep;
    echo_key admit;
    const char *signer, *key, *listen;
    const char *peers[ECHO_CLI_PEERS_MAX], *items[ECHO_CLI_ITEMS_MAX];
    size_t peer_count, item_count;
    echo_trust trust;
    uint32_t once, attestations, samples; /* 0: not given */

    echo_cli_out out; /* stdout */
    echo_cli_progress progress;
    echo_registry *models;
    echo_error refused[ECHO_CLI_REFUSED_MAX]; /* the first messages that were passed over while opening */
    size_t refused_count;
};

extern const echo_cli_command echo_cli_parties;
extern const echo_cli_command echo_cli_restore;
extern const echo_cli_command echo_cli_items;
extern const echo_cli_command echo_cli_snapshot;
extern const echo_cli_command echo_cli_list;
extern const echo_cli_command echo_cli_inspect;
extern const echo_cli_command echo_cli_verify;
extern const echo_cli_command echo_cli_diff;
extern const echo_cli_command echo_cli_gc;
extern const echo_cli_command echo_cli_pin;
extern const echo_cli_command echo_cli_unpin;
extern const echo_cli_command echo_cli_prune_advice;
extern const echo_cli_command echo_cli_invite;
extern const echo_cli_command echo_cli_serve;
extern const echo_cli_command echo_cli_join;

/* The benchmark reads its own options; argv[0] is the word "bench". Returns an exit code of the table. */
int echo_cli_bench(int argc, char **argv);

/* ---- args.c ---- */

/* Reads a sub-command's arguments (argv[0] is its name). false: *code is the exit code, told already. */
bool echo_cli_args(echo_cli *cli, int argc, char **argv, int *code);
/* The options a sub-command takes, and the exit codes, for --help. */
void echo_cli_print_options(echo_cli_out *out, uint64_t options);
void echo_cli_print_exits(echo_cli_out *out);
static inline bool echo_cli_has(const echo_cli *cli, uint64_t option) { return (cli->given & option) != 0; }

/* ---- report.c: everything on stderr ---- */

int echo_cli_exit_of(echo_status status);
/* Tells code, message, feed, seq, item and folder in one line; with --json {"error":{...}}. Of an err without a code,
 * status is told. */
int echo_cli_fail(echo_cli *cli, echo_status status, const echo_error *err);
/* A usage error, with a hint to --help. Returns ECHO_CLI_EXIT_USAGE. */
int echo_cli_misuse(echo_cli *cli, const char *format, ...) ECHO_PRINTF(2, 3);
/* The same shape as an error, for what was got around; with --json {"note":{...}}. Nothing with --quiet. */
void echo_cli_note(echo_cli *cli, const echo_error *what);
/* Flushes stdout; turns a success whose output did not go out into an error. */
int echo_cli_finish(echo_cli *cli, int code);

/* ---- folder.c: what a folder holds ---- */

/* --party, or the only party in the folder. */
echo_status echo_cli_find_party(echo_key *out, echo_cli *cli, echo_error *err) ECHO_MUST_USE;
/* The folder's snapshots.db, never made here. ECHO_ERR_NOT_FOUND when it has none. */
echo_status echo_cli_open_store(echo_store *out, echo_cli *cli, bool read_only, echo_error *err) ECHO_MUST_USE;
/* Options for opening the party as asked for, reading only. Makes the registry. */
echo_status echo_cli_options(echo_party_options *out, echo_cli *cli, echo_error *err) ECHO_MUST_USE;
echo_status echo_cli_restore_party(echo_party **out, echo_cli *cli, const echo_party_options *options,
                                   echo_error *err) ECHO_MUST_USE;
/* Remarks on what was found damaged at opening. */
void echo_cli_note_damage(echo_cli *cli, const echo_party *party);
/* Tells the progress line how far things are. */
uint64_t echo_cli_now_ms(void);
void echo_cli_tick(echo_cli *cli, const char *phase, uint64_t done, uint64_t total);

/* ---- describe.c: snapshots as JSON and text ---- */

/* The fields of a snapshot; with `whole` its timeframe, roots and the manifest too. */
void echo_cli_json_snapshot(echo_cli_out *out, const echo_snapshot_info *info, bool whole);
void echo_cli_print_snapshot(echo_cli_out *out, const echo_snapshot_info *info);

#endif
