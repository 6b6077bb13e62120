/*
 * What `invite`, `serve` and `join` share: one side of an exchange (a folder's feeds, store and party, and the keys
 * that prove its membership), and printing events.
 */
#ifndef ECHO_CLI_NET_PEERS_H
#define ECHO_CLI_NET_PEERS_H

#include "cli/cmd.h"
#include "cli/net/tcp.h"

typedef struct echo_cli_side {
    echo_cli *cli;
    echo_key key;            /* of the party */
    echo_keypair keys;       /* of the member */
    echo_feeds feeds;        /* the party's and the exchange's */
    echo_store store;        /* the exchange's own handle */
    echo_party *party;       /* NULL: not present (yet) */
    echo_exchange *exchange; /* NULL: not made yet */
    echo_cli_net *net;
} echo_cli_side;

/* Opens DIR/feeds. `make`: makes the folders when they do not exist. */
echo_status echo_cli_side_feeds(echo_cli_side *side, bool make, bool read_only, echo_error *err) ECHO_MUST_USE;
/* Opens DIR/snapshots.db, which need not exist. */
echo_status echo_cli_side_store(echo_cli_side *side, bool read_only, echo_error *err) ECHO_MUST_USE;
/* Opens the party, in place of the one that was open. ECHO_ERR_NOT_FOUND: the folder does not have it. */
echo_status echo_cli_side_party(echo_cli_side *side, const echo_party_options *options, echo_error *err) ECHO_MUST_USE;
/* Switches the open party to the snapshot that was installed. */
echo_status echo_cli_side_switch(echo_cli_side *side, echo_error *err) ECHO_MUST_USE;
/* Reads the keys from the file that --key names, otherwise those of the own feed. ECHO_ERR_NOT_FOUND: no writable feed;
 * ECHO_ERR_INVALID: several. */
echo_status echo_cli_side_keys(echo_cli_side *side, echo_error *err) ECHO_MUST_USE;
/* Closes what is open. */
void echo_cli_side_close(echo_cli_side *side);

/* A key file: 128 hex digits, which are the seed and the public key; white space may follow. */
echo_status echo_cli_read_key(echo_keypair *out, const char *path, echo_error *err) ECHO_MUST_USE;
/* DIR/feeds; malloc. NULL: out of memory. */
char *echo_cli_feeds_path(const echo_cli *cli);
/* The number and digest of the party's newest good snapshot in the store; number 0: the store has no such snapshot. */
echo_status echo_cli_newest(uint64_t *number, echo_hash *digest, const echo_store *store, const echo_key *party,
                            echo_error *err) ECHO_MUST_USE;

/* Begins the line of an event, with --json an object. place, member and error may be NULL. */
void echo_cli_event(echo_cli *cli, const char *name, const char *place, const echo_key *member,
                    const echo_error *error);
/* Adds a number to the event. */
void echo_cli_event_number(echo_cli *cli, const char *name, uint64_t value);
/* Ends the event and prints its line. */
void echo_cli_event_end(echo_cli *cli);

#endif
