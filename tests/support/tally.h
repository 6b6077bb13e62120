/*
 * Models that count their mutations, whatever these are, in any order: one with JSON hooks and one with raw hooks. A
 * state also depends on the item's type, as only `create` sees it, and some mutations are refused.
 */
#ifndef TESTS_TALLY_H
#define TESTS_TALLY_H

#include <echo/echo.h>

#define TALLY_JSON "test:model/tally"
#define TALLY_RAW "test:model/tally-raw"

void tally_register(echo_registry *registry);

#endif
