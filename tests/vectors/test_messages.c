/* messages.json and stamps.json: blocks as the codec reads them, and what a party makes of them. */
#include "vectors.h"

#include <inttypes.h>

#include "base/scratch.h"
#include "echo/sys/codec.h"
#include "feed/merge.h"
#include "support/state.h"

static void add_text(cJSON *out, const char *name, echo_bytes text) {
    if (text.len == 0) return;
    char *copy = strndup((const char *)text.data, text.len);
    assert_non_null(copy);
    assert_non_null(cJSON_AddStringToObject(out, name, copy));
    free(copy);
}

static void add_hex(cJSON *out, const char *name, echo_bytes bytes) {
    echo__buf hex = ECHO__BUF_INIT;
    echo__buf_hex(&hex, bytes.data, bytes.len);
    echo__buf_byte(&hex, 0);
    assert_non_null(cJSON_AddStringToObject(out, name, (const char *)hex.data));
    echo__buf_free(&hex);
}

static void add_item(cJSON *out, const echo_message *m) {
    add_text(out, "item", m->item);
    if (m->has_genesis) {
        cJSON *genesis = cJSON_AddObjectToObject(out, "genesis");
        add_text(genesis, "type", m->type);
        add_text(genesis, "model", m->model);
        add_text(genesis, "version", m->model_version);
        add_text(genesis, "source", m->source);
        add_text(genesis, "target", m->target);
    }
    if (m->has_parent && m->parent.len > 0) add_text(out, "parent", m->parent);
    if (m->has_parent && m->parent.len == 0) cJSON_AddStringToObject(out, "parent", "");
    if (m->action != ECHO_ACTION_NONE) cJSON_AddStringToObject(out, "action", echo_item_action_name(m->action));
    if (m->has_mutation) add_hex(out, "mutation", m->mutation);
}

/* A decoded message in the form that the vectors have. */
static cJSON *describe(const echo_message *m) {
    cJSON *out = cJSON_CreateObject(), *frames;
    cJSON_AddNumberToObject(out, "generation", m->generation);
    cJSON_AddStringToObject(out, "kind", echo_message_kind_name(m->kind));
    frames = cJSON_AddArrayToObject(out, "frames");
    for (size_t i = 0; i < m->frame_count; i++) {
        char hex[ECHO_HEX_CHARS];
        cJSON *frame = cJSON_CreateArray();
        echo_key_hex(hex, &m->frames[i].feed);
        cJSON_AddItemToArray(frame, cJSON_CreateString(hex));
        cJSON_AddItemToArray(frame, cJSON_CreateNumber((double)m->frames[i].seq));
        cJSON_AddItemToArray(frames, frame);
    }
    if (m->kind == ECHO_MESSAGE_CREDENTIAL) add_hex(out, "credential", m->credential);
    if (m->kind == ECHO_MESSAGE_ITEM) add_item(out, m);
    return out;
}

static void expect_message(const cJSON *vector, echo_bytes block) {
    echo_codec codec = echo_codec_dxos();
    echo_scratch scratch;
    echo_message message;
    echo_error err = ECHO_ERROR_INIT;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    echo_status status = codec.ops->decode(&message, codec.ctx, block, &scratch, &err);
    const cJSON *expected = vector_member(vector, "message");
    if (expected != NULL) {
        if (status != ECHO_OK) fail_msg("%s: %s", vector_name(vector), err.message);
        cJSON *is = describe(&message);
        char *a = vector_canonical(is), *b = vector_canonical(expected);
        if (strcmp(a, b) != 0) fail_msg("%s:\n%s, not\n%s", vector_name(vector), a, b);
        free(a);
        free(b);
        cJSON_Delete(is);
    } else if (status != ECHO_OK) { /* some are refused later, by the party */
        vector_expect_code(vector_name(vector), vector_text(vector, "refused"), status);
    }
    echo__scratch_free(&scratch);
}

static void note_refusal(void *arg, const echo_error *err) { *(echo_status *)arg = err->code; }

/* The block as the first of a feed that is admitted: whether it is refused, and whether it makes a record. */
static void expect_effect(const cJSON *vector, echo_bytes block) {
    echo_keypair party_keys, feed_keys;
    echo_feeds feeds;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    echo_status refused = ECHO_OK;
    assert_ok(echo_keypair_from_seed(&party_keys, (const uint8_t[32]){1}), &err);
    assert_ok(echo_keypair_from_seed(&feed_keys, (const uint8_t[32]){2}), &err);
    assert_ok(echo_feeds_new_memory(&feeds), &err);
    assert_ok(echo_feeds_memory_add(&feeds, &feed_keys), &err);
    options.models = registry_object();
    options.party = &party_keys.public_key;
    options.feeds = &feeds;
    options.admitted = &feed_keys.public_key;
    options.admitted_count = 1;
    options.refused = note_refusal;
    options.refused_arg = &refused;
    echo_party *party = party_open(&options);
    assert_ok(echo_feeds_memory_put(&feeds, &feed_keys.public_key, 0, block), &err);
    assert_ok(echo_party_poll(NULL, party, 0, &err), &err);

    const cJSON *code = vector_member(vector, "refused"), *record = vector_member(vector, "record");
    echo_party_status is;
    echo_party_status_get(&is, party);
    if (code != NULL) vector_expect_code(vector_name(vector), code->valuestring, refused);
    bool waits = vector_member(vector_member(vector, "message"), "frames") != NULL && is.waiting > 0;
    if (record != NULL && !waits) {
        if (refused != ECHO_OK && is.items == 0) fail_msg("%s: refused", vector_name(vector));
        if (is.items != (cJSON_IsTrue(record) ? 1 : 0))
            fail_msg("%s: %" PRIu64 " records", vector_name(vector), is.items);
    }
    echo_party_free(party);
    echo_registry_free((echo_registry *)(uintptr_t)options.models);
    echo_feeds_close(&feeds);
}

static void test_messages(void **state) {
    (void)state;
    cJSON *file = vectors_read("messages");
    const cJSON *vector;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        echo__buf block = vector_unhex(vector_text(vector, "block"));
        expect_message(vector, echo__buf_bytes(&block));
        expect_effect(vector, echo__buf_bytes(&block));
        echo__buf_free(&block);
        count++;
    }
    assert_true(count >= 70);
    cJSON_Delete(file);
}

static void test_stamps(void **state) {
    (void)state;
    cJSON *file = vectors_read("stamps");
    const cJSON *vector, *frame;
    size_t count = 0;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        echo_frame frames[32];
        size_t n = 0;
        cJSON_ArrayForEach(frame, vector_member(vector, "frames")) {
            assert_true(n < sizeof frames / sizeof frames[0]);
            frames[n].feed = vector_key(cJSON_GetArrayItem(frame, 0)->valuestring);
            frames[n++].seq = (uint64_t)cJSON_GetArrayItem(frame, 1)->valuedouble;
        }
        echo_key feed = vector_key(vector_text(vector, "feed"));
        uint64_t time;
        char text[24];
        assert_true(echo__logical_time(&time, frames, n, &feed, (uint64_t)vector_member(vector, "seq")->valuedouble));
        snprintf(text, sizeof text, "%" PRIu64, time);
        if (strcmp(text, vector_text(vector, "time")) != 0) fail_msg("%s: time %s", vector_name(vector), text);
        count++;
    }
    assert_true(count >= 8);
    cJSON_Delete(file);
}

static void test_order(void **state) {
    (void)state;
    cJSON *file = vectors_read("stamps");
    const cJSON *entry;
    echo__stamp last = {0, {{0}}, 0};
    size_t count = 0;
    cJSON_ArrayForEach(entry, vector_member(file, "order")) {
        echo__stamp stamp = {strtoull(cJSON_GetArrayItem(entry, 0)->valuestring, NULL, 10),
                             vector_key(cJSON_GetArrayItem(entry, 1)->valuestring),
                             (uint64_t)cJSON_GetArrayItem(entry, 2)->valuedouble};
        if (echo__stamp_compare(&last, &stamp) >= 0 || echo__stamp_compare(&stamp, &last) <= 0)
            fail_msg("stamp %zu is not above the one before it", count);
        last = stamp;
        count++;
    }
    assert_true(count >= 24);
    cJSON_Delete(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages), cmocka_unit_test(test_stamps),
                                       cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
