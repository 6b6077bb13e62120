/*
 * A store around another one: counts the calls, and makes one fail.
 *
 *     store_fault fault;
 *     echo_store store = store_fault_wrap(&fault, inner);            // closing `store` closes inner
 *     store_fault_plan(&fault, STORE_FAULT_PUBLISH, 1, ECHO_ERR_IO); // the next publish fails
 *     ...
 *     assert_true(store_fault_hit(&fault));
 *     assert_int_equal(fault.calls[STORE_FAULT_PUT], 3);
 *
 * Or each call in turn, whichever it is:
 *
 *     for (uint64_t nth = 1;; nth++) {
 *         store_fault_plan(&fault, STORE_FAULT_ANY, nth, ECHO_ERR_IO);
 *         ...
 *         if (!store_fault_hit(&fault)) break;
 *     }
 *
 * A call that fails is not handed on. A failing put or publish undoes the pending puts and holds put and publish back
 * until rollback, as the contract has it. close cannot fail and capabilities are not counted. `before`, when set, is
 * called before each call that is counted, on the thread that makes it.
 *
 * It can be reopened when the inner store can; otherwise its table has no reopen. All handles count into the same
 * counters and fail by the same plan, and may be used from different threads, while the plan is set and counters are
 * read. Each remembers what it lost.
 */
#ifndef TEST_STORE_FAULT_H
#define TEST_STORE_FAULT_H

#include <echo/sys/store.h>
#include <pthread.h>
#include <stdatomic.h>

typedef enum store_fault_call {
    STORE_FAULT_GET,
    STORE_FAULT_HAS,
    STORE_FAULT_PUT,
    STORE_FAULT_PUBLISH, /* publish_as too */
    STORE_FAULT_ROLLBACK,
    STORE_FAULT_LIST,
    STORE_FAULT_REMOVE,
    STORE_FAULT_WALK,
    STORE_FAULT_REMOVE_CHUNKS,
    STORE_FAULT_REOPEN,
    STORE_FAULT_PARTIES,
    STORE_FAULT_WALK_FROM,
    STORE_FAULT_USAGE,
    STORE_FAULT_PIN,
    STORE_FAULT_PINNED,
    STORE_FAULT_FLUSH,
    STORE_FAULT_CLOSE,
    STORE_FAULT_CALLS,
    STORE_FAULT_ANY /* for store_fault_plan only */
} store_fault_call;

#define STORE_FAULT_HANDLES 8 /* open at once; reopening for more answers ECHO_ERR_LIMIT */

typedef struct store_fault_handle {
    struct store_fault *fault; /* NULL: not open */
    echo_store inner;
    bool twin; /* from reopen */
    bool pending;
    echo_status failed;
} store_fault_handle;

typedef struct store_fault {
    atomic_uint_least64_t calls[STORE_FAULT_CALLS]; /* failed ones included */
    atomic_uint_least64_t all;                      /* but for close */
    atomic_uint_least64_t chunks_put, bytes_put;    /* offered to put calls that went through, whether new or not */
    atomic_uint_least64_t chunks_written;           /* of these, the new ones */
    atomic_uint_least64_t chunks_got, bytes_got;    /* handed out by get */
    atomic_uint_least64_t manifest_bytes;           /* published */
    echo_store_ops ops;
    pthread_mutex_t lock; /* of the plan and of which handles are open */
    store_fault_handle handles[STORE_FAULT_HANDLES];
    /* the plan */
    store_fault_call kind;
    uint64_t nth, seen;
    echo_status status;
    bool stay;
    atomic_bool hit;
    store_fault_call hit_kind; /* of the last one that was made to fail */
    bool hit_twin;             /* through a handle that was reopened */
    void (*before)(void *arg, store_fault_call kind);
    void *before_arg;
} store_fault;

/* fault must live as long as the store it returns and those opened from that; it is cleared. */
echo_store store_fault_wrap(store_fault *fault, echo_store inner);
/* The nth call of this kind from now (1 is the next) answers `status`; nth 0: none. Counters stay. */
void store_fault_plan(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status);
/* The same for the nth and all later ones. */
void store_fault_plan_from(store_fault *fault, store_fault_call kind, uint64_t nth, echo_status status);
/* Whether a call was made to fail since the last plan. */
bool store_fault_hit(const store_fault *fault);
/* Sets the counters to 0; the plan stays. */
void store_fault_zero(store_fault *fault);

#endif
