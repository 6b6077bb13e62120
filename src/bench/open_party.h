/* The parties of mode `open`. */
#ifndef ECHO_BENCH_OPEN_PARTY_H
#define ECHO_BENCH_OPEN_PARTY_H

#include "bench/open_case.h"

/* Makes c->dir: a party of c's size, or a copy of the folder that was given; with a snapshot, and the tail after it. */
echo_status bench_open_party_make(bench *b, bench_case *c, echo_error *err) ECHO_MUST_USE;
/* Takes a snapshot of the party in a folder, into its store or, with `replay`, of its replay and into memory. */
echo_status bench_open_party_snapshot(bench_taken *out, const bench_case *c, bool replay,
                                      echo_error *err) ECHO_MUST_USE;

#endif
