#include "exchange/fetch_chunks.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/fetch_delta.h"
#include "exchange/offers.h"
#include "exchange/peer.h"
#include "exchange/plan.h"
#include "exchange/target.h"

#define LOOKS 256u                 /* chunks already present that are examined in a step */
#define STORE_AT ((size_t)2 << 20) /* received bytes that are stored at once */
#define HOLD_AT ((size_t)64 << 20) /* received bytes that cannot be stored: nothing more is asked for */
#define WISHES 64u                 /* items that are looked for in a step, the latest ones */
#define NODE_EXPECTED 4096u        /* bytes of a chunk whose length is not known */

/* ---- asking ---- */

static bool is_source(const echo_exchange *x, const echo_peer *peer) {
    return echo__peer_ready(peer) && !peer->finished && !peer->lacks && echo__target_is_offered(x, peer);
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

/* Of the request that was made last. */
static bool send_want(echo_peer *peer, echo__request *r, bool whole) {
    echo__buf out = ECHO__BUF_INIT;
    echo__write_u32(&out, r->id);
    echo__buf_append(&out, r->hash.bytes, sizeof r->hash.bytes);
    size_t before = out.len;
    r->delta = !whole && r->want != NULL && echo__fetch_delta_prints(&out, peer->x, r->want);
    peer->x->spent += out.len - before;
    echo_bytes part = echo__buf_bytes(&out);
    bool ok = out.status == ECHO_OK;
    if (!ok) {
        echo__fetch_chunks_lost(peer->x, r);
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

static echo_status ignore_line(void *arg, echo__line line) {
    (void)arg, (void)line;
    return ECHO_OK;
}

/* Looks for the items that are wished for; what is missing on the way is noted by the overlay. */
static void find_wishes(echo_exchange *x) {
    size_t least = x->wish_count > WISHES ? x->wish_count - WISHES : 0;
    for (size_t i = x->wish_count; i-- > least;) {
        echo_error ignored = ECHO_ERROR_INIT;
        echo_status status =
            echo__tree_get(x->chunks, &x->target.items, echo__bytes_text(x->wishes[i]), ignore_line, NULL, &ignored);
        if (status == ECHO_ERR_PENDING) continue;
        echo__free(x->wishes[i]);
        memmove(x->wishes + i, x->wishes + i + 1, (x->wish_count - i - 1) * sizeof *x->wishes);
        x->wish_count--;
    }
}

/* A chunk that is touched next should not wait for much either. */
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
    if (x->usable) find_wishes(x);
    while (x->overlay.touched_count > 0) {
        bool any;
        echo_hash hash = x->overlay.touched[x->overlay.touched_count - 1];
        echo_peer *peer = find_peer(x, &any);
        if (is_absent(x, &hash) || in_flight(x, &hash) ||
            echo__map_get(&x->overlay.map, hash.bytes, sizeof hash.bytes) != NULL) { /* or came since it was touched */
            x->overlay.touched_count--;
            continue;
        }
        if (peer == NULL) return any; /* no peer that has the target is left: ask_missing() reports that */
        if (!echo__grow(&x->touching, &x->touching_cap, x->touching_count + 1, sizeof *x->touching)) return true;
        x->overlay.touched_count--;
        x->touching[x->touching_count++] = hash;
        shrink_windows(x);
        if (!ask(peer, NULL, NULL, &hash, ECHO__CHUNK_MAX)) return true;
    }
    return x->touching_count > 0;
}

/* No peer that has it is left: they removed it, or never had it. Others may still offer it. */
static void remember_lack(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!peer->lacks || !echo__target_is_offered(x, peer)) continue;
        peer->has_lacked = true;
        peer->lacked = x->target_digest;
    }
}

static echo_status next_missing(echo__want **out, echo_exchange *x, echo__frontier *frontier, unsigned *looks,
                                echo_error *err) {
    bool noting = x->overlay.noting;
    x->overlay.noting = false;
    echo_status status = echo__frontier_next(out, frontier, looks, err);
    x->overlay.noting = noting;
    return status;
}

/* Asks for what is missing of a tree, as far as peers have room. */
static echo__outcome ask_missing(echo_exchange *x, echo__frontier *frontier, echo_error *why) {
    unsigned looks = LOOKS;
    bool any = true;
    echo_peer *peer;
    while (x->overlay.bytes < HOLD_AT && looks > 0 && (peer = find_peer(x, &any)) != NULL) {
        echo__want *want;
        echo_status status = next_missing(&want, x, frontier, &looks, why);
        if (status != ECHO_OK) return echo__outcome_of(status, why);
        if (want == NULL) break;
        echo_hash hash = want->hash;
        if (!ask(peer, frontier, want, &hash, want->most)) break;
    }
    if (echo__frontier_done(frontier)) return ECHO__DONE;
    if (any) return ECHO__MORE;
    remember_lack(x);
    return ECHO__LOST;
}

/* ---- what arrives ---- */

void echo__fetch_chunks_lost(echo_exchange *x, echo__request *r) {
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
        if (!r->delta) return echo__error(err, ECHO_ERR_CORRUPT, "peer: a delta without a base");
        echo_status status = echo__fetch_delta_apply(made, again, x, r->want, bytes, err);
        if (status != ECHO_OK || *again) return status;
        *out = echo__buf_bytes(made);
    }
    if (out->len > r->most) return echo__error(err, ECHO_ERR_LIMIT, "peer: a chunk exceeds its maximum length");
    echo_hash hash;
    echo__hash(&hash, out->data, out->len);
    if (echo__hash_equal(&hash, &r->hash)) return ECHO_OK;
    *again = form == ECHO__CHUNK_DELTA;
    return *again ? ECHO_OK
                  : echo__error(err, ECHO_ERR_CORRUPT, "peer: the hash of a chunk's bytes is not the requested one");
}

static echo_status absent(echo_peer *peer, echo__request *r) {
    echo_exchange *x = peer->x;
    if (r->want != NULL)
        peer->lacks = true; /* it may have removed that snapshot: no lie */
    else if (!r->late && x->absent_count < ECHO__ABSENT)
        x->absent[x->absent_count++] = r->hash; /* the host may have read anything */
    echo__fetch_chunks_lost(x, r);
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

/* A chunk of the trees is present: what lies below it is wanted next. */
static echo__outcome walk_on(echo_exchange *x, echo__frontier *frontier, echo__want *want, echo_error *why) {
    bool noting = x->overlay.noting;
    x->overlay.noting = false;
    echo_status status = echo__frontier_arrived(frontier, want, why);
    x->overlay.noting = noting;
    return status == ECHO_OK ? ECHO__MORE : echo__outcome_of(status, why);
}

/* The request is answered by this chunk, whose hash is right. */
static echo_status keep_chunk(echo__report *out, echo_peer *peer, echo__request *r, echo_bytes chunk, echo_error *err) {
    echo_exchange *x = peer->x;
    echo_status status = echo__overlay_add(&x->overlay, &r->hash, chunk, err);
    if (status != ECHO_OK) return status;
    x->state.chunks_received++;
    x->state.chunk_bytes += chunk.len;
    echo__want *want = r->want;
    echo__frontier *frontier = r->frontier;
    r->want = NULL;
    if (want == NULL) echo__fetch_chunks_lost(x, r);
    echo__peer_finish_request(peer);
    echo__peer_grow_window(peer, chunk.len);
    if (want != NULL) out->outcome = walk_on(x, frontier, want, &out->why);
    return ECHO_OK;
}

echo_status echo__fetch_chunks_accept(echo__report *out, echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__reader reader = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&reader);
    uint8_t form = echo__read_u8(&reader);
    echo__request *r = echo__peer_answered(peer, ECHO__REQUEST_CHUNK, id);
    if (r == NULL || reader.bad || form > ECHO__CHUNK_ABSENT)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: unsolicited chunk");
    if (form == ECHO__CHUNK_ABSENT) return absent(peer, r);
    if (r->late && (!x->has_target || form == ECHO__CHUNK_DELTA)) { /* of no use any more, or its base is forgotten */
        echo__peer_finish_request(peer);
        return ECHO_OK;
    }
    echo__buf made = ECHO__BUF_INIT;
    echo_bytes chunk;
    bool again;
    x->spent += reader.rest.len;
    echo_status status = unfold(&chunk, &again, &made, x, r, form, reader.rest, err);
    if (status == ECHO_OK) status = again ? ask_whole(peer) : keep_chunk(out, peer, r, chunk, err);
    echo__buf_free(&made);
    return status;
}

/* ---- steps ---- */

echo__outcome echo__fetch_chunks_store(echo_exchange *x, echo_error *why) {
    echo_status status = echo__overlay_store(&x->overlay, why);
    if (status != ECHO_OK && status != ECHO_ERR_BUSY) {
        echo__error_adopt(why, status, "chunks could not be stored");
        return ECHO__FAILED;
    }
    return x->overlay.first == NULL ? ECHO__DONE : ECHO__MORE;
}

echo__outcome echo__fetch_chunks_credentials(echo_exchange *x, echo_error *why) {
    return ask_missing(x, &x->credentials, why);
}

bool echo__fetch_chunks_cost_more(const echo_exchange *x) {
    if (x->instead == 0 || x->target.items.items == 0) return false;
    return !echo__plan_goes_on((double)x->items.items / (double)x->target.items.items, x->spent, x->instead);
}

echo__outcome echo__fetch_chunks_items(echo_exchange *x, echo_error *why) {
    echo__target_show(x);
    echo__outcome outcome = ask_touched(x) ? ECHO__MORE : ask_missing(x, &x->items, why);
    if (outcome != ECHO__MORE && outcome != ECHO__DONE) return outcome;
    echo__target_show(x);
    x->state.items_here = x->items.items;
    x->state.chunks_kept = x->items.kept + x->items.same;
    if (x->overlay.bytes >= STORE_AT && echo__fetch_chunks_store(x, why) == ECHO__FAILED) return ECHO__FAILED;
    return echo__frontier_done(&x->items) ? ECHO__DONE : ECHO__MORE;
}
