#include "feed/hypercore_proved.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"

typedef struct proof {
    echo_key feed;
    bool is_signed, is_vouched;
    echo_hash id; /* of what is signed, and by what */
    uint64_t length;
    echo_hash root; /* that somebody vouched for, at `length` */
} proof;

void echo__hypercore_proved_init(echo__hypercore_proved *proved) {
    memset(proved, 0, sizeof *proved);
    echo__map_init(&proved->feeds);
}

void echo__hypercore_proved_free(echo__hypercore_proved *proved) {
    size_t at = 0;
    for (void *entry; (entry = echo__map_next(&proved->feeds, &at)) != NULL;) echo__free(entry);
    echo__map_free(&proved->feeds);
    sodium_memzero(&proved->own, sizeof proved->own);
}

static proof *find(const echo__hypercore_proved *proved, const echo_key *key) {
    return echo__map_get(&proved->feeds, key->bytes, sizeof key->bytes);
}

/* The feed's entry, which may be new; NULL: no memory, and nothing is remembered. */
static proof *entry_of(echo__hypercore_proved *proved, const echo_key *key) {
    proof *known = find(proved, key);
    if (known != NULL) return known;
    known = echo__calloc(1, sizeof *known);
    if (known == NULL) return NULL;
    known->feed = *key;
    if (echo__map_put(&proved->feeds, known->feed.bytes, sizeof known->feed.bytes, known)) return known;
    echo__free(known);
    return NULL;
}

bool echo__hypercore_proved_check(echo__hypercore_proved *proved, const echo__hypercore_roots *roots,
                                  const uint8_t signature[ECHO__HYPERCORE_SIGNATURE], const echo_key *key,
                                  uint64_t *verifications) {
    if (proved == NULL) return echo__hypercore_signed(roots, signature, key, verifications);
    uint8_t message[40]; /* it has the length and the hash of the roots */
    echo_hash id;
    echo__hypercore_signable(message, roots);
    const echo_bytes parts[] = {echo__bytes(key->bytes, sizeof key->bytes),
                                echo__bytes(signature, ECHO__HYPERCORE_SIGNATURE),
                                echo__bytes(message, sizeof message)};
    echo__hash_parts(&id, parts, 3);
    proof *known = find(proved, key);
    if (known != NULL && known->is_vouched && known->length == roots->length &&
        memcmp(known->root.bytes, message, sizeof known->root.bytes) == 0)
        return true;
    if (known != NULL && known->is_signed && echo__hash_equal(&known->id, &id)) return true;
    if (!echo__hypercore_signed(roots, signature, key, verifications)) return false;
    known = entry_of(proved, key);
    if (known == NULL) return true;
    known->id = id;
    known->is_signed = true;
    return true;
}

void echo__hypercore_proved_vouch(echo__hypercore_proved *proved, const echo_key *feed, uint64_t length,
                                  const echo_hash *root) {
    proof *known = entry_of(proved, feed);
    if (known == NULL) return;
    known->length = length;
    known->root = *root;
    known->is_vouched = true;
}

void echo__hypercore_proved_own(echo__hypercore_proved *proved, const echo_keypair *own) {
    proved->own = *own;
    proved->has_own = true;
}

bool echo__hypercore_proved_is_own(const echo__hypercore_proved *proved, const echo_keypair *keys) {
    return proved != NULL && proved->has_own && echo__key_equal(&proved->own.public_key, &keys->public_key) &&
           sodium_memcmp(proved->own.secret, keys->secret, sizeof keys->secret) == 0;
}
