/* What holds for every codec: the check of its table, and names. */
#include "support/test.h"

#include <string.h>

#include "feed/codec.h"

static void tables_are_checked(void **state) {
    (void)state;
    echo_codec codec = echo_codec_dxos();
    echo_codec_ops ops = *codec.ops;
    echo_codec copy = {&ops, codec.ctx};
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo__codec_check(&copy, NULL), ECHO_OK);
    ops.decode = NULL;
    assert_int_equal(echo__codec_check(&copy, &err), ECHO_ERR_INVALID);
    assert_non_null(strstr(err.message, "the hook decode"));
    ops = *codec.ops;
    ops.encode = NULL;
    assert_int_equal(echo__codec_check(&copy, &err), ECHO_ERR_INVALID);
    assert_non_null(strstr(err.message, "the hook encode"));
    ops = *codec.ops;
    ops.release = NULL;
    assert_int_equal(echo__codec_check(&copy, &err), ECHO_ERR_INVALID);
    assert_non_null(strstr(err.message, "the hook release"));
    ops = *codec.ops;
    for (uint32_t version = 0; version < 3; version += 2) {
        ops.version = version;
        assert_int_equal(echo__codec_check(&copy, &err), ECHO_ERR_VERSION);
    }
    copy.ops = NULL;
    assert_int_equal(echo__codec_check(&copy, NULL), ECHO_ERR_INVALID);
    assert_int_equal(echo__codec_check(NULL, NULL), ECHO_ERR_INVALID);
}

static void names(void **state) {
    (void)state;
    assert_string_equal(echo_message_kind_name(ECHO_MESSAGE_UNKNOWN), "unknown");
    assert_string_equal(echo_message_kind_name(ECHO_MESSAGE_ITEM), "item");
    assert_string_equal(echo_message_kind_name(ECHO_MESSAGE_CREDENTIAL), "credential");
    assert_string_equal(echo_message_kind_name((echo_message_kind)77), "unknown");
    assert_string_equal(echo_item_action_name(ECHO_ACTION_NONE), "none");
    assert_string_equal(echo_item_action_name(ECHO_ACTION_DELETE), "delete");
    assert_string_equal(echo_item_action_name(ECHO_ACTION_RESTORE), "restore");
    assert_string_equal(echo_item_action_name((echo_item_action)77), "unknown");
    assert_string_equal(echo_generation_name(ECHO_GENERATION_OLD), "old");
    assert_string_equal(echo_generation_name(ECHO_GENERATION_NEW), "new");
    assert_string_equal(echo_generation_name((echo_generation)77), "unknown");
    assert_string_equal(echo_order_name(ECHO_ORDER_EQUAL), "equal");
    assert_string_equal(echo_order_name(ECHO_ORDER_BEFORE), "before");
    assert_string_equal(echo_order_name(ECHO_ORDER_AFTER), "after");
    assert_string_equal(echo_order_name(ECHO_ORDER_CONCURRENT), "concurrent");
    assert_string_equal(echo_order_name((echo_order)77), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
