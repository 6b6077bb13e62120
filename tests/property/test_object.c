/*
 * The object model against an oracle that knows nothing of slots, reduction or stored states: it sorts all operations
 * by stamp and folds them, and it reduces them by looking at each pair. Mutations arrive in random order, with the
 * state stored and restored on the way; what is shown and what is stored must be the oracle's, to the byte (P3).
 * ECHO_TEST_RUNS: how many histories (default 400); ECHO_TEST_SEED: the first one's seed.
 */
#include "unit/model/test_object_support.h"

enum { DEPTH = 8, OPS_MAX = 240, MUTATIONS_MAX = 60, MEMBERS_MAX = 64 };

/* Memory of one history. */
static void *blocks[1 << 20];
static size_t block_count;

static void *keep(void *block) {
    assert_non_null(block);
    assert_true(block_count < sizeof blocks / sizeof *blocks);
    return blocks[block_count++] = block;
}

static void forget(void) {
    while (block_count > 0) free(blocks[--block_count]);
}

/* The oracle's values. */

typedef struct node {
    enum { ABSENT, SCALAR, MAP } kind;
    bool flag;
    char *text; /* SCALAR: JSON text, the same for equal scalars */
    size_t count;
    struct member *members; /* MAP: in no order */
} node;

typedef struct member {
    char *key;
    node value;
} member;

static char *copy_text(const char *text) { return strcpy(keep(malloc(strlen(text) + 1)), text); }

static int64_t index_of(const char *key) {
    if (*key == '\0' || (*key == '0' && key[1] != '\0') || strlen(key) > 10 || strspn(key, "0123456789") != strlen(key))
        return -1;
    int64_t index = strtoll(key, NULL, 10);
    return index < INT64_C(4294967295) ? index : -1;
}

static node new_map(bool flag) {
    node map = {MAP, flag, NULL, 0, keep(calloc(MEMBERS_MAX, sizeof(member)))};
    return map;
}

static node copy_node(const node *from) {
    if (from->kind != MAP) return *from;
    node map = new_map(from->flag);
    map.count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        map.members[i].key = from->members[i].key;
        map.members[i].value = copy_node(&from->members[i].value);
    }
    return map;
}

static node *find(const node *map, const char *key) {
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->members[i].key, key) == 0) return &map->members[i].value;
    return NULL;
}

static node *find_or_add(node *map, const char *key) {
    node *found = find(map, key);
    if (found != NULL) return found;
    assert_true(map->count < MEMBERS_MAX);
    map->members[map->count] = (member){copy_text(key), {ABSENT, false, NULL, 0, NULL}};
    return &map->members[map->count++].value;
}

static void drop(node *map, const char *key) {
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->members[i].key, key) == 0) {
            map->members[i] = map->members[--map->count];
            return;
        }
}

static void write_into(node *at, const char *key) {
    if (at->kind != MAP)
        *at = new_map(index_of(key) >= 0);
    else if (index_of(key) < 0)
        at->flag = false;
}

static void index_key(char key[24], int64_t index) { (void)snprintf(key, 24, "%lld", (long long)index); }

static void push(node *list, const node *value) {
    int64_t last = -1;
    char key[24];
    for (size_t i = 0; i < list->count; i++)
        if (index_of(list->members[i].key) > last) last = index_of(list->members[i].key);
    index_key(key, last + 1);
    *find_or_add(list, key) = *value;
}

static bool same(const node *a, const node *b) {
    return a->kind == SCALAR && b->kind == SCALAR && strcmp(a->text, b->text) == 0;
}

/* Takes the values at the indices out, in order. */
static size_t take_list(node *map, node *list) {
    size_t count = 0;
    for (;;) {
        const member *least = NULL;
        for (size_t i = 0; i < map->count; i++)
            if (index_of(map->members[i].key) >= 0 &&
                (least == NULL || index_of(map->members[i].key) < index_of(least->key)))
                least = &map->members[i];
        if (least == NULL) return count;
        list[count++] = least->value;
        drop(map, least->key);
    }
}

static void update_set(node *map, const node *value, bool add) {
    node list[MEMBERS_MAX];
    size_t count = take_list(map, list);
    node fresh = new_map(true);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t k = 0; k < fresh.count; k++) seen = seen || same(&fresh.members[k].value, &list[i]);
        if (!seen) push(&fresh, &list[i]);
    }
    count = take_list(&fresh, list);
    for (size_t i = 0; i < count; i++) {
        bool equal = same(&list[i], value);
        found = found || equal;
        if (add || !equal) push(&fresh, &list[i]);
    }
    if (add && !found) push(&fresh, value);
    for (size_t i = 0; i < fresh.count; i++) *find_or_add(map, fresh.members[i].key) = fresh.members[i].value;
}

typedef struct path {
    size_t count;
    char segs[DEPTH][8];
} path;

static void fold(node *root, int64_t operation, const path *to, const node *value) {
    node *at = root;
    if (operation == WIRE_DELETE) {
        for (size_t i = 0; i + 1 < to->count; i++)
            if ((at = find(at, to->segs[i])) == NULL || at->kind != MAP) return;
        drop(at, to->segs[to->count - 1]);
        return;
    }
    for (size_t i = 0; i < to->count; i++) {
        write_into(at, to->segs[i]);
        at = find_or_add(at, to->segs[i]);
    }
    node copy = copy_node(value);
    if (operation == WIRE_SET) {
        *at = copy;
        return;
    }
    if (at->kind != MAP) *at = new_map(true);
    at->flag = true;
    if (operation == WIRE_PUSH)
        push(at, &copy);
    else
        update_set(at, &copy, operation == WIRE_ADD);
}

static bool is_array(const node *map) {
    char key[24];
    for (size_t i = 0; i < map->count; i++) {
        index_key(key, (int64_t)i);
        if (find(map, key) == NULL) return false;
    }
    return map->flag;
}

static void settle(node *value) {
    if (value->kind != MAP) return;
    value->flag = is_array(value);
    for (size_t i = 0; i < value->count; i++) settle(&value->members[i].value);
}

static cJSON *show(const node *value) {
    if (value->kind == SCALAR) return json(value->text);
    bool array = is_array(value);
    cJSON *out = array ? cJSON_CreateArray() : cJSON_CreateObject();
    for (size_t i = 0; i < value->count; i++) {
        char key[24];
        index_key(key, (int64_t)i);
        if (array)
            cJSON_AddItemToArray(out, show(find(value, key)));
        else
            cJSON_AddItemToObject(out, value->members[i].key, show(&value->members[i].value));
    }
    return out;
}

/* Paths as the oracle needs them: names, ".", "[n]". */
static path split(const char *key) {
    path out = {0, {{0}}};
    size_t len = 0;
    for (; *key != '\0'; key++) {
        if (*key == '.' || *key == '[' || *key == ']') {
            if (len > 0) out.count++;
            len = 0;
        } else {
            out.segs[out.count][len++] = *key;
        }
    }
    out.count += len > 0;
    return out;
}

/* A written value. In the old generation (literal keys) null removes. */
static node read_value(const cJSON *from, bool old) {
    node value = {SCALAR, false, NULL, 0, NULL};
    if (!cJSON_IsArray(from) && !cJSON_IsObject(from)) {
        value.text = keep(canonical(cJSON_Duplicate(from, 1)));
        return value;
    }
    value = new_map(cJSON_IsArray(from));
    for (const cJSON *child = from->child; child != NULL; child = child->next) {
        path to = {1, {{0}}};
        node inner = read_value(child, old);
        if (cJSON_IsArray(from)) {
            push(&value, &inner);
            continue;
        }
        if (old)
            (void)snprintf(to.segs[0], sizeof to.segs[0], "%s", child->string);
        else
            to = split(child->string);
        fold(&value, old && cJSON_IsNull(child) ? WIRE_DELETE : WIRE_SET, &to, &inner);
    }
    return value;
}

/* Histories. */

typedef struct operation {
    uint64_t time, seq;
    uint8_t feed;
    size_t order; /* in its mutation */
    int64_t kind;
    path path;
    node value;
    size_t mutation;
} operation;

typedef struct history {
    test_random random;
    int generation;
    operation ops[OPS_MAX];
    size_t op_count;
    echo__buf mutations[MUTATIONS_MAX];
    size_t mutation_count;
    bool applied[MUTATIONS_MAX];
} history;

static uint64_t below(history *h, uint64_t n) { return test_random_below(&h->random, n); }

static void random_key(history *h, char key[64]) {
    static const char *const tops[] = {"a", "b", "7"}, *const segs[] = {".x",  ".y",  ".z", "[0]",
                                                                        "[1]", "[3]", ".0", ".2"};
    static const size_t lengths[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 4};
    key[0] = '\0';
    strcat(key, tops[below(h, below(h, 4) == 0 ? 3 : 1)]);
    if (h->generation == 1) return;
    size_t len = lengths[below(h, sizeof lengths / sizeof *lengths)];
    uint64_t names = below(h, 3); /* some histories of paths are all names */
    for (size_t i = 0; i < len; i++) strcat(key, segs[below(h, names > 0 ? 3 : sizeof segs / sizeof *segs)]);
}

static const char *random_value(history *h) {
    static const char *const values[] = {"0",
                                         "1",
                                         "2",
                                         "3",
                                         "true",
                                         "false",
                                         "\"s\"",
                                         "\"t\"",
                                         "\"\"",
                                         "null",
                                         "1",
                                         "2",
                                         "0.1",
                                         "3.14",
                                         "{}",
                                         "{\"x\":1}",
                                         "[]",
                                         "[1,2,1]",
                                         "[0.1,0.1,1]",
                                         "[\"s\",{}]",
                                         "{\"x\":{\"y\":2,\"z\":{\"x\":0}},\"0\":3}",
                                         "{\"0\":1,\"1\":2}",
                                         "{\"1\":1,\"y\":null}",
                                         "[[1],{\"x\":[2]}]",
                                         "{\"x.y\":1,\"x.z\":2}",
                                         "{\"x[0]\":1}",
                                         "{\"x[1]\":1,\"y[0].z\":2}"};
    return values[below(h, sizeof values / sizeof *values)];
}

static int64_t random_kind(history *h) {
    static const int64_t kinds[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 4, 4, 5};
    return kinds[below(h, h->generation == 1 ? 10 : sizeof kinds / sizeof *kinds)];
}

static void make_operation(history *h, echo__buf *out, const operation *stamp, size_t order) {
    char key[64];
    random_key(h, key);
    operation op = *stamp;
    op.order = order;
    op.kind = random_kind(h);
    op.path = split(key);
    cJSON *value = json(random_value(h));
    bool bare = op.kind == WIRE_DELETE || (op.kind == WIRE_SET && below(h, 12) == 0);
    op.value = read_value(value, h->generation == 1);
    settle(&op.value);
    echo__buf encoded = wire_value(value);
    wire_op(out, op.kind, key, bare ? NULL : &encoded);
    if (bare) echo__buf_free(&encoded);
    bool unset =
        h->generation == 1 && (cJSON_IsNull(value) || cJSON_IsArray(value)); /* the old generation has no arrays */
    if (bare || unset) op.kind = WIRE_DELETE;
    cJSON_Delete(value);
    h->ops[h->op_count++] = op;
}

static void make_history(history *h) {
    size_t mutations = 1 + (size_t)below(h, below(h, 3) == 0 ? MUTATIONS_MAX : 8);
    uint64_t times = 1 + below(h, 2 * mutations), feeds = 1 + below(h, 4);
    for (size_t i = 0; i < mutations; i++) {
        /* many have the same time; the sequence number is any, but each once */
        uint64_t time = below(h, times);
        uint8_t feed = (uint8_t)(5 - below(h, feeds));
        operation stamp = {time, i * 37 % 61, feed, 0, 0, {0, {{0}}}, {ABSENT, false, NULL, 0, NULL}, i};
        size_t count = 1 + (size_t)below(h, below(h, 3) == 0 ? 4 : 1);
        for (size_t k = 0; k < count; k++) make_operation(h, &h->mutations[i], &stamp, k);
    }
    h->mutation_count = mutations;
}

static bool after(const operation *a, const operation *b) {
    if (a->time != b->time) return a->time > b->time;
    if (a->feed != b->feed) return a->feed > b->feed;
    if (a->seq != b->seq) return a->seq > b->seq;
    return a->order > b->order;
}

static int by_stamp(const void *a, const void *b) { return after(a, b) ? 1 : after(b, a) ? -1 : 0; }

/* What the oracle shows after the mutations applied so far. The operations are sorted. */
static node oracle(const history *h) {
    node root = new_map(false);
    for (size_t i = 0; i < h->op_count; i++)
        if (h->applied[h->ops[i].mutation]) fold(&root, h->ops[i].kind, &h->ops[i].path, &h->ops[i].value);
    return root;
}

/* The reduction, from its definition. */

static bool is_below(const path *p, const path *above) {
    if (p->count < above->count) return false;
    for (size_t i = 0; i < above->count; i++)
        if (strcmp(p->segs[i], above->segs[i]) != 0) return false;
    return true;
}

static bool overtakes(const operation *by, const operation *op) {
    if ((by->kind != WIRE_SET && by->kind != WIRE_DELETE) || !after(by, op) || !is_below(&op->path, &by->path))
        return false;
    for (size_t i = 1; i < by->path.count; i++)
        if (index_of(by->path.segs[i]) >= 0) return false;
    return true;
}

static bool is_kept(const history *h, const operation *op) {
    for (size_t i = 0; i < h->op_count; i++)
        if (h->applied[h->ops[i].mutation] && overtakes(&h->ops[i], op)) return false;
    return true;
}

enum { TOUCH = 9 };

/* The TOUCH that belongs to a DELETE that is kept, if there is one. */
static bool make_touch(const history *h, const operation *by, operation *touch) {
    bool found = false;
    if (by->kind != WIRE_DELETE || by->path.count == 1) return false;
    for (size_t i = 1; i < by->path.count; i++)
        if (index_of(by->path.segs[i]) >= 0) return false;
    for (size_t i = 0; i < h->op_count; i++) { /* ascending: the last one found is the latest */
        const operation *op = &h->ops[i];
        if (!h->applied[op->mutation] || op->kind == WIRE_DELETE || !is_below(&op->path, &by->path)) continue;
        if (after(op, by)) return false;
        *touch = *op;
        found = true;
    }
    if (!found) return false;
    touch->kind = TOUCH;
    touch->path = by->path;
    for (size_t i = 0; i < h->op_count; i++)
        if (&h->ops[i] != by && h->applied[h->ops[i].mutation] && overtakes(&h->ops[i], touch) &&
            h->ops[i].path.count < by->path.count)
            return false;
    return true;
}

static cJSON *stamp_of(const operation *op, const int numbers[256]) {
    bool usual = op->time == op->seq + 1;
    if (usual && numbers[op->feed] == 0) return cJSON_CreateNumber((double)op->seq);
    cJSON *array = cJSON_CreateArray();
    cJSON_AddItemToArray(array, cJSON_CreateNumber(numbers[op->feed]));
    cJSON_AddItemToArray(array, cJSON_CreateNumber((double)op->seq));
    if (!usual) cJSON_AddItemToArray(array, cJSON_CreateNumber((double)op->time));
    return array;
}

static cJSON *entry_of(const operation *op, const int numbers[256]) {
    static const char *const names[] = {"set", "delete", "push", "", "add", "remove", "", "", "", "touch"};
    cJSON *array = cJSON_CreateArray(), *segs = cJSON_CreateArray();
    for (size_t i = 1; i < op->path.count; i++) cJSON_AddItemToArray(segs, cJSON_CreateString(op->path.segs[i]));
    cJSON_AddItemToArray(array, stamp_of(op, numbers));
    cJSON_AddItemToArray(array, cJSON_CreateString(names[op->kind]));
    cJSON_AddItemToArray(array, segs);
    if (op->kind != WIRE_DELETE && op->kind != TOUCH) cJSON_AddItemToArray(array, show(&op->value));
    return array;
}

/* The stamps of simple slots: in the order of the properties, or, if they have none, by their keys. */
static void put_simple(cJSON *out, cJSON *simple, const node *root) {
    char *text = keep(canonical(show(root)));
    cJSON *properties = json(text), *when = cJSON_CreateArray();
    cJSON_AddItemToObject(out, "values", properties);
    cJSON_AddItemToObject(out, "when", when);
    for (const cJSON *shown = properties->child; shown != NULL; shown = shown->next) {
        const char *key = shown->string[0] == '$' ? shown->string + 1 : shown->string;
        cJSON *stamp = cJSON_DetachItemFromObjectCaseSensitive(simple, key);
        if (stamp != NULL) cJSON_AddItemToArray(when, stamp);
    }
    if (simple->child != NULL)
        cJSON_AddItemToObject(out, "gone", simple);
    else
        cJSON_Delete(simple);
}

/* The whole stored state, as the oracle would write it. */
static char *oracle_stored(const history *h, const node *root) {
    static operation reduced[2 * OPS_MAX];
    size_t count = 0;
    int numbers[256] = {0}, next = 0;
    bool used[256] = {false};
    for (size_t i = 0; i < h->op_count; i++) {
        if (!h->applied[h->ops[i].mutation] || !is_kept(h, &h->ops[i])) continue;
        if (make_touch(h, &h->ops[i], &reduced[count])) count++;
        reduced[count++] = h->ops[i];
    }
    qsort(reduced, count, sizeof *reduced, by_stamp);
    for (size_t i = 0; i < count; i++) used[reduced[i].feed] = true;
    cJSON *out = cJSON_CreateObject(), *simple = cJSON_CreateObject(), *ops = cJSON_CreateObject(), *feeds = NULL;
    if (count > 0) feeds = cJSON_AddArrayToObject(out, "feeds");
    for (int feed = 0; feed < 256; feed++) {
        if (!used[feed]) continue;
        echo_key key;
        char hex[ECHO_HEX_CHARS];
        memset(key.bytes, feed, sizeof key.bytes);
        echo_key_hex(hex, &key);
        cJSON_AddItemToArray(feeds, cJSON_CreateString(hex));
        numbers[feed] = next++;
    }
    for (size_t i = 0; i < count; i++) {
        const char *key = reduced[i].path.segs[0];
        cJSON *list = cJSON_GetObjectItemCaseSensitive(ops, key);
        if (list == NULL) list = cJSON_AddArrayToObject(ops, key);
        cJSON_AddItemToArray(list, entry_of(&reduced[i], numbers));
    }
    for (size_t i = 0; i < count; i++) { /* a lone SET or DELETE of a whole slot */
        cJSON *list = cJSON_GetObjectItemCaseSensitive(ops, reduced[i].path.segs[0]);
        if (cJSON_GetArraySize(list) > 1 || reduced[i].path.count > 1 || reduced[i].kind > WIRE_DELETE) continue;
        cJSON_AddItemToObject(simple, reduced[i].path.segs[0], stamp_of(&reduced[i], numbers));
        cJSON_DeleteItemFromObjectCaseSensitive(ops, reduced[i].path.segs[0]);
    }
    if (ops->child != NULL)
        cJSON_AddItemToObject(out, "ops", ops);
    else
        cJSON_Delete(ops);
    put_simple(out, simple, root);
    return keep(canonical(out));
}

static void check(history *h, object *o) {
    node root = oracle(h);
    char *expected = keep(canonical(show(&root)));
    if (below(h, 2) == 0) assert_view(o, expected);
    char *stored = keep(object_snapshot(o));
    assert_string_equal(stored, oracle_stored(h, &root));
    assert_view(o, expected);
}

static void arrive(history *h, bool in_order) {
    size_t order[MUTATIONS_MAX];
    object o = object_new(h->generation);
    memset(h->applied, 0, sizeof h->applied);
    size_t n = 0;
    for (size_t i = 0; i < h->op_count; i++) /* the operations are sorted: their mutations in stamp order */
        if (h->ops[i].order == 0) order[n++] = h->ops[i].mutation;
    assert_int_equal(n, h->mutation_count);
    uint64_t disorder = in_order ? 0 : below(h, 3); /* none, a little, full */
    for (size_t i = n; i-- > 1 && disorder > 0;) {
        size_t k = disorder == 2 ? (size_t)below(h, i + 1) : i - (size_t)below(h, 2);
        size_t swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    for (size_t i = 0; i < n; i++) {
        const operation *op = h->ops;
        while (op->mutation != order[i]) op++;
        echo_error err = ECHO_ERROR_INIT;
        if (object_apply(&o, echo__buf_bytes(&h->mutations[order[i]]), op->time, op->feed, op->seq, &err) != ECHO_OK)
            fail_msg("%s", err.message);
        h->applied[order[i]] = true;
        if (below(h, 4) == 0) {
            char *stored = object_snapshot(&o);
            object_free(&o);
            o = object_restore(h->generation, stored);
            free(stored);
        }
        if (i + 1 == n || below(h, 6) == 0) check(h, &o);
    }
    object_free(&o);
}

static void run(uint64_t seed, int generation) {
    static history h;
    memset(&h, 0, sizeof h);
    h.random.state = seed;
    h.generation = generation;
    make_history(&h);
    qsort(h.ops, h.op_count, sizeof *h.ops, by_stamp);
    for (int i = 0; i < 6; i++) arrive(&h, i == 0);
    for (size_t i = 0; i < h.mutation_count; i++) echo__buf_free(&h.mutations[i]);
    forget();
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static uint64_t current_seed;

static void run_all(int generation) {
    uint64_t runs = setting("ECHO_TEST_RUNS", 400), seed = setting("ECHO_TEST_SEED", 1);
    for (uint64_t i = 0; i < runs; i++) {
        current_seed = seed + i;
        run(current_seed, generation);
    }
}

static void test_new_generation(void **state) {
    (void)state;
    run_all(2);
}

static void test_old_generation(void **state) {
    (void)state;
    run_all(1);
}

static int tell_seed(void **state) {
    (void)state;
    print_message("last seed: ECHO_TEST_SEED=%llu\n", (unsigned long long)current_seed);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_new_generation, tell_seed),
        cmocka_unit_test_teardown(test_old_generation, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
