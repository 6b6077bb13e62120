/*
 * Items, in ascending order of id. A table needs heads alone; JSON shows states, so its walk hands out items.
 *
 * The party is opened lazily, so a damaged chunk can be found at any time during this. The party is then opened once
 * more with everything checked, which falls back to an older snapshot or to replay: the same state at the same clock.
 * Printing continues after the last id printed.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/report.h"

typedef struct listing {
    echo_cli *cli;
    echo_party *party;
    echo_error problem;               /* why printing an item ended the walk */
    uint64_t done;                    /* items visited, for the progress line */
    bool mixed;                       /* what is printed would run into the progress line */
    char last[ECHO_ID_BYTES_MAX + 1]; /* id printed last */
    uint64_t printed, deleted;
    bool started; /* the heading is printed */
} listing;

static echo_status no_memory(echo_error *err) {
    err->code = ECHO_ERR_NOMEM;
    err->message[0] = '\0';
    return err->code;
}

/* ---- one item ---- */

static void print_row(listing *l, const echo_item_head *head) {
    echo_cli_out *out = &l->cli->out;
    const char *const cells[] = {head->id, head->type, head->model, head->parent};
    const size_t widths[] = {64, 20, 20, 1};
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) echo_cli_print(out, "  ");
        echo_cli_print_text(out, cells[i], widths[i]);
    }
    echo_cli_print(out, "%s\n", head->deleted ? "  deleted" : "");
}

static echo_status print_json(listing *l, const echo_item *item, const echo_item_head *head, echo_error *err) {
    echo_cli_out *out = &l->cli->out;
    cJSON *view;
    echo_status status = echo_item_view(&view, item, err);
    if (status != ECHO_OK) return status;
    echo_cli_json_list(out);
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "id", head->id);
    echo_cli_json_string(out, "type", head->type);
    echo_cli_json_string(out, "model", head->model);
    echo_cli_json_string(out, "parent", head->parent);
    bool whole = echo_cli_json_value(out, "properties", view);
    if (head->deleted) echo_cli_json_flag(out, "deleted", true);
    echo_cli_json_end(out);
    cJSON_Delete(view);
    if (whole) return ECHO_OK;
    (void)snprintf(err->message, sizeof err->message, "the properties of an item are nested too deeply to be printed");
    return err->code = ECHO_ERR_LIMIT;
}

static void printed(listing *l, const echo_item_head *head) {
    (void)snprintf(l->last, sizeof l->last, "%s", head->id);
    l->printed++;
    l->deleted += head->deleted;
}

static echo_status print_item(listing *l, const char *id, echo_error *err) {
    echo_item *item;
    echo_item_head head;
    echo_status status = echo_item_get(&item, l->party, id, err);
    if (status != ECHO_OK) return status;
    echo_item_head_get(&head, item);
    if (l->cli->json)
        status = print_json(l, item, &head, err);
    else
        print_row(l, &head);
    if (status == ECHO_OK) printed(l, &head);
    return status;
}

/* ---- the walk ---- */

static bool was_printed(const listing *l, const char *id) { return l->printed > 0 && strcmp(id, l->last) <= 0; }

static echo_status visit_head(void *arg, const echo_item_head *head) {
    listing *l = arg;
    if (was_printed(l, head->id)) return ECHO_OK;
    print_row(l, head);
    printed(l, head);
    return echo_cli_out_ok(&l->cli->out) ? ECHO_OK : ECHO_ERR_IO; /* echo_cli_finish() reports it */
}

static echo_status visit_item(void *arg, const echo_item *item) {
    listing *l = arg;
    echo_item_head head;
    echo_item_head_get(&head, item);
    if (was_printed(l, head.id)) return ECHO_OK;
    echo_status status = print_json(l, item, &head, &l->problem);
    if (status != ECHO_OK) return status;
    printed(l, &head);
    if (++l->done % 256 == 0 && !l->mixed) echo_cli_tick(l->cli, "items", l->done, 0);
    return echo_cli_out_ok(&l->cli->out) ? ECHO_OK : ECHO_ERR_IO;
}

static echo_status print_all(listing *l, echo_error *err) {
    echo_cli *cli = l->cli;
    if (cli->cmd->id != NULL) return print_item(l, cli->cmd->id, err);
    echo_query query = {cli->cmd->type, cli->cmd->model, cli->cmd->parent, true};
    /* a code that a visitor returned has no message of the party's */
    if (!cli->json) return echo_party_each_head(l->party, &query, visit_head, l, err);
    l->mixed = isatty(STDOUT_FILENO) == 1;
    echo_status status = echo_party_each(l->party, &query, visit_item, l, err);
    if (l->problem.code != ECHO_OK) *err = l->problem;
    return status;
}

/* Text for people has a heading and a last line. */
static bool has_frame(const echo_cli *cli) { return !cli->json && cli->cmd->id == NULL && !cli->quiet; }

static void print_start(listing *l) {
    if (!l->started && has_frame(l->cli))
        print_row(l, &(echo_item_head){.id = "ID", .type = "TYPE", .model = "MODEL", .parent = "PARENT"});
    l->started = true;
}

static void print_end(listing *l) {
    echo_cli_out *out = &l->cli->out;
    if (l->cli->json) {
        echo_cli_json_list(out);
        echo_cli_json_end(out);
    } else if (has_frame(l->cli)) {
        echo_cli_print(out, "%" PRIu64 " items, %" PRIu64 " of them deleted\n", l->printed, l->deleted);
    }
}

/* ---- opening, and once more ---- */

static echo_status print_from_party(listing *l, const echo_party_options *options, bool *by_snapshot, echo_error *err) {
    *by_snapshot = false;
    echo_status status = echo_cli_restore_party(&l->party, l->cli, options, err);
    if (status != ECHO_OK) return status;
    *by_snapshot = echo_party_report(l->party)->snapshot != 0;
    echo_cli_note_damage(l->cli, l->party);
    print_start(l);
    status = print_all(l, err);
    echo_cli_progress_clear(&l->cli->progress);
    echo_party_free(l->party);
    l->party = NULL;
    return status;
}

static echo_status print_items(listing *l, echo_error *err) {
    echo_party_options options;
    bool by_snapshot;
    echo_status status = echo_cli_party_options(&options, l->cli, err);
    if (status != ECHO_OK) return status;
    status = print_from_party(l, &options, &by_snapshot, err);
    if (status != ECHO_ERR_CORRUPT || !by_snapshot || options.verify == ECHO_VERIFY_FULL) return status;
    echo_cli_note(l->cli, err);
    echo_error again = {.code = ECHO_ERR_CORRUPT,
                        .message = "the snapshot is damaged: opening once more, with every chunk checked"};
    echo_cli_note(l->cli, &again);
    *err = (echo_error)ECHO_ERROR_INIT;
    options.verify = ECHO_VERIFY_FULL;
    return print_from_party(l, &options, &by_snapshot, err);
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    listing *l = calloc(1, sizeof *l);
    if (l == NULL) return echo_cli_fail(cli, no_memory(&err), &err);
    if (cli->cmd->id != NULL && (cli->cmd->type != NULL || cli->cmd->model != NULL || cli->cmd->parent != NULL)) {
        free(l);
        return echo_cli_misuse(cli, "--id names one item: it excludes --type, --model and --parent");
    }
    l->cli = cli;
    echo_status status = print_items(l, &err);
    if (status == ECHO_OK) print_end(l);
    free(l);
    if (status == ECHO_OK || !echo_cli_out_ok(&cli->out))
        return ECHO_CLI_EXIT_OK; /* output that failed is reported by echo_cli_finish() */
    return echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_items = {
    "items", "lists the items of a party",
    "Prints the items in ascending order of id, including deleted ones. When a part of the snapshot\n"
    "is found to be damaged, prints a note on stderr and opens the party once more with every chunk\n"
    "checked, which falls back to an older snapshot or to the feeds.\n\n"
    "JSON: an array of {id, type, model, parent, properties}; deleted items also have deleted: true.\n"
    "type and parent are null when the item has none, properties is null when this command does not\n"
    "have the item's model. Without --json: a table.\n",
    ECHO_CMD_COMMON | ECHO_CMD_OPENING | ECHO_CMD_TYPE | ECHO_CMD_MODEL | ECHO_CMD_PARENT | ECHO_CMD_ID, run};
