#include "snapshot/gc.h"
echo_status echo__gc_new(echo__gc **out, const echo_store *store, const echo_gc_options *options, echo_error *err) { (void)store; (void)options; (void)err; *out = NULL; return ECHO_OK; }
echo_status echo__gc_step(echo__gc *gc, bool *done, echo_error *err) { (void)gc; (void)err; *done = true; return ECHO_OK; }
void echo__gc_report(const echo__gc *gc, echo_gc_report *out) { (void)gc; (void)out; }
void echo__gc_free(echo__gc *gc) { (void)gc; }
echo_status echo__retain(const echo_store *store, const echo_key *party, uint32_t keep, uint64_t *removed, echo_error *err) { (void)store; (void)party; (void)keep; (void)removed; (void)err; return ECHO_OK; }
