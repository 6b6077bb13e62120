#include "cli/find_party.h"

#include <stdio.h>

static echo_status find_party_fail(echo_error *err, echo_status code, const char *message) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    return code;
}

typedef struct choice {
    size_t count;
    echo_key party;
} choice;

static echo_status choose(void *arg, const echo_party_entry *entry) {
    choice *c = arg;
    if (entry->identity) return ECHO_OK;
    c->party = entry->party;
    c->count++;
    return ECHO_OK;
}

echo_status echo_cli_find_party(echo_key *out, const echo_cli *cli, echo_error *err) {
    if (echo_cli_has(cli, ECHO_CLI_PARTY)) {
        *out = cli->party;
        return ECHO_OK;
    }
    choice c = {0, {{0}}};
    echo_status status = echo_parties_list(cli->dir, choose, &c, err);
    if (status != ECHO_OK) return status;
    if (c.count == 0)
        return find_party_fail(err, ECHO_ERR_NOT_FOUND, "no feed in the folder begins with the genesis of a party");
    if (c.count > 1)
        return find_party_fail(err, ECHO_ERR_INVALID, "the folder holds several parties: name one with --party");
    *out = c.party;
    return ECHO_OK;
}
