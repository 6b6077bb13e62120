/*
 * Stamps: the canonical order of messages, (logical time, feed key, seq), lowest first.
 */
#ifndef ECHO_BASE_STAMP_H
#define ECHO_BASE_STAMP_H

#include <echo/base.h>

typedef struct echo__stamp {
    uint64_t time;
    echo_key feed;
    uint64_t seq;
} echo__stamp;

int echo__stamp_compare(const echo__stamp *a, const echo__stamp *b);

#endif
