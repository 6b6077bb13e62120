#include "exchange/members.h"

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/scratch.h"
#include "exchange/peer.h"
#include "snapshot/snapshot.h"

bool echo__members_has(const echo_exchange *x, const echo_key *key, bool *known) {
    const echo_party *party = x->options.opened;
    *known = true;
    if (party != NULL && echo__party_is_member(party, key)) return true;
    if (party != NULL && echo__party_admits_by_host(party)) return false;
    if (x->admission != NULL &&
        (echo__admission_admits(x->admission, key) || echo__admission_trusts(x->admission, key)))
        return true;
    for (size_t i = 0; i < x->options.member_count; i++)
        if (echo__key_equal(&x->members[i], key)) return true;
    *known = party != NULL || x->options.member_count > 0;
    return false;
}

void echo__members_judge(echo_exchange *x) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        bool known;
        const echo_key *key = echo__channel_peer(peer->channel);
        if (peer->over || peer->judged || key == NULL) continue;
        bool is = echo__members_has(x, key, &known);
        peer->judged = known;
        if (known && !is) (void)echo__peer_drop_for(peer, ECHO_ERR_REFUSED, "not a member of the party");
    }
}

static echo_status admit_credential(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err) {
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__admission_add(arg, &stamp->feed, stamp->seq, credential, NULL, &problem);
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : ECHO_OK; /* one that is not valid admits nobody */
}

/* Who the target's credentials admit. */
static echo_status admit_all(echo_exchange *x, echo_error *err) {
    echo__admission *admission;
    if (echo__admission_new(&admission, &x->party) != ECHO_OK) return echo__nomem(err);
    echo_status status = echo__credentials_each(x->chunks, &x->target.credentials, admit_credential, admission, err);
    if (status == ECHO_OK && !echo__admission_has_genesis(admission))
        status =
            echo__error(err, ECHO_ERR_SIGNATURE, "the snapshot's credentials do not begin with the party's genesis");
    if (status != ECHO_OK) {
        echo__admission_free(admission);
        return status;
    }
    echo__admission_free(x->admission);
    x->admission = admission;
    echo__members_judge(x);
    return ECHO_OK;
}

echo__outcome echo__members_admit(echo_exchange *x, echo_error *why) {
    if (x->target.credentials.items > 0) return echo__outcome_of(admit_all(x, why), why);
    if (x->options.opened != NULL || x->options.member_count > 0)
        return ECHO__DONE; /* a party whose members the host knows by itself */
    echo__error(why, ECHO_ERR_SIGNATURE, "the snapshot has no credentials, and no members were named");
    return ECHO__BAD;
}

echo_status echo__members_admit_blocks(echo_exchange *x, const echo_key *feed, uint64_t from, const echo_bytes *blocks,
                                       size_t n, echo_error *err) {
    echo_codec codec = x->options.codec == NULL ? echo_codec_dxos() : *x->options.codec;
    echo_scratch scratch;
    echo_status status = ECHO_OK;
    if (x->admission == NULL) return ECHO_OK;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    for (size_t i = 0; i < n && status != ECHO_ERR_NOMEM; i++) {
        echo_message message;
        echo_error ignored = ECHO_ERROR_INIT;
        echo__scratch_reset(&scratch);
        status = codec.ops->decode(&message, codec.ctx, blocks[i], &scratch, &ignored);
        if (status == ECHO_OK && message.kind == ECHO_MESSAGE_CREDENTIAL)
            status = echo__admission_add(x->admission, feed, from + i, message.credential, NULL, &ignored);
    }
    echo__scratch_free(&scratch);
    if (status != ECHO_ERR_NOMEM) return ECHO_OK;
    echo__admission_free(x->admission);
    x->admission = NULL;
    return echo__nomem(err);
}
