/*
 * What is refused before anything is exchanged, and the names of what is reported.
 */
#include "support/test.h"

#include <string.h>

#include "support/network.h"
#include "support/state.h"

static void test_wrong_options(void **state) {
    (void)state;
    network p;
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange *x = (echo_exchange *)&p; /* is cleared */
    network_begin(&p, 1, 1);
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    assert_int_equal(echo_exchange_new(NULL, &options, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_exchange_new(&x, NULL, &err), ECHO_ERR_INVALID);
    assert_null(x);
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID); /* no party */
    options.party = &p.party.public_key;
    options.store = &p.members[0].own;
    options.feeds = &p.members[0].feeds;
    options.version = 2;
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_VERSION);
    assert_int_equal(err.code, ECHO_ERR_VERSION);
    options.version = 1;
    options.trust = (echo_trust)(ECHO_TRUST_REPLAYED + 1);
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID);
    options.trust = ECHO_TRUST_SAMPLED; /* without models */
    assert_int_equal(echo_exchange_new(&x, &options, &err), ECHO_ERR_INVALID);
    assert_null(x);
    assert_int_equal(echo_exchange_start(NULL, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_exchange_step(NULL, 1, &err), ECHO_ERR_INVALID);
    network_end(&p);
}

static void test_wrong_peer_options(void **state) {
    (void)state;
    network p;
    echo_error err = ECHO_ERROR_INIT;
    echo_peer *peer = (echo_peer *)&p; /* is cleared */
    network_begin(&p, 2, 1);
    network_exchange(&p, 0, NULL);
    echo_exchange *x = p.members[0].exchange;
    echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
    assert_int_equal(echo_peer_open(NULL, x, &options, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_peer_open(&peer, NULL, &options, &err), ECHO_ERR_INVALID);
    assert_null(peer);
    assert_int_equal(echo_peer_open(&peer, x, NULL, &err), ECHO_ERR_INVALID);
    options.version = 2;
    assert_int_equal(echo_peer_open(&peer, x, &options, &err), ECHO_ERR_VERSION);
    assert_int_equal(err.code, ECHO_ERR_VERSION);
    options.version = 1;
    options.plain = true; /* without the peer's key */
    assert_int_equal(echo_peer_open(&peer, x, &options, &err), ECHO_ERR_INVALID);
    assert_null(peer);
    network_end(&p);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(echo_exchange_event_name(ECHO_EXCHANGE_EVENT_CONNECTED), "connected");
    assert_string_equal(echo_exchange_event_name(ECHO_EXCHANGE_EVENT_UP_TO_DATE), "up to date");
    assert_string_equal(echo_exchange_event_name(ECHO_EXCHANGE_EVENT_FAILED), "failed");
    assert_string_equal(echo_exchange_event_name(ECHO_EXCHANGE_EVENT_MAX_), "unknown");
    assert_string_equal(echo_exchange_phase_name(ECHO_EXCHANGE_PHASE_IDLE), "idle");
    assert_string_equal(echo_exchange_phase_name(ECHO_EXCHANGE_PHASE_TAIL), "blocks");
    assert_string_equal(echo_exchange_phase_name(ECHO_EXCHANGE_PHASE_CHECKING), "checking");
    assert_string_equal(echo_trust_name(ECHO_TRUST_RECEIVED), "received");
    assert_string_equal(echo_trust_name(ECHO_TRUST_REPLAYED), "replayed");
    assert_string_equal(echo_trust_name((echo_trust)9), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_wrong_peer_options),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
