#include "feed/hypercore_prove.h"

#include "base/error.h"
#include "feed/hypercore_file.h"
#include "feed/hypercore_tree.h"
#include "feed/proof.h"

static echo_status load(void *arg, echo_feed_node *out, bool *present, uint64_t index, unsigned depth,
                        echo_error *err) {
    return echo__hypercore_load_node(arg, out, present, index, depth, err);
}

static echo_status load_signature(echo__hypercore *hc, uint8_t out[ECHO__HYPERCORE_SIGNATURE], echo_error *err) {
    size_t got;
    echo_status status =
        echo__hypercore_pread(hc, ECHO__HYPERCORE_SIGNATURES, out, ECHO__HYPERCORE_SIGNATURE,
                              ECHO__HYPERCORE_HEADER + (hc->roots.length - 1) * ECHO__HYPERCORE_SIGNATURE, &got, err);
    if (!hc->writing) echo__hypercore_close_file(hc, ECHO__HYPERCORE_SIGNATURES);
    if (status != ECHO_OK) return status;
    /* It vouched for the roots once; somebody may have written to the file since. */
    if (got == ECHO__HYPERCORE_SIGNATURE &&
        echo__hypercore_signed(&hc->roots, out, &hc->key, &hc->counts.verifications))
        return ECHO_OK;
    return echo__hypercore_error(hc, err, ECHO_ERR_SIGNATURE, ECHO__HYPERCORE_SIGNATURES,
                                 "does not vouch for the feed any more");
}

echo_status echo__hypercore_prove(echo_feed_proof *out, echo__hypercore *hc, uint64_t from, uint64_t to,
                                  echo_error *err) {
    echo_feed_proof proof;
    echo_status status = to > hc->roots.length ? echo__hypercore_refresh(hc, err) : ECHO_OK;
    if (status != ECHO_OK) return status;
    if (from >= to || to > hc->roots.length) {
        echo__error(err, ECHO_ERR_INVALID, "no proof exists for an empty range or for blocks that are not signed");
        echo__error_feed(err, &hc->key);
        return ECHO_ERR_INVALID;
    }
    status = echo__proof_make(&proof, from, to, &hc->roots, &hc->key, load, hc, err);
    if (status == ECHO_OK) status = load_signature(hc, proof.signature, err);
    if (status == ECHO_OK) *out = proof;
    return status;
}
