/* test_csv.c: rows by RFC 4180, what is skipped and why, and that the reader finds the next row. */
#include "base/csv.h"
#include "base/fault.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define BYTES_MAX ((size_t)64 << 20)
#define PROPERTY_ROUNDS 100

/* A reader over bytes in memory, and what its last call said. */
typedef struct fixture {
    int fd;
    csv *reader;
    const text *fields;
    size_t count;
    uint64_t line;
    const char *reason;
} fixture;

static void fixture_close(fixture *self)
{
    csv_free(self->reader);
    file_close(&self->fd);
}

#define AUTO_FIXTURE __attribute__((cleanup(fixture_close))) fixture

static fixture fixture_open(const void *data, size_t size)
{
    fixture self = {.fd = memfd_create("csv", MFD_CLOEXEC)};

    assert_true(self.fd >= 0);
    assert_int_equal(file_write_at(self.fd, 0, data, size), VELUM_OK);
    assert_int_equal(csv_open(self.fd, &self.reader), VELUM_OK);
    return self;
}

static fixture fixture_of(const char *source)
{
    return fixture_open(source, strlen(source));
}

static velum_status next(fixture *self)
{
    const velum_status status =
        csv_next(self->reader, &self->fields, &self->count, &self->line, &self->reason);
    assert_true((status == VELUM_OK) == (self->fields != NULL));
    return status;
}

/* `expected` has its fields parted by '|'. */
static void assert_row(fixture *self, uint64_t line, const char *expected)
{
    text rest = text_of(expected);
    text part = TEXT_EMPTY;

    assert_int_equal(next(self), VELUM_OK);
    assert_null(self->reason);
    assert_int_equal(self->line, line);
    for (size_t i = 0; i < self->count; i++) {
        assert_true(text_split(&rest, '|', &part));
        if (!text_equal(part, self->fields[i])) {
            fail_msg("line %d, field %zu of %s: %.*s", (int)line, i, expected,
                     (int)self->fields[i].size, self->fields[i].data);
        }
    }
    assert_false(text_split(&rest, '|', &part));
}

static void assert_skipped(fixture *self, uint64_t line, velum_status status, const char *reason)
{
    assert_int_equal(next(self), status);
    assert_non_null(self->reason);
    assert_string_equal(self->reason, reason);
    assert_int_equal(self->line, line);
}

static void assert_end(fixture *self)
{
    assert_int_equal(next(self), VELUM_END);
    assert_int_equal(next(self), VELUM_END);
}

static void test_plain_rows(void **state)
{
    AUTO_FIXTURE f = fixture_of("id,name\n1,Ada\n2,\n,\n3,Zo\xc3\xab");

    assert_row(&f, 1, "id|name");
    assert_int_equal(csv_offset(f.reader), 8);
    assert_row(&f, 2, "1|Ada");
    assert_row(&f, 3, "2|");
    assert_row(&f, 4, "|");
    assert_row(&f, 5, "3|Zo\xc3\xab");
    assert_end(&f);
    assert_int_equal(csv_offset(f.reader), 25);
}

/* RFC 4180 §2.5–2.7. */
static void test_quoted_fields(void **state)
{
    AUTO_FIXTURE f =
        fixture_of("\"a,b\",\"c\"\"d\",\"\"\n\"two\nlines\",x\n\"\"\"\",\"\"\"q\"\"\"\n"
                   "a b, c \n\"x\r\ny\",\"\"");

    assert_row(&f, 1, "a,b|c\"d|");
    assert_row(&f, 2, "two\nlines|x");
    assert_row(&f, 4, "\"|\"q\"");
    assert_row(&f, 5, "a b| c ");
    assert_row(&f, 6, "x\r\ny|");
    assert_end(&f);
}

static void test_line_ends_and_mark(void **state)
{
    AUTO_FIXTURE f = fixture_of("\xef\xbb\xbf"
                                "a,b\r\n\"c\",\"d\"\r\n\r\n\ne\rf,g\n\r\n\"h\"\r");

    assert_row(&f, 1, "a|b");
    assert_row(&f, 2, "c|d");
    assert_row(&f, 5, "e\rf|g");
    assert_row(&f, 7, "h");
    assert_end(&f);
}

static void test_empty_files(void **state)
{
    static const char *const sources[] = {"", "\n", "\r\n\r\n", "\xef\xbb\xbf", "\xef\xbb\xbf\n"};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        AUTO_FIXTURE f = fixture_of(sources[i]);
        assert_end(&f);
    }
    /* Half a mark is not a mark. */
    AUTO_FIXTURE f = fixture_of("\xef\xbb");
    assert_skipped(&f, 1, VELUM_E_INVALID, "bad-utf8");
    assert_end(&f);
}

static void test_bad_quoting_recovers(void **state)
{
    AUTO_FIXTURE f = fixture_of("a\"b,c\n1,2\n\"x\"y,z\n3,4\n\"p\" ,q\n5,6\n\"r\"\rs\n7,8\n");

    assert_skipped(&f, 1, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 2, "1|2");
    assert_skipped(&f, 3, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 4, "3|4");
    assert_skipped(&f, 5, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 6, "5|6");
    assert_skipped(&f, 7, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 8, "7|8");
    assert_end(&f);
}

static void test_unterminated_quote_recovers(void **state)
{
    AUTO_FIXTURE f = fixture_of("1,\"open\n2,two\n3,\"three, 3\"\n4,\"\"\n");

    assert_skipped(&f, 1, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 2, "2|two");
    assert_row(&f, 3, "3|three, 3");
    assert_row(&f, 4, "4|");
    assert_end(&f);

    AUTO_FIXTURE last = fixture_of("1,one\n2,\"open");
    assert_row(&last, 1, "1|one");
    assert_skipped(&last, 2, VELUM_E_INVALID, "bad-quoting");
    assert_end(&last);
}

static void test_bad_bytes_are_skipped(void **state)
{
    static const char source[] = "a,b\0c\n1,2\n\"q\nr\0\",x\n3,\xff\n4,\xed\xa0\x80\n5,6\n";
    AUTO_FIXTURE f = fixture_open(source, sizeof(source) - 1);

    assert_skipped(&f, 1, VELUM_E_INVALID, "nul-byte");
    assert_row(&f, 2, "1|2");
    assert_skipped(&f, 3, VELUM_E_INVALID, "nul-byte");
    assert_skipped(&f, 5, VELUM_E_INVALID, "bad-utf8");
    assert_skipped(&f, 6, VELUM_E_INVALID, "bad-utf8");
    assert_row(&f, 7, "5|6");
    assert_end(&f);
}

static void append_repeated(buffer *out, const char *part, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buffer_append_text(out, part);
    }
}

static fixture fixture_of_buffer(const buffer *source)
{
    assert_int_equal(buffer_status(source), VELUM_OK);
    return fixture_open(source->data, source->size);
}

static void test_field_limit_is_exact(void **state)
{
    VELUM_AUTO_BUFFER source;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, "x", CSV_FIELD_BYTES_MAX);
    buffer_append_text(&source, "\r\n\"");
    append_repeated(&source, "\"\"", CSV_FIELD_BYTES_MAX);
    buffer_append_text(&source, "\"\n");
    append_repeated(&source, "x", CSV_FIELD_BYTES_MAX + 1);
    buffer_append_text(&source, ",");
    append_repeated(&source, "x", CSV_FIELD_BYTES_MAX);
    buffer_append_text(&source, "\r\nend\n");

    AUTO_FIXTURE f = fixture_of_buffer(&source);
    assert_int_equal(next(&f), VELUM_OK);
    assert_int_equal(f.fields[0].size, CSV_FIELD_BYTES_MAX);
    assert_int_equal(next(&f), VELUM_OK);
    assert_int_equal(f.fields[0].size, CSV_FIELD_BYTES_MAX);
    assert_skipped(&f, 3, VELUM_E_LIMIT, "field-too-long");
    assert_row(&f, 4, "end");
    assert_end(&f);
}

static void test_field_of_10_mb_is_skipped(void **state)
{
    VELUM_AUTO_BUFFER source;

    buffer_init(&source, BYTES_MAX);
    buffer_append_text(&source, "1,");
    append_repeated(&source, "0123456789", 1000000);
    buffer_append_text(&source, "\n2,two\n3,\"");
    append_repeated(&source, "9,looks like a row\n", 500000);
    buffer_append_text(&source, "\"\n4,four\n");

    AUTO_FIXTURE f = fixture_of_buffer(&source);
    assert_skipped(&f, 1, VELUM_E_LIMIT, "field-too-long");
    assert_row(&f, 2, "2|two");
    assert_skipped(&f, 3, VELUM_E_LIMIT, "field-too-long");
    assert_row(&f, 500004, "4|four"); /* no line inside the quotes became a row */
    assert_end(&f);
    assert_int_equal(csv_offset(f.reader), source.size);
}

/* The quote opens on line 2 and 5 MB follow: the reader goes back to line 3 and loses none. */
static void test_long_unterminated_quote_loses_no_row(void **state)
{
    VELUM_AUTO_BUFFER source;
    size_t rows = 0;

    buffer_init(&source, BYTES_MAX);
    buffer_append_text(&source, "id,name\n0,\"open\n");
    append_repeated(&source, "7,a row of some length\n", 230000);
    AUTO_FIXTURE f = fixture_of_buffer(&source);

    assert_row(&f, 1, "id|name");
    assert_skipped(&f, 2, VELUM_E_INVALID, "bad-quoting");
    while (next(&f) == VELUM_OK) {
        assert_int_equal(f.count, 2);
        assert_int_equal(f.line, 3 + rows);
        rows++;
    }
    assert_int_equal(rows, 230000);
    assert_end(&f);
}

/* Every line opens a quote: each scan ends on the line below, so that work stays linear. */
static void test_many_open_quotes(void **state)
{
    VELUM_AUTO_BUFFER source;
    size_t skipped = 0;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, "1,\"x\n", 200000);
    AUTO_FIXTURE f = fixture_of_buffer(&source);
    while (next(&f) == VELUM_E_INVALID) {
        skipped++;
    }
    assert_int_equal(skipped, 200000);
}

static void test_fields_and_rows_have_a_ceiling(void **state)
{
    VELUM_AUTO_BUFFER source;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, ",", CSV_FIELDS_MAX - 1);
    buffer_append_text(&source, "\n");
    append_repeated(&source, ",", CSV_FIELDS_MAX);
    buffer_append_text(&source, "\n");
    for (size_t i = 0; i < 20; i++) {
        append_repeated(&source, "x", 60000);
        buffer_append_byte(&source, i == 19 ? '\n' : ',');
    }
    append_repeated(&source, ",\"\"", 400000);
    buffer_append_text(&source, "\nend\n");

    AUTO_FIXTURE f = fixture_of_buffer(&source);
    assert_int_equal(next(&f), VELUM_OK);
    assert_int_equal(f.count, CSV_FIELDS_MAX);
    assert_skipped(&f, 2, VELUM_E_LIMIT, "too-many-fields");
    assert_skipped(&f, 3, VELUM_E_LIMIT, "row-too-long");
    assert_skipped(&f, 4, VELUM_E_LIMIT, "too-many-fields");
    assert_row(&f, 5, "end");
    assert_end(&f);
}

/* A row of exactly the ceiling, one byte more, and rows across the edge of the window. */
static void test_row_limit_is_exact(void **state)
{
    VELUM_AUTO_BUFFER source;

    buffer_init(&source, BYTES_MAX);
    for (size_t extra = 0; extra < 2; extra++) {
        append_repeated(&source, "\"\",", 100);
        for (size_t i = 0; i < 16; i++) {
            append_repeated(&source, "x", 65000);
            buffer_append_byte(&source, ',');
        }
        append_repeated(&source, "y", CSV_ROW_BYTES_MAX - 300 - 16 * 65001 + extra);
        buffer_append_text(&source, "\r\n");
    }
    buffer_append_text(&source, "end\n");

    AUTO_FIXTURE f = fixture_of_buffer(&source);
    assert_int_equal(next(&f), VELUM_OK);
    assert_int_equal(f.count, 117);
    assert_skipped(&f, 2, VELUM_E_LIMIT, "row-too-long");
    assert_row(&f, 3, "end");
    assert_end(&f);
}

static void test_reads_a_pipe(void **state)
{
    static const char source[] = "\xef\xbb\xbf"
                                 "a,b\n1,\"x\n2,y\n";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], source, sizeof(source) - 1), sizeof(source) - 1);
    file_close(&ends[1]);

    AUTO_FIXTURE f = {.fd = ends[0]};
    assert_int_equal(csv_open(f.fd, &f.reader), VELUM_OK);
    assert_row(&f, 1, "a|b");
    assert_skipped(&f, 2, VELUM_E_INVALID, "bad-quoting");
    assert_row(&f, 3, "2|y");
    assert_end(&f);
}

static void test_begins_where_the_descriptor_stands(void **state)
{
    AUTO_FIXTURE f = fixture_of("skip this\n\xef\xbb\xbf"
                                "a,b\n");
    csv_free(f.reader);
    f.reader = NULL;
    assert_int_equal(lseek(f.fd, 10, SEEK_SET), 10);
    assert_int_equal(csv_open(f.fd, &f.reader), VELUM_OK);
    assert_row(&f, 1, "a|b");
    assert_end(&f);
}

static void test_read_error_is_told(void **state)
{
    AUTO_FIXTURE f = fixture_of("a\n");
    csv_free(f.reader);
    f.reader = NULL;
    assert_int_equal(csv_open(-1, &f.reader), VELUM_OK);
    assert_int_equal(next(&f), VELUM_E_IO);
}

static void test_without_memory(void **state)
{
    csv *reader = NULL;
    fault_plan("alloc:1:enospc");
    assert_int_equal(csv_open(0, &reader), VELUM_E_NOMEM);
    fault_plan(NULL);
    assert_null(reader);
}

static void assert_written(const char *field, const char *expected)
{
    VELUM_AUTO_BUFFER out;
    buffer_init(&out, 1024);
    csv_append_field(&out, text_of(field), false);
    buffer_append_byte(&out, 0);
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_string_equal((const char *)out.data, expected);
}

static void test_writes_fields(void **state)
{
    assert_written("plain", "plain,");
    assert_written("", ",");
    assert_written("a,b", "\"a,b\",");
    assert_written("a\"b", "\"a\"\"b\",");
    assert_written("a\nb", "\"a\nb\",");
    assert_written("=1+1", "'=1+1,");
    assert_written("+1", "'+1,");
    assert_written("-1", "'-1,");
    assert_written("@x", "'@x,");
    assert_written("\tx", "'\tx,");
    assert_written("\rx", "\"'\rx\",");
    assert_written("=\"a\"", "\"'=\"\"a\"\"\",");
    assert_written("1-1", "1-1,");

    VELUM_AUTO_BUFFER out;
    buffer_init(&out, 1024);
    csv_append_field(&out, TEXT_EMPTY, true); /* not a line with nothing on it */
    csv_append_field(&out, TEXT_LITERAL("a"), false);
    csv_append_field(&out, TEXT_EMPTY, true);
    assert_int_equal(out.size, 8);
    assert_memory_equal(out.data, "\"\"\r\na,\r\n", 8);
}

#define PROPERTY_ROWS 40
#define PROPERTY_FIELDS_MAX 6

static void random_field(const velum_random *random, buffer *out)
{
    static const char *const parts[] = {"a",    "\"", ",",        "\r", "\n",
                                        "\r\n", " ",  "\xc3\xa9", "=",  "'"};
    const uint32_t count = random_below(random, 8);
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(out, parts[random_below(random, 10)]);
    }
}

static bool is_same(text written, text read)
{
    const bool is_guarded = written.size > 0 && strchr("=+-@\t\r", written.data[0]) != NULL;
    if (is_guarded && (read.size == 0 || read.data[0] != '\'')) {
        return false;
    }
    return text_equal(written, (text){read.data + is_guarded, read.size - is_guarded});
}

/* Rows of random fields come back as they were, but for the guard. */
static bool round_trip_holds(const velum_random *random)
{
    buffer fields[PROPERTY_ROWS][PROPERTY_FIELDS_MAX];
    size_t counts[PROPERTY_ROWS];
    VELUM_AUTO_BUFFER source;
    bool holds = true;

    buffer_init(&source, BYTES_MAX);
    for (size_t i = 0; i < PROPERTY_ROWS; i++) {
        counts[i] = 1 + random_below(random, PROPERTY_FIELDS_MAX);
        for (size_t j = 0; j < counts[i]; j++) {
            buffer_init(&fields[i][j], 64);
            random_field(random, &fields[i][j]);
            const text field = {(const char *)fields[i][j].data, fields[i][j].size};
            csv_append_field(&source, field, j + 1 == counts[i]);
        }
    }
    AUTO_FIXTURE f = fixture_of_buffer(&source);
    for (size_t i = 0; i < PROPERTY_ROWS; i++) {
        holds = holds && next(&f) == VELUM_OK && f.count == counts[i];
        for (size_t j = 0; j < counts[i]; j++) {
            const text field = {(const char *)fields[i][j].data, fields[i][j].size};
            holds = holds && is_same(field, f.fields[j]);
            buffer_clear(&fields[i][j]);
        }
    }
    return holds && next(&f) == VELUM_END;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_rows),
        cmocka_unit_test(test_quoted_fields),
        cmocka_unit_test(test_line_ends_and_mark),
        cmocka_unit_test(test_empty_files),
        cmocka_unit_test(test_bad_quoting_recovers),
        cmocka_unit_test(test_unterminated_quote_recovers),
        cmocka_unit_test(test_bad_bytes_are_skipped),
        cmocka_unit_test(test_field_limit_is_exact),
        cmocka_unit_test(test_field_of_10_mb_is_skipped),
        cmocka_unit_test(test_long_unterminated_quote_loses_no_row),
        cmocka_unit_test(test_many_open_quotes),
        cmocka_unit_test(test_fields_and_rows_have_a_ceiling),
        cmocka_unit_test(test_row_limit_is_exact),
        cmocka_unit_test(test_reads_a_pipe),
        cmocka_unit_test(test_begins_where_the_descriptor_stands),
        cmocka_unit_test(test_read_error_is_told),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_writes_fields),
        cmocka_unit_test(test_property_write_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
