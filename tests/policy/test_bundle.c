/* The sample, the bootstrap, the hash, names and numbers. */
#include "policy/embedded.h"
#include "base/fault.h"
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void embedded_policies_compile_without_a_finding(void **state)
{
    const bundle_file *(*const embedded[])(size_t *) = {embedded_sample, embedded_bootstrap};

    for (size_t i = 0; i < 2; i++) {
        size_t count = 0;
        const bundle_file *const files = embedded[i](&count);
        findings caught = {0};
        VELUM_AUTO(bundle) *policy = NULL;
        velum_error err = {0};

        assert_int_equal(bundle_compile(files, count, catch_finding, &caught, &policy, &err),
                         VELUM_OK);
        assert_int_equal(caught.count, 0);
        assert_true(bundle_find(policy, REGISTRY_ACTIVITY, TEXT_LITERAL("audit")) != BUNDLE_NONE);
        assert_true(bundle_find(policy, REGISTRY_ACTIVITY, TEXT_LITERAL("administration")) !=
                    BUNDLE_NONE);
        assert_true(bundle_find(policy, REGISTRY_ROLE, TEXT_LITERAL("dpo")) != BUNDLE_NONE);
    }
}

static void the_bootstrap_knows_no_personal_data(void **state)
{
    size_t count = 0;
    const bundle_file *const files = embedded_bootstrap(&count);
    VELUM_AUTO(bundle) *policy = NULL;

    assert_int_equal(bundle_compile(files, count, NULL, NULL, &policy, NULL), VELUM_OK);
    assert_int_equal(policy->field_count, 0);
    assert_int_equal(policy->category_count, 0);
    assert_int_equal(policy->activity_count, 2);
}

typedef struct expected_activity {
    const char *name;
    uint32_t actions;
    uint32_t actors;
    uint32_t basis;
    bool knows_existence;
} expected_activity;

static const expected_activity expected_activities[] = {
    {"order-fulfilment", ACTION_CREATE | ACTION_LOOKUP | ACTION_READ | ACTION_UPDATE,
     ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONTRACT, true},
    {"customer-care", ACTION_LOOKUP | ACTION_READ | ACTION_ROWS_READ, ACTOR_SERVICE | ACTOR_HUMAN,
     BASIS_CONTRACT, true},
    {"urgent-care", ACTION_LOOKUP | ACTION_READ, ACTOR_HUMAN, BASIS_CONTRACT, true},
    {"direct-marketing", ACTION_READ, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONSENT, false},
    {"analytics", ACTION_READ, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONSENT, false},
    {"consent-capture", ACTION_LOOKUP | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE,
     ACTOR_SERVICE | ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"self-service",
     ACTION_READ | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE | ACTION_REQUEST | ACTION_ACCESS_LOG |
         ACTION_ROWS_READ,
     ACTOR_CUSTOMER, BASIS_LEGAL_OBLIGATION, true},
    {"request-intake", ACTION_REQUEST, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"requests", ACTION_REQUEST_DECIDE | ACTION_ERASE, ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"approvals", ACTION_APPROVE, ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"token-resolution", ACTION_RESOLVE, ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"legal-retention", ACTION_RETAINED_READ, ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"import", ACTION_CREATE | ACTION_UPDATE | ACTION_IMPORT, ACTOR_SERVICE | ACTOR_HUMAN,
     BASIS_CONTRACT, true},
    {"audit", ACTION_AUDIT, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION, true},
    {"administration", ACTION_ADMINISTER, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_LEGAL_OBLIGATION,
     false},
    {"order-capture", ACTION_LOOKUP | ACTION_ROWS_WRITE | ACTION_ROWS_READ,
     ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONTRACT, true},
    {"winback", ACTION_SEND | ACTION_FILTER | ACTION_MODULE | ACTION_ROWS_READ | ACTION_ROWS_WRITE,
     ACTOR_SERVICE, BASIS_CONSENT, false},
    {"sales-counts", ACTION_COUNTS, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONSENT, false},
    {"audience", ACTION_FILTER | ACTION_LIST, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONSENT, false},
    {"customer-search", ACTION_SEARCH, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONTRACT, true},
    {"bulk-export", ACTION_BULK_READ, ACTOR_SERVICE | ACTOR_HUMAN, BASIS_CONTRACT, true},
    {"delivery", ACTION_DELIVER, ACTOR_SERVICE, BASIS_LEGAL_OBLIGATION, false},
    {"task-intake", ACTION_ACKNOWLEDGE, ACTOR_SERVICE, BASIS_LEGAL_OBLIGATION, false},
};

static void the_sample_has_its_activities(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();
    const size_t count = sizeof(expected_activities) / sizeof(expected_activities[0]);

    assert_int_equal(policy->activity_count, count);
    for (size_t i = 0; i < count; i++) {
        const expected_activity *const expected = &expected_activities[i];
        const uint32_t index = activity_named(policy, expected->name);
        const bundle_activity *const found = &policy->activities[index];
        assert_int_equal(found->actions, expected->actions);
        assert_int_equal(found->actors, expected->actors);
        assert_int_equal(policy->purposes[found->purpose].basis, expected->basis);
        assert_int_equal(found->knows_existence, expected->knows_existence);
        assert_int_equal(bundle_lives_on_consent(policy, index), expected->basis == BASIS_CONSENT);
    }
    assert_false(bundle_lives_on_consent(policy, BUNDLE_NONE));
}

static void the_sample_has_its_roles_and_fields(void **state)
{
    static const char *const roles[] = {"delivery",  "customer_service", "store_guide",
                                        "marketing", "analyst",          "dpo",
                                        "customer",  "crm_module"};
    VELUM_AUTO(bundle) *policy = sample_bundle();

    assert_int_equal(policy->field_count, 9);
    assert_int_equal(policy->category_count, 4 + 2); /* those of the modules' rows */
    assert_int_equal(policy->role_count, 8);
    for (size_t i = 0; i < 8; i++) {
        const uint32_t role = bundle_find(policy, REGISTRY_ROLE, text_of(roles[i]));
        assert_true(role != BUNDLE_NONE);
        assert_int_equal(policy->roles[role].staff, i != 0 && i < 6);
    }
    const uint64_t everything =
        field_set(policy, "name,mobile,id_card,bank_card,email,address,birthday,city,member_level");
    assert_true(everything == 0x1ff);
    const uint32_t customer = bundle_find(policy, REGISTRY_ROLE, TEXT_LITERAL("customer"));
    assert_true(policy->roles[customer].clear == everything);
    assert_int_equal(policy->birthday_field,
                     bundle_find(policy, REGISTRY_FIELD, TEXT_LITERAL("birthday")));
    assert_int_equal(policy->day_offset_s, 8 * 3600);
}

/* PIPL 17, 24: every consent of the sample has a notice in Chinese and English, and marketing is
 * marked as such. */
static void the_sample_has_its_notices(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();
    const uint32_t offers = bundle_find(policy, REGISTRY_PURPOSE, TEXT_LITERAL("direct-marketing"));
    const bundle_notice *const zh = bundle_notice_of(policy, offers, TEXT_LITERAL("zh"));
    const bundle_notice *const en = bundle_notice_of(policy, offers, TEXT_LITERAL("en"));
    const bundle_notice *const other = bundle_notice_of(policy, offers, TEXT_LITERAL("fr"));

    assert_int_equal(policy->notice_count, 4);
    assert_true(policy->purposes[offers].marketing);
    assert_non_null(zh);
    assert_true(text_equal_literal(zh->language, "zh"));
    assert_true(text_equal_literal(en->language, "en"));
    assert_ptr_equal(other, zh);
    assert_int_equal(zh->version, 1);
    assert_non_null(memmem(zh->body.data, zh->body.size, "撤回", strlen("撤回")));
    assert_non_null(memmem(en->body.data, en->body.size, "withdraw", strlen("withdraw")));
    const uint32_t care = bundle_find(policy, REGISTRY_PURPOSE, TEXT_LITERAL("customer-care"));
    assert_null(bundle_notice_of(policy, care, TEXT_LITERAL("zh")));
    assert_null(bundle_notice_of(policy, BUNDLE_NONE, TEXT_LITERAL("zh")));
}

/* Computed with Python's hashlib and struct, by the words of docs/formats/policy.md. */
static void the_hash_is_the_documented_one(void **state)
{
    static const char wanted[] = "dd8b5cf555109e5a0863a73c5f426c320ccb4274c1e75d53b58e812846d95fcb";
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), TEXT_LITERAL("velum-policy: 1\n")},
        {TEXT_LITERAL("notices/a.zh.md"), TEXT_LITERAL("你好\n")},
        {TEXT_LITERAL("notices/a-b.zh.md"), TEXT_LITERAL("x")},
    };
    static const size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    for (size_t i = 0; i < 6; i++) {
        const bundle_file shuffled[] = {files[orders[i][0]], files[orders[i][1]],
                                        files[orders[i][2]]};
        assert_int_equal(bundle_files_hash(shuffled, 3, hash), VELUM_OK);
        hex_encode(hash, sizeof(hash), hex);
        assert_string_equal(hex, wanted);
    }
    assert_int_equal(bundle_files_hash(files, 0, hash), VELUM_OK);
    hex_encode(hash, sizeof(hash), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void the_order_of_files_changes_nothing(void **state)
{
    size_t count = 0;
    const bundle_file *const files = embedded_sample(&count);
    bundle_file reversed[16];
    VELUM_AUTO(bundle) *one = NULL;
    VELUM_AUTO(bundle) *two = NULL;

    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        reversed[i] = files[count - 1 - i];
    }
    assert_int_equal(bundle_compile(files, count, NULL, NULL, &one, NULL), VELUM_OK);
    assert_int_equal(bundle_compile(reversed, count, NULL, NULL, &two, NULL), VELUM_OK);
    assert_memory_equal(one->hash, two->hash, SHA256_BYTES);
    for (uint32_t i = 0; i < one->notice_count; i++) {
        assert_memory_equal(one->notices[i].hash, two->notices[i].hash, SHA256_BYTES);
    }
}

static void every_byte_counts(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *one = NULL;
    VELUM_AUTO(bundle) *two = NULL;
    VELUM_AUTO_MEM char *commented = replaced(small_policy, "roles:\n", "roles: # who\n");

    assert_int_equal(compile_text(small_policy, &caught, &one), VELUM_OK);
    assert_int_equal(compile_text(commented, &caught, &two), VELUM_OK);
    assert_memory_not_equal(one->hash, two->hash, SHA256_BYTES);
}

/* The bundle owns its texts: the caller's bytes may go. */
static void a_bundle_outlives_its_files(void **state)
{
    VELUM_AUTO_MEM char *policy = replaced(small_policy, "Shop", "Shop");
    char notice[] = "# text";
    char name[] = "notices/offers.zh.md";
    const bundle_file files[] = {{TEXT_LITERAL("policy.yaml"), text_of(policy)},
                                 {text_of(name), text_of(notice)}};
    VELUM_AUTO(bundle) *compiled = NULL;

    assert_int_equal(bundle_compile(files, 2, NULL, NULL, &compiled, NULL), VELUM_OK);
    memset(policy, 'x', strlen(policy));
    memset(notice, 'x', strlen(notice));
    memset(name, 'x', strlen(name));
    assert_true(text_equal_literal(compiled->name, "Shop"));
    assert_true(text_equal_literal(compiled->fields[0].name, "name"));
    assert_true(text_equal_literal(compiled->notices[0].id, "offers"));
    assert_true(text_equal_literal(compiled->notices[0].language, "zh"));
    assert_true(text_equal_literal(compiled->notices[0].body, "# text"));
}

static void names_and_numbers_find_each_other(void **state)
{
    static const uint16_t offsets[] = {0, 200, 300, 65000};
    VELUM_AUTO(bundle) *policy = sample_bundle();
    char scratch[128];
    text name;

    for (size_t o = 0; o < 4; o++) {
        for (uint32_t kind = 0; kind < REGISTRY_KINDS; kind++) {
            for (uint32_t i = 0; bundle_name_at(policy, kind, i, scratch, &name); i++) {
                bundle_set_number(policy, kind, i, (uint16_t)(offsets[o] + i + 1));
            }
        }
        for (uint32_t kind = 0; kind < REGISTRY_KINDS; kind++) {
            for (uint32_t i = 0; bundle_name_at(policy, kind, i, scratch, &name); i++) {
                if (kind == REGISTRY_JURISDICTION) {
                    assert_int_equal(policy->jurisdiction_number, offsets[o] + 1);
                    continue;
                }
                if (kind == REGISTRY_FIELD && i >= policy->field_count) {
                    /* No field of a table is taken for one of people. */
                    assert_int_equal(bundle_find(policy, kind, name), BUNDLE_NONE);
                    assert_int_equal(
                        bundle_find_number(policy, kind, (uint16_t)(offsets[o] + i + 1)),
                        BUNDLE_NONE);
                    continue;
                }
                assert_int_equal(bundle_find_number(policy, kind, (uint16_t)(offsets[o] + i + 1)),
                                 i);
                if (kind != REGISTRY_NOTICE) {
                    assert_int_equal(bundle_find(policy, kind, name), i);
                }
            }
            assert_int_equal(bundle_find_number(policy, kind, 0), BUNDLE_NONE);
            assert_int_equal(bundle_find_number(policy, kind, 150), BUNDLE_NONE);
            assert_int_equal(bundle_find(policy, kind, TEXT_LITERAL("nobody")), BUNDLE_NONE);
        }
    }
    assert_int_equal(bundle_find(policy, REGISTRY_KINDS, TEXT_LITERAL("name")), BUNDLE_NONE);
    assert_int_equal(bundle_find_number(policy, REGISTRY_KINDS + 7, 1), BUNDLE_NONE);
}

static void a_notice_is_named_by_its_text(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;
    char scratch[128];
    text name;

    assert_int_equal(compile_text(small_policy, &caught, &policy), VELUM_OK);
    assert_int_equal(caught.count, 0);
    assert_true(bundle_name_at(policy, REGISTRY_NOTICE, 0, scratch, &name));
    /* Python: hashlib.sha256("# 优惠\n".encode()).hexdigest()[:32] */
    assert_true(text_equal_literal(name, "offers.zh.59efcdece24e31a70001ef5967ba22ad"));
    assert_false(bundle_name_at(policy, REGISTRY_NOTICE, 2, scratch, &name));
    assert_false(bundle_name_at(policy, REGISTRY_REASON, 0, scratch, &name));
}

static void identifiers_have_an_order(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();

    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("mobile")), 0);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("email")), 1);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("id_card")), 2);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("ext:cj")), 3);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("ext:*")), BUNDLE_NONE);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("ext:")), BUNDLE_NONE);
    assert_int_equal(bundle_identifier_order(policy, TEXT_LITERAL("passport")), BUNDLE_NONE);
}

static void recipients_are_counted_once(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;
    VELUM_AUTO_MEM char *one = replaced(small_policy, "fields: [name, birthday]}",
                                        "fields: [name, birthday], recipient: agency}");
    VELUM_AUTO_MEM char *both = replaced(one, "fields: all}", "fields: all, recipient: agency}");

    assert_int_equal(compile_text(both, &caught, &policy), VELUM_OK);
    assert_int_equal(policy->recipient_count, 1);
    assert_true(text_equal_literal(policy->recipients[0].name, "agency"));
    assert_int_equal(policy->activities[2].recipient_index, 0);
    assert_int_equal(policy->activities[3].recipient_index, 0);
    assert_int_equal(policy->activities[0].recipient_index, BUNDLE_NONE);
    assert_int_equal(policy->activities[0].recipient.size, 0);
}

/* P-2, and style rule 19: the unclassified is the most sensitive, the unmasked shows nothing. */
static void what_is_not_written_is_the_strictest(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;
    VELUM_AUTO_MEM char *bare = replaced(small_policy, ", class: personal, mask: tail", "");

    assert_int_equal(compile_text(bare, &caught, &policy), VELUM_OK);
    assert_int_equal(caught.count, 1);
    assert_false(caught.at[0].is_error);
    assert_non_null(strstr(caught.at[0].message, "sensitive"));
    assert_int_equal(policy->fields[0].class, CLASS_SENSITIVE);
    assert_true(text_equal_literal(policy->masks[policy->fields[0].mask].name, "all"));
    assert_int_equal(policy->fields[0].type, FIELD_TEXT);
    assert_false(policy->activities[2].knows_existence);
}

/* At each allocation in turn: no memory, no bundle, no leak. */
static void without_memory_there_is_no_bundle(void **state)
{
    size_t count = 0;
    const bundle_file *const files = embedded_sample(&count);
    velum_status status = VELUM_E_NOMEM;
    unsigned nth = 0;

    while (status != VELUM_OK && nth < 10000) {
        char plan[32];
        bundle *policy = NULL;
        velum_error err = {0};

        nth++;
        (void)snprintf(plan, sizeof(plan), "alloc:%u:enospc", nth);
        fault_plan(plan);
        status = bundle_compile(files, count, NULL, NULL, &policy, &err);
        fault_plan(NULL);
        assert_int_equal(policy != NULL, status == VELUM_OK);
        if (status != VELUM_OK) {
            assert_int_equal(status, VELUM_E_NOMEM);
            assert_int_equal(err.status, VELUM_E_NOMEM);
        }
        bundle_free(policy);
    }
    assert_true(nth > 5 && nth < 10000);
}

static void words_have_names(void **state)
{
    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        assert_non_null(action_name(1U << i));
    }
    assert_string_equal(action_name(ACTION_CONSENT_WRITE), "consent-write");
    assert_null(action_name(0));
    assert_null(action_name(3));
    assert_null(action_name(1U << ACTION_COUNT));
    for (uint32_t i = 1; i < BASIS_COUNT; i++) {
        assert_non_null(basis_name(i));
    }
    assert_null(basis_name(0));
    assert_null(basis_name(BASIS_COUNT));
    for (uint32_t i = 0; i < REASON_COUNT; i++) {
        assert_non_null(reason_name(i));
    }
    assert_null(reason_name(REASON_COUNT));
    /* Python: hashlib.sha256(b"s01").hexdigest()[:16] */
    assert_true(attribute_value_hash(TEXT_LITERAL("s01")) == UINT64_C(0xfb173a948cf4a99a));
}

static int start(void **state)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedded_policies_compile_without_a_finding),
        cmocka_unit_test(the_bootstrap_knows_no_personal_data),
        cmocka_unit_test(the_sample_has_its_activities),
        cmocka_unit_test(the_sample_has_its_roles_and_fields),
        cmocka_unit_test(the_sample_has_its_notices),
        cmocka_unit_test(the_hash_is_the_documented_one),
        cmocka_unit_test(the_order_of_files_changes_nothing),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(a_bundle_outlives_its_files),
        cmocka_unit_test(names_and_numbers_find_each_other),
        cmocka_unit_test(a_notice_is_named_by_its_text),
        cmocka_unit_test(identifiers_have_an_order),
        cmocka_unit_test(recipients_are_counted_once),
        cmocka_unit_test(what_is_not_written_is_the_strictest),
        cmocka_unit_test(without_memory_there_is_no_bundle),
        cmocka_unit_test(words_have_names),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
