/* Decisions on modules' tables, and the acts of modules: the same checks over another set of fields
 * (docs/modules.md, M-2). */
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bundle *policy;

static uint32_t resource_named(const char *name)
{
    const uint32_t found = bundle_find(policy, REGISTRY_RESOURCE, text_of(name));

    assert_true(found != BUNDLE_NONE);
    return found + 1;
}

static uint64_t columns(const char *table, const char *names)
{
    const bundle_resource *const resource = &policy->resources[resource_named(table) - 1];
    text rest = text_of(names);
    text name;
    uint64_t set = 0;

    while (text_split(&rest, ',', &name)) {
        const uint32_t index = resource_find(resource, name);
        assert_true(index != BUNDLE_NONE);
        set |= UINT64_C(1) << index;
    }
    return set;
}

static uint64_t all_columns(const char *table)
{
    return (UINT64_C(1) << policy->resources[resource_named(table) - 1].field_count) - 1;
}

/* customer-care, as customer_service, reads the orders of a customer. */
static decide_request orders_request(const subject_state *state)
{
    decide_request request = care_request(policy, state);

    request.action = ACTION_ROWS_READ;
    request.resource = resource_named("orders");
    return request;
}

/* A module without a role of people, under the activity. */
static decide_request module_request(const char *activity, uint32_t action,
                                     const subject_state *state)
{
    decide_request request = care_request(policy, state);

    request.activity = activity_named(policy, activity);
    request.actor = ACTOR_SERVICE;
    request.roles = role_bit(policy, "crm_module");
    request.action = action;
    request.subject_status = state == NULL ? 0 : SUBJECT_LIVE;
    return request;
}

static void rows_are_shown_by_role(void **state)
{
    const subject_state person = adult_state(policy);
    decide_request request = orders_request(&person);
    verdict out = decided(&request);

    assert_true(out.allowed);
    assert_true(out.clear == all_columns("orders"));
    assert_true(out.masked == 0 && out.hidden == 0);
    const uint32_t category = policy->resources[request.resource - 1].category;
    assert_int_equal(out.categories, 1U << category); /* I-4: of the rows, and none of the record */
    request.all_fields = false;
    request.fields = columns("orders", "amount,store");
    out = decided(&request);
    assert_true(out.clear == request.fields);
    request.roles = role_bit(policy, "marketing"); /* P-2: has no cell of the table */
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.roles = 0;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
}

/* What the activity does not reach is hidden, whatever the role sees. */
static void the_activity_bounds_the_fields(void **state)
{
    const subject_state person = adult_state(policy);
    decide_request request = module_request("winback", ACTION_ROWS_READ, &person);

    request.resource = resource_named("orders");
    request.all_fields = false;
    request.fields = columns("orders", "ordered_at,amount");
    const verdict out = decided(&request);
    assert_true(out.clear == columns("orders", "ordered_at"));
    assert_true(out.hidden == columns("orders", "amount"));
    assert_int_equal(out.decision, 2);
}

static void tables_that_are_not_there_are_unknown(void **state)
{
    const subject_state person = adult_state(policy);
    decide_request request = orders_request(&person);

    request.resource = resource_named("winback_runs"); /* not of this activity */
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request.resource = policy->resource_count + 1;
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request.resource = BUNDLE_NONE;
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request.resource = 0; /* the person's own fields are no rows */
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request = care_request(policy, &person);
    request.resource = resource_named("orders"); /* nor are rows a record */
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request = orders_request(&person);
    request.all_fields = false;
    request.fields = UINT64_C(1) << policy->resources[request.resource - 1].field_count;
    assert_denied(&request, REASON_UNKNOWN_FIELD);
    request.fields = 1;
    request.unknown_fields = 1;
    assert_denied(&request, REASON_UNKNOWN_FIELD);
}

static void a_restriction_stops_all_but_the_customer(void **state)
{
    subject_state person = adult_state(policy);
    person.restrictions = RESTRICTION_PROCESSING;
    decide_request request = orders_request(&person);

    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("order-capture", ACTION_ROWS_WRITE, &person);
    request.resource = resource_named("orders");
    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("sales-counts", ACTION_COUNTS, &person);
    request.resource = resource_named("orders");
    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("winback", ACTION_SEND, &person);
    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("customer-search", ACTION_SEARCH, &person);
    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("bulk-export", ACTION_BULK_READ, &person);
    assert_denied(&request, REASON_PROCESSING_RESTRICTED);
    request = module_request("self-service", ACTION_ROWS_READ, &person);
    request.actor = ACTOR_CUSTOMER; /* GDPR 15, PIPL 45 */
    request.roles = role_bit(policy, "customer");
    request.resource = resource_named("winback_runs");
    assert_true(decided(&request).clear == all_columns("winback_runs"));
}

/* Minors Regulation 34-37 */
static void children_are_guarded_in_rows_too(void **state)
{
    subject_state child = adult_state(policy);
    born(&child, "2016-01-01");
    decide_request request = orders_request(&child);

    assert_denied(&request, REASON_APPROVAL_REQUIRED);
    request.is_approved = true;
    verdict out = decided(&request);
    assert_true(out.allowed);
    assert_int_equal(out.obligations, OBLIGATION_APPROVAL);
    request = module_request("bulk-export", ACTION_BULK_READ, &child);
    request.roles = role_bit(policy, "customer_service");
    assert_denied(&request, REASON_APPROVAL_REQUIRED);
    request.activity = activity_named(policy, "customer-search");
    request.action = ACTION_SEARCH;
    assert_denied(&request, REASON_APPROVAL_REQUIRED);
}

static void rows_are_written_whole_or_not(void **state)
{
    const subject_state person = adult_state(policy);
    decide_request request = module_request("order-capture", ACTION_ROWS_WRITE, &person);

    request.resource = resource_named("order_lines");
    request.roles = 0; /* roles bound what is seen */
    verdict out = decided(&request);
    assert_true(out.allowed && (out.clear | out.masked | out.hidden) == 0);
    assert_int_equal(out.categories, 1U << policy->resources[request.resource - 1].category);
    request.activity = activity_named(policy, "winback");
    request.resource = resource_named("orders");
    request.all_fields = false;
    request.fields = columns("orders", "ordered_at");
    assert_true(decided(&request).allowed);
    request.fields |= columns("orders", "amount");
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
}

/* M-2: a count rests on each customer's own consent. */
static void counts_ask_each_for_consent(void **state)
{
    subject_state person = adult_state(policy);
    decide_request request = module_request("sales-counts", ACTION_COUNTS, &person);

    request.resource = resource_named("orders");
    request.roles = 0;
    verdict out = decided(&request);
    assert_true(out.allowed && out.consent != NULL);
    assert_true((out.clear | out.masked | out.hidden) == 0);
    request.all_fields = false;
    request.fields = columns("orders", "points"); /* not of the activity */
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.all_fields = true;
    consent_to(&person, policy, "analytics", CONSENT_WITHDRAWN);
    assert_denied(&request, REASON_CONSENT_WITHDRAWN);
}

static void a_message_needs_consent_and_no_role(void **state)
{
    subject_state person = adult_state(policy);
    decide_request request = module_request("winback", ACTION_SEND, &person);

    request.roles = 0;
    request.all_fields = false;
    request.fields = field_set(policy, "mobile,name");
    verdict out = decided(&request);
    assert_true(out.allowed && (out.clear | out.masked) == 0);
    const uint32_t opened = 1U << bundle_find(policy, REGISTRY_CATEGORY, TEXT_LITERAL("profile")) |
                            1U << bundle_find(policy, REGISTRY_CATEGORY, TEXT_LITERAL("contact"));
    assert_int_equal(out.categories, opened); /* I-4 */
    request.fields |= field_set(policy, "address");
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.fields = field_set(policy, "mobile");
    person.restrictions = RESTRICTION_MARKETING; /* GDPR 21 */
    assert_denied(&request, REASON_MARKETING_OBJECTION);
    person.restrictions = 0;
    consent_to(&person, policy, "direct-marketing", CONSENT_WITHDRAWN);
    assert_denied(&request, REASON_CONSENT_WITHDRAWN);
    request.subject_status = SUBJECT_ERASED;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request.subject_status = 0;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
}

/* The act on many shows nothing by itself; each customer is decided on with a state. */
static void what_is_of_many_shows_nobody(void **state)
{
    static const struct {
        const char *activity;
        uint32_t action;
    } acts[] = {{"winback", ACTION_FILTER},        {"audience", ACTION_FILTER},
                {"audience", ACTION_LIST},         {"customer-search", ACTION_SEARCH},
                {"bulk-export", ACTION_BULK_READ}, {"winback", ACTION_MODULE},
                {"delivery", ACTION_DELIVER},      {"task-intake", ACTION_ACKNOWLEDGE}};

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        decide_request request = module_request(acts[i].activity, acts[i].action, NULL);
        request.roles = UINT32_MAX;
        const verdict out = decided(&request);
        assert_true(out.allowed);
        assert_true((out.clear | out.masked | out.hidden) == 0);
        assert_int_equal(out.categories, 0);
        request.activity_is_held = false; /* I-7 */
        assert_denied(&request, REASON_ACTIVITY_NOT_REGISTERED);
    }
}

/* Rows by range, puts and counts of many: where the request says so, and only then. */
static void rows_of_many_need_no_customer(void **state)
{
    decide_request request = module_request("winback", ACTION_ROWS_READ, NULL);

    request.resource = resource_named("orders");
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request.is_of_many = true;
    assert_true(decided(&request).allowed);
    assert_true((decided(&request).clear | decided(&request).masked) == 0);
    request.clock_behind = true;
    assert_denied(&request, REASON_CLOCK_BEHIND);
}

/* Somebody found or read among many is decided on as by a read. */
static void each_of_many_is_read_as_by_a_read(void **state)
{
    subject_state person = adult_state(policy);
    decide_request request = care_request(policy, &person);
    const verdict read = decided(&request);

    request.activity = activity_named(policy, "bulk-export");
    request.action = ACTION_BULK_READ;
    request.is_of_many = true;
    const verdict bulk = decided(&request);
    const uint64_t reach = policy->activities[request.activity].fields;
    assert_true(bulk.clear == (read.clear & reach));
    assert_true(bulk.masked == (read.masked & reach));
    request.activity = activity_named(policy, "audience");
    request.action = ACTION_LIST;
    assert_true(decided(&request).allowed);
    consent_to(&person, policy, "direct-marketing", CONSENT_WITHDRAWN);
    assert_denied(&request, REASON_CONSENT_WITHDRAWN);
}

/* What a law keeps is read by role, of a table as of a record. */
static void retained_rows_are_shown_by_role(void **state)
{
    decide_request request = care_request(policy, NULL);

    request.activity = activity_named(policy, "legal-retention");
    request.action = ACTION_RETAINED_READ;
    request.roles = role_bit(policy, "dpo");
    request.subject_status = SUBJECT_ERASED;
    request.resource = resource_named("orders");
    assert_true(decided(&request).clear == all_columns("orders"));
    request.resource = resource_named("winback_runs"); /* is not kept, nor is it of the activity */
    assert_denied(&request, REASON_UNKNOWN_RESOURCE);
    request.resource = resource_named("orders");
    request.roles = role_bit(policy, "store_guide"); /* counts by conditions only */
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
}

/* --- Under another bundle --------------------------------------------------------------------------- */

static void a_table_travels_by_its_number(void **state)
{
    VELUM_AUTO(bundle) *other = sample_bundle();
    const subject_state person = adult_state(policy);
    decide_request request = orders_request(&person);
    verdict here = decided(&request);
    verdict there;

    /* The same tables in other places, and the fields of one turned round. */
    const bundle_resource first = other->resources[0];
    other->resources[0] = other->resources[2];
    other->resources[2] = first;
    for (uint32_t i = 0; i < other->resource_count; i++) {
        bundle_set_number(other, REGISTRY_RESOURCE, i, other->resources[i].number);
    }
    for (uint32_t i = 0; i < other->activity_count; i++) {
        const uint64_t fields = other->activities[i].resources[0];
        other->activities[i].resources[0] = other->activities[i].resources[2];
        other->activities[i].resources[2] = fields;
    }
    for (uint32_t i = 0; i < other->role_count; i++) {
        const uint64_t clear = other->roles[i].resource_clear[0];
        other->roles[i].resource_clear[0] = other->roles[i].resource_clear[2];
        other->roles[i].resource_clear[2] = clear;
    }
    decide_under(&request, other, &there);
    assert_int_equal(there.allowed, here.allowed);
    assert_true(there.clear == here.clear && there.masked == here.masked);
    request.all_fields = false;
    request.fields = columns("orders", "store,points");
    decide_under(&request, other, &there);
    assert_true(there.clear == request.fields);
}

static void what_the_other_has_not_is_denied(void **state)
{
    VELUM_AUTO(bundle) *other = sample_bundle();
    const subject_state person = adult_state(policy);
    decide_request request = orders_request(&person);
    bundle_resource *const orders = &other->resources[request.resource - 1];
    verdict there;

    request.all_fields = false;
    request.fields = columns("orders", "amount,store");
    orders->fields[resource_find(orders, TEXT_LITERAL("amount"))].number = 999; /* another field */
    decide_under(&request, other, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_FIELD);
    request.fields = columns("orders", "store");
    decide_under(&request, other, &there);
    assert_true(there.allowed && there.clear == request.fields);
    bundle_set_number(other, REGISTRY_RESOURCE, request.resource - 1, 999); /* another table */
    decide_under(&request, other, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_RESOURCE);
    request.resource = 77; /* one that even this bundle has not */
    decide_under(&request, other, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_RESOURCE);
}

static int start(void **unused)
{
    if (crypto_init() != VELUM_OK) {
        return -1;
    }
    policy = sample_bundle();
    return 0;
}

static int stop(void **unused)
{
    bundle_free(policy);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_shown_by_role),
        cmocka_unit_test(the_activity_bounds_the_fields),
        cmocka_unit_test(tables_that_are_not_there_are_unknown),
        cmocka_unit_test(a_restriction_stops_all_but_the_customer),
        cmocka_unit_test(children_are_guarded_in_rows_too),
        cmocka_unit_test(rows_are_written_whole_or_not),
        cmocka_unit_test(counts_ask_each_for_consent),
        cmocka_unit_test(a_message_needs_consent_and_no_role),
        cmocka_unit_test(what_is_of_many_shows_nobody),
        cmocka_unit_test(rows_of_many_need_no_customer),
        cmocka_unit_test(each_of_many_is_read_as_by_a_read),
        cmocka_unit_test(retained_rows_are_shown_by_role),
        cmocka_unit_test(a_table_travels_by_its_number),
        cmocka_unit_test(what_the_other_has_not_is_denied),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
