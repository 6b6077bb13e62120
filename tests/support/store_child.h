/*
 * Other processes for tests of stores. What runs in one is a function that returns 0, or by CHECK the line at which
 * something was wrong: a failed assertion of cmocka's would go on with the parent's tests in the child.
 */
#ifndef TEST_STORE_CHILD_H
#define TEST_STORE_CHILD_H

#include <stdbool.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) return __LINE__;                                                                             \
    } while (0)

typedef struct store_child {
    int pid;
    int to, from; /* pipes for single bytes */
} store_child;

typedef int (*store_child_fn)(store_child *self, void *arg);

/* Starts a process. In the child, `self` has the other ends of the pipes. */
store_child store_child_start(store_child_fn fn, void *arg);
/* The same without any right to write what the tests made: as another user, when the tests run as root. */
store_child store_child_start_powerless(store_child_fn fn, void *arg);
/* Sends a byte, awaits one. Of either side. tell is false, await -1 when the other one is gone. */
bool store_child_tell(const store_child *child, char byte);
int store_child_await(const store_child *child);
/* Waits for the end: what the function returned, -1 when it was killed. */
int store_child_end(store_child *child);
/* Kills it, as a crash would, and waits for its end. */
void store_child_kill(store_child *child);

#endif
