#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "snapshot/manifest.h"

static void make(echo__manifest *m) {
    memset(m, 0, sizeof *m);
    assert_true(echo__crypto_init());
    echo_key feed = {{0x0a}};
    m->party.bytes[0] = 1;
    m->number = 3;
    assert_int_equal(echo_timeframe_new(&m->timeframe), ECHO_OK);
    assert_int_equal(echo_timeframe_set(m->timeframe, &feed, 41), ECHO_OK);
    const echo_hash root = {{0x0b}};
    assert_int_equal(echo__feed_roots_add(&m->roots, &feed, &root), ECHO_OK);
    m->items = (echo__root){{{2}}, 1, 100, 20000};
    assert_int_equal(echo__models_append(&m->models, "m/a", 0, 40), ECHO_OK);
    assert_int_equal(echo__models_append(&m->models, "m/b", 2, 60), ECHO_OK);
    m->models.list[0].opaque = true;
    m->generation = 2;
    m->time = INT64_C(4102444800123); /* beyond 32 bits */
    m->has_previous = true;
}

static char *text_of(echo__manifest *m, const echo_keypair *signer) {
    echo__buf out = ECHO__BUF_INIT;
    assert_int_equal(echo__manifest_write(&out, m, signer, NULL), ECHO_OK);
    char *text = strndup((const char *)out.data, out.len);
    echo__buf_free(&out);
    return text;
}

static echo_status read_text(const char *text) {
    echo__manifest m;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo__manifest_read(&m, echo__bytes_text(text), &err);
    if (status == ECHO_OK)
        echo__manifest_free(&m);
    else
        assert_true(err.message[0] != '\0');
    return status;
}

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static void test_golden(void **arg) {
    (void)arg;
    echo__manifest m;
    make(&m);
    char *text = text_of(&m, NULL);
    const char *rest = strstr(text, "\"credentials\"");
    assert_memory_equal(text, "{\"check\":\"", 10);
    assert_string_equal(rest,
                        "\"credentials\":{\"bytes\":0,\"height\":0,\"items\":0},\"format\":2,\"generation\":2,"
                        "\"items\":{\"bytes\":20000,\"hash\":\"02" ZEROS "\",\"height\":1,\"items\":100},"
                        "\"models\":[{\"items\":40,\"model\":\"m/"
                        "a\",\"opaque\":true,\"version\":0},{\"items\":60,\"model\":\"m/b\",\"version\":2}],"
                        "\"number\":3,\"party\":\"01" ZEROS "\",\"previous\":\"00" ZEROS "\",\"roots\":{\"0a" ZEROS
                        "\":\"0b" ZEROS "\"},\"time\":4102444800123,\"timeframe\":{\"0a" ZEROS "\":41}}");
    echo_hash check; /* as docs/FORMAT.md says: the domain with its zero byte, then the text without the check */
    char body[2048];
    snprintf(body, sizeof body, "{%s", rest);
    echo_bytes parts[] = {echo__bytes("echo/manifest/1", 16), echo__bytes_text(body)};
    char hex[ECHO_HEX_CHARS];
    echo__hash_parts(&check, parts, 2);
    echo_hash_hex(hex, &check);
    assert_memory_equal(text + 10, hex, 64);
    free(text);
    echo__manifest_free(&m);
}

static void test_round_trip(void **arg) {
    (void)arg;
    echo__manifest m, again;
    echo_keypair keys;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    make(&m);
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        char *text = text_of(&m, is_signed ? &keys : NULL);
        assert_int_equal(echo__manifest_read(&again, echo__bytes_text(text), NULL), ECHO_OK);
        assert_int_equal(again.number, 3);
        assert_true(again.time == INT64_C(4102444800123));
        assert_int_equal(again.items.items, 100);
        assert_int_equal(again.models.count, 2);
        assert_int_equal(again.roots.count, 1);
        assert_int_equal(echo__feed_roots_get(&again.roots, &again.roots.list[0].feed)->bytes[0], 0x0b);
        assert_true(again.models.list[0].opaque && !again.models.list[1].opaque);
        assert_int_equal(again.is_signed, is_signed);
        assert_int_equal(echo_timeframe_compare(again.timeframe, m.timeframe), ECHO_ORDER_EQUAL);
        echo_hash a, b;
        assert_int_equal(echo__manifest_digest(&a, &m), ECHO_OK);
        assert_int_equal(echo__manifest_digest(&b, &again), ECHO_OK);
        assert_memory_equal(&a, &b, sizeof a);
        again.time = 5; /* the digest is of the state alone */
        again.number = 9;
        again.models.list[0].opaque = false;
        again.roots.list[0].root.bytes[0] = 7;
        assert_int_equal(echo__manifest_digest(&b, &again), ECHO_OK);
        assert_memory_equal(&a, &b, sizeof a);
        again.items.hash.bytes[3] ^= 1;
        assert_int_equal(echo__manifest_digest(&b, &again), ECHO_OK);
        assert_memory_not_equal(&a, &b, sizeof a);
        free(text);
        echo__manifest_free(&again);
    }
    echo__manifest_free(&m);
}

static void test_any_changed_byte_is_seen(void **arg) {
    (void)arg;
    echo__manifest m;
    echo_keypair keys;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    make(&m);
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        char *text = text_of(&m, is_signed ? &keys : NULL);
        size_t len = strlen(text);
        assert_int_equal(read_text(text), ECHO_OK);
        for (size_t i = 0; i < len; i++) {
            char held = text[i];
            text[i] = (char)(held ^ 1);
            assert_int_not_equal(read_text(text), ECHO_OK);
            text[i] = held;
        }
        for (size_t i = 0; i < len; i++) {
            echo__manifest cut;
            assert_int_not_equal(echo__manifest_read(&cut, echo__bytes(text, i), NULL), ECHO_OK);
        }
        free(text);
    }
    echo__manifest_free(&m);
}

static void test_forged_signature(void **arg) {
    (void)arg;
    echo__manifest m;
    echo_keypair keys, other;
    assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
    assert_int_equal(echo_keypair_new(&other), ECHO_OK);
    make(&m);
    echo_keypair forged = {keys.public_key, {0}};
    memcpy(forged.secret, other.secret, sizeof forged.secret);
    char *text = text_of(&m, &forged); /* names one author, is signed by another */
    assert_int_equal(read_text(text), ECHO_ERR_SIGNATURE);
    free(text);
    echo__manifest_free(&m);
}

static void test_other_formats(void **arg) {
    (void)arg;
    assert_int_equal(read_text("{\"format\":1}"), ECHO_ERR_VERSION);
    assert_int_equal(read_text("{\"format\":3}"), ECHO_ERR_VERSION);
    assert_int_equal(read_text("{\"format\":2}"), ECHO_ERR_CORRUPT);
    assert_int_equal(read_text("[]"), ECHO_ERR_CORRUPT);
    assert_int_equal(read_text(""), ECHO_ERR_CORRUPT);
    assert_int_equal(read_text("\xff\xfe"), ECHO_ERR_CORRUPT);
}

/* Roots of feeds that the snapshot does not cover, out of order, twice, or of no form. */
static void test_bad_roots(void **arg) {
    (void)arg;
    static const char *const lists[] = {"{}",
                                        "[]",
                                        "{\"0c" ZEROS "\":\"0b" ZEROS "\"}",
                                        "{\"0a" ZEROS "\":\"0b\"}",
                                        "{\"0a" ZEROS "\":1}",
                                        "{\"0a\":\"0b" ZEROS "\"}",
                                        "{\"0a" ZEROS "\":\"0b" ZEROS "\",\"0a" ZEROS "\":\"0b" ZEROS "\"}"};
    echo__manifest m;
    make(&m);
    char *text = text_of(&m, NULL), changed[4096];
    char *from = strstr(text, "\"roots\":"), *behind = strstr(text, ",\"time\"");
    assert_true(from != NULL && behind != NULL);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        echo_error err = ECHO_ERROR_INIT;
        echo__manifest again;
        (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(from - text) + 8, text, lists[i], behind);
        assert_int_equal(echo__manifest_read(&again, echo__bytes_text(changed), &err), ECHO_ERR_CORRUPT);
        if (i < 6 && strstr(err.message, "root") == NULL) fail_msg("%s: %s", lists[i], err.message);
    }
    free(text);
    echo__manifest_free(&m);
}

/* Counts that add up to none would leave nothing behind to be opaque. */
static void test_a_model_twice(void **arg) {
    (void)arg;
    echo__manifest m;
    make(&m);
    char *text = text_of(&m, NULL), twice[4096];
    char *from = strstr(text, "\"models\":["), *behind = strstr(text, "],\"number\"");
    assert_true(from != NULL && behind != NULL);
#define ENTRY(n) "{\"items\":" n ",\"model\":\"m\",\"version\":1}"
    int len = snprintf(twice, sizeof twice,
                       "%.*s" ENTRY("9223372036854775807") "," ENTRY("9223372036854775807") "," ENTRY("2") "%s",
                       (int)(from - text) + 10, text, behind);
#undef ENTRY
    assert_true(len > 0 && (size_t)len < sizeof twice);
    assert_int_equal(read_text(twice), ECHO_ERR_CORRUPT);
    free(text);
    echo__manifest_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),           cmocka_unit_test(test_bad_roots),
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_any_changed_byte_is_seen),
        cmocka_unit_test(test_forged_signature), cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_a_model_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
