#include "feed/credentials_json.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "dxos.pb-c.h"

typedef struct printer {
    echo__buf *out;
    echo__pb *pb;
    bool empty_lists;
    bool has_empty;
    unsigned depth;
    echo_error *err;
} printer;

static const struct {
    const char *url;
    const ProtobufCMessageDescriptor *type;
} types[] = {
    {"dxos.credentials.Message", &echo__pb__dxos__message__descriptor},
    {ECHO__TYPE_SIGNED_MESSAGE, &echo__pb__dxos__signed_message__descriptor},
    {ECHO__TYPE_PARTY_CREDENTIAL, &echo__pb__dxos__party_credential__descriptor},
    {"dxos.credentials.party.PartyInvitation", &echo__pb__dxos__party_invitation__descriptor},
    {"dxos.credentials.identity.IdentityInfo", &echo__pb__dxos__identity_info__descriptor},
    {"dxos.credentials.identity.DeviceInfo", &echo__pb__dxos__identity_info__descriptor},
    {"dxos.credentials.auth.Auth", &echo__pb__dxos__auth__descriptor},
};

const ProtobufCMessageDescriptor *echo__credential_type(echo_bytes url) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (echo__bytes_equal(url, echo__bytes_text(types[i].url))) return types[i].type;
    return NULL;
}

/* What the fields that are `bytes` in dxos.proto hold. Names are unique enough to go by. */
enum content { HEX, TEXT, CHAIN };

static enum content content_of(const ProtobufCFieldDescriptor *field) {
    static const struct {
        const char *name;
        enum content content;
    } others[] = {{"created", TEXT}, {"displayName", TEXT}, {"keyChain", CHAIN}, {"parents", CHAIN}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(field->name, others[i].name) == 0) return others[i].content;
    return HEX;
}

static echo_status print_message(printer *p, const ProtobufCMessage *message);

static echo_status print_packed(printer *p, const ProtobufCMessageDescriptor *type, echo_bytes bytes) {
    ProtobufCMessage *message;
    echo_status status = echo__pb_unpack(&message, p->pb, type, bytes, "credential", p->err);
    return status == ECHO_OK ? print_message(p, message) : status;
}

static echo_status print_bytes(printer *p, const ProtobufCFieldDescriptor *field, echo_bytes bytes) {
    switch (content_of(field)) {
    case CHAIN: return print_packed(p, &echo__pb__dxos__key_chain__descriptor, bytes);
    case TEXT:
        if (!echo__utf8_valid(bytes))
            return echo__error(p->err, ECHO_ERR_CORRUPT, "a text in the credential is not valid UTF-8");
        echo__json_string(p->out, bytes.data, bytes.len);
        return ECHO_OK;
    default:
        echo__buf_byte(p->out, '"');
        echo__buf_hex(p->out, bytes.data, bytes.len);
        echo__buf_byte(p->out, '"');
        return ECHO_OK;
    }
}

static echo_status print_value(printer *p, const ProtobufCFieldDescriptor *field, const void *value) {
    if (field->type == PROTOBUF_C_TYPE_INT32) {
        int32_t number = *(const int32_t *)value;
        if (number < 0) echo__buf_byte(p->out, '-');
        echo__buf_u64(p->out, number < 0 ? (uint64_t) - (int64_t)number : (uint64_t)number);
        return ECHO_OK;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return print_bytes(p, field, echo__pb_view(1, *(const ProtobufCBinaryData *)value));
    return print_message(p, *(ProtobufCMessage *const *)value);
}

static echo_status print_list(printer *p, const ProtobufCFieldDescriptor *field, const uint8_t *elements, size_t n) {
    size_t size = field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(ProtobufCMessage *);
    echo_status status = ECHO_OK;
    echo__buf_byte(p->out, '[');
    for (size_t i = 0; i < n && status == ECHO_OK; i++) {
        if (i > 0) echo__buf_byte(p->out, ',');
        status = print_value(p, field, elements + i * size);
    }
    echo__buf_byte(p->out, ']');
    return status;
}

static bool present(const ProtobufCFieldDescriptor *field, const uint8_t *base, printer *p) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        bool empty = *(const size_t *)(const void *)(base + field->quantifier_offset) == 0;
        p->has_empty |= empty;
        return !empty || p->empty_lists;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)(const void *)(base + field->offset) != NULL;
    return *(const protobuf_c_boolean *)(base + field->quantifier_offset) != 0;
}

static echo_status print_object(printer *p, const ProtobufCMessage *message) {
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const uint8_t *base = (const uint8_t *)message;
    echo_status status = ECHO_OK;
    bool first = true;
    echo__buf_byte(p->out, '{');
    for (unsigned i = 0; i < type->n_fields && status == ECHO_OK; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[type->fields_sorted_by_name[i]];
        if (!present(field, base, p)) continue;
        if (!first) echo__buf_byte(p->out, ',');
        first = false;
        echo__json_string(p->out, field->name, strlen(field->name));
        echo__buf_byte(p->out, ':');
        const uint8_t *value = base + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            status = print_list(p, field, *(const uint8_t *const *)(const void *)value,
                                *(const size_t *)(const void *)(base + field->quantifier_offset));
        else
            status = print_value(p, field, value);
    }
    echo__buf_byte(p->out, '}');
    return status;
}

static echo_status print_any(printer *p, const Echo__Pb__Dxos__Any *any) {
    const ProtobufCMessageDescriptor *type = echo__credential_type(echo__pb_view(any->has_type_url, any->type_url));
    if (type == NULL)
        return echo__error(p->err, ECHO_ERR_UNSUPPORTED, "the credential holds a message of an unknown type");
    return print_packed(p, type, echo__pb_view(any->has_value, any->value));
}

static echo_status print_message(printer *p, const ProtobufCMessage *message) {
    if (message->descriptor == &echo__pb__dxos__pub_key__descriptor) {
        const Echo__Pb__Dxos__PubKey *key = (const Echo__Pb__Dxos__PubKey *)message;
        echo__buf_byte(p->out, '"');
        echo__buf_hex(p->out, key->data.data, key->data.len);
        echo__buf_byte(p->out, '"');
        return ECHO_OK;
    }
    /* An envelope takes seven messages a level, a link of a key chain one. */
    if (p->depth >= 10 * ECHO__CREDENTIAL_DEPTH_MAX)
        return echo__error(p->err, ECHO_ERR_LIMIT, "credential is nested too deep");
    p->depth++;
    echo_status status = message->descriptor == &echo__pb__dxos__any__descriptor
                             ? print_any(p, (const Echo__Pb__Dxos__Any *)message)
                             : print_object(p, message);
    p->depth--;
    return status;
}

echo_status echo__credential_json(echo__buf *out, echo__pb *pb, const ProtobufCMessage *message, bool empty_lists,
                                  bool *has_empty, echo_error *err) {
    printer p = {out, pb, empty_lists, false, 0, err};
    echo_status status = print_message(&p, message);
    if (has_empty != NULL) *has_empty = p.has_empty;
    if (status != ECHO_OK) return status;
    return out->status == ECHO_OK ? ECHO_OK : echo__nomem(err);
}
