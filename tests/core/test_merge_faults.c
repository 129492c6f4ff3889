/* Merging, taking apart and erasing a person, while the nth of a kind fails: whole, or not at all (I-6, I-9). */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_MAX 400
#define POLLS_MAX 400
#define POLL_US 25000

typedef struct pair {
    const char *shop;
    const char *stays;
    const char *joins;
} pair;

static const char *customer(place *self, const char *shop, int n)
{
    return person(self, shop, text_f(self, "139%08d", n), full_profile);
}

/* Merging needs nobody else's word here, taking apart does. */
static pair pair_of(place *self)
{
    change_policy(
        self, (const char *const[]){"link: {needed: 1, roles: [dpo]}", "link: {needed: 0}", NULL});
    return (pair){.shop = shop_token(self)};
}

static void next_pair(place *self, pair *pair, int n)
{
    pair->stays = customer(self, pair->shop, 2 * n);
    pair->joins = customer(self, pair->shop, 2 * n + 1);
}

static int64_t ones(place *self)
{
    return sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL");
}

/* Both know that they are one, or neither does. */
static void assert_whole(place *self, int n)
{
    if (ones(self) % 2 != 0) {
        fail_msg("%d: half of a person", n);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject AS s WHERE person IS NOT NULL"
                                     " AND NOT EXISTS (SELECT 1 FROM subject AS p WHERE"
                                     " p.subject = s.person AND p.person = p.subject)"),
                     0);
}

static question merge_of(place *self, const pair *pair)
{
    return (question){VELUM_VERB_SUBJECT_MERGE, pair->shop, .ref = pair->stays,
                      .body = text_f(self, "{\"with\":\"%s\"}", pair->joins)};
}

static void merge_under_all(place *self, const char *kind)
{
    pair pair = pair_of(self);
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_pair(self, &pair, n);
        hit = ask_under_fault(self, kind, n, merge_of(self, &pair), NULL);
        place_reopen(self);
        assert_whole(self, n);
        assert_done(ask(self, merge_of(self, &pair))); /* again, whatever became of it */
    }
    assert_true(n < ROUNDS_MAX);
    assert_faults_were_hit(kind, n - 1);
    assert_log_sound(self);
}

static void merging_is_whole_under_sql_faults(void **state)
{
    merge_under_all(*state, "sql");
}

static void merging_is_whole_under_write_faults(void **state)
{
    merge_under_all(*state, "write");
}

static void merging_is_whole_under_sync_faults(void **state)
{
    merge_under_all(*state, "sync");
}

/* The approval is used up with what it allowed, or neither. */
static void taking_apart_is_whole_under_sql_faults(void **state)
{
    place *const self = *state;
    pair pair = pair_of(self);
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_pair(self, &pair, n);
        assert_done(ask(self, merge_of(self, &pair)));
        const char *const id = agreed_approval(
            self, pair.shop, text_f(self, "{\"kind\":\"unmerge\",\"subject\":\"%s\"}", pair.joins));
        const int64_t before = ones(self);
        hit = ask_under_fault(self, "sql", n,
                              (question){VELUM_VERB_SUBJECT_UNMERGE, pair.shop, .ref = pair.joins,
                                         .body = text_f(self, "{\"approval\":\"%s\"}", id)},
                              NULL);
        place_reopen(self);
        assert_whole(self, n);
        const bool is_used =
            sql_count(self,
                      text_f(self, "SELECT count(*) FROM approval WHERE id = x'%s' AND state = 4",
                             id)) == 1;
        assert_int_equal(ones(self), is_used ? before - 2 : before);
    }
    assert_true(n < ROUNDS_MAX);
    assert_faults_were_hit("sql", n - 1);
    assert_log_sound(self);
}

static void wait_for_gone(place *self, int64_t count)
{
    const char *const sql = "SELECT count(*) FROM subject WHERE status = 3";

    for (int i = 0; i < POLLS_MAX && sql_count(self, sql) < count; i++) {
        usleep(POLL_US);
    }
    assert_int_equal(sql_count(self, sql), count);
}

/* Both go, or neither. */
static void a_person_goes_whole_under_sql_faults(void **state)
{
    place *const self = *state;
    pair pair = pair_of(self);
    int64_t gone = 0;
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_pair(self, &pair, n);
        assert_done(ask(self, merge_of(self, &pair)));
        hit = ask_under_fault(self, "sql", n,
                              (question){VELUM_VERB_SUBJECT_ERASE,
                                         .ref = text_f(self, "shop:%s", pair.stays), .body = "{}"},
                              NULL);
        place_reopen(self);
        if (sql_count(self, "SELECT count(*) FROM subject WHERE status > 1") > gone) {
            wait_for_gone(self, gone + 2);
            gone += 2;
        }
        assert_whole(self, n);
    }
    assert_true(n < ROUNDS_MAX);
    assert_faults_were_hit("sql", n - 1);
    assert_log_sound(self);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(merging_is_whole_under_sql_faults),    TEST(merging_is_whole_under_write_faults),
        TEST(merging_is_whole_under_sync_faults),   TEST(taking_apart_is_whole_under_sql_faults),
        TEST(a_person_goes_whole_under_sql_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
