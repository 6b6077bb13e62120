/*
 * Numbers on the wire: a 32-bit float, which is all that the protocol has, and beside it the double that it was rounded
 * from (docs/FORMAT.md, "Numbers"). The double is a field that the schema does not name, so that protobuf-c keeps it as
 * it does any unknown field: one of another wire type is then skipped, as the original skips it, and not refused.
 */
#ifndef ECHO_MODEL_OBJECT_NUMBER_H
#define ECHO_MODEL_OBJECT_NUMBER_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

/* A number whose magnitude is at least this rounds to an infinite float. */
#define ECHO__FLOAT_END 0x1.ffffffp127

/* The number that a Value with this float stands for. */
double echo__wire_number_read(const ProtobufCMessage *value, float beside);
/*
 * Puts the float for a number into *out, and the double into the Value if the float does not hold it. The number is
 * below ECHO__FLOAT_END, or not finite. false: out of memory.
 */
bool echo__wire_number_write(ProtobufCMessage *value, float *out, double number, echo__arena *arena) ECHO_MUST_USE;

#endif
