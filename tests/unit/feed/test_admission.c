/*
 * The rules of admission, on credentials made here: wire and canonical text are both written by hand below, so that
 * neither the library's printer nor its packer can hide a fault of the other.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "feed/credentials.h"
#include "feed/credentials_json.h"
#include "feed/credentials_message.h"
#include "support/random.h"

/* ---- Making credentials */

/* A message in its two forms. */
typedef struct made {
    echo__buf wire;
    echo__buf text;
} made;

enum {
    PARTY,
    ALICE,
    ALICE_PHONE,
    ALICE_LAPTOP,
    BOB,
    BOB_PHONE,
    FEED,
    FEED_A,
    FEED_B,
    MALLORY,
    FEED_M,
    OTHER_PARTY,
    KEYS
};

typedef struct state {
    echo_keypair keys[KEYS];
    echo__admission *admission;
    bool empty_lists; /* dialect 2 signs "parents":[] */
    made *made[65536];
    size_t count;
} state;

static made *new_made(state *s) {
    assert_true(s->count < sizeof s->made / sizeof s->made[0]);
    made *m = calloc(1, sizeof *m);
    assert_non_null(m);
    return s->made[s->count++] = m;
}

static int setup(void **at) {
    state *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (uint8_t i = 0; i < KEYS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        assert_int_equal(echo_keypair_from_seed(&s->keys[i], seed), ECHO_OK);
    }
    assert_int_equal(echo__admission_new(&s->admission, &s->keys[PARTY].public_key), ECHO_OK);
    s->empty_lists = true;
    *at = s;
    return 0;
}

static int teardown(void **at) {
    state *s = *at;
    for (size_t i = 0; i < s->count; i++) {
        echo__buf_free(&s->made[i]->wire);
        echo__buf_free(&s->made[i]->text);
        free(s->made[i]);
    }
    echo__admission_free(s->admission);
    free(s);
    return 0;
}

static void put_varint(echo__buf *out, size_t value) {
    for (; value >= 0x80; value >>= 7) echo__buf_byte(out, (uint8_t)(value | 0x80));
    echo__buf_byte(out, (uint8_t)value);
}

static void put_field(echo__buf *out, unsigned number, const void *data, size_t len) {
    put_varint(out, number << 3 | 2);
    put_varint(out, len);
    echo__buf_append(out, data, len);
}

static void put_buf(echo__buf *out, unsigned number, echo__buf *inner) {
    put_field(out, number, inner->data, inner->len);
    echo__buf_free(inner);
}

static void put_number(echo__buf *out, unsigned number, size_t value) {
    put_varint(out, number << 3);
    put_varint(out, value);
}

static void put_key(echo__buf *out, unsigned number, const echo_key *key) {
    echo__buf pub = ECHO__BUF_INIT;
    put_field(&pub, 1, key->bytes, sizeof key->bytes);
    put_buf(out, number, &pub);
}

static void put_any(echo__buf *out, unsigned number, const char *url, const echo__buf *value) {
    echo__buf any = ECHO__BUF_INIT;
    put_field(&any, 1, url, strlen(url));
    put_field(&any, 2, value->data, value->len);
    put_buf(out, number, &any);
}

static void text_key(echo__buf *out, const char *before, const echo_key *key) {
    echo__buf_text(out, before);
    echo__buf_byte(out, '"');
    echo__buf_hex(out, key->bytes, sizeof key->bytes);
    echo__buf_byte(out, '"');
}

static void text_buf(echo__buf *out, const echo__buf *inner) { echo__buf_append(out, inner->data, inner->len); }

#define KEY(i) (&s->keys[i].public_key)

/* PartyCredential { type, <number>: inner }; `name` is the member's. */
static made *credential(state *s, size_t type, unsigned number, const char *name, echo__buf *inner,
                        echo__buf *inner_text) {
    made *m = new_made(s);
    put_number(&m->wire, 1, type);
    put_buf(&m->wire, number, inner);
    echo__buf_text(&m->text, "{\"");
    echo__buf_text(&m->text, name);
    echo__buf_text(&m->text, "\":{");
    text_buf(&m->text, inner_text);
    echo__buf_text(&m->text, "},\"type\":");
    echo__buf_u64(&m->text, type);
    echo__buf_byte(&m->text, '}');
    echo__buf_free(inner_text);
    return m;
}

static made *genesis(state *s, size_t party, size_t feed, size_t member, size_t type) {
    echo__buf wire = ECHO__BUF_INIT, text = ECHO__BUF_INIT;
    put_key(&wire, 1, KEY(party));
    put_key(&wire, 2, KEY(feed));
    put_key(&wire, 3, KEY(member));
    put_number(&wire, 4, type);
    text_key(&text, "\"admitKey\":", KEY(member));
    echo__buf_text(&text, ",\"admitKeyType\":");
    echo__buf_u64(&text, type);
    text_key(&text, ",\"feedKey\":", KEY(feed));
    text_key(&text, ",\"partyKey\":", KEY(party));
    return credential(s, 1, 11, "partyGenesis", &wire, &text);
}

static made *key_admit(state *s, size_t party, size_t member) {
    echo__buf wire = ECHO__BUF_INIT, text = ECHO__BUF_INIT;
    put_key(&wire, 1, KEY(party));
    put_key(&wire, 2, KEY(member));
    put_number(&wire, 3, 1);
    text_key(&text, "\"admitKey\":", KEY(member));
    text_key(&text, ",\"admitKeyType\":1,\"partyKey\":", KEY(party));
    return credential(s, 3, 12, "keyAdmit", &wire, &text);
}

static made *feed_admit(state *s, size_t party, size_t feed) {
    echo__buf wire = ECHO__BUF_INIT, text = ECHO__BUF_INIT;
    put_key(&wire, 1, KEY(party));
    put_key(&wire, 2, KEY(feed));
    text_key(&text, "\"feedKey\":", KEY(feed));
    text_key(&text, ",\"partyKey\":", KEY(party));
    return credential(s, 4, 13, "feedAdmit", &wire, &text);
}

#define SIGNED_MESSAGE "dxos.credentials.SignedMessage"
#define PARTY_CREDENTIAL "dxos.credentials.party.PartyCredential"

static made *envelope(state *s, size_t party, const made *inner) {
    echo__buf wire = ECHO__BUF_INIT, text = ECHO__BUF_INIT, message = ECHO__BUF_INIT;
    put_key(&wire, 1, KEY(party));
    put_any(&message, 1, SIGNED_MESSAGE, &inner->wire);
    put_buf(&wire, 2, &message);
    echo__buf_text(&text, "\"message\":{\"payload\":");
    text_buf(&text, &inner->text);
    text_key(&text, "},\"partyKey\":", KEY(party));
    return credential(s, 0, 10, "envelope", &wire, &text);
}

typedef struct signer {
    size_t key;
    const made *chain; /* NULL: none */
} signer;

/* SignedMessage of a payload. */
static made *sign_as(state *s, const char *url, const made *payload, const signer *signers, size_t n) {
    made *m = new_made(s);
    echo__buf content = ECHO__BUF_INIT, text = ECHO__BUF_INIT;
    const char *created = "2026-11-22T13:36:03+00:00";
    put_field(&content, 1, created, strlen(created));
    put_field(&content, 2, "\x00\xab", 2);
    put_any(&content, 10, url, &payload->wire);
    put_buf(&m->wire, 1, &content);
    echo__buf_text(&text, "{\"created\":\"2026-11-22T13:36:03+00:00\",\"nonce\":\"00ab\",\"payload\":");
    text_buf(&text, &payload->text);
    echo__buf_byte(&text, '}');
    echo__buf_text(&m->text, "{\"signatures\":[");
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[64];
        echo__buf signature = ECHO__BUF_INIT;
        echo__sign(bytes, text.data, text.len, &s->keys[signers[i].key]);
        put_key(&signature, 1, KEY(signers[i].key));
        put_field(&signature, 2, bytes, 64);
        text_key(&m->text, i > 0 ? ",{\"key\":" : "{\"key\":", KEY(signers[i].key));
        if (signers[i].chain != NULL) {
            put_field(&signature, 3, signers[i].chain->wire.data, signers[i].chain->wire.len);
            echo__buf_text(&m->text, ",\"keyChain\":");
            text_buf(&m->text, &signers[i].chain->text);
        }
        echo__buf_text(&m->text, ",\"signature\":\"");
        echo__buf_hex(&m->text, bytes, 64);
        echo__buf_text(&m->text, "\"}");
        put_buf(&m->wire, 2, &signature);
    }
    echo__buf_text(&m->text, "],\"signed\":");
    text_buf(&m->text, &text);
    echo__buf_byte(&m->text, '}');
    echo__buf_free(&text);
    return m;
}

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
#define SIGN(payload, ...)                                                                                             \
    sign_as(s, PARTY_CREDENTIAL, payload, (signer[]){__VA_ARGS__}, COUNT(((signer[]){__VA_ARGS__})))
#define BY(key)                                                                                                        \
    { key, NULL }
#define VIA(key, chain)                                                                                                \
    { key, chain }

static made *chain_of(state *s, size_t key, const made *message, const made *const *parents, size_t n) {
    made *m = new_made(s);
    put_key(&m->wire, 1, KEY(key));
    put_field(&m->wire, 2, message->wire.data, message->wire.len);
    echo__buf_text(&m->text, "{\"message\":");
    text_buf(&m->text, &message->text);
    for (size_t i = 0; i < n; i++) {
        put_field(&m->wire, 3, parents[i]->wire.data, parents[i]->wire.len);
        echo__buf_text(&m->text, i > 0 ? "," : ",\"parents\":[");
        text_buf(&m->text, &parents[i]->text);
    }
    if (n > 0)
        echo__buf_byte(&m->text, ']');
    else if (s->empty_lists)
        echo__buf_text(&m->text, ",\"parents\":[]");
    text_key(&m->text, ",\"publicKey\":", KEY(key));
    echo__buf_byte(&m->text, '}');
    return m;
}
#define CHAIN(key, message, ...)                                                                                       \
    chain_of(s, key, message, (const made *[]){__VA_ARGS__}, COUNT(((const made *[]){__VA_ARGS__})))
#define ROOT(key, message) chain_of(s, key, message, NULL, 0)

/* The credential's bytes: Message { Any { SignedMessage } }. */
static echo_bytes wrap(state *s, const made *message) {
    made *m = new_made(s);
    put_any(&m->wire, 1, SIGNED_MESSAGE, &message->wire);
    assert_int_equal(m->wire.status, ECHO_OK);
    return echo__buf_bytes(&m->wire);
}

static echo_status try_add(state *s, const made *message, bool *grew) {
    return echo__admission_add(s->admission, KEY(FEED), 0, wrap(s, message), grew, NULL);
}

static bool add(state *s, const made *message) {
    bool grew;
    echo_error error = ECHO_ERROR_INIT;
    if (echo__admission_add(s->admission, KEY(FEED), 0, wrap(s, message), &grew, &error) != ECHO_OK)
        fail_msg("%s", error.message);
    return grew;
}

static bool admits(const state *s, size_t feed) { return echo__admission_admits(s->admission, KEY(feed)); }
static bool trusts(const state *s, size_t key) { return echo__admission_trusts(s->admission, KEY(key)); }

/* The party's start; Alice joins by the party's own key. */
static void begin(state *s) {
    assert_true(add(s, SIGN(genesis(s, PARTY, FEED, PARTY, 3), BY(PARTY))));
    assert_true(add(s, SIGN(envelope(s, PARTY, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE))), BY(PARTY))));
    assert_true(trusts(s, ALICE));
}

/* How Alice's phone shows that it is hers: the genesis of her identity party admits it, and she signed that. */
static made *phone_message(state *s) {
    return SIGN(genesis(s, ALICE, FEED_A, ALICE_PHONE, 2), BY(ALICE), BY(FEED_A), BY(ALICE_PHONE));
}
static made *alice_root(state *s) { return ROOT(ALICE, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE))); }
static made *phone_chain(state *s) { return CHAIN(ALICE_PHONE, phone_message(s), alice_root(s)); }

/* ---- The rules */

static void test_nothing_at_first(void **at) {
    state *s = *at;
    assert_false(echo__admission_has_genesis(s->admission));
    assert_int_equal(echo__admission_feed_count(s->admission), 0);
    assert_true(trusts(s, PARTY));
    assert_false(trusts(s, ALICE));
    assert_false(admits(s, FEED));
}

static void test_genesis(void **at) {
    state *s = *at;
    assert_false(add(s, SIGN(genesis(s, PARTY, FEED_M, MALLORY, 3), BY(MALLORY)))); /* not by the party */
    assert_false(
        add(s, SIGN(genesis(s, OTHER_PARTY, FEED_M, PARTY, 3), BY(OTHER_PARTY), BY(PARTY)))); /* of another party */
    assert_false(add(s, SIGN(envelope(s, PARTY, SIGN(genesis(s, PARTY, FEED_M, PARTY, 3), BY(PARTY))), BY(PARTY))));
    assert_false(echo__admission_has_genesis(s->admission));
    assert_false(admits(s, FEED_M));
    assert_true(add(s, SIGN(genesis(s, PARTY, FEED, ALICE, 1), BY(PARTY), BY(FEED), BY(ALICE))));
    assert_true(echo__admission_has_genesis(s->admission));
    assert_true(admits(s, FEED) && trusts(s, ALICE));
    assert_false(trusts(s, FEED)); /* a feed is no member */
    assert_int_equal(echo__admission_feed_count(s->admission), 1);
    assert_true(echo__key_equal(echo__admission_feed(s->admission, 0), KEY(FEED)));
}

static void test_identity_parties(void **at) {
    state *s = *at;
    static const struct {
        size_t type;
        bool identity;
    } cases[] = {{0, false}, {1, false}, {2, true}, {3, false}, {4, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        echo__genesis told;
        assert_int_equal(
            echo__credential_genesis(&told, NULL,
                                     wrap(s, SIGN(genesis(s, ALICE, FEED_A, ALICE_PHONE, cases[i].type), BY(ALICE)))),
            ECHO_OK);
        assert_int_equal(told.identity, cases[i].identity);
        assert_true(echo__key_equal(&told.party, KEY(ALICE)) && echo__key_equal(&told.feed, KEY(FEED_A)));
    }
    echo__genesis told;
    assert_int_equal(echo__credential_genesis(
                         &told, NULL, wrap(s, SIGN(genesis(s, ALICE, FEED_A, ALICE_PHONE, 2), BY(ALICE_PHONE)))),
                     ECHO_ERR_REFUSED);
    assert_int_equal(echo__credential_genesis(&told, NULL, wrap(s, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE)))),
                     ECHO_ERR_REFUSED);
}

static void test_key_admit(void **at) {
    state *s = *at;
    begin(s);
    assert_false(add(s, SIGN(key_admit(s, PARTY, MALLORY), BY(MALLORY)))); /* an outsider vouching for itself */
    assert_false(add(s, SIGN(key_admit(s, OTHER_PARTY, BOB), BY(ALICE), BY(BOB))));
    assert_false(trusts(s, BOB));
    assert_true(add(s, SIGN(key_admit(s, PARTY, BOB), BY(BOB), BY(ALICE))));
    assert_true(trusts(s, BOB));
    assert_false(trusts(s, MALLORY));
}

static void test_feed_admit(void **at) {
    state *s = *at;
    begin(s);
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M))));
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), BY(MALLORY))));
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED)))); /* an admitted feed admits nobody */
    assert_false(add(s, SIGN(feed_admit(s, OTHER_PARTY, FEED_A), BY(ALICE))));
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_A), BY(FEED_A), BY(ALICE))));
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_B), BY(PARTY))));
    assert_true(admits(s, FEED_A) && admits(s, FEED_B));
    assert_false(admits(s, FEED_M));
    const echo_key none = {{0}}; /* the key a feed admission does not name */
    assert_false(echo__admission_trusts(s->admission, &none));
    assert_false(echo__admission_admits(s->admission, &none));
}

static void test_bad_signature_spoils_all(void **at) {
    state *s = *at;
    begin(s);
    made *message = SIGN(feed_admit(s, PARTY, FEED_M), BY(ALICE), BY(FEED_M));
    message->wire.data[message->wire.len - 1] ^= 1; /* the feed's, though Alice's would do */
    bool grew = true;
    assert_int_equal(try_add(s, message, &grew), ECHO_ERR_SIGNATURE);
    assert_false(grew);
    assert_false(admits(s, FEED_M));
    message->wire.data[message->wire.len - 1] ^= 1;
    assert_true(add(s, message)); /* "changes nothing": it can come again, whole */
}

static void test_malformed_signatures(void **at) {
    state *s = *at;
    begin(s);
    for (size_t len = 0; len <= 65; len++) {
        if (len == 64) continue;
        made *message = sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_M), NULL, 0);
        echo__buf signature = ECHO__BUF_INIT;
        const uint8_t bytes[65] = {1};
        put_key(&signature, 1, KEY(ALICE));
        put_field(&signature, 2, bytes, len);
        put_buf(&message->wire, 2, &signature);
        bool grew;
        assert_int_equal(try_add(s, message, &grew), ECHO_ERR_CORRUPT);
    }
    made *message = sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_M), NULL, 0);
    put_field(&message->wire, 2, NULL, 0);
    bool grew;
    assert_int_equal(try_add(s, message, &grew), ECHO_ERR_CORRUPT);
}

static void test_no_signatures(void **at) {
    state *s = *at;
    begin(s);
    assert_false(add(s, sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_M), NULL, 0)));
    assert_false(add(
        s, SIGN(envelope(s, PARTY, sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_M), NULL, 0)), BY(ALICE))));
    assert_false(admits(s, FEED_M));
    for (size_t i = 0; i < 10001; i++) /* nothing to wait for */
        assert_false(add(s, sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_M), NULL, 0)));
}

static void test_without_a_type(void **at) {
    state *s = *at;
    begin(s);
    echo__buf wire = ECHO__BUF_INIT, message = ECHO__BUF_INIT;
    made *inner = SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M)), *payload = new_made(s);
    put_key(&wire, 1, KEY(PARTY));
    put_any(&message, 1, SIGNED_MESSAGE, &inner->wire);
    put_buf(&wire, 2, &message);
    put_buf(&payload->wire, 10, &wire);
    echo__buf_text(&payload->text, "{\"envelope\":{\"message\":{\"payload\":");
    text_buf(&payload->text, &inner->text);
    text_key(&payload->text, "},\"partyKey\":", KEY(PARTY));
    echo__buf_text(&payload->text, "}}");
    assert_false(add(s, SIGN(payload, BY(ALICE)))); /* 0, said in words, is an envelope; nothing is nothing */
    assert_false(admits(s, FEED_M));
}

static void test_unknown_and_identity_messages_admit_nothing(void **at) {
    state *s = *at;
    begin(s);
    made *odd = sign_as(s, "dxos.credentials.party.Tomorrow", feed_admit(s, PARTY, FEED_M), (signer[]){BY(ALICE)}, 1);
    assert_false(add(s, odd));
    assert_false(add(s, SIGN(envelope(s, PARTY, odd), BY(ALICE))));
    made *info = new_made(s);
    put_key(&info->wire, 1, KEY(ALICE));
    put_field(&info->wire, 2, "\xc3\x84\"\n", 4);
    text_key(&info->text, "{\"displayName\":\"\xc3\x84\\\"\\n\",\"publicKey\":", KEY(ALICE));
    echo__buf_byte(&info->text, '}');
    made *message = sign_as(s, "dxos.credentials.identity.IdentityInfo", info, (signer[]){BY(ALICE)}, 1);
    assert_false(add(s, message));
    assert_false(add(s, SIGN(envelope(s, PARTY, message), BY(ALICE))));
    message->wire.data[message->wire.len - 1] ^= 1;
    bool grew;
    assert_int_equal(try_add(s, message, &grew), ECHO_ERR_SIGNATURE); /* the text of a display name is signed, too */
    assert_int_equal(echo__admission_feed_count(s->admission), 1);
}

static void test_envelopes(void **at) {
    state *s = *at;
    begin(s);
    assert_true(add(s, SIGN(envelope(s, PARTY, SIGN(key_admit(s, BOB, BOB), BY(BOB))),
                            BY(ALICE)))); /* the party of a key is not compared */
    assert_true(trusts(s, BOB));
    assert_true(add(s, SIGN(envelope(s, PARTY, SIGN(feed_admit(s, PARTY, FEED_B), BY(FEED_B), BY(BOB))), BY(ALICE))));
    assert_true(admits(s, FEED_B));

    assert_false(add(s, SIGN(envelope(s, PARTY, SIGN(feed_admit(s, OTHER_PARTY, FEED_M), BY(FEED_M))),
                             BY(ALICE)))); /* that of a feed is */
    assert_false(add(
        s, SIGN(envelope(s, PARTY, SIGN(feed_admit(s, PARTY, FEED_M), BY(MALLORY))), BY(ALICE)))); /* not by the feed */
    assert_false(add(
        s, SIGN(envelope(s, PARTY, SIGN(key_admit(s, PARTY, MALLORY), BY(FEED_M))), BY(ALICE)))); /* not by the key */
    assert_false(add(
        s, SIGN(envelope(s, PARTY, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M))), BY(MALLORY)))); /* an outsider's */
    assert_false(add(s, SIGN(envelope(s, OTHER_PARTY, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M))), BY(ALICE))));
    assert_false(
        add(s, SIGN(envelope(s, PARTY, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), BY(ALICE))), BY(MALLORY))));
    assert_false(add(s, SIGN(envelope(s, PARTY, SIGN(genesis(s, PARTY, FEED_M, MALLORY, 3), BY(PARTY))), BY(PARTY))));
    assert_false(admits(s, FEED_M) || trusts(s, MALLORY));

    made *inner = SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M));
    inner->wire.data[inner->wire.len - 1] ^= 1;
    bool grew;
    assert_int_equal(try_add(s, SIGN(envelope(s, PARTY, inner), BY(ALICE)), &grew), ECHO_ERR_SIGNATURE);
}

static void test_envelopes_within_envelopes(void **at) {
    state *s = *at;
    begin(s);
    made *inner = SIGN(key_admit(s, BOB, BOB), BY(BOB));
    assert_false(add(s, SIGN(envelope(s, PARTY, SIGN(envelope(s, OTHER_PARTY, inner), BY(MALLORY))), BY(ALICE))));
    assert_false(add(s, SIGN(envelope(s, PARTY, SIGN(envelope(s, PARTY, inner), BY(ALICE))),
                             BY(MALLORY)))); /* the outermost counts */
    assert_false(add(
        s, SIGN(envelope(s, OTHER_PARTY, SIGN(envelope(s, PARTY, inner), BY(ALICE))), BY(ALICE)))); /* of that party */
    assert_false(trusts(s, BOB));
    assert_true(add(s, SIGN(envelope(s, PARTY, SIGN(envelope(s, PARTY, inner), BY(MALLORY))),
                            BY(ALICE)))); /* the middle one need not */
    assert_true(trusts(s, BOB));

    made *deep = SIGN(feed_admit(s, PARTY, FEED_B), BY(FEED_B));
    for (unsigned i = 0; i < ECHO__CREDENTIAL_DEPTH_MAX; i++) deep = SIGN(envelope(s, PARTY, deep), BY(ALICE));
    made *deeper = SIGN(envelope(s, PARTY, deep), BY(ALICE));
    bool grew;
    assert_int_equal(try_add(s, deeper, &grew), ECHO_ERR_LIMIT);
    assert_false(admits(s, FEED_B));
    assert_true(add(s, deep));
    assert_true(admits(s, FEED_B));
}

static void test_key_chains(void **at) {
    state *s = *at;
    begin(s);
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_A), BY(FEED_A), VIA(ALICE_PHONE, phone_chain(s)))));
    assert_true(admits(s, FEED_A));
    assert_false(trusts(s, ALICE_PHONE)); /* it spoke for Alice, and is no member */

    /* A laptop that Alice's phone let into her identity party, by way of an envelope. */
    made *laptop = SIGN(envelope(s, ALICE, SIGN(key_admit(s, ALICE, ALICE_LAPTOP), BY(ALICE_LAPTOP))), BY(ALICE_PHONE));
    made *chain = CHAIN(ALICE_LAPTOP, laptop, phone_chain(s));
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_B), BY(FEED_B), VIA(ALICE_LAPTOP, chain))));
    assert_true(admits(s, FEED_B));
}

static void test_key_chain_in_an_envelope(void **at) {
    state *s = *at;
    begin(s);
    for (size_t dialect = 1; dialect <= 2;
         dialect++) { /* "parents":[] is signed in dialect 2, and absent in dialect 1 */
        s->empty_lists = dialect == 2;
        size_t feed = dialect == 1 ? FEED_A : FEED_B;
        made *inner = SIGN(feed_admit(s, PARTY, feed), BY(feed), VIA(ALICE_PHONE, phone_chain(s)));
        assert_true(add(s, SIGN(envelope(s, PARTY, inner), BY(ALICE))));
        assert_true(admits(s, feed));
    }
}

static void test_key_chains_that_lead_nowhere(void **at) {
    state *s = *at;
    begin(s);
    made *mallory_self = SIGN(key_admit(s, MALLORY, MALLORY), BY(MALLORY));
    /* Somebody else's chain; a trusted key claimed as one's own */
    made *chains[32];
    size_t n = 0;
    chains[n++] = phone_chain(s);
    chains[n++] = alice_root(s);
    /* Alice signed it, but it does not admit Mallory */
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE), BY(MALLORY)), alice_root(s));
    chains[n++] = CHAIN(MALLORY, SIGN(feed_admit(s, ALICE, MALLORY), BY(ALICE), BY(MALLORY)), alice_root(s));
    /* it admits Mallory, but Alice did not sign it */
    chains[n++] = CHAIN(MALLORY, mallory_self, alice_root(s));
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, ALICE, MALLORY), BY(MALLORY)), alice_root(s));
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, PARTY, MALLORY), BY(MALLORY)), alice_root(s));
    /* Alice signed it, but Mallory did not: the original wants that, too */
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, ALICE, MALLORY), BY(ALICE)), alice_root(s));
    /* Alice let Mallory into another party of hers */
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, OTHER_PARTY, MALLORY), BY(ALICE), BY(MALLORY)), alice_root(s));
    chains[n++] =
        CHAIN(MALLORY, SIGN(envelope(s, OTHER_PARTY, SIGN(key_admit(s, ALICE, MALLORY), BY(MALLORY))), BY(ALICE_PHONE)),
              phone_chain(s));
    /* of two parties, only one of which is Alice's */
    made *middle = CHAIN(BOB, SIGN(key_admit(s, ALICE, BOB), BY(ALICE), BY(BOB)), alice_root(s));
    chains[n++] = CHAIN(MALLORY, SIGN(key_admit(s, OTHER_PARTY, MALLORY), BY(BOB), BY(MALLORY)), middle);
    /* the envelope's inner message is not by Mallory */
    chains[n++] =
        CHAIN(MALLORY, SIGN(envelope(s, ALICE, SIGN(key_admit(s, ALICE, MALLORY), BY(BOB))), BY(ALICE)), alice_root(s));
    /* no parents, no message */
    chains[n++] = ROOT(MALLORY, SIGN(key_admit(s, ALICE, MALLORY), BY(ALICE), BY(MALLORY)));
    chains[n++] = new_made(s);
    /* a signature that is broken */
    made *broken = SIGN(key_admit(s, ALICE, MALLORY), BY(ALICE), BY(MALLORY));
    broken->wire.data[broken->wire.len - 1] ^= 1;
    chains[n++] = CHAIN(MALLORY, broken, alice_root(s));
    /* no chain at all */
    made *rubbish = new_made(s);
    echo__buf_text(&rubbish->wire, "rubbish");
    chains[n++] = rubbish;
    for (size_t i = 0; i < n; i++) {
        if (add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), VIA(MALLORY, chains[i]))))
            fail_msg("chain %zu was taken", i);
        assert_false(admits(s, FEED_M));
    }
    /* And one that holds, so that the above is not refused for some other reason. */
    made *good = CHAIN(MALLORY, SIGN(key_admit(s, ALICE, MALLORY), BY(ALICE), BY(MALLORY)), alice_root(s));
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), VIA(MALLORY, good))));
}

static void test_limits_of_chains(void **at) {
    state *s = *at;
    begin(s);
    made *chain = alice_root(s);
    for (unsigned i = 1; i < ECHO__CREDENTIAL_DEPTH_MAX; i++)
        chain = CHAIN(ALICE, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE)), chain);
    made *longer = CHAIN(ALICE, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE)), chain);
    bool grew;
    assert_int_equal(try_add(s, SIGN(feed_admit(s, PARTY, FEED_A), VIA(ALICE, longer)), &grew), ECHO_ERR_LIMIT);
    assert_true(add(s, SIGN(feed_admit(s, PARTY, FEED_A), VIA(ALICE, chain))));

    signer many[ECHO__CREDENTIAL_SIGNATURES_MAX + 1];
    for (size_t i = 0; i < COUNT(many); i++) many[i] = (signer)BY(ALICE);
    assert_int_equal(try_add(s, sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_B), many, COUNT(many)), &grew),
                     ECHO_ERR_LIMIT);
    assert_false(admits(s, FEED_B));
    assert_true(add(s, sign_as(s, PARTY_CREDENTIAL, feed_admit(s, PARTY, FEED_B), many, COUNT(many) - 1)));

    /* Chains within chains to the depth a hostile writer likes: no recursion without a bound. */
    made *tower = new_made(s);
    for (size_t i = 0; i < 20000; i++) {
        echo__buf next = ECHO__BUF_INIT;
        if (tower->wire.len > ECHO__CREDENTIAL_SIZE_MAX / 2) break;
        put_key(&next, 1, KEY(ALICE));
        put_field(&next, 3, tower->wire.data, tower->wire.len);
        echo__buf_free(&tower->wire);
        tower->wire = next;
    }
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_M), VIA(MALLORY, tower))));

    /* Nor where a chain is but printed, as part of what an envelope's signature covers. */
    made *inner = ROOT(ALICE, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE)));
    for (size_t i = 0; i < 200; i++) inner = CHAIN(ALICE, SIGN(key_admit(s, ALICE, ALICE), BY(ALICE)), inner);
    made *enveloped =
        SIGN(envelope(s, PARTY, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), VIA(MALLORY, inner))), BY(ALICE));
    assert_int_equal(try_add(s, enveloped, &grew), ECHO_ERR_LIMIT);
}

/* ---- Waiting */

static void test_waits_for_trust(void **at) {
    state *s = *at;
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_B), BY(FEED_B), BY(BOB))));
    assert_false(add(s, SIGN(key_admit(s, PARTY, BOB), BY(BOB), VIA(ALICE_PHONE, phone_chain(s)))));
    assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), BY(MALLORY))));
    assert_int_equal(echo__admission_feed_count(s->admission), 0);
    assert_true(add(s, SIGN(genesis(s, PARTY, FEED, ALICE, 1), BY(PARTY)))); /* Alice, hence Bob, hence his feed */
    assert_true(trusts(s, ALICE) && trusts(s, BOB));
    assert_true(admits(s, FEED) && admits(s, FEED_B));
    assert_false(admits(s, FEED_M));
    assert_int_equal(echo__admission_feed_count(s->admission), 2);
}

static void test_many_come_in_at_once(void **at) {
    state *s = *at;
    echo_keypair feeds[100];
    for (uint8_t i = 0; i < COUNT(feeds); i++) {
        const uint8_t seed[32] = {i, 77};
        assert_int_equal(echo_keypair_from_seed(&feeds[i], seed), ECHO_OK);
        s->keys[FEED_B] = feeds[i];
        assert_false(add(s, SIGN(feed_admit(s, PARTY, FEED_B), BY(ALICE))));
        assert_false(add(s, SIGN(key_admit(s, PARTY, FEED_B), BY(ALICE))));
    }
    assert_true(add(s, SIGN(genesis(s, PARTY, FEED, ALICE, 1), BY(PARTY))));
    assert_int_equal(echo__admission_feed_count(s->admission), COUNT(feeds) + 1);
    for (size_t i = 0; i < COUNT(feeds); i++) {
        assert_true(echo__admission_admits(s->admission, &feeds[i].public_key));
        assert_true(echo__admission_trusts(s->admission, &feeds[i].public_key));
    }
    for (size_t i = 0; i < COUNT(feeds); i++)
        assert_true(
            echo__key_compare(echo__admission_feed(s->admission, i), echo__admission_feed(s->admission, i + 1)) < 0);
}

static void test_waiting_is_limited(void **at) {
    state *s = *at;
    echo_bytes outsider = wrap(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), BY(MALLORY)));
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(echo__admission_add(s->admission, KEY(FEED), i, outsider, NULL, NULL), ECHO_OK);
    echo_error error = ECHO_ERROR_INIT;
    assert_int_equal(echo__admission_add(s->admission, KEY(FEED), 10000, outsider, NULL, &error), ECHO_ERR_LIMIT);
    assert_int_equal(error.seq, 10000);
    assert_true(
        add(s, SIGN(genesis(s, PARTY, FEED, MALLORY, 1), BY(PARTY)))); /* what is authorised is taken all the same */
    assert_true(admits(s, FEED_M));
    assert_int_equal(echo__admission_feed_count(s->admission), 2);
}

static void test_outsiders(void **at) {
    state *s = *at;
    echo_bytes start = wrap(s, SIGN(genesis(s, PARTY, FEED, PARTY, 3), BY(PARTY)));
    echo_bytes bobs = wrap(s, SIGN(feed_admit(s, PARTY, FEED_B), BY(FEED_B), BY(ALICE)));
    echo_bytes chained = wrap(s, SIGN(feed_admit(s, PARTY, FEED_A), BY(FEED_A), VIA(ALICE_PHONE, phone_chain(s))));
    echo_bytes mallorys = wrap(s, SIGN(feed_admit(s, PARTY, FEED_M), BY(FEED_M), BY(MALLORY)));
    echo_bytes foreign = wrap(s, SIGN(genesis(s, OTHER_PARTY, FEED, PARTY, 3), BY(OTHER_PARTY)));
    echo_bytes elsewhere = wrap(s, SIGN(feed_admit(s, OTHER_PARTY, FEED_B), BY(FEED_B), BY(ALICE)));
    echo_bytes both = wrap(s, SIGN(genesis(s, OTHER_PARTY, FEED, PARTY, 3), BY(OTHER_PARTY), BY(PARTY)));
    echo_bytes a_key = wrap(s, SIGN(key_admit(s, PARTY, BOB), BY(ALICE)));
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED), start), ECHO_OK);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED), foreign), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED), both), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_B), bobs),
                     ECHO_ERR_REFUSED); /* the genesis first */
    begin(s);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED), start), ECHO_OK); /* any, at any time */
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED), foreign), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_B), bobs), ECHO_OK);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_A), chained), ECHO_OK);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_A), bobs),
                     ECHO_ERR_REFUSED); /* for that very feed */
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_M), mallorys), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_B), elsewhere), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_B), a_key), ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(s->admission, KEY(FEED_B), echo__bytes("x", 1)),
                     ECHO_ERR_REFUSED);
    assert_false(admits(s, FEED_B)); /* asking admits nothing */
}

/* ---- Any order */

/* A random web of admissions between random keys; who is reached from the party key is computed here, by other means.
 */
static void one_web(state *s, test_random random) {
    enum { PEOPLE = 10, EDGES = 16 };
    echo_keypair people[PEOPLE], feeds[PEOPLE];
    size_t from[EDGES], to[EDGES];
    bool reached[PEOPLE] = {true}, is_feed[EDGES], fed[PEOPLE] = {false};
    echo_bytes credentials[EDGES];
    for (size_t i = 0; i < PEOPLE; i++) {
        uint8_t bytes[32] = {0};
        bytes[0] = (uint8_t)i, bytes[1] = (uint8_t)random.state, bytes[2] = 1;
        assert_int_equal(echo_keypair_from_seed(&people[i], bytes), ECHO_OK);
        bytes[2] = 2;
        assert_int_equal(echo_keypair_from_seed(&feeds[i], bytes), ECHO_OK);
    }
    for (size_t i = 0; i < EDGES; i++) {
        from[i] = test_random_below(&random, PEOPLE), to[i] = test_random_below(&random, PEOPLE),
        is_feed[i] = test_random_below(&random, 3) == 0;
        s->keys[PARTY] = people[0]; /* the names of the builder are slots here */
        s->keys[BOB] = people[from[i]];
        s->keys[ALICE] = is_feed[i] ? feeds[to[i]] : people[to[i]];
        made *payload = is_feed[i] ? feed_admit(s, PARTY, ALICE) : key_admit(s, PARTY, ALICE);
        credentials[i] = test_random_below(&random, 2)
                             ? wrap(s, SIGN(payload, BY(BOB)))
                             : wrap(s, SIGN(envelope(s, PARTY, SIGN(payload, BY(ALICE))), BY(BOB)));
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < EDGES; i++) {
            bool *goal = is_feed[i] ? &fed[to[i]] : &reached[to[i]];
            if (reached[from[i]] && !*goal) *goal = more = true;
        }
    }
    for (size_t round = 0; round < 8; round++) {
        echo__admission *admission;
        assert_int_equal(echo__admission_new(&admission, &people[0].public_key), ECHO_OK);
        size_t order[EDGES];
        for (size_t i = 0; i < EDGES; i++) {
            size_t j = (size_t)test_random_below(&random, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (size_t i = 0; i < EDGES; i++)
            assert_int_equal(echo__admission_add(admission, KEY(FEED), i, credentials[order[i]], NULL, NULL), ECHO_OK);
        size_t count = 0;
        for (size_t i = 0; i < PEOPLE; i++) {
            assert_int_equal(echo__admission_trusts(admission, &people[i].public_key), reached[i]);
            assert_int_equal(echo__admission_admits(admission, &feeds[i].public_key), fed[i]);
            count += fed[i];
        }
        assert_int_equal(echo__admission_feed_count(admission), count);
        echo__admission_free(admission);
    }
}

static void test_random_webs(void **at) {
    state *s = *at;
    for (uint64_t seed = 1; seed <= 25; seed++) one_web(s, (test_random){seed});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_genesis, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity_parties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_admit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_feed_admit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_signature_spoils_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_a_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_and_identity_messages_admit_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_envelopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_envelopes_within_envelopes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_chains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_chain_in_an_envelope, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_chains_that_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits_of_chains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waits_for_trust, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_come_in_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outsiders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_webs, setup, teardown),
    };
    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
