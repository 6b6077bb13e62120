/*
 * zstd allocates behind the linker's back, so each call that may counts as one allocation (support/fault.h). One source
 * of a program includes this; tests/CMakeLists.txt wraps the names.
 */
#ifndef TESTS_UNIT_EXCHANGE_ZSTD_FAULT_H
#define TESTS_UNIT_EXCHANGE_ZSTD_FAULT_H

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"

ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
size_t __real_ZSTD_compressStream2(ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective how);
size_t __real_ZSTD_decompressStream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
size_t __wrap_ZSTD_compressStream2(ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective how);
size_t __wrap_ZSTD_decompressStream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in);

static int zstd_fails(void) {
    void *p = echo__malloc(1);
    echo__free(p);
    return p == NULL;
}

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void) { return zstd_fails() ? NULL : __real_ZSTD_createCCtx(); }

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void) { return zstd_fails() ? NULL : __real_ZSTD_createDCtx(); }

size_t __wrap_ZSTD_compressStream2(ZSTD_CCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in, ZSTD_EndDirective how) {
    return zstd_fails() ? (size_t)-ZSTD_error_memory_allocation : __real_ZSTD_compressStream2(zstd, out, in, how);
}

size_t __wrap_ZSTD_decompressStream(ZSTD_DCtx *zstd, ZSTD_outBuffer *out, ZSTD_inBuffer *in) {
    return zstd_fails() ? (size_t)-ZSTD_error_memory_allocation : __real_ZSTD_decompressStream(zstd, out, in);
}

#endif
