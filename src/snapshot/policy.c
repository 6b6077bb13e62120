#include "snapshot/policy.h"

#include "tree/estimate.h"

#define FIRST_FACTOR 2.0 /* bytes of records for each byte of the feeds, before there is a snapshot to tell */
#define RATIO_LEAST 64u  /* in 1/1024 */
#define RATIO_MOST 4096u

static const uint64_t ms = 1000000u;

/* ---- what a snapshot would write ---- */

uint64_t echo__policy_bytes(const echo__policy *policy, const echo__root *root, uint64_t changed, uint64_t tail_bytes) {
    if (changed == 0) return 0;
    double run = (double)(1u << ECHO__TREE_BITS), k = (double)changed;
    if (root->items == 0) return (uint64_t)(FIRST_FACTOR * (double)tail_bytes);
    double record = (double)root->bytes / (double)root->items,
           items = (double)root->items > k ? (double)root->items : k;
    double places = items / run, bytes = 0, line = record;
    for (uint32_t level = 0; level <= root->height && level <= ECHO__TREE_HEIGHT_MAX; level++) {
        if (places < 1) places = 1;
        bytes += echo__estimate_hit(places, k) * (places > 1 ? run : items < run ? items : run) * line;
        places /= run;
        line = ECHO__ESTIMATE_ENTRY_BYTES;
        items /= run;
    }
    if (policy->write_ratio > 0) bytes = bytes * (double)policy->write_ratio / 1024;
    return (uint64_t)bytes;
}

uint64_t echo__policy_leaves(const echo__root *root, uint64_t items) {
    if (root->items == 0) return 0;
    if (root->bytes > ECHO__CHUNK_KEEP) return items;
    return (uint64_t)echo__estimate_hit((double)root->items / (1u << ECHO__TREE_BITS) + 1, (double)items) + 1;
}

/* ---- the decision ---- */

/* Milliseconds of the host's, which may be any number. */
static uint64_t ns_of(uint64_t milliseconds) { return milliseconds > UINT64_MAX / ms ? UINT64_MAX : milliseconds * ms; }

static echo_snapshot_reason leg(const echo_snapshot_policy *rules, const echo__policy_facts *f) {
    if (rules->messages > 0 && f->messages >= rules->messages) return ECHO_SNAPSHOT_REASON_MESSAGES;
    if (rules->bytes > 0 && f->bytes >= rules->bytes) return ECHO_SNAPSHOT_REASON_BYTES;
    if (rules->age_ms > 0 && f->first_ns > 0 && f->now_ns - f->first_ns >= ns_of(rules->age_ms))
        return ECHO_SNAPSHOT_REASON_AGE;
    return ECHO_SNAPSHOT_REASON_NONE;
}

/* Where opening is slow without any message, a snapshot has to be worth it all the same. */
static bool opens_slowly(const echo_snapshot_policy *rules, const echo__policy_facts *f) {
    if (rules->open_ns == 0 || f->expected_open_ns < rules->open_ns / 5 * 4) return false;
    return f->expected_open_ns - f->base_open_ns >= rules->open_ns / 4;
}

static bool affordable(const echo_snapshot_policy *rules, const echo__policy_facts *f) {
    return rules->write_factor <= 0 || (double)f->expected_bytes <= rules->write_factor * (double)f->bytes;
}

static bool is_quiet(const echo__policy *policy, const echo_snapshot_policy *rules, const echo__policy_facts *f) {
    if (rules->quiet_ms == 0 || f->now_ns - policy->wanted_ns >= ns_of(rules->patience_ms)) return true;
    return f->now_ns - f->last_ns >= ns_of(rules->quiet_ms);
}

echo_snapshot_reason echo__policy_decide(echo__policy *policy, const echo_snapshot_policy *rules,
                                         const echo__policy_facts *f) {
    if (rules->manual || f->messages == 0 || f->now_ns < policy->retry_ns) return ECHO_SNAPSHOT_REASON_NONE;
    if (opens_slowly(rules, f)) return ECHO_SNAPSHOT_REASON_OPENING;
    if (f->memory > 0 && f->held >= f->memory / 2) return ECHO_SNAPSHOT_REASON_MEMORY;
    echo_snapshot_reason reason = leg(rules, f);
    if (reason == ECHO_SNAPSHOT_REASON_NONE || !affordable(rules, f)) {
        policy->wanted_ns = 0;
        return ECHO_SNAPSHOT_REASON_NONE;
    }
    if (policy->wanted_ns == 0) policy->wanted_ns = f->now_ns;
    return is_quiet(policy, rules, f) ? reason : ECHO_SNAPSHOT_REASON_NONE;
}

/* ---- how it went ---- */

/* The next one leaves the machine alone for as long as this one took. */
void echo__policy_succeeded(echo__policy *policy, uint64_t began_ns, uint64_t now_ns, uint64_t expected_bytes,
                            uint64_t bytes) {
    policy->wanted_ns = 0;
    policy->retry_ns = now_ns + (now_ns - began_ns);
    if (expected_bytes == 0 || bytes == 0) return;
    double ratio = 1024 * (double)bytes / (double)expected_bytes;
    if (ratio < RATIO_LEAST) ratio = RATIO_LEAST;
    if (ratio > RATIO_MOST) ratio = RATIO_MOST;
    policy->write_ratio = policy->write_ratio == 0 ? (uint64_t)ratio : (3 * policy->write_ratio + (uint64_t)ratio) / 4;
}

void echo__policy_failed(echo__policy *policy, const echo_snapshot_policy *rules, uint64_t now_ns) {
    uint64_t wait = rules->retry_ms;
    for (uint64_t i = 0; i < policy->failed && wait < rules->retry_max_ms; i++)
        wait = wait > rules->retry_max_ms / 2 ? rules->retry_max_ms : wait * 2;
    if (wait > rules->retry_max_ms) wait = rules->retry_max_ms;
    policy->failed++;
    policy->wanted_ns = 0;
    policy->retry_ns = ns_of(wait) > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + ns_of(wait);
}
