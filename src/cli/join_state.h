/* The state of the command `join`, which its files share. */
#ifndef ECHO_CLI_JOIN_STATE_H
#define ECHO_CLI_JOIN_STATE_H

#include "cli/net/peers.h"

typedef struct echo_cli_join {
    echo_cli_side side;
    echo_invitation invitation;
    echo_party_options options; /* for opening the party */
    echo_exchange_state state;  /* at the last turn */
    uint64_t began_ms;

    bool started, usable, up_to_date, done;
    uint64_t met_ms; /* when the first peer was connected, 0: not yet */
    bool failed;     /* a fetch ended with `problem` and must be started again */
    unsigned failures, rounds;
    uint64_t blocks_before, installed_before; /* of this round */
    echo_status status;                       /* the reason for ending before it was done */
    echo_error problem;                       /* the last problem */
    bool has_problem, unreported;
    uint64_t quiet; /* turns without received bytes, after everything has arrived */
    uint64_t bytes_then;

    /* requested items that were not printed yet */
    const char *items[ECHO_CMD_ITEMS_MAX];
    bool wanted[ECHO_CMD_ITEMS_MAX];
    size_t item_count;
    echo_party *preview; /* the part of the snapshot that has arrived */
    uint64_t looked;     /* chunks received when `preview` was last tried */

    /* what was reported */
    echo_exchange_phase reported_phase;
    bool reported_any;
    uint64_t reported_ms, rate_ms, rate_bytes;
    double rate; /* bytes a second */
} echo_cli_join;

#endif
