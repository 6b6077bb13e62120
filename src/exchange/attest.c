#include "exchange/attest.h"

#include "base/crypto.h"
#include "base/error.h"
#include "exchange/members.h"
#include "exchange/peer.h"

static bool counts(const echo_exchange *x, const echo__attestation *word) {
    bool known;
    return echo__members_has(x, &word->member, &known) && echo__attestation_ok(word, &x->target_digest);
}

/* Attestations of non-members would take the places of those of members. */
static void drop_others(echo_exchange *x) {
    size_t kept = 0;
    for (size_t i = 0; i < x->target.attestation_count; i++)
        if (counts(x, &x->target.attestations[i])) x->target.attestations[kept++] = x->target.attestations[i];
    x->target.attestation_count = kept;
}

/* Peers offer the same state in their own manifests, with attestations of others. */
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

echo__outcome echo__attest_author(echo_exchange *x, echo_error *why) {
    const echo__manifest *m = &x->target;
    bool known;
    if (m->is_signed) {
        if (echo__members_has(x, &m->author, &known)) return ECHO__DONE;
        echo__error(why, ECHO_ERR_SIGNATURE, "the manifest is signed by a key that is not a member of the party");
        return ECHO__BAD;
    }
    if (gather(x, why) != ECHO_OK) return ECHO__FAILED;
    if (m->attestation_count > 0) return ECHO__DONE;
    echo__error(why, ECHO_ERR_SIGNATURE, "the manifest is neither signed nor attested by a member");
    return ECHO__BAD;
}

/* A peer must still be asked, or has not answered yet. */
static bool is_waiting(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__peer_ready(peer) || !peer->serves || peer->finished) continue;
        if (!peer->attest_asked) return true;
        for (const echo__request *r = peer->first; r != NULL; r = r->next)
            if (r->kind == ECHO__REQUEST_ATTEST) return true;
    }
    return false;
}

static void ask_for_words(echo_exchange *x) {
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

echo__outcome echo__attest_enough(echo_exchange *x, echo_error *why) {
    if (gather(x, why) != ECHO_OK) return ECHO__FAILED;
    uint32_t words = x->state.attested = (uint32_t)x->target.attestation_count;
    bool asked = x->options.trust >= ECHO_TRUST_ATTESTED;
    uint32_t needed = asked ? x->options.attestations : x->target.is_signed ? 0 : 1;
    if (words >= needed) return ECHO__DONE;
    if (asked && is_waiting(x)) {
        ask_for_words(x);
        return ECHO__MORE;
    }
    echo__error(why, ECHO_ERR_REFUSED, "the snapshot is attested by %u members, but %u are required", (unsigned)words,
                (unsigned)needed);
    return ECHO__BAD;
}

echo_status echo__attest_accept(echo_peer *peer, echo_bytes payload, echo_error *err) {
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
        return echo__error(err, ECHO_ERR_CORRUPT, "peer: unsolicited attestation");
    echo__peer_finish_request(peer);
    if (!has || !x->has_target) return ECHO_OK;
    if (!counts(x, &word)) return ECHO_OK; /* of a target that was given up it may be right */
    return echo__manifest_attested(&x->target, &word) == ECHO_OK ? ECHO_OK : echo__nomem(err);
}
