/*
 * Estimates of what a tree's chunks take, for those who decide whether something is worth writing or asking for.
 */
#ifndef ECHO_TREE_ESTIMATE_H
#define ECHO_TREE_ESTIMATE_H

/* Bytes of a node's line whose id has 64 characters, as those that ECHO draws have. */
#define ECHO__ESTIMATE_ENTRY_BYTES 190.0

/* The expected number of places that k random picks hit, out of n; 0 when there are no places. */
double echo__estimate_hit(double n, double k);

#endif
