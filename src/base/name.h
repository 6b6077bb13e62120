/*
 * Names of enumerators that are numbered from 0 on without a gap: ECHO__NAME(array of their names, enumerator),
 * "unknown" beyond the array.
 */
#ifndef ECHO_BASE_NAME_H
#define ECHO_BASE_NAME_H

#include <stddef.h>

#define ECHO__NAME(names, value) ((size_t)(value) < sizeof(names) / sizeof *(names) ? (names)[value] : "unknown")

#endif
