#include "support/fault.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *p);

/* Allocations are counted from 1; those of first..last fail. Threads of the library's count too. */
static atomic_long allocations, first, last, failures, blocks;

static bool fails(void) {
    long now = atomic_fetch_add(&allocations, 1) + 1;
    if (now < atomic_load(&first) || now > atomic_load(&last)) return false;
    atomic_fetch_add(&failures, 1);
    return true;
}

static void *counted(void *p) {
    if (p != NULL) atomic_fetch_add(&blocks, 1);
    return p;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : counted(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : counted(__real_calloc(count, size)); }

void *__wrap_realloc(void *old, size_t size) {
    if (fails()) return NULL;
    void *p = __real_realloc(old, size);
    return old == NULL ? counted(p) : p;
}

void __wrap_free(void *p) {
    if (p != NULL) atomic_fetch_sub(&blocks, 1);
    __real_free(p);
}

static void arm(long from, long to) {
    atomic_store(&failures, 0);
    atomic_store(&allocations, 0);
    atomic_store(&last, to);
    atomic_store(&first, from);
}

void fault_at(long nth) { arm(nth, nth); }

void fault_from(long nth) { arm(nth, LONG_MAX); }

bool fault_off(void) {
    atomic_store(&last, 0);
    return atomic_load(&failures) > 0;
}

long fault_allocations(void) { return atomic_load(&allocations); }

long fault_blocks(void) { return atomic_load(&blocks); }

__attribute__((constructor)) static void hook_cjson(void) {
    cJSON_Hooks hooks = {__wrap_malloc, __wrap_free};
    cJSON_InitHooks(&hooks);
}
