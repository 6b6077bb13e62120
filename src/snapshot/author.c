#include "snapshot/author.h"

#include "base/error.h"
#include "feed/credentials.h"
#include "snapshot/credentials.h"

echo_status echo__author_check(const echo__manifest *manifest, echo__author_fn is_member, const void *arg,
                               echo_error *err) {
    if (!manifest->is_signed || is_member(arg, &manifest->author)) return ECHO_OK;
    return echo__error(err, ECHO_ERR_SIGNATURE, "manifest is signed by a key that is not a member of the party");
}

static echo_status add_credential(void *arg, const echo__stamp *stamp, echo_bytes credential, echo_error *err) {
    echo_status status = echo__admission_add(arg, &stamp->feed, stamp->seq, credential, NULL, NULL);
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : ECHO_OK; /* one that is not usable admits nothing */
}

static bool is_admitted(const void *arg, const echo_key *key) {
    return echo__admission_admits(arg, key) || echo__admission_trusts(arg, key);
}

echo_status echo__author_check_credentials(const echo__manifest *manifest, echo__chunks *chunks, echo_error *err) {
    echo__admission *admission;
    if (!manifest->is_signed) return ECHO_OK;
    if (echo__admission_new(&admission, &manifest->party) != ECHO_OK) return echo__nomem(err);
    echo_status status = echo__credentials_each(chunks, &manifest->credentials, add_credential, admission, err);
    if (status == ECHO_OK && echo__admission_has_genesis(admission))
        status = echo__author_check(manifest, is_admitted, admission, err);
    echo__admission_free(admission);
    return status;
}
