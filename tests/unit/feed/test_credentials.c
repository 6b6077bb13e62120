/* Credentials as the original wrote them: every signature of every fixture, what they admit, tampering, and our own. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "feed/credentials.h"
#include "feed/credentials_json.h"
#include "feed/credentials_message.h"
#include "support/fault.h"
#include "support/fixture_feed.h"
#include "support/random.h"

static const struct {
    const char *folder;   /* of the feeds */
    const char *expected; /* the original's replay */
    uint32_t generation;
} fixtures[] = {
    {TEST_FIXTURES "/a-echo-2.6.17-single/storage/feeds", TEST_FIXTURES "/a-echo-2.6.17-single/expected.json", 1},
    {TEST_FIXTURES "/a-echo-2.33.8-arrays/storage/feeds", TEST_FIXTURES "/a-echo-2.33.8-arrays/expected.json", 2},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer0/feeds", TEST_FIXTURES "/b-echo-2.6.17-2peers/peer0.replay.json", 1},
    {TEST_FIXTURES "/b-echo-2.6.17-2peers/peer1/feeds", TEST_FIXTURES "/b-echo-2.6.17-2peers/peer1.replay.json", 1},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer0/feeds",
     TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer0.replay.json", 2},
    {TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer1/feeds",
     TEST_FIXTURES "/b-echo-2.33.8-2peers-conflict/peer1.replay.json", 2},
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
            assert_int_equal(codec.ops->decode(&message, codec.ctx, feed->blocks[seq], &scratch, NULL), ECHO_OK);
            if (message.kind != ECHO_MESSAGE_CREDENTIAL) continue;
            assert_true(h->count < sizeof h->list / sizeof h->list[0]);
            uint8_t *copy = malloc(message.credential.len);
            assert_non_null(copy);
            memcpy(copy, message.credential.data, message.credential.len);
            h->list[h->count].feed = feed;
            h->list[h->count].seq = seq;
            h->list[h->count].bytes = echo__bytes(copy, message.credential.len);
            echo__genesis genesis;
            if (echo__credential_genesis(&genesis, NULL, h->list[h->count].bytes) == ECHO_OK && !genesis.identity) {
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
    if (echo__admission_add(admission, &h->list[i].feed->key, h->list[i].seq, h->list[i].bytes, &grew, &error) !=
        ECHO_OK)
        fail_msg("%s %llu: %s", h->list[i].feed->path, (unsigned long long)h->list[i].seq, error.message);
    return grew;
}

/* ---- Every signature, wherever it is nested */

/* The next length-delimited field of that number from *at on, absent when there is none. Looks at the wire itself. */
static echo_bytes next_field(echo_bytes message, size_t *at, unsigned number) {
    while (*at < message.len) {
        uint64_t parts[2] = {0, 0}; /* tag; length or number */
        for (size_t p = 0; p < 2; p++) {
            unsigned shift = 0;
            do parts[p] |= (uint64_t)(message.data[*at] & 0x7f) << shift, shift += 7;
            while (message.data[(*at)++] >= 0x80);
        }
        size_t start = *at;
        if ((parts[0] & 7) == 2) *at += (size_t)parts[1];
        if (parts[0] == (number << 3 | 2)) return echo__bytes(message.data + start, (size_t)parts[1]);
    }
    return echo__bytes(NULL, 0);
}

static echo_bytes field(echo_bytes message, unsigned number) {
    size_t at = 0;
    return next_field(message, &at, number);
}

typedef struct walk {
    uint32_t generation;
    size_t signatures, chains, envelopes, texts_differ;
} walk;

/* The canonical text of a SignedMessage's `signed`. */
static void text_of(echo__buf *text, echo_bytes message, bool empty_lists) {
    echo_scratch scratch;
    echo__pb pb;
    ProtobufCMessage *unpacked, *content;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    echo__pb_init(&pb, &scratch);
    const ProtobufCMessageDescriptor *type = echo__credential_type(echo__bytes_text(ECHO__TYPE_SIGNED_MESSAGE));
    assert_int_equal(echo__pb_unpack(&unpacked, &pb, type, message, "test", NULL), ECHO_OK);
    memcpy(&content, (uint8_t *)unpacked + protobuf_c_message_descriptor_get_field_by_name(type, "signed")->offset,
           sizeof content);
    assert_int_equal(echo__credential_json(text, &pb, content, empty_lists, NULL, NULL), ECHO_OK);
    echo__scratch_free(&scratch);
}

static void walk_chain(walk *w, echo_bytes chain);

static void walk_message(walk *w, echo_bytes message) {
    echo__buf text = ECHO__BUF_INIT, other = ECHO__BUF_INIT;
    text_of(&text, message, w->generation == 2);
    text_of(&other, message, w->generation != 2);
    w->texts_differ += !echo__bytes_equal(echo__buf_bytes(&text), echo__buf_bytes(&other));
    size_t at = 0;
    for (echo_bytes signature; (signature = next_field(message, &at, 2)).data != NULL;) {
        echo_bytes signer = field(field(signature, 1), 1), bytes = field(signature, 2), chain = field(signature, 3);
        echo_key key;
        assert_int_equal(signer.len, sizeof key.bytes);
        assert_int_equal(bytes.len, 64);
        memcpy(key.bytes, signer.data, sizeof key.bytes);
        if (!echo__verify(bytes.data, text.data, text.len, &key))
            fail_msg("does not verify: %.*s", (int)text.len, (const char *)text.data);
        w->signatures++;
        if (chain.data != NULL) walk_chain(w, chain);
    }
    echo__buf_free(&text);
    echo__buf_free(&other);
    echo_bytes any = field(field(message, 1), 10);
    assert_non_null(echo__credential_type(field(any, 1)));
    if (!echo__bytes_equal(field(any, 1), echo__bytes_text(ECHO__TYPE_PARTY_CREDENTIAL))) return;
    echo_bytes envelope = field(field(any, 2), 10);
    if (envelope.data == NULL) return;
    w->envelopes++;
    walk_message(w, field(field(field(envelope, 2), 1), 2));
}

static void walk_chain(walk *w, echo_bytes chain) {
    w->chains++;
    walk_message(w, field(chain, 2));
    size_t at = 0;
    for (echo_bytes parent; (parent = next_field(chain, &at, 3)).data != NULL;) walk_chain(w, parent);
}

static void test_every_signature_verifies(void **at) {
    (void)at;
    size_t differ = 0;
    for (size_t f = 0; f < FIXTURES; f++) {
        halo h;
        halo_read(&h, f);
        walk w = {.generation = fixtures[f].generation};
        for (size_t i = 0; i < h.count; i++) {
            echo_bytes any = field(h.list[i].bytes, 1);
            assert_true(echo__bytes_equal(field(any, 1), echo__bytes_text(ECHO__TYPE_SIGNED_MESSAGE)));
            walk_message(&w, field(any, 2));
            echo__claim *claim;
            assert_int_equal(echo__claim_read(&claim, NULL, h.list[i].bytes, NULL), ECHO_OK);
            echo__free(claim);
        }
        differ += w.texts_differ;
        print_message(
            "  %zu credentials, %zu signatures, %zu key chain links, %zu envelopes, %zu with a text of their dialect\n",
            h.count, w.signatures, w.chains, w.envelopes, w.texts_differ);
        assert_true(h.count >= 7);
        assert_true(w.signatures >= 22);
        assert_true(w.chains >= 4);
        assert_true(w.envelopes >= 2);
        halo_free(&h);
    }
    assert_true(differ > 0); /* else the two canonical texts were not put to the test */
}

static void test_signatures_are_checked_once(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 2);
    echo__verifier verifier;
    echo__verifier_init(&verifier);
    size_t found = 0;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < h.count; i++) {
            echo__claim *claim;
            assert_int_equal(echo__claim_read(&claim, &verifier, h.list[i].bytes, NULL), ECHO_OK);
            echo__free(claim);
        }
        assert_true(round == 0 || verifier.seen.count == found);
        found = verifier.seen.count;
    }
    assert_true(found >= 20 && found < 56); /* fewer than there are: key chains come again and again */
    echo__verifier_free(&verifier);
    halo_free(&h);
}

static void test_canonical_text_as_documented(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 0);
    for (size_t i = 0; i < h.count; i++) {
        if (h.list[i].seq != 0 || !echo__key_equal(&h.list[i].feed->key, &h.genesis_feed)) continue;
        echo__buf text = ECHO__BUF_INIT;
        text_of(&text, field(field(h.list[i].bytes, 1), 2), true);
        echo__buf_byte(&text, '\0');
        assert_string_equal(
            (const char *)text.data,
            "{\"created\":\"2026-11-22T13:36:03+00:00\","
            "\"nonce\":\"fdcb95380f484f214b9af2b642c26d57e5c326e57021f076a4cc1ae981c4f092\",\"payload\":{"
            "\"partyGenesis\":"
            "{\"admitKey\":\"29c069f05aa88b17ba2402d18252cecab362c4682d1fd5480136448f7c054776\",\"admitKeyType\":3,"
            "\"feedKey\":\"2d3edcc31e671f326d7cdeb2cc4d578cce74cc88a773052b7c4ab906f4d3fae4\","
            "\"partyKey\":\"29c069f05aa88b17ba2402d18252cecab362c4682d1fd5480136448f7c054776\"},\"type\":1}}");
        echo__buf_free(&text);
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
            if (echo__credential_genesis(&genesis, NULL, h.list[i].bytes) != ECHO_OK) continue;
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
        assert_int_equal(
            echo_key_parse(&key, cJSON_GetArrayItem(cJSON_GetArrayItem(timeframe, (int)i), 0)->valuestring), ECHO_OK);
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
        for (size_t i = 0; i < h.count;
             i++) { /* the member's identity is trusted, the device it signs with is not: its chain is */
            echo__genesis genesis;
            if (echo__credential_genesis(&genesis, NULL, h.list[i].bytes) != ECHO_OK || !genesis.identity) continue;
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
            test_random state = {seed};
            size_t order[64], feeds = 0;
            for (size_t i = 0; i < h.count; i++) {
                size_t j = (size_t)test_random_below(&state, i + 1);
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
            for (size_t i = 0; i < h.count; i++)
                assert_false(add(admission, &h, i)); /* a second time changes nothing */
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
            bool is_genesis = echo__credential_genesis(&genesis, NULL, h.list[i].bytes) == ECHO_OK && !genesis.identity;
            assert_int_equal(echo__admission_accepts_outsider(admission, &h.list[i].feed->key, h.list[i].bytes),
                             is_genesis ? ECHO_OK : ECHO_ERR_REFUSED);
        }
        for (size_t i = 0; i < h.count; i++)
            if (echo__key_equal(&h.list[i].feed->key, &h.genesis_feed)) (void)add(admission, &h, i);
        assert_feeds_expected(admission, f); /* the genesis feed alone admits everybody */
        for (size_t i = 0; i < h.count; i++) {
            echo__claim *claim;
            assert_int_equal(echo__claim_read(&claim, NULL, h.list[i].bytes, NULL), ECHO_OK);
            bool genesis = claim->kind == ECHO__CLAIM_GENESIS && echo__key_equal(&claim->party, &h.party);
            for (size_t k = 0; k < h.feeds.count; k++) { /* afterwards also what admits the very feed it is read from */
                const echo_key *feed = &h.feeds.feeds[k].key;
                bool own = claim->kind == ECHO__CLAIM_FEED && echo__key_equal(&claim->feed, feed);
                assert_int_equal(echo__admission_accepts_outsider(admission, feed, h.list[i].bytes),
                                 genesis || own ? ECHO_OK : ECHO_ERR_REFUSED);
            }
            echo__free(claim);
        }
        echo__admission_free(admission);
        halo_free(&h);
    }
}

/* ---- Tampering */

static void assert_within(const echo__admission *admission, const echo__admission *all, const halo *h) {
    for (size_t i = 0; i < echo__admission_feed_count(admission); i++)
        assert_true(echo__admission_admits(all, echo__admission_feed(admission, i)));
    for (size_t i = 0; i < h->feeds.count; i++)
        if (echo__admission_trusts(admission, &h->feeds.feeds[i].key))
            assert_true(echo__admission_trusts(all, &h->feeds.feeds[i].key));
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
 * Flips one bit in each byte of a credential. What is in `signed` is covered by the signatures: nothing is admitted.
 * What is behind it are the signatures themselves and their key chains: a signature that is no longer seen as one may
 * not have been needed, but then the credential says what it said before; and a broken chain leads nowhere.
 */
static void tamper(const halo *h, size_t target, test_random *seed, tally *t) {
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
        copy[i] ^= (uint8_t)(1u << test_random_below(seed, 8));
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
            assert_int_equal(echo__admission_add(others, &h->list[target].feed->key, 0, echo__bytes(copy, original.len),
                                                 &grew, NULL),
                             status);
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
        test_random seed = {7000 + f};
        tally t = {0, 0, 0, 0};
        for (size_t i = 0; i < h.count; i++) {
            echo__claim *claim = claim_of(h.list[i].bytes);
            if (claim->kind != ECHO__CLAIM_NOTHING && echo__key_equal(&claim->party, &h.party))
                tamper(&h, i, &seed, &t);
            echo__free(claim);
        }
        print_message("  %zu flips: %zu refused, %zu powerless, %zu harmless\n", t.flips, t.refused, t.powerless,
                      t.harmless);
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
        test_random seed = {9000 + f};
        echo__admission *all = admission_of(&h.party), *admission = admission_of(&h.party);
        for (size_t i = 0; i < h.count; i++) (void)add(all, &h, i);
        for (size_t round = 0; round < 1500; round++) {
            echo_bytes original = h.list[test_random_below(&seed, h.count)].bytes,
                       other = h.list[test_random_below(&seed, h.count)].bytes;
            size_t len = original.len;
            uint8_t *copy = malloc(len + 64), *exact;
            assert_non_null(copy);
            memcpy(copy, original.data, len);
            for (uint64_t edits = test_random_below(&seed, 4) + 1; edits > 0 && len > 64; edits--) {
                size_t where = (size_t)test_random_below(&seed, len - 32),
                       from = (size_t)test_random_below(&seed, other.len - 32);
                switch (test_random_below(&seed, 4)) {
                case 0: copy[where] = (uint8_t)test_random_u64(&seed); break;
                case 1: memcpy(copy + where, other.data + from, 32); break; /* a key of another message, now and then */
                case 2: len -= (size_t)test_random_below(&seed, 16); break;
                default: memmove(copy + where, copy + where + 1, len - where - 1), len--; break;
                }
            }
            exact = malloc(len);
            assert_non_null(exact);
            memcpy(exact, copy, len);
            echo_status status = echo__admission_add(admission, &h.party, round, echo__bytes(exact, len), NULL, NULL);
            assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_SIGNATURE ||
                        status == ECHO_ERR_LIMIT);
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
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 5, echo__bytes("\x0a\x05", 2), &grew, &error),
                     ECHO_ERR_CORRUPT);
    assert_false(grew);
    assert_int_equal(error.code, ECHO_ERR_CORRUPT);
    assert_true(error.has_seq && error.seq == 5);
    assert_true(error.has_feed && echo__key_equal(&error.feed, &h.genesis_feed));
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 5, echo__bytes(NULL, 0), NULL, NULL),
                     ECHO_ERR_CORRUPT);

    uint8_t *copy = malloc(h.list[0].bytes.len);
    assert_non_null(copy);
    memcpy(copy, h.list[0].bytes.data, h.list[0].bytes.len);
    copy[h.list[0].bytes.len - 1] ^= 1; /* the last byte of a signature */
    assert_int_equal(
        echo__admission_add(admission, &h.genesis_feed, 6, echo__bytes(copy, h.list[0].bytes.len), &grew, &error),
        ECHO_ERR_SIGNATURE);
    assert_int_equal(error.seq, 6);
    free(copy);

    char *large = calloc(1, ECHO__CREDENTIAL_SIZE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(echo__admission_add(admission, &h.genesis_feed, 7,
                                         echo__bytes(large, ECHO__CREDENTIAL_SIZE_MAX + 1), NULL, &error),
                     ECHO_ERR_LIMIT);
    free(large);
    echo__admission_free(admission);
    halo_free(&h);
}

/* Every allocation fails in turn: nothing leaks, nothing is admitted by halves, and doing it again succeeds. */
static void test_out_of_memory(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 4);
    for (long nth = 1;; nth++) {
        echo__admission *admission;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__admission_new(&admission, &h.party);
        if (!fault_off()) {
            echo__admission_free(admission);
            break;
        }
        assert_int_equal(status, ECHO_ERR_NOMEM);
        assert_null(admission);
        assert_int_equal(fault_blocks(), before);
    }
    bool failed = true;
    for (long nth = 1; failed; nth++) {
        long before = fault_blocks();
        echo__admission *admission = admission_of(&h.party);
        failed = false;
        for (size_t i = h.count; i-- > 0;) { /* backwards: much waits, then comes in at once */
            size_t feeds = echo__admission_feed_count(admission);
            bool grew = true;
            fault_at(nth);
            echo_status status =
                echo__admission_add(admission, &h.list[i].feed->key, h.list[i].seq, h.list[i].bytes, &grew, NULL);
            if (fault_off()) failed = true;
            if (status == ECHO_OK) continue; /* what failed was remembering a signature */
            assert_int_equal(status, ECHO_ERR_NOMEM);
            assert_false(grew);
            assert_int_equal(echo__admission_feed_count(admission), feeds);
            (void)add(admission, &h, i);
        }
        assert_feeds_expected(admission, 4);
        echo__admission_free(admission);
        assert_int_equal(fault_blocks(), before);
    }
    halo_free(&h);
}

/* A failed allocation is neither yes nor no. */
static void test_asking_out_of_memory(void **at) {
    (void)at;
    halo h;
    halo_read(&h, 2);
    echo__admission *admission = admission_of(&h.party);
    for (size_t i = 0; i < h.count; i++) {
        const echo_key *feed = &h.list[i].feed->key;
        echo__genesis genesis;
        echo_status is_genesis = echo__credential_genesis(&genesis, NULL, h.list[i].bytes);
        echo_status accepts = echo__admission_accepts_outsider(admission, feed, h.list[i].bytes);
        bool failed = true;
        for (long nth = 1; failed; nth++) {
            long before = fault_blocks();
            fault_at(nth);
            echo_status status = echo__credential_genesis(&genesis, NULL, h.list[i].bytes);
            failed = fault_off();
            assert_int_equal(status, failed ? ECHO_ERR_NOMEM : is_genesis);
            fault_at(nth);
            status = echo__admission_accepts_outsider(admission, feed, h.list[i].bytes);
            if (fault_off())
                assert_int_equal(status, ECHO_ERR_NOMEM);
            else
                assert_int_equal(status, accepts);
            assert_int_equal(fault_blocks(), before);
        }
    }
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

static echo_status admit_changed(echo_bytes credential, const echo_key *party, const echo__verifier *known,
                                 size_t *feeds) {
    echo__admission *admission = admission_of(party);
    if (known != NULL) echo__admission_adopt(admission, known);
    echo_status status = echo__admission_add(admission, party, 0, credential, NULL, NULL);
    *feeds = echo__admission_feed_count(admission);
    echo__admission_free(admission);
    return status;
}

/* What was verified elsewhere counts for these very bytes: a credential of which any byte is another is judged as ever.
 */
static void test_adopted_signatures(void **at) {
    (void)at;
    echo_keypair party = keypair(1), feed = keypair(2);
    echo__buf genesis = ECHO__BUF_INIT;
    echo__genesis told;
    echo__verifier verifier;
    size_t feeds, expected, refused = 0;
    echo__verifier_init(&verifier);
    assert_int_equal(echo__credential_make_genesis(&genesis, &party, &feed.public_key, "2026-11-22T13:36:03+00:00"),
                     ECHO_OK);
    assert_int_equal(echo__credential_genesis(&told, &verifier, echo__buf_bytes(&genesis)), ECHO_OK);
    assert_int_equal(verifier.seen.count, 1);
    assert_int_equal(admit_changed(echo__buf_bytes(&genesis), &party.public_key, &verifier, &feeds), ECHO_OK);
    assert_int_equal(feeds, 1);
    for (size_t i = 0; i < genesis.len; i++) {
        genesis.data[i] ^= 1;
        echo_status status = admit_changed(echo__buf_bytes(&genesis), &party.public_key, NULL, &expected);
        assert_int_equal(admit_changed(echo__buf_bytes(&genesis), &party.public_key, &verifier, &feeds), status);
        assert_int_equal(feeds, expected);
        refused += status == ECHO_ERR_SIGNATURE;
        genesis.data[i] ^= 1;
    }
    assert_true(refused >= 64 + 32); /* the signature and the feed's key at least */
    echo__verifier_free(&verifier);
    echo__buf_free(&genesis);
}

static void test_made_credentials(void **at) {
    (void)at;
    const char *created = "2026-11-22T13:36:03+00:00";
    echo_keypair party = keypair(1), feed = keypair(2), second = keypair(3), stranger = keypair(4);
    echo__buf genesis = ECHO__BUF_INIT, again = ECHO__BUF_INIT, admit = ECHO__BUF_INIT, foreign = ECHO__BUF_INIT;
    assert_int_equal(echo__credential_make_genesis(&genesis, &party, &feed.public_key, created), ECHO_OK);
    assert_int_equal(echo__credential_make_genesis(&again, &party, &feed.public_key, created), ECHO_OK);
    assert_true(echo__bytes_equal(echo__buf_bytes(&genesis), echo__buf_bytes(&again)));
    assert_int_equal(echo__credential_make_feed_admit(&admit, &party.public_key, &second.public_key, &party, created),
                     ECHO_OK);
    assert_int_equal(
        echo__credential_make_feed_admit(&foreign, &party.public_key, &stranger.public_key, &stranger, created),
        ECHO_OK);

    echo__genesis told;
    assert_int_equal(echo__credential_genesis(&told, NULL, echo__buf_bytes(&genesis)), ECHO_OK);
    assert_true(echo__key_equal(&told.party, &party.public_key) && echo__key_equal(&told.feed, &feed.public_key));
    assert_false(told.identity);
    assert_int_equal(echo__credential_genesis(&told, NULL, echo__buf_bytes(&admit)), ECHO_ERR_REFUSED);

    echo__admission *admission = admission_of(&party.public_key);
    bool grew;
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 0, echo__buf_bytes(&genesis), &grew, NULL),
                     ECHO_OK);
    assert_true(grew && echo__admission_has_genesis(admission));
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 1, echo__buf_bytes(&admit), &grew, NULL),
                     ECHO_OK);
    assert_true(grew);
    assert_int_equal(echo__admission_add(admission, &feed.public_key, 2, echo__buf_bytes(&foreign), &grew, NULL),
                     ECHO_OK);
    assert_false(grew);
    assert_int_equal(echo__admission_feed_count(admission), 2);
    assert_true(echo__admission_admits(admission, &feed.public_key) &&
                echo__admission_admits(admission, &second.public_key));
    assert_int_equal(echo__admission_accepts_outsider(admission, &second.public_key, echo__buf_bytes(&admit)), ECHO_OK);
    assert_int_equal(echo__admission_accepts_outsider(admission, &stranger.public_key, echo__buf_bytes(&admit)),
                     ECHO_ERR_REFUSED);
    assert_int_equal(echo__admission_accepts_outsider(admission, &stranger.public_key, echo__buf_bytes(&foreign)),
                     ECHO_ERR_REFUSED);
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
    assert_int_equal(echo__credential_make_feed_admit(&again, &party.public_key, &feed.public_key, &party, "\xff"),
                     ECHO_ERR_INVALID);
    assert_int_equal(again.len, 0);
    echo__buf_free(&genesis);
    echo__buf_free(&again);
    echo__buf_free(&admit);
    echo__buf_free(&foreign);
}

static void test_making_out_of_memory(void **at) {
    (void)at;
    echo_keypair party = keypair(1), feed = keypair(2);
    for (long nth = 1;; nth++) {
        echo__buf out = ECHO__BUF_INIT, other = ECHO__BUF_INIT;
        long before = fault_blocks();
        fault_at(nth);
        echo_status status = echo__credential_make_genesis(&out, &party, &feed.public_key, "2026-11-22T13:36:03+00:00");
        bool failed = fault_off();
        if (failed) assert_int_equal(status, ECHO_ERR_NOMEM);
        fault_at(nth);
        status = echo__credential_make_feed_admit(&other, &party.public_key, &feed.public_key, &party,
                                                  "2026-11-22T13:36:03+00:00");
        if (fault_off()) assert_int_equal(status, ECHO_ERR_NOMEM);
        echo__buf_free(&out);
        echo__buf_free(&other);
        assert_int_equal(fault_blocks(), before);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_signature_verifies),
        cmocka_unit_test(test_canonical_text_as_documented),
        cmocka_unit_test(test_signatures_are_checked_once),
        cmocka_unit_test(test_parties_in_a_folder),
        cmocka_unit_test(test_admitted_feeds),
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_reading_as_the_original_does),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_mangled),
        cmocka_unit_test(test_errors_say_where),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_asking_out_of_memory),
        cmocka_unit_test(test_adopted_signatures),
        cmocka_unit_test(test_made_credentials),
        cmocka_unit_test(test_making_out_of_memory),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
