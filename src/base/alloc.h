/*
 * The library's memory. Thin over malloc so that tests can make each allocation fail in turn (the linker wraps malloc,
 * calloc and realloc of the test programs); nothing outside src/base/alloc.c calls malloc.
 */
#ifndef ECHO_BASE_ALLOC_H
#define ECHO_BASE_ALLOC_H

#include <stddef.h>

void *echo__malloc(size_t size);
void *echo__calloc(size_t count, size_t size);
/* realloc of count * size with the product checked. */
void *echo__realloc_array(void *old, size_t count, size_t size);
void echo__free(void *p);
/* A NUL-terminated copy of len bytes. */
char *echo__strndup(const void *data, size_t len);
char *echo__strdup(const char *text);

/* Grows *array (of elements of `size`, capacity *cap) to hold at least `need` elements. false: out of memory, nothing
 * changed. */
_Bool echo__grow(void *array, size_t *cap, size_t need, size_t size);

#endif
