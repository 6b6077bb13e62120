/*
 * Read before everything else by clang-tidy, and by nothing else (tidy.sh). The analyzer sees one file at a time. It
 * does not know that the functions which fill an error return the code they are given, and so believes that a failed
 * call may have returned ECHO_OK and left its result unset.
 */
#ifndef LINT_TIDY_H
#define LINT_TIDY_H

#include "base/error.h"

#define echo__error(err, code, ...) ((void)echo__error(err, code, __VA_ARGS__), (code))
#define echo__error_errno(err, ...) ((void)echo__error_errno(err, __VA_ARGS__), ECHO_ERR_IO)
#define echo__nomem(err) ((void)echo__nomem(err), ECHO_ERR_NOMEM)
#define echo__error_adopt(err, code, what) ((void)echo__error_adopt(err, code, what), (code))

#endif
