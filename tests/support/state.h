/* The state of a party as one canonical text, to compare parties with each other and with what the original reports. */
#ifndef TESTS_STATE_H
#define TESTS_STATE_H

#include <echo/echo.h>

/* [{"deleted":true?,"id","model","parent","properties","type"},...] sorted by id, canonical JSON; free() it. */
char *state_of(echo_party *party);
/* The same of the "state" member (or the array itself) of a fixture's JSON file. */
char *state_expected(const char *path);
/* Two texts of state: fails naming the first item that differs. */
void assert_state_equal(const char *is, const char *expected);

/* Opens a folder's party; fails the test with the error otherwise. */
echo_party *party_open(const echo_party_options *options);
/* A registry with the object model. */
echo_registry *registry_object(void);
/* Fails with the error's text unless status is ECHO_OK. */
void assert_ok(echo_status status, const echo_error *err);

/* Writes n mutations over the party's object items in turn ("tail":i), and a new item with every tenth. */
void party_write_tail(echo_party *party, uint32_t generation, size_t n, uint64_t seed);
/* The digest of a snapshot of the party; takes one. */
echo_hash party_snapshot_digest(echo_party *party);

#endif
