/*
 * Finding items whose record the registered models would write differently (P3).
 */
#ifndef ECHO_SNAPSHOT_CONVERT_H
#define ECHO_SNAPSHOT_CONVERT_H

#include "party/party.h"

typedef struct echo__convert echo__convert;

/* *out is NULL if no such item can exist. */
echo_status echo__convert_begin(echo__convert **out, echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Examines one record, and marks its item as changed if the record would be written differently. */
echo_status echo__convert_next(bool *done, echo__convert *convert, echo_error *err) ECHO_MUST_USE;
void echo__convert_free(echo__convert *convert);

#endif
