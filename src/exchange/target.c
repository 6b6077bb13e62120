#include "exchange/target.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/event.h"
#include "exchange/here.h"

void echo__target_end(echo_exchange *x) {
    if (x->walking) {
        echo__frontier_free(&x->credentials);
        echo__frontier_free(&x->items);
    }
    x->walking = x->replayed = false;
    x->spent = x->instead = 0;
    x->has_target = false;
    x->touching_count = 0;
    x->absent_count = 0;
    echo__manifest_free(&x->target);
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        peer->lacks = peer->attest_asked = false;
        for (echo__request *r = peer->first; r != NULL; r = r->next) { /* what still arrives belongs to nothing */
            if (r->kind != ECHO__REQUEST_CHUNK) continue;
            echo__free(r->want);
            r->want = NULL;
            r->frontier = NULL;
            r->late = true;
        }
    }
}

echo_status echo__target_begin(echo_exchange *x, const echo__offer *offer, echo_error *err) {
    echo__target_end(x);
    echo_status status = echo__manifest_read(&x->target, echo__buf_bytes(&offer->text), err);
    if (status != ECHO_OK) return status;
    x->has_target = true;
    x->target_digest = offer->digest;
    echo__buf_clear(&x->target_text);
    echo__buf_append(&x->target_text, offer->text.data, offer->text.len);
    if (x->target_text.status != ECHO_OK) return echo__nomem(err);
    const echo_party *party = echo__here_party(x);
    bool kept = false; /* a base has to be whole, and to stay */
    if (party != NULL) status = echo__here_keeps(&kept, x, &party->root, &party->credentials_root, err);
    if (status != ECHO_OK) return status;
    memset(&x->credentials, 0, sizeof x->credentials);
    memset(&x->items, 0, sizeof x->items);
    status = echo__frontier_init(&x->credentials, x->chunks, &x->target.credentials,
                                 kept ? &party->credentials_root : NULL, err);
    if (status == ECHO_OK)
        status = echo__frontier_init(&x->items, x->chunks, &x->target.items, kept ? &party->root : NULL, err);
    x->walking = true;
    x->state.items = x->target.items.items;
    x->state.covered = echo_timeframe_total(x->target.timeframe);
    if (status == ECHO_OK) echo__event_notify(x, ECHO_EXCHANGE_EVENT_TARGET, NULL, NULL);
    return status;
}

bool echo__target_is_offered(const echo_exchange *x, const echo_peer *peer) {
    return peer->offer.here && peer->offer.snapshot && echo__hash_equal(&peer->offer.digest, &x->target_digest);
}

void echo__target_show(echo_exchange *x) {
    if ((x->usable && echo__hash_equal(&x->shown, &x->target_digest)) || !echo__frontier_begun(&x->items)) return;
    if (echo__overlay_show(&x->overlay, &x->party, x->target.number, echo__buf_bytes(&x->target_text)) != ECHO_OK)
        return;
    x->usable = x->overlay.noting = true;
    x->shown = x->target_digest;
    echo__event_notify(x, ECHO_EXCHANGE_EVENT_USABLE, NULL, NULL);
}
