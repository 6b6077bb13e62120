#include "exchange/calls.h"

#include "party/party.h"

echo_status echo__exchange_enter(echo_exchange *x, echo_error *err) {
    echo_party *party = x->options.opened;
    if (x->calls.running)
        return echo__error(err, ECHO_ERR_BUSY, "the exchange is in a call: events and hooks may not call it");
    echo_status status = party != NULL ? echo__party_enter(party, err) : ECHO_OK;
    if (status != ECHO_OK) return status;
    x->calls.running = true;
    x->calls.held = party;
    return ECHO_OK;
}

static void close_peers(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL;) {
        bool closing = peer->closing;
        if (closing) peer->destroy(peer);
        peer = closing ? x->peers : peer->next; /* an event may have closed others meanwhile */
    }
}

/* The party comes last: what the exchange has open may be the party's. */
void echo__exchange_leave(echo_exchange *x) {
    echo_party *held = x->calls.held;
    close_peers(x);
    x->calls.running = false;
    x->calls.held = NULL;
    if (x->calls.free_wanted || x->calls.has_next) x->calls.after(x);
    if (held != NULL) echo__party_leave(held);
}
