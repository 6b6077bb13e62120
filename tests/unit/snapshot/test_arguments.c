/*
 * What echo/snapshot.h does with arguments that may not be: a NULL where none may be is ECHO_ERR_INVALID, options of
 * another version are ECHO_ERR_VERSION, and both are said in err. And the names of the enumerations.
 */
#include "unit/snapshot/gc_support.h"

typedef struct given {
    echo_store store, broken;
    echo_key party;
    echo_party_options options, other_version, other_policy;
    echo_gc_options gc_version;
    echo_copy_options copy_version;
    echo_hash digest;
    echo_difference_report report;
    echo_party *none;
} given;

static echo_status any_snapshot(void *arg, const echo_snapshot_info *info) {
    (void)arg;
    return info->status;
}

static echo_status any_record(void *arg, const char *id, echo_bytes line) {
    (void)arg;
    return id != NULL && line.data != NULL ? ECHO_OK : ECHO_ERR_INVALID;
}

static echo_status any_advice(void *arg, const echo_prune_advice *advice) {
    (void)arg;
    return advice != NULL ? ECHO_OK : ECHO_ERR_INVALID;
}

typedef struct argument {
    const char *what;
    echo_status (*call)(given *g, echo_error *err);
    echo_status expected;
} argument;

/* Each is a function of its own, so that a table can hold it. */
#define CALLS(XX)                                                                                                      \
    XX(restore_out, INVALID, echo_party_restore(NULL, &g->options, err))                                               \
    XX(restore_options, INVALID, echo_party_restore(&g->none, NULL, err))                                              \
    XX(restore_version, VERSION, echo_party_restore(&g->none, &g->other_version, err))                                 \
    XX(restore_policy_version, VERSION, echo_party_restore(&g->none, &g->other_policy, err))                           \
    XX(snapshot_party, INVALID, echo_party_snapshot(NULL, NULL, err))                                                  \
    XX(start_party, INVALID, echo_party_snapshot_start(NULL, err))                                                     \
    XX(switch_place, INVALID, echo_party_switch(NULL, NULL, NULL, err))                                                \
    XX(switch_party, INVALID, echo_party_switch(&g->none, NULL, NULL, err))                                            \
    XX(list_store, INVALID, echo_snapshot_list(NULL, &g->party, any_snapshot, NULL, err))                              \
    XX(list_table, INVALID, echo_snapshot_list(&g->broken, &g->party, any_snapshot, NULL, err))                        \
    XX(list_party, INVALID, echo_snapshot_list(&g->store, NULL, any_snapshot, NULL, err))                              \
    XX(list_callback, INVALID, echo_snapshot_list(&g->store, &g->party, NULL, NULL, err))                              \
    XX(records_store, INVALID, echo_snapshot_records(NULL, &g->party, 0, any_record, NULL, err))                       \
    XX(records_party, INVALID, echo_snapshot_records(&g->store, NULL, 0, any_record, NULL, err))                       \
    XX(records_callback, INVALID, echo_snapshot_records(&g->store, &g->party, 0, NULL, NULL, err))                     \
    XX(verify_store, INVALID, echo_snapshot_verify(NULL, &g->party, 0, err))                                           \
    XX(verify_table, INVALID, echo_snapshot_verify(&g->broken, &g->party, 0, err))                                     \
    XX(verify_party, INVALID, echo_snapshot_verify(&g->store, NULL, 0, err))                                           \
    XX(replay_digest, INVALID, echo_snapshot_replay(NULL, &g->options, &g->store, 0, err))                             \
    XX(replay_options, INVALID, echo_snapshot_replay(&g->digest, NULL, &g->store, 0, err))                             \
    XX(replay_version, VERSION, echo_snapshot_replay(&g->digest, &g->other_version, &g->store, 0, err))                \
    XX(replay_store, INVALID, echo_snapshot_replay(&g->digest, &g->options, NULL, 0, err))                             \
    XX(compare_out, INVALID, echo_snapshot_compare(NULL, &g->store, 1, &g->store, 2, &g->party, NULL, NULL, err))      \
    XX(compare_a, INVALID, echo_snapshot_compare(&g->report, NULL, 1, &g->store, 2, &g->party, NULL, NULL, err))       \
    XX(compare_b, INVALID, echo_snapshot_compare(&g->report, &g->store, 1, NULL, 2, &g->party, NULL, NULL, err))       \
    XX(compare_party, INVALID, echo_snapshot_compare(&g->report, &g->store, 1, &g->store, 2, NULL, NULL, NULL, err))   \
    XX(copy_to, INVALID, echo_snapshot_copy(NULL, NULL, &g->store, &g->party, NULL, err))                              \
    XX(copy_to_table, INVALID, echo_snapshot_copy(NULL, &g->broken, &g->store, &g->party, NULL, err))                  \
    XX(copy_from, INVALID, echo_snapshot_copy(NULL, &g->store, NULL, &g->party, NULL, err))                            \
    XX(copy_from_table, INVALID, echo_snapshot_copy(NULL, &g->store, &g->broken, &g->party, NULL, err))                \
    XX(copy_party, INVALID, echo_snapshot_copy(NULL, &g->store, &g->store, NULL, NULL, err))                           \
    XX(copy_version, VERSION, echo_snapshot_copy(NULL, &g->store, &g->store, &g->party, &g->copy_version, err))        \
    XX(pin_store, INVALID, echo_snapshot_pin(NULL, &g->party, 1, true, err))                                           \
    XX(pin_party, INVALID, echo_snapshot_pin(&g->store, NULL, 1, true, err))                                           \
    XX(gc_store, INVALID, echo_snapshot_gc(NULL, NULL, NULL, err))                                                     \
    XX(gc_table, INVALID, echo_snapshot_gc(NULL, &g->broken, NULL, err))                                               \
    XX(gc_version, VERSION, echo_snapshot_gc(NULL, &g->store, &g->gc_version, err))                                    \
    XX(advice_store, INVALID, echo_snapshot_prune_advice(NULL, &g->party, any_advice, NULL, err))                      \
    XX(advice_party, INVALID, echo_snapshot_prune_advice(&g->store, NULL, any_advice, NULL, err))                      \
    XX(advice_callback, INVALID, echo_snapshot_prune_advice(&g->store, &g->party, NULL, NULL, err))

#define XX(name, code, expression)                                                                                     \
    static echo_status name(given *g, echo_error *err) {                                                               \
        (void)g;                                                                                                       \
        return expression;                                                                                             \
    }
CALLS(XX)
#undef XX

static void test_arguments(void **state) {
    (void)state;
#define XX(name, code, expression) {#name, name, ECHO_ERR_##code},
    static const argument arguments[] = {CALLS(XX)};
#undef XX
    echo_registry *models;
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    given g = {.party = store_party(1),
               .options = ECHO_PARTY_OPTIONS_INIT,
               .gc_version = ECHO_GC_OPTIONS_INIT,
               .copy_version = ECHO_COPY_OPTIONS_INIT,
               .broken = {NULL, NULL}};
    assert_ok(echo_store_new_memory(&g.store));
    assert_ok(echo_registry_new(&models));
    gc_publish(&g.store, 1, 0, 0);
    gc_publish(&g.store, 1, 1, 1);
    g.options.models = models;
    g.options.dir = "/nonexistent/folder";
    g.other_version = g.other_policy = g.options;
    g.other_version.version = 9;
    policy.version = 9;
    g.other_policy.policy = &policy;
    g.gc_version.version = 9;
    g.copy_version.version = 9;
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        echo_error err = ECHO_ERROR_INIT;
        echo_status status = arguments[i].call(&g, &err);
        if (status != arguments[i].expected || err.code != status || err.message[0] == '\0')
            fail_msg("%s: %s, %s", arguments[i].what, echo_status_name(status), err.message);
        assert_int_equal(arguments[i].call(&g, NULL), status);
        assert_null(g.none);
    }
    assert_numbers(&g.store, 1, "2 1"); /* and nothing was done */
    echo_registry_free(models);
    echo_store_close(&g.store);
}

/* What returns nothing does nothing. */
static void test_no_party(void **state) {
    (void)state;
    echo_snapshot_state out;
    memset(&out, 0xff, sizeof out);
    echo_party_snapshot_cancel(NULL);
    echo_party_snapshot_state_get(NULL, NULL);
    echo_party_snapshot_state_get(&out, NULL);
    assert_int_equal(out.phase, ECHO_SNAPSHOT_PHASE_IDLE);
    assert_int_equal(out.taken, 0);
}

/* Numbers are part of the interface, and each has a name of its own. */
static void test_names(void **state) {
    (void)state;
    assert_int_equal(ECHO_SNAPSHOT_PHASE_FINISH, 4);
    assert_int_equal(ECHO_CHANGE_REMOVED, 2);
    assert_int_equal(ECHO_VERDICT_DIVERGED, 2);
    assert_int_equal(ECHO_DIFFERENCE_LOG, 4);
    assert_string_equal(echo_snapshot_reason_name(ECHO_SNAPSHOT_REASON_AGE), "age");
    assert_string_equal(echo_snapshot_phase_name(ECHO_SNAPSHOT_PHASE_IDLE), "idle");
    assert_string_equal(echo_snapshot_phase_name(ECHO_SNAPSHOT_PHASE_FINISH), "finish");
    assert_string_equal(echo_change_name(ECHO_CHANGE_ADDED), "added");
    assert_string_equal(echo_change_name(ECHO_CHANGE_REMOVED), "removed");
    assert_string_equal(echo_verdict_name(ECHO_VERDICT_COVERED), "covered");
    assert_string_equal(echo_verdict_name(ECHO_VERDICT_DIVERGED), "diverged");
    assert_string_equal(echo_difference_kind_name(ECHO_DIFFERENCE_HEAD), "head");
    assert_string_equal(echo_difference_kind_name(ECHO_DIFFERENCE_LOG), "log");
    assert_string_equal(echo_snapshot_reason_name((echo_snapshot_reason)(ECHO_SNAPSHOT_REASON_AGE + 1)), "unknown");
    assert_string_equal(echo_snapshot_phase_name((echo_snapshot_phase)5), "unknown");
    assert_string_equal(echo_change_name((echo_change)3), "unknown");
    assert_string_equal(echo_verdict_name((echo_verdict)3), "unknown");
    assert_string_equal(echo_verify_level_name(ECHO_VERIFY_ROOT), "root");
    assert_string_equal(echo_verify_level_name(ECHO_VERIFY_FULL), "full");
    assert_string_equal(echo_verify_level_name((echo_verify_level)2), "unknown");
    assert_string_equal(echo_difference_kind_name((echo_difference_kind)5), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_arguments), cmocka_unit_test(test_no_party),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
