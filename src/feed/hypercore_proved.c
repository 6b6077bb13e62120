#include "feed/hypercore_proved.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crypto.h"

typedef struct proof {
    echo_key feed;
    echo_hash id;
} proof;

void echo__hypercore_proved_init(echo__hypercore_proved *proved) { echo__map_init(&proved->feeds); }

void echo__hypercore_proved_free(echo__hypercore_proved *proved) {
    size_t at = 0;
    for (void *entry; (entry = echo__map_next(&proved->feeds, &at)) != NULL;) echo__free(entry);
    echo__map_free(&proved->feeds);
}

static void remember(echo__hypercore_proved *proved, proof *known, const echo_key *key, const echo_hash *id) {
    if (known == NULL) {
        known = echo__malloc(sizeof *known);
        if (known == NULL) return;
        known->feed = *key;
        if (!echo__map_put(&proved->feeds, known->feed.bytes, sizeof known->feed.bytes, known)) {
            echo__free(known);
            return;
        }
    }
    known->id = *id;
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
    proof *known = echo__map_get(&proved->feeds, key->bytes, sizeof key->bytes);
    if (known != NULL && echo__hash_equal(&known->id, &id)) return true;
    if (!echo__hypercore_signed(roots, signature, key, verifications)) return false;
    remember(proved, known, key, &id);
    return true;
}
