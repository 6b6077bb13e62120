#include <string.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/net/dial.h"
#include "cli/net/peers.h"
#include "cli/report.h"

typedef struct serving {
    echo_cli_side side;
    echo_party_options options;
    uint64_t connections; /* those that ended */
    uint64_t snapshot;    /* reported last */
    uint64_t blocks;
    bool look;    /* a peer connected: it may have what we lack */
    bool reopen;  /* a snapshot of a peer was installed */
    bool failing; /* it was reported that the party cannot be polled */
    echo_status status;
    echo_error err;
} serving;

static void on_event(void *arg, const echo_exchange_event *event) {
    serving *s = arg;
    echo_cli *cli = s->side.cli;
    const char *place = event->peer != NULL ? echo_cli_net_place(s->side.net, event->peer) : NULL;
    switch (event->kind) {
    case ECHO_EXCHANGE_EVENT_CONNECTED:
        echo_cli_net_connected(s->side.net, event->peer);
        s->look = true;
        echo_cli_event(cli, "connected", place, event->member, NULL);
        break;
    case ECHO_EXCHANGE_EVENT_DROPPED: echo_cli_event(cli, "dropped", place, event->member, event->error); break;
    case ECHO_EXCHANGE_EVENT_REFUSED: echo_cli_event(cli, "refused", place, event->member, event->error); break;
    case ECHO_EXCHANGE_EVENT_FAILED: echo_cli_event(cli, "failed", NULL, NULL, event->error); break;
    case ECHO_EXCHANGE_EVENT_INSTALLED:
        s->reopen = true;
        echo_cli_event(cli, "installed", NULL, NULL, NULL);
        echo_cli_event_number(cli, "number", event->number);
        break;
    default: return;
    }
    echo_cli_event_end(cli);
}

/* The line names the place already, so it is removed from the message. */
static void on_ended(void *arg, const char *place, const echo_error *why) {
    serving *s = arg;
    echo_error what = ECHO_ERROR_INIT;
    size_t len = strlen(place);
    if (why != NULL) what = *why;
    if (strncmp(what.message, place, len) == 0 && strncmp(what.message + len, ": ", 2) == 0)
        memmove(what.message, what.message + len + 2, strlen(what.message + len + 2) + 1);
    s->connections++;
    echo_cli_event(s->side.cli, "ended", place, NULL, why != NULL ? &what : NULL);
    echo_cli_event_end(s->side.cli);
}

static bool give_up(serving *s, echo_status status) {
    s->status = status;
    return false;
}

static void report_snapshots(serving *s) {
    echo_party_status status;
    echo_party_status_get(&status, s->side.party);
    if (status.snapshot == s->snapshot) return;
    s->snapshot = status.snapshot;
    echo_cli_event(s->side.cli, "snapshot", NULL, NULL, NULL);
    echo_cli_event_number(s->side.cli, "number", status.snapshot);
    echo_cli_event_number(s->side.cli, "items", status.items);
    echo_cli_event_end(s->side.cli);
}

/* A message that cannot be applied is reported once, and tried again each time. */
static bool poll_party(serving *s) {
    uint64_t applied = 0;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo_party_poll(&applied, s->side.party, 1000, &err);
    if (status == ECHO_ERR_NOMEM) {
        s->err = err;
        return give_up(s, status);
    }
    if (status != ECHO_OK && !s->failing) echo_cli_note(s->side.cli, &err);
    s->failing = status != ECHO_OK;
    if (applied > 0) {
        echo_cli_event(s->side.cli, "applied", NULL, NULL, NULL);
        echo_cli_event_number(s->side.cli, "messages", applied);
        echo_cli_event_end(s->side.cli);
    }
    report_snapshots(s);
    return true;
}

static bool fetch(serving *s) {
    echo_exchange_state state;
    if (s->look && !echo_cli_has(s->side.cli, ECHO_CMD_NO_WRITE)) {
        s->look = false;
        echo_status status = echo_exchange_start(s->side.exchange, &s->err);
        if (status != ECHO_OK) return give_up(s, status);
    }
    echo_exchange_state_get(&state, s->side.exchange);
    if (state.phase != ECHO_EXCHANGE_PHASE_IDLE) return true;
    if (state.blocks_received > s->blocks) {
        echo_cli_event(s->side.cli, "fetched", NULL, NULL, NULL);
        echo_cli_event_number(s->side.cli, "blocks", state.blocks_received - s->blocks);
        echo_cli_event_end(s->side.cli);
        s->blocks = state.blocks_received;
    }
    if (!s->reopen) return true;
    s->reopen = false;
    echo_status status = echo_cli_side_switch(&s->side, &s->err);
    return status == ECHO_OK ? true : give_up(s, status);
}

static bool turn(void *arg) {
    serving *s = arg;
    echo_cli *cli = s->side.cli;
    if (!echo_cli_out_ok(&cli->out) || !fetch(s) || !poll_party(s)) return false;
    return cli->cmd->once == 0 || s->connections < cli->cmd->once;
}

static echo_status make_exchange(serving *s, echo_error *err) {
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_cli_side *side = &s->side;
    options.party = &side->key;
    options.store = &side->store;
    options.feeds = &side->feeds;
    options.keys = &side->keys;
    options.opened = side->party;
    options.models = side->cli->cmd->models;
    options.event = on_event;
    options.event_arg = s;
    return echo_exchange_new(&side->exchange, &options, err);
}

static void report_listening(serving *s, const char *bound) {
    echo_cli *cli = s->side.cli;
    echo_cli_event(cli, "listening", bound, &s->side.keys.public_key, NULL);
    if (cli->json) {
        echo_cli_json_hex(&cli->out, "party", s->side.key.bytes);
    } else {
        echo_cli_print(&cli->out, " party ");
        echo_cli_print_hex(&cli->out, s->side.key.bytes);
    }
    echo_cli_event_end(cli);
}

static echo_status serve(serving *s, echo_error *err) {
    echo_cli_side *side = &s->side;
    echo_cli *cli = side->cli;
    char bound[ECHO_CLI_PLACE_CHARS];
    bool no_write = echo_cli_has(cli, ECHO_CMD_NO_WRITE);
    const echo_cli_net_hooks hooks = {s, turn, on_ended};
    echo_status status = echo_cli_find_party(&side->key, cli, err);
    if (status == ECHO_OK) status = echo_cli_side_feeds(side, false, no_write, err);
    if (status == ECHO_OK) status = echo_cli_party_options(&s->options, cli, err);
    if (status == ECHO_OK && !no_write) {
        s->options.writable = true;
        s->options.policy = NULL; /* the library's own: snapshots are taken when they are due */
    }
    if (status == ECHO_OK) status = echo_cli_side_party(side, &s->options, err);
    if (status == ECHO_OK) echo_cli_note_damage(cli, side->party);
    if (status == ECHO_OK) status = echo_cli_side_keys(side, err);
    if (status == ECHO_OK) status = echo_cli_side_store(side, no_write, err);
    if (status == ECHO_OK) status = make_exchange(s, err);
    if (status == ECHO_OK) status = echo_cli_net_open(&side->net, side->exchange, &hooks, err);
    if (status == ECHO_OK)
        status =
            echo_cli_net_listen(side->net, cli->cmd->listen != NULL ? cli->cmd->listen : "127.0.0.1:0", bound, err);
    if (status != ECHO_OK) return status;
    report_listening(s, bound);
    report_snapshots(s);
    status = echo_cli_net_run(side->net, err);
    if (status == ECHO_OK && s->status != ECHO_OK) {
        *err = s->err;
        status = s->status;
    }
    return status;
}

static void report_end(serving *s) {
    echo_exchange_state state;
    echo_exchange_state_get(&state, s->side.exchange);
    echo_cli_event(s->side.cli, "end", NULL, NULL, NULL);
    echo_cli_event_number(s->side.cli, "connections", s->connections);
    echo_cli_event_number(s->side.cli, "received", state.bytes_received);
    echo_cli_event_number(s->side.cli, "sent", state.bytes_sent);
    echo_cli_event_end(s->side.cli);
}

static int run(echo_cli *cli) {
    echo_error err = ECHO_ERROR_INIT;
    serving s = {.side = {.cli = cli}, .status = ECHO_OK, .err = ECHO_ERROR_INIT};
    echo_status status = serve(&s, &err);
    if (status == ECHO_OK) report_end(&s);
    echo_cli_side_close(&s.side);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_serve = {
    "serve", "serves the party to members who join or catch up, over TCP",
    "Opens the party and waits for members who join or catch up. They get the newest snapshot, chunk by\n"
    "chunk, and the blocks after it; blocks that they have and DIR lacks are fetched from them. Takes\n"
    "snapshots when they are due, and serves blocks that other processes append. Proves to be a member\n"
    "with the own feed's key or with that of --key (a file of 128 hex digits), and closes connections\n"
    "from non-members. With --no-write it fetches nothing and takes no snapshots. Closes its\n"
    "connections and ends on SIGINT, on SIGTERM, or after --once N.\n\n"
    "Prints a line for each event: listening, connected, dropped (a peer that sent wrong data, stalled\n"
    "or is not a member), refused (one side did not accept what the other offered), ended (a\n"
    "connection), applied (messages), snapshot, fetched, installed, failed, end.\n\n"
    "JSON: one object a line, {event, peer, member, error, ...}, with the event's numbers; fields that\n"
    "are unknown are left out. In `listening`, peer is the address it listens at, and party the key.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_KEY | ECHO_CMD_LISTEN | ECHO_CMD_ONCE, run};
