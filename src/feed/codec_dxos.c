/*
 * ECHO's own envelopes (docs/FORMAT.md, "Messages"). protobuf-c reads and writes the wire; here is what the fields
 * mean.
 *
 * What of a block has no place in an echo_message is not read and hence not written again: unknown fields, an action
 * that says "nothing", an item mutation without fields, a frame without a seq (the original drops those too), and
 * dialect 2's `snapshot` field: a message with nothing else decodes as one for its item that changes nothing.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/varint.h"
#include "dxos.pb-c.h"
#include "feed/codec_pb.h"

#define FRAMES_MAX 1000000u
#define CORRUPT(...) echo__error(err, ECHO_ERR_CORRUPT, __VA_ARGS__)

typedef Echo__Pb__Dxos__FeedMessage1 feed_message1;
typedef Echo__Pb__Dxos__FeedMessage2 feed_message2;
typedef Echo__Pb__Dxos__CredentialsMessage credentials_message;
typedef Echo__Pb__Dxos__Timeframe timeframe;
typedef Echo__Pb__Dxos__Timeframe__Frame timeframe_frame;
typedef Echo__Pb__Dxos__Envelope envelope;
typedef Echo__Pb__Dxos__Genesis genesis_message;
typedef Echo__Pb__Dxos__Genesis__Link link_data;
typedef Echo__Pb__Dxos__ItemMutation item_mutation;

/* ---- Decoding */

/* Dialect 2 has field 10 or 11 at the top, dialect 1 neither. 0: malformed. */
static uint32_t generation_of(echo_bytes block) {
    if (block.len == 0) return 1;
    const uint8_t *at = block.data, *end = at + block.len;
    while (at < end) {
        uint64_t tag, value = 0;
        if ((at = echo__varint_read(&tag, at, end)) == NULL) return 0;
        switch (tag & 7) {
        case 0:
            if ((at = echo__varint_read(&value, at, end)) == NULL) return 0;
            value = 0;
            break;
        case 1: value = 8; break;
        case 2:
            if ((at = echo__varint_read(&value, at, end)) == NULL) return 0;
            break;
        case 5: value = 4; break;
        default: return 0;
        }
        if (value > (uint64_t)(end - at)) return 0;
        if (tag >> 3 == 10 || tag >> 3 == 11) return 2;
        at += value;
    }
    return 1;
}

/* Texts end up in JSON and in C strings: UTF-8 without NULs. Eight plain ASCII bytes are passed over at a time. */
static bool text_valid(echo_bytes text) {
    if (text.len == 0) return true;
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, sizeof word);
        const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
        if (((word | (word - ones)) & highs) != 0) break; /* a byte above 0x7f or a NUL: look closer */
    }
    echo_bytes rest = echo__bytes(text.data + i, text.len - i);
    return rest.len == 0 || (memchr(rest.data, 0, rest.len) == NULL && echo__utf8_valid(rest));
}

static bool text_field(echo_bytes *out, protobuf_c_boolean has, ProtobufCBinaryData field) {
    *out = echo__pb_view(has, field);
    return text_valid(*out);
}

static echo_status decode_frames(echo_message *out, echo__pb *pb, const timeframe *from, echo_error *err) {
    if (from == NULL || from->n_frames == 0) return ECHO_OK;
    if (from->n_frames > FRAMES_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "timeframe has %zu frames, more than %u", from->n_frames, FRAMES_MAX);
    echo_frame *frames = echo__pb_alloc(pb, from->n_frames * sizeof *frames);
    if (frames == NULL) return echo__pb_failed(pb, "timeframe", err);
    size_t n = 0;
    for (size_t i = 0; i < from->n_frames; i++) {
        const timeframe_frame *frame = from->frames[i];
        if (!frame->has_seq) continue;
        if (!frame->has_feed_key || frame->feed_key.len != ECHO_KEY_BYTES)
            return CORRUPT("timeframe: a feed key does not have 32 bytes");
        if (frame->seq < 0) return CORRUPT("timeframe has a negative seq");
        memcpy(frames[n].feed.bytes, frame->feed_key.data, ECHO_KEY_BYTES);
        frames[n++].seq = (uint64_t)frame->seq;
    }
    out->frames = frames;
    out->frame_count = n;
    return ECHO_OK;
}

static echo_status decode_genesis(echo_message *out, const genesis_message *from, echo_error *err) {
    bool valid = text_field(&out->type, from->has_item_type, from->item_type) &&
                 text_field(&out->model, from->has_model_type, from->model_type) &&
                 text_field(&out->model_version, from->has_model_version, from->model_version);
    if (valid && from->link != NULL && out->generation == 2)
        valid = text_field(&out->source, from->link->has_source, from->link->source) &&
                text_field(&out->target, from->link->has_target, from->link->target);
    if (!valid) return CORRUPT("genesis has a text that is not UTF-8");
    if (out->model.len == 0) return CORRUPT("genesis names no model");
    out->has_genesis = true;
    return ECHO_OK;
}

static echo_status decode_item_mutation(echo_message *out, const item_mutation *from, echo_error *err) {
    if (!text_field(&out->parent, from->has_parent_id, from->parent_id)) return CORRUPT("parent's id is not UTF-8");
    out->has_parent = from->has_parent_id;
    if (out->generation == 2 && from->has_action) {
        if (from->action == ECHO_ACTION_DELETE) out->action = ECHO_ACTION_DELETE;
        if (from->action == ECHO_ACTION_RESTORE) out->action = ECHO_ACTION_RESTORE;
    }
    return ECHO_OK;
}

static echo_status decode_envelope(echo_message *out, const envelope *from, echo_error *err) {
    out->kind = ECHO_MESSAGE_ITEM;
    if (!text_field(&out->item, from->has_item_id, from->item_id)) return CORRUPT("item's id is not UTF-8");
    if (out->item.len == 0) return CORRUPT("message names no item");
    echo_status status = ECHO_OK;
    if (from->genesis != NULL) status = decode_genesis(out, from->genesis, err);
    if (status == ECHO_OK && from->item_mutation != NULL) status = decode_item_mutation(out, from->item_mutation, err);
    out->has_mutation = from->has_mutation;
    out->mutation = echo__pb_view(from->has_mutation, from->mutation);
    if (status != ECHO_OK) echo__error_item(err, out->item.data, out->item.len);
    return status;
}

static echo_status decode_payload(echo_message *out, const credentials_message *halo, const envelope *echo,
                                  echo_error *err) {
    if (halo != NULL && echo != NULL) return CORRUPT("block holds both a credential and an item's message");
    if (echo != NULL) return decode_envelope(out, echo, err);
    if (halo == NULL) return ECHO_OK;
    out->kind = ECHO_MESSAGE_CREDENTIAL;
    out->credential = echo__pb_view(halo->has_data, halo->data);
    return ECHO_OK;
}

static echo_status decode1(echo_message *out, echo__pb *pb, echo_bytes block, echo_error *err) {
    ProtobufCMessage *unpacked;
    echo_status status =
        echo__pb_unpack(&unpacked, pb, &echo__pb__dxos__feed_message1__descriptor, block, "message", err);
    if (status != ECHO_OK) return status;
    const feed_message1 *message = (const feed_message1 *)unpacked;
    status = decode_payload(out, message->halo, message->echo, err);
    return status != ECHO_OK || message->echo == NULL ? status : decode_frames(out, pb, message->echo->timeframe, err);
}

static echo_status decode2(echo_message *out, echo__pb *pb, echo_bytes block, echo_error *err) {
    ProtobufCMessage *unpacked;
    echo_status status =
        echo__pb_unpack(&unpacked, pb, &echo__pb__dxos__feed_message2__descriptor, block, "message", err);
    if (status != ECHO_OK) return status;
    const feed_message2 *message = (const feed_message2 *)unpacked;
    status = decode_payload(out, message->halo, message->echo, err);
    return status != ECHO_OK ? status : decode_frames(out, pb, message->timeframe, err);
}

static echo_status decode(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch, echo_error *err) {
    (void)ctx;
    echo__pb pb;
    echo__pb_init(&pb, scratch);
    memset(out, 0, sizeof *out);
    out->generation = generation_of(block);
    if (out->generation == 0) return CORRUPT("malformed message");
    return out->generation == 2 ? decode2(out, &pb, block, err) : decode1(out, &pb, block, err);
}

/* ---- Encoding */

static void set(protobuf_c_boolean *has, ProtobufCBinaryData *field, echo_bytes view) {
    *has = view.data != NULL;
    field->len = view.len;
    field->data = (uint8_t *)(uintptr_t)view.data; /* protobuf-c's structures know no const; packing only reads */
}

static echo_status check_text(echo_bytes text, const char *what, echo_error *err) {
    return text_valid(text) ? ECHO_OK : echo__error(err, ECHO_ERR_INVALID, "%s is not UTF-8", what);
}

/* What is written must be something decode takes. */
static echo_status check_item(const echo_message *message, echo_error *err) {
    if (message->item.len == 0) return echo__error(err, ECHO_ERR_INVALID, "message names no item");
    if (message->has_genesis && message->model.len == 0)
        return echo__error(err, ECHO_ERR_INVALID, "genesis names no model");
    if (message->generation == 1 && message->action != ECHO_ACTION_NONE)
        return echo__error(err, ECHO_ERR_UNSUPPORTED, "dialect 1 cannot delete or restore an item");
    if (message->generation == 1 && (message->source.data != NULL || message->target.data != NULL))
        return echo__error(err, ECHO_ERR_UNSUPPORTED, "dialect 1 has no links");
    const struct {
        echo_bytes text;
        const char *what;
    } texts[] = {{message->item, "item's id"},       {message->type, "item's type"},
                 {message->model, "model"},          {message->model_version, "model's version"},
                 {message->source, "link's source"}, {message->target, "link's target"},
                 {message->parent, "parent's id"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        echo_status status = check_text(texts[i].text, texts[i].what, err);
        if (status != ECHO_OK) return status;
    }
    return ECHO_OK;
}

/* *frames and its pointers are one allocation, for the caller to free. */
static echo_status encode_frames(timeframe *out, timeframe_frame ***frames, const echo_message *message,
                                 echo_error *err) {
    size_t n = message->frame_count;
    if (n > FRAMES_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "timeframe has %zu frames, more than %u", n, FRAMES_MAX);
    *frames = echo__malloc(n * (sizeof **frames + sizeof ***frames));
    if (*frames == NULL) return echo__nomem(err);
    timeframe_frame *frame = (timeframe_frame *)(void *)(*frames + n);
    for (size_t i = 0; i < n; i++, frame++) {
        echo__pb__dxos__timeframe__frame__init(frame);
        set(&frame->has_feed_key, &frame->feed_key, echo__bytes(message->frames[i].feed.bytes, ECHO_KEY_BYTES));
        if (message->frames[i].seq > INT32_MAX)
            return echo__error(err, ECHO_ERR_LIMIT, "seq %llu does not fit a message",
                               (unsigned long long)message->frames[i].seq);
        frame->has_seq = 1;
        frame->seq = (int32_t)message->frames[i].seq;
        (*frames)[i] = frame;
    }
    out->n_frames = n;
    out->frames = *frames;
    return ECHO_OK;
}

/* The parts of an item's message, kept where the envelope can point at them. */
typedef struct parts {
    envelope echo;
    genesis_message genesis;
    link_data link;
    item_mutation item_mutation;
} parts;

static void fill_envelope(parts *p, const echo_message *message) {
    echo__pb__dxos__envelope__init(&p->echo);
    echo__pb__dxos__genesis__init(&p->genesis);
    echo__pb__dxos__genesis__link__init(&p->link);
    echo__pb__dxos__item_mutation__init(&p->item_mutation);
    set(&p->echo.has_item_id, &p->echo.item_id, message->item);
    if (message->has_genesis) {
        p->echo.genesis = &p->genesis;
        set(&p->genesis.has_item_type, &p->genesis.item_type, message->type);
        set(&p->genesis.has_model_type, &p->genesis.model_type, message->model);
        set(&p->genesis.has_model_version, &p->genesis.model_version, message->model_version);
        if (message->source.data != NULL || message->target.data != NULL) p->genesis.link = &p->link;
        set(&p->link.has_source, &p->link.source, message->source);
        set(&p->link.has_target, &p->link.target, message->target);
    }
    if (message->has_parent || message->action != ECHO_ACTION_NONE) p->echo.item_mutation = &p->item_mutation;
    if (message->has_parent) {
        set(&p->item_mutation.has_parent_id, &p->item_mutation.parent_id, message->parent);
        p->item_mutation.has_parent_id = 1;
    }
    p->item_mutation.has_action = message->action != ECHO_ACTION_NONE;
    p->item_mutation.action = (int32_t)message->action;
    if (message->has_mutation) {
        set(&p->echo.has_mutation, &p->echo.mutation, message->mutation);
        p->echo.has_mutation = 1;
    }
}

static void encode1(echo__buf *out, const echo_message *message, parts *p, credentials_message *halo,
                    timeframe *frames) {
    feed_message1 block;
    echo__pb__dxos__feed_message1__init(&block);
    if (message->kind == ECHO_MESSAGE_CREDENTIAL) block.halo = halo; /* has no place for a timeframe */
    if (message->kind == ECHO_MESSAGE_ITEM) {
        block.echo = &p->echo;
        p->echo.timeframe = frames;
    }
    echo__pb_pack(out, &block.base);
}

static void encode2(echo__buf *out, const echo_message *message, parts *p, credentials_message *halo,
                    timeframe *frames) {
    feed_message2 block;
    echo__pb__dxos__feed_message2__init(&block);
    block.timeframe = frames;
    if (message->kind == ECHO_MESSAGE_CREDENTIAL) block.halo = halo;
    if (message->kind == ECHO_MESSAGE_ITEM) block.echo = &p->echo;
    echo__pb_pack(out, &block.base);
}

static echo_status encode(uint8_t **out, size_t *len, void *ctx, const echo_message *message, echo_error *err) {
    (void)ctx;
    *out = NULL;
    *len = 0;
    if (message->generation != 1 && message->generation != 2)
        return echo__error(err, ECHO_ERR_INVALID, "messages have dialect 1 or 2, not %lu",
                           (unsigned long)message->generation);
    if (message->kind != ECHO_MESSAGE_ITEM && message->kind != ECHO_MESSAGE_CREDENTIAL)
        return echo__error(err, ECHO_ERR_INVALID, "message is neither an item's nor a credential");
    echo_status status = message->kind == ECHO_MESSAGE_ITEM ? check_item(message, err) : ECHO_OK;
    if (status != ECHO_OK) return status;

    parts p;
    credentials_message halo;
    timeframe frames;
    timeframe_frame **list = NULL;
    echo__buf buf = ECHO__BUF_INIT;
    fill_envelope(&p, message);
    echo__pb__dxos__credentials_message__init(&halo);
    set(&halo.has_data, &halo.data, message->credential);
    echo__pb__dxos__timeframe__init(&frames);
    status = encode_frames(&frames, &list, message, err);
    if (status == ECHO_OK) {
        (message->generation == 1 ? encode1 : encode2)(&buf, message, &p, &halo, &frames);
        status = buf.status == ECHO_OK ? ECHO_OK : echo__error(err, buf.status, "out of memory");
    }
    echo__free(list);
    if (status != ECHO_OK) {
        echo__buf_free(&buf);
        return status;
    }
    *out = buf.data;
    *len = buf.len;
    return ECHO_OK;
}

static void release(void *ctx, uint8_t *block) {
    (void)ctx;
    echo__free(block);
}

echo_codec echo_codec_dxos(void) {
    static const echo_codec_ops ops = {ECHO_CODEC_OPS_VERSION, decode, encode, release, 2};
    echo_codec codec = {&ops, NULL};
    return codec;
}
