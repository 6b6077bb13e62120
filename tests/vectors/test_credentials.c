/* credentials.json: lists of credentials as admission judges them, and feeds of them as parties read them. */
#include "vectors.h"

#include "echo/sys/codec.h"
#include "feed/admission.h"
#include "support/state.h"

/* The bytes of a message by its name. */
static echo__buf message_of(const cJSON *file, const char *name) {
    return vector_unhex(vector_text(vector_member(file, "messages"), name));
}

/* ---- Lists */

static void expect_keys(const cJSON *file, const echo__admission *a, const cJSON *expected, bool feeds,
                        const char *name) {
    const cJSON *key, *one;
    cJSON_ArrayForEach(key, vector_member(file, "keys")) {
        echo_key k = vector_key(key->valuestring);
        bool is = feeds ? echo__admission_admits(a, &k) : echo__admission_trusts(a, &k), wanted = false;
        cJSON_ArrayForEach(one, expected) wanted = wanted || strcmp(one->valuestring, key->valuestring) == 0;
        if (is != wanted)
            fail_msg("%s: %s is %s%s", name, key->string, is ? "" : "not ", feeds ? "admitted" : "trusted");
    }
}

/* Adds the list's messages from one on, and round to it. */
static void expect_list(const cJSON *file, const cJSON *list, int first) {
    const cJSON *names = vector_member(list, "messages"), *codes = vector_member(list, "refused");
    int n = cJSON_GetArraySize(names);
    const char *last = cJSON_GetArrayItem(names, n - 1)->valuestring;
    echo_key party = vector_key(vector_text(file, "party")), feed = {{0}};
    echo__admission *a;
    assert_int_equal(echo__admission_new(&a, &party), ECHO_OK);
    for (int i = 0; i < n; i++) {
        const char *name = cJSON_GetArrayItem(names, (first + i) % n)->valuestring;
        echo__buf bytes = message_of(file, name);
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = echo__admission_add(a, &feed, 0, echo__buf_bytes(&bytes), NULL, &err);
        const cJSON *code = vector_member(codes, name);
        if (code != NULL)
            vector_expect_code(name, code->valuestring, status);
        else if (status != ECHO_OK)
            fail_msg("%s: %s", name, err.message);
        echo__buf_free(&bytes);
    }
    expect_keys(file, a, vector_member(list, "trusted"), false, last);
    expect_keys(file, a, vector_member(list, "feeds"), true, last);
    assert_int_equal(echo__admission_feed_count(a), cJSON_GetArraySize(vector_member(list, "feeds")));
    echo__admission_free(a);
}

static void test_lists(void **state) {
    (void)state;
    cJSON *file = vectors_read("credentials");
    const cJSON *list;
    size_t count = 0;
    cJSON_ArrayForEach(list, vector_member(file, "lists")) {
        for (int first = 0; first < cJSON_GetArraySize(vector_member(list, "messages")); first++)
            expect_list(file, list, first);
        count++;
    }
    assert_true(count >= 35);
    cJSON_Delete(file);
}

/* ---- Feeds */

#define FEEDS 4u
#define BLOCKS 8u

typedef struct arrival {
    const cJSON *file, *vector;
    echo_key keys[FEEDS];
    size_t lengths[FEEDS], count, total;
    size_t order[BLOCKS]; /* the feed that each block that arrives is of */
    echo_hash digest;     /* of the first order */
    size_t orders;
} arrival;

static void put_block(const arrival *a, const echo_feeds *feeds, size_t feed, uint64_t seq) {
    const cJSON *of = cJSON_GetArrayItem(vector_member(a->vector, "feeds"), (int)feed);
    echo__buf credential =
        message_of(a->file, cJSON_GetArrayItem(vector_member(of, "messages"), (int)seq)->valuestring);
    echo_codec codec = echo_codec_dxos();
    echo_message message = {
        .kind = ECHO_MESSAGE_CREDENTIAL, .generation = 2, .credential = echo__buf_bytes(&credential)};
    uint8_t *block;
    size_t len;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, &message, &err), &err);
    assert_ok(echo_feeds_memory_put((echo_feeds *)(uintptr_t)feeds, &a->keys[feed], seq, echo__bytes(block, len)),
              &err);
    codec.ops->release(codec.ctx, block);
    echo__buf_free(&credential);
}

/* The clock as a vector has it. */
static void expect_clock(const arrival *a, const echo_party *party) {
    const cJSON *clock = vector_member(a->vector, "clock"), *entry;
    if ((int)echo_timeframe_size(echo_party_clock(party)) != cJSON_GetArraySize(clock))
        fail_msg("%s: %zu feeds are covered", vector_name(a->vector), echo_timeframe_size(echo_party_clock(party)));
    cJSON_ArrayForEach(entry, clock) {
        echo_key key = vector_key(entry->string);
        uint64_t seq = UINT64_MAX;
        (void)echo_timeframe_get(&seq, echo_party_clock(party), &key);
        if (seq != (uint64_t)entry->valuedouble)
            fail_msg("%s: feed %.8s is covered to %lld", vector_name(a->vector), entry->string, (long long)seq);
    }
}

/* Blocks arrive one by one in a->order; the party is opened as soon as it can be, and is polled after each. */
static void expect_order(arrival *a) {
    echo_feeds feeds;
    echo_store store;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party = NULL;
    echo_key key = vector_key(vector_text(a->file, "party"));
    size_t next[FEEDS] = {0};
    assert_ok(echo_feeds_new_memory(&feeds), &err);
    assert_ok(echo_store_new_memory(&store), &err);
    options.models = registry_object();
    options.party = &key;
    options.feeds = &feeds;
    options.store = &store;
    for (size_t i = 0; i < a->count; i++) {
        echo_keypair keys = {.public_key = a->keys[i]};
        assert_ok(echo_feeds_memory_add(&feeds, &keys), &err);
    }
    for (size_t i = 0; i < a->total; i++) {
        put_block(a, &feeds, a->order[i], next[a->order[i]]++);
        if (party != NULL)
            assert_ok(echo_party_poll(NULL, party, 0, &err), &err);
        else if (echo_party_restore(&party, &options, NULL) != ECHO_OK)
            party = NULL;
    }
    assert_non_null(party);
    expect_clock(a, party);
    echo_hash digest = party_snapshot_digest(party);
    if (a->orders++ == 0)
        a->digest = digest;
    else if (memcmp(&a->digest, &digest, sizeof digest) != 0)
        fail_msg("%s: the digest depends on the order", vector_name(a->vector));
    echo_party_free(party);
    echo_registry_free((echo_registry *)(uintptr_t)options.models);
    echo_store_close(&store);
    echo_feeds_close(&feeds);
}

/* All orders in which blocks can arrive, each feed's in its own order. */
static void expect_orders(arrival *a, size_t at, size_t left[FEEDS]) {
    if (at == a->total) {
        expect_order(a);
        return;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (left[i] == 0) continue;
        left[i]--;
        a->order[at] = i;
        expect_orders(a, at + 1, left);
        left[i]++;
    }
}

static void test_feeds(void **state) {
    (void)state;
    cJSON *file = vectors_read("credentials");
    const cJSON *vector, *feed;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "parties")) {
        arrival a = {.file = file, .vector = vector};
        size_t left[FEEDS];
        cJSON_ArrayForEach(feed, vector_member(vector, "feeds")) {
            assert_true(a.count < FEEDS);
            a.keys[a.count] = vector_key(vector_text(feed, "feed"));
            left[a.count] = a.lengths[a.count] = (size_t)cJSON_GetArraySize(vector_member(feed, "messages"));
            a.total += a.lengths[a.count++];
        }
        assert_true(a.total <= BLOCKS);
        expect_orders(&a, 0, left);
        assert_true(a.orders >= 2);
        count++;
    }
    assert_true(count >= 9);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_feeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
