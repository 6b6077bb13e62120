/* Stored states: golden bytes, what restores, and what must not. */
#include "test_object_support.h"

#define FEED1 "0101010101010101010101010101010101010101010101010101010101010101"
#define FEED2 "0202020202020202020202020202020202020202020202020202020202020202"

static void test_golden_empty(void **state) {
    (void)state;
    for (int generation = 1; generation <= 2; generation++) {
        object o = object_new(generation);
        assert_stored(&o, "{\"values\":{},\"when\":[]}");
        object_free(&o);
    }
}

static void test_golden_simple(void **state) {
    (void)state;
    object o = object_new(1);
    object_do_at(&o, 4, 2, WIRE_SET, "title", "\"Fixture party\"");
    object_do_at(&o, 3, 9, WIRE_SET, "title", "\"overtaken\""); /* its feed is not listed */
    object_do_at(&o, 5, 1, WIRE_SET, "$n", "7");
    object_do_at(&o, 6, 1, WIRE_SET, "gone", "1");
    object_do_at(&o, 7, 2, WIRE_SET, "gone", "null");
    object_do_at(&o, UINT64_MAX, 2, WIRE_SET, "late", "{\"$bytes\":true}");
    assert_stored(&o, "{\"feeds\":[\"" FEED1 "\",\"" FEED2 "\"],\"gone\":{\"gone\":[1,7,7]},"
                      "\"values\":{\"$$n\":7,\"late\":{\"$$bytes\":true},\"title\":\"Fixture party\"},"
                      "\"when\":[[0,5,5],[1,18446744073709551615,18446744073709551615],[1,4,4]]}");
    object_free(&o);
}

static void test_golden_complex(void **state) {
    (void)state;
    object o = object_new(2);
    object_do_at(&o, 1, 1, WIRE_SET, "a", "{\"x\":1}");
    object_do_at(&o, 2, 2, WIRE_SET, "a.y.z", "2");
    object_do_at(&o, 3, 1, WIRE_DELETE, "a.y", NULL); /* leaves a touch with the stamp of the write before */
    object_do_at(&o, 4, 2, WIRE_PUSH, "tags", "[1,{\"$\":null}]");
    object_do_at(&o, 5, 2, WIRE_ADD, "tags", "\"t\"");
    object_do_at(&o, 6, 1, WIRE_REMOVE, "tags", "\"u\"");
    object_do_at(&o, 7, 1, WIRE_SET, "tags[0][1].q", "true");
    object_do_at(&o, 8, 1, WIRE_SET, "plain", "null");
    assert_stored(
        &o,
        "{\"feeds\":[\"" FEED1 "\",\"" FEED2 "\"],"
        "\"ops\":{\"a\":[[[0,1,1],\"set\",[],{\"x\":1}],[[1,2,2],\"touch\",[\"y\"]],[[0,3,3],\"delete\",[\"y\"]]],"
        "\"tags\":[[[1,4,4],\"push\",[],[1,{\"$$\":null}]],[[1,5,5],\"add\",[],\"t\"],[[0,6,6],\"remove\",[],\"u\"],"
        "[[0,7,7],\"set\",[\"0\",\"1\",\"q\"],true]]},"
        "\"values\":{\"a\":{\"x\":1},\"plain\":null,\"tags\":[[1,{\"$$\":null,\"q\":true}],\"t\"]},\"when\":[[0,8,"
        "8]]}");
    object_free(&o);
}

/* A slot returns to its simple form when one operation on the whole of it is all that counts. */
static void test_simple_again(void **state) {
    (void)state;
    object o = object_new(2);
    object_do_at(&o, 1, 1, WIRE_SET, "a.x", "1");
    object_do_at(&o, 2, 1, WIRE_PUSH, "a.l", "1");
    object_do_at(&o, 5, 1, WIRE_SET, "a", "{\"y\":1}");
    assert_stored(&o, "{\"feeds\":[\"" FEED1 "\"],\"values\":{\"a\":{\"y\":1}},\"when\":[[0,5,5]]}");
    object_do_at(&o, 4, 1, WIRE_SET, "a.z", "1"); /* too late to matter */
    assert_stored(&o, "{\"feeds\":[\"" FEED1 "\"],\"values\":{\"a\":{\"y\":1}},\"when\":[[0,5,5]]}");
    object_do_at(&o, 6, 2, WIRE_PUSH, "a", "1");
    object_do_at(&o, 7, 1, WIRE_DELETE, "a", NULL);
    assert_stored(&o, "{\"feeds\":[\"" FEED1 "\"],\"gone\":{\"a\":[0,7,7]},\"values\":{},\"when\":[]}");
    object_free(&o);
}

static echo_status thaw(int generation, const char *text) {
    object o = object_new(generation);
    cJSON *value = json(text);
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = o.ops->restore(NULL, o.state, 1, value, &err);
    cJSON_Delete(value);
    if (status == ECHO_OK) {
        char *before = object_snapshot(&o);
        status = echo__object_thaw(o.state, &err);
        if (status != ECHO_OK) { /* kept as it was, and mutations are refused */
            char *after = object_snapshot(&o);
            assert_string_equal(after, before);
            free(after);
            assert_int_equal(object_try(&o, WIRE_SET, "k", "1"), status);
            after = object_snapshot(&o);
            assert_string_equal(after, before);
            free(after);
        }
        free(before);
    }
    assert_int_equal(err.code, status);
    object_free(&o);
    return status;
}

/* A whole state around members of `gone`, `ops` and `properties`, and stamps of `when`. Two feeds are referred to by
 * the tombstones "f" and "g". */
static echo_status thaw_parts(const char *gone, const char *ops, const char *properties, const char *when) {
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "{\"feeds\":[\"" FEED1 "\",\"" FEED2
                   "\"],\"gone\":{\"f\":0,\"g\":[1,0]%s}%s%s%s,\"values\":{%s},\"when\":[%s]}",
                   gone, *ops == '\0' ? "" : ",\"ops\":{", ops, *ops == '\0' ? "" : "}", properties, when);
    return thaw(2, text);
}

static void test_malformed_shape(void **state) {
    (void)state;
    static const char *const texts[] = {
        "null",
        "[]",
        "1",
        "{}",
        "{\"values\":{}}",
        "{\"when\":[]}",
        "{\"feeds\":{},\"values\":{},\"when\":[]}",
        "{\"gone\":[],\"values\":{},\"when\":[]}",
        "{\"ops\":[],\"values\":{},\"when\":[]}",
        "{\"values\":[],\"when\":[]}",
        "{\"values\":{},\"when\":{}}",
        "{\"other\":{},\"values\":{},\"when\":[]}",
        "{\"at\":{},\"values\":{},\"when\":[]}",
        "{\"values\":{},\"when\":[],\"with\":1}",
        "{\"feeds\":[],\"values\":{},\"when\":[]}", /* left out when there are none */
        "{\"gone\":{},\"values\":{},\"when\":[]}",
        "{\"ops\":{},\"values\":{},\"when\":[]}",
        "{\"feeds\":[\"" FEED1 "\"],\"values\":{},\"when\":[]}", /* listed for nothing */
        "{\"values\":{\"a\":1},\"when\":[1]}",                   /* not listed */
        "{\"feeds\":[\"01\"],\"values\":{\"a\":1},\"when\":[1]}",
        "{\"feeds\":[7],\"values\":{\"a\":1},\"when\":[1]}",
        "{\"feeds\":[\"0A01010101010101010101010101010101010101010101010101010101010101\"],"
        "\"values\":{\"a\":1},\"when\":[1]}",
        "{\"feeds\":[\"" FEED2 "\",\"" FEED1 "\"],\"values\":{\"a\":1,\"b\":1},\"when\":[1,[1,1]]}",
        "{\"feeds\":[\"" FEED1 "\",\"" FEED1 "\"],\"values\":{\"a\":1,\"b\":1},\"when\":[1,[1,1]]}",
    };
    assert_int_equal(
        thaw(2, "{\"feeds\":[\"" FEED1 "\",\"" FEED2 "\"],\"values\":{\"a\":1,\"b\":1},\"when\":[1,[1,1]]}"), ECHO_OK);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (thaw(2, texts[i]) != ECHO_ERR_CORRUPT) fail_msg("%s", texts[i]);
    object o = object_new(2);
    cJSON *value = json("{\"values\":{},\"when\":[]}");
    assert_int_equal(o.ops->restore(NULL, o.state, 2, value, NULL), ECHO_ERR_VERSION);
    assert_int_equal(o.ops->restore(NULL, o.state, 0, value, NULL), ECHO_ERR_VERSION);
    assert_int_equal(o.ops->restore(NULL, o.state, 1, value, NULL), ECHO_OK);
    assert_int_equal(o.ops->restore(NULL, o.state, 1, value, NULL), ECHO_ERR_INVALID);
    cJSON_Delete(value);
    object_free(&o);
}

static void test_malformed_stamps(void **state) {
    (void)state;
    static const char *const good[] = {"7", "[1,7]", "[0,7,9]", "[1,7,9]", "[1,18446744073709551615,0]"},
                             *const bad[] = {"\"1\"",
                                             "null",
                                             "{}",
                                             "[]",
                                             "[1]",
                                             "[[1,0]]",
                                             "-1",
                                             "1.5",
                                             "[0,1]",
                                             "[1,0,1]",
                                             "[0,0,1]",
                                             "[0,1,5,6]",
                                             "[2,1]",
                                             "[-1,1]",
                                             "[1,-1]",
                                             "[1,1.5]",
                                             "[1,\"1\"]",
                                             "[1,1,null]",
                                             "[1.5,1]",
                                             "[1,1,-1]",
                                             "18446744073709551615",
                                             "[1,18446744073709551615]"};
    char gone[64];
    assert_int_equal(thaw_parts("", "", "", ""), ECHO_OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void)snprintf(gone, sizeof gone, ",\"h\":%s", good[i]);
        if (thaw_parts("", "", "\"a\":1", good[i]) != ECHO_OK) fail_msg("%s", good[i]);
        if (thaw_parts(gone, "", "", "") != ECHO_OK) fail_msg("%s", gone);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(gone, sizeof gone, ",\"h\":%s", bad[i]);
        if (thaw_parts("", "", "\"a\":1", bad[i]) != ECHO_ERR_CORRUPT) fail_msg("%s", bad[i]);
        if (thaw_parts(gone, "", "", "") != ECHO_ERR_CORRUPT) fail_msg("%s", gone);
    }
}

static void test_malformed_properties(void **state) {
    (void)state;
    assert_int_equal(thaw_parts("", "", "\"a\":{\"$$b\":{\"$bytes\":\"\"}}", "1"), ECHO_OK);
    static const char *const values[] = {"{\"$b\":1}",           "{\"$bytes\":\"=\"}", "{\"$string\":\"YQ==\"}",
                                         "{\"$float\":\"inf\"}", "{\"$float\":1}",     "{\"x\":{\"$\":1}}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char properties[64];
        (void)snprintf(properties, sizeof properties, "\"a\":%s", values[i]);
        if (thaw_parts("", "", properties, "1") != ECHO_ERR_CORRUPT) fail_msg("%s", properties);
    }
    assert_int_equal(thaw_parts("", "", "\"a\":1", ""), ECHO_ERR_CORRUPT);    /* no stamp */
    assert_int_equal(thaw_parts("", "", "\"a\":1", "1,2"), ECHO_ERR_CORRUPT); /* one too many */
    assert_int_equal(thaw_parts("", "", "", "1"), ECHO_ERR_CORRUPT);
    assert_int_equal(thaw_parts("", "", "\"f\":1", "1"), ECHO_ERR_CORRUPT); /* that is gone */
    assert_int_equal(thaw_parts("", "", "\"f\":1", ""), ECHO_ERR_CORRUPT);
    assert_int_equal(thaw_parts("", "", "\"$a\":1", "1"), ECHO_ERR_CORRUPT);
    assert_int_equal(thaw_parts("", "", "\"$$a\":1", "1"), ECHO_OK);
}

static void test_malformed_ops(void **state) {
    (void)state;
    static const struct {
        const char *list, *value;
    } good[] =
        {
            {"[[[0,2,2],\"set\",[\"x\"],1]]", "{\"x\":1}"},
            {"[[[0,2,2],\"delete\",[\"x\"]]]", NULL},
            {"[[[0,1,1],\"set\",[],5],[[0,2,2],\"touch\",[\"x\"]],[[0,3,3],\"delete\",[\"x\"]]]", "{}"},
            {"[[[0,2,2],\"touch\",[\"x\"]],[[0,2,2],\"delete\",[\"x\"]]]", "{}"},
            {"[[[0,2,2],\"push\",[],[1]],[[0,2,2],\"push\",[],1]]", "[[1],1]"},
        },
      bad[] = {
          {"{}", NULL},
          {"[]", NULL},
          {"[1]", NULL},
          {"[[]]", NULL},
          {"[[2,0,2]]", NULL},
          {"[[[0,2,2],\"set\"]]", NULL},
          {"[[[0,2,2],\"set\",[\"x\"]]]", "{}"}, /* no value */
          {"[[[0,2,2],\"set\",[\"x\"],1,2]]", "{\"x\":1}"},
          {"[[[0,2,2],\"set\",\"x\",1]]", "{\"x\":1}"},
          {"[[[0,2,2],\"set\",[1],1]]", "{\"1\":1}"},
          {"[[[0,2,2],\"sat\",[\"x\"],1]]", "{\"x\":1}"},
          {"[[2,0,2,0,[\"x\"],1]]", "{\"x\":1}"},
          {"[[[0,2,2],\"delete\",[\"x\"],1]]", NULL},
          {"[[[0,2,2],\"set\",[\"x\"],{\"$x\":1}]]", "{\"x\":{\"$x\":1}}"},
          {"[[[0,2,2],\"set\",[],1]]", "1"}, /* that would be a simple slot */
          {"[[[0,2,2],\"delete\",[]]]", NULL},
          {"[[[0,2,2],\"set\",[\"x\"],1]]", "{\"x\":2}"}, /* not what the operations give */
          {"[[[0,2,2],\"set\",[\"x\"],1]]", NULL},
          {"[[[0,2,2],\"delete\",[\"x\"]]]", "{}"},
          {"[[[0,2,2],\"push\",[],1]]", "{\"0\":1}"},
          {"[[[0,3,3],\"set\",[\"x\"],1],[[0,2,2],\"set\",[\"y\"],1]]", "{\"x\":1,\"y\":1}"}, /* out of order */
          {"[[2,\"push\",[],1],[[0,2,2],\"push\",[],1]]", "[1,1]"},
          {"[[[0,3,2],\"push\",[],1],[[0,2,2],\"push\",[],1]]", "[1,1]"},
          {"[[[1,2,2],\"set\",[\"x\"],1],[[0,2,2],\"set\",[\"y\"],1]]", "{\"x\":1,\"y\":1}"},
          {"[[[0,2,2],\"set\",[\"x\"],1],[[0,3,3],\"set\",[\"x\"],1]]", "{\"x\":1}"}, /* not reduced */
          {"[[[0,2,2],\"set\",[\"x\",\"y\"],1],[[0,3,3],\"delete\",[\"x\"]]]", "{}"},
          {"[[[0,2,2],\"touch\",[\"x\"]]]", "{}"}, /* a touch of nothing */
          {"[[[0,2,2],\"touch\",[\"x\"]],[[0,3,3],\"set\",[\"x\"],1]]", "{\"x\":1}"},
          {"[[[0,2,2],\"delete\",[\"x\"]],[[0,3,3],\"touch\",[\"x\"]]]", "{}"},
          {"[[[0,2,2],\"touch\",[\"x\",\"y\"]],[[0,3,3],\"delete\",[\"x\"]]]", "{}"}, /* a touch of another path */
          {"[[[0,2,2],\"touch\",[]],[[0,3,3],\"delete\",[]]]", NULL},
          {"[[[0,2,2],\"touch\",[\"0\"]],[[0,3,3],\"delete\",[\"0\"]]]", "[]"},
          {"[[[0,2,2],\"touch\",[\"x\"]],[[0,3,3],\"delete\",[\"x\"]],[[0,4,4],\"set\",[\"x\",\"y\"],1]]",
           "{\"x\":{\"y\":1}}"},
      };
    char ops[512], properties[256];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void)snprintf(ops, sizeof ops, "\"a\":%s", good[i].list);
        (void)snprintf(properties, sizeof properties, "%s%s",
                       good[i].value == NULL ? "" : "\"a\":", good[i].value == NULL ? "" : good[i].value);
        if (thaw_parts("", ops, properties, "") != ECHO_OK) fail_msg("%s", ops);
        if (thaw_parts("", ops, properties, "1") != ECHO_ERR_CORRUPT) fail_msg("%s and a stamp", ops);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)snprintf(ops, sizeof ops, "\"a\":%s", bad[i].list);
        (void)snprintf(properties, sizeof properties, "%s%s",
                       bad[i].value == NULL ? "" : "\"a\":", bad[i].value == NULL ? "" : bad[i].value);
        if (thaw_parts("", ops, properties, "") != ECHO_ERR_CORRUPT) fail_msg("%s", ops);
    }
    assert_int_equal(thaw(1, "{\"feeds\":[\"" FEED1
                             "\"],\"ops\":{\"a\":[[1,\"set\",[\"x\"],1]]},\"values\":{\"a\":{\"x\":1}},\"when\":[]}"),
                     ECHO_ERR_CORRUPT); /* the old generation has no complex slots */
}

/* Nodes that no parser would make: repeated keys, keys and texts that are missing. */
static void test_malformed_nodes(void **state) {
    (void)state;
    for (int fault = 0; fault < 8; fault++) {
        object o = object_new(2);
        cJSON *value = json("{\"feeds\":[\"" FEED1 "\"],\"gone\":{\"c\":1},\"ops\":{\"b\":[[1,\"set\",[\"x\"],\"v\"]]},"
                            "\"values\":{\"a\":\"t\",\"b\":{\"x\":\"v\"}},\"when\":[1]}");
        cJSON *gone = cJSON_GetObjectItemCaseSensitive(value, "gone"),
              *ops = cJSON_GetObjectItemCaseSensitive(value, "ops"),
              *properties = cJSON_GetObjectItemCaseSensitive(value, "values"),
              *feeds = cJSON_GetObjectItemCaseSensitive(value, "feeds");
        cJSON *holder = NULL;
        char **text = NULL, *taken = NULL;
        switch (fault) {
        case 0: cJSON_AddItemToObject(gone, "c", json("1")); break;
        case 1: cJSON_AddItemToObject(properties, "a", json("\"t\"")); break;
        case 2: cJSON_AddItemToObject(properties, "b", json("{\"x\":\"v\"}")); break;
        case 3: text = &gone->child->string; break;
        case 4: text = &properties->child->valuestring; break;
        case 5: text = &feeds->child->valuestring; break;
        case 6: text = &ops->child->child->child->next->valuestring; break;
        default:
            cJSON_AddItemToArray(feeds, holder = cJSON_CreateNull());
            holder->type = cJSON_Invalid;
            break;
        }
        if (text != NULL) taken = *text, *text = NULL;
        echo_status status = o.ops->restore(NULL, o.state, 1, value, NULL);
        if (status == ECHO_OK) status = echo__object_thaw(o.state, NULL);
        assert_int_equal(status, ECHO_ERR_CORRUPT);
        if (text != NULL) *text = taken;
        cJSON_Delete(value);
        object_free(&o);
    }
}

/* Random states, damaged at random: whatever thaws is a state that the library would have written. */

static cJSON *random_node(test_random *r, cJSON *node) {
    while (node->child != NULL && test_random_below(r, 5) > 0) {
        node = node->child;
        while (node->next != NULL && test_random_below(r, 3) > 0) node = node->next;
    }
    return node;
}

static void damage(test_random *r, cJSON *root) {
    static const char *const pieces[] = {"null",
                                         "0",
                                         "1",
                                         "-1",
                                         "1.5",
                                         "\"\"",
                                         "\"set\"",
                                         "\"touch\"",
                                         "\"delete\"",
                                         "[]",
                                         "{}",
                                         "[\"x\"]",
                                         "{\"$bytes\":\"AA==\"}",
                                         "9007199254740993",
                                         "\"" FEED1 "\"",
                                         "[1,0]",
                                         "{\"$\":1}",
                                         "[[1,\"touch\",[\"x\"]]]"};
    cJSON *node = random_node(r, root), *parent = random_node(r, root);
    if (node == root || !(cJSON_IsArray(parent) || cJSON_IsObject(parent))) return;
    cJSON *piece = test_random_below(r, 2) == 0 ? cJSON_Duplicate(node, 1)
                                                : json(pieces[test_random_below(r, sizeof pieces / sizeof *pieces)]);
    cJSON_bool added = false;
    if (cJSON_IsObject(parent) && parent != root)
        added = cJSON_AddItemToObject(parent, test_random_below(r, 2) == 0 ? "x" : "a", piece);
    else if (cJSON_IsArray(parent))
        added = cJSON_InsertItemInArray(parent, (int)test_random_below(r, 3), piece);
    if (!added) cJSON_Delete(piece);
    if (test_random_below(r, 2) != 0) return;
    cJSON *above = root; /* delete a member of some container */
    for (cJSON *next = root; next->child != NULL && test_random_below(r, 4) > 0;)
        above = next, next = random_node(r, next->child);
    if (above->child != NULL && above != root) cJSON_Delete(cJSON_DetachItemViaPointer(above, above->child));
}

static bool has_repeats(const cJSON *node) {
    for (const cJSON *a = node->child; a != NULL; a = a->next) {
        if (has_repeats(a)) return true;
        for (const cJSON *b = a->next; cJSON_IsObject(node) && b != NULL; b = b->next)
            if (strcmp(a->string, b->string) == 0) return true;
    }
    return false;
}

static void test_damaged_states(void **state) {
    (void)state;
    const char *setting = getenv("ECHO_TEST_RUNS"), *seed = getenv("ECHO_TEST_SEED");
    test_random r = {seed == NULL ? 1 : strtoull(seed, NULL, 10)};
    size_t runs = setting == NULL ? 4000 : strtoull(setting, NULL, 10), thawed = 0;
    print_message("ECHO_TEST_SEED=%llu\n", (unsigned long long)r.state);
    for (size_t run = 0; run < runs; run++) {
        static const char *const keys[] = {"a", "b", "a.x", "a.x.y", "b[0]", "b[1].x"}, *const values[] = {
                                                                                            "1", "\"t\"", "{\"x\":1}",
                                                                                            "[1]", "null"};
        object o = object_new(2);
        for (size_t i = test_random_below(&r, 8); i-- > 0;) {
            static const int kinds[] = {WIRE_SET, WIRE_SET, WIRE_DELETE, WIRE_PUSH, WIRE_ADD, WIRE_REMOVE};
            int kind = kinds[test_random_below(&r, 6)];
            const char *text = kind == WIRE_DELETE ? NULL : values[test_random_below(&r, 5)];
            const char *key = keys[test_random_below(&r, 6)];
            uint8_t feed = (uint8_t)test_random_below(&r, 3);
            object_do_at(&o, test_random_below(&r, 20), feed, kind, key, text);
        }
        char *stored = object_snapshot(&o);
        object_free(&o);
        cJSON *value = json(stored);
        free(stored);
        for (size_t i = 1 + test_random_below(&r, 3); i-- > 0;) damage(&r, value);
        char *text = has_repeats(value) ? NULL : canonical(cJSON_Duplicate(value, 1));
        o = object_new(2);
        if (o.ops->restore(NULL, o.state, 1, value, NULL) == ECHO_OK) {
            char *frozen = has_repeats(value) || text == NULL ? NULL : object_snapshot(&o);
            echo_status status = echo__object_thaw(o.state, NULL);
            assert_true(status == ECHO_OK || status == ECHO_ERR_CORRUPT);
            if (status == ECHO_OK) {
                thawed++;
                assert_non_null(text); /* repeated keys never thaw */
                char *again = object_snapshot(&o);
                assert_string_equal(again, text);
                assert_string_equal(frozen, text);
                free(again);
            }
            free(frozen);
        }
        free(text);
        cJSON_Delete(value);
        object_free(&o);
    }
    print_message("%zu of %zu thawed\n", thawed, runs);
    assert_true(runs < 1000 || (thawed > runs / 100 && thawed < runs));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_empty),         cmocka_unit_test(test_golden_simple),
        cmocka_unit_test(test_golden_complex),       cmocka_unit_test(test_simple_again),
        cmocka_unit_test(test_malformed_shape),      cmocka_unit_test(test_malformed_stamps),
        cmocka_unit_test(test_malformed_properties), cmocka_unit_test(test_malformed_ops),
        cmocka_unit_test(test_malformed_nodes),      cmocka_unit_test(test_damaged_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
