#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/join_items.h"
#include "cli/join_print.h"
#include "cli/net/dial.h"
#include "cli/report.h"

#define FAILURES_MAX 3u /* in a row, after which the join is given up */
#define ROUNDS_MAX 8u
#define PATIENCE_MS 3000u /* to wait for the other peers, once the first is connected */
#define QUIET_TURNS 5u    /* without a byte, after which peers are assumed to have fetched what they lack */

/* ---- what the exchange reports ---- */

/* Printed as a note, unless the command ends with it. */
static void report_problem(echo_cli_join *j) {
    if (j->unreported) echo_cli_note(j->side.cli, &j->problem);
    j->unreported = false;
}

static void note_problem(echo_cli_join *j, const echo_error *problem) {
    report_problem(j);
    j->problem = *problem;
    j->has_problem = j->unreported = true;
}

/* Puts the peer's place before the message. */
static void note_peer(echo_cli_join *j, const echo_exchange_event *event) {
    echo_error what = *event->error;
    const char *place = event->peer != NULL ? echo_cli_net_place(j->side.net, event->peer) : "";
    if (place[0] != '\0')
        (void)snprintf(what.message, sizeof what.message, "%.80s: %.170s", place, event->error->message);
    note_problem(j, &what);
}

static void on_event(void *arg, const echo_exchange_event *event) {
    echo_cli_join *j = arg;
    echo_cli *cli = j->side.cli;
    switch (event->kind) {
    case ECHO_EXCHANGE_EVENT_CONNECTED: echo_cli_net_connected(j->side.net, event->peer); break;
    case ECHO_EXCHANGE_EVENT_DROPPED:
    case ECHO_EXCHANGE_EVENT_REFUSED: note_peer(j, event); break;
    case ECHO_EXCHANGE_EVENT_FAILED:
        j->failed = true;
        j->failures++;
        note_problem(j, event->error);
        break;
    case ECHO_EXCHANGE_EVENT_USABLE: j->usable = true; break;
    case ECHO_EXCHANGE_EVENT_UP_TO_DATE: j->up_to_date = true; break;
    default: break;
    }
    if (!cli->json || cli->quiet || event->error != NULL) return;
    if (event->kind == ECHO_EXCHANGE_EVENT_CONNECTED || event->kind == ECHO_EXCHANGE_EVENT_CLOSED) {
        const char *name = event->kind == ECHO_EXCHANGE_EVENT_CONNECTED ? "connected" : "closed";
        echo_cli_event(cli, name, echo_cli_net_place(j->side.net, event->peer), event->member, NULL);
        echo_cli_event_end(cli);
    } else if (event->kind == ECHO_EXCHANGE_EVENT_TARGET) {
        echo_cli_event(cli, "target", NULL, NULL, NULL);
        echo_cli_event_number(cli, "messages", event->messages);
        echo_cli_event_end(cli);
    }
}

static void on_ended(void *arg, const char *place, const echo_error *why) {
    echo_cli_join *j = arg;
    (void)place;
    if (why != NULL) note_problem(j, why);
}

/* ---- turns ---- */

static bool give_up(echo_cli_join *j, echo_status status, const echo_error *err) {
    echo_error what = err != NULL ? *err : (echo_error)ECHO_ERROR_INIT;
    if (what.code == ECHO_OK) what.code = status;
    j->problem = what;
    j->status = status;
    return false;
}

/* No peer is left to ask. */
static bool alone(echo_cli_join *j) {
    echo_error what = ECHO_ERROR_INIT;
    if (j->has_problem) {
        what = j->problem;
        return give_up(j, what.code, &what);
    }
    (void)snprintf(
        what.message, sizeof what.message,
        "all peers are gone before everything was received: what arrived is kept, repeat the command to continue");
    return give_up(j, ECHO_ERR_IO, &what);
}

/* Updates the party. It may now admit feeds it did not know before, so another round begins until one brings nothing.
 */
static bool settle(echo_cli_join *j) {
    echo_error err = ECHO_ERROR_INIT;
    bool news = j->state.blocks_received != j->blocks_before || j->state.installed != j->installed_before ||
                j->side.party == NULL;
    echo_cli_join_close_preview(j);
    if (news) {
        echo_status status = j->side.party == NULL ? echo_cli_side_party(&j->side, &j->options, &err)
                             : j->state.installed != j->installed_before
                                 ? echo_cli_side_switch(&j->side, &err)
                                 : echo_party_poll(NULL, j->side.party, 0, &err);
        if (status == ECHO_ERR_NOT_FOUND)
            (void)snprintf(err.message, sizeof err.message, "the peers have no data of this party");
        if (status != ECHO_OK) return give_up(j, status, &err);
    }
    if (!news || ++j->rounds >= ROUNDS_MAX) {
        j->done = true;
        return true;
    }
    j->up_to_date = false;
    j->blocks_before = j->state.blocks_received;
    j->installed_before = j->state.installed;
    echo_status status = echo_exchange_start(j->side.exchange, &err);
    return status == ECHO_OK ? true : give_up(j, status, &err);
}

/* Waits for all peers that are connecting, so that the best offer is chosen and all of them share the work. */
static bool start(echo_cli_join *j) {
    echo_error err = ECHO_ERROR_INIT;
    size_t waiting = echo_cli_net_waiting(j->side.net), count = echo_cli_net_count(j->side.net);
    if (count > waiting && j->met_ms == 0) j->met_ms = echo_cli_now_ms();
    if (waiting > 0 && (j->met_ms == 0 || echo_cli_now_ms() - j->met_ms < PATIENCE_MS)) return true;
    j->started = true;
    echo_status status = echo_exchange_start(j->side.exchange, &err);
    return status == ECHO_OK ? true : give_up(j, status, &err);
}

/* Gives peers time to fetch what was written locally. */
static bool linger(echo_cli_join *j) {
    if (!echo_timeframe_get(NULL, echo_party_clock(j->side.party), &j->side.keys.public_key)) return false;
    bool moved = j->state.bytes_received != j->bytes_then;
    j->bytes_then = j->state.bytes_received;
    j->quiet = moved ? 0 : j->quiet + 1;
    return j->quiet < QUIET_TURNS && echo_cli_net_count(j->side.net) > 0;
}

static bool turn(void *arg) {
    echo_cli_join *j = arg;
    echo_cli *cli = j->side.cli;
    if (!echo_cli_out_ok(&cli->out)) return give_up(j, ECHO_ERR_IO, NULL);
    echo_exchange_state_get(&j->state, j->side.exchange);
    if (j->done) return linger(j);
    echo_cli_join_print(j);
    echo_cli_join_items(j);
    if (j->up_to_date) return settle(j);
    if (echo_cli_net_count(j->side.net) == 0) return alone(j);
    if (!j->started) return start(j);
    if (j->failed && j->state.phase == ECHO_EXCHANGE_PHASE_IDLE) {
        echo_error err = j->problem;
        if (j->failures > FAILURES_MAX) return give_up(j, err.code, &err);
        j->failed = false;
        err = (echo_error)ECHO_ERROR_INIT;
        echo_status status = echo_exchange_start(j->side.exchange, &err);
        if (status != ECHO_OK) return give_up(j, status, &err);
    }
    report_problem(j);
    return true;
}

/* ---- from begin to end ---- */

static echo_status make_exchange(echo_cli_join *j, echo_error *err) {
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    echo_cli_side *side = &j->side;
    const echo_cli *cli = side->cli;
    options.party = &side->key;
    options.store = &side->store;
    options.feeds = &side->feeds;
    options.keys = &side->keys;
    options.opened = side->party;
    options.models = cli->cmd->models;
    options.members = j->invitation.members;
    options.member_count = j->invitation.member_count;
    options.trust = cli->cmd->trust;
    if (cli->cmd->attestations != 0) options.attestations = cli->cmd->attestations;
    if (cli->cmd->samples != 0) options.samples = cli->cmd->samples;
    options.event = on_event;
    options.event_arg = j;
    return echo_exchange_new(&side->exchange, &options, err);
}

static echo_status open_side(echo_cli_join *j, echo_error *err) {
    echo_cli_side *side = &j->side;
    side->key = j->invitation.party;
    echo_status status = echo_cli_side_feeds(side, false, false, err);
    if (status == ECHO_ERR_NOT_FOUND && side->cli->cmd->key != NULL)
        status = echo_cli_side_feeds(side, true, false, err);
    if (status == ECHO_OK) status = echo_cli_side_store(side, false, err);
    if (status == ECHO_OK) status = echo_cli_party_options(&j->options, side->cli, err);
    if (status == ECHO_OK) {
        status = echo_cli_side_party(side, &j->options, err);
        if (status == ECHO_ERR_NOT_FOUND) status = ECHO_OK; /* it is not joined yet */
        *err = (echo_error)ECHO_ERROR_INIT;
    }
    if (status == ECHO_OK) status = echo_cli_side_keys(side, err);
    return status;
}

static echo_status join(echo_cli_join *j, echo_error *err) {
    echo_cli_side *side = &j->side;
    const echo_cli *cli = side->cli;
    const echo_cli_net_hooks hooks = {j, turn, on_ended};
    echo_status status = open_side(j, err);
    if (status == ECHO_OK) status = make_exchange(j, err);
    if (status == ECHO_OK) status = echo_cli_net_open(&side->net, side->exchange, &hooks, err);
    for (size_t i = 0; status == ECHO_OK && i < cli->cmd->peer_count; i++)
        status = echo_cli_net_connect(side->net, cli->cmd->peers[i], err);
    if (status == ECHO_OK) status = echo_cli_net_run(side->net, err);
    if (status != ECHO_OK) return status;
    echo_cli_progress_clear(&side->cli->progress);
    if (j->status != ECHO_OK) *err = j->problem;
    if (j->status != ECHO_OK || !j->done) return j->status;
    report_problem(j);
    status = echo_cli_join_rest(j, err);
    echo_exchange_state_get(&j->state, side->exchange);
    echo_cli_join_summary(j);
    return status;
}

/* As a command ends that minds no signals, but with what was received stored. */
static int interrupted(echo_cli *cli, int number) {
    echo_error what = {.code = ECHO_ERR_PENDING,
                       .message = "interrupted: what was received is kept, and the same command goes on"};
    echo_cli_note(cli, &what);
    (void)echo_cli_finish(cli, ECHO_CLI_EXIT_OK);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    return 128 + number;
}

static int new_key(echo_cli *cli) {
    echo_keypair keys;
    echo_error err = ECHO_ERROR_INIT;
    echo_cli_side side = {.cli = cli};
    char *path = echo_cli_feeds_path(cli);
    echo_status status = path == NULL ? ECHO_ERR_NOMEM : echo_cli_side_feeds(&side, true, false, &err);
    if (status == ECHO_OK) {
        echo_error ignored = ECHO_ERROR_INIT;
        status = echo_cli_side_keys(&side, &ignored);
        if (status == ECHO_ERR_NOT_FOUND) {
            status = echo_keypair_new(&keys);
            if (status == ECHO_OK) status = echo_feed_create(path, &keys, &err);
        } else if (status == ECHO_OK || status == ECHO_ERR_INVALID) {
            err.code = status = ECHO_ERR_EXISTS;
            (void)snprintf(err.message, sizeof err.message, "the folder has a writable feed already");
            err.has_feed = true;
            err.feed = side.keys.public_key;
        } else {
            err = ignored;
        }
    }
    echo_cli_side_close(&side);
    free(path);
    if (status != ECHO_OK) return echo_cli_fail(cli, status, &err);
    if (cli->json) echo_cli_json_object(&cli->out, NULL);
    if (cli->json)
        echo_cli_json_hex(&cli->out, "key", keys.public_key.bytes);
    else
        echo_cli_print_hex(&cli->out, keys.public_key.bytes);
    if (cli->json)
        echo_cli_json_end(&cli->out);
    else
        echo_cli_print(&cli->out, "\n");
    memset(&keys, 0, sizeof keys);
    return ECHO_CLI_EXIT_OK;
}

static int check(echo_cli *cli) {
    if (echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write leaves nothing to do: what is received is written");
    if (echo_cli_has(cli, ECHO_CMD_NEW_KEY)) {
        uint64_t alone = ECHO_CMD_NEW_KEY | ECHO_CLI_JSON | ECHO_CLI_QUIET;
        if (cli->cmd->invitation != NULL || (cli->given & ~alone) != 0)
            return echo_cli_misuse(cli,
                                   "--new-key goes with DIR alone: use the invitation after a member admitted the key");
        return ECHO_CLI_EXIT_OK;
    }
    if (cli->cmd->invitation == NULL) return echo_cli_misuse(cli, "INVITATION is missing");
    if (cli->cmd->peer_count == 0) return echo_cli_misuse(cli, "--peer HOST:PORT is missing");
    if (cli->cmd->attestations != 0 && cli->cmd->trust < ECHO_TRUST_ATTESTED)
        return echo_cli_misuse(cli, "--attestations goes with --trust attested, sampled or replayed");
    if (cli->cmd->samples != 0 && cli->cmd->trust != ECHO_TRUST_SAMPLED)
        return echo_cli_misuse(cli, "--samples goes with --trust sampled");
    return ECHO_CLI_EXIT_OK;
}

static int run(echo_cli *cli) {
    static echo_cli_join j; /* zero; used once */
    echo_error err = ECHO_ERROR_INIT;
    int code = check(cli);
    if (code != ECHO_CLI_EXIT_OK) return code;
    if (echo_cli_has(cli, ECHO_CMD_NEW_KEY)) return new_key(cli);
    j.side.cli = cli;
    j.began_ms = j.rate_ms = echo_cli_now_ms();
    j.item_count = cli->cmd->item_count;
    memcpy(j.items, cli->cmd->items, sizeof j.items);
    echo_status status = echo_invitation_read(&j.invitation, cli->cmd->invitation, &err);
    if (status == ECHO_OK) status = join(&j, &err);
    int number = j.side.net != NULL && !j.done && status == ECHO_OK ? echo_cli_net_signal(j.side.net) : 0;
    echo_cli_join_close_preview(&j);
    echo_cli_side_close(&j.side);
    if (number != 0) return interrupted(cli, number);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_join = {
    "join", "joins a party with an invitation, or catches up",
    "Fetches the party that INVITATION (the line that `invite` prints) names from peers that `serve` it:\n"
    "the newest snapshot, which replaces the messages it covers, and the messages after it. If DIR has\n"
    "the party already, fetches only what is new. Checks every chunk and block before storing it. After\n"
    "an interruption, repeat the command: it keeps what was received and continues.\n\n"
    "A joiner proves to be a member with the key of its own feed, which a member must admit first:\n\n"
    "  joiner:  echo-snapshot join DIR --new-key                                prints KEY\n"
    "  member:  echo-snapshot invite DIR --admit KEY --signer FILE              prints INVITATION\n"
    "  member:  echo-snapshot serve DIR --listen HOST:PORT\n"
    "  joiner:  echo-snapshot join DIR INVITATION --peer HOST:PORT\n\n"
    "--trust is the check that a peer's snapshot must pass; each level includes the ones before it:\n"
    "  received   a member signed it\n"
    "  attested   --attestations K members computed the same state themselves\n"
    "  sampled    the feeds are fetched too, and --samples N random items equal their replay\n"
    "  replayed   all items equal their replay\n\n"
    "JSON: one object a line: {event: \"progress\", phase, items_here, items, chunks, chunks_kept,\n"
    "blocks, bytes, peers}, {event: \"connected\" | \"closed\", peer, member}, {event: \"target\",\n"
    "messages}, {event: \"item\", id, type, model, parent, properties, bytes, items_here, items}, and\n"
    "at the end {event: \"done\", ...} with what was received and the level of trust that was reached.\n"
    "With --quiet only \"item\" and \"done\". Notes about peers go to stderr, as in other commands.\n",
    ECHO_CMD_COMMON | ECHO_CMD_INVITATION | ECHO_CMD_PEER | ECHO_CMD_TRUST | ECHO_CMD_ATTESTATIONS | ECHO_CMD_SAMPLES |
        ECHO_CMD_ITEM | ECHO_CMD_KEY | ECHO_CMD_NEW_KEY,
    run};
