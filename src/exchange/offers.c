/*
 * Asking peers what they have, and deciding what to fetch: the tail alone, or a snapshot's chunks and the tail behind
 * them.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/exchange.h"
#include "exchange/plan.h"
#include "tree/path.h"

#define UNVOUCHED_MAX 4u /* manifests of a peer's that nobody vouches for before it is dropped */

void echo__offer_free(echo__offer *offer) {
    echo__buf_free(&offer->text);
    echo__manifest_free(&offer->manifest);
    echo__free(offer->feeds);
    memset(offer, 0, sizeof *offer);
}

/* ---- answers ---- */

static bool is_banned(const echo_exchange *x, const echo_hash *hash) {
    for (size_t i = 0; i < x->banned_count; i++)
        if (echo__hash_equal(&x->banned[i], hash)) return true;
    return false;
}

static echo_status take_feeds(echo__offer *offer, echo__reader *r, echo_error *err) {
    uint32_t count = echo__read_u32(r);
    if (r->bad || count > ECHO__FEEDS_MAX || (size_t)count * ECHO__OFFERED_FEED_BYTES != r->rest.len) {
        r->bad = true;
        return ECHO_OK;
    }
    if (count == 0) return ECHO_OK;
    offer->feeds = echo__calloc(count, sizeof *offer->feeds);
    if (offer->feeds == NULL) return echo__nomem(err);
    for (offer->feed_count = 0; offer->feed_count < count; offer->feed_count++) {
        echo__offered_feed *feed = &offer->feeds[offer->feed_count];
        echo__read_offered_feed(r, feed);
        if (offer->feed_count > 0 && echo__key_compare(&feed[-1].key, &feed->key) >= 0) r->bad = true;
        if (feed->length > ECHO_SEQ_MAX) r->bad = true;
    }
    return ECHO_OK;
}

/* A model version that the host does not read makes the snapshot a poor one: those items stay bytes. */
static echo_status check_models(const echo_exchange *x, const echo__manifest *manifest, echo_error *err) {
    if (x->options.models == NULL) return ECHO_OK;
    for (size_t i = 0; i < manifest->models.count; i++) {
        const echo__model_count *model = &manifest->models.list[i];
        if (model->version > 0 && echo__model_is_stale(x->options.models, model->model, model->version))
            return echo__error(err, ECHO_ERR_VERSION, "version %u of model %s is not read here",
                               (unsigned)model->version, model->model);
    }
    return ECHO_OK;
}

/* What is wrong with the manifest itself; a forged one is a lie, one that is merely of no use is not. */
static echo_status read_manifest(echo_peer *peer, echo_bytes text, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__offer *offer = &peer->offer;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__manifest_read(&offer->manifest, text, &problem);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    if (status == ECHO_ERR_VERSION) {
        echo__peer_reject(peer, ECHO__REJECT_FORMAT, &problem);
        return ECHO_OK;
    }
    if (status != ECHO_OK) {
        if (err != NULL) *err = problem;
        return status;
    }
    if (!echo__key_equal(&offer->manifest.party, &x->party)) {
        echo__error(&problem, ECHO_ERR_CORRUPT, "the manifest is of another party");
        echo__peer_reject(peer, ECHO__REJECT_PARTY, &problem);
        return echo__error(err, ECHO_ERR_CORRUPT, "the manifest is of another party");
    }
    echo__path check;
    if (offer->manifest.items.bytes > (uint64_t)1 << 60 || offer->manifest.items.items > offer->manifest.items.bytes ||
        echo__path_init(&check, x->chunks, &offer->manifest.items, &problem) != ECHO_OK ||
        echo__path_init(&check, x->chunks, &offer->manifest.credentials, &problem) != ECHO_OK)
        return echo__error(err, ECHO_ERR_CORRUPT, "the manifest makes no sense");
    if (check_models(x, &offer->manifest, &problem) != ECHO_OK) {
        echo__peer_reject(peer, ECHO__REJECT_FORMAT, &problem);
        return ECHO_OK;
    }
    /* A snapshot that covers less than the one present locally is normal: only the offer's feeds are of use. */
    const echo_party *party = x->options.opened;
    if (party != NULL && !echo_timeframe_covers(offer->manifest.timeframe, party->root_clock)) return ECHO_OK;
    if (echo__manifest_digest(&offer->digest, &offer->manifest) != ECHO_OK) return echo__nomem(err);
    echo__buf_append(&offer->text, text.data, text.len);
    if (offer->text.status != ECHO_OK) return echo__nomem(err);
    offer->snapshot = true;
    echo__hash(&offer->text_hash, text.data, text.len);
    offer->banned = is_banned(x, &offer->digest) || is_banned(x, &offer->text_hash) ||
                    (peer->has_lacked && echo__hash_equal(&offer->digest, &peer->lacked));
    return ECHO_OK;
}

echo_status echo__offers_take(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r), len = echo__read_u32(&r);
    echo_bytes text = echo__read_bytes(&r, len);
    if (echo__peer_answered(peer, ECHO__REQUEST_ASK, id) == NULL)
        return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "an offer nobody asked for");
    echo__offer_free(&peer->offer);
    echo_status status = ECHO_OK;
    if (text.len > 0) status = read_manifest(peer, text, err);
    if (status == ECHO_OK && !peer->over) status = take_feeds(&peer->offer, &r, err);
    if (status != ECHO_OK || peer->over) return status;
    if (!echo__reader_ok(&r)) return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "its offer has the wrong shape");
    peer->offer.here = true;
    echo__peer_finish_request(peer);
    return ECHO_OK;
}

void echo__offers_ban(echo_exchange *x, const echo_hash *hash, const echo_error *why, uint8_t reason) {
    if (!is_banned(x, hash) && echo__grow(&x->banned, &x->banned_cap, x->banned_count + 1, sizeof *x->banned))
        x->banned[x->banned_count++] = *hash;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        const echo__offer *offer = &peer->offer;
        if (!offer->snapshot || (!echo__hash_equal(&offer->digest, hash) && !echo__hash_equal(&offer->text_hash, hash)))
            continue;
        peer->offer.banned = true;
        echo__offers_blame(x, peer);
        if (!peer->over) echo__peer_reject(peer, reason, why);
        if (reason == ECHO__REJECT_SIGNATURE && ++peer->unvouched == UNVOUCHED_MAX)
            (void)echo__peer_lied(peer, ECHO_ERR_SIGNATURE,
                                  "it offers one manifest after the other that no member vouches for");
    }
}

/* ---- asking ---- */

const echo_party *echo__offers_party(const echo_exchange *x) {
    const echo_party *party = x->options.opened;
    if (party == NULL || party->store.ctx != &x->overlay) return party;
    return x->state.installed > 0 && echo__hash_equal(&x->shown, &x->installed) ? party : NULL;
}

const echo_timeframe *echo__offers_clock(const echo_exchange *x) {
    const echo_party *party = echo__offers_party(x);
    return party == NULL ? x->installed_clock : party->clock;
}

static void ask(echo_peer *peer) {
    echo_exchange *x = peer->x;
    echo_timeframe *clock = NULL;
    const echo_timeframe *covered = echo__offers_clock(x);
    echo__buf out = ECHO__BUF_INIT;
    bool ok = covered == NULL ? echo_timeframe_new(&clock) == ECHO_OK : echo_timeframe_copy(&clock, covered) == ECHO_OK;
    echo__request *request = ok ? echo__peer_request(peer, ECHO__REQUEST_ASK, 0) : NULL;
    if (request != NULL) {
        size_t size = echo_timeframe_binary_size(clock);
        echo__write_u32(&out, request->id);
        uint8_t *room = echo__buf_reserve(&out, size == 0 ? 1 : size);
        if (room != NULL) {
            echo_timeframe_to_binary(room, clock);
            out.len += size;
            echo_bytes part = echo__buf_bytes(&out);
            peer->asked = echo__peer_send(peer, ECHO__MESSAGE_ASK, &part, 1) == ECHO_OK;
        } else {
            echo__peer_take_back(peer);
        }
    }
    echo__buf_free(&out);
    echo_timeframe_free(clock);
}

/* ---- deciding ---- */

echo__offered_feed *echo__offer_find(const echo__offer *offer, const echo_key *key) {
    size_t low = 0, high = offer->feed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = echo__key_compare(&offer->feeds[middle].key, key);
        if (order == 0) return &offer->feeds[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A snapshot that covers less than the one here would take items back. */
static bool is_useful(const echo_exchange *x, const echo__offer *offer) {
    if (!offer->here || !offer->snapshot || offer->banned) return false;
    const echo_party *party = echo__offers_party(x);
    if (party == NULL) { /* nothing is here, or what was installed, which nobody opened yet */
        const echo_timeframe *clock = x->installed_clock;
        return clock == NULL || (echo_timeframe_covers(offer->manifest.timeframe, clock) &&
                                 !echo_timeframe_covers(clock, offer->manifest.timeframe));
    }
    return echo_timeframe_covers(offer->manifest.timeframe, party->root_clock) &&
           !echo_timeframe_covers(party->clock, offer->manifest.timeframe);
}

static uint64_t next_of(const echo_timeframe *clock, const echo_key *feed) {
    uint64_t seq;
    return clock != NULL && echo_timeframe_get(&seq, clock, feed) ? seq + 1 : 0;
}

/* Messages and bytes that the offer's feeds have and are missing here: covered by its snapshot, and behind. */
static void weigh(echo__plan_facts *facts, const echo_exchange *x, const echo__offer *offer) {
    const echo_timeframe *clock = echo__offers_clock(x);
    memset(facts, 0, sizeof *facts);
    facts->offered = is_useful(x, offer);
    const echo_party *party = echo__offers_party(x);
    echo_error ignored = ECHO_ERROR_INIT;
    bool kept = false; /* otherwise what the party reads from goes away: as if nothing were here */
    if (party != NULL && echo__install_keeps(&kept, x, &party->root, &party->credentials_root, &ignored) == ECHO_OK &&
        kept)
        facts->base = party->root;
    if (!facts->offered) return;
    facts->root = offer->manifest.items;
    echo_frame frame;
    for (size_t i = 0; echo_timeframe_at(&frame, offer->manifest.timeframe, i); i++) {
        uint64_t here = next_of(clock, &frame.feed), there = frame.seq + 1;
        const echo__offered_feed *feed = echo__offer_find(offer, &frame.feed);
        if (there <= here) continue;
        facts->covered += there - here;
        if (feed == NULL || feed->length <= here) continue;
        double share = (double)feed->bytes * (double)(there - here) / (double)(feed->length - here);
        uint64_t covered =
            share < (double)feed->bytes ? (uint64_t)share : feed->bytes; /* any numbers may stand in an offer */
        facts->covered_bytes += covered;
        facts->tail_bytes += feed->bytes - covered;
    }
}

static echo__blamed *find_blamed(const echo_exchange *x, const echo_peer *peer) {
    const echo_key *member = echo__channel_peer(peer->channel);
    for (size_t i = 0; member != NULL && i < x->blamed_count; i++)
        if (echo__key_equal(&x->blamed[i].member, member)) return &x->blamed[i];
    return NULL;
}

void echo__offers_blame(echo_exchange *x, const echo_peer *peer) {
    const echo_key *member = echo__channel_peer(peer->channel);
    echo__blamed *blamed = find_blamed(x, peer);
    if (member == NULL) return;
    if (blamed == NULL) {
        if (!echo__grow(&x->blamed, &x->blamed_cap, x->blamed_count + 1, sizeof *x->blamed)) return;
        blamed = &x->blamed[x->blamed_count++];
        *blamed = (echo__blamed){*member, 0};
    }
    blamed->count++;
}

/* The one that covers most. Who offered one after the other in vain is not tried again: it could go on like that for
 * ever. */
static echo_peer *best_offer(const echo_exchange *x) {
    echo_peer *best = NULL;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || !is_useful(x, &peer->offer)) continue;
        const echo__blamed *blamed = find_blamed(x, peer);
        if (blamed != NULL && blamed->count >= ECHO__BLAME_MOST) continue;
        if (best == NULL ||
            echo_timeframe_total(peer->offer.manifest.timeframe) > echo_timeframe_total(best->offer.manifest.timeframe))
            best = peer;
    }
    return best;
}

static void decide(echo_exchange *x) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_peer *best = best_offer(x);
    echo__plan_facts facts;
    uint64_t instead = 0;
    x->state.by_chunks = false;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) peer->offer.considered = peer->offer.here;
    if (best != NULL) {
        weigh(&facts, x, &best->offer);
        /* who has nothing yet takes the snapshot: the party is usable long before its history would be here */
        echo__plan plan = echo__plan_make(&facts);
        if (echo__offers_party(x) == NULL || facts.base.items == 0)
            plan = facts.covered > 0 ? ECHO__PLAN_CHUNKS : ECHO__PLAN_TAIL;
        else if (x->options.trust >= ECHO_TRUST_SAMPLED)
            plan = ECHO__PLAN_TAIL; /* the blocks are needed in any case */
        x->state.by_chunks = plan != ECHO__PLAN_TAIL;
        instead = plan == ECHO__PLAN_TRY ? facts.covered_bytes : 0;
    }
    echo_status status =
        x->state.by_chunks ? echo__chunks_begin(x, &best->offer, &problem) : echo__tail_begin(x, false, &problem);
    x->instead = instead;
    if (status != ECHO_OK) echo__exchange_fail(x, &problem);
}

void echo__offers_step(echo_exchange *x) {
    bool any = false, waiting = false;
    for (echo_peer *peer = x->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        waiting =
            waiting || (!peer->over && !peer->finished && !peer->connected); /* it stalls, or it will say who it is */
        if (!echo__peer_ready(peer) || !peer->serves || peer->finished) continue;
        if (!peer->asked) ask(peer);
        if (!echo__peer_ready(peer)) continue;
        any = any || peer->offer.here;
        waiting = waiting || !peer->offer.here;
    }
    if (x->phase == ECHO_EXCHANGE_PHASE_ASKING && any && !waiting) decide(x);
}
