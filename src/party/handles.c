/*
 * What a party works with: its feeds, store and own keys.
 */
#include "base/crypto.h"
#include "base/error.h"
#include "party/party.h"

const echo_feeds *echo_party_feeds(const echo_party *party) { return party == NULL ? NULL : &party->feeds; }

const echo_store *echo_party_store(const echo_party *party) {
    return party == NULL || party->store.ops == NULL ? NULL : &party->store;
}

const echo_key *echo_party_own_feed(const echo_party *party) {
    return party == NULL || !party->has_own ? NULL : &party->own;
}

echo_status echo_party_own_keypair(echo_keypair *out, const echo_party *party, echo_error *err) {
    if (out == NULL || party == NULL) return echo__error(err, ECHO_ERR_INVALID, "party or out is NULL");
    void *handle = party->has_own && party->merge != NULL ? echo__merge_feed(party->merge, &party->own) : NULL;
    if (handle == NULL) return echo__error(err, ECHO_ERR_READONLY, "the party has no own feed");
    echo_keypair keys;
    echo__party_hold(party);
    echo_status status = party->feeds.ops->keypair(&keys, party->feeds.ctx, handle);
    if (status == ECHO_OK) {
        *out = keys;
    } else {
        echo__error(err, status, "the key pair of the own feed cannot be read: %s", echo_status_text(status));
        echo__error_feed(err, &party->own);
    }
    echo__wipe(&keys, sizeof keys);
    echo__party_leave(party);
    return status;
}
