/* Leaving whole files of the log out by time: nothing that can be of the span is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/audit_range.h"

#define DAY AUDIT_RANGE_MARGIN_NS
#define FILES 12
#define FILE_LEAVES 100

typedef struct book {
    uint64_t files[FILES];
    int64_t begins[FILES];
    size_t count;
    size_t empty; /* files at the end that hold nothing yet */
    size_t looks;
} book;

static velum_status begins_at(void *context, uint64_t index, int64_t *out_ns)
{
    book *const self = context;

    self->looks++;
    if (index / FILE_LEAVES >= self->count - self->empty) {
        return VELUM_E_NOTFOUND;
    }
    *out_ns = self->begins[index / FILE_LEAVES];
    return VELUM_OK;
}

static void fill(book *self, int64_t step_ns)
{
    *self = (book){.count = FILES};
    for (size_t i = 0; i < FILES; i++) {
        self->files[i] = i * FILE_LEAVES;
        self->begins[i] = (int64_t)i * step_ns;
    }
}

static audit_range range_of(book *self, int64_t since_ns, int64_t until_ns)
{
    const audit_times times = {self->files, self->count, begins_at, self};
    audit_range range;

    assert_int_equal(audit_range_of(&times, since_ns, until_ns, &range), VELUM_OK);
    return range;
}

static void without_bounds_everything_is_read(void **state)
{
    book self;

    fill(&self, 10 * DAY);
    const audit_range range = range_of(&self, INT64_MIN, INT64_MAX);
    assert_int_equal(range.from, 0);
    assert_true(range.end == UINT64_MAX);
    assert_int_equal(self.looks, 0);
}

static void a_span_reads_its_files_and_one_more(void **state)
{
    book self;

    fill(&self, 10 * DAY);
    /* From day 55: file 5 holds it, and 4 is looked at, too; up to day 75: file 7, and 8. */
    const audit_range range = range_of(&self, 55 * DAY, 75 * DAY);
    assert_int_equal(range.from, 400);
    assert_int_equal(range.end, 900);
    assert_true(self.looks <= 8);
}

static void the_ends_are_the_logs(void **state)
{
    book self;

    fill(&self, 10 * DAY);
    assert_int_equal(range_of(&self, 0, INT64_MAX).from, 0);
    assert_int_equal(range_of(&self, -DAY, INT64_MAX).from, 0);
    assert_true(range_of(&self, INT64_MIN, 500 * DAY).end == UINT64_MAX);
    assert_int_equal(range_of(&self, 500 * DAY, INT64_MAX).from, 1000);
    assert_int_equal(range_of(&self, INT64_MIN, -50 * DAY).end, 100);
}

static void a_file_that_is_still_empty_is_the_last(void **state)
{
    book self;

    fill(&self, 10 * DAY);
    self.empty = 1;
    assert_int_equal(range_of(&self, 105 * DAY, INT64_MAX).from, 900);
    assert_int_equal(range_of(&self, 500 * DAY, INT64_MAX).from, 900);
}

static void an_empty_log_has_no_files(void **state)
{
    book self = {.count = 0};
    const audit_range range = range_of(&self, 5 * DAY, 6 * DAY);

    assert_int_equal(range.from, 0);
    assert_true(range.end == UINT64_MAX);
}

/* Every leaf whose time is within a day of its place is inside, whatever the span. */
static void nothing_of_the_span_is_left_out(void **state)
{
    book self;

    for (int64_t step = 1; step < 30; step += 4) {
        fill(&self, step * DAY / 3);
        for (int64_t since = -20; since < 400; since += 7) {
            const int64_t since_ns = since * DAY / 3;
            const int64_t until_ns = since_ns + 5 * DAY;
            const audit_range range = range_of(&self, since_ns, until_ns);
            for (size_t i = 0; i < FILES; i++) {
                const int64_t begins = self.begins[i];
                const bool reaches = begins + step * DAY / 3 + DAY >= since_ns;
                if (reaches && begins - DAY < until_ns) {
                    assert_true(range.from <= self.files[i]);
                    assert_true(range.end > self.files[i]);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_bounds_everything_is_read),
        cmocka_unit_test(a_span_reads_its_files_and_one_more),
        cmocka_unit_test(the_ends_are_the_logs),
        cmocka_unit_test(a_file_that_is_still_empty_is_the_last),
        cmocka_unit_test(an_empty_log_has_no_files),
        cmocka_unit_test(nothing_of_the_span_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
