/*
 * Canonical JSON over cJSON (docs/FORMAT.md, "Canonical JSON"): one text per value.
 */
#ifndef ECHO_BASE_JSON_H
#define ECHO_BASE_JSON_H

#include "base/json_parse.h"
#include "base/json_print.h"

#endif
