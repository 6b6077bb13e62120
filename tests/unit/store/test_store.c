/*
 * What the stores share, and the test stores around them.
 */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/store.h"
#include "support/fault.h"
#include "support/store_contract.h"
#include "support/store_fault.h"

#define OK(call) assert_int_equal((call), ECHO_OK)

/* A table that lacks a required hook, or is of another version, is not accepted; the message names the hook. */
static void test_check(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        bool required;
    } hooks[] = {
#define HOOK(name, required) {#name, offsetof(echo_store_ops, name), required}
        HOOK(capabilities, true), HOOK(get, true),           HOOK(has, true),    HOOK(put, true),
        HOOK(publish, true),      HOOK(rollback, true),      HOOK(list, true),   HOOK(remove, true),
        HOOK(walk, true),         HOOK(remove_chunks, true), HOOK(close, true),  HOOK(reopen, false),
        HOOK(parties, false),     HOOK(walk_from, false),    HOOK(usage, false), HOOK(pin, true), /* with pinned */
        HOOK(pinned, true),       HOOK(stored, false),       HOOK(flush, false), HOOK(publish_as, false),
        HOOK(get_many, false),
#undef HOOK
    };
    echo_store store;
    OK(echo_store_new_memory(&store));
    echo_store_ops ops = *store.ops;
    echo_store copy = {&ops, store.ctx};
    OK(echo__store_check(&copy, NULL));
    assert_int_equal(sizeof hooks / sizeof *hooks,
                     (sizeof ops - offsetof(echo_store_ops, capabilities)) / sizeof(void (*)(void)));
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        echo_error err = ECHO_ERROR_INIT;
        char words[40];
        ops = *store.ops;
        memset((char *)&ops + hooks[i].at, 0, sizeof(void (*)(void)));
        assert_int_equal(echo__store_check(&copy, &err), hooks[i].required ? ECHO_ERR_INVALID : ECHO_OK);
        (void)snprintf(words, sizeof words, "the hook %s", hooks[i].name);
        if (hooks[i].required && strstr(err.message, words) == NULL) fail_msg("%s: %s", hooks[i].name, err.message);
    }
    ops = *store.ops;
    ops.pin = NULL;
    ops.pinned = NULL;
    OK(echo__store_check(&copy, NULL));
    ops.version = ECHO_STORE_OPS_VERSION + 1;
    assert_int_equal(echo__store_check(&copy, NULL), ECHO_ERR_VERSION);
    ops.version = 0;
    assert_int_equal(echo__store_check(&copy, NULL), ECHO_ERR_VERSION);
    copy.ops = NULL;
    assert_int_equal(echo__store_check(&copy, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo__store_check(NULL, NULL), ECHO_ERR_INVALID);
    echo_store_close(&store);
}

static echo_status count_party(void *arg, const echo_key *party) {
    (void)party;
    ++*(int *)arg;
    return ECHO_OK;
}

/* The functions for applications: through every table that is right, and no other. */
static void test_wrappers(void **state) {
    (void)state;
    echo_store store, twin;
    echo_key party = store_party(1);
    uint64_t bytes = 0;
    int parties = 0;
    OK(echo_store_new_memory(&store));
    OK(store_put_made(&store, 1, 100, NULL, NULL));
    OK(store.ops->publish(store.ctx, &party, 0, (echo_bytes){(const uint8_t *)"m", 1}, NULL));
    OK(echo_store_reopen(&twin, &store, NULL));
    echo_store_close(&store);
    assert_null(store.ops);
    echo_store_close(&store);
    OK(echo_store_parties(&twin, count_party, &parties, NULL));
    assert_int_equal(parties, 1);
    OK(echo_store_usage(&bytes, &twin, NULL));
    assert_int_equal(bytes, 100);

    const struct {
        const char *what;
        echo_status is, expected;
    } calls[] = {
        {"new_memory", echo_store_new_memory(NULL), ECHO_ERR_INVALID},
        {"open_sqlite, no store", echo_store_open_sqlite(NULL, "x", NULL, NULL), ECHO_ERR_INVALID},
        {"open_sqlite, no path", echo_store_open_sqlite(&store, NULL, NULL, NULL), ECHO_ERR_INVALID},
        {"reopen, no place", echo_store_reopen(NULL, &twin, NULL), ECHO_ERR_INVALID},
        {"reopen, NULL", echo_store_reopen(&store, NULL, NULL), ECHO_ERR_INVALID},
        {"reopen, no table", echo_store_reopen(&store, &(echo_store)ECHO_STORE_INIT, NULL), ECHO_ERR_INVALID},
        {"parties, NULL", echo_store_parties(NULL, count_party, &parties, NULL), ECHO_ERR_INVALID},
        {"parties, no function", echo_store_parties(&twin, NULL, NULL, NULL), ECHO_ERR_INVALID},
        {"usage, NULL", echo_store_usage(&bytes, NULL, NULL), ECHO_ERR_INVALID},
        {"usage, no place", echo_store_usage(NULL, &twin, NULL), ECHO_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].is != calls[i].expected) fail_msg("%s: %s", calls[i].what, echo_status_name(calls[i].is));
    assert_null(store.ops);
    echo_store_ops bare = *twin.ops;
    echo_store poor = {&bare, twin.ctx};
    bare.reopen = NULL;
    bare.parties = NULL;
    bare.usage = NULL;
    assert_int_equal(echo_store_reopen(&store, &poor, NULL), ECHO_ERR_UNSUPPORTED);
    assert_int_equal(echo_store_parties(&poor, count_party, &parties, NULL), ECHO_ERR_UNSUPPORTED);
    assert_int_equal(echo_store_usage(&bytes, &poor, NULL), ECHO_ERR_UNSUPPORTED);
    bare.version++;
    assert_int_equal(echo_store_reopen(&store, &poor, NULL), ECHO_ERR_VERSION);
    echo_store_close(&twin);
}

static echo_status none_here(void *arg, const echo_key *party) {
    (void)arg;
    (void)party;
    fail_msg("called by a store that has no such hook");
    return ECHO_OK;
}

typedef struct names {
    echo_hash list[16];
    size_t count;
} names;

static echo_status note_name(void *arg, const echo_hash *name, uint64_t size) {
    names *n = arg;
    (void)size;
    n->list[n->count++] = *name;
    return ECHO_OK;
}

/* A table without the optional hooks. */
static void test_required_hooks_alone(void **state) {
    (void)state;
    echo_store store, twin;
    echo_error err = ECHO_ERROR_INIT;
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"m", 1};
    OK(echo_store_new_memory(&store));
    echo_store_ops bare = *store.ops;
    memset(&bare.reopen, 0, sizeof bare - offsetof(echo_store_ops, reopen));
    echo_store old = {&bare, store.ctx};
    OK(echo__store_check(&old, &err));
    for (echo__store_hook hook = ECHO__STORE_REOPEN; hook <= ECHO__STORE_PIN; hook++) {
        assert_false(echo__store_has(&old, hook));
        assert_true(echo__store_has(&store, hook));
    }
    for (uint64_t i = 0; i < 9; i++) OK(store_put_made(&old, i, 30, NULL, NULL));
    OK(old.ops->publish(old.ctx, &party, 0, manifest, NULL));

    bool pinned = true;
    uint64_t bytes = 7;
    assert_int_equal(echo__store_reopen(&twin, &old, &err), ECHO_ERR_UNSUPPORTED);
    assert_null(twin.ops);
    assert_int_equal(err.code, ECHO_ERR_UNSUPPORTED);
    assert_int_equal(echo__store_parties(&old, none_here, NULL, &err), ECHO_ERR_UNSUPPORTED);
    assert_int_equal(echo__store_usage(&bytes, &old, &err), ECHO_ERR_UNSUPPORTED);
    assert_int_equal(bytes, 0);
    assert_int_equal(echo__store_pin(&old, &party, 1, true, &err), ECHO_ERR_UNSUPPORTED);
    OK(echo__store_pin(&store, &party, 1, true, NULL));
    OK(echo__store_pinned(&pinned, &old, &party, 1, NULL));
    assert_false(pinned);
    OK(echo__store_pinned(&pinned, &store, &party, 1, NULL));
    assert_true(pinned);

    names all = {.count = 0};
    OK(echo__store_walk_from(&old, NULL, note_name, &all, NULL));
    assert_int_equal(all.count, 9);
    for (size_t i = 0; i < all.count; i++) {
        names rest = {.count = 0};
        OK(echo__store_walk_from(&old, &all.list[i], note_name, &rest, NULL));
        assert_int_equal(rest.count, 8 - i);
        if (rest.count > 0) assert_memory_equal(rest.list, &all.list[i + 1], rest.count * sizeof *rest.list);
    }
    echo_store_close(&store);
}

static void test_seen(void **state) {
    (void)state;
    echo__seen seen = {NULL, 0, 0};
    echo_key a = store_party(1), b = store_party(2);
    echo_bytes text = {(const uint8_t *)"manifest", 8}, other = {(const uint8_t *)"manifesto", 9};
    echo_hash one, two, three, four;
    echo__seen_name(&one, 1, text);
    echo__seen_name(&two, 2, text);
    echo__seen_name(&three, 1, other);
    echo__seen_name(&four, 1, text);
    assert_false(echo__seen_is(&seen, &a, &one));
    assert_true(echo__seen_note(&seen, &a, &one));
    assert_true(echo__seen_is(&seen, &a, &four));
    assert_false(echo__seen_is(&seen, &a, &two));
    assert_false(echo__seen_is(&seen, &a, &three));
    assert_false(echo__seen_is(&seen, &b, &one));
    for (uint8_t i = 2; i < 40; i++) {
        echo_key key = store_party(i);
        assert_true(echo__seen_note(&seen, &key, &two));
    }
    assert_true(echo__seen_note(&seen, &a, &two));
    assert_true(echo__seen_is(&seen, &a, &two));
    assert_false(echo__seen_is(&seen, &a, &one));
    assert_true(echo__seen_is(&seen, &b, &two));
    assert_int_equal(seen.count, 39);
    echo__seen_free(&seen);
    assert_false(echo__seen_is(&seen, &a, &two));
}

/* ---- the fault store ---- */

static store_fault wrapped;

static echo_status fresh_wrapped(void *arg, echo_store *out) {
    (void)arg;
    echo_store inner;
    echo_status status = echo_store_new_memory(&inner);
    if (status == ECHO_OK) *out = store_fault_wrap(&wrapped, inner);
    return status;
}

static echo_store kept; /* keeps the store while handles come and go */

static echo_status again_wrapped(void *arg, echo_store *out) {
    (void)arg;
    return kept.ops->reopen(out, kept.ctx, NULL);
}

static echo_status fresh_kept(void *arg, echo_store *out) {
    echo_store_close(&kept);
    echo_status status = fresh_wrapped(arg, &kept);
    return status == ECHO_OK ? again_wrapped(arg, out) : status;
}

static void test_fault_counts(void **state) {
    (void)state;
    echo_store store;
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"five!", 5};
    OK(fresh_wrapped(NULL, &store));
    OK(store_put_made(&store, 1, 100, NULL, NULL));
    OK(store_put_made(&store, 2, 50, NULL, NULL));
    OK(store_put_made(&store, 1, 100, NULL, NULL));
    OK(store.ops->publish(store.ctx, &party, 0, manifest, NULL));
    store_assert_made(&store, 1, 100);
    assert_int_equal(wrapped.calls[STORE_FAULT_PUT], 3);
    assert_int_equal(wrapped.chunks_put, 3);
    assert_int_equal(wrapped.chunks_written, 2);
    assert_int_equal(wrapped.bytes_put, 250);
    assert_int_equal(wrapped.calls[STORE_FAULT_PUBLISH], 1);
    assert_int_equal(wrapped.manifest_bytes, 5);
    assert_int_equal(wrapped.calls[STORE_FAULT_GET], 1);
    assert_int_equal(wrapped.calls[STORE_FAULT_HAS], 1);
    assert_int_equal(wrapped.bytes_got, 100);
    assert_int_equal(wrapped.all, 6);
    store_fault_zero(&wrapped);
    assert_int_equal(wrapped.all + wrapped.calls[STORE_FAULT_PUT] + wrapped.bytes_put, 0);
    echo_store_close(&store);
    assert_int_equal(wrapped.calls[STORE_FAULT_CLOSE], 1);
}

static void test_fault_plans(void **state) {
    (void)state;
    echo_store store;
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"m", 1};
    echo_error err = ECHO_ERROR_INIT;
    OK(fresh_wrapped(NULL, &store));
    store_fault_plan(&wrapped, STORE_FAULT_PUT, 2, ECHO_ERR_IO);
    OK(store_put_made(&store, 1, 10, NULL, NULL));
    assert_false(store_fault_hit(&wrapped));
    assert_int_equal(store_put_made(&store, 2, 10, NULL, &err), ECHO_ERR_IO);
    assert_int_equal(err.code, ECHO_ERR_IO);
    assert_true(store_fault_hit(&wrapped));
    store_assert_absent(&store, 1, 10);
    assert_int_equal(store.ops->publish(store.ctx, &party, 0, manifest, NULL), ECHO_ERR_IO); /* puts were lost */
    OK(store.ops->rollback(store.ctx, NULL));
    OK(store_put_made(&store, 1, 10, NULL, NULL));
    store_fault_plan_from(&wrapped, STORE_FAULT_ANY, 2, ECHO_ERR_NOMEM);
    OK(store.ops->publish(store.ctx, &party, 0, manifest, NULL));
    bool there;
    echo_hash name = {{0}};
    assert_int_equal(store.ops->has(&there, store.ctx, &name, NULL), ECHO_ERR_NOMEM);
    assert_int_equal(store.ops->remove(store.ctx, &party, 1, NULL), ECHO_ERR_NOMEM);
    store_fault_plan(&wrapped, STORE_FAULT_ANY, 0, ECHO_OK);
    OK(store.ops->remove(store.ctx, &party, 1, NULL));
    echo_store_close(&store);
}

/* Another handle counts and fails with the first; what one lost, the other did not. */
static void test_fault_handles(void **state) {
    (void)state;
    echo_store store, twin, more[STORE_FAULT_HANDLES];
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"m", 1};
    OK(fresh_wrapped(NULL, &store));
    store_fault_plan(&wrapped, STORE_FAULT_REOPEN, 1, ECHO_ERR_IO);
    assert_int_equal(store.ops->reopen(&twin, store.ctx, NULL), ECHO_ERR_IO);
    assert_null(twin.ops);
    assert_true(store_fault_hit(&wrapped));
    OK(store.ops->reopen(&twin, store.ctx, NULL));
    assert_int_equal(wrapped.calls[STORE_FAULT_REOPEN], 2);

    store_fault_plan(&wrapped, STORE_FAULT_PUT, 3, ECHO_ERR_IO);
    OK(store_put_made(&store, 1, 10, NULL, NULL));
    OK(store.ops->publish(store.ctx, &party, 0, manifest, NULL));
    OK(store_put_made(&twin, 2, 10, NULL, NULL));
    assert_int_equal(store_put_made(&twin, 3, 10, NULL, NULL), ECHO_ERR_IO);
    assert_true(store_fault_hit(&wrapped));
    assert_int_equal(wrapped.calls[STORE_FAULT_PUT], 3);
    assert_int_equal(wrapped.bytes_put, 20);
    assert_int_equal(twin.ops->publish(twin.ctx, &party, 1, manifest, NULL), ECHO_ERR_IO);
    OK(store_put_made(&store, 4, 10, NULL, NULL));
    OK(twin.ops->rollback(twin.ctx, NULL));
    OK(store.ops->publish(store.ctx, &party, 1, manifest, NULL));
    store_assert_made(&twin, 4, 10);
    store_assert_absent(&twin, 2, 10);

    for (unsigned i = 2; i < STORE_FAULT_HANDLES; i++) OK(twin.ops->reopen(&more[i], twin.ctx, NULL));
    assert_int_equal(twin.ops->reopen(&more[0], twin.ctx, NULL), ECHO_ERR_LIMIT);
    assert_null(more[0].ops);
    echo_store_close(&store);
    OK(twin.ops->reopen(&store, twin.ctx, NULL)); /* in its place */
    for (unsigned i = 2; i < STORE_FAULT_HANDLES; i++) echo_store_close(&more[i]);
    echo_store_close(&store);
    store_assert_made(&twin, 1, 10);
    echo_store_close(&twin);
    assert_int_equal(wrapped.calls[STORE_FAULT_CLOSE], STORE_FAULT_HANDLES + 1);
}

/* Around a store that cannot be opened twice. */
static void test_fault_one_handle(void **state) {
    (void)state;
    echo_store inner, store, twin;
    OK(echo_store_new_memory(&inner));
    echo_store_ops bare = *inner.ops;
    bare.reopen = NULL;
    inner.ops = &bare;
    store = store_fault_wrap(&wrapped, inner);
    assert_false(echo__store_has(&store, ECHO__STORE_REOPEN));
    assert_int_equal(echo__store_reopen(&twin, &store, NULL), ECHO_ERR_UNSUPPORTED);
    OK(store_put_made(&store, 1, 10, NULL, NULL));
    echo_store_close(&store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),         cmocka_unit_test(test_required_hooks_alone),
        cmocka_unit_test(test_wrappers),      cmocka_unit_test(test_seen),
        cmocka_unit_test(test_fault_counts),  cmocka_unit_test(test_fault_plans),
        cmocka_unit_test(test_fault_handles), cmocka_unit_test(test_fault_one_handle),
    };
    const store_contract around = {"fault store around the one in memory", NULL, fresh_kept, again_wrapped, 0};
    int failed = cmocka_run_group_tests_name("what stores share", tests, NULL, NULL);
    failed += store_contract_run(&around);
    echo_store_close(&kept);
    return failed;
}
