#include <inttypes.h>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/report.h"

#define WAITING_MAX 32u

/* What is printed about a party that was opened. */
typedef struct opened {
    const echo_restore_report *report;
    echo_party_status status;
    echo_awaited waiting[WAITING_MAX];
    size_t waiting_count;
} opened;

/* ---- JSON ---- */

static echo_status json_clock(echo_cli *cli, const echo_party *party) {
    char *text = NULL;
    echo_status status = echo_timeframe_to_json(&text, echo_party_clock(party));
    if (status == ECHO_OK) echo_cli_json_raw(&cli->out, "timeframe", text);
    if (text != NULL) echo_timeframe_text_free(text);
    return status;
}

static void json_counts(echo_cli_out *out, const opened *o) {
    const echo_restore_report *r = o->report;
    if (r->snapshot != 0)
        echo_cli_json_number(out, "snapshot", r->snapshot);
    else
        echo_cli_json_raw(out, "snapshot", "null");
    echo_cli_json_number(out, "snapshot_items", r->snapshot_items);
    echo_cli_json_number(out, "messages_skipped", r->messages_skipped);
    echo_cli_json_number(out, "messages_read", r->messages_read);
    echo_cli_json_number(out, "messages_applied", r->messages_applied);
    echo_cli_json_number(out, "messages_refused", r->messages_refused);
    echo_cli_json_number(out, "items", o->status.items);
    echo_cli_json_number(out, "items_hydrated", r->items_hydrated);
    echo_cli_json_number(out, "chunks_read", r->chunks_read);
    echo_cli_json_number(out, "chunk_bytes_read", r->chunk_bytes_read);
    echo_cli_json_number(out, "feeds", o->status.feeds);
    echo_cli_json_number(out, "feeds_waiting", o->status.waiting);
    echo_cli_json_number(out, "feeds_stopped", o->status.stopped);
    echo_cli_json_number(out, "stale_models", r->stale_models);
    echo_cli_json_flag(out, "stale_kept", r->stale_kept);
    echo_cli_json_object(out, "ns");
    echo_cli_json_number(out, "open", r->ns_open);
    echo_cli_json_number(out, "feeds", r->ns_feeds);
    echo_cli_json_number(out, "tail", r->ns_tail);
    echo_cli_json_number(out, "hydrate", r->ns_hydrate);
    echo_cli_json_number(out, "total", r->ns_total);
    echo_cli_json_end(out);
}

static void json_lists(echo_cli *cli, const opened *o) {
    echo_cli_out *out = &cli->out;
    echo_cli_json_array(out, "waiting");
    for (size_t i = 0; i < o->waiting_count; i++) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_hex(out, "feed", o->waiting[i].feed.bytes);
        echo_cli_json_number(out, "seq", o->waiting[i].seq);
        echo_cli_json_hex(out, "awaited_feed", o->waiting[i].awaited_feed.bytes);
        echo_cli_json_number(out, "awaited_seq", o->waiting[i].awaited_seq);
        echo_cli_json_end(out);
    }
    echo_cli_json_end(out);
    echo_cli_json_array(out, "refused");
    for (size_t i = 0; i < cli->cmd->refused_count; i++) echo_cli_json_error(out, NULL, &cli->cmd->refused[i], NULL);
    echo_cli_json_end(out);
    echo_cli_json_array(out, "damage");
    for (size_t i = 0; i < o->report->damage_count; i++) echo_cli_json_error(out, NULL, &o->report->damage[i], NULL);
    echo_cli_json_end(out);
}

static echo_status show_json(echo_cli *cli, const echo_party *party, const opened *o) {
    echo_cli_json_object(&cli->out, NULL);
    echo_cli_json_hex(&cli->out, "party", echo_party_key(party)->bytes);
    json_counts(&cli->out, o);
    echo_status status = json_clock(cli, party);
    json_lists(cli, o);
    echo_cli_json_end(&cli->out);
    return status;
}

/* ---- text ---- */

static void text_problem(echo_cli_out *out, const char *kind, const echo_error *what) {
    echo_cli_print(out, "%-10s ", kind);
    echo_cli_print_error(out, what);
    echo_cli_print(out, "\n");
}

static void text_times(echo_cli_out *out, const echo_restore_report *r) {
    const struct {
        const char *name;
        uint64_t ns;
    } phases[] = {
        {"snapshot", r->ns_open}, {"feeds", r->ns_feeds}, {"messages", r->ns_tail}, {"states", r->ns_hydrate}};
    echo_cli_print(out, "%-10s ", "time");
    echo_cli_print_ns(out, r->ns_total);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        echo_cli_print(out, "%s%s ", i == 0 ? " = " : " + ", phases[i].name);
        echo_cli_print_ns(out, phases[i].ns);
    }
    echo_cli_print(out, " + rest\n");
}

static void text_waiting(echo_cli_out *out, const echo_awaited *a) {
    echo_cli_print(out, "%-10s feed ", "waiting");
    echo_cli_print_hex(out, a->feed.bytes);
    echo_cli_print(out, " at block %" PRIu64 " for block %" PRIu64 " of ", a->seq, a->awaited_seq);
    echo_cli_print_hex(out, a->awaited_feed.bytes);
    echo_cli_print(out, "\n");
}

static void show_text(echo_cli *cli, const echo_party *party, const opened *o) {
    echo_cli_out *out = &cli->out;
    const echo_restore_report *r = o->report;
    const echo_party_status *s = &o->status;
    echo_cli_print(out, "%-10s ", "party");
    echo_cli_print_hex(out, echo_party_key(party)->bytes);
    if (r->snapshot == 0)
        echo_cli_print(out, "\n%-10s none used\n", "snapshot");
    else
        echo_cli_print(out, "\n%-10s number %" PRIu64 ", %" PRIu64 " items\n", "snapshot", r->snapshot,
                       r->snapshot_items);
    echo_cli_print(out, "%-10s %" PRIu64 " skipped, %" PRIu64 " read, %" PRIu64 " applied, %" PRIu64 " refused\n",
                   "messages", r->messages_skipped, r->messages_read, r->messages_applied, r->messages_refused);
    echo_cli_print(out, "%-10s %" PRIu64 ", of which %" PRIu64 " made\n", "items", s->items, r->items_hydrated);
    echo_cli_print(out, "%-10s %" PRIu64 " read, ", "chunks", r->chunks_read);
    echo_cli_print_bytes(out, r->chunk_bytes_read);
    echo_cli_print(out, "\n%-10s %" PRIu64 ", %" PRIu64 " waiting, %" PRIu64 " stopped\n", "feeds", s->feeds,
                   s->waiting, s->stopped);
    if (r->stale_models > 0)
        echo_cli_print(out, "%-10s %" PRIu64 " models, items %s\n", "stale", r->stale_models,
                       r->stale_kept ? "kept as bytes" : "rebuilt");
    text_times(out, r);
    for (size_t i = 0; i < o->waiting_count; i++) text_waiting(out, &o->waiting[i]);
    for (size_t i = 0; i < cli->cmd->refused_count; i++) text_problem(out, "refused", &cli->cmd->refused[i]);
    for (size_t i = 0; i < r->damage_count; i++) text_problem(out, "damage", &r->damage[i]);
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options;
    echo_party *party = NULL;
    echo_status status = echo_cli_party_options(&options, cli, &err);
    if (status == ECHO_OK) status = echo_cli_restore_party(&party, cli, &options, &err);
    if (status == ECHO_OK) {
        opened o = {.report = echo_party_report(party)};
        echo_party_status_get(&o.status, party);
        size_t waiting = 0;
        status = echo_party_awaited(o.waiting, WAITING_MAX, &waiting, party);
        o.waiting_count = waiting < WAITING_MAX ? waiting : WAITING_MAX;
        if (status != ECHO_OK)
            err.code = status;
        else if (cli->json)
            status = show_json(cli, party, &o);
        else
            show_text(cli, party, &o);
    }
    echo_party_free(party);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_open = {
    "open", "opens a party and reports what that took",
    "Opens the party read-only, as an application would. Prints which snapshot was used, the number of\n"
    "messages that were skipped thanks to it, read, applied and refused, the bytes read, and the time\n"
    "of each phase. Damage that did not prevent opening (a snapshot that was passed over, a feed that\n"
    "cannot be read further) is part of the report and not an error. The first 32 waiting feeds and\n"
    "the first 32 refused messages are named.\n\n"
    "JSON: one object, with the fields of echo_restore_report, the timeframe, and the lists\n"
    "waiting, refused and damage.\n",
    ECHO_CMD_COMMON | ECHO_CMD_OPENING, run};
