#include "exchange/fetch_delta.h"

#include "base/error.h"
#include "exchange/delta.h"
#include "tree/leaf.h"

static bool is_leaf(const echo__want *want) { return want->kind == ECHO__WANT_PAGE && want->level == 0; }

/* The lines of a base: the records of a leaf, which are put into `room`. */
static echo_status lines_of(echo_bytes *out, echo__buf *room, const echo__chunk *base, bool leaf, echo_error *err) {
    *out = base->bytes;
    if (!leaf) return ECHO_OK;
    echo_status status = echo__delta_records(room, base->bytes, err);
    *out = echo__buf_bytes(room);
    return status;
}

bool echo__fetch_delta_prints(echo__buf *out, echo_exchange *x, const echo__want *want) {
    const echo__chunk *base;
    echo_error ignored = ECHO_ERROR_INIT;
    echo__buf room = ECHO__BUF_INIT;
    echo_bytes lines;
    if (!want->has_base || (is_leaf(want) && want->entry.bytes > ECHO__DELTA_LEAF_MAX)) return false;
    if (echo__chunks_get(&base, x->chunks, &want->base, &ignored) != ECHO_OK) return false;
    bool any = lines_of(&lines, &room, base, is_leaf(want), &ignored) == ECHO_OK && echo__delta_prints(out, lines) > 0;
    echo__chunks_release(x->chunks, base);
    echo__buf_free(&room);
    return any;
}

/* Packs the leaf of the records that a delta gave. What does not pack is of no use, but need not be a lie: prints may
 * have matched by accident. */
static echo_status pack(echo__buf *out, bool *again, const echo__want *want, echo_bytes records, echo_error *err) {
    echo_error ignored = ECHO_ERROR_INIT;
    echo_status status = echo__leaf_pack(out, records, want->most, &ignored);
    if (status == ECHO_ERR_NOMEM) return echo__nomem(err);
    *again = status != ECHO_OK;
    return ECHO_OK;
}

static echo_status apply(echo__buf *out, bool *again, const echo__want *want, const echo__chunk *base, echo_bytes delta,
                         echo_error *err) {
    bool leaf = is_leaf(want);
    echo__buf room = ECHO__BUF_INIT, records = ECHO__BUF_INIT;
    echo_bytes lines;
    echo_status status = lines_of(&lines, &room, base, leaf, err);
    if (status == ECHO_OK) {
        size_t most = leaf ? echo__delta_records_max(want->entry.items, want->most) : want->most;
        status = echo__delta_apply(leaf ? &records : out, lines, delta, most);
        if (status != ECHO_OK && status != ECHO_ERR_NOMEM)
            status = echo__error(err, status, "peer: a delta has the wrong shape");
    } else if (status != ECHO_ERR_NOMEM) { /* its prints were sent, so it was a leaf then */
        *again = true;
        status = ECHO_OK;
    }
    if (status == ECHO_OK && leaf && !*again) status = pack(out, again, want, echo__buf_bytes(&records), err);
    echo__buf_free(&room);
    echo__buf_free(&records);
    return status == ECHO_ERR_NOMEM ? echo__nomem(err) : status;
}

echo_status echo__fetch_delta_apply(echo__buf *out, bool *again, echo_exchange *x, const echo__want *want,
                                    echo_bytes delta, echo_error *err) {
    const echo__chunk *base;
    *again = false;
    echo_status status = echo__chunks_get(&base, x->chunks, &want->base, err);
    if (status != ECHO_OK) { /* it was present when the peer was asked for the difference */
        *again = true;
        return status == ECHO_ERR_NOMEM ? status : ECHO_OK;
    }
    status = apply(out, again, want, base, delta, err);
    echo__chunks_release(x->chunks, base);
    return status;
}
