/*
 * Peers: joining and catching up, as hosts meet them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/peers.h"
#include "support/state.h"

static void start(peers *p, size_t i) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_exchange_start(p->members[i].exchange, &err), &err);
}

/* A newcomer gets the snapshot and the blocks behind it, and none that it covers. */
static void test_join(void **state) {
    (void)state;
    peers p;
    wire w;
    echo_exchange_state s;
    peers_begin(&p, 1, 2);
    peers_open(&p, 0);
    peers_write(&p, 0, "item", 0, 300, "one");
    peers_snapshot(&p, 0);
    peers_write(&p, 0, "item", 100, 110, "behind");
    peers_exchange(&p, 0, NULL);
    peers_exchange(&p, 1, NULL);
    start(&p, 1);
    wire_open(&w, &p, 1, 0);
    wires_run(&w, 1, NULL, NULL);
    echo_exchange_state_get(&s, p.members[1].exchange);
    if (s.problem.code != ECHO_OK) fail_msg("%s", s.problem.message);
    assert_int_equal(s.dropped, 0);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_USABLE], 1);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_INSTALLED], 1);
    assert_int_equal(p.members[1].events[ECHO_EXCHANGE_UP_TO_DATE], 1);
    assert_int_equal(s.installed, 1);
    assert_int_equal(s.blocks_received, 10);
    assert_int_equal(s.items, 300);
    assert_int_equal(s.items_here, 300);
    assert_int_equal(s.covered, 302);
    peers_open(&p, 1);
    assert_int_equal(echo_party_report(p.members[1].party)->messages_read, 10);
    peers_assert_same(&p, 0, 1);
    wire_close(&w);
    peers_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_join)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
