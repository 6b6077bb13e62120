#include "exchange/fetch.h"

#include "base/crypto.h"
#include "exchange/attest.h"
#include "exchange/event.h"
#include "exchange/fetch_blocks.h"
#include "exchange/fetch_chunks.h"
#include "exchange/here.h"
#include "exchange/install.h"
#include "exchange/members.h"
#include "exchange/offers.h"
#include "exchange/peer.h"
#include "exchange/plan.h"
#include "exchange/replay.h"
#include "exchange/roots.h"
#include "exchange/target.h"

void echo__fetch_end(echo_exchange *x) {
    echo__target_end(x);
    echo__fetch_blocks_end(x);
}

/* ---- parts: what is done in a phase. The first step that is not done is the answer ---- */

static echo__outcome members(echo_exchange *x, echo_error *why) {
    echo__outcome outcome = echo__fetch_chunks_credentials(x, why);
    if (outcome == ECHO__DONE) outcome = echo__members_admit(x, why);
    if (outcome == ECHO__DONE) outcome = echo__attest_author(x, why);
    return outcome;
}

static bool is_checked(const echo_exchange *x) { return x->options.trust >= ECHO_TRUST_SAMPLED; }

/* DONE also when the messages cost less than the rest of the chunks. */
static echo__outcome items(echo_exchange *x, echo_error *why) {
    echo__outcome outcome = echo__fetch_chunks_items(x, why);
    if (outcome == ECHO__LOST || outcome == ECHO__BAD || outcome == ECHO__FAILED) return outcome;
    if (echo__fetch_chunks_cost_more(x)) return ECHO__DONE;
    if (outcome == ECHO__DONE) outcome = echo__attest_enough(x, why);
    if (outcome == ECHO__DONE) outcome = echo__fetch_chunks_store(x, why);
    if (outcome == ECHO__DONE && !is_checked(x)) outcome = echo__install_target(x, why);
    return outcome;
}

static echo__outcome tail(echo_exchange *x, echo_error *why) { return echo__fetch_blocks_step(x, false, why); }

static echo__outcome check(echo_exchange *x, echo_error *why) {
    echo__outcome outcome = echo__fetch_blocks_step(x, true, why);
    if (outcome == ECHO__DONE) outcome = echo__roots_check_target(x, why);
    if (outcome == ECHO__DONE) outcome = echo__replay_target(x, why);
    if (outcome == ECHO__DONE) outcome = echo__install_target(x, why);
    return outcome;
}

/* ---- moves: what an outcome leads to, and the next phase ---- */

/* A local failure, not of a peer: the host may start again. */
static echo_exchange_phase fail(echo_exchange *x, const echo_error *why) {
    x->state.problem = *why;
    echo__fetch_end(x);
    echo__event_notify(x, ECHO_EXCHANGE_EVENT_FAILED, NULL, why);
    return ECHO_EXCHANGE_PHASE_IDLE;
}

/* Blocks: all of them to check the target, or those that no snapshot covers. */
static echo_exchange_phase fetch_blocks(echo_exchange *x, bool whole) {
    echo_error problem = ECHO_ERROR_INIT;
    if (echo__fetch_blocks_begin(x, whole, &problem) != ECHO_OK) return fail(x, &problem);
    return whole ? ECHO_EXCHANGE_PHASE_CHECKING : ECHO_EXCHANGE_PHASE_TAIL;
}

static echo_exchange_phase fetch_target(echo_exchange *x, const echo__offer *offer, uint64_t instead) {
    echo_error problem = ECHO_ERROR_INIT;
    if (echo__target_begin(x, offer, &problem) != ECHO_OK) return fail(x, &problem);
    x->instead = instead;
    return ECHO_EXCHANGE_PHASE_MEMBERS;
}

static echo__plan make_plan(const echo_exchange *x, const echo__plan_facts *facts) {
    /* With nothing present the snapshot comes first: the party is usable long before its history has arrived. */
    if (echo__here_party(x) == NULL || facts->base.items == 0)
        return facts->covered > 0 ? ECHO__PLAN_CHUNKS : ECHO__PLAN_TAIL;
    return is_checked(x) ? ECHO__PLAN_TAIL : echo__plan_make(facts); /* the blocks are needed in any case */
}

static echo_exchange_phase plan(echo_exchange *x, const echo_error *why) {
    echo_peer *best = echo__offers_best(x);
    echo__plan_facts facts;
    (void)why;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) peer->offer.considered = peer->offer.here;
    x->state.by_chunks = false;
    if (best == NULL) return fetch_blocks(x, false);
    echo__offers_weigh(&facts, x, &best->offer);
    echo__plan chosen = make_plan(x, &facts);
    x->state.by_chunks = chosen != ECHO__PLAN_TAIL;
    if (!x->state.by_chunks) return fetch_blocks(x, false);
    return fetch_target(x, &best->offer, chosen == ECHO__PLAN_TRY ? facts.covered_bytes : 0);
}

static echo_exchange_phase fetch_items(echo_exchange *x, const echo_error *why) {
    (void)x, (void)why;
    return ECHO_EXCHANGE_PHASE_ITEMS;
}

static echo_exchange_phase end_items(echo_exchange *x, const echo_error *why) {
    (void)why;
    if (!echo__fetch_chunks_cost_more(x)) return fetch_blocks(x, is_checked(x));
    x->state.by_chunks = false; /* what arrived stays in the store, as garbage */
    echo__target_end(x);
    return fetch_blocks(x, false);
}

/* The target cannot be fetched as planned: peers are asked for offers again. What arrived is kept. */
static echo_exchange_phase ask_again(echo_exchange *x, const echo_error *why) {
    (void)why;
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (echo__target_is_offered(x, peer) && peer->lacks) echo__offers_blame(x, peer);
    echo__fetch_end(x);
    echo__offers_forget(x);
    return ECHO_EXCHANGE_PHASE_ASKING;
}

/* Planned again from the offers that are known, and those of peers that connect. */
static echo_exchange_phase plan_again(echo_exchange *x, const echo_error *why) {
    (void)why;
    echo__fetch_end(x);
    return ECHO_EXCHANGE_PHASE_ASKING;
}

/* Too few members vouch for it now; in a later fetch it may be more. */
static void refuse_target(echo_exchange *x, const echo_error *why) {
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next) {
        if (!echo__target_is_offered(x, peer) || peer->over) continue;
        peer->lacks = peer->has_lacked = true;
        peer->lacked = x->target_digest;
        echo__peer_reject(peer, ECHO__REJECT_SIGNATURE, why);
    }
}

/* Whoever made the manifest is to blame, not who sent a chunk. When no member vouches for the manifest, or it names
 * other feeds, others may still offer the same state in one that is right. */
static void ban_target(echo_exchange *x, const echo_error *why) {
    echo_hash hash = x->target_digest;
    bool manifest = why->code == ECHO_ERR_SIGNATURE || why->code == ECHO_ERR_CONFLICT;
    if (manifest) echo__hash(&hash, x->target_text.data, x->target_text.len);
    echo__offers_ban(x, &hash, why, why->code == ECHO_ERR_SIGNATURE ? ECHO__REJECT_SIGNATURE : ECHO__REJECT_WRONG);
}

static echo_exchange_phase reject(echo_exchange *x, const echo_error *why) {
    if (why->code == ECHO_ERR_REFUSED)
        refuse_target(x, why);
    else
        ban_target(x, why);
    return ask_again(x, why);
}

/* The feeds give another state, or no peer has the blocks that would prove it. */
static echo_exchange_phase reject_checked(echo_exchange *x, const echo_error *why) {
    ban_target(x, why);
    return plan_again(x, why);
}

/* A peer that connected while others were fetched from has not answered, or its offer was not planned with. */
static bool has_newcomer(const echo_exchange *x) {
    for (const echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        if (!peer->over && !peer->finished && (!peer->connected || (peer->serves && !peer->offer.considered)))
            return true;
    return false;
}

static echo_exchange_phase end(echo_exchange *x, const echo_error *why) {
    if (has_newcomer(x)) return plan_again(x, why);
    echo__fetch_end(x);
    echo__event_notify(x, ECHO_EXCHANGE_EVENT_UP_TO_DATE, NULL, NULL);
    return ECHO_EXCHANGE_PHASE_IDLE;
}

/* ---- the table ---- */

typedef echo_exchange_phase (*move_fn)(echo_exchange *x, const echo_error *why);

/* A cell is NULL where the part has no such outcome. In TAIL and CHECKING LOST means that no peer is left to ask. */
/* clang-format off */
static const struct {
    echo__outcome (*part)(echo_exchange *x, echo_error *why);
    move_fn done, lost, bad, failed;
} phases[] = {
    /*                               part               DONE         LOST        BAD             FAILED */
    [ECHO_EXCHANGE_PHASE_ASKING]   = {echo__offers_step, plan,        NULL,       NULL,           fail},
    [ECHO_EXCHANGE_PHASE_MEMBERS]  = {members,           fetch_items, ask_again,  reject,         fail},
    [ECHO_EXCHANGE_PHASE_ITEMS]    = {items,             end_items,   ask_again,  reject,         fail},
    [ECHO_EXCHANGE_PHASE_TAIL]     = {tail,              end,         plan_again, NULL,           fail},
    [ECHO_EXCHANGE_PHASE_CHECKING] = {check,             end,         plan_again, reject_checked, fail},
};
/* clang-format on */

static move_fn next_move(echo_exchange_phase phase, echo__outcome outcome) {
    switch (outcome) {
    case ECHO__DONE: return phases[phase].done;
    case ECHO__LOST: return phases[phase].lost;
    case ECHO__BAD: return phases[phase].bad;
    case ECHO__FAILED: return phases[phase].failed;
    default: return NULL;
    }
}

void echo__fetch_conclude(echo_exchange *x, const echo__report *report) {
    move_fn move = next_move(x->phase, report->outcome);
    if (move != NULL) x->phase = move(x, &report->why);
}

void echo__fetch_start(echo_exchange *x) {
    if (x->phase != ECHO_EXCHANGE_PHASE_IDLE) return;
    x->phase = ECHO_EXCHANGE_PHASE_ASKING;
    x->state.problem = (echo_error)ECHO_ERROR_INIT;
    x->blamed_count = 0;
    for (echo_peer *peer = x->peers; peer != NULL; peer = peer->next)
        peer->asked = peer->offer.here = peer->has_lacked = false;
}

void echo__fetch_step(echo_exchange *x) {
    echo_exchange_phase before;
    if (x->phase == ECHO_EXCHANGE_PHASE_IDLE) return;
    echo__offers_ask(x);
    do {
        echo__report report = {ECHO__MORE, ECHO_ERROR_INIT};
        before = x->phase;
        report.outcome = phases[before].part(x, &report.why);
        echo__fetch_conclude(x, &report);
    } while (x->phase > before); /* forward only: what leads back goes on with the next step */
}
