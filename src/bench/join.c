/*
 * A party in a folder, with a snapshot and a tail. One process serves it as several members; another process, with
 * a folder of its own, joins over TCP on the loopback and the real channel.
 */
#include "bench/join.h"

#include <stdio.h>
#include <string.h>

#include "bench/child.h"
#include "bench/join_report.h"
#include "gen/generate_random.h"

#define BIG_ITEMS 100000u
#define BIG_MESSAGES 1000000u
#define FIRST_BYTES ((uint64_t)64 << 10)
#define BYTES_FACTOR 1.1
#define TIMES_FASTER 20.0
#define SOURCES_FACTOR 1.05
#define SOURCES_ITEMS 10000u /* with fewer, five members' manifests and handshakes take more bytes than the chunks */

/* ---- making the party ---- */

typedef struct made {
    echo_key party;
    uint64_t covered, tail_bytes, feed_bytes;
} made;

typedef struct making {
    const bench *b;
    const bench_join_case *c;
} making;

static echo_status make_party(void *result, void *arg, echo_error *err) {
    const making *m = arg;
    made *out = result;
    bench_session s;
    generate_counts before, after;
    echo_snapshot_result taken;
    generate_options options = GENERATE_OPTIONS_INIT;
    echo_snapshot_policy policy = bench_policy_manual();
    options.seed = m->b->options.seed;
    options.feeds = m->b->options.feeds;
    options.items = m->c->items;
    options.create = 1.0;
    options.credentials = true;
    options.members = BENCH_MEMBERS;
    echo_status status = bench_session_generate(&s, m->c->dir, &options, m->c->messages - m->c->tail, err);
    if (status != ECHO_OK) return status;
    generate_counts_get(&before, s.generator);
    s.options.own_feed = generate_feeds(s.generator, NULL);
    status = bench_session_open(&s, &policy, err);
    if (status == ECHO_OK) status = echo_party_snapshot(&taken, s.party, err);
    if (status == ECHO_OK) bench_session_close(&s);
    if (status == ECHO_OK) status = generate_some(s.generator, m->c->tail, err);
    if (status != ECHO_OK) return status;
    generate_counts_get(&after, s.generator);
    out->party = generate_party(s.generator)->public_key;
    out->covered = taken.messages;
    out->tail_bytes = after.bytes - before.bytes;
    out->feed_bytes = after.bytes;
    generate_close(s.generator);
    return ECHO_OK;
}

/* ---- joining ---- */

static void note(bench_join_set *set, const bench_fetched *got) {
    set->last = *got;
    bench_series_add(&set->ns, got->ns);
    bench_series_add(&set->usable, got->ns_usable);
    bench_series_add(&set->first, got->ns_first);
    bench_series_add(&set->installed, got->ns_installed);
    bench_series_add(&set->here, got->ns_here);
    bench_series_add(&set->party, got->ns_party);
    bench_series_add(&set->cpu, got->cpu);
    bench_series_add(&set->server_cpu, got->server_cpu);
    bench_series_add(&set->peak, got->peak);
    bench_series_add(&set->first_bytes, got->bytes_first);
    bench_series_add(&set->in, got->bytes_in);
    bench_series_add(&set->out, got->bytes_out);
}

/* Each run reads another item first. */
static echo_status join_once(bench *b, bench_join_case *c, bench_join_way way, size_t run, echo_error *err) {
    bench_fetched got;
    char dir[BENCH_PATH_MAX], id[ECHO_HEX_CHARS];
    generate_random random;
    generate_random_seed(&random, b->options.seed + 1000 * run);
    generate_item_id(id, b->options.seed, generate_random_below(&random, c->items));
    bench_tick(b, bench_join_way_names[way]);
    echo_status status = bench_folder_make(dir, b->work, err);
    bench_fetch_args args = {.server_dir = c->dir,
                             .dir = dir,
                             .party = c->party,
                             .seed = b->options.seed,
                             .feeds = b->options.feeds,
                             .servers = way == BENCH_JOIN_FIVE ? BENCH_SERVERS : 1,
                             .bare = way == BENCH_JOIN_REPLAY,
                             .first_id = id,
                             .link = &b->options.link};
    if (status == ECHO_OK) status = bench_child(&got, sizeof got, bench_fetch, &args, err);
    if (!b->options.keep && dir[0] != '\0') bench_folder_remove(dir);
    if (status == ECHO_OK) note(&c->sets[way], &got);
    return status;
}

static void check(bench *b, const bench_join_case *c, bench_join_way way) {
    const bench_fetched *got = &c->sets[way].last, *replayed = &c->sets[BENCH_JOIN_REPLAY].last;
    bool bare = way == BENCH_JOIN_REPLAY;
    uint64_t blocks = bare ? c->covered + c->tail : c->tail;
    const char *name = bench_join_way_names[way];
    if (memcmp(&got->digest, &replayed->digest, sizeof got->digest) != 0)
        bench_wrong(b, "%llu items, %s: the state is not that of replay", (unsigned long long)c->items, name);
    if (got->items != c->items)
        bench_wrong(b, "%llu items, %s: %llu arrived", (unsigned long long)c->items, name,
                    (unsigned long long)got->items);
    if (got->state.blocks_received != blocks || got->messages_read != blocks)
        bench_wrong(b, "%llu items, %s: %llu blocks were transferred and %llu read instead of %llu",
                    (unsigned long long)c->items, name, (unsigned long long)got->state.blocks_received,
                    (unsigned long long)got->messages_read, (unsigned long long)blocks);
    if (got->by_chunks == bare)
        bench_wrong(b, "%llu items, %s: the exchange chose another plan", (unsigned long long)c->items, name);
    if (!bare && (got->state.chunks_received != c->state.chunks || got->state.chunk_bytes != c->state.bytes))
        bench_wrong(b, "%llu items, %s: %llu chunks arrived instead of %llu", (unsigned long long)c->items, name,
                    (unsigned long long)got->state.chunks_received, (unsigned long long)c->state.chunks);
}

static echo_status run_case(bench *b, bench_join_case *c, echo_error *err) {
    made made_of;
    making making_args = {b, c};
    bench_tick(b, "making a party");
    echo_status status = bench_folder_make(c->dir, b->work, err);
    if (status == ECHO_OK) status = bench_child(&made_of, sizeof made_of, make_party, &making_args, err);
    if (status == ECHO_OK) {
        c->party = made_of.party;
        c->covered = made_of.covered;
        c->tail_bytes = made_of.tail_bytes;
        c->feed_bytes = made_of.feed_bytes;
        bench_packed_args state = {c->dir, c->party};
        status = bench_child(&c->state, sizeof c->state, bench_packed_measure, &state, err);
    }
    for (size_t run = 0; status == ECHO_OK && run < b->options.runs; run++)
        for (bench_join_way way = BENCH_JOIN_SNAPSHOT; status == ECHO_OK && way < BENCH_JOIN_WAYS; way++)
            status = join_once(b, c, way, run, err);
    if (!b->options.keep && c->dir[0] != '\0') bench_folder_remove(c->dir);
    if (status == ECHO_OK)
        for (bench_join_way way = BENCH_JOIN_SNAPSHOT; way < BENCH_JOIN_WAYS; way++) check(b, c, way);
    return status;
}

/* ---- what follows from the runs ---- */

static double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : (double)a / (double)b; }

static void compare_ways(bench_join_case *c) {
    c->need_bytes = c->state.packed + c->tail_bytes;
    for (bench_join_way way = BENCH_JOIN_SNAPSHOT; way < BENCH_JOIN_WAYS; way++) {
        bench_join_set *set = &c->sets[way];
        set->name = bench_join_way_names[way];
        set->of_need = ratio(bench_median(&set->in), c->need_bytes);
        set->faster = ratio(bench_median(&c->sets[BENCH_JOIN_REPLAY].ns), bench_median(&set->ns));
    }
}

/* ---- goals ---- */

static void judge_first(bench *b, const bench_join_case *c) {
    bench_goal *goal =
        bench_goal_add(b, "%llu items: the first is readable after 64 KiB", (unsigned long long)c->items);
    uint64_t most = bench_range_of(&c->sets[BENCH_JOIN_SNAPSHOT].first_bytes).max;
    goal->measured = true;
    goal->met = most <= FIRST_BYTES;
    (void)snprintf(goal->value, sizeof goal->value, "%.1f KiB at most", (double)most / 1024);
}

static void judge_big(bench *b, const bench_join_case *c) {
    bench_goal *bytes = bench_goal_add(
        b, "100,000 items, 1,000,000 messages: %.1f times the packed state and the tail at most", BYTES_FACTOR);
    bench_goal *time = bench_goal_add(
        b, "the same: joining is %.0f times faster than transferring and replaying the feeds", TIMES_FASTER);
    if (c == NULL) return;
    double in = (double)bench_median(&c->sets[BENCH_JOIN_SNAPSHOT].in),
           need = (double)(c->state.packed + c->tail_bytes);
    double join = (double)bench_median(&c->sets[BENCH_JOIN_SNAPSHOT].ns),
           replay = (double)bench_median(&c->sets[BENCH_JOIN_REPLAY].ns);
    bytes->measured = time->measured = true;
    bytes->met = in <= BYTES_FACTOR * need;
    time->met = replay >= TIMES_FASTER * join;
    (void)snprintf(bytes->value, sizeof bytes->value, "%.3f times", in / need);
    (void)snprintf(time->value, sizeof time->value, "%.1f times; %.1f times less computing by the joiner",
                   replay / join,
                   (double)bench_median(&c->sets[BENCH_JOIN_REPLAY].cpu) /
                       (double)bench_median(&c->sets[BENCH_JOIN_SNAPSHOT].cpu));
}

static void judge_sources(bench *b, const bench_join_case *c) {
    bench_goal *goal = bench_goal_add(b, "%llu items from five members: %.2f times the bytes of one at most",
                                      (unsigned long long)c->items, SOURCES_FACTOR);
    double five = (double)bench_median(&c->sets[BENCH_JOIN_FIVE].in),
           one = (double)bench_median(&c->sets[BENCH_JOIN_SNAPSHOT].in);
    if (c->items < SOURCES_ITEMS) return;
    goal->measured = true;
    goal->met = five <= SOURCES_FACTOR * one;
    (void)snprintf(goal->value, sizeof goal->value, "%.3f times", five / one);
}

/* ---- all of them ---- */

typedef struct size {
    uint64_t items, messages;
} size;

/* All combinations of the given sizes; impossible ones are left out. */
static size_t plan(size out[BENCH_SIZES_MAX * BENCH_SIZES_MAX], const bench_options *o) {
    static const size usual[] = {{1000, 10000},   {1000, 100000},   {1000, 1000000},
                                 {10000, 100000}, {10000, 1000000}, {100000, 1000000}};
    static const size quick = {300, 2000};
    size_t count = 0;
    if (o->items.count == 0 && o->messages.count == 0) {
        if (!o->quick) memcpy(out, usual, sizeof usual);
        if (o->quick) out[0] = quick;
        return o->quick ? 1 : sizeof usual / sizeof usual[0];
    }
    for (size_t i = 0; i == 0 || i < o->items.count; i++)
        for (size_t m = 0; m == 0 || m < o->messages.count; m++) {
            size one = {o->items.count > 0 ? o->items.list[i] : 1000, 0};
            one.messages = o->messages.count > 0 ? o->messages.list[m] : 10 * one.items;
            if (one.messages >= one.items + o->tail) out[count++] = one;
        }
    return count;
}

static echo_status run(bench *b, echo_error *err) {
    static size sizes[BENCH_SIZES_MAX * BENCH_SIZES_MAX];
    size_t count = plan(sizes, &b->options);
    const bench_join_case *big = NULL, *most = NULL;
    echo_status status = ECHO_OK;
    if (count == 0)
        return bench_fail(err, ECHO_ERR_INVALID, "fewer messages than items and a tail of %llu: raise --messages",
                          (unsigned long long)b->options.tail);
    b->steps = count * (1 + BENCH_JOIN_WAYS * b->options.runs);
    for (size_t i = 0; status == ECHO_OK && i < count; i++) {
        bench_join_case *c = bench_case_add(b, sizeof *c, err);
        if (c == NULL) return ECHO_ERR_NOMEM;
        c->items = sizes[i].items;
        c->messages = sizes[i].messages;
        c->tail = b->options.tail;
        c->link = b->options.link;
        status = run_case(b, c, err);
        compare_ways(c);
    }
    for (size_t i = 0; status == ECHO_OK && i < b->count; i++) {
        const bench_join_case *c = &((const bench_join_case *)b->cases)[i];
        if (c->items >= BIG_ITEMS && c->messages >= BIG_MESSAGES) big = c;
        if (most == NULL || c->items >= most->items) most = c;
    }
    if (status != ECHO_OK) return status;
    judge_first(b, most);
    judge_big(b, big);
    judge_sources(b, most);
    return ECHO_OK;
}

const bench_mode bench_join_mode = {.name = "join",
                                    .takes =
                                        BENCH_TAKES_ITEMS | BENCH_TAKES_MESSAGES | BENCH_TAKES_SHAPE | BENCH_TAKES_LINK,
                                    .runs = 3,
                                    .run = run,
                                    .report = &bench_join_report,
                                    .plot = bench_join_plot};
