#include <sodium.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/find_party.h"
#include "cli/folder.h"
#include "cli/net/peers.h"
#include "cli/report.h"

static echo_status refuse(echo_error *err, const char *what) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = ECHO_ERR_REFUSED;
    (void)snprintf(err->message, sizeof err->message, "%s", what);
    return err->code;
}

/*
 * Whether the party admitted the feed shows only in its number of feeds, which counts feeds that are present locally.
 * So an empty feed is made first, as the exchange does before it fetches one.
 */
static echo_status admit(echo_cli_side *side, echo_error *err) {
    echo_keypair signer;
    echo_party_status before, after;
    echo_error ignored = ECHO_ERROR_INIT;
    const echo_key *feed = &side->cli->cmd->admit;
    echo_status status = echo_cli_read_key(&signer, side->cli->cmd->signer, err);
    if (status != ECHO_OK) return status;
    bool fresh = echo_feeds_add(&side->feeds, feed, &ignored) == ECHO_OK;
    status = echo_party_poll(NULL, side->party, 0, err);
    echo_party_status_get(&before, side->party);
    if (status == ECHO_OK) status = echo_party_admit_feed(side->party, feed, &signer, err);
    if (status == ECHO_OK) status = echo_party_poll(NULL, side->party, 0, err);
    echo_party_status_get(&after, side->party);
    sodium_memzero(&signer, sizeof signer);
    if (status == ECHO_OK && fresh && after.feeds == before.feeds)
        status =
            refuse(err, "the credential was written but admits nothing: the party does not trust the signer's key");
    return status;
}

/* Feeds that have messages are members' feeds. */
static void add_members(echo_invitation *out, const echo_cli_side *side) {
    const echo_timeframe *clock = echo_party_clock(side->party);
    echo_frame frame;
    for (size_t i = 0; out->member_count < ECHO_INVITATION_MEMBERS_MAX && echo_timeframe_at(&frame, clock, i); i++)
        if (memcmp(&frame.feed, &out->members[0], sizeof frame.feed) != 0)
            out->members[out->member_count++] = frame.feed;
}

static echo_status make(echo_invitation *out, echo_cli_side *side, echo_error *err) {
    uint64_t number;
    out->party = side->key;
    out->members[0] = side->keys.public_key;
    out->member_count = 1;
    if (echo_cli_has(side->cli, ECHO_CMD_MEMBERS)) add_members(out, side);
    if (!echo_cli_has(side->cli, ECHO_CMD_DIGEST)) return ECHO_OK;
    echo_status status = echo_cli_newest(&number, &out->digest, &side->store, &side->key, err);
    if (status != ECHO_OK) return status;
    out->has_digest = number != 0;
    if (out->has_digest) return ECHO_OK;
    (void)refuse(err, "the party has no snapshot whose digest could be named: `snapshot` takes one");
    return err->code = ECHO_ERR_NOT_FOUND;
}

static void show(echo_cli *cli, const echo_invitation *invitation, const char *text) {
    echo_cli_out *out = &cli->out;
    if (!cli->json) {
        echo_cli_print(out, "%s\n", text);
        return;
    }
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "invitation", text);
    echo_cli_json_hex(out, "party", invitation->party.bytes);
    echo_cli_json_array(out, "members");
    for (size_t i = 0; i < invitation->member_count; i++) echo_cli_json_hex(out, NULL, invitation->members[i].bytes);
    echo_cli_json_end(out);
    echo_cli_json_hex(out, "digest", invitation->has_digest ? invitation->digest.bytes : NULL);
    echo_cli_json_hex(out, "admitted", echo_cli_has(cli, ECHO_CMD_ADMIT) ? cli->cmd->admit.bytes : NULL);
    echo_cli_json_end(out);
}

static echo_status invite(echo_cli_side *side, echo_error *err) {
    echo_invitation invitation;
    char text[ECHO_INVITATION_CHARS];
    echo_party_options options;
    bool writes = echo_cli_has(side->cli, ECHO_CMD_ADMIT);
    memset(&invitation, 0, sizeof invitation);
    echo_status status = echo_cli_find_party(&side->key, side->cli, err);
    if (status == ECHO_OK) status = echo_cli_side_feeds(side, false, false, err);
    if (status == ECHO_OK) status = echo_cli_side_store(side, true, err);
    if (status == ECHO_OK) status = echo_cli_party_options(&options, side->cli, err);
    options.writable = writes;
    if (status == ECHO_OK) status = echo_cli_side_party(side, &options, err);
    if (status == ECHO_OK) status = echo_cli_side_keys(side, err);
    if (status == ECHO_OK && writes &&
        side->cli->cmd->key == NULL) { /* when several feeds are writable, the party needs to know which is its own */
        options.own_feed = &side->keys.public_key;
        status = echo_cli_side_party(side, &options, err);
    }
    if (status == ECHO_OK) echo_cli_note_damage(side->cli, side->party);
    if (status == ECHO_OK) status = make(&invitation, side, err);
    if (status == ECHO_OK && writes) status = admit(side, err);
    if (status == ECHO_OK) status = echo_invitation_write(text, &invitation);
    if (status == ECHO_OK) show(side->cli, &invitation, text);
    return status;
}

static int run(echo_cli *cli) {
    bool admits = echo_cli_has(cli, ECHO_CMD_ADMIT), signer = echo_cli_has(cli, ECHO_CMD_SIGNER);
    if (admits && !signer) return echo_cli_misuse(cli, "--admit needs --signer FILE, a key that the party trusts");
    if (signer && !admits) return echo_cli_misuse(cli, "--signer signs what --admit writes, but --admit is missing");
    if (admits && echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write and --admit do not go together: a credential is written");
    echo_error err = ECHO_ERROR_INIT;
    echo_cli_side side = {.cli = cli};
    echo_status status = invite(&side, &err);
    echo_cli_side_close(&side);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_invite = {
    "invite", "prints an invitation to the party; with --admit it admits a new member",
    "Prints a line of text for a peer who is to join. It names the party, the members whom the joiner\n"
    "may expect (the own feed's key, which `serve` uses; with --members other members too), and with\n"
    "--digest the state of the newest snapshot. A joiner begins only with members that are named.\n\n"
    "An invitation alone admits nobody. --admit KEY writes a credential to the own feed that admits\n"
    "the joiner's feed (`join DIR --new-key` prints KEY). The party accepts a credential that is signed\n"
    "by a key it trusts, such as the party's own key, which the party's creator keeps. --signer names a\n"
    "file with that key: 128 hex digits, the secret in libsodium's form (seed, then public key).\n\n"
    "JSON: {invitation, party, members, digest, admitted}.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_KEY | ECHO_CMD_DIGEST | ECHO_CMD_MEMBERS | ECHO_CMD_ADMIT |
        ECHO_CMD_SIGNER,
    run};
