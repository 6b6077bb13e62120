#include "model/object_number.h"

#include <math.h>
#include <string.h>

/* The highest number whose tag takes two bytes: far from those that the original counts upwards. */
#define DOUBLE_FIELD UINT32_C(2047)
#define DOUBLE_BYTES 8u

typedef struct double_field {
    ProtobufCMessageUnknownField field;
    uint8_t bytes[DOUBLE_BYTES];
} double_field;

static double from_bytes(const uint8_t *bytes) {
    uint64_t bits = 0;
    double number;
    for (size_t i = DOUBLE_BYTES; i-- > 0;) bits = bits << 8 | bytes[i];
    memcpy(&number, &bits, sizeof number);
    return number;
}

static void to_bytes(uint8_t *bytes, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    for (size_t i = 0; i < DOUBLE_BYTES; i++, bits >>= 8) bytes[i] = (uint8_t)bits;
}

/* No number stands for an infinite float: peers that skip the double would show something quite different. */
static bool rounds_to(double number, float beside) {
    if (!(fabs(number) < ECHO__FLOAT_END)) return false;
    float rounded = (float)number;
    uint32_t rounded_bits, beside_bits;
    memcpy(&rounded_bits, &rounded, sizeof rounded_bits);
    memcpy(&beside_bits, &beside, sizeof beside_bits);
    return rounded_bits == beside_bits;
}

double echo__wire_number_read(const ProtobufCMessage *value, float beside) {
    for (unsigned i = value->n_unknown_fields; i-- > 0;) {
        const ProtobufCMessageUnknownField *field = &value->unknown_fields[i];
        if (field->tag != DOUBLE_FIELD || field->wire_type != PROTOBUF_C_WIRE_TYPE_64BIT) continue;
        double number = from_bytes(field->data);
        return rounds_to(number, beside) ? number : (double)beside; /* the last one counts, or none */
    }
    return (double)beside;
}

bool echo__wire_number_write(ProtobufCMessage *value, float *out, double number, echo__arena *arena) {
    *out = (float)number;
    if (isnan(number) || (double)*out == number) return true;
    double_field *exact = echo__arena_alloc(arena, sizeof *exact);
    if (exact == NULL) return false;
    to_bytes(exact->bytes, number);
    exact->field = (ProtobufCMessageUnknownField){DOUBLE_FIELD, PROTOBUF_C_WIRE_TYPE_64BIT, DOUBLE_BYTES, exact->bytes};
    value->n_unknown_fields = 1;
    value->unknown_fields = &exact->field;
    return true;
}
