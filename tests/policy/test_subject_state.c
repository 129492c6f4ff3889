/* The 1 KiB record: one state, one encoding; and nothing else is read (S-1, S-2). */
#include "policy/subject_state.h"

#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/subject-state-v1.hex"

static state_consent some_consent(uint16_t purpose)
{
    state_consent consent = {
        .purpose = purpose,
        .version = 3,
        .state = CONSENT_GIVEN,
        .grade = GRADE_ASSISTED,
        .notice = 7,
        .at_s = 1795262400,
        .expires_s = 1858334400,
    };

    memset(consent.id, 0xa0 + purpose, sizeof(consent.id));
    return consent;
}

/* The state of the golden file, written by a script from docs/formats/subject-state.md alone. */
static subject_state golden_state(void)
{
    const state_consent one = some_consent(2);
    state_consent two = some_consent(5);
    subject_state state;

    subject_state_init(&state);
    state.restrictions = RESTRICTION_MARKETING;
    state.holds = 1;
    born(&state, "2012-02-29");
    state.jurisdiction = 4;
    state.ledger_count = 3;
    memset(state.ledger_head, 0x5c, sizeof(state.ledger_head));
    two.state = CONSENT_WITHDRAWN;
    two.grade = GRADE_SELF;
    two.expires_s = 0;
    assert_int_equal(subject_state_put_consent(&state, &two), VELUM_OK);
    assert_int_equal(subject_state_put_consent(&state, &one), VELUM_OK);
    assert_int_equal(subject_state_put_category(&state, 3, 9), VELUM_OK);
    assert_int_equal(subject_state_put_category(&state, 1, 70000), VELUM_OK);
    assert_int_equal(subject_state_put_attribute(&state, 1, UINT64_C(0xfb173a948cf4a99a)),
                     VELUM_OK);
    return state;
}

static void read_golden(uint8_t bytes[SUBJECT_STATE_BYTES])
{
    static char hex[2 * SUBJECT_STATE_BYTES];
    const char *const top = getenv("VELUM_TOP");
    char path[4096];
    size_t count = 0;
    int c = 0;

    (void)snprintf(path, sizeof(path), "%s/" GOLDEN, top == NULL ? "." : top);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    while ((c = fgetc(file)) != EOF) {
        if (c != '\n' && count < sizeof(hex)) {
            hex[count++] = (char)c;
        }
    }
    (void)fclose(file);
    assert_int_equal(count, sizeof(hex));
    assert_int_equal(hex_decode((text){hex, count}, bytes, SUBJECT_STATE_BYTES), VELUM_OK);
}

static void golden_bytes_decode_for_ever(void **state)
{
    const subject_state wanted = golden_state();
    uint8_t golden[SUBJECT_STATE_BYTES];
    uint8_t encoded[SUBJECT_STATE_BYTES];
    subject_state found;

    read_golden(golden);
    subject_state_encode(&wanted, encoded);
    assert_memory_equal(encoded, golden, SUBJECT_STATE_BYTES);
    assert_int_equal(subject_state_decode(golden, &found), VELUM_OK);
    assert_int_equal(found.restrictions, RESTRICTION_MARKETING);
    assert_int_equal(found.holds, 1);
    assert_int_equal(found.jurisdiction, 4);
    assert_int_equal(found.ledger_count, 3);
    assert_int_equal(found.turns_14_day, civil_date_to_days((civil_date){2026, 3, 1}));
    assert_int_equal(found.turns_18_day, civil_date_to_days((civil_date){2030, 3, 1}));
    assert_int_equal(found.consent_count, 2);
    assert_int_equal(subject_state_consent(&found, 2)->expires_s, 1858334400);
    assert_int_equal(subject_state_consent(&found, 5)->state, CONSENT_WITHDRAWN);
    assert_int_equal(subject_state_category_version(&found, 1), 70000);
    assert_true(found.attributes[0].value == UINT64_C(0xfb173a948cf4a99a));
}

static void nothing_known_is_nearly_all_zeros(void **state)
{
    subject_state empty;
    subject_state found;
    uint8_t bytes[SUBJECT_STATE_BYTES];
    size_t set = 0;

    subject_state_init(&empty);
    subject_state_encode(&empty, bytes);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        set += bytes[i] != 0 ? 1 : 0;
    }
    assert_int_equal(set, 3); /* the version, and twice the sign of no birthday */
    assert_int_equal(subject_state_decode(bytes, &found), VELUM_OK);
    assert_int_equal(age_class(NULL, &found, NOW_NS), AGE_UNKNOWN);
    assert_null(subject_state_consent(&found, 1));
    assert_null(subject_state_consent(&found, 0));
    assert_int_equal(subject_state_category_version(&found, 1), 0);
}

static subject_state random_state(const velum_random *chance)
{
    subject_state out;
    civil_date date = {(int32_t)(1 + random_below(chance, 9999)),
                       (int32_t)(1 + random_below(chance, 12)),
                       (int32_t)(1 + random_below(chance, 28))};

    subject_state_init(&out);
    out.restrictions = random_below(chance, 4);
    random_fill(chance, &out.holds, sizeof(out.holds));
    random_fill(chance, &out.jurisdiction, sizeof(out.jurisdiction));
    subject_state_put_birthday(&out, random_below(chance, 3) == 0 ? NULL : &date);
    if (random_below(chance, 2) == 0) {
        out.ledger_count = 1 + random_below(chance, 1000);
        random_fill(chance, out.ledger_head, sizeof(out.ledger_head));
    }
    for (uint32_t i = random_below(chance, 40); i > 0; i--) {
        state_consent consent = some_consent((uint16_t)(1 + random_below(chance, 30)));
        consent.state = (uint8_t)random_below(chance, 10);
        consent.grade = (uint8_t)random_below(chance, GRADE_IMPORTED + 1);
        (void)!subject_state_put_consent(&out, &consent);
    }
    for (uint32_t i = random_below(chance, 20); i > 0; i--) {
        (void)!subject_state_put_category(&out, (uint16_t)(1 + random_below(chance, 65535)),
                                          1 + random_below(chance, 1000));
    }
    for (uint32_t i = random_below(chance, 20); i > 0; i--) {
        (void)!subject_state_put_attribute(&out, (uint16_t)(1 + random_below(chance, 12)),
                                           random_below(chance, 4));
    }
    return out;
}

static void any_state_comes_back(void **state)
{
    random_seeded seeded;
    const velum_random chance = random_from_seed(&seeded, test_seed());

    for (int i = 0; i < 3000; i++) {
        const subject_state wanted = random_state(&chance);
        uint8_t once[SUBJECT_STATE_BYTES];
        uint8_t twice[SUBJECT_STATE_BYTES];
        subject_state found;

        subject_state_encode(&wanted, once);
        assert_int_equal(subject_state_decode(once, &found), VELUM_OK);
        subject_state_encode(&found, twice);
        assert_memory_equal(once, twice, sizeof(once));
        assert_int_equal(found.consent_count, wanted.consent_count);
        assert_int_equal(found.turns_14_day, wanted.turns_14_day);
        assert_int_equal(found.holds, wanted.holds);
    }
}

/* S-2 turned round: a changed byte is refused, or is another state with that very encoding. */
static void a_changed_byte_is_refused_or_means_itself(void **state)
{
    const subject_state golden = golden_state();
    uint8_t bytes[SUBJECT_STATE_BYTES];
    uint8_t again[SUBJECT_STATE_BYTES];
    subject_state found;
    size_t refused = 0;

    subject_state_encode(&golden, bytes);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1U << bit);
            if (subject_state_decode(bytes, &found) == VELUM_OK) {
                subject_state_encode(&found, again);
                assert_memory_equal(bytes, again, sizeof(bytes));
            } else {
                refused++;
            }
            bytes[i] ^= (uint8_t)(1U << bit);
        }
    }
    assert_true(refused > 7000); /* all but what numbers and ids may be */
}

typedef struct corruption {
    size_t offset;
    uint8_t value;
} corruption;

static const corruption corruptions[] = {
    {0, 0},   {0, 2},   {1, 25},  {1, 1},   {1, 3},   {2, 17},   {2, 1},    {3, 9},     {3, 0},
    {7, 4},   {4, 1},   {22, 1},  {23, 1},  {27, 0},  {60, 1},   {63, 1},   {12, 0x80}, {16, 0x80},
    {65, 9},  {65, 0},  {68, 10}, {69, 5},  {128, 1}, {833, 0},  {97, 2},   {97, 1},    {839, 1},
    {833, 9}, {843, 0}, {844, 1}, {929, 0}, {938, 1}, {1008, 1}, {1023, 1},
};

static void corrupt_records_are_refused(void **state)
{
    const subject_state golden = golden_state();
    uint8_t bytes[SUBJECT_STATE_BYTES];
    subject_state found;

    for (size_t i = 0; i < sizeof(corruptions) / sizeof(corruptions[0]); i++) {
        subject_state_encode(&golden, bytes);
        assert_int_not_equal(bytes[corruptions[i].offset], corruptions[i].value);
        bytes[corruptions[i].offset] = corruptions[i].value;
        if (subject_state_decode(bytes, &found) != VELUM_E_CORRUPT) {
            fail_msg("byte %zu = %u is accepted", corruptions[i].offset, corruptions[i].value);
        }
    }
}

static void lists_stay_sorted_and_bounded(void **state)
{
    subject_state self;

    subject_state_init(&self);
    for (uint16_t i = SUBJECT_STATE_CONSENTS_MAX; i > 0; i--) {
        const state_consent consent = some_consent(i);
        assert_int_equal(subject_state_put_consent(&self, &consent), VELUM_OK);
        assert_int_equal(subject_state_put_consent(&self, &consent), VELUM_OK);
    }
    for (uint16_t i = SUBJECT_STATE_CATEGORIES_MAX; i > 0; i--) {
        assert_int_equal(subject_state_put_category(&self, i, 1), VELUM_OK);
        assert_int_equal(subject_state_put_category(&self, i, 2), VELUM_OK);
    }
    for (uint16_t i = SUBJECT_STATE_ATTRIBUTES_MAX; i > 0; i--) {
        assert_int_equal(subject_state_put_attribute(&self, i, 5), VELUM_OK);
    }
    const state_consent more = some_consent(100);
    assert_int_equal(subject_state_put_consent(&self, &more), VELUM_E_LIMIT);
    assert_int_equal(subject_state_put_category(&self, 100, 1), VELUM_E_LIMIT);
    assert_int_equal(subject_state_put_attribute(&self, 100, 1), VELUM_E_LIMIT);
    assert_int_equal(subject_state_put_attribute(&self, 100, 0), VELUM_OK);
    for (uint16_t i = 1; i <= SUBJECT_STATE_CONSENTS_MAX; i++) {
        assert_int_equal(self.consents[i - 1].purpose, i);
        assert_ptr_equal(subject_state_consent(&self, i), &self.consents[i - 1]);
    }
    assert_int_equal(subject_state_category_version(&self, 16), 2);
    assert_int_equal(subject_state_put_attribute(&self, 3, 0), VELUM_OK);
    assert_int_equal(self.attribute_count, SUBJECT_STATE_ATTRIBUTES_MAX - 1);
    assert_int_equal(self.attributes[2].number, 4);
}

static void impossible_entries_are_refused(void **state)
{
    subject_state self;
    state_consent consent = some_consent(0);

    subject_state_init(&self);
    assert_int_equal(subject_state_put_consent(&self, &consent), VELUM_E_INVALID);
    consent = some_consent(1);
    consent.state = CONSENT_INVALIDATED + 1;
    assert_int_equal(subject_state_put_consent(&self, &consent), VELUM_E_INVALID);
    consent = some_consent(1);
    consent.grade = GRADE_IMPORTED + 1;
    assert_int_equal(subject_state_put_consent(&self, &consent), VELUM_E_INVALID);
    assert_int_equal(subject_state_put_category(&self, 0, 1), VELUM_E_INVALID);
    assert_int_equal(subject_state_put_category(&self, 1, 0), VELUM_E_INVALID);
    assert_int_equal(subject_state_put_attribute(&self, 0, 1), VELUM_E_INVALID);
    assert_int_equal(self.consent_count + self.category_count + self.attribute_count, 0);
}

static void states_and_grades_have_names(void **state)
{
    assert_string_equal(consent_state_name(CONSENT_GIVEN), "given");
    assert_string_equal(consent_state_name(CONSENT_INVALIDATED), "invalidated");
    assert_null(consent_state_name(10));
    assert_string_equal(consent_grade_name(GRADE_SELF), "self");
    assert_string_equal(consent_grade_name(GRADE_ASSISTED), "assisted");
    assert_string_equal(consent_grade_name(GRADE_SELF_VERIFIED), "self-verified");
    assert_string_equal(consent_grade_name(GRADE_IMPORTED), "imported");
    assert_null(consent_grade_name(0));
    assert_null(consent_grade_name(GRADE_IMPORTED + 1));
}

/* Strongest first; evidence of no grade, or of one nobody knows, serves no purpose that asks. */
static void a_grade_serves_what_asks_for_no_more(void **state)
{
    static const uint32_t strongest_first[] = {GRADE_SELF_VERIFIED, GRADE_SELF, GRADE_ASSISTED,
                                               GRADE_IMPORTED};

    for (size_t held = 0; held < 4; held++) {
        for (size_t needed = 0; needed < 4; needed++) {
            assert_int_equal(consent_grade_serves(strongest_first[held], strongest_first[needed]),
                             held <= needed);
        }
        assert_true(consent_grade_serves(strongest_first[held], 0));
        assert_false(consent_grade_serves(0, strongest_first[held]));
        assert_false(consent_grade_serves(GRADE_IMPORTED + 1, strongest_first[held]));
        assert_false(consent_grade_serves(strongest_first[held], GRADE_IMPORTED + 1));
    }
    assert_true(consent_grade_serves(0, 0));
    assert_false(consent_grade_serves(UINT32_MAX, 0));
}

/* A birthday at the end of the calendar: under age for ever, rather than by an overflow of age. */
static void the_calendar_ends_without_surprise(void **state)
{
    subject_state self;
    uint8_t bytes[SUBJECT_STATE_BYTES];

    subject_state_init(&self);
    born(&self, "9999-12-31");
    assert_int_equal(self.turns_14_day, INT32_MAX);
    born(&self, "9985-06-01");
    assert_true(self.turns_14_day < INT32_MAX);
    assert_int_equal(self.turns_18_day, INT32_MAX);
    subject_state_encode(&self, bytes);
    assert_int_equal(subject_state_decode(bytes, &self), VELUM_OK);
    subject_state_put_birthday(&self, NULL);
    assert_int_equal(self.turns_14_day, INT32_MIN);
    assert_int_equal(self.turns_18_day, INT32_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_bytes_decode_for_ever),
        cmocka_unit_test(nothing_known_is_nearly_all_zeros),
        cmocka_unit_test(any_state_comes_back),
        cmocka_unit_test(a_changed_byte_is_refused_or_means_itself),
        cmocka_unit_test(corrupt_records_are_refused),
        cmocka_unit_test(lists_stay_sorted_and_bounded),
        cmocka_unit_test(impossible_entries_are_refused),
        cmocka_unit_test(states_and_grades_have_names),
        cmocka_unit_test(a_grade_serves_what_asks_for_no_more),
        cmocka_unit_test(the_calendar_ends_without_surprise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
