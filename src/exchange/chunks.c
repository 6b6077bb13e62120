/*
 * Fetching a snapshot's trees: the credentials first, which say who is a member, then the items. What the host touches
 * comes before what is merely missing. A chunk that came is hashed, kept in the overlay, and from there stored in
 * larger pieces.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/delta.h"
#include "exchange/exchange.h"
#include "exchange/plan.h"

#define LOOKS 256u                 /* chunks that are here already, looked at in a step */
#define STORE_AT ((size_t)2 << 20) /* received bytes that are stored at once */
#define HOLD_AT ((size_t)64 << 20) /* received bytes that cannot be stored: nothing more is asked for */
#define WISHES 64u                 /* items that are looked for in a step, the latest ones */
#define NODE_EXPECTED 4096u        /* bytes of a chunk whose length is not known */

/* ---- the target ---- */

void echo__chunks_end(echo_exchange *x) {
    if (x->walking) {
        echo__frontier_free(&x->credentials);
        echo__frontier_free(&x->items);
    }
    x->walking = x->replayed = false;
    x->spent = x->instead = 0;
    x->has_target = false;
    x->touching_count = 0;
    x->absent_count = 0;
    x->attest_asked = 0;
    echo__manifest_free(&x->target);
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        peer->lacks = peer->attest_asked = false;
        for (echo__request *r = peer->first; r != NULL; r = r->next) { /* what still comes belongs to nothing */
            if (r->kind != ECHO__REQUEST_CHUNK) continue;
            echo__free(r->want);
            r->want = NULL;
            r->frontier = NULL;
            r->late = true;
        }
    }
}

echo_status echo__chunks_begin(echo_exchange *x, const echo__offer *offer, echo_error *err) {
    echo__chunks_end(x);
    echo_status status = echo__manifest_read(&x->target, echo__buf_bytes(&offer->text), err);
    if (status != ECHO_OK) return status;
    x->has_target = true;
    x->target_digest = offer->digest;
    echo__buf_clear(&x->target_text);
    echo__buf_append(&x->target_text, offer->text.data, offer->text.len);
    if (x->target_text.status != ECHO_OK) return echo__nomem(err);
    const echo_party *party = echo__offers_party(x);
    bool kept = false; /* a base has to be whole, and to stay */
    if (party != NULL) status = echo__install_keeps(&kept, x, &party->root, &party->credentials_root, err);
    if (status != ECHO_OK) return status;
    memset(&x->credentials, 0, sizeof x->credentials);
    memset(&x->items, 0, sizeof x->items);
    status = echo__frontier_init(&x->credentials, x->chunks, &x->target.credentials,
                                 kept ? &party->credentials_root : NULL, err);
    if (status == ECHO_OK)
        status = echo__frontier_init(&x->items, x->chunks, &x->target.items, kept ? &party->root : NULL, err);
    x->walking = true;
    x->phase = ECHO_EXCHANGE_PHASE_MEMBERS;
    x->state.items = x->target.items.items;
    x->state.covered = echo_timeframe_total(x->target.timeframe);
    if (status == ECHO_OK) echo__exchange_tell(x, ECHO_EXCHANGE_EVENT_TARGET, NULL, NULL);
    return status;
}

static bool offers_target(const echo_exchange *x, const echo_peer *peer) {
    return peer->offer.here && peer->offer.snapshot && echo__hash_equal(&peer->offer.digest, &x->target_digest);
}

/* Nobody can give it any more: ask again what there is. What came is kept. */
static void lose_target(echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (offers_target(x, peer) && peer->lacks) echo__offers_blame(x, peer);
    echo__chunks_end(x);
    x->phase = ECHO_EXCHANGE_PHASE_ASKING;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (peer->first != NULL && peer->first->kind == ECHO__REQUEST_ASK) continue;
        peer->asked = peer->offer.here = false;
    }
}

/*
 * The trees are not what they claim to be. Whoever made the manifest is to blame, not who sent the chunk. When no
 * member vouches for the manifest others may still offer the same state in one that a member does.
 */
static void give_up_target(echo_exchange *x, echo_status status, const echo_error *why) {
    echo_hash hash = x->target_digest;
    if (status == ECHO_ERR_REFUSED) { /* too few vouch for it today: in another fetch it may be more */
        for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
            if (!offers_target(x, peer) || peer->over) continue;
            peer->lacks = peer->has_lacked = true;
            peer->lacked = x->target_digest;
            echo__peer_reject(peer, ECHO__REJECT_SIGNATURE, why);
        }
        lose_target(x);
        return;
    }
    if (status == ECHO_ERR_SIGNATURE) echo__hash(&hash, x->target_text.data, x->target_text.len);
    echo__offers_ban(x, &hash, why, status == ECHO_ERR_SIGNATURE ? ECHO__REJECT_SIGNATURE : ECHO__REJECT_WRONG);
    lose_target(x);
}

static void walk_failed(echo_exchange *x, echo_status status, const echo_error *why) {
    if (status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT || status == ECHO_ERR_VERSION ||
        status == ECHO_ERR_SIGNATURE || status == ECHO_ERR_REFUSED)
        give_up_target(x, status, why);
    else
        echo__exchange_fail(x, why);
}

/* ---- asking ---- */

static bool is_source(const echo_exchange *x, const echo_peer *peer) {
    return echo__peer_ready(peer) && !peer->finished && !peer->lacks && offers_target(x, peer);
}

/* The source with the least to do, if it has room. */
static echo_peer *find_peer(const echo_exchange *x, bool *any) {
    echo_peer *best = NULL;
    *any = false;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!is_source(x, peer)) continue;
        *any = true;
        if (peer->in_flight < peer->window && peer->request_count < ECHO__REQUESTS_MAX &&
            (best == NULL || peer->in_flight < best->in_flight))
            best = peer;
    }
    return best;
}

static void write_base(echo__buf *out, echo_exchange *x, echo__request *r) {
    const echo__chunk *base;
    echo_error ignored = ECHO_ERROR_INIT;
    if (r->want == NULL || !r->want->has_base ||
        echo__chunks_get(&base, x->chunks, &r->want->base, &ignored) != ECHO_OK)
        return;
    size_t before = out->len;
    r->delta = echo__delta_prints(out, base->bytes) > 0;
    x->spent += out->len - before;
    echo__chunks_release(x->chunks, base);
}

/* Of the request that was made last. */
static bool send_want(echo_peer *peer, echo__request *r, bool whole) {
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, r->id);
    echo__buf_append(&out, r->hash.bytes, sizeof r->hash.bytes);
    r->delta = false;
    if (!whole) write_base(&out, peer->x, r);
    echo_bytes part = echo__buf_bytes(&out);
    bool ok = out.status == ECHO_OK;
    if (!ok) {
        echo__chunks_lost(peer->x, r);
        echo__peer_take_back(peer);
    }
    ok = ok && echo__peer_send(peer, ECHO__MESSAGE_WANT, &part, 1) == ECHO_OK;
    echo__buf_free(&out);
    return ok;
}

/* false: out of memory, or the peer is gone; the want is back where it came from. */
static bool ask(echo_peer *peer, echo__frontier *frontier, echo__want *want, const echo_hash *hash, size_t most) {
    size_t expected = want == NULL || (want->kind != ECHO__WANT_PAGE || want->level > 0) ? NODE_EXPECTED : want->most;
    echo__request *r = echo__peer_request(peer, ECHO__REQUEST_CHUNK, expected);
    if (r == NULL) {
        if (want != NULL) echo__frontier_return(frontier, want);
        return false;
    }
    r->want = want;
    r->frontier = frontier;
    r->hash = *hash;
    r->most = most;
    return send_want(peer, r, false);
}

static bool in_flight(const echo_exchange *x, const echo_hash *hash) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        for (const echo__request *r = peer->first; r != NULL; r = r->next)
            if (r->kind == ECHO__REQUEST_CHUNK && echo__hash_equal(&r->hash, hash)) return true;
    return false;
}

static echo_status see_line(void *arg, echo_bytes line) {
    (void)arg, (void)line;
    return ECHO_OK;
}

/* Looks for the items that are wished for; what is missing on the way is noted by the overlay. */
static void look_for_wishes(echo_exchange *x) {
    size_t least = x->wish_count > WISHES ? x->wish_count - WISHES : 0;
    for (size_t i = x->wish_count; i-- > least;) {
        echo_error ignored = ECHO_ERROR_INIT;
        echo_status status =
            echo__tree_get(x->chunks, &x->target.items, echo__bytes_text(x->wishes[i]), see_line, NULL, &ignored);
        if (status == ECHO_ERR_PENDING) continue;
        echo__free(x->wishes[i]);
        memmove(x->wishes + i, x->wishes + i + 1, (x->wish_count - i - 1) * sizeof *x->wishes);
        x->wish_count--;
    }
}

/* By what came: it doubles with each round trip, as long as nothing is touched. */
static void grow_window(echo_peer *peer, size_t len) {
    size_t most = peer->x->options.window;
    peer->window = peer->window + len < most ? peer->window + len : most;
}

/* What is touched next shall not wait behind much either. */
static void shrink_windows(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (peer->window > ECHO__FIRST_WINDOW) peer->window = ECHO__FIRST_WINDOW;
}

static bool is_absent(const echo_exchange *x, const echo_hash *hash) {
    for (unsigned i = 0; i < x->absent_count; i++)
        if (echo__hash_equal(&x->absent[i], hash)) return true;
    return x->absent_count == ECHO__ABSENT;
}

/* Asks for what was touched; true: something is outstanding, and the rest waits for it. */
static bool ask_touched(echo_exchange *x) {
    if (x->usable) look_for_wishes(x);
    while (x->overlay.touched_count > 0) {
        bool any;
        echo_hash hash = x->overlay.touched[x->overlay.touched_count - 1];
        echo_peer *peer = find_peer(x, &any);
        if (is_absent(x, &hash) || in_flight(x, &hash) ||
            echo__map_get(&x->overlay.map, hash.bytes, sizeof hash.bytes) != NULL) { /* or came since it was touched */
            x->overlay.touched_count--;
            continue;
        }
        if (peer == NULL || !echo__grow(&x->touching, &x->touching_cap, x->touching_count + 1, sizeof *x->touching))
            return true;
        x->overlay.touched_count--;
        x->touching[x->touching_count++] = hash;
        shrink_windows(x);
        if (!ask(peer, NULL, NULL, &hash, ECHO__CHUNK_MAX)) return true;
    }
    return x->touching_count > 0;
}

static void ask_missing(echo_exchange *x, echo__frontier *frontier) {
    unsigned looks = LOOKS;
    bool any = true;
    echo_peer *peer;
    while (x->overlay.bytes < HOLD_AT && looks > 0 && (peer = find_peer(x, &any)) != NULL) {
        echo__want *want;
        echo_error problem = ECHO_ERROR_INIT;
        bool noting = x->overlay.noting;
        x->overlay.noting = false;
        echo_status status = echo__frontier_next(&want, frontier, &looks, &problem);
        x->overlay.noting = noting;
        if (status != ECHO_OK) {
            walk_failed(x, status, &problem);
            return;
        }
        if (want == NULL) return;
        echo_hash hash = want->hash;
        if (!ask(peer, frontier, want, &hash, want->most)) return;
    }
    if (any || echo__frontier_done(frontier)) return;
    for (echo_peer *one = x->peers; one != NULL; one = one->next) { /* it has it no more, or never had; others may */
        if (!one->lacks || !offers_target(x, one)) continue;
        one->has_lacked = true;
        one->lacked = x->target_digest;
    }
    lose_target(x);
}

/* ---- what comes ---- */

void echo__chunks_lost(echo_exchange *x, echo__request *r) {
    if (r->want != NULL) {
        echo__frontier_return(r->frontier, r->want);
    } else {
        for (size_t i = 0; i < x->touching_count; i++)
            if (echo__hash_equal(&x->touching[i], &r->hash)) {
                x->touching[i] = x->touching[--x->touching_count];
                break;
            }
    }
    r->want = NULL;
}

/* The chunk's bytes; those of a delta are in `made`. *again: they are not of that hash, but only because prints fitted
 * by accident. */
static echo_status unfold(echo_bytes *out, bool *again, echo__buf *made, echo_exchange *x, const echo__request *r,
                          uint8_t form, echo_bytes bytes, echo_error *err) {
    *again = false;
    *out = bytes;
    if (form == ECHO__CHUNK_DELTA) {
        const echo__chunk *base;
        if (!r->delta) return echo__error(err, ECHO_ERR_CORRUPT, "peer: a delta of nothing");
        echo_status status = echo__chunks_get(&base, x->chunks, &r->want->base, err);
        if (status != ECHO_OK) { /* it was here when it was told */
            *again = true;
            return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
        }
        status = echo__delta_apply(made, base->bytes, bytes, r->most);
        echo__chunks_release(x->chunks, base);
        if (status != ECHO_OK)
            return status == ECHO_ERR_NOMEM ? echo__nomem(err)
                                            : echo__error(err, status, "peer: a delta has the wrong shape");
        *out = echo__buf_bytes(made);
    }
    if (out->len > r->most) return echo__error(err, ECHO_ERR_LIMIT, "peer: a chunk is longer than it can be");
    echo_hash hash;
    echo__hash(&hash, out->data, out->len);
    if (echo__hash_equal(&hash, &r->hash)) return ECHO_OK;
    *again = form == ECHO__CHUNK_DELTA;
    return *again
               ? ECHO_OK
               : echo__error(err, ECHO_ERR_CORRUPT, "peer: the bytes of a chunk have another hash than was asked for");
}

static echo_status absent(echo_peer *peer, echo__request *r) {
    echo_exchange *x = peer->x;
    if (r->want != NULL)
        peer->lacks = true; /* it may have removed that snapshot: no lie */
    else if (!r->late && x->absent_count < ECHO__ABSENT)
        x->absent[x->absent_count++] = r->hash; /* the host may have read anything */
    echo__chunks_lost(x, r);
    echo__peer_finish_request(peer);
    return ECHO_OK;
}

/* It is wanted again in full. Its place in the peer's list goes to the end. */
static echo_status ask_whole(echo_peer *peer) {
    echo__request old = *peer->first;
    peer->first->want = NULL;
    echo__peer_finish_request(peer);
    if (peer->finished) {
        echo__frontier_return(old.frontier, old.want);
        return ECHO_OK;
    }
    echo__request *r = echo__peer_request(peer, ECHO__REQUEST_CHUNK, old.expected);
    if (r == NULL) {
        echo__frontier_return(old.frontier, old.want);
        return ECHO_ERR_NOMEM;
    }
    r->want = old.want;
    r->frontier = old.frontier;
    r->hash = old.hash;
    r->most = old.most;
    return send_want(peer, r, true) ? ECHO_OK : ECHO_ERR_NOMEM;
}

static void arrived(echo_exchange *x, echo__frontier *frontier, echo__want *want) {
    echo_error problem = ECHO_ERROR_INIT;
    bool noting = x->overlay.noting;
    x->overlay.noting = false;
    echo_status status = echo__frontier_arrived(frontier, want, &problem);
    x->overlay.noting = noting;
    if (status != ECHO_OK) walk_failed(x, status, &problem);
}

echo_status echo__chunks_take(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__reader reader = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&reader);
    uint8_t form = echo__read_u8(&reader);
    echo__request *r = echo__peer_answered(peer, ECHO__REQUEST_CHUNK, id);
    if (r == NULL || reader.bad || form > ECHO__CHUNK_ABSENT)
        return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "a chunk nobody asked for");
    if (form == ECHO__CHUNK_ABSENT) return absent(peer, r);
    if (r->late &&
        (!x->has_target || form == ECHO__CHUNK_DELTA)) { /* of no use any more, or told by what is forgotten */
        echo__peer_finish_request(peer);
        return ECHO_OK;
    }
    echo__buf made = ECHO__BUF_INIT;
    echo_bytes chunk;
    bool again;
    x->spent += reader.rest.len;
    echo_status status = unfold(&chunk, &again, &made, x, r, form, reader.rest, err);
    if (status == ECHO_OK && again) {
        echo__buf_free(&made);
        return ask_whole(peer);
    }
    if (status == ECHO_OK) status = echo__overlay_add(&x->overlay, &r->hash, chunk, err);
    if (status == ECHO_OK) {
        x->state.chunks_received++;
        x->state.chunk_bytes += chunk.len;
        echo__want *want = r->want;
        echo__frontier *frontier = r->frontier;
        r->want = NULL;
        if (want == NULL) echo__chunks_lost(x, r);
        echo__peer_finish_request(peer);
        grow_window(peer, chunk.len);
        if (want != NULL) arrived(x, frontier, want);
    }
    echo__buf_free(&made);
    return status;
}

/* ---- steps ---- */

static void store(echo_exchange *x, bool all) {
    if (x->overlay.bytes < STORE_AT && !(all && x->overlay.first != NULL)) return;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__overlay_store(&x->overlay, &problem);
    if (status == ECHO_OK || status == ECHO_ERR_BUSY) return;
    echo__exchange_fail(x, &problem);
}

static void members_step(echo_exchange *x) {
    ask_missing(x, &x->credentials);
    if (x->phase != ECHO_EXCHANGE_PHASE_MEMBERS || !echo__frontier_done(&x->credentials)) return;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__trust_credentials(x, &problem);
    if (status != ECHO_OK) {
        walk_failed(x, status, &problem);
        return;
    }
    x->phase = ECHO_EXCHANGE_PHASE_ITEMS;
}

/* From the root on the snapshot can be read from. */
static void show(echo_exchange *x) {
    if ((x->usable && echo__hash_equal(&x->shown, &x->target_digest)) || !echo__frontier_begun(&x->items)) return;
    if (echo__overlay_show(&x->overlay, &x->party, x->target.number, echo__buf_bytes(&x->target_text)) != ECHO_OK)
        return;
    x->usable = x->overlay.noting = true;
    x->shown = x->target_digest;
    echo__exchange_tell(x, ECHO_EXCHANGE_EVENT_USABLE, NULL, NULL);
}

static void complete(echo_exchange *x) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__trust_enough(x, &problem);
    if (status == ECHO_ERR_PENDING) {
        echo__trust_ask(x);
        return;
    }
    if (status != ECHO_OK) {
        walk_failed(x, status, &problem);
        return;
    }
    store(x, true);
    if (x->overlay.first != NULL || x->phase != ECHO_EXCHANGE_PHASE_ITEMS) return;
    if (x->options.trust >= ECHO_TRUST_SAMPLED) {
        status = echo__tail_begin(x, true, &problem);
        if (status == ECHO_OK) x->phase = ECHO_EXCHANGE_PHASE_CHECKING;
    } else {
        status = echo__install(x, &problem);
        if (status == ECHO_ERR_BUSY) return;
        if (status == ECHO_ERR_CONFLICT) { /* somebody else published or removed something: plan again */
            lose_target(x);
            return;
        }
        if (status == ECHO_OK) status = echo__tail_begin(x, false, &problem);
    }
    if (status != ECHO_OK) echo__exchange_fail(x, &problem);
}

/* Chunks were tried, and turn out to be more than the messages. What came stays in the store, as garbage. */
static bool prefers_tail(echo_exchange *x) {
    if (x->instead == 0 || x->target.items.items == 0) return false;
    if (echo__plan_goes_on((double)x->items.items / (double)x->target.items.items, x->spent, x->instead)) return false;
    echo_error problem = ECHO_ERROR_INIT;
    x->state.by_chunks = false;
    echo__chunks_end(x);
    if (echo__tail_begin(x, false, &problem) != ECHO_OK) echo__exchange_fail(x, &problem);
    return true;
}

void echo__chunks_step(echo_exchange *x) {
    if (x->phase == ECHO_EXCHANGE_PHASE_MEMBERS) members_step(x);
    if (x->phase != ECHO_EXCHANGE_PHASE_ITEMS) return;
    show(x);
    if (!ask_touched(x)) ask_missing(x, &x->items);
    if (x->phase != ECHO_EXCHANGE_PHASE_ITEMS) return;
    show(x);
    x->state.items_here = x->items.items;
    x->state.chunks_kept = x->items.kept + x->items.same;
    store(x, false);
    if (x->phase != ECHO_EXCHANGE_PHASE_ITEMS || prefers_tail(x)) return;
    if (echo__frontier_done(&x->items)) complete(x);
}
