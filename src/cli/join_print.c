#include "cli/join_print.h"

#include <inttypes.h>
#include <string.h>

#define REPORT_MS 500u
#define RATE_MS 500u

static void measure(echo_cli_join *j, uint64_t now) {
    uint64_t ms = now - j->rate_ms;
    if (ms < RATE_MS) return;
    j->rate = (double)(j->state.bytes_received - j->rate_bytes) * 1000 / (double)ms;
    j->rate_ms = now;
    j->rate_bytes = j->state.bytes_received;
}

static void short_bytes(char out[16], double bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    (void)snprintf(out, 16, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static void progress(echo_cli_join *j, uint64_t now) {
    const echo_exchange_state *s = &j->state;
    char bytes[16], rate[16], text[80];
    bool items = s->phase == ECHO_EXCHANGE_PHASE_ITEMS;
    short_bytes(bytes, (double)s->bytes_received);
    short_bytes(rate, j->rate);
    if (items)
        (void)snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64 ", %s, %s/s", s->items_here, s->items, bytes, rate);
    else
        (void)snprintf(text, sizeof text, "%s: %" PRIu64 " blocks, %s, %s/s", echo_exchange_phase_name(s->phase),
                       s->blocks_received, bytes, rate);
    echo_cli_progress_line(&j->side.cli->progress, now, text, s->items_here, items ? s->items : 0);
}

static void print_json(echo_cli_join *j) {
    echo_cli_out *out = &j->side.cli->out;
    const echo_exchange_state *s = &j->state;
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "event", "progress");
    echo_cli_json_string(out, "phase", echo_exchange_phase_name(s->phase));
    echo_cli_json_number(out, "items_here", s->items_here);
    echo_cli_json_number(out, "items", s->items);
    echo_cli_json_number(out, "chunks", s->chunks_received);
    echo_cli_json_number(out, "chunks_kept", s->chunks_kept);
    echo_cli_json_number(out, "blocks", s->blocks_received);
    echo_cli_json_number(out, "bytes", s->bytes_received);
    echo_cli_json_number(out, "peers", s->peers);
    echo_cli_json_end(out);
    (void)echo_cli_out_flush(out);
}

void echo_cli_join_print(echo_cli_join *j) {
    uint64_t now = echo_cli_now_ms();
    echo_cli *cli = j->side.cli;
    measure(j, now);
    if (cli->progress.file != NULL && j->state.phase != ECHO_EXCHANGE_PHASE_IDLE) progress(j, now);
    if (!cli->json || cli->quiet) return;
    bool same = j->reported_any && j->reported_phase == j->state.phase;
    if (same && (j->state.phase == ECHO_EXCHANGE_PHASE_IDLE || now - j->reported_ms < REPORT_MS)) return;
    j->reported_any = true;
    j->reported_phase = j->state.phase;
    j->reported_ms = now;
    print_json(j);
}

/* ---- the end ---- */

typedef struct summary {
    echo_party_status party;
    uint64_t snapshot, ms, spared;
    echo_hash digest;
    bool by_snapshot; /* this call installed one */
} summary;

/* Whether the state is the one the invitation names. */
static bool is_invited(const echo_cli_join *j, const summary *m) {
    return m->snapshot != 0 && memcmp(&m->digest, &j->invitation.digest, sizeof m->digest) == 0;
}

static void summary_json(const echo_cli_join *j, const summary *m) {
    echo_cli_out *out = &j->side.cli->out;
    const echo_exchange_state *s = &j->state;
    echo_cli_json_object(out, NULL);
    echo_cli_json_string(out, "event", "done");
    echo_cli_json_hex(out, "party", j->side.key.bytes);
    echo_cli_json_hex(out, "member", j->side.keys.public_key.bytes);
    if (m->snapshot != 0)
        echo_cli_json_number(out, "snapshot", m->snapshot);
    else
        echo_cli_json_raw(out, "snapshot", "null");
    echo_cli_json_hex(out, "digest", m->snapshot != 0 ? m->digest.bytes : NULL);
    if (j->invitation.has_digest)
        echo_cli_json_flag(out, "invited_digest", is_invited(j, m));
    else
        echo_cli_json_raw(out, "invited_digest", "null");
    echo_cli_json_flag(out, "by_chunks", m->by_snapshot);
    echo_cli_json_number(out, "items", m->party.items);
    echo_cli_json_number(out, "messages_covered", m->by_snapshot ? s->covered : 0);
    echo_cli_json_number(out, "messages_not_transferred", m->spared);
    echo_cli_json_number(out, "chunks", s->chunks_received);
    echo_cli_json_number(out, "chunks_kept", s->chunks_kept);
    echo_cli_json_number(out, "chunk_bytes", s->chunk_bytes);
    echo_cli_json_number(out, "blocks", s->blocks_received);
    echo_cli_json_number(out, "block_bytes", s->block_bytes);
    echo_cli_json_number(out, "bytes_received", s->bytes_received);
    echo_cli_json_number(out, "bytes_sent", s->bytes_sent);
    echo_cli_json_number(out, "dropped", s->dropped);
    echo_cli_json_string(out, "trust", m->by_snapshot ? echo_trust_name(s->trust) : NULL);
    echo_cli_json_number(out, "attested", s->attested);
    echo_cli_json_number(out, "sampled", s->sampled);
    char detection[32] = "null";
    if (m->by_snapshot && s->trust >= ECHO_TRUST_SAMPLED)
        (void)snprintf(detection, sizeof detection, "%.6g", s->detection);
    echo_cli_json_raw(out, "detection", detection);
    echo_cli_json_number(out, "ms", m->ms);
    echo_cli_json_end(out);
}

static void text_trust(echo_cli_out *out, const echo_exchange_state *s) {
    echo_cli_print(out, "%-12s %s", "trust", echo_trust_name(s->trust));
    if (s->attested > 0)
        echo_cli_print(out, ", attested by %" PRIu32 " member%s", s->attested, s->attested == 1 ? "" : "s");
    if (s->trust == ECHO_TRUST_SAMPLED)
        echo_cli_print(out,
                       ", %" PRIu64 " items equal the replay of the feeds: one wrong item among all would have been "
                       "found with a probability of %.1f %%",
                       s->sampled, s->detection * 100);
    if (s->trust == ECHO_TRUST_REPLAYED) echo_cli_print(out, ", all items equal the replay of the feeds");
    echo_cli_print(out, "\n");
}

static void summary_text(const echo_cli_join *j, const summary *m) {
    echo_cli_out *out = &j->side.cli->out;
    const echo_exchange_state *s = &j->state;
    echo_cli_print(out, "%-12s ", "party");
    echo_cli_print_hex(out, j->side.key.bytes);
    if (m->snapshot == 0)
        echo_cli_print(out, "\n%-12s none", "snapshot");
    else
        echo_cli_print(out, "\n%-12s number %" PRIu64 "%s", "snapshot", m->snapshot,
                       m->by_snapshot ? ", received" : "");
    if (m->snapshot != 0 && j->invitation.has_digest)
        echo_cli_print(out, ", %sthe one the invitation names", is_invited(j, m) ? "" : "not ");
    echo_cli_print(out, "\n%-12s %" PRIu64 "\n", "items", m->party.items);
    if (m->by_snapshot)
        echo_cli_print(out, "%-12s %" PRIu64 " covered by it, whose blocks were %stransferred\n", "messages",
                       s->covered, m->spared > 0 ? "not " : "");
    echo_cli_print(out, "%-12s %" PRIu64 " received, ", "chunks", s->chunks_received);
    echo_cli_print_bytes(out, s->chunk_bytes);
    echo_cli_print(out, "; %" PRIu64 " were present\n%-12s %" PRIu64 " received, ", s->chunks_kept, "blocks",
                   s->blocks_received);
    echo_cli_print_bytes(out, s->block_bytes);
    echo_cli_print(out, "\n%-12s ", "transferred");
    echo_cli_print_bytes(out, s->bytes_received);
    echo_cli_print(out, " received, ");
    echo_cli_print_bytes(out, s->bytes_sent);
    echo_cli_print(out, " sent\n");
    if (m->by_snapshot)
        text_trust(out, s);
    else if (m->snapshot == 0)
        echo_cli_print(out, "%-12s everything was computed locally from the feeds\n", "trust");
    echo_cli_print(out, "%-12s %.2f s\n", "time", (double)m->ms / 1000);
}

void echo_cli_join_summary(echo_cli_join *j) {
    summary m;
    echo_error ignored = ECHO_ERROR_INIT;
    memset(&m, 0, sizeof m);
    echo_party_status_get(&m.party, j->side.party);
    (void)!echo_cli_newest(&m.snapshot, &m.digest, &j->side.store, &j->side.key, &ignored);
    m.by_snapshot = j->state.installed != 0;
    if (m.by_snapshot && j->state.trust < ECHO_TRUST_SAMPLED)
        m.spared = j->state.covered; /* at higher levels of trust the blocks are fetched, for comparison */
    m.ms = echo_cli_now_ms() - j->began_ms;
    if (j->side.cli->json)
        summary_json(j, &m);
    else
        summary_text(j, &m);
}
