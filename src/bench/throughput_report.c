#include "bench/throughput_report.h"

#define SET(field) offsetof(bench_throughput_set, field)
#define CASE(field) offsetof(bench_throughput_case, field)
#define END                                                                                                            \
    { .kind = BENCH_END }

const char *const bench_throughput_way_names[BENCH_THROUGHPUT_WAYS] = {
#define XX(name, text) text,
    BENCH_THROUGHPUT_WAY_MAP(XX)
#undef XX
};

static const bench_column columns[] = {
    {"items", BENCH_U64, .at = CASE(items), .part = BENCH_OF_CASE, .width = 8},
    {"messages", BENCH_U64, .at = CASE(messages), .part = BENCH_OF_CASE, .width = 8},
    {"way", BENCH_NAME, .at = SET(name), .width = -11},
    {"msg/s", BENCH_REAL, .at = SET(per_second), .width = 10},
    {"loss", BENCH_REAL, .at = SET(loss), .width = 6, .digits = 1, .suffix = "%"},
    {"msg/s of computing", BENCH_REAL, .at = SET(per_second_cpu), .width = 18},
    {"loss", BENCH_REAL, .at = SET(loss_cpu), .width = 6, .digits = 1, .suffix = "%"},
    {"snapshots", BENCH_SERIES, .at = SET(taken), .width = 9},
    END};

static const bench_table tables[] = {
    {"Messages to random items, in ways that took turns",
     ". off: no snapshots; idle: a policy that is far from beginning\n"
     "one; running: while one of a tenth of the items is taken with the writer's thread; running_all: of all, one "
     "after\n"
     "the other. computing: time of the party's thread, which other work on the machine hardly changes.\n",
     columns, NULL},
    {NULL, NULL, NULL, NULL}};

#define MEASURES                                                                                                       \
    {"million_messages", BENCH_SERIES, .at = SET(ns), .unit = "ns"},                                                   \
        {"million_messages_cpu", BENCH_SERIES, .at = SET(cpu), .unit = "ns"}, {                                        \
        "snapshots", BENCH_SERIES, .at = SET(taken), .unit = "count"                                                   \
    }

static const bench_column measures[] = {MEASURES, END};

static const bench_column set[] = {MEASURES,
                                   {"messages_per_second", BENCH_REAL, .at = SET(per_second)},
                                   {"loss_percent", BENCH_REAL, .at = SET(loss), .digits = 2},
                                   {"loss_percent_cpu", BENCH_REAL, .at = SET(loss_cpu), .digits = 2},
                                   END};

#define OF_WAY(id, text) {text, BENCH_OBJECT, .at = CASE(sets[BENCH_THROUGHPUT_##id]), .of = set},
static const bench_column json[] = {{"items", BENCH_U64, .at = CASE(items)},
                                    {"messages", BENCH_U64, .at = CASE(messages)},
                                    {"disk", BENCH_FLAG, .at = CASE(disk)},
                                    BENCH_THROUGHPUT_WAY_MAP(OF_WAY) END};

static bool row(bench_row *out, const bench *b, size_t i) {
    if (i / BENCH_THROUGHPUT_WAYS >= b->count) return false;
    const bench_throughput_case *c = &((const bench_throughput_case *)b->cases)[i / BENCH_THROUGHPUT_WAYS];
    const bench_throughput_set *one = &c->sets[i % BENCH_THROUGHPUT_WAYS];
    out->parts[BENCH_OF_SET] = one;
    out->parts[BENCH_OF_CASE] = c;
    out->csv = measures;
    bench_row_key(out, b, c->items, c->messages, one->name);
    return true;
}

const bench_report bench_throughput_report = {NULL, json, sizeof(bench_throughput_case), tables, row};
