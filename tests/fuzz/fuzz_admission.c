/*
 * Credentials that are signed as they should be: the input is a recipe for some of them, of a few members and feeds,
 * with envelopes and key chains. Admission must come to the same end in whatever order they come, and nothing comes in
 * that nobody vouches for.
 */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/scratch.h"
#include "dxos.pb-c.h"
#include "feed/credentials.h"
#include "feed/credentials_json.h"
#include "feed/credentials_message.h"
#include "fuzz.h"

#define KEYS 8u /* key 0 is the party's, key 7 signs nothing */
#define CREDENTIALS 6u
#define DEPTH 20u /* a little more than is allowed */

typedef Echo__Pb__Dxos__PubKey pub_key;

static echo_keypair keys[KEYS];

static void prepare(void) {
    if (keys[0].secret[0] != 0 || keys[0].secret[1] != 0) return;
    FUZZ_CHECK(echo__crypto_init());
    for (uint8_t i = 0; i < KEYS; i++) {
        uint8_t seed[32] = {1, i};
        FUZZ_OK(echo_keypair_from_seed(&keys[i], seed));
    }
}

static unsigned pick(uint8_t byte) { return byte % KEYS; }

static pub_key *key_of(pub_key *out, unsigned i) {
    echo__pb__dxos__pub_key__init(out);
    out->has_data = 1;
    out->data.len = ECHO_KEY_BYTES;
    out->data.data = keys[i].public_key.bytes;
    return out;
}

static ProtobufCBinaryData field(const void *data, size_t len) {
    ProtobufCBinaryData out = {len, (uint8_t *)(uintptr_t)data};
    return out;
}

static void any_of(Echo__Pb__Dxos__Any *out, const char *url, const echo__buf *value) {
    echo__pb__dxos__any__init(out);
    out->has_type_url = out->has_value = 1;
    out->type_url = field(url, strlen(url));
    out->value = field(value->data, value->len);
}

/* Ed25519 over the canonical text. */
static void sign(uint8_t out[64], const Echo__Pb__Dxos__Signed *content, unsigned signer, bool dialect2) {
    echo_scratch scratch;
    echo__pb pb;
    echo__buf text = ECHO__BUF_INIT;
    echo__scratch_init(&scratch, (size_t)64 << 20);
    echo__pb_init(&pb, &scratch);
    memset(out, 0, 64);
    if (echo__credential_json(&text, &pb, &content->base, dialect2, NULL, NULL) == ECHO_OK)
        echo__sign(out, text.data, text.len, &keys[signer]);
    echo__buf_free(&text);
    echo__scratch_free(&scratch);
}

static void make_signed(echo__buf *out, fuzz_input *in, unsigned depth);

/* A packed KeyChain. */
static void make_chain(echo__buf *out, fuzz_input *in, unsigned depth) {
    Echo__Pb__Dxos__KeyChain chain = ECHO__PB__DXOS__KEY_CHAIN__INIT;
    pub_key key;
    uint8_t how = fuzz_u8(in);
    chain.publickey = key_of(&key, pick(how));
    echo__buf message = ECHO__BUF_INIT, parents[3] = {ECHO__BUF_INIT, ECHO__BUF_INIT, ECHO__BUF_INIT};
    ProtobufCBinaryData list[3];
    ProtobufCMessage *inner = NULL;
    if (how & 0x80) {
        make_signed(&message, in, depth + 1);
        inner = protobuf_c_message_unpack(&echo__pb__dxos__signed_message__descriptor, NULL, message.len, message.data);
        chain.message = (Echo__Pb__Dxos__SignedMessage *)inner;
    }
    chain.n_parents = depth < DEPTH ? (how >> 4) & 3 : 0;
    chain.parents = list;
    for (size_t i = 0; i < chain.n_parents; i++) {
        make_chain(&parents[i], in, fuzz_left(in) > 0 ? depth + 1 : DEPTH);
        list[i] = field(parents[i].data, parents[i].len);
    }
    echo__pb_pack(out, &chain.base);
    if (inner != NULL) protobuf_c_message_free_unpacked(inner, NULL);
    echo__buf_free(&message);
    for (size_t i = 0; i < 3; i++) echo__buf_free(&parents[i]);
}

/* A packed PartyCredential. */
static void make_claim(echo__buf *out, fuzz_input *in, unsigned depth) {
    Echo__Pb__Dxos__PartyCredential claim = ECHO__PB__DXOS__PARTY_CREDENTIAL__INIT;
    Echo__Pb__Dxos__PartyGenesis genesis = ECHO__PB__DXOS__PARTY_GENESIS__INIT;
    Echo__Pb__Dxos__KeyAdmit admit = ECHO__PB__DXOS__KEY_ADMIT__INIT;
    Echo__Pb__Dxos__FeedAdmit feed = ECHO__PB__DXOS__FEED_ADMIT__INIT;
    Echo__Pb__Dxos__EnvelopeCredential envelope = ECHO__PB__DXOS__ENVELOPE_CREDENTIAL__INIT;
    Echo__Pb__Dxos__Message wrapper = ECHO__PB__DXOS__MESSAGE__INIT;
    Echo__Pb__Dxos__Any any;
    pub_key a, b, c;
    echo__buf inner = ECHO__BUF_INIT;
    uint8_t what = fuzz_u8(in);
    claim.has_type = 1;
    claim.type = what % 5;
    unsigned party = (what & 0x20) ? pick(fuzz_u8(in)) : 0;
    switch (claim.type) {
    case ECHO__CREDENTIAL_ENVELOPE:
        if (depth >= DEPTH) break;
        make_signed(&inner, in, depth + 1);
        any_of(&any, ECHO__TYPE_SIGNED_MESSAGE, &inner);
        wrapper.payload = &any;
        envelope.partykey = key_of(&a, party);
        envelope.message = &wrapper;
        claim.envelope = &envelope;
        break;
    case ECHO__CREDENTIAL_PARTY_GENESIS:
        genesis.partykey = key_of(&a, party);
        genesis.feedkey = key_of(&b, pick(fuzz_u8(in)));
        genesis.admitkey = key_of(&c, pick(fuzz_u8(in)));
        genesis.has_admitkeytype = 1;
        genesis.admitkeytype = what >> 6;
        claim.partygenesis = &genesis;
        break;
    case ECHO__CREDENTIAL_KEY_ADMIT:
        admit.partykey = key_of(&a, party);
        admit.admitkey = key_of(&b, pick(fuzz_u8(in)));
        claim.keyadmit = &admit;
        break;
    default:
        feed.partykey = key_of(&a, party);
        feed.feedkey = key_of(&b, pick(fuzz_u8(in)));
        claim.feedadmit = &feed;
    }
    echo__pb_pack(out, &claim.base);
    echo__buf_free(&inner);
}

/* A packed SignedMessage. */
static void make_signed(echo__buf *out, fuzz_input *in, unsigned depth) {
    Echo__Pb__Dxos__SignedMessage message = ECHO__PB__DXOS__SIGNED_MESSAGE__INIT;
    Echo__Pb__Dxos__Signed content = ECHO__PB__DXOS__SIGNED__INIT;
    Echo__Pb__Dxos__Signature signature[3], *list[3];
    Echo__Pb__Dxos__Any any;
    pub_key key[3];
    uint8_t bytes[3][64];
    echo__buf claim = ECHO__BUF_INIT, chain[3] = {ECHO__BUF_INIT, ECHO__BUF_INIT, ECHO__BUF_INIT};
    make_claim(&claim, in, depth);
    any_of(&any, ECHO__TYPE_PARTY_CREDENTIAL, &claim);
    content.payload = &any;
    message.signed_ = &content;
    message.n_signatures = fuzz_u8(in) % 4u;
    message.signatures = list;
    for (size_t i = 0; i < message.n_signatures; i++) {
        uint8_t how = fuzz_u8(in);
        unsigned signer = pick(how) == 7 ? 1 : pick(how); /* nobody has the last key's secret */
        echo__pb__dxos__signature__init(&signature[i]);
        list[i] = &signature[i];
        signature[i].key = key_of(&key[i], signer);
        sign(bytes[i], &content, signer, (how & 0x10) == 0);
        if ((how & 0x60) == 0x60) bytes[i][5] ^= 1; /* one that is not valid */
        signature[i].has_signature = 1;
        signature[i].signature = field(bytes[i], 64);
        if ((how & 0x80) == 0 || depth >= DEPTH) continue;
        make_chain(&chain[i], in, depth + 1);
        signature[i].has_keychain = 1;
        signature[i].keychain = field(chain[i].data, chain[i].len);
    }
    echo__pb_pack(out, &message.base);
    echo__buf_free(&claim);
    for (size_t i = 0; i < 3; i++) echo__buf_free(&chain[i]);
}

static void make_credential(echo__buf *out, fuzz_input *in) {
    echo__buf packed = ECHO__BUF_INIT;
    Echo__Pb__Dxos__Message wrapper = ECHO__PB__DXOS__MESSAGE__INIT;
    Echo__Pb__Dxos__Any any;
    make_signed(&packed, in, 0);
    any_of(&any, ECHO__TYPE_SIGNED_MESSAGE, &packed);
    wrapper.payload = &any;
    echo__pb_pack(out, &wrapper.base);
    echo__buf_free(&packed);
}

static echo__admission *admit(const echo__buf *list, size_t n, bool backwards) {
    echo__admission *admission;
    FUZZ_OK(echo__admission_new(&admission, &keys[0].public_key));
    for (size_t i = 0; i < n; i++) {
        size_t at = backwards ? n - 1 - i : i;
        echo_error err = ECHO_ERROR_INIT;
        size_t before = echo__admission_feed_count(admission);
        bool grew = false;
        const echo_key *feed = &keys[pick((uint8_t)at)].public_key;
        echo_status status = echo__admission_add(admission, feed, at, echo__buf_bytes(&list[at]), &grew, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT);
        FUZZ_CHECK(echo__admission_feed_count(admission) >= before);
        FUZZ_CHECK(grew || echo__admission_feed_count(admission) == before);
        FUZZ_CHECK(status == ECHO_OK || !grew);
    }
    return admission;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    echo__buf list[CREDENTIALS];
    size_t n = 0;
    prepare();
    while (n < CREDENTIALS && fuzz_left(&in) > 0) {
        list[n] = (echo__buf)ECHO__BUF_INIT;
        make_credential(&list[n], &in);
        FUZZ_OK(list[n].status);
        n++;
    }
    echo__admission *a = admit(list, n, false), *b = admit(list, n, true);
    FUZZ_CHECK(echo__admission_has_genesis(a) == echo__admission_has_genesis(b));
    FUZZ_CHECK(echo__admission_feed_count(a) == echo__admission_feed_count(b));
    for (unsigned i = 0; i < KEYS; i++) {
        FUZZ_CHECK(echo__admission_trusts(a, &keys[i].public_key) == echo__admission_trusts(b, &keys[i].public_key));
        FUZZ_CHECK(echo__admission_admits(a, &keys[i].public_key) == echo__admission_admits(b, &keys[i].public_key));
    }
    for (size_t i = 1; i < echo__admission_feed_count(a); i++)
        FUZZ_CHECK(echo__key_compare(echo__admission_feed(a, i - 1), echo__admission_feed(a, i)) < 0);
    echo__admission_free(a);
    echo__admission_free(b);
    for (size_t i = 0; i < n; i++) echo__buf_free(&list[i]);
    return 0;
}
