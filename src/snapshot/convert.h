/*
 * Items whose record would be written otherwise by the models at hand (P3).
 */
#ifndef ECHO_SNAPSHOT_CONVERT_H
#define ECHO_SNAPSHOT_CONVERT_H

#include "party/party.h"

typedef struct echo__convert echo__convert;

/* *out is NULL when there can be none. */
echo_status echo__convert_begin(echo__convert **out, echo_party *party, echo_error *err) ECHO_MUST_USE;
/* Looks at one record; makes its item a changed one if need be. */
echo_status echo__convert_next(echo__convert *convert, bool *done, echo_error *err) ECHO_MUST_USE;
void echo__convert_free(echo__convert *convert);

#endif
