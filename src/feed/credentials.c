#include "feed/credentials.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "dxos.pb-c.h"
#include "feed/credentials_json.h"
#include "feed/credentials_message.h"

echo_status echo__credential_genesis(echo__genesis *out, echo__verifier *verifier, echo_bytes credential) {
    echo__claim *claim;
    echo_status status = echo__claim_read(&claim, verifier, credential, NULL);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_ERR_REFUSED;
    bool genesis = claim->kind == ECHO__CLAIM_GENESIS;
    if (genesis) {
        out->party = claim->party;
        out->feed = claim->feed;
        out->identity = claim->member_type == ECHO__KEY_DEVICE;
    }
    echo__free(claim);
    return genesis ? ECHO_OK : ECHO_ERR_REFUSED;
}

typedef Echo__Pb__Dxos__PubKey pub_key;

/* A key as a message points at it; protobuf-c's structures know no const, packing only reads. */
static pub_key *fill_key(pub_key *out, const echo_key *key) {
    echo__pb__dxos__pub_key__init(out);
    out->has_data = 1;
    out->data.len = sizeof key->bytes;
    out->data.data = (uint8_t *)(uintptr_t)key->bytes;
    return out;
}

static void fill_any(Echo__Pb__Dxos__Any *out, const char *url, const echo__buf *value) {
    echo__pb__dxos__any__init(out);
    out->has_type_url = out->has_value = 1;
    out->type_url.data = (uint8_t *)(uintptr_t)url;
    out->type_url.len = strlen(url);
    out->value.data = value->data;
    out->value.len = value->len;
}

/*
 * The original draws a random nonce. Nothing that is admitted depends on it; taken from what is signed, the same
 * credential has the same bytes.
 */
static void fill_signed(Echo__Pb__Dxos__Signed *out, Echo__Pb__Dxos__Any *payload, echo_hash *nonce,
                        const echo__buf *credential, const char *created) {
    fill_any(payload, ECHO__TYPE_PARTY_CREDENTIAL, credential);
    echo_bytes parts[] = {echo__bytes_text("echo credential nonce"), echo__bytes_text(created),
                          echo__buf_bytes(credential)};
    echo__hash_parts(nonce, parts, 3);
    echo__pb__dxos__signed__init(out);
    out->has_created = out->has_nonce = 1;
    out->created.data = (uint8_t *)(uintptr_t)created;
    out->created.len = strlen(created);
    out->nonce.data = nonce->bytes;
    out->nonce.len = sizeof nonce->bytes;
    out->payload = payload;
}

static echo_status sign(uint8_t signature[64], const Echo__Pb__Dxos__Signed *content, const echo_keypair *signer) {
    echo_scratch scratch;
    echo__pb pb;
    echo__buf text = ECHO__BUF_INIT;
    echo__scratch_init(&scratch, ECHO__CREDENTIAL_SIZE_MAX);
    echo__pb_init(&pb, &scratch);
    echo_status status = echo__credential_json(&text, &pb, &content->base, true, NULL, NULL);
    if (status == ECHO_OK) echo__sign(signature, text.data, text.len, signer);
    echo__buf_free(&text);
    echo__scratch_free(&scratch);
    return status;
}

/* Signs a PartyCredential and wraps it as the original does: Message { Any { SignedMessage { Signed { Any { it } } } }
 * }. */
static echo_status seal(echo__buf *out, const echo__buf *credential, const echo_keypair *signer, const char *created) {
    if (credential->status != ECHO_OK) return credential->status;
    Echo__Pb__Dxos__Signed content;
    Echo__Pb__Dxos__Any payload, wrapped;
    echo_hash nonce;
    fill_signed(&content, &payload, &nonce, credential, created);

    uint8_t bytes[64];
    echo_status status = sign(bytes, &content, signer);
    if (status != ECHO_OK) return status;
    pub_key key;
    Echo__Pb__Dxos__Signature signature = ECHO__PB__DXOS__SIGNATURE__INIT, *signatures = &signature;
    signature.key = fill_key(&key, &signer->public_key);
    signature.has_signature = 1;
    signature.signature.data = bytes;
    signature.signature.len = sizeof bytes;

    Echo__Pb__Dxos__SignedMessage message = ECHO__PB__DXOS__SIGNED_MESSAGE__INIT;
    message.signed_ = &content;
    message.n_signatures = 1;
    message.signatures = &signatures;
    echo__buf packed = ECHO__BUF_INIT;
    echo__pb_pack(&packed, &message.base);
    if (packed.status == ECHO_OK) {
        Echo__Pb__Dxos__Message wrapper = ECHO__PB__DXOS__MESSAGE__INIT;
        fill_any(&wrapped, ECHO__TYPE_SIGNED_MESSAGE, &packed);
        wrapper.payload = &wrapped;
        echo__pb_pack(out, &wrapper.base);
    }
    status = packed.status == ECHO_OK ? out->status : packed.status;
    echo__buf_free(&packed);
    return status;
}

static bool time_given(const char *created) {
    return created != NULL && *created != '\0' && echo__utf8_valid(echo__bytes_text(created));
}

echo_status echo__credential_make_genesis(echo__buf *out, const echo_keypair *party, const echo_key *feed,
                                          const char *created) {
    if (!time_given(created)) return ECHO_ERR_INVALID;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    pub_key party_key, feed_key, admit_key;
    Echo__Pb__Dxos__PartyGenesis genesis = ECHO__PB__DXOS__PARTY_GENESIS__INIT;
    genesis.partykey = fill_key(&party_key, &party->public_key);
    genesis.feedkey = fill_key(&feed_key, feed);
    genesis.admitkey = fill_key(&admit_key, &party->public_key);
    genesis.has_admitkeytype = 1;
    genesis.admitkeytype = ECHO__KEY_PARTY;
    Echo__Pb__Dxos__PartyCredential credential = ECHO__PB__DXOS__PARTY_CREDENTIAL__INIT;
    credential.has_type = 1;
    credential.type = ECHO__CREDENTIAL_PARTY_GENESIS;
    credential.partygenesis = &genesis;

    echo__buf packed = ECHO__BUF_INIT;
    echo__pb_pack(&packed, &credential.base);
    echo_status status = seal(out, &packed, party, created);
    echo__buf_free(&packed);
    return status;
}

echo_status echo__credential_make_feed_admit(echo__buf *out, const echo_key *party, const echo_key *feed,
                                             const echo_keypair *signer, const char *created) {
    if (!time_given(created)) return ECHO_ERR_INVALID;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    pub_key party_key, feed_key;
    Echo__Pb__Dxos__FeedAdmit admit = ECHO__PB__DXOS__FEED_ADMIT__INIT;
    admit.partykey = fill_key(&party_key, party);
    admit.feedkey = fill_key(&feed_key, feed);
    Echo__Pb__Dxos__PartyCredential credential = ECHO__PB__DXOS__PARTY_CREDENTIAL__INIT;
    credential.has_type = 1;
    credential.type = ECHO__CREDENTIAL_FEED_ADMIT;
    credential.feedadmit = &admit;

    echo__buf packed = ECHO__BUF_INIT;
    echo__pb_pack(&packed, &credential.base);
    echo_status status = seal(out, &packed, signer, created);
    echo__buf_free(&packed);
    return status;
}
