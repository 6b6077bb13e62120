/*
 * The stamps of a stored state.
 */
#ifndef ECHO_MODEL_OBJECT_STAMP_H
#define ECHO_MODEL_OBJECT_STAMP_H

#include "base/json.h"

/* Reads a stamp whose feed counts in the state's list; false when it is not one, or not in its shortest form. */
bool echo__object_stamp(uint64_t *time, uint64_t *feed, uint64_t *seq, const cJSON *node);

#endif
