/* test_yaml.c: the YAML that is read, the surprises that are refused, and where errors point. */
#include "base/fault.h"
#include "base/random.h"
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/buffer.h"

#define BYTES_MAX ((size_t)1 << 20)
#define PROPERTY_ROUNDS 300

static yaml *parsed(const char *source)
{
    yaml *doc = NULL;
    velum_error err = {.status = VELUM_OK};
    if (yaml_parse(text_of(source), BYTES_MAX, &doc, &err) != VELUM_OK) {
        fail_msg("%s in: %s", err.text, source);
    }
    return doc;
}

static velum_status status_of(text source, velum_error *err)
{
    VELUM_AUTO(yaml) *doc = NULL;
    const velum_status status = yaml_parse(source, BYTES_MAX, &doc, err);
    assert_true((status == VELUM_OK) == (doc != NULL));
    return status;
}

static void assert_refused(const char *source)
{
    velum_error err = {.status = VELUM_OK};
    if (status_of(text_of(source), &err) != VELUM_E_INVALID) {
        fail_msg("not refused: %s", source);
    }
    assert_int_equal(strncmp(err.text, "line ", 5), 0);
}

static void test_reads_a_tree(void **state)
{
    VELUM_AUTO(yaml) *doc = parsed("# a policy\n"
                                   "version: 1\n"
                                   "purposes:\n"
                                   "  - id: billing\n"
                                   "    needs: [name, 'postal code']\n"
                                   "  - id: ads\n"
                                   "text: |\n"
                                   "  two\n"
                                   "  lines\n"
                                   "nothing:\n"
                                   "empty: {}\n");
    const yaml_node *const root = yaml_root(doc);
    const yaml_node *const purposes = yaml_member(root, "purposes");
    const yaml_node *const needs = yaml_member(yaml_at(purposes, 0), "needs");

    assert_int_equal(yaml_kind_of(root), YAML_MAP);
    assert_int_equal(yaml_count(root), 5);
    assert_int_equal(yaml_kind_of(purposes), YAML_LIST);
    assert_int_equal(yaml_count(purposes), 2);
    assert_true(text_equal_literal(yaml_text(yaml_at(needs, 1)), "postal code"));
    assert_null(yaml_at(needs, 2));
    assert_true(text_equal_literal(yaml_text(yaml_member(root, "text")), "two\nlines\n"));
    assert_int_equal(yaml_text(yaml_member(root, "nothing")).size, 0);
    assert_int_equal(yaml_kind_of(yaml_member(root, "nothing")), YAML_SCALAR);
    assert_int_equal(yaml_count(yaml_member(root, "empty")), 0);
    assert_null(yaml_member(root, "absent"));
    assert_null(yaml_member(purposes, "id"));
}

static void test_lines_and_names(void **state)
{
    VELUM_AUTO(yaml) *doc = parsed("a: 1\n\nb:\n  - x\n  - y\n");
    const yaml_node *const root = yaml_root(doc);
    const yaml_node *const list = yaml_member(root, "b");

    assert_int_equal(yaml_line(root), 1);
    assert_true(text_equal_literal(yaml_name_at(root, 1), "b"));
    assert_int_equal(yaml_name_line_at(root, 1), 3);
    assert_int_equal(yaml_line(yaml_at(list, 1)), 5);
    assert_int_equal(yaml_name_at(root, 2).size, 0);
    assert_int_equal(yaml_name_at(list, 0).size, 0);
    assert_int_equal(yaml_name_line_at(list, 0), 0);
}

/* `no` is a country and a word, never a boolean. */
static void test_scalars_stay_text(void **state)
{
    VELUM_AUTO(yaml) *doc = parsed("[no, 1e3, ~, 0x10, 2026-01-01, \"q\\u00e9\", 'it''s', null]");
    static const char *const words[] = {"no",         "1e3",       "~",    "0x10",
                                        "2026-01-01", "q\xc3\xa9", "it's", "null"};

    assert_int_equal(yaml_count(yaml_root(doc)), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(text_equal_literal(yaml_text(yaml_at(yaml_root(doc), i)), words[i]));
    }
}

static void test_empty_documents_have_no_root(void **state)
{
    static const char *const sources[] = {"", "\n\n", "# only a comment\n", "---\n", "---\n...\n"};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        VELUM_AUTO(yaml) *doc = parsed(sources[i]);
        assert_null(yaml_root(doc));
    }
    VELUM_AUTO(yaml) *quoted = parsed("''");
    assert_non_null(yaml_root(quoted));
    VELUM_AUTO(yaml) *doc = NULL;
    assert_int_equal(yaml_parse((text){NULL, 0}, BYTES_MAX, &doc, NULL), VELUM_OK);
}

static void test_accepts_mark_and_crlf(void **state)
{
    VELUM_AUTO(yaml) *doc = parsed("\xef\xbb\xbf"
                                   "a: 1\r\nb: 2\r\n");
    assert_true(text_equal_literal(yaml_text(yaml_member(yaml_root(doc), "b")), "2"));
}

static void test_refuses_surprises(void **state)
{
    static const char *const sources[] = {
        "a: &x 1\n",           "a: &x 1\nb: *x\n",    "a: *x\n",         "&m {a: 1}\n",
        "- &s [a]\n",          "a: !!str 1\n",        "!!map {a: 1}\n",  "- !local [a]\n",
        "%YAML 1.1\n---\na\n", "%TAG ! x:\n---\na\n", "<<: {a: 1}\n",    "a: {<<: b}\n",
        "a: 1\n---\nb: 2\n",   "? [a]\n: b\n",        "? {a: 1}\n: b\n", "{[a]: b}\n",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

static void test_refuses_duplicate_keys(void **state)
{
    velum_error err;

    assert_refused("a: 1\na: 2\n");
    assert_refused("{a: 1, b: 2, \"a\": 3}");
    assert_refused("- x: {k: 1, j: 2, k: 3}\n");
    assert_int_equal(status_of(text_of("a: {k: 1}\nb: {k: 1}\nk: 1\n"), &err), VELUM_OK);
}

static void test_refuses_what_is_not_yaml(void **state)
{
    static const char *const sources[] = {
        "a: [1, 2\n", "a: }\n",      "a: 'x\n",      "a: b: c\n",
        "\ta: 1\n",   "- a\nb: 1\n", "a: \"\\q\"\n", "@x\n",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

static void test_refuses_bad_bytes(void **state)
{
    velum_error err;

    assert_refused("a: \xff\n");
    assert_refused("a: \xc0\x80\n");
    assert_refused("a: \xed\xa0\x80\n");
    assert_refused("a: \x01\n");
    assert_refused("a: \"x\\0y\"\n");
    assert_refused("\"\\x00\": 1\n");
    assert_refused("a: \"\\ud800\"\n");
    assert_int_equal(status_of((text){"a: \0\n", 5}, &err), VELUM_E_INVALID);
    assert_int_equal(status_of((text){"\xff\xfe"
                                      "a\0",
                                      4},
                               &err),
                     VELUM_E_INVALID);
}

/* I-5: an error line holds nothing of the source. */
static void test_error_has_place_and_no_text(void **state)
{
    velum_error err;

    assert_int_equal(status_of(text_of("a: 1\ncanary: 2\ncanary: 3\n"), &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "line 3, column 1: a key appears twice");
    assert_int_equal(status_of(text_of("a:\n  - &canary 1\n"), &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "line 2, column 5: anchors are not allowed");
    assert_int_equal(status_of(text_of("a: 1\nb: *canary\n"), &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "line 2, column 4: aliases are not allowed");
    assert_int_equal(status_of(text_of("a: 1\nb: 2\nc: \xff\n"), &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "line 3, column 1: not UTF-8, or NUL");
    assert_int_equal(status_of(text_of("a: 1\nb: \x02\n"), &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "line 2, column 1: a character is not allowed");
}

static void append_repeated(buffer *out, const char *part, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buffer_append_text(out, part);
    }
}

static velum_status status_at_depth(const char *open, const char *close, size_t depth)
{
    VELUM_AUTO_BUFFER source;
    velum_error err;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, open, depth);
    append_repeated(&source, close, depth);
    assert_int_equal(buffer_status(&source), VELUM_OK);
    return status_of((text){(const char *)source.data, source.size}, &err);
}

static void test_depth_has_a_ceiling(void **state)
{
    assert_int_equal(status_at_depth("[", "]", YAML_DEPTH_MAX), VELUM_OK);
    assert_int_equal(status_at_depth("[", "]", YAML_DEPTH_MAX + 1), VELUM_E_LIMIT);
    assert_int_equal(status_at_depth("{a: ", "}", YAML_DEPTH_MAX), VELUM_OK);
    assert_int_equal(status_at_depth("{a: ", "}", YAML_DEPTH_MAX + 1), VELUM_E_LIMIT);
    assert_int_equal(status_at_depth("- ", "", YAML_DEPTH_MAX + 1), VELUM_E_LIMIT);
    assert_int_equal(status_at_depth("[", "", 10000), VELUM_E_LIMIT);
}

static void test_nodes_have_a_ceiling(void **state)
{
    VELUM_AUTO_BUFFER source;
    velum_error err;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, "- a\n", YAML_NODES_MAX - 1); /* the list is a node too */
    assert_int_equal(buffer_status(&source), VELUM_OK);
    assert_int_equal(status_of((text){(const char *)source.data, source.size}, &err), VELUM_OK);
    buffer_append_text(&source, "- a\n");
    assert_int_equal(status_of((text){(const char *)source.data, source.size}, &err),
                     VELUM_E_LIMIT);
}

static void test_bytes_have_a_ceiling(void **state)
{
    VELUM_AUTO(yaml) *doc = NULL;

    assert_int_equal(yaml_parse(text_of("a: 1"), 3, &doc, NULL), VELUM_E_LIMIT);
    assert_null(doc);
    assert_int_equal(yaml_parse(text_of("a: 1"), 4, &doc, NULL), VELUM_OK);
}

/* Double-quoted YAML of any text (YAML 1.1 §5.6 escapes), so that a random tree can be written. */
static void append_quoted(buffer *out, text value)
{
    size_t offset = 0;
    uint32_t point = 0;

    buffer_append_byte(out, '"');
    while (utf8_next(value, &offset, &point)) {
        buffer_append_format(out, "\\U%08x", (unsigned)point);
    }
    buffer_append_byte(out, '"');
}

static void random_text(const velum_random *random, buffer *out)
{
    for (uint32_t left = random_below(random, 6); left > 0; left--) {
        char bytes[4];
        uint32_t point = 1 + random_below(random, random_below(random, 2) == 0 ? 0x7f : 0x10ffff);
        if (point >= 0xd800 && point < 0xe000) {
            point = 0xfffd;
        }
        buffer_append(out, bytes, utf8_write(point, bytes));
    }
}

/* A map of random texts to lists of random texts, written and read back. */
static bool round_trip_holds(const velum_random *random)
{
    enum { KEYS = 5, VALUES = 3 };
    VELUM_AUTO_BUFFER source;
    buffer words[KEYS * VALUES];
    bool holds = true;

    buffer_init(&source, BYTES_MAX);
    for (uint32_t i = 0; i < KEYS * VALUES; i++) {
        buffer_init(&words[i], 256);
        random_text(random, &words[i]);
        if (i % VALUES == 0) {
            buffer_append_format(&source, "k%u: [", i);
        }
        append_quoted(&source, (text){(const char *)words[i].data, words[i].size});
        buffer_append_text(&source, i % VALUES == VALUES - 1 ? "]\n" : ", ");
    }
    VELUM_AUTO(yaml) *doc = NULL;
    if (yaml_parse((text){(const char *)source.data, source.size}, BYTES_MAX, &doc, NULL) < 0) {
        return false;
    }
    for (size_t i = 0; i < KEYS * VALUES; i++) {
        const yaml_node *const list = yaml_at(yaml_root(doc), i / VALUES);
        const text read = yaml_text(yaml_at(list, i % VALUES));
        holds = holds && read.size == words[i].size &&
                (read.size == 0 || memcmp(read.data, words[i].data, read.size) == 0);
        buffer_clear(&words[i]);
    }
    return holds;
}

static void test_property_write_read(void **state)
{
    const char *const wanted = getenv("VELUM_TEST_SEED");
    const uint64_t seed = wanted != NULL ? strtoull(wanted, NULL, 10) : (uint64_t)time(NULL);
    random_seeded source;
    const velum_random random = random_from_seed(&source, seed);

    for (size_t i = 0; i < PROPERTY_ROUNDS; i++) {
        if (!round_trip_holds(&random)) {
            fail_msg("round %zu with VELUM_TEST_SEED=%llu", i, (unsigned long long)seed);
        }
    }
}

/* The Nth allocation of ours fails, for every N; the leak checker of the asan build watches. */
static void test_every_allocation_may_fail(void **state)
{
    velum_status status = VELUM_E_NOMEM;
    unsigned failed = 0;

    for (unsigned n = 1; status != VELUM_OK && n < 1000; n++) {
        velum_error err;
        char plan[32];
        (void)snprintf(plan, sizeof(plan), "alloc:%u:enospc", n);
        fault_plan(plan);
        status = status_of(text_of("a: [1, 2, {b: c}]\nd: {e: f}\ng: [1,2,3,4,5,6,7,8,9]\n"), &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || status == VELUM_E_NOMEM);
        failed += status == VELUM_E_NOMEM;
    }
    assert_int_equal(status, VELUM_OK);
    assert_true(failed > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_a_tree),
        cmocka_unit_test(test_lines_and_names),
        cmocka_unit_test(test_scalars_stay_text),
        cmocka_unit_test(test_empty_documents_have_no_root),
        cmocka_unit_test(test_accepts_mark_and_crlf),
        cmocka_unit_test(test_refuses_surprises),
        cmocka_unit_test(test_refuses_duplicate_keys),
        cmocka_unit_test(test_refuses_what_is_not_yaml),
        cmocka_unit_test(test_refuses_bad_bytes),
        cmocka_unit_test(test_error_has_place_and_no_text),
        cmocka_unit_test(test_depth_has_a_ceiling),
        cmocka_unit_test(test_nodes_have_a_ceiling),
        cmocka_unit_test(test_bytes_have_a_ceiling),
        cmocka_unit_test(test_property_write_read),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
