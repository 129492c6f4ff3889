/* Tables of figures stay within the terminal, whatever stands in them (crm/counts/figures.h). */
#include "crm/counts/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char cells[] =
    "[{\"region\":\"华东\",\"store\":\"a shop with quite a long name, longer than any column may be, and "
    "then a little more of it\",\"customers\":125,\"sum\":123456789},"
    "{\"region\":\"江苏省常州市天宁区青龙街道悦生活旗舰店以及周边社区\",\"store\":\"S2\",\"customers\":null,\"sum\":null}]";

static const figure_column columns_of[] = {{.name = "region"},
                                           {.name = "store"},
                                           {.name = "customers", .is_number = true},
                                           {.name = "sum", .is_number = true}};

/* Wide characters of these cells are all of three bytes. */
static size_t cells_of(const char *line, size_t size)
{
    size_t width = 0;

    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)line[i];
        width += c < 0x80 ? 1 : c == 0xe2 ? 1 : c >= 0xe3 ? 2 : 0;
    }
    return width;
}

static void write_table(size_t columns, buffer *out)
{
    figure_column of[4];
    json *document = NULL;

    memcpy(of, columns_of, sizeof of);
    assert_int_equal(json_parse(text_of(cells), sizeof cells, &document, NULL), VELUM_OK);
    buffer_init(out, 65536);
    assert_int_equal(figures_write(of, 4, json_root(document), columns, out), VELUM_OK);
    json_free(document);
}

static void lines_fit(void **state)
{
    static const size_t WIDTHS[] = {60, 80, 100, 200};

    for (size_t w = 0; w < sizeof WIDTHS / sizeof WIDTHS[0]; w++) {
        VELUM_AUTO_BUFFER out = {0};
        text line;
        write_table(WIDTHS[w], &out);
        text rest = {(const char *)out.data, out.size};
        while (text_split(&rest, '\n', &line)) {
            assert_true(utf8_is_valid(line));
            assert_true(cells_of(line.data, line.size) <= WIDTHS[w]);
        }
    }
}

static void what_is_not_told_is_a_dash(void **state)
{
    VELUM_AUTO_BUFFER out = {0};

    write_table(200, &out);
    buffer_append_byte(&out, '\0');
    const char *const shown = (const char *)out.data;
    assert_non_null(strstr(shown, "        -          -\n"));
    assert_non_null(strstr(shown, "      125  123456789\n"));
    assert_null(strstr(shown, "…"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fit),
        cmocka_unit_test(what_is_not_told_is_a_dash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
