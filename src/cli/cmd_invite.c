#include <string.h>

#include <echo/sys/feed.h>

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
 * That the party counts the feed is seen from the outside only when it counts one more once the feed is here, so it is
 * made, empty, as the exchange would do before it fetches it.
 */
static echo_status admit(echo_cli_side *side, echo_error *err) {
    echo_keypair signer;
    echo_party_status before, after;
    echo_error ignored = ECHO_ERROR_INIT;
    const echo_key *feed = &side->cli->cmd->admit;
    echo_status status = echo_cli_read_key(&signer, side->cli->cmd->signer, err);
    if (status != ECHO_OK) return status;
    bool fresh = side->feeds.ops->make(side->feeds.ctx, feed, &ignored) == ECHO_OK;
    status = echo_party_poll(NULL, side->party, 0, err);
    echo_party_status_get(&before, side->party);
    if (status == ECHO_OK) status = echo_party_admit_feed(side->party, feed, &signer, err);
    if (status == ECHO_OK) status = echo_party_poll(NULL, side->party, 0, err);
    echo_party_status_get(&after, side->party);
    memset(&signer, 0, sizeof signer);
    if (status == ECHO_OK && fresh && after.feeds == before.feeds)
        status =
            refuse(err, "the credential is written, and admits nothing: the signer is no key that the party trusts");
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
    (void)refuse(err, "there is no snapshot whose digest could be named");
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
        side->cli->cmd->key == NULL) { /* which of several feeds is the own one may depend on it */
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
    if (signer && !admits) return echo_cli_misuse(cli, "--signer signs what --admit writes, which is missing");
    if (admits && echo_cli_has(cli, ECHO_CMD_NO_WRITE))
        return echo_cli_misuse(cli, "--no-write and --admit do not go together: a credential is written");
    echo_error err = ECHO_ERROR_INIT;
    echo_cli_side side = {.cli = cli};
    echo_status status = invite(&side, &err);
    echo_cli_side_close(&side);
    return status == ECHO_OK ? ECHO_CLI_EXIT_OK : echo_cli_fail(cli, status, &err);
}

const echo_cmd_command echo_cmd_invite = {
    "invite", "print an invitation to the party",
    "Prints a line of text to give to somebody who is to join: the party, whom to expect (the key of\n"
    "the own feed, with which `serve` answers; with --members others too, as a newcomer begins with\n"
    "nobody who is not named), and with --digest the state of the newest snapshot.\n"
    "It opens nothing by itself: with --admit KEY a credential is written to the own feed that admits\n"
    "the joiner's feed (`join DIR --new-key` prints its key). The party believes it when it is signed\n"
    "by a key that it trusts, such as the party's own, which whoever made the party keeps: --signer\n"
    "names a file with that key, as 128 hex digits (the secret in libsodium's form: seed, public key).\n\n"
    "JSON: {invitation, party, members, digest, admitted}.\n",
    ECHO_CMD_COMMON | ECHO_CLI_PARTY | ECHO_CMD_KEY | ECHO_CMD_DIGEST | ECHO_CMD_MEMBERS | ECHO_CMD_ADMIT |
        ECHO_CMD_SIGNER,
    run};
