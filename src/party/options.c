#include "party/options.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/name.h"
#include "feed/codec.h"
#include "feed/feeds.h"
#include "store/store.h"

#define XX(name, text) text,
static const char *const levels[] = {ECHO_VERIFY_LEVEL_MAP(XX)};
#undef XX

const char *echo_verify_level_name(echo_verify_level level) { return ECHO__NAME(levels, level); }

static uint64_t monotonic_ns(void *arg) {
    (void)arg;
    return echo__now_ns();
}

static echo_status check_policy(const echo_snapshot_policy *policy, echo_error *err) {
    if (policy == NULL) return ECHO_OK;
    if (policy->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "the snapshot policy has version %u, this library knows 1",
                           policy->version);
    if (policy->share < 1 || policy->share > 100)
        return echo__error(err, ECHO_ERR_INVALID, "the snapshot policy's share is %u, not 1 to 100", policy->share);
    if (!(policy->write_factor >= 0))
        return echo__error(err, ECHO_ERR_INVALID, "the snapshot policy's write_factor is not a number of 0 or more");
    return ECHO_OK;
}

echo_status echo__options_check(const echo_party_options *options, echo_error *err) {
    if (options == NULL) return echo__error(err, ECHO_ERR_INVALID, "options is NULL");
    if (options->version != 1)
        return echo__error(err, ECHO_ERR_VERSION, "options have version %u, this library knows 1", options->version);
    if (options->models == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "options.models is NULL: a registry of models is required");
    if (options->dir == NULL && options->feeds == NULL)
        return echo__error(err, ECHO_ERR_INVALID, "options set neither a folder nor feeds");
    echo_status status = options->feeds != NULL ? echo__feeds_check(options->feeds, err) : ECHO_OK;
    if (status != ECHO_OK) return status;
    if (options->codec != NULL) status = echo__codec_check(options->codec, err);
    if (status != ECHO_OK) return status;
    if (!echo__crypto_ready(err)) return ECHO_ERR_IO;
    status = check_policy(options->policy, err);
    if (status != ECHO_OK || options->store == NULL) return status;
    return echo__store_check(options->store, err);
}

void echo__options_take(echo_party_options *out, echo_snapshot_policy *policy, const echo_party_options *options) {
    static const echo_snapshot_policy usual = ECHO_SNAPSHOT_POLICY_INIT;
    *out = *options;
    if (out->clock == NULL) out->clock = monotonic_ns;
    *policy = out->policy != NULL ? *out->policy : usual;
    out->policy = NULL;
    if (out->use_snapshots) return;
    policy->manual = true; /* those that exist are not harmed: none is begun unasked, none is removed */
    policy->keep = 0;
}
