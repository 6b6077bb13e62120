/* credentials.json: lists of credentials as admission judges them, and feeds of them as parties read them. */
#include "arrivals.h"

#include "echo/sys/codec.h"
#include "feed/admission.h"

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

/* A credential in a block of generation 2 without timeframe. */
static echo__buf block_of(const cJSON *file, const char *name) {
    echo__buf credential = message_of(file, name), out = ECHO__BUF_INIT;
    echo_codec codec = echo_codec_dxos();
    echo_message message = {
        .kind = ECHO_MESSAGE_CREDENTIAL, .generation = 2, .credential = echo__buf_bytes(&credential)};
    uint8_t *block;
    size_t len;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, &message, &err), &err);
    echo__buf_append(&out, block, len);
    codec.ops->release(codec.ctx, block);
    echo__buf_free(&credential);
    return out;
}

static void test_feeds(void **state) {
    (void)state;
    cJSON *file = vectors_read("credentials");
    echo_registry *models = registry_object();
    echo_key party = vector_key(vector_text(file, "party"));
    const cJSON *vector, *feed, *name;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "parties")) {
        arrivals a = {.vector = vector, .options = ECHO_PARTY_OPTIONS_INIT};
        cJSON_ArrayForEach(feed, vector_member(vector, "feeds")) {
            assert_true(a.count < ARRIVALS_FEEDS);
            a.keys[a.count] = vector_key(vector_text(feed, "feed"));
            cJSON_ArrayForEach(name, vector_member(feed, "messages"))
                arrivals_add(&a, a.count, block_of(file, name->valuestring));
            a.count++;
        }
        a.options.models = models;
        a.options.party = &party;
        arrivals_all(&a);
        assert_true(a.orders >= 2);
        arrivals_free(&a);
        count++;
    }
    assert_true(count >= 9);
    echo_registry_free(models);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists), cmocka_unit_test(test_feeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
