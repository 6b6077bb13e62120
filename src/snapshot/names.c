/*
 * The names of the enumerations in echo/snapshot.h.
 */
#include <echo/snapshot.h>

#include "base/name.h"

#define XX(name, text) text,
static const char *const reasons[] = {ECHO_SNAPSHOT_REASON_MAP(XX)};
static const char *const phases[] = {ECHO_SNAPSHOT_PHASE_MAP(XX)};
static const char *const changes[] = {ECHO_CHANGE_MAP(XX)};
static const char *const verdicts[] = {ECHO_VERDICT_MAP(XX)};
static const char *const kinds[] = {ECHO_DIFFERENCE_KIND_MAP(XX)};
#undef XX

const char *echo_snapshot_reason_name(echo_snapshot_reason reason) { return ECHO__NAME(reasons, reason); }
const char *echo_snapshot_phase_name(echo_snapshot_phase phase) { return ECHO__NAME(phases, phase); }
const char *echo_change_name(echo_change change) { return ECHO__NAME(changes, change); }
const char *echo_verdict_name(echo_verdict verdict) { return ECHO__NAME(verdicts, verdict); }
const char *echo_difference_kind_name(echo_difference_kind kind) { return ECHO__NAME(kinds, kind); }
