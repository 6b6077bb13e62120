/*
 * Who is a member, who vouches for a snapshot, and whether the feeds say what it says.
 */
#include <sodium.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "exchange/exchange.h"
#include "snapshot/snapshot.h"
#include "tree/path.h"

/*
 * ---- members ----
 *
 * A snapshot's credentials can only tell who is a member: others may have been admitted behind it, or were left out by
 * who made it. Who is none, the party knows, when it is open here.
 */

bool echo__trust_member(const echo_exchange *x, const echo_key *key, bool *known) {
    const echo_party *party = x->options.opened;
    *known = true;
    if (party != NULL && (echo__party_admits(party, key) || echo__admission_trusts(party->admission, key))) return true;
    if (x->admission != NULL &&
        (echo__admission_admits(x->admission, key) || echo__admission_trusts(x->admission, key)))
        return true;
    for (size_t i = 0; i < x->options.member_count; i++)
        if (echo__key_equal(&x->members[i], key)) return true;
    *known = party != NULL || x->options.member_count > 0;
    return false;
}

void echo__trust_judge_peers(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        bool known;
        const echo_key *key = echo__channel_peer(peer->channel);
        if (peer->over || peer->judged || key == NULL) continue;
        bool is = echo__trust_member(x, key, &known);
        peer->judged = known;
        if (known && !is) (void)echo__peer_lied(peer, ECHO_ERR_REFUSED, "it is no member of the party");
    }
}

static echo_status take_credential(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__admission_add(arg, &stamp->feed, stamp->seq, credential, NULL, &problem);
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : ECHO_OK; /* others admit nothing */
}

/* ---- attestations ---- */

static bool counts(const echo_exchange *x, const echo__attestation *word) {
    bool known;
    return echo__trust_member(x, &word->member, &known) && echo__attestation_ok(word, &x->target_digest);
}

/* Words of nobody would leave no room for those of members. */
static void drop_others(echo_exchange *x) {
    size_t kept = 0;
    for (size_t i = 0; i < x->target.attestation_count; i++)
        if (counts(x, &x->target.attestations[i])) x->target.attestations[kept++] = x->target.attestations[i];
    x->target.attestation_count = kept;
}

/* Peers offer the same state in manifests of their own, with words of others. */
static echo_status gather(echo_exchange *x, echo_error *err) {
    drop_others(x);
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!peer->offer.snapshot || !echo__hash_equal(&peer->offer.digest, &x->target_digest)) continue;
        for (size_t i = 0; i < peer->offer.manifest.attestation_count; i++) {
            const echo__attestation *word = &peer->offer.manifest.attestations[i];
            if (!counts(x, word)) continue;
            if (echo__manifest_attested(&x->target, word) != ECHO_OK) return echo__nomem(err);
        }
    }
    return ECHO_OK;
}

/* Who the target's credentials admit. */
static echo_status take_credentials(echo_exchange *x, echo_error *err) {
    echo__admission *admission;
    if (echo__admission_new(&admission, &x->party) != ECHO_OK) return echo__nomem(err);
    echo_status status = echo__credentials_each(x->chunks, &x->target.credentials, take_credential, admission, err);
    if (status == ECHO_OK && !echo__admission_has_genesis(admission))
        status =
            echo__error(err, ECHO_ERR_SIGNATURE, "the snapshot's credentials do not begin with the party's genesis");
    if (status != ECHO_OK) {
        echo__admission_free(admission);
        return status;
    }
    echo__admission_free(x->admission);
    x->admission = admission;
    echo__trust_judge_peers(x);
    return ECHO_OK;
}

echo_status echo__trust_credentials(echo_exchange *x, echo_error *err) {
    const echo__manifest *m = &x->target;
    echo_status status = ECHO_OK;
    if (m->credentials.items > 0)
        status = take_credentials(x, err);
    else if (x->options.opened == NULL &&
             x->options.member_count == 0) /* otherwise a party whose members the host knows by itself */
        status = echo__error(err, ECHO_ERR_SIGNATURE, "the snapshot has no credentials, and no members were named");
    if (status != ECHO_OK) return status;
    if (m->is_signed) {
        bool known;
        if (echo__trust_member(x, &m->author, &known)) return ECHO_OK;
        return echo__error(err, ECHO_ERR_SIGNATURE, "the manifest is signed by somebody who is no member of the party");
    }
    status = gather(x, err);
    if (status == ECHO_OK && x->target.attestation_count == 0)
        status = echo__error(err, ECHO_ERR_SIGNATURE, "the manifest is neither signed nor attested by a member");
    return status;
}

static bool asking(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || !peer->serves || peer->finished) continue;
        if (!peer->attest_asked) return true;
        for (const echo__request *r = peer->first; r != NULL; r = r->next)
            if (r->kind == ECHO__REQUEST_ATTEST) return true;
    }
    return false;
}

echo_status echo__trust_enough(echo_exchange *x, echo_error *err) {
    echo_status status = gather(x, err);
    if (status != ECHO_OK) return status;
    uint32_t words = x->state.attested = (uint32_t)x->target.attestation_count;
    bool asked = x->options.trust >= ECHO_TRUST_ATTESTED;
    uint32_t needed = asked ? x->options.attestations : x->target.is_signed ? 0 : 1;
    if (words >= needed) return ECHO_OK;
    if (asked && asking(x)) return echo__error(err, ECHO_ERR_PENDING, "members are asked for their word");
    return echo__error(err, ECHO_ERR_REFUSED, "the snapshot is attested by %u members, and %u are asked for",
                       (unsigned)words, (unsigned)needed);
}

void echo__trust_ask(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || !peer->serves || peer->finished || peer->attest_asked) continue;
        echo__request *r = echo__peer_request(peer, ECHO__REQUEST_ATTEST, 0);
        if (r == NULL) return;
        peer->attest_asked = true;
        echo__buf out = ECHO__BUF_INIT;
        echo__write_u32(&out, r->id);
        echo__buf_append(&out, x->target_digest.bytes, sizeof x->target_digest.bytes);
        echo_bytes part = echo__buf_bytes(&out);
        if (out.status == ECHO_OK) {
            (void)!echo__peer_send(peer, ECHO__MESSAGE_ATTEST, &part, 1);
        } else {
            peer->attest_asked = false;
            echo__peer_take_back(peer);
        }
        echo__buf_free(&out);
    }
}

echo_status echo__trust_take(echo_peer *peer, echo_bytes payload, echo_error *err) {
    echo_exchange *x = peer->x;
    echo__reader r = echo__reader_of(payload);
    echo__attestation word;
    uint32_t id = echo__read_u32(&r);
    bool has = echo__read_u8(&r) != 0;
    if (has) {
        echo__read_into(&r, word.member.bytes, sizeof word.member.bytes);
        echo__read_into(&r, word.signature, sizeof word.signature);
    }
    if (echo__peer_answered(peer, ECHO__REQUEST_ATTEST, id) == NULL || !echo__reader_ok(&r))
        return echo__peer_lied(peer, ECHO_ERR_CORRUPT, "a word nobody asked for");
    echo__peer_finish_request(peer);
    if (!has || !x->has_target) return ECHO_OK;
    if (!counts(x, &word)) return ECHO_OK; /* of a target that was given up it may be right */
    return echo__manifest_attested(&x->target, &word) == ECHO_OK ? ECHO_OK : echo__nomem(err);
}

/* ---- replaying ---- */

typedef struct sample {
    echo__buf *ids;
    size_t count;
    echo_codec codec; /* the party's own */
} sample;

typedef struct replaying {
    echo_exchange *x;
    sample sample;
} replaying;

/* The id of the item of that rank. */
static echo_status id_at(echo__buf *out, echo_exchange *x, uint64_t rank, echo_error *err) {
    echo__path path;
    echo_status status = echo__path_init(&path, x->chunks, &x->target.items, err);
    while (status == ECHO_OK && (status = echo__path_down(&path, err)) == ECHO_OK && path.level > 0) {
        const echo__page *page = echo__path_page(&path);
        echo__entry entry;
        uint32_t at = 0;
        for (echo__page_entry(page, at, &entry); rank >= entry.items && at + 1 < page->lines->count;
             echo__page_entry(page, ++at, &entry))
            rank -= entry.items;
        path.at[path.level] = at;
    }
    if (status == ECHO_OK) {
        uint8_t room[ECHO__ID_MAX];
        const echo__page *page = echo__path_page(&path);
        echo_bytes id =
            echo__page_id(page, (uint32_t)(rank < page->lines->count ? rank : page->lines->count - 1u), room);
        echo__buf_append(out, id.data, id.len);
        if (out->status != ECHO_OK) status = echo__nomem(err);
    }
    echo__path_free(&path);
    return status;
}

static uint64_t below(uint64_t n) {
    uint64_t number, limit = UINT64_MAX - UINT64_MAX % n;
    do randombytes_buf(&number, sizeof number);
    while (number >= limit);
    return number % n;
}

static int by_id(const void *a, const void *b) { return echo__bytes_compare(echo__buf_bytes(a), echo__buf_bytes(b)); }

/* Different items, each as likely as any other (Floyd's way): drawn now that the root is known, so that nobody could
 * prepare for it. */
static echo_status draw(sample *s, echo_exchange *x, echo_error *err) {
    uint64_t items = x->target.items.items, n = x->options.samples < items ? x->options.samples : items;
    uint64_t *ranks = echo__calloc((size_t)n + 1, sizeof *ranks);
    s->ids = echo__calloc((size_t)n + 1, sizeof *s->ids);
    echo_status status = ranks == NULL || s->ids == NULL ? echo__nomem(err) : ECHO_OK;
    for (uint64_t i = 0; status == ECHO_OK && i < n; i++) {
        uint64_t rank = below(items - n + i + 1);
        for (size_t k = 0; k < s->count; k++)
            if (ranks[k] == rank) rank = items - n + i;
        ranks[s->count] = rank;
        status = id_at(&s->ids[s->count], x, rank, err);
        s->count++;
    }
    if (status == ECHO_OK) qsort(s->ids, s->count, sizeof *s->ids, by_id);
    echo__free(ranks);
    return status;
}

static bool is_drawn(const sample *s, echo_bytes id) {
    echo__buf key = {(uint8_t *)(uintptr_t)id.data, id.len, id.len, ECHO_OK};
    return bsearch(&key, s->ids, s->count, sizeof *s->ids, by_id) != NULL;
}

/* Messages of other items are covered and not applied. */
static echo_status decode(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch, echo_error *err) {
    const sample *s = ctx;
    echo_status status = s->codec.ops->decode(out, s->codec.ctx, block, scratch, err);
    if (status == ECHO_OK && out->kind == ECHO_MESSAGE_ITEM && !is_drawn(s, out->item))
        out->kind = ECHO_MESSAGE_UNKNOWN;
    return status;
}

static echo_status encode(uint8_t **out, size_t *len, void *ctx, const echo_message *message, echo_error *err) {
    const sample *s = ctx;
    return s->codec.ops->encode(out, len, s->codec.ctx, message, err);
}

static void release(void *ctx, uint8_t *block) {
    const sample *s = ctx;
    s->codec.ops->release(s->codec.ctx, block);
}

static echo_status keep_line(void *arg, echo_bytes line) {
    echo__buf_append(arg, line.data, line.len);
    return ((echo__buf *)arg)->status;
}

static echo_status compare_drawn(const replaying *r, const echo_party *replayed, echo_error *err) {
    echo_status status = ECHO_OK;
    echo__buf claimed = ECHO__BUF_INIT, found = ECHO__BUF_INIT;
    for (size_t i = 0; i < r->sample.count && status == ECHO_OK; i++) {
        echo_bytes id = echo__buf_bytes(&r->sample.ids[i]);
        echo__buf_clear(&claimed);
        echo__buf_clear(&found);
        status = echo__tree_get(r->x->chunks, &r->x->target.items, id, keep_line, &claimed, err);
        if (status == ECHO_OK) status = echo__tree_get(replayed->chunks, &replayed->root, id, keep_line, &found, err);
        if (status == ECHO_OK && !echo__bytes_equal(echo__buf_bytes(&claimed), echo__buf_bytes(&found)))
            status = ECHO_ERR_NOT_FOUND;
        if (status == ECHO_ERR_NOT_FOUND) {
            echo__error(err, ECHO_ERR_CORRUPT, "an item of the snapshot is not what the feeds say");
            echo__error_item(err, id.data, id.len);
            status = ECHO_ERR_CORRUPT;
        }
    }
    echo__buf_free(&claimed);
    echo__buf_free(&found);
    return status;
}

static echo_status look_at_replayed(void *arg, const echo_party *replayed, const echo_hash *digest, echo_error *err) {
    const replaying *r = arg;
    if (r->sample.ids != NULL) return compare_drawn(r, replayed, err);
    return echo__hash_equal(digest, &r->x->target_digest)
               ? ECHO_OK
               : echo__error(err, ECHO_ERR_CORRUPT, "the snapshot is not what replaying the feeds gives");
}

echo_status echo__trust_replay(echo_exchange *x, echo_error *err) {
    static const echo_codec_ops ops = {ECHO_CODEC_OPS_VERSION, decode, encode, release, 2};
    if (x->options.trust < ECHO_TRUST_SAMPLED) return ECHO_OK;
    replaying r = {x, {NULL, 0, x->options.codec == NULL ? echo_codec_dxos() : *x->options.codec}};
    bool all =
        x->options.trust == ECHO_TRUST_REPLAYED || x->target.items.items == 0; /* a sample of nothing tells nothing */
    echo_codec filter = {&ops, &r.sample};
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &x->party;
    options.models = (echo_registry *)(uintptr_t)x->options.models;
    options.feeds = x->feeds;
    options.codec = all ? x->options.codec : &filter;
    options.writable = false;
    echo_status status = ECHO_OK;
    if (!all) status = draw(&r.sample, x, err);
    if (status == ECHO_OK)
        status = echo__overlay_show(&x->overlay, &x->party, x->target.number, echo__buf_bytes(&x->target_text));
    if (status == ECHO_OK)
        status = echo__snapshot_replay(&options, &x->overlay.store, x->target.number, look_at_replayed, &r, err);
    if (status == ECHO_OK) {
        x->state.sampled = all ? x->target.items.items : r.sample.count;
        x->state.detection = all ? 1 : (double)r.sample.count / (double)x->target.items.items;
    }
    for (size_t i = 0; r.sample.ids != NULL && i < r.sample.count; i++) echo__buf_free(&r.sample.ids[i]);
    echo__free(r.sample.ids);
    return status;
}
