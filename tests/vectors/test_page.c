/* The examples in docs/FORMAT.md: what the page shows is what the vectors have and the library does. */
#include "vectors.h"

#include <ctype.h>

#include "base/crypto.h"
#include "model/object.h"

typedef struct pages {
    char *text;
    char *bare; /* without spaces and line breaks, to find what the page wraps */
    cJSON *credentials, *objects, *stamps;
} pages;

static int setup(void **at) {
    pages *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->text = vector_file(TEST_VECTORS "/../../docs/FORMAT.md");
    p->bare = calloc(1, strlen(p->text) + 1);
    assert_non_null(p->bare);
    char *to = p->bare;
    for (const char *from = p->text; *from != '\0'; from++)
        if (!isspace((unsigned char)*from)) *to++ = *from;
    p->credentials = vectors_read("credentials");
    p->objects = vectors_read("objects");
    p->stamps = vectors_read("stamps");
    *at = p;
    return 0;
}

static int teardown(void **at) {
    pages *p = *at;
    cJSON_Delete(p->credentials);
    cJSON_Delete(p->objects);
    cJSON_Delete(p->stamps);
    free(p->text);
    free(p->bare);
    free(p);
    return 0;
}

/* The case whose description begins with a text. */
static const cJSON *case_of(const cJSON *file, const char *start) {
    const cJSON *vector;
    cJSON_ArrayForEach(vector, vector_member(file, "cases")) {
        if (strncmp(vector_name(vector), start, strlen(start)) == 0) return vector;
    }
    fail_msg("no case is called %s", start);
    return NULL;
}

static void test_stamp(void **at) {
    const pages *p = *at;
    const cJSON *vector = case_of(p->stamps, "two other feeds: ");
    char sum[128];
    snprintf(sum, sizeof sum, "%s = %s", strchr(vector_name(vector), '('), vector_text(vector, "time"));
    if (strstr(p->text, sum) == NULL) fail_msg("the page does not have %s", sum);
}

/* The next line of an example: copied without its indentation; *from moves to the line after it. */
static char *next_line(const char **from) {
    const char *start = *from + strspn(*from, " "), *end = strchr(start, '\n');
    assert_non_null(end);
    *from = end + 1;
    char *line = strndup(start, (size_t)(end - start));
    assert_non_null(line);
    return line;
}

static void test_signed_text(void **at) {
    const pages *p = *at;
    const char *place = strstr(p->text, "    {\"created\":");
    assert_non_null(place);
    char *text = next_line(&place), *key = next_line(&place), *signature = next_line(&place);
    echo_key signer = vector_key(key);
    echo__buf bytes = vector_unhex(signature);
    assert_int_equal(bytes.len, 64);
    assert_true(echo__crypto_init());
    assert_true(echo__verify(bytes.data, text, strlen(text), &signer));
    assert_non_null(strstr(vector_text(vector_member(p->credentials, "messages"), "party admits feed A"), signature));
    echo__buf_free(&bytes);
    free(text);
    free(key);
    free(signature);
}

/* The table of chains has each list of the vectors that ends in one, with its outcome. */
static void test_chains(void **at) {
    const pages *p = *at;
    const cJSON *list;
    size_t count = 0;
    cJSON_ArrayForEach(list, vector_member(p->credentials, "lists")) {
        const cJSON *names = vector_member(list, "messages");
        const char *name = cJSON_GetArrayItem(names, cJSON_GetArraySize(names) - 1)->valuestring;
        if (strncmp(name, "chain: ", 7) != 0) continue;
        bool good = cJSON_GetArraySize(vector_member(list, "feeds")) == 2;
        char row[256];
        snprintf(row, sizeof row, "\n| %s | %s |\n", name + 7, good ? "good" : "leads nowhere");
        if (strstr(p->text, row) == NULL) fail_msg("the page does not have %s", row);
        count++;
    }
    assert_true(count >= 13);
}

static void test_object_state(void **at) {
    const pages *p = *at;
    const cJSON *vector = case_of(p->objects, "docs/FORMAT.md's example"), *step;
    const cJSON *feeds = vector_member(p->objects, "feeds");
    const echo_model_ops *ops = &echo__object_ops;
    void *state = NULL;
    cJSON *stored;
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(ops->create(&state, NULL, NULL), ECHO_OK);
    cJSON_ArrayForEach(step, vector_member(vector, "mutations")) vector_apply(ops, state, step, feeds);
    assert_int_equal(ops->snapshot(&stored, NULL, state, &err), ECHO_OK);
    char *text = vector_canonical(stored);
    if (strstr(p->bare, text) == NULL) fail_msg("the page does not have %s", text);
    free(text);
    cJSON_Delete(stored);
    ops->destroy(NULL, state);
}

/* The page names every file of vectors. */
static void test_files(void **at) {
    const pages *p = *at;
    static const char *const files[] = {"messages", "stamps",      "mutations", "objects",
                                        "paths",    "credentials", "numbers",   "items"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "`%s.json`", files[i]);
        if (strstr(p->text, name) == NULL) fail_msg("the page does not name %s", name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stamp), cmocka_unit_test(test_signed_text),
                                       cmocka_unit_test(test_chains), cmocka_unit_test(test_object_state),
                                       cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
