#include "feed/credentials_message.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "dxos.pb-c.h"
#include "feed/credentials_json.h"

#define SCRATCH_LIMIT ((size_t)64 << 20)
#define SEEN_MAX 100000u
#define CORRUPT(...) echo__error(err, ECHO_ERR_CORRUPT, __VA_ARGS__)

typedef Echo__Pb__Dxos__Any any_message;
typedef Echo__Pb__Dxos__PubKey pub_key;
typedef Echo__Pb__Dxos__SignedMessage signed_message;
typedef Echo__Pb__Dxos__PartyCredential party_credential;
typedef Echo__Pb__Dxos__KeyChain key_chain;

typedef struct reader {
    echo__pb pb;
    echo__verifier *verifier;
    size_t signatures; /* checked so far */
    echo__claim claim;
    echo_key
        anchors[ECHO__CREDENTIAL_SIGNATURES_MAX]; /* each signed something that was checked: hence no more than these */
} reader;

/* ---- Signatures */

void echo__verifier_init(echo__verifier *verifier) { echo__map_init(&verifier->seen); }

void echo__verifier_free(echo__verifier *verifier) {
    size_t at = 0;
    for (void *id; (id = echo__map_next(&verifier->seen, &at)) != NULL;) echo__free(id);
    echo__map_free(&verifier->seen);
}

/* Only what is valid is remembered, and not being able to is no failure: it costs time alone. */
static void remember(echo__verifier *verifier, const echo_hash *id) {
    if (verifier->seen.count >= SEEN_MAX) return;
    echo_hash *copy = echo__malloc(sizeof *copy);
    if (copy == NULL) return;
    *copy = *id;
    if (!echo__map_put(&verifier->seen, copy->bytes, sizeof copy->bytes, copy)) echo__free(copy);
}

void echo__verifier_adopt(echo__verifier *verifier, const echo__verifier *other) {
    size_t at = 0;
    for (const echo_hash *id; (id = echo__map_next(&other->seen, &at)) != NULL;)
        if (echo__map_get(&verifier->seen, id->bytes, sizeof id->bytes) == NULL) remember(verifier, id);
}

static bool signature_valid(echo__verifier *verifier, const echo_key *key, echo_bytes signature, echo_bytes text) {
    if (verifier == NULL) return echo__verify(signature.data, text.data, text.len, key);
    const echo_bytes parts[] = {echo__bytes(key->bytes, sizeof key->bytes), signature, text};
    echo_hash id;
    echo__hash_parts(&id, parts, 3);
    if (echo__map_get(&verifier->seen, id.bytes, sizeof id.bytes) != NULL) return true;
    if (!echo__verify(signature.data, text.data, text.len, key)) return false;
    remember(verifier, &id);
    return true;
}

static bool get_key(echo_key *out, const pub_key *from) {
    if (from == NULL || !from->has_data || from->data.len != ECHO_KEY_BYTES) return false;
    memcpy(out->bytes, from->data.data, ECHO_KEY_BYTES);
    return true;
}

static bool signed_by(const signed_message *message, const echo_key *key) {
    for (size_t i = 0; i < message->n_signatures; i++) {
        echo_key signer;
        if (get_key(&signer, message->signatures[i]->key) && echo__key_equal(&signer, key)) return true;
    }
    return false;
}

static bool all_valid(reader *r, const signed_message *message, echo_bytes text) {
    for (size_t i = 0; i < message->n_signatures; i++) {
        const Echo__Pb__Dxos__Signature *signature = message->signatures[i];
        echo_key key;
        if (!get_key(&key, signature->key) ||
            !signature_valid(r->verifier, &key, echo__bytes(signature->signature.data, signature->signature.len), text))
            return false;
    }
    return true;
}

/*
 * Checks every signature of a message. One with lists that are empty has two canonical texts: what it was read into has
 * such a list in dialect 2 and has none in dialect 1, and a credential does not tell which it was signed in.
 */
static echo_status check_signatures(reader *r, const signed_message *message, echo_error *err) {
    if (message->signed_ == NULL || message->signed_->payload == NULL) return CORRUPT("signed message holds nothing");
    for (size_t i = 0; i < message->n_signatures; i++) {
        const Echo__Pb__Dxos__Signature *signature = message->signatures[i];
        echo_key key;
        if (!get_key(&key, signature->key) || !signature->has_signature || signature->signature.len != 64)
            return CORRUPT("malformed signature");
    }
    r->signatures += message->n_signatures;
    if (r->signatures > ECHO__CREDENTIAL_SIGNATURES_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "credential has more than %u signatures",
                           ECHO__CREDENTIAL_SIGNATURES_MAX);

    echo__buf text = ECHO__BUF_INIT;
    bool has_empty = false;
    echo_status status = echo__credential_json(&text, &r->pb, &message->signed_->base, true, &has_empty, err);
    bool valid = status == ECHO_OK && all_valid(r, message, echo__buf_bytes(&text));
    if (status == ECHO_OK && !valid && has_empty) {
        echo__buf_clear(&text);
        status = echo__credential_json(&text, &r->pb, &message->signed_->base, false, NULL, err);
        valid = status == ECHO_OK && all_valid(r, message, echo__buf_bytes(&text));
    }
    echo__buf_free(&text);
    if (status == ECHO_OK && !valid)
        return echo__error(err, ECHO_ERR_SIGNATURE, "credential's signature does not verify");
    return status;
}

/* ---- What a signed message claims */

static echo_status unpack_any(ProtobufCMessage **out, reader *r, const any_message *any, const char *url,
                              echo_error *err) {
    *out = NULL;
    if (any == NULL) return CORRUPT("credential holds nothing");
    if (!echo__bytes_equal(echo__pb_view(any->has_type_url, any->type_url), echo__bytes_text(url))) return ECHO_OK;
    echo_bytes value = echo__pb_view(any->has_value, any->value);
    return echo__pb_unpack(out, &r->pb, echo__credential_type(echo__bytes_text(url)), value, "credential", err);
}

static echo_status read_genesis(echo__claim *claim, const party_credential *from, const signed_message *message,
                                echo_error *err) {
    const Echo__Pb__Dxos__PartyGenesis *genesis = from->partygenesis;
    if (genesis == NULL || !get_key(&claim->party, genesis->partykey) || !get_key(&claim->member, genesis->admitkey) ||
        !get_key(&claim->feed, genesis->feedkey))
        return CORRUPT("party genesis lacks a key");
    claim->member_type = genesis->admitkeytype;
    if (!claim->enveloped && signed_by(message, &claim->party)) claim->kind = ECHO__CLAIM_GENESIS;
    return ECHO_OK;
}

static echo_status read_key_admit(echo__claim *claim, const party_credential *from, const signed_message *message,
                                  echo_error *err) {
    const Echo__Pb__Dxos__KeyAdmit *admit = from->keyadmit;
    echo_key party;
    if (admit == NULL || !get_key(&party, admit->partykey) || !get_key(&claim->member, admit->admitkey))
        return CORRUPT("key admission lacks a key");
    claim->member_type = admit->admitkeytype;
    if (!claim->enveloped) claim->party = party; /* in an envelope it may be of another party */
    if (!claim->enveloped || signed_by(message, &claim->member)) claim->kind = ECHO__CLAIM_KEY;
    return ECHO_OK;
}

static echo_status read_feed_admit(echo__claim *claim, const party_credential *from, const signed_message *message,
                                   echo_error *err) {
    const Echo__Pb__Dxos__FeedAdmit *admit = from->feedadmit;
    echo_key party;
    if (admit == NULL || !get_key(&party, admit->partykey) || !get_key(&claim->feed, admit->feedkey))
        return CORRUPT("feed admission lacks a key");
    if (!claim->enveloped)
        claim->party = party;
    else if (!echo__key_equal(&claim->party, &party) || !signed_by(message, &claim->feed))
        return ECHO_OK;
    claim->kind = ECHO__CLAIM_FEED;
    return ECHO_OK;
}

/* *inner is what an envelope holds, NULL when that claims nothing. */
static echo_status open_envelope(const signed_message **inner, echo__claim *claim, reader *r,
                                 const party_credential *from, echo_error *err) {
    *inner = NULL;
    echo_key party;
    if (from->envelope == NULL || !get_key(&party, from->envelope->partykey) || from->envelope->message == NULL)
        return CORRUPT("envelope lacks its party or its message");
    if (claim->enveloped && !echo__key_equal(&claim->party, &party)) return ECHO_OK;
    claim->enveloped = true;
    claim->party = party;
    ProtobufCMessage *message;
    echo_status status = unpack_any(&message, r, from->envelope->message->payload, ECHO__TYPE_SIGNED_MESSAGE, err);
    *inner = (const signed_message *)message;
    return status;
}

/* Fills *claim from a message all of whose signatures, and those of what its envelopes hold, are valid. */
static echo_status interpret(echo__claim *claim, reader *r, const signed_message *message, echo_error *err) {
    memset(claim, 0, sizeof *claim);
    for (unsigned depth = 0; message != NULL; depth++) {
        if (depth > ECHO__CREDENTIAL_DEPTH_MAX)
            return echo__error(err, ECHO_ERR_LIMIT, "credential is nested too deep");
        echo_status status = check_signatures(r, message, err);
        if (status != ECHO_OK) return status;
        ProtobufCMessage *payload;
        status = unpack_any(&payload, r, message->signed_->payload, ECHO__TYPE_PARTY_CREDENTIAL, err);
        if (status != ECHO_OK || payload == NULL) return status;
        const party_credential *credential = (const party_credential *)payload;
        if (!credential->has_type) return ECHO_OK;
        switch (credential->type) {
        case ECHO__CREDENTIAL_PARTY_GENESIS: return read_genesis(claim, credential, message, err);
        case ECHO__CREDENTIAL_KEY_ADMIT: return read_key_admit(claim, credential, message, err);
        case ECHO__CREDENTIAL_FEED_ADMIT: return read_feed_admit(claim, credential, message, err);
        case ECHO__CREDENTIAL_ENVELOPE: break;
        default: return ECHO_OK;
        }
        status = open_envelope(&message, claim, r, credential, err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/* ---- Who vouches for it */

static void add_anchor(reader *r, const echo_key *key) {
    for (size_t i = 0; i < r->claim.anchor_count; i++)
        if (echo__key_equal(&r->anchors[i], key)) return;
    assert(r->claim.anchor_count < sizeof r->anchors / sizeof r->anchors[0]);
    r->anchors[r->claim.anchor_count++] = *key;
}

static bool fatal(echo_status status) { return status == ECHO_ERR_NOMEM || status == ECHO_ERR_LIMIT; }

/*
 * Follows a key chain from a key that signed, and adds the keys it leads to. `message` must admit the chain's key and
 * be signed by it, and the next link must be of another key that signed `message`.
 *
 * What vouches is of the credential's own party, or of one party whose key is the one the chain leads to (a member's
 * identity party): that a member admitted somebody to some other party says nothing here. `home` is that other party,
 * once one was met.
 */
static echo_status follow(reader *r, const echo_key *from, const signed_message *signers, echo_bytes bytes,
                          const echo_key *home, unsigned depth, echo_error *err) {
    if (depth > ECHO__CREDENTIAL_DEPTH_MAX) return echo__error(err, ECHO_ERR_LIMIT, "key chain is too long");
    ProtobufCMessage *unpacked;
    echo_status status =
        echo__pb_unpack(&unpacked, &r->pb, &echo__pb__dxos__key_chain__descriptor, bytes, "key chain", err);
    if (status != ECHO_OK) return status;
    const key_chain *chain = (const key_chain *)unpacked;
    echo_key key;
    if (!get_key(&key, chain->publickey)) return ECHO_OK;
    if (from != NULL ? !echo__key_equal(&key, from) : !signed_by(signers, &key)) return ECHO_OK;
    if (home == NULL || echo__key_equal(&key, home)) add_anchor(r, &key);
    if (chain->n_parents == 0 || chain->message == NULL) return ECHO_OK;

    echo__claim vouched;
    status = interpret(&vouched, r, chain->message, err);
    if (status != ECHO_OK) return status;
    if (vouched.kind != ECHO__CLAIM_KEY && vouched.kind != ECHO__CLAIM_GENESIS) return ECHO_OK;
    if (!echo__key_equal(&vouched.member, &key) || (!vouched.enveloped && !signed_by(chain->message, &key)))
        return ECHO_OK;
    if (!echo__key_equal(&vouched.party, &r->claim.party)) {
        if (home != NULL && !echo__key_equal(&vouched.party, home)) return ECHO_OK;
        home = &vouched.party;
    }
    for (size_t i = 0; i < chain->n_parents && !fatal(status); i++)
        status = follow(r, NULL, chain->message, echo__pb_view(1, chain->parents[i]), home, depth + 1, err);
    return status;
}

static echo_status find_anchors(reader *r, const signed_message *message, echo_error *err) {
    for (size_t i = 0; i < message->n_signatures; i++) {
        const Echo__Pb__Dxos__Signature *signature = message->signatures[i];
        echo_key key;
        if (!get_key(&key, signature->key)) continue;
        add_anchor(r, &key);
        if (!signature->has_keychain) continue;
        echo_error why = ECHO_ERROR_INIT;
        echo_status status = follow(r, &key, NULL, echo__pb_view(1, signature->keychain), NULL, 1, &why);
        if (fatal(status)) return echo__error(err, status, "%s", why.message);
    }
    return ECHO_OK;
}

static echo_status read_claim(reader *r, echo_bytes credential, echo_error *err) {
    ProtobufCMessage *wrapper, *unpacked;
    echo_status status =
        echo__pb_unpack(&wrapper, &r->pb, &echo__pb__dxos__message__descriptor, credential, "credential", err);
    if (status == ECHO_OK)
        status = unpack_any(&unpacked, r, ((const Echo__Pb__Dxos__Message *)wrapper)->payload,
                            ECHO__TYPE_SIGNED_MESSAGE, err);
    if (status != ECHO_OK || unpacked == NULL) return status;
    const signed_message *message = (const signed_message *)unpacked;
    status = interpret(&r->claim, r, message, err);
    if (status == ECHO_ERR_UNSUPPORTED) { /* holds what cannot be checked */
        memset(&r->claim, 0, sizeof r->claim);
        return ECHO_OK;
    }
    if (status != ECHO_OK || r->claim.kind == ECHO__CLAIM_NOTHING) return status;
    return find_anchors(r, message, err);
}

echo_status echo__claim_read(echo__claim **out, echo__verifier *verifier, echo_bytes credential, echo_error *err) {
    *out = NULL;
    if (credential.len > ECHO__CREDENTIAL_SIZE_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "credential has %zu bytes, more than %zu", credential.len,
                           ECHO__CREDENTIAL_SIZE_MAX);
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    reader *r = echo__calloc(1, sizeof *r);
    if (r == NULL) return echo__nomem(err);
    echo_scratch scratch;
    echo__scratch_init(&scratch, SCRATCH_LIMIT);
    echo__pb_init(&r->pb, &scratch);
    r->verifier = verifier;
    echo_status status = read_claim(r, credential, err);
    if (status == ECHO_OK) {
        size_t size = r->claim.anchor_count * sizeof *r->anchors;
        echo__claim *claim = echo__malloc(sizeof *claim + size);
        if (claim == NULL) {
            status = echo__nomem(err);
        } else {
            *claim = r->claim;
            claim->anchors = memcpy(claim + 1, r->anchors, size);
            *out = claim;
        }
    }
    echo__scratch_free(&scratch);
    echo__free(r);
    return status;
}
