/* Credentials as the original wrote them: every signature of every fixture, what they admit, tampering, and our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "dxos.pb-c.h"
#include "feed/credentials.h"
#include "feed/credentials_message.h"
#include "support/fixture_feed.h"

static const struct {
    const char *folder;   /* of the feeds */
    const char *expected; /* the original's replay */
    uint32_t generation;
} fixtures[] = {
    {TEST_FIXTURES "/a-echo-2.6.17-single/storage/feeds", TEST_FIXTURES "/a-echo-2.6.17-single/expected.json", 1},
    {TEST_FIXTURES "/a-echo-2.33.8-arrays/storage/feeds", TEST_FIXTURES "/a-echo-2.33.8-arrays/expected.json", 2},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer0/feeds", TEST_FIXTURES "/b-echo-2.6.17-2peers/peer0.replay.json", 1},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer1/feeds", TEST_FIXTURES "/b-echo-2.6.17-2peers/peer1.replay.json", 1},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer0/feeds", TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer0.replay.json", 2},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer1/feeds", TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer1.replay.json", 2},
};
#define FIXTURES (sizeof fixtures / sizeof fixtures[0])

/* The credentials of a folder, feed by feed. */
typedef struct halo {
    fixture_feeds feeds;
    size_t count;
    struct {
        const fixture_feed *feed;
        uint64_t seq;
        echo_bytes bytes;
    } list[64];
    echo_key party; /* the party of items */
    echo_key genesis_feed;
} halo;

static void halo_read(halo *h, size_t fixture) {
    memset(h, 0, sizeof *h);
    fixture_feeds_read(&h->feeds, fixtures[fixture].folder);
    echo_codec codec = echo_codec_dxos();
    echo_scratch scratch;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    for (size_t f = 0; f < h->feeds.count; f++) {
        const fixture_feed *feed = &h->feeds.feeds[f];
        for (size_t seq = 0; seq < feed->count; seq++) {
            echo_message message;
            echo__scratch_reset(&scratch);
            assert_int_equal(codec.ops->decode(codec.ctx, feed->blocks[seq], &scratch, &message, NULL), ECHO_OK);
            if (message.kind != ECHO_MESSAGE_CREDENTIAL) continue;
            assert_true(h->count < sizeof h->list / sizeof h->list[0]);
            uint8_t *copy = malloc(message.credential.len);
            assert_non_null(copy);
            memcpy(copy, message.credential.data, message.credential.len);
            h->list[h->count].feed = feed;
            h->list[h->count].seq = seq;
            h->list[h->count].bytes = echo__bytes(copy, message.credential.len);
            echo__genesis genesis;
            if (echo__credential_genesis(&genesis, h->list[h->count].bytes) && !genesis.identity) {
                h->party = genesis.party;
                h->genesis_feed = genesis.feed;
            }
            h->count++;
        }
    }
    echo__scratch_free(&scratch);
}

static void halo_free(halo *h) {
    for (size_t i = 0; i < h->count; i++) free((void *)(uintptr_t)h->list[i].bytes.data);
    fixture_feeds_free(&h->feeds);
}

static echo__admission *admission_of(const echo_key *party) {
    echo__admission *admission;
    assert_int_equal(echo__admission_new(&admission, party), ECHO_OK);
    return admission;
}

static bool add(echo__admission *admission, const halo *h, size_t i) {
    bool grew;
    echo_error error = ECHO_ERROR_INIT;
    if (echo__admission_add(admission, &h->list[i].feed->key, h->list[i].seq, h->list[i].bytes, &grew, &error) != ECHO_OK)
        fail_msg("%s %llu: %s", h->list[i].feed->path, (unsigned long long)h->list[i].seq, error.message);
    return grew;
}

static uint64_t draw(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = *seed;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ---- Every signature, wherever it is nested */

typedef struct walk {
    echo__pb pb;
    uint32_t generation;
    size_t signatures, chains, envelopes, texts_differ;
} walk;

static const void *unpack(walk *w, const ProtobufCMessageDescriptor *type, protobuf_c_boolean has, ProtobufCBinaryData bytes) {
    ProtobufCMessage *message;
    assert_int_equal(echo__pb_unpack(&message, &w->pb, type, echo__pb_view(has, bytes), "test", NULL), ECHO_OK);
    return message;
}

static void text_of(echo__buf *text, walk *w, const Echo__Pb__Dxos__SignedMessage *message, bool empty_lists) {
    assert_int_equal(echo__credential_json(text, &w->pb, &message->signed_->base, empty_lists, NULL, NULL), ECHO_OK);
}

static void walk_chain(walk *w, const Echo__Pb__Dxos__KeyChain *chain);

static void walk_message(walk *w, const Echo__Pb__Dxos__SignedMessage *message) {
    echo__buf text = ECHO__BUF_INIT, other = ECHO__BUF_INIT;
    text_of(&text, w, message, w->generation == 2);
    text_of(&other, w, message, w->generation != 2);
    w->texts_differ += !echo__bytes_equal(echo__buf_bytes(&text), echo__buf_bytes(&other));
    for (size_t i = 0; i < message->n_signatures; i++) {
        const Echo__Pb__Dxos__Signature *signature = message->signatures[i];
        echo_key key;
        assert_int_equal(signature->key->data.len, sizeof key.bytes);
        assert_int_equal(signature->signature.len, 64);
        memcpy(key.bytes, signature->key->data.data, sizeof key.bytes);
        if (!echo__verify(signature->signature.data, text.data, text.len, &key))
            fail_msg("does not verify: %.*s", (int)text.len, (const char *)text.data);
        w->signatures++;
        if (signature->has_keychain) walk_chain(w, unpack(w, &echo__pb__dxos__key_chain__descriptor, 1, signature->keychain));
    }
    echo__buf_free(&text);
    echo__buf_free(&other);
    const Echo__Pb__Dxos__Any *any = message->signed_->payload;
    const ProtobufCMessageDescriptor *type = echo__credential_type(echo__pb_view(any->has_type_url, any->type_url));
    assert_non_null(type);
    if (type != &echo__pb__dxos__party_credential__descriptor) return;
    const Echo__Pb__Dxos__PartyCredential *credential = unpack(w, type, any->has_value, any->value);
    if (credential->envelope == NULL) return;
    w->envelopes++;
    any = credential->envelope->message->payload;
    walk_message(w, unpack(w, &echo__pb__dxos__signed_message__descriptor, any->has_value, any->value));
}

static void walk_chain(walk *w, const Echo__Pb__Dxos__KeyChain *chain) {
    w->chains++;
    walk_message(w, chain->message);
    for (size_t i = 0; i < chain->n_parents; i++)
        walk_chain(w, unpack(w, &echo__pb__dxos__key_chain__descriptor, 1, chain->parents[i]));
}

static void test_every_signature_verifies(void **at) {
    (void)at;
    size_t differ = 0;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        echo_scratch scratch;
        echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
        walk w = {.generation = fixtures[f].generation};
        for (size_t i = 0; i < h.count; i++) {
            echo__scratch_reset(&scratch);
            echo__pb_init(&w.pb, &scratch);
            ProtobufCBinaryData bytes = {h.list[i].bytes.len, (uint8_t *)(uintptr_t)h.list[i].bytes.data};
            const Echo__Pb__Dxos__Message *message = unpack(&w, &echo__pb__dxos__message__descriptor, 1, bytes);
            assert_true(echo__bytes_equal(echo__pb_view(1, message->payload->type_url), echo__bytes_text(ECHO__TYPE_SIGNED_MESSAGE)));
            walk_message(&w, unpack(&w, &echo__pb__dxos__signed_message__descriptor, 1, message->payload->value));
            echo__claim *claim;
            assert_int_equal(echo__claim_read(&claim, NULL, h.list[i].bytes, NULL), ECHO_OK);
            echo__free(claim);
        }
        differ += w.texts_differ;
        print_message("  %zu credentials, %zu signatures, %zu key chain links, %zu envelopes, %zu with a text of their dialect\n", h.count,
                      w.signatures, w.chains, w.envelopes, w.texts_differ);
        assert_true(h.count >= 7);
        assert_true(w.signatures >= 22);
        assert_true(w.chains >= 4);
        assert_true(w.envelopes >= 2);
        echo__scratch_free(&scratch);
        halo_free(&h);
    }
    assert_true(differ > 0); /* else the two canonical texts were not put to the test */
}

static void test_canonical_text_as_documented(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 0);
    echo_scratch scratch;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    walk w = {.generation = 1};
    echo__pb_init(&w.pb, &scratch);
    for (size_t i = 0; i < h.count; i++) {
        if (h.list[i].seq != 0 || !echo__key_equal(&h.list[i].feed->key, &h.genesis_feed)) continue;
        ProtobufCBinaryData bytes = {h.list[i].bytes.len, (uint8_t *)(uintptr_t)h.list[i].bytes.data};
        const Echo__Pb__Dxos__Message *message = unpack(&w, &echo__pb__dxos__message__descriptor, 1, bytes);
        const Echo__Pb__Dxos__SignedMessage *inner = unpack(&w, &echo__pb__dxos__signed_message__descriptor, 1, message->payload->value);
        echo__buf text = ECHO__BUF_INIT;
        text_of(&text, &w, inner, true);
        echo__buf_byte(&text, '\0');
        assert_string_equal((const char *)text.data,
                            "{\"created\":\"2026-11-22T13:36:03+00:00\","
                            "\"nonce\":\"fdcb95380f484f214b9af2b642c26d57e5c326e57021f076a4cc1ae981c4f092\",\"payload\":{\"partyGenesis\":"
                            "{\"admitKey\":\"29c069f05aa88b17ba2402d18252cecab362c4682d1fd5480136448f7c054776\",\"admitKeyType\":3,"
                            "\"feedKey\":\"2d3edcc31e671f326d7cdeb2cc4d578cce74cc88a773052b7c4ab906f4d3fae4\","
                            "\"partyKey\":\"29c069f05aa88b17ba2402d18252cecab362c4682d1fd5480136448f7c054776\"},\"type\":1}}");
        echo__buf_free(&text);
        echo__scratch_free(&scratch);
        halo_free(&h);
        return;
    }
    fail();
}

/* ---- What they admit */

static void test_parties_in_a_folder(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        size_t identities = 0, parties = 0;
        for (size_t i = 0; i < h.count; i++) {
            echo__genesis genesis;
            if (!echo__credential_genesis(&genesis, h.list[i].bytes)) continue;
            assert_int_equal(h.list[i].seq, 0);
            assert_true(echo__key_equal(&genesis.feed, &h.list[i].feed->key));
            identities += genesis.identity;
            parties += !genesis.identity;
        }
        assert_int_equal(identities, 1);
        assert_int_equal(parties, 1);
        halo_free(&h);
    }
}

/* Whether the admitted feeds are those of the original's timeframe, none more. */
static void assert_feeds_expected(const echo__admission *admission, size_t fixture) {
    char *text = fixture_file(fixtures[fixture].expected, NULL);
    cJSON *root = cJSON_Parse(text);
    const cJSON *timeframe = cJSON_GetObjectItemCaseSensitive(root, "timeframe");
    size_t n = (size_t)cJSON_GetArraySize(timeframe);
    assert_true(n > 0);
    assert_int_equal(echo__admission_feed_count(admission), n);
    for (size_t i = 0; i < n; i++) {
        echo_key key;
        assert_int_equal(echo_key_parse(&key, cJSON_GetArrayItem(cJSON_GetArrayItem(timeframe, (int)i), 0)->valuestring), ECHO_OK);
        assert_true(echo__admission_admits(admission, &key));
    }
    for (size_t i = 1; i < n; i++)
        assert_true(echo__key_compare(echo__admission_feed(admission, i - 1), echo__admission_feed(admission, i)) < 0);
    cJSON_Delete(root);
    free(text);
}

static void test_admitted_feeds(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        echo__admission *admission = admission_of(&h.party);
        assert_false(echo__admission_has_genesis(admission));
        for (size_t i = 0; i < h.count; i++) (void)add(admission, &h, i);
        assert_true(echo__admission_has_genesis(admission));
        assert_feeds_expected(admission, f);
        for (size_t i = 0; i < h.count; i++) { /* the member's identity is trusted, the device it signs with is not: its chain is */
            echo__genesis genesis;
            if (!echo__credential_genesis(&genesis, h.list[i].bytes) || !genesis.identity) continue;
            assert_true(echo__admission_trusts(admission, &genesis.party));
            assert_false(echo__admission_admits(admission, &genesis.feed));
        }
        echo__admission_free(admission);
        halo_free(&h);
    }
}

static void test_order_does_not_matter(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        for (uint64_t seed = 1; seed <= 40; seed++) {
            uint64_t state = seed;
            size_t order[64], feeds = 0;
            for (size_t i = 0; i < h.count; i++) {
                size_t j = (size_t)(draw(&state) % (i + 1));
                order[i] = order[j];
                order[j] = i;
            }
            echo__admission *admission = admission_of(&h.party);
            for (size_t i = 0; i < h.count; i++) {
                bool grew = add(admission, &h, order[i]);
                assert_true(grew || echo__admission_feed_count(admission) == feeds);
                feeds = echo__admission_feed_count(admission);
            }
            assert_feeds_expected(admission, f);
            for (size_t i = 0; i < h.count; i++) assert_false(add(admission, &h, i)); /* a second time changes nothing */
            echo__admission_free(admission);
        }
        halo_free(&h);
    }
}

static void test_reading_as_the_original_does(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        echo__admission *admission = admission_of(&h.party);
        for (size_t i = 0; i < h.count; i++) { /* at first only the genesis is welcome, wherever it is looked for */
            echo__genesis genesis;
            bool is_genesis = echo__credential_genesis(&genesis, h.list[i].bytes) && !genesis.identity;
            assert_int_equal(echo__admission_accepts_outsider(admission, &h.list[i].feed->key, h.list[i].bytes), is_genesis);
        }
        for (size_t i = 0; i < h.count; i++)
            if (echo__key_equal(&h.list[i].feed->key, &h.genesis_feed)) (void)add(admission, &h, i);
        assert_feeds_expected(admission, f); /* the genesis feed alone admits everybody */
        for (size_t i = 0; i < h.count; i++) {
            echo__claim *claim;
            assert_int_equal(echo__claim_read(&claim, NULL, h.list[i].bytes, NULL), ECHO_OK);
            for (size_t k = 0; k < h.feeds.count; k++) { /* afterwards what admits the very feed it is read from */
                const echo_key *feed = &h.feeds.feeds[k].key;
                bool own = claim->kind == ECHO__CLAIM_FEED && echo__key_equal(&claim->feed, feed);
                assert_int_equal(echo__admission_accepts_outsider(admission, feed, h.list[i].bytes), own);
            }
            echo__free(claim);
        }
        echo__admission_free(admission);
        halo_free(&h);
    }
}

/* ---- Tampering */

/* The bytes of a length-delimited field, absent when there is none; looks at the wire itself. */
static echo_bytes field(echo_bytes message, unsigned number) {
    for (size_t at = 0; at < message.len;) {
        uint64_t parts[2] = {0, 0};
        for (size_t p = 0; p < 2; p++) { /* tag; length or number */
            unsigned shift = 0;
            do parts[p] |= (uint64_t)(message.data[at] & 0x7f) << shift, shift += 7;
            while (message.data[at++] >= 0x80);
        }
        if (parts[0] == (number << 3 | 2)) return echo__bytes(message.data + at, (size_t)parts[1]);
        if ((parts[0] & 7) == 2) at += (size_t)parts[1];
    }
    return echo__bytes(NULL, 0);
}

static void assert_within(const echo__admission *admission, const echo__admission *all, const halo *h) {
    for (size_t i = 0; i < echo__admission_feed_count(admission); i++)
        assert_true(echo__admission_admits(all, echo__admission_feed(admission, i)));
    for (size_t i = 0; i < h->feeds.count; i++)
        if (echo__admission_trusts(admission, &h->feeds.feeds[i].key)) assert_true(echo__admission_trusts(all, &h->feeds.feeds[i].key));
}

static echo__claim *claim_of(echo_bytes credential) {
    echo__claim *claim;
    assert_int_equal(echo__claim_read(&claim, NULL, credential, NULL), ECHO_OK);
    return claim;
}

static bool same_claim(const echo__claim *a, const echo__claim *b) {
    return a->kind == b->kind && echo__key_equal(&a->party, &b->party) && echo__key_equal(&a->feed, &b->feed) &&
           echo__key_equal(&a->member, &b->member);
}

static bool authorised(const echo__admission *admission, const echo__claim *claim) {
    for (size_t i = 0; i < claim->anchor_count; i++)
        if (echo__admission_trusts(admission, &claim->anchors[i])) return true;
    return false;
}

typedef struct tally {
    size_t flips, refused, powerless, harmless;
} tally;

/*
 * Flips one bit in each byte of a credential. What is in `signed` is covered by the signatures: nothing is admitted. What is behind it
 * are the signatures themselves and their key chains: a signature that is no longer seen as one may not have been needed, but then the
 * credential says what it said before; and a broken chain leads nowhere.
 */
static void tamper(const halo *h, size_t target, uint64_t *seed, tally *t) {
    echo_bytes original = h->list[target].bytes, covered = field(field(field(original, 1), 2), 1);
    assert_non_null(covered.data);
    echo__claim *claim = claim_of(original);
    echo__admission *others = admission_of(&h->party); /* everything but what says the same */
    for (size_t i = 0; i < h->count; i++) {
        echo__claim *other = claim_of(h->list[i].bytes);
        if (i != target && !same_claim(other, claim) && other->kind != ECHO__CLAIM_FEED) (void)add(others, h, i);
        echo__free(other);
    }
    if (claim->kind == ECHO__CLAIM_FEED) assert_true(authorised(others, claim)); /* untouched, it would be taken */
    uint8_t *copy = malloc(original.len);
    assert_non_null(copy);
    for (size_t i = 0; i < original.len; i++) {
        memcpy(copy, original.data, original.len);
        copy[i] ^= (uint8_t)(1u << draw(seed) % 8);
        echo__claim *tampered = NULL;
        echo_status status = echo__claim_read(&tampered, NULL, echo__bytes(copy, original.len), NULL);
        bool inside = original.data + i >= covered.data && original.data + i < covered.data + covered.len;
        t->flips++;
        if (status == ECHO_OK && tampered->kind != ECHO__CLAIM_NOTHING && authorised(others, tampered)) {
            assert_false(inside);
            assert_true(same_claim(tampered, claim));
            t->harmless++;
        } else {
            bool grew;
            t->refused += status != ECHO_OK;
            t->powerless += status == ECHO_OK;
            assert_int_equal(echo__admission_add(others, &h->list[target].feed->key, 0, echo__bytes(copy, original.len), &grew, NULL), status);
            assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE);
            assert_false(grew);
        }
        echo__free(tampered);
    }
    free(copy);
    echo__free(claim);
    echo__admission_free(others);
}

static void test_flipped_bits(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        if (f == 3 || f == 5) continue; /* the other peer has the same credentials */
        halo h;
        halo_read(&h, f);
        uint64_t seed = 7000 + f;
        tally t = {0, 0, 0, 0};
        for (size_t i = 0; i < h.count; i++) {
            echo__claim *claim = claim_of(h.list[i].bytes);
            if (claim->kind != ECHO__CLAIM_NOTHING && echo__key_equal(&claim->party, &h.party)) tamper(&h, i, &seed, &t);
            echo__free(claim);
        }
        print_message("  %zu flips: %zu refused, %zu powerless, %zu harmless\n", t.flips, t.refused, t.powerless, t.harmless);
        assert_true(t.flips > 2500);
        assert_true(t.harmless * 7 < t.flips); /* most of them: what vouches for a key that is trusted anyway */
        halo_free(&h);
    }
}

static void test_mangled(void **at) {
    (void)at;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        uint64_t seed = 9000 + f;
        echo__admission *all = admission_of(&h.party), *admission = admission_of(&h.party);
        for (size_t i = 0; i < h.count; i++) (void)add(all, &h, i);
        for (size_t round = 0; round < 1500; round++) {
            echo_bytes original = h.list[draw(&seed) % h.count].bytes, other = h.list[draw(&seed) % h.count].bytes;
            size_t len = original.len;
            uint8_t *copy = malloc(len + 64), *exact;
            assert_non_null(copy);
            memcpy(copy, original.data, len);
            for (uint64_t edits = draw(&seed) % 4 + 1; edits > 0 && len > 64; edits--) {
                size_t where = (size_t)(draw(&seed) % (len - 32)), from = (size_t)(draw(&seed) % (other.len - 32));
                switch (draw(&seed) % 4) {
                case 0: copy[where] = (uint8_t)draw(&seed); break;
                case 1: memcpy(copy + where, other.data + from, 32); break; /* a key of another message, now and then */
                case 2: len -= (size_t)(draw(&seed) % 16); break;
                default: memmove(copy + where, copy + where + 1, len - where - 1), len--; break;
                }
            }
            exact = malloc(len);
            assert_non_null(exact);
            memcpy(exact, copy, len);
            echo_status status = echo__admission_add(admission, &h.party, round, echo__bytes(exact, len), NULL, NULL);
            assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE || status == ECHO_ERR_LIMIT);
            assert_within(admission, all, &h);
            free(exact);
            free(copy);
        }
        echo__admission_free(all);
        echo__admission_free(admission);
        halo_free(&h);
    }
}

static void test_errors_say_where(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 0);
    echo__admission *admission = admission_of(&h.party);
    echo_error error = ECHO_ERROR_INIT;
    bool grew = true;
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 5, echo__bytes("\x0a\x05", 2), &grew, &error), ECHO_ERR_CORRUPT);
    assert_false(grew);
    assert_int_equal(error.code, ECHO_ERR_CORRUPT);
    assert_true(error.has_seq && error.seq == 5);
    assert_true(error.has_feed && echo__key_equal(&error.feed, &h.genesis_feed));
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 5, echo__bytes(NULL, 0), NULL, NULL), ECHO_ERR_CORRUPT);

    uint8_t *copy = malloc(h.list[0].bytes.len);
    assert_non_null(copy);
    memcpy(copy, h.list[0].bytes.data, h.list[0].bytes.len);
    copy[h.list[0].bytes.len - 1] ^= 1; /* the last byte of a signature */
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 6, echo__bytes(copy, h.list[0].bytes.len), &grew, &error),
                     ECHO_ERR_SIGNATURE);
    assert_int_equal(error.seq, 6);
    free(copy);

    char *large = calloc(1, ECHO__CREDENTIAL_SIZE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 7, echo__bytes(large, ECHO__CREDENTIAL_SIZE_MAX + 1), NULL, &error),
                     ECHO_ERR_LIMIT);
    free(large);
    echo__admission_free(admission);
    halo_free(&h);
}

/* ---- Our own */

static echo_keypair keypair(uint8_t seed) {
    uint8_t bytes[32] = {seed};
    echo_keypair keys;
    assert_int_equal(echo_keypair_from_seed(&keys, bytes), ECHO_OK);
    return keys;
}

static void test_made_credentials(void **at) {
    (void)at;
    const char *created = "2026-11-22T13:36:03+00:00";
    echo_keypair party = keypair(1), feed = keypair(2), second = keypair(3), stranger = keypair(4);
    echo__buf genesis = ECHO__BUF_INIT, again = ECHO__BUF_INIT, admit = ECHO__BUF_INIT, foreign = ECHO__BUF_INIT;
    assert_int_equal(echo__credential_make_genesis(&genesis, &party, &feed.public_key, created), ECHO_OK);
    assert_int_equal(echo__credential_make_genesis(&again, &party, &feed.public_key, created), ECHO_OK);
    assert_true(echo__bytes_equal(echo__buf_bytes(&genesis), echo__buf_bytes(&again)));
    assert_int_equal(echo__credential_make_feed_admit(&admit, &party.public_key, &second.public_key, &party, created), ECHO_OK);
    assert_int_equal(echo__credential_make_feed_admit(&foreign, &party.public_key, &stranger.public_key, &stranger, created), ECHO_OK);

    echo__genesis told;
    assert_true(echo__credential_genesis(&told, echo__buf_bytes(&genesis)));
    assert_true(echo__key_equal(&told.party, &party.public_key) && echo__key_equal(&told.feed, &feed.public_key));
    assert_false(told.identity);
    assert_false(echo__credential_genesis(&told, echo__buf_bytes(&admit)));

    echo__admission *admission = admission_of(&party.public_key);
    bool grew;
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 0, echo__buf_bytes(&genesis), &grew, NULL), ECHO_OK);
    assert_true(grew && echo__admission_has_genesis(admission));
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 1, echo__buf_bytes(&admit), &grew, NULL), ECHO_OK);
    assert_true(grew);
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 2, echo__buf_bytes(&foreign), &grew, NULL), ECHO_OK);
    assert_false(grew);
    assert_int_equal(echo__admission_feed_count(admission), 2);
    assert_true(echo__admission_admits(admission, &feed.public_key) && echo__admission_admits(admission, &second.public_key));
    assert_true(echo__admission_accepts_outsider(admission, &second.public_key, echo__buf_bytes(&admit)));
    assert_false(echo__admission_accepts_outsider(admission, &stranger.public_key, echo__buf_bytes(&admit)));
    assert_false(echo__admission_accepts_outsider(admission, &stranger.public_key, echo__buf_bytes(&foreign)));
    echo__admission_free(admission);

    /* The shape of the original's: the same fields at the same places, with two signatures fewer. */
    halo h;
    halo_read(&h, 1);
    for (size_t i = 0; i < h.count; i++) {
        if (h.list[i].seq != 0 || !echo__key_equal(&h.list[i].feed->key, &h.genesis_feed)) continue;
        echo_bytes real = field(field(h.list[i].bytes, 1), 2), made = field(field(echo__buf_bytes(&genesis), 1), 2);
        assert_int_equal(real.len, made.len + 2 * 104);
        echo_bytes real_signed = field(real, 1), made_signed = field(made, 1);
        assert_int_equal(real_signed.len, made_signed.len);
        const size_t fixed[] = {0, 27, 61, 101}; /* tags and lengths, up to the first key */
        assert_memory_equal(made_signed.data, real_signed.data, 2);
        assert_memory_equal(made_signed.data + fixed[1], real_signed.data + fixed[1], 2);
        assert_memory_equal(made_signed.data + fixed[2], real_signed.data + fixed[2], 3 + 40 + 2 + 2 + 2 + 4);
    }
    halo_free(&h);

    again.len = 0;
    assert_int_equal(echo__credential_make_genesis(&again, &party, &feed.public_key, ""), ECHO_ERR_INVALID);
    assert_int_equal(echo__credential_make_genesis(&again, &party, &feed.public_key, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo__credential_make_feed_admit(&again, &party.public_key, &feed.public_key, &party, "\xff"), ECHO_ERR_INVALID);
    assert_int_equal(again.len, 0);
    echo__buf_free(&genesis);
    echo__buf_free(&again);
    echo__buf_free(&admit);
    echo__buf_free(&foreign);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_signature_verifies),   cmocka_unit_test(test_canonical_text_as_documented),
        cmocka_unit_test(test_parties_in_a_folder),        cmocka_unit_test(test_admitted_feeds),
        cmocka_unit_test(test_order_does_not_matter),      cmocka_unit_test(test_reading_as_the_original_does),
        cmocka_unit_test(test_flipped_bits),               cmocka_unit_test(test_mangled),
        cmocka_unit_test(test_errors_say_where),           cmocka_unit_test(test_made_credentials),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
