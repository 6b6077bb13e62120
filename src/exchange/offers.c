#include "exchange/offers.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/here.h"
#include "exchange/peer.h"
#include "tree/path.h"
#include "tree/record.h"

#define UNVOUCHED_MAX 4u /* manifests without a voucher before the peer that offers them is dropped */
#define BLAME_MAX 3u     /* snapshots of one member that are tried in vain in a fetch */

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

static echo_status read_feeds(echo__offer *offer, echo__reader *r, echo_error *err) {
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
        if (model->version == ECHO__VERSION_FOREIGN) continue; /* nobody reads it */
        if (model->version > 0 && echo__model_is_stale(x->options.models, model->model, model->version))
            return echo__error(err, ECHO_ERR_VERSION, "version %u of model %s is not supported by the registered model",
                               (unsigned)model->version, model->model);
    }
    return ECHO_OK;
}

static echo_status check_roots(const echo_exchange *x, const echo__manifest *manifest, echo_error *err) {
    echo__path check;
    const echo__root *items = &manifest->items;
    bool possible = items->bytes <= (uint64_t)1 << 60 && items->items <= items->bytes;
    echo_status status = possible ? echo__path_init(&check, x->chunks, items, err) : ECHO_ERR_CORRUPT;
    if (status == ECHO_OK) status = echo__path_init(&check, x->chunks, &manifest->credentials, err);
    return status != ECHO_ERR_CORRUPT
               ? status
               : echo__error(err, status, "the manifest is inconsistent: the numbers of a tree are impossible");
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
    status = check_roots(x, &offer->manifest, err);
    if (status != ECHO_OK) return status;
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

echo_status echo__offers_accept(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo__reader r = echo__reader_of(payload);
    uint32_t id = echo__read_u32(&r), len = echo__read_u32(&r);
    echo_bytes text = echo__read_bytes(&r, len);
    if (echo__peer_answered(peer, ECHO__REQUEST_ASK, id) == NULL)
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: unsolicited offer");
    echo__offer_free(&peer->offer);
    echo_status status = ECHO_OK;
    if (text.len > 0) status = read_manifest(peer, text, err);
    if (status == ECHO_OK && !peer->over) status = read_feeds(&peer->offer, &r, err);
    if (status != ECHO_OK) echo__offer_free(&peer->offer);
    if (status != ECHO_OK || peer->over) return status;
    if (!echo__reader_ok(&r)) return echo__error(err, ECHO_ERR_CORRUPT, "peer: an offer has the wrong shape");
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
            (void)echo__peer_drop_for(peer, ECHO_ERR_SIGNATURE,
                                      "it repeatedly offers manifests that no member vouches for");
    }
}

/* ---- asking ---- */

static void ask(echo_peer *peer) {
    echo_exchange *x = peer->x;
    echo_timeframe *clock = NULL;
    const echo_timeframe *covered = echo__here_clock(x);
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

/* ---- weighing ---- */

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

/* A snapshot that covers less than the one present would undo messages. */
static bool is_useful(const echo_exchange *x, const echo__offer *offer) {
    if (!offer->here || !offer->snapshot || offer->banned) return false;
    const echo_party *party = echo__here_party(x);
    if (party == NULL) { /* nothing is present, or an installed snapshot that was not opened yet */
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

void echo__offers_weigh(echo__plan_facts *facts, const echo_exchange *x, const echo__offer *offer) {
    const echo_timeframe *clock = echo__here_clock(x);
    memset(facts, 0, sizeof *facts);
    facts->offered = is_useful(x, offer);
    const echo_party *party = echo__here_party(x);
    echo_error ignored = ECHO_ERROR_INIT;
    bool kept = false; /* otherwise what the party reads from goes away: as if nothing were present */
    if (party != NULL && echo__here_keeps(&kept, x, &party->root, &party->credentials_root, &ignored) == ECHO_OK &&
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

echo_peer *echo__offers_best(const echo_exchange *x) {
    echo_peer *best = NULL;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || !is_useful(x, &peer->offer)) continue;
        const echo__blamed *blamed = find_blamed(x, peer);
        if (blamed != NULL && blamed->count >= BLAME_MAX) continue;
        if (best == NULL ||
            echo_timeframe_total(peer->offer.manifest.timeframe) > echo_timeframe_total(best->offer.manifest.timeframe))
            best = peer;
    }
    return best;
}

/* ---- asking ---- */

void echo__offers_ask(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (echo__peer_ready(peer) && peer->serves && !peer->finished && !peer->asked) ask(peer);
}

echo__outcome echo__offers_step(echo_exchange *x, echo_error *why) {
    bool any = false, waiting = false;
    (void)why;
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        waiting = waiting || (!peer->over && !peer->finished && !peer->connected); /* it will greet, or stall */
        if (!echo__peer_ready(peer) || !peer->serves || peer->finished) continue;
        any = any || peer->offer.here;
        waiting = waiting || !peer->offer.here;
    }
    return any && !waiting ? ECHO__DONE : ECHO__MORE;
}

void echo__offers_forget(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (peer->first != NULL && peer->first->kind == ECHO__REQUEST_ASK) continue;
        peer->asked = peer->offer.here = false;
    }
}
