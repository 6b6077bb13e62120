/*
 * The rules by which a party admits feeds and keys (docs/FORMAT.md, "Admission").
 *
 * A credential is read and its signatures checked once, when it comes; what is left of it is a claim, authorised as
 * soon as one of its anchors is trusted. Trust only ever grows, so a claim that waits is looked at again whenever it
 * did.
 */
#include "feed/admission.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "feed/credentials_message.h"

#define WAITING_MAX 10000u

/* Keys in ascending order, each once. */
typedef struct key_set {
    echo_key *keys;
    size_t count;
    size_t cap;
} key_set;

struct echo__admission {
    echo_key party;
    bool has_genesis;
    key_set trusted;
    key_set feeds;
    echo__claim **waiting;
    size_t waiting_count;
    size_t waiting_cap;
    echo__verifier *verifier;
};

/* Where a key is, or is to be put. */
static size_t place_of(const key_set *set, const echo_key *key, bool *found) {
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (echo__key_compare(&set->keys[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < set->count && echo__key_equal(&set->keys[low], key);
    return low;
}

static bool has(const key_set *set, const echo_key *key) {
    bool found;
    (void)place_of(set, key, &found);
    return found;
}

/* There is room: see make_room. true when the key is new. */
static bool put(key_set *set, const echo_key *key) {
    bool found;
    size_t at = place_of(set, key, &found);
    if (found) return false;
    memmove(set->keys + at + 1, set->keys + at, (set->count - at) * sizeof *set->keys);
    set->keys[at] = *key;
    set->count++;
    return true;
}

static bool make_room(key_set *set, size_t more) {
    return echo__grow(&set->keys, &set->cap, set->count + more, sizeof *set->keys);
}

echo_status echo__admission_new(echo__admission **out, const echo_key *party) {
    *out = NULL;
    if (!echo__crypto_init()) return ECHO_ERR_IO;
    echo__admission *a = echo__calloc(1, sizeof *a);
    echo__verifier *verifier = echo__calloc(1, sizeof *verifier);
    if (a == NULL || verifier == NULL || !make_room(&a->trusted, 1)) {
        echo__free(verifier);
        echo__free(a);
        return ECHO_ERR_NOMEM;
    }
    echo__verifier_init(verifier);
    a->verifier = verifier;
    a->party = *party;
    (void)put(&a->trusted, party);
    *out = a;
    return ECHO_OK;
}

void echo__admission_free(echo__admission *admission) {
    if (admission == NULL) return;
    for (size_t i = 0; i < admission->waiting_count; i++) echo__free(admission->waiting[i]);
    echo__verifier_free(admission->verifier);
    echo__free(admission->verifier);
    echo__free(admission->waiting);
    echo__free(admission->trusted.keys);
    echo__free(admission->feeds.keys);
    echo__free(admission);
}

void echo__admission_adopt(echo__admission *admission, const echo__verifier *verifier) {
    echo__verifier_adopt(admission->verifier, verifier);
}

/* Whether it could ever admit something here. */
static bool concerns(const echo__admission *a, const echo__claim *claim) {
    return claim->kind != ECHO__CLAIM_NOTHING && claim->anchor_count > 0 && echo__key_equal(&claim->party, &a->party);
}

static bool authorised(const echo__admission *a, const echo__claim *claim) {
    for (size_t i = 0; i < claim->anchor_count; i++)
        if (has(&a->trusted, &claim->anchors[i])) return true;
    return false;
}

/* true when it admits nothing that is not admitted already. */
static bool pointless(const echo__admission *a, const echo__claim *claim) {
    switch (claim->kind) {
    case ECHO__CLAIM_KEY: return has(&a->trusted, &claim->member);
    case ECHO__CLAIM_FEED: return has(&a->feeds, &claim->feed);
    default: return false;
    }
}

static bool apply(echo__admission *a, const echo__claim *claim) {
    bool grew = false;
    if (claim->kind == ECHO__CLAIM_GENESIS) a->has_genesis = true;
    if (claim->kind != ECHO__CLAIM_FEED) grew |= put(&a->trusted, &claim->member);
    if (claim->kind != ECHO__CLAIM_KEY) grew |= put(&a->feeds, &claim->feed);
    return grew;
}

/* Applies the waiting claims that are authorised by now, until none is. */
static void settle(echo__admission *a) {
    for (bool grew = true; grew;) {
        grew = false;
        size_t kept = 0;
        for (size_t i = 0; i < a->waiting_count; i++) {
            echo__claim *claim = a->waiting[i];
            bool now = authorised(a, claim);
            if (now) grew |= apply(a, claim);
            if (now || pointless(a, claim))
                echo__free(claim);
            else
                a->waiting[kept++] = claim;
        }
        a->waiting_count = kept;
    }
}

/* Takes the claim over on success. All memory is had first, so that nothing is admitted by halves. */
static echo_status take(echo__admission *a, echo__claim *claim, bool *grew, echo_error *err) {
    bool now = authorised(a, claim);
    if (!now && a->waiting_count >= WAITING_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "more than %u credentials wait to be authorised", WAITING_MAX);
    size_t more = a->waiting_count + 1;
    if (!make_room(&a->trusted, more) || !make_room(&a->feeds, more) ||
        !echo__grow(&a->waiting, &a->waiting_cap, a->waiting_count + 1, sizeof(echo__claim *)))
        return echo__nomem(err);
    if (!now) {
        a->waiting[a->waiting_count++] = claim;
        return ECHO_OK;
    }
    *grew = apply(a, claim);
    echo__free(claim);
    if (*grew) settle(a);
    return ECHO_OK;
}

echo_status echo__admission_add(echo__admission *admission, const echo_key *feed, uint64_t seq, echo_bytes credential,
                                bool *grew, echo_error *err) {
    bool ignored;
    if (grew == NULL) grew = &ignored;
    *grew = false;
    echo__claim *claim;
    echo_status status = echo__claim_read(&claim, admission->verifier, credential, err);
    if (status == ECHO_OK) {
        if (!concerns(admission, claim) || pointless(admission, claim))
            echo__free(claim);
        else if ((status = take(admission, claim, grew, err)) != ECHO_OK)
            echo__free(claim);
    }
    if (status != ECHO_OK) echo__error_seq(err, feed, seq);
    return status;
}

echo_status echo__admission_accepts_outsider(const echo__admission *admission, const echo_key *feed,
                                             echo_bytes credential) {
    echo__claim *claim;
    echo_status status = echo__claim_read(&claim, admission->verifier, credential, NULL);
    if (status != ECHO_OK) return status == ECHO_ERR_NOMEM ? status : ECHO_ERR_REFUSED;
    bool accepts = concerns(admission, claim) && authorised(admission, claim) &&
                   (claim->kind == ECHO__CLAIM_GENESIS ||
                    (admission->has_genesis && claim->kind == ECHO__CLAIM_FEED && echo__key_equal(&claim->feed, feed)));
    echo__free(claim);
    return accepts ? ECHO_OK : ECHO_ERR_REFUSED;
}

bool echo__admission_has_genesis(const echo__admission *admission) { return admission->has_genesis; }

bool echo__admission_admits(const echo__admission *admission, const echo_key *feed) {
    return has(&admission->feeds, feed);
}

bool echo__admission_trusts(const echo__admission *admission, const echo_key *member) {
    return has(&admission->trusted, member);
}

size_t echo__admission_feed_count(const echo__admission *admission) { return admission->feeds.count; }

const echo_key *echo__admission_feed(const echo__admission *admission, size_t i) { return &admission->feeds.keys[i]; }
