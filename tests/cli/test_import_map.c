/* test_import_map.c: maps that hold and maps that do not, binding to a header, rows as JSON. */
#include "cli/import_map.h"

#include "cli/import_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char good[] = "source: febrl\n"
                           "key: {type: 'ext:febrl', column: rec_id}\n"
                           "identifiers:\n"
                           "  - {type: mobile, column: phone}\n"
                           "on_match: reject\n"
                           "fields:\n"
                           "  name: {from: [given, surname], join: ' '}\n"
                           "  birthday: {from: born, format: YYYYMMDD}\n"
                           "  city: {from: suburb}\n"
                           "  member_level: {value: basic}\n";
static const char *const header[] = {"rec_id", " given", "surname ", "born", "suburb", "phone"};
#define COLUMNS (sizeof(header) / sizeof(header[0]))

static import_map *compile(const char *source)
{
    import_map *map = NULL;
    velum_error err = {0};

    if (import_map_compile(text_of(source), &map, &err) < 0) {
        fail_msg("%s", err.text);
    }
    return map;
}

static import_map *bound(void)
{
    import_map *map = compile(good);
    text cells[COLUMNS];

    for (size_t i = 0; i < COLUMNS; i++) {
        cells[i] = text_of(header[i]);
    }
    assert_int_equal(import_map_bind(map, cells, COLUMNS, NULL), VELUM_OK);
    return map;
}

static void a_map_is_compiled(void **state)
{
    VELUM_AUTO(import_map) *map = compile(good);

    assert_true(text_equal_literal(map->source, "febrl"));
    assert_true(map->rejects_known);
    assert_int_equal(map->identifier_count, 2);
    assert_true(text_equal_literal(map->identifiers[0].type, "ext:febrl"));
    assert_int_equal(map->field_count, 4);
    assert_int_equal(map->fields[0].column_count, 2);
    assert_true(map->fields[1].is_date);
    assert_int_equal(map->fields[3].column_count, 0);
    assert_true(text_equal_literal(map->fields[3].value, "basic"));
}

static void wrong_maps_name_their_line(void **state)
{
    static const struct {
        const char *source;
        const char *expected; /* in the error */
    } cases[] = {
        {"", "empty"},
        {"- a\n", "line 1"},
        {"key: {type: t, column: c}\n", "`source`"},
        {"source: s\n", "`key`"},
        {"source: S\nkey: {type: t, column: c}\n", "line 1"},
        {"source: s\nkey: {type: t}\n", "`column`"},
        {"source: s\nkey: {type: t, column: c, also: d}\n", "line 2"},
        {"source: s\nkey: {type: t, column: c}\nkeys: 1\n", "line 3"},
        {"source: s\nkey: {type: t, column: c}\non_match: merge\n", "line 3"},
        {"source: s\nkey: {type: t, column: c}\nidentifiers: {a: b}\n", "line 3"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: {from: b, value: c}\n", "line 4"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: {}\n", "`from`"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: b\n", "line 4"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: {from: []}\n", "line 4"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: {from: b, format: YYMMDD}\n", "YYYY"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n  a: {from: b, join: '-'}\n", "join"},
        {"source: s\nkey: {type: t, column: c}\nfields:\n"
         "  a: {from: [b, c], format: YYYYMMDD}\n",
         "one column"},
        {"source: s\nkey: {type: t, column: ''}\n", "line 2"},
        {"source: s\nkey: {type: t, column: '  '}\n", "line 2"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        import_map *map = NULL;
        velum_error err = {0};
        assert_int_equal(import_map_compile(text_of(cases[i].source), &map, &err), VELUM_E_INVALID);
        assert_null(map);
        if (strstr(err.text, cases[i].expected) == NULL) {
            fail_msg("case %zu says: %s", i, err.text);
        }
    }
}

static void missing_and_doubled_columns_are_told(void **state)
{
    VELUM_AUTO(import_map) *map = compile(good);
    const text some[] = {text_of("rec_id"), text_of("phone"), text_of("given")};
    const text twice[] = {text_of("rec_id"), text_of("rec_id ")};
    velum_error err = {0};

    assert_int_equal(import_map_bind(map, some, 3, &err), VELUM_E_NOTFOUND);
    assert_non_null(strstr(err.text, "line 7"));
    assert_null(strstr(err.text, "surname")); /* names of columns are not repeated */
    assert_int_equal(import_map_bind(map, twice, 2, &err), VELUM_E_INVALID);
}

static velum_status write_row(const char *const cells[], size_t count, buffer *out,
                              const char **out_reason)
{
    VELUM_AUTO(import_map) *map = bound();
    text fields[COLUMNS + 1];

    for (size_t i = 0; i < count; i++) {
        fields[i] = text_of(cells[i]);
    }
    return import_row_write(map, &(import_cells){fields, count, 7}, out, out_reason);
}

static void a_row_becomes_json(void **state)
{
    static const char *const cells[] = {" r1 ", "张", "三\u3000", "19900203", "  ", "13800138000"};
    VELUM_AUTO_BUFFER out;
    const char *reason = NULL;

    buffer_init(&out, IMPORT_ROW_BYTES_MAX);
    assert_int_equal(write_row(cells, COLUMNS, &out, &reason), VELUM_OK);
    buffer_append_byte(&out, 0);
    assert_string_equal(
        (const char *)out.data,
        "{\"line\":7,\"identifiers\":[{\"type\":\"ext:febrl\",\"value\":\"r1\"},"
        "{\"type\":\"mobile\",\"value\":\"13800138000\"}],\"profile\":"
        "{\"name\":\"张 三\",\"birthday\":\"1990-02-03\",\"member_level\":\"basic\"}}");
}

static void absent_values_leave_no_trace(void **state)
{
    static const char *const cells[] = {"r1", "", "only", "", "", " "};
    VELUM_AUTO_BUFFER out;
    const char *reason = NULL;

    buffer_init(&out, IMPORT_ROW_BYTES_MAX);
    assert_int_equal(write_row(cells, COLUMNS, &out, &reason), VELUM_OK);
    buffer_append_byte(&out, 0);
    assert_non_null(strstr((const char *)out.data, "\"name\":\"only\""));
    assert_null(strstr((const char *)out.data, "birthday"));
    assert_null(strstr((const char *)out.data, "mobile"));
}

static void bad_rows_have_a_reason(void **state)
{
    static const struct {
        const char *cells[COLUMNS + 1];
        size_t count;
        const char *reason;
    } cases[] = {
        {{"r1", "a", "b", "19900230", "", ""}, 6, "date-impossible"},
        {{"r1", "a", "b", "1990-02-03", "", ""}, 6, "date-form"},
        {{"  ", "a", "b", "", "", ""}, 6, "key-missing"},
        {{"r1", "a", "b", "", ""}, 5, "column-count"},
        {{"r1", "a", "b", "", "", "", "x"}, 7, "column-count"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        VELUM_AUTO_BUFFER out;
        const char *reason = NULL;
        buffer_init(&out, IMPORT_ROW_BYTES_MAX);
        assert_int_equal(write_row(cases[i].cells, cases[i].count, &out, &reason), VELUM_E_INVALID);
        assert_string_equal(reason, cases[i].reason);
    }
}

static void a_row_that_is_too_long(void **state)
{
    static char wide[IMPORT_ROW_BYTES_MAX];
    const char *cells[] = {"r1", "a", wide, "", "", ""};
    VELUM_AUTO_BUFFER out;
    const char *reason = NULL;

    memset(wide, 'x', sizeof(wide) - 1);
    buffer_init(&out, IMPORT_ROW_BYTES_MAX);
    assert_int_equal(write_row(cells, COLUMNS, &out, &reason), VELUM_E_INVALID);
    assert_string_equal(reason, "row-too-long");
}

static void blanks_are_trimmed(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" ", ""},
        {" a ", "a"},
        {"\t\r\na b\v\f", "a b"},
        {"\u3000张\u3000", "张"},
        {"\u00a0x\u00a0\u3000 ", "x"},
        {"\u3000", ""},
        {"a\u3000b", "a\u3000b"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_equal_literal(import_trim(text_of(cases[i][0])), cases[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_is_compiled),
        cmocka_unit_test(wrong_maps_name_their_line),
        cmocka_unit_test(missing_and_doubled_columns_are_told),
        cmocka_unit_test(a_row_becomes_json),
        cmocka_unit_test(absent_values_leave_no_trace),
        cmocka_unit_test(bad_rows_have_a_reason),
        cmocka_unit_test(a_row_that_is_too_long),
        cmocka_unit_test(blanks_are_trimmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
