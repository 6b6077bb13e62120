/*
 * The public calls that concern the whole exchange.
 */
#include <echo/exchange.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "feed/codec.h"
#include "feed/feeds.h"
#include "exchange/calls.h"
#include "exchange/fetch.h"
#include "exchange/members.h"
#include "exchange/open_feeds.h"
#include "exchange/peer.h"
#include "store/store.h"

/* ---- from new to free ---- */

static echo_status check_options(const echo_exchange_options *o, echo_error *err) {
    if (o == NULL) return echo__error(err, ECHO_ERR_INVALID, "the options of the exchange are NULL");
    if (o->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "the options of the exchange have version %u, this library knows 1",
                           o->version);
    if (o->opened == NULL && (o->party == NULL || o->store == NULL || o->feeds == NULL))
        return echo__error(err, ECHO_ERR_INVALID, "party, store or feeds is NULL, and no open party was given");
    if (o->trust < ECHO_TRUST_RECEIVED || o->trust > ECHO_TRUST_REPLAYED)
        return echo__error(err, ECHO_ERR_INVALID, "`trust` is not a known level: %d", (int)o->trust);
    if (o->trust >= ECHO_TRUST_SAMPLED && o->models == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "`models` is NULL, which replaying requires");
    if (o->member_count > 0 && o->members == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "`members` is NULL, but `member_count` is not 0");
    echo_status status = o->store != NULL ? echo__store_check(o->store, err) : ECHO_OK;
    if (status == ECHO_OK && o->codec != NULL) status = echo__codec_check(o->codec, err);
    const echo_feeds *feeds = o->feeds != NULL ? o->feeds : echo_party_feeds(o->opened);
    if (status == ECHO_OK) status = echo__feeds_check(feeds, err);
    if (status != ECHO_OK) return status;
    if (!echo__feeds_can_exchange(feeds))
        return echo__error(err, ECHO_ERR_UNSUPPORTED, "this feed source has no hooks for exchanging blocks");
    return ECHO_OK;
}

/* What the options leave out is taken from the party. Its store is opened again, since only the exchange may put
 * through its handle. */
static echo_status use_party(echo_exchange *x, echo_error *err) {
    const echo_party *party = x->options.opened;
    if (party == NULL) return ECHO_OK;
    if (x->feeds == NULL) {
        x->party_feeds = *echo_party_feeds(party);
        x->feeds = &x->party_feeds;
    }
    if (!x->has_keys) x->has_keys = echo_party_own_keypair(&x->keys, party, NULL) == ECHO_OK;
    if (x->store != NULL) return ECHO_OK;
    if (echo_party_store(party) == NULL) return echo__error(err, ECHO_ERR_INVALID, "the party has no store");
    echo_status status = echo_store_reopen(&x->own_store, echo_party_store(party), err);
    if (status == ECHO_OK) x->store = &x->own_store;
    return status;
}

static echo_status copy_options(echo_exchange *x, const echo_exchange_options *o, echo_error *err) {
    x->options = *o;
    x->party = o->party != NULL ? *o->party : *echo_party_key(o->opened);
    x->store = o->store;
    x->feeds = o->feeds;
    x->options.party = &x->party;
    x->has_keys = o->keys != NULL;
    if (x->has_keys) x->keys = *o->keys;
    x->options.keys = NULL;
    if (x->options.attestations == 0) x->options.attestations = 1;
    if (x->options.samples == 0) x->options.samples = 1;
    if (x->options.window < ECHO__NODE_MAX / 256) x->options.window = ECHO__NODE_MAX / 256;
    if (o->member_count > 0) {
        x->members = echo__realloc_array(NULL, o->member_count, sizeof *x->members);
        if (x->members == NULL) return echo__nomem(err);
        memcpy(x->members, o->members, o->member_count * sizeof *x->members);
    }
    x->options.members = x->members;
    return ECHO_OK;
}

static void destroy(echo_exchange *x) {
    echo_error ignored = ECHO_ERROR_INIT;
    x->calls.running = true;
    while (x->peers != NULL) x->peers->destroy(x->peers);
    echo__fetch_end(x);
    if (x->chunks != NULL) (void)!echo__overlay_store(&x->overlay, &ignored); /* for the next time */
    echo__chunks_free(x->chunks);
    echo__overlay_free(&x->overlay);
    echo__open_feeds_close(x);
    echo_store_close(&x->own_store);
    echo__admission_free(x->admission);
    echo_timeframe_free(x->installed_clock);
    echo__feed_roots_free(&x->installed_roots);
    for (size_t i = 0; i < x->wish_count; i++) echo__free(x->wishes[i]);
    echo__free(x->wishes);
    echo__free(x->touching);
    echo__free(x->tails);
    echo__free(x->banned);
    echo__free(x->blamed);
    echo__free(x->members);
    echo__buf_free(&x->target_text);
    echo__wipe(&x->keys, sizeof x->keys);
    echo__free(x);
}

/* Does what the host asked for within a call. */
static void after_call(echo_exchange *x) {
    if (x->calls.free_wanted) {
        destroy(x);
        return;
    }
    x->calls.has_next = false;
    echo_exchange_set_party(x, x->calls.next);
}

echo_status echo_exchange_new(echo_exchange **out, const echo_exchange_options *options, echo_error *err) {
    if (out == NULL) return echo__error_null(err, "out");
    *out = NULL;
    echo_status status = check_options(options, err);
    if (status != ECHO_OK) return status;
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    echo_exchange *x = echo__calloc(1, sizeof *x);
    if (x == NULL) return echo__nomem(err);
    x->calls.after = after_call;
    status = copy_options(x, options, err);
    if (status == ECHO_OK) status = use_party(x, err);
    echo__map_init(&x->open);
    echo__overlay_init(&x->overlay, x->store);
    if (status == ECHO_OK && echo__chunks_new(&x->chunks, &x->overlay.store) != ECHO_OK) status = echo__nomem(err);
    if (status == ECHO_OK)
        echo__chunks_hashed(x->chunks); /* what arrives is hashed before it is kept, the rest when it is read */
    if (status != ECHO_OK) {
        echo_exchange_free(x);
        return status;
    }
    *out = x;
    return ECHO_OK;
}

void echo_exchange_free(echo_exchange *x) {
    if (x == NULL) return;
    x->calls.free_wanted = true;
    if (!x->calls.running) destroy(x);
}

void echo_exchange_set_party(echo_exchange *x, echo_party *party) {
    if (x == NULL) return;
    if (x->calls.running) {
        x->calls.has_next = true;
        x->calls.next = party;
        return;
    }
    x->options.opened = party;
    if (echo__exchange_enter(x, NULL) != ECHO_OK) return; /* the next step judges them */
    echo__members_judge(x);
    echo__exchange_leave(x);
}

/* ---- the host's side ---- */

static echo_status no_exchange(echo_error *err) { return echo__error(err, ECHO_ERR_INVALID, "the exchange is NULL"); }

echo_status echo_exchange_start(echo_exchange *x, echo_error *err) {
    if (x == NULL) return no_exchange(err);
    echo_status status = echo__exchange_enter(x, err);
    if (status != ECHO_OK) return status;
    echo__fetch_start(x);
    echo__exchange_leave(x);
    return ECHO_OK;
}

const echo_store *echo_exchange_store(echo_exchange *x) { return x != NULL && x->usable ? &x->overlay.store : NULL; }

echo_status echo_exchange_want(echo_exchange *x, const char *id, echo_error *err) {
    size_t len = id == NULL ? 0 : strlen(id);
    if (x == NULL) return no_exchange(err);
    if (x->calls.running)
        return echo__error(err, ECHO_ERR_BUSY, "the exchange is in a call: events and hooks may not call it");
    if (len == 0 || len > ECHO__ID_MAX)
        return echo__error(err, ECHO_ERR_INVALID, "the item id is NULL, empty or longer than %u bytes",
                           (unsigned)ECHO__ID_MAX);
    if (!echo__grow(&x->wishes, &x->wish_cap, x->wish_count + 1, sizeof *x->wishes)) return echo__nomem(err);
    char *copy = echo__strdup(id);
    if (copy == NULL) return echo__nomem(err);
    x->wishes[x->wish_count++] = copy;
    return ECHO_OK;
}

echo_status echo_exchange_step(echo_exchange *x, uint64_t now_ns, echo_error *err) {
    if (x == NULL) return no_exchange(err);
    echo_status status = echo__exchange_enter(x, err);
    if (status != ECHO_OK) return status;
    x->now_ns = now_ns;
    echo__members_judge(x);
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) echo__peer_check_stall(peer);
    echo__fetch_step(x);
    echo__exchange_leave(x);
    return ECHO_OK;
}

void echo_exchange_state_get(echo_exchange_state *out, const echo_exchange *x) {
    if (out == NULL) return;
    memset(out, 0, sizeof *out);
    if (x == NULL) return;
    *out = x->state;
    out->phase = x->phase;
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        echo__channel_counts counts = echo__channel_count(peer->channel);
        out->bytes_received += counts.raw_in;
        out->bytes_sent += counts.raw_out;
    }
}
