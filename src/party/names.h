/*
 * Texts that many items share, kept once: names of models and types, keys of feeds.
 */
#ifndef ECHO_PARTY_NAMES_H
#define ECHO_PARTY_NAMES_H

#include "base/map.h"

typedef struct echo__name {
    size_t len;
    char text[]; /* ends with a NUL */
} echo__name;

typedef struct echo__names {
    echo__map map;
} echo__names;

void echo__names_init(echo__names *names);
void echo__names_free(echo__names *names);
/*
 * The one copy of these bytes, valid until the names are freed. NULL: out of memory, or it would be one more than
 * `most` (0: no limit). *full, which may be NULL, says which of the two.
 */
const echo__name *echo__names_get(echo__names *names, echo_bytes bytes, size_t most, bool *full);

#endif
