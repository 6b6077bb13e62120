/* What the files of the command `join` share: how far it is. */
#ifndef ECHO_CLI_JOIN_STATE_H
#define ECHO_CLI_JOIN_STATE_H

#include "cli/net/peers.h"

typedef struct echo_cli_join {
    echo_cli_side side;
    echo_invitation invitation;
    echo_party_options options; /* for opening the party */
    echo_exchange_state state;  /* as it was looked at last */
    uint64_t began_ms;

    bool started, usable, up_to_date, done;
    uint64_t met_ms; /* when the first peer was connected, 0: not yet */
    bool failed;     /* a fetch ended with `problem`, and is to be begun again */
    unsigned failures, rounds;
    uint64_t blocks_before, installed_before; /* of this round */
    echo_status status;                       /* why it ended without being done */
    echo_error problem;                       /* the last thing that went wrong */
    bool has_problem, unreported;
    uint64_t quiet; /* turns in which nothing came, once everything has arrived */
    uint64_t bytes_then;

    /* items that are asked for and not shown yet */
    const char *items[ECHO_CMD_ITEMS_MAX];
    bool wanted[ECHO_CMD_ITEMS_MAX];
    size_t item_count;
    echo_party *preview; /* what has arrived of the snapshot */
    uint64_t looked;     /* chunks that had come when it was looked at last */

    /* what was reported */
    echo_exchange_phase reported_phase;
    bool reported_any;
    uint64_t reported_ms, rate_ms, rate_bytes;
    double rate; /* bytes a second */
} echo_cli_join;

#endif
