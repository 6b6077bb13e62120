/*
 * Makes allocations fail. One counter covers malloc, calloc and realloc of the library's and the test's own objects
 * (wrapped by the linker) and the nodes of cJSON (by its hooks, which the test program sets before main: the host may,
 * the library may not). What other shared libraries allocate for themselves is not seen.
 *
 *     for (long nth = 1;; nth++) {
 *         long before = fault_blocks();
 *         fault_at(nth);
 *         echo_status status = echo_thing_new(&thing);
 *         if (!fault_off()) break;                        // nth is beyond the last allocation: the call went through
 *         assert_int_equal(status, ECHO_ERR_NOMEM);
 *         assert_null(thing);
 *         assert_int_equal(fault_blocks(), before);       // nothing leaked
 *     }
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stdbool.h>

/* The nth allocation from now fails (1 is the next), those after it succeed. */
void fault_at(long nth);
/* The nth allocation from now and all that follow fail. */
void fault_from(long nth);
/* Ends it. true when an allocation was made to fail since. */
bool fault_off(void);
/* Allocations since the last fault_at or fault_from, failed ones included. */
long fault_allocations(void);
/* Blocks allocated and not freed so far. Only differences mean something. */
long fault_blocks(void);

#endif
