/*
 * Compares two snapshots. Prints each differing item when it is found, and a summary at the end.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/report.h"

#define SHOWN_ITEMS 50u
#define SHOWN_BYTES 80u /* of a value */

typedef struct differing {
    echo_cli *cli;
    uint64_t shown;
    bool begun; /* the JSON */
} differing;

/* A value, shortened where a character begins. */
static const char *shorten(char out[SHOWN_BYTES + 4], echo_bytes value) {
    size_t len = value.len;
    if (value.data == NULL) return NULL;
    if (len > SHOWN_BYTES)
        for (len = SHOWN_BYTES; len > 0 && (value.data[len] & 0xc0) == 0x80;) len--;
    memcpy(out, value.data, len);
    memcpy(out + len, len < value.len ? "..." : "", len < value.len ? 4 : 1);
    return out;
}

/* ---- JSON ---- */

static void begin_json(differing *d) {
    if (d->begun) return;
    d->begun = true;
    echo_cli_json_object(&d->cli->out, NULL);
    echo_cli_json_array(&d->cli->out, "items");
}

static void json_message(echo_cli_out *out, const char *key, bool known, const echo_message_at *at) {
    if (!known) {
        echo_cli_json_raw(out, key, "null");
        return;
    }
    echo_cli_json_object(out, key);
    echo_cli_json_hex(out, "feed", at->feed.bytes);
    echo_cli_json_number(out, "seq", at->seq);
    echo_cli_json_number(out, "time", at->time);
    echo_cli_json_end(out);
}

static void json_part(echo_cli_out *out, const echo_difference_part *part) {
    char a[SHOWN_BYTES + 4], b[SHOWN_BYTES + 4];
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "kind", echo_difference_kind_name(part->kind));
    echo_cli_json_string(out, "name", part->name);
    echo_cli_json_string(out, "a", shorten(a, part->a));
    echo_cli_json_string(out, "b", shorten(b, part->b));
    echo_cli_json_string(out, "verdict", echo_verdict_name(part->verdict));
    json_message(out, "first", part->known, &part->first);
    echo_cli_json_end(out);
}

static void json_item(differing *d, const echo_difference *item) {
    echo_cli_out *out = &d->cli->out;
    begin_json(d);
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "id", item->id);
    echo_cli_json_string(out, "type", item->type);
    echo_cli_json_string(out, "only", item->a.data == NULL ? "b" : item->b.data == NULL ? "a" : NULL);
    echo_cli_json_string(out, "verdict", echo_verdict_name(item->verdict));
    json_message(out, "first", item->known, &item->first);
    echo_cli_json_array(out, "parts");
    for (size_t i = 0; i < item->parts_count; i++) json_part(out, &item->parts[i]);
    echo_cli_json_end(out);
    echo_cli_json_end(out);
}

static void json_side(echo_cli_out *out, const char *key, uint64_t number, const echo_hash *digest) {
    echo_cli_json_object(out, key);
    echo_cli_json_number(out, "number", number);
    echo_cli_json_hex(out, "digest", digest->bytes);
    echo_cli_json_end(out);
}

static void json_summary(differing *d, const echo_difference_report *r) {
    echo_cli_out *out = &d->cli->out;
    begin_json(d);
    echo_cli_json_end(out);
    json_side(out, "a", r->number_a, &r->digest_a);
    json_side(out, "b", r->number_b, &r->digest_b);
    echo_cli_json_flag(out, "same_digest", r->same_digest);
    echo_cli_json_flag(out, "same_timeframe", r->same_timeframe);
    echo_cli_json_flag(out, "same_credentials", r->same_credentials);
    echo_cli_json_number(out, "differing", r->items);
    echo_cli_json_number(out, "covered", r->covered);
    echo_cli_json_number(out, "unknown", r->unknown);
    echo_cli_json_number(out, "diverged", r->diverged);
    json_message(out, "first", r->known, &r->first);
    json_message(out, "diverged_first", r->diverged_known, &r->diverged_first);
    echo_cli_json_number(out, "chunks_read", r->chunks_read);
    echo_cli_json_end(out);
}

/* ---- text ---- */

static void print_message(echo_cli_out *out, const char *before, bool known, const echo_message_at *at) {
    echo_cli_print(out, "%s", before);
    if (!known) {
        echo_cli_print(out, "an unknown message");
        return;
    }
    echo_cli_print(out, "block %" PRIu64 " of feed ", at->seq);
    echo_cli_print_hex(out, at->feed.bytes);
}

static void text_part(echo_cli_out *out, const echo_difference_part *part) {
    char a[SHOWN_BYTES + 4], b[SHOWN_BYTES + 4];
    echo_cli_print(out, "    %-8s ", echo_difference_kind_name(part->kind));
    echo_cli_print_text(out, part->name, 12);
    echo_cli_print(out, "  ");
    echo_cli_print_text(out, shorten(a, part->a), 0);
    echo_cli_print(out, " | ");
    echo_cli_print_text(out, shorten(b, part->b), 0);
    print_message(out, "  from ", part->known, &part->first);
    echo_cli_print(out, "\n");
}

static void text_item(echo_cli_out *out, const echo_difference *item) {
    echo_cli_print(out, "item ");
    echo_cli_print_text(out, item->id, 0);
    echo_cli_print(out, "  type ");
    echo_cli_print_text(out, item->type, 0);
    echo_cli_print(out, "  %s%s\n", echo_verdict_name(item->verdict),
                   item->a.data == NULL   ? ", only in b"
                   : item->b.data == NULL ? ", only in a"
                                          : "");
    for (size_t i = 0; i < item->parts_count; i++) text_part(out, &item->parts[i]);
}

static void text_summary(echo_cli_out *out, const echo_difference_report *r, uint64_t shown) {
    if (shown < r->items) echo_cli_print(out, "... and %" PRIu64 " more items\n", r->items - shown);
    echo_cli_print(out, "%-12s %" PRIu64 ", digest ", "a", r->number_a);
    echo_cli_print_hex(out, r->digest_a.bytes);
    echo_cli_print(out, "\n%-12s %" PRIu64 ", digest ", "b", r->number_b);
    echo_cli_print_hex(out, r->digest_b.bytes);
    echo_cli_print(out, "\n%-12s %s\n%-12s %s\n%-12s %s\n", "digests", r->same_digest ? "equal" : "differ",
                   "timeframes", r->same_timeframe ? "equal" : "differ", "credentials",
                   r->same_credentials ? "equal" : "differ");
    echo_cli_print(out, "%-12s %" PRIu64 " differ", "items", r->items);
    if (r->items > 0)
        echo_cli_print(
            out, ": %" PRIu64 " by messages that one side alone covers, %" PRIu64 " diverged, %" PRIu64 " unknown",
            r->covered, r->diverged, r->unknown);
    echo_cli_print(out, "\n");
    if (r->items > 0) {
        echo_cli_print(out, "%-12s ", "parting");
        print_message(out, "from ", r->known, &r->first);
        echo_cli_print(out, "\n");
    }
    if (r->diverged > 0) {
        echo_cli_print(out, "%-12s ", "divergence");
        print_message(out, "from ", r->diverged_known, &r->diverged_first);
        echo_cli_print(out, "\n");
    }
    echo_cli_print(out, "%-12s %" PRIu64 " read\n", "chunks", r->chunks_read);
}

/* ---- running ---- */

static echo_status show(void *arg, const echo_difference *item) {
    differing *d = arg;
    uint64_t limit = echo_cli_has(d->cli, ECHO_CMD_LIMIT) ? d->cli->cmd->limit : SHOWN_ITEMS;
    if (limit > 0 && d->shown >= limit) return ECHO_OK;
    d->shown++;
    if (d->cli->json)
        json_item(d, item);
    else
        text_item(&d->cli->out, item);
    return echo_cli_out_ok(&d->cli->out) ? ECHO_OK : ECHO_ERR_IO;
}

/* An error about the second folder names that folder. */
static echo_status open_second(echo_store *out, echo_cli *cli, echo_error *err) {
    const char *first = cli->dir;
    cli->dir = cli->cmd->dir_b;
    echo_status status = echo_cli_open_store(out, cli, true, err);
    if (status == ECHO_OK) cli->dir = first;
    return status;
}

static echo_status compare(echo_difference_report *report, differing *d, echo_error *err) {
    echo_cli *cli = d->cli;
    echo_key party;
    echo_store a = {NULL, NULL}, b = {NULL, NULL};
    echo_status status = echo_cli_find_party(&party, cli, err);
    if (status == ECHO_OK) status = echo_cli_open_store(&a, cli, true, err);
    if (status == ECHO_OK && cli->cmd->dir_b != NULL) status = open_second(&b, cli, err);
    if (status == ECHO_OK)
        status = echo_snapshot_compare(report, &a, cli->cmd->number_a, cli->cmd->dir_b != NULL ? &b : &a,
                                       cli->cmd->number_b, &party, show, d, err);
    echo_store_close(&b);
    echo_store_close(&a);
    return status;
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    echo_difference_report report;
    differing d = {cli, 0, false};
    if (cli->cmd->dir_b == NULL && !echo_cli_has(cli, ECHO_CMD_A) && !echo_cli_has(cli, ECHO_CMD_B))
        return echo_cli_misuse(cli,
                               "with one folder, --a or --b must name the snapshot that is compared with the newest");
    echo_status status = compare(&report, &d, &err);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json)
        json_summary(&d, &report);
    else
        text_summary(&cli->out, &report, d.shown);
    return report.same_digest ? ECHO_CLI_EXIT_OK : ECHO_CLI_EXIT_FINDING;
}

const echo_cmd_command echo_cmd_diff = {
    "diff", "compares two snapshots and names the message after which they differ",
    "Compares the newest snapshots of two folders, or the snapshots --a and --b; with one folder, two\n"
    "snapshots of it. Reads only the chunks that differ. Prints each item that differs, with both\n"
    "values (shortened) and the first message whose effect differs. The verdicts: \"covered\": the\n"
    "difference comes from messages that only one snapshot covers; \"diverged\": both cover the same\n"
    "messages and their states differ; \"unknown\": the cause cannot be determined, because the item's\n"
    "model keeps no stamps. The exit code is 1 when the snapshots differ.\n\n"
    "JSON: {items, a, b, same_digest, same_timeframe, same_credentials, differing, covered,\n"
    "unknown, diverged, first, diverged_first, chunks_read}; items is an array of {id, type, only,\n"
    "verdict, first, parts}, parts of {kind, name, a, b, verdict, first}; first is {feed, seq,\n"
    "time} or null. Values are JSON texts, cut after 80 bytes.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_A | ECHO_CMD_B | ECHO_CMD_LIMIT | ECHO_CMD_TWO, run};
