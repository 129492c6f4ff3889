/* test_table.c: widths of characters, and tables that fit without losing anything. */
#include "cli/table.h"

#include "base/random.h"
#include "cli/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LINES_BYTES_MAX ((size_t)1 << 20)

static const table_column three[] = {{"NAME", false}, {"COUNT", true}, {"WORDS", false}};

static void widths_of_characters(void **state)
{
    assert_int_equal(width_of(text_of("abc")), 3);
    assert_int_equal(width_of(text_of("张三")), 4);
    assert_int_equal(width_of(text_of("e\u0301")), 1); /* a mark takes no cell */
    assert_int_equal(width_of(text_of("ｱ")), 1);       /* half-width */
    assert_int_equal(width_of(text_of("Ａ")), 2);      /* full-width */
    assert_int_equal(width_of(text_of("한글")), 4);
    assert_int_equal(width_of(text_of("😀")), 2);
    assert_int_equal(width_of(text_of("𠀀")), 2);
    assert_int_equal(width_of(TEXT_EMPTY), 0);
}

static void a_prefix_never_cuts_a_character(void **state)
{
    assert_int_equal(width_prefix(text_of("张三丰"), 5), strlen("张三"));
    assert_int_equal(width_prefix(text_of("张"), 1), strlen("张")); /* at least one */
    assert_int_equal(width_prefix(text_of("e\u0301x"), 1), strlen("e\u0301"));
    assert_int_equal(width_prefix(TEXT_EMPTY, 5), 0);
}

static void nothing_drives_the_terminal(void **state)
{
    char clean[64];

    width_clean(text_of("a\033[31mb\nc\xc2\x9b"
                        "d\u202ee"),
                clean, sizeof(clean));
    assert_string_equal(clean, "a?[31mb?c?d?e");
    width_clean((text){"\xff\xe5\xbc", 3}, clean, sizeof(clean));
    assert_string_equal(clean, "???");
    width_clean(text_of("张三丰"), clean, 8); /* two characters and the NUL */
    assert_string_equal(clean, "张三");
}

/* Nor reorders what stands beside it, nor hides in it. */
static void nothing_misleads_the_reader(void **state)
{
    static const char *const bad[] = {
        "\u061c", "\u200e", "\u200f", "\u2028", "\u2029",     "\u202a",
        "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",     "\u2067",
        "\u2068", "\u2069", "\ufff9", "\ufffb", "\U000e0041",
    };
    char typed[32];
    char clean[32];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(typed, sizeof(typed), "a%sb", bad[i]);
        width_clean(text_of(typed), clean, sizeof(clean));
        assert_string_equal(clean, "a?b");
    }
    width_clean(text_of("👩\u200d🚀 שלום"), clean, sizeof(clean)); /* joined, and right to left */
    assert_string_equal(clean, "👩\u200d🚀 שלום");
}

static void add_row(table *table, const char *a, const char *b, const char *c)
{
    table_add(table, text_of(a), COLOUR_NONE);
    table_add(table, text_of(b), COLOUR_NONE);
    table_add(table, text_of(c), COLOUR_NONE);
}

/* The lines of a table in `columns` cells, NUL-terminated. */
static void write_all(table *table, size_t columns, buffer *out)
{
    table_layout(table, columns);
    table_write_titles(table, out);
    table_write_rows(table, out);
    buffer_append_byte(out, 0);
    assert_int_equal(buffer_status(out), VELUM_OK);
    assert_int_equal(table_status(table), VELUM_OK);
}

static void a_table_that_fits(void **state)
{
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER out;

    table_init(&table, three, 3);
    buffer_init(&out, LINES_BYTES_MAX);
    add_row(&table, "张三", "7", "one, two");
    add_row(&table, "Li", "1,000", "");
    write_all(&table, 80, &out);
    assert_string_equal((const char *)out.data, "NAME  COUNT  WORDS\n"
                                                "张三      7  one, two\n"
                                                "Li    1,000\n");
}

static void long_cells_break_at_blanks_and_commas(void **state)
{
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER out;

    table_init(&table, three, 3);
    buffer_init(&out, LINES_BYTES_MAX);
    add_row(&table, "a", "1", "administration, audit, consent-capture, import");
    write_all(&table, 40, &out);
    assert_string_equal((const char *)out.data, "NAME  COUNT  WORDS\n"
                                                "a         1  administration, audit,\n"
                                                "             consent-capture, import\n");
}

static void columns_without_cells_are_left_out(void **state)
{
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER out;

    table_init(&table, three, 3);
    table.hides_empty = true;
    buffer_init(&out, LINES_BYTES_MAX);
    add_row(&table, "a", "", "x");
    add_row(&table, "b", "", "y");
    write_all(&table, 40, &out);
    assert_string_equal((const char *)out.data, "NAME  WORDS\na     x\nb     y\n");
}

/* --- Property: what is written fits, and every character of every cell is there ------------------ */

static const char *const alphabet[] = {"a", "b", " ", ",", "-", "张", "e\u0301", "😀", "_", "7"};

static void random_cell(const velum_random *random, char *out, size_t size)
{
    const uint32_t count = random_below(random, 60);

    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        const char *piece = alphabet[random_below(random, sizeof(alphabet) / sizeof(char *))];
        if (strlen(out) + strlen(piece) + 1 < size) {
            (void)memcpy(out + strlen(out), piece, strlen(piece) + 1);
        }
    }
}

static size_t count_visible(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += *text != ' ' && *text != '\n';
    }
    return count;
}

static void check_lines(const char *lines, size_t columns)
{
    text rest = text_of(lines);
    text line = TEXT_EMPTY;

    while (text_split(&rest, '\n', &line)) {
        assert_true(width_of(line) <= columns);
        assert_true(utf8_is_valid(line));
    }
}

static void nothing_is_lost(void **state)
{
    random_seeded seeded;
    const velum_random random = random_from_seed(&seeded, 20260101);

    for (int round = 0; round < 300; round++) {
        VELUM_AUTO_TABLE table;
        VELUM_AUTO_BUFFER out;
        char cells[3][512];
        size_t visible = strlen("NAMECOUNTWORDS");
        const size_t columns = 40 + random_below(&random, 80);
        table_init(&table, three, 3);
        buffer_init(&out, LINES_BYTES_MAX);
        for (int row = 0; row < 5; row++) {
            for (int i = 0; i < 3; i++) {
                random_cell(&random, cells[i], sizeof(cells[i]));
                visible += count_visible(cells[i]);
            }
            add_row(&table, cells[0], cells[1], cells[2]);
        }
        write_all(&table, columns, &out);
        assert_int_equal(count_visible((const char *)out.data), visible);
        check_lines((const char *)out.data, columns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_of_characters),
        cmocka_unit_test(a_prefix_never_cuts_a_character),
        cmocka_unit_test(nothing_drives_the_terminal),
        cmocka_unit_test(nothing_misleads_the_reader),
        cmocka_unit_test(a_table_that_fits),
        cmocka_unit_test(long_cells_break_at_blanks_and_commas),
        cmocka_unit_test(columns_without_cells_are_left_out),
        cmocka_unit_test(nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
