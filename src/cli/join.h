/* Inside the command `join`: join.c fetches, join_items.c shows items before all is here, join_print.c tells how far
 * things are. */
#ifndef ECHO_CLI_JOIN_H
#define ECHO_CLI_JOIN_H

#include "peers.h"

typedef struct echo_cli_joining {
    echo_cli_side side;
    echo_invitation invitation;
    echo_party_options options; /* for opening the party */
    echo_exchange_state state;  /* as it was looked at last */
    uint64_t began_ms;

    bool started, usable, up_to_date, done;
    uint64_t met_ms; /* when the first peer was there, 0: not yet */
    bool failed;     /* a fetch ended with `problem`, and is to be begun again */
    unsigned failures, rounds;
    uint64_t blocks_before, installed_before; /* of this round */
    echo_status status;                       /* why it ended without being done */
    echo_error problem;                       /* the last thing that went wrong */
    bool has_problem, untold;
    uint64_t quiet; /* turns in which nothing came, once all is here */
    uint64_t bytes_then;

    /* items that are asked for and not shown yet */
    const char *items[ECHO_CLI_ITEMS_MAX];
    bool wanted[ECHO_CLI_ITEMS_MAX];
    size_t item_count;
    echo_party *preview; /* what is here of the snapshot that comes */
    uint64_t looked;     /* chunks that had come when it was looked at last */

    /* telling */
    echo_exchange_phase told_phase;
    bool told_any;
    uint64_t told_ms, rate_ms, rate_bytes;
    double rate; /* bytes a second */
} echo_cli_joining;

/* Shows the items that can be read by now. */
void echo_cli_join_items(echo_cli_joining *j);
/* The preview is over; what was not shown is shown from the party. ECHO_ERR_NOT_FOUND: an item is not in it. */
void echo_cli_join_close_preview(echo_cli_joining *j);
echo_status echo_cli_join_rest(echo_cli_joining *j, echo_error *err) ECHO_MUST_USE;

/* Progress, on a terminal or as lines of JSON. */
void echo_cli_join_tell(echo_cli_joining *j);
void echo_cli_join_summary(echo_cli_joining *j);

#endif
