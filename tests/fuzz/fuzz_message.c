/*
 * Blocks through the codec's table. What decodes is written again in its dialect and reads as the same message, but for
 * what the dialect has no place for.
 */
#include "base/scratch.h"
#include "fuzz.h"

static void check_text(echo_bytes text) {
    FUZZ_CHECK(text.data != NULL || text.len == 0);
    if (text.len > 0) FUZZ_CHECK(echo__utf8_valid(text) && memchr(text.data, 0, text.len) == NULL);
}

static void check(const echo_message *m) {
    FUZZ_CHECK(m->generation == 1 || m->generation == 2);
    FUZZ_CHECK(m->frame_count == 0 || m->frames != NULL);
    for (size_t i = 0; i < m->frame_count; i++) FUZZ_CHECK(m->frames[i].seq <= INT32_MAX);
    const echo_bytes texts[] = {m->item, m->type, m->model, m->model_version, m->source, m->target, m->parent};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) check_text(texts[i]);
    if (m->kind == ECHO_MESSAGE_ITEM)
        FUZZ_CHECK(m->item.len > 0 && m->credential.data == NULL);
    else
        FUZZ_CHECK(m->item.data == NULL && !m->has_genesis && !m->has_parent && !m->has_mutation &&
                   m->action == ECHO_ACTION_NONE);
    if (m->has_genesis) FUZZ_CHECK(m->model.len > 0);
    if (m->generation == 1)
        FUZZ_CHECK(m->action == ECHO_ACTION_NONE && m->source.data == NULL && m->target.data == NULL);
}

static void same_view(echo_bytes a, echo_bytes b) {
    FUZZ_CHECK((a.data == NULL) == (b.data == NULL));
    FUZZ_EQUAL(a, b);
}

static void same(const echo_message *a, const echo_message *b) {
    bool frames = a->generation == 2 || a->kind == ECHO_MESSAGE_ITEM; /* a credential of dialect 1 has none */
    FUZZ_CHECK(a->kind == b->kind && a->generation == b->generation && b->frame_count == (frames ? a->frame_count : 0));
    for (size_t i = 0; i < b->frame_count; i++)
        FUZZ_CHECK(memcmp(&a->frames[i].feed, &b->frames[i].feed, sizeof a->frames[i].feed) == 0 &&
                   a->frames[i].seq == b->frames[i].seq);
    FUZZ_CHECK(a->has_genesis == b->has_genesis && a->has_parent == b->has_parent && a->action == b->action &&
               a->has_mutation == b->has_mutation);
    same_view(a->credential, b->credential);
    same_view(a->item, b->item);
    same_view(a->type, b->type);
    same_view(a->model, b->model);
    same_view(a->model_version, b->model_version);
    same_view(a->source, b->source);
    same_view(a->target, b->target);
    same_view(a->parent, b->parent);
    same_view(a->mutation, b->mutation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const echo_codec codec = echo_codec_dxos();
    echo_scratch scratch, other;
    echo_message message, again;
    echo_error err = ECHO_ERROR_INIT;
    echo__scratch_init(&scratch, ECHO__SCRATCH_LIMIT);
    echo__scratch_init(&other, ECHO__SCRATCH_LIMIT);
    echo_status status = codec.ops->decode(&message, codec.ctx, echo__bytes(data, size), &scratch, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) {
        check(&message);
        if (message.kind != ECHO_MESSAGE_UNKNOWN) {
            uint8_t *block;
            size_t len;
            FUZZ_OK(codec.ops->encode(&block, &len, codec.ctx, &message, &err));
            FUZZ_OK(codec.ops->decode(&again, codec.ctx, echo__bytes(block, len), &other, &err));
            same(&message, &again);
            codec.ops->release(codec.ctx, block);
        }
    }
    echo__scratch_free(&scratch);
    echo__scratch_free(&other);
    return 0;
}
