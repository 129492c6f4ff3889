/* Finding, making, changing and reading one customer, over a real folder. */
#include "tests/core/support.h"

#include "core/verbs.h"

#define UPSERT(person, ...) \
    ask(person, (question){VELUM_VERB_UPSERT, .body = "{" __VA_ARGS__ "}", .token = shop})
#define MOBILE "{\"type\":\"mobile\",\"value\":\"13800000001\"}"
#define EMAIL "{\"type\":\"email\",\"value\":\"ming@example.com\"}"

static const reply *read_as(place *self, const char *token, const char *ref, const char *fields)
{
    return ask(self, (question){VELUM_VERB_READ, token, .ref = ref, .fields = fields});
}

static const reply *look_up(place *self, const char *token, const char *type, const char *value)
{
    return ask(self, (question){VELUM_VERB_LOOKUP, token,
                                .body = text_f(self,
                                               "{\"identifier\":{\"type\":\"%s\","
                                               "\"value\":\"%s\"}}",
                                               type, value)});
}

/* --- upsert ----------------------------------------------------------------------------------- */

static void a_new_and_a_known_customer_are_answered_alike(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry entry;

    const reply *made =
        assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"city\":\"常州\"}"));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_UPSERT);
    assert_int_equal(entry.decision, ENTRY_ALLOW);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_NEW);
    assert_int_equal(entry.asked_count, 1);
    const reply *known = assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "]"));
    assert_string_equal(made->body, known->body);
    assert_int_equal(json_count(json_root(made->json)), 1);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_SAME);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
}

static void a_known_profile_is_merged_and_null_removes(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;

    assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"city\":\"南京\","
                             "\"address\":null,\"bank_card\":null}"));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_CHANGED);
    const reply *answer = assert_done(read_as(self, shop, ref, NULL));
    assert_text_at(answer, "fields/city", "南京");
    assert_text_at(answer, "fields/name", "王小明");
    assert_null(value_at(answer, "fields/address"));
    assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"city\":\"南京\","
                             "\"address\":null}"));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_SAME);
}

/* An activity that may create but not update leaves a known profile as it was. */
static void without_update_a_known_profile_stays(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;

    const char *const care = care_token(self);
    const reply *refused =
        ask(self, (question){VELUM_VERB_UPSERT, care, .body = "{\"identifiers\":[" MOBILE "]}"});
    assert_refused(refused, 403, "action-not-allowed");
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "action-not-allowed");
    assert_text_at(assert_done(read_as(self, shop, ref, "city")), "fields/city", "常州");
}

static void further_identifiers_are_counted_and_not_attached(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;

    const reply *answer = assert_done(UPSERT(self, "\"identifiers\":[" EMAIL "," MOBILE "]"));
    assert_text_at(answer, "subject", ref);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_UNATTACHED), 1);
    assert_refused(look_up(self, shop, "email", "ming@example.com"), 404, "not-found");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
}

static void one_value_twice_in_a_request_is_one(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);

    const reply *made =
        assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "," MOBILE "," EMAIL
                                 ",{\"type\":\"mobile\",\"value\":\"+86 138 0000 0001\"}]"));
    assert_text_at(assert_done(look_up(self, shop, "email", "MING@example.com")), "subject",
                   text_at(made, "subject"));
    assert_text_at(assert_done(look_up(self, shop, "mobile", "138-0000-0001")), "subject",
                   text_at(made, "subject"));
}

static void what_does_not_fit_is_refused_whole(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } rows[] = {
        {"{\"identifiers\":[" MOBILE "],\"profile\":{\"shoe_size\":\"43\"}}", 400, "unknown-field"},
        {"{\"identifiers\":[" MOBILE "],\"profile\":{\"birthday\":\"1990-02-30\"}}", 422,
         "invalid-value"},
        {"{\"identifiers\":[" MOBILE "],\"profile\":{\"city\":7}}", 422, "invalid-value"},
        {"{\"identifiers\":[" MOBILE "],\"profile\":{\"store\":\"\"}}", 422, "invalid-value"},
        {"{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"12\"}]}", 422, "invalid-value"},
        {"{\"identifiers\":[{\"type\":\"passport\",\"value\":\"E1\"}]}", 422, "invalid-value"},
        {"{\"identifiers\":[]}", 400, "malformed-request"},
        {"{\"identifiers\":[" MOBILE "],\"more\":1}", 400, "malformed-request"},
        {"{\"profile\":{}}", 400, "malformed-request"},
        {"[]", 400, "malformed-request"},
        {"{", 400, "malformed-request"},
        {"", 400, "malformed-request"},
    };
    place *const self = *state;
    const char *const shop = shop_token(self);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint64_t before = log_size(self);
        const reply *answer = ask(self, (question){VELUM_VERB_UPSERT, shop, .body = rows[i].body});
        if (answer->status == 429) {
            continue; /* the same refusal of the same mobile: recorded a row before */
        }
        assert_refused(answer, rows[i].status, rows[i].problem);
        assert_int_equal(log_size(self) - before,
                         strcmp(rows[i].problem, "malformed-request") == 0 ? 0 : 1);
        assert_null(strstr(answer->body, "13800000001"));
        assert_null(strstr(answer->body, "shoe_size"));
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 0);
    assert_log_sound(self);
}

static void unknown_field_names_are_only_counted_in_the_leaf(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;

    assert_refused(read_as(self, shop, ref, "city,CANARY-1,CANARY-2"), 400, "unknown-field");
    log_last_denial(self, &entry);
    assert_int_equal(entry.unknown_field_count, 2);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_int_equal(entry.released_count, 0);
}

/* --- lookup ----------------------------------------------------------------------------------- */

/* The members of a refusal, without its decision id, which is fresh each time. */
static const char *without_id(place *self, const reply *answer)
{
    return text_f(self, "%d %s %s %s %zu", answer->status, text_at(answer, "type"),
                  text_at(answer, "title"), text_at(answer, "detail"),
                  json_count(json_root(answer->json)));
}

static void unknown_and_hidden_look_the_same(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const campaign = marketing_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const other = person(self, shop, "13800000002", "{\"city\":\"常州\"}");
    audit_entry entry;

    const reply *hidden = assert_refused(read_as(self, campaign, ref, NULL), 404, "not-found");
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "consent-missing");
    sql_run(self, "DELETE FROM subject WHERE rowid = (SELECT max(rowid) FROM subject)");
    place_reopen(self);
    const reply *unknown = assert_refused(read_as(self, campaign, other, NULL), 404, "not-found");
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "unknown-subject");
    assert_string_equal(without_id(self, hidden), without_id(self, unknown));
    assert_refused(look_up(self, shop, "mobile", "13800000009"), 404, "not-found");
    assert_refused(look_up(self, campaign, "mobile", "13800000001"), 403, "action-not-allowed");
}

/* Behind a consent, asking only for fields that are hidden must not tell that there is somebody. */
static void a_hidden_customer_stays_hidden_whatever_fields_are_asked(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const campaign = marketing_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    const reply *missing =
        assert_refused(read_as(self, campaign, ref, "id_card"), 404, "not-found");
    consent(self, desk, ref, "direct-marketing", "given");
    const reply *nothing = read_as(self, campaign, ref, "id_card");
    assert_string_equal(without_id(self, missing), without_id(self, nothing));
}

static void a_domain_sees_only_its_own_pseudonyms(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const post =
        token_of(self, (holder){"post", NULL, "delivery", "order-fulfilment", "post", NULL});
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const theirs =
        text_at(assert_done(look_up(self, post, "mobile", "13800000001")), "subject");

    assert_string_not_equal(ref, theirs);
    assert_done(read_as(self, post, theirs, "city"));
    assert_refused(read_as(self, post, ref, "city"), 404, "not-found");
    assert_refused(read_as(self, post, text_f(self, "shop:%s", ref), "city"), 403,
                   "unknown-domain");
    assert_refused(read_as(self, post, text_f(self, "nowhere:%s", ref), "city"), 403,
                   "unknown-domain");
    char *const typo = (char *)(uintptr_t)text_f(self, "%s", theirs);
    typo[0] = typo[0] == 'A' ? 'B' : 'A';
    assert_refused(read_as(self, post, typo, "city"), 400, "malformed-request");
}

/* --- read ------------------------------------------------------------------------------------- */

static void a_role_sees_its_masks_and_what_is_hidden_by_name(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;

    const reply *answer = assert_done(read_as(self, care, ref, NULL));
    assert_text_at(answer, "subject", ref);
    assert_text_at(answer, "fields/name", "王小明");
    assert_text_at(answer, "fields/mobile", "138****0001");
    assert_text_at(answer, "fields/birthday", "1990-**-**");
    assert_true(list_has(answer, "masked", "mobile"));
    assert_false(list_has(answer, "masked", "name"));
    assert_true(list_has(answer, "hidden", "id_card"));
    assert_null(value_at(answer, "fields/id_card"));
    assert_null(strstr(answer->body, "320402199005060018"));
    assert_text_at(answer, "decision/activity", "customer-care");
    assert_text_at(answer, "decision/basis", "contract");
    log_last(self, &entry);
    assert_int_equal(entry.decision, ENTRY_PARTIAL);
    assert_int_equal(entry.asked_count, 9);
    assert_int_equal(entry.released_count, 6);
    assert_int_equal(entry.mask_count, 3);
    assert_refused(read_as(self, care, ref, "id_card"), 403, "no-field-allowed");
}

/* What was not given is neither in the reply nor said to be released. */
static void only_what_is_held_is_released(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", "{\"city\":\"常州\"}");
    audit_entry entry;

    const reply *answer = assert_done(read_as(self, shop, ref, "city,name"));
    assert_int_equal(json_count(value_at(answer, "fields")), 1);
    log_last(self, &entry);
    assert_int_equal(entry.asked_count, 2);
    assert_int_equal(entry.released_count, 1);
}

/* I-4: a read that asks only the city never opens contact data. GDPR 5(1)(c), 25. */
static void only_what_is_needed_is_opened(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    audit_entry entry;
    const uint32_t contact =
        world_number(self->gate->world, REGISTRY_CATEGORY, TEXT_LITERAL("contact"));

    sql_run(self,
            text_f(self,
                   "UPDATE category SET sealed = zeroblob(length(sealed)) WHERE category = %u",
                   contact));
    place_reopen(self);
    assert_text_at(assert_done(read_as(self, shop, ref, "city")), "fields/city", "常州");
    const reply *answer =
        assert_refused(read_as(self, shop, ref, "city,mobile"), 500, "data-damaged");
    assert_null(strstr(answer->body, "常州"));
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "data-damaged");
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_int_equal(entry.released_count, 0);
}

static void a_missing_row_is_damage_and_not_an_empty_answer(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    sql_run(self, "DELETE FROM category");
    place_reopen(self);
    assert_refused(read_as(self, shop, ref, "city"), 500, "data-damaged");
}

static void a_guide_sees_only_the_customers_of_the_store(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const guide =
        token_of(self, (holder){"guide", "human", "store_guide", "customer-care", "shop", "S001"});
    const char *const other =
        token_of(self, (holder){"other", "human", "store_guide", "customer-care", "shop", "S002"});
    const char *const nobody =
        token_of(self, (holder){"nobody", "human", "store_guide", "customer-care", "shop", NULL});
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const stray = person(self, shop, "13800000002", "{\"name\":\"李四\"}");

    assert_text_at(assert_done(read_as(self, guide, ref, "name,mobile")), "fields/mobile",
                   "138****0001");
    assert_refused(read_as(self, other, ref, "name"), 403, "no-role-applies");
    assert_refused(read_as(self, nobody, ref, "name"), 403, "no-role-applies");
    assert_refused(read_as(self, guide, stray, "name"), 403, "no-role-applies");
    assert_refused(read_as(self, nobody, stray, "name"), 403, "no-role-applies");
    assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"store\":\"S002\"}"));
    assert_refused(read_as(self, guide, ref, "name"), 403, "no-role-applies");
    assert_done(read_as(self, other, ref, "name,city"));
}

/* --- minors ----------------------------------------------------------------------------------- */

static void a_birthday_sets_the_age_class(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", child_profile);
    audit_entry entry;

    assert_refused(read_as(self, care, ref, "city"), 403, "approval-required");
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, 1), AGE_UNDER_14);
    assert_text_at(assert_done(read_as(self, shop, ref, "address")), "fields/address",
                   "常州市天宁区青龙街道2号");
    assert_done(
        UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"birthday\":\"1990-01-01\"}"));
    assert_done(read_as(self, care, ref, "city"));
    assert_done(UPSERT(self, "\"identifiers\":[" MOBILE "],\"profile\":{\"birthday\":null}"));
    assert_done(read_as(self, care, ref, "name"));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, 1), AGE_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_and_a_known_customer_are_answered_alike),
        TEST(a_known_profile_is_merged_and_null_removes),
        TEST(without_update_a_known_profile_stays),
        TEST(further_identifiers_are_counted_and_not_attached),
        TEST(one_value_twice_in_a_request_is_one),
        TEST(what_does_not_fit_is_refused_whole),
        TEST(unknown_field_names_are_only_counted_in_the_leaf),
        TEST(unknown_and_hidden_look_the_same),
        TEST(a_hidden_customer_stays_hidden_whatever_fields_are_asked),
        TEST(a_domain_sees_only_its_own_pseudonyms),
        TEST(a_role_sees_its_masks_and_what_is_hidden_by_name),
        TEST(only_what_is_held_is_released),
        TEST(only_what_is_needed_is_opened),
        TEST(a_missing_row_is_damage_and_not_an_empty_answer),
        TEST(a_guide_sees_only_the_customers_of_the_store),
        TEST(a_birthday_sets_the_age_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
