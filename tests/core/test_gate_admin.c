/* What people at the command line do: credentials, policies, the log, proofs, the state. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/log_reader.h"
#include "core/verbs.h"

static const reply *add(place *self, const char *body)
{
    return ask(self, (question){VELUM_VERB_CREDENTIAL_ADD, .body = body});
}

static const reply *revoke(place *self, const char *name)
{
    return ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE,
                                .body = text_f(self, "{\"name\":\"%s\"}", name)});
}

static const reply *audit(place *self, const char *ref, const char *body)
{
    return ask(self, (question){VELUM_VERB_AUDIT_LOG, .ref = ref, .body = body});
}

/* --- credentials ------------------------------------------------------------------------------ */

#define MEMBERS "\"roles\":[\"delivery\"],\"activities\":[\"order-fulfilment\"]"

static void a_credential_that_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } rows[] = {
        {"{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"*\"}", 422,
         "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"self\"}", 422,
         "invalid-value"},
        {"{\"name\":\"A b\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"shop\"}", 422,
         "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"shop\",\"uid\":77}", 422,
         "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"robot\"," MEMBERS ",\"domain\":\"shop\"}", 400,
         "malformed-request"},
        {"{\"name\":\"a\",\"kind\":\"human\"," MEMBERS ",\"domain\":\"shop\",\"uid\":-1}", 400,
         "malformed-request"},
        {"{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"king\"],"
         "\"activities\":[\"order-fulfilment\"],\"domain\":\"shop\"}",
         422, "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"delivery\"],"
         "\"activities\":[\"self-service\"],\"domain\":\"shop\"}",
         422, "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"marketing\"],"
         "\"activities\":[\"consent-capture\",\"direct-marketing\"],\"domain\":\"shop\"}",
         422, "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\"," MEMBERS
         ",\"domain\":\"shop\",\"expires\":\"2020-01-01T00:00:00Z\"}",
         422, "invalid-value"},
        {"{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"shop\",\"admin\":true}",
         400, "malformed-request"},
        {"{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"delivery,dpo\"],"
         "\"activities\":[\"order-fulfilment\"],\"domain\":\"shop\"}",
         400, "malformed-request"},
    };
    place *const self = *state;
    bool told = false;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const reply *answer = add(self, rows[i].body);
        if (told && answer->status == 429) {
            continue; /* the same reason as a row before */
        }
        told = told || strcmp(rows[i].problem, "invalid-value") == 0;
        assert_refused(answer, rows[i].status, rows[i].problem);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM credential"), 1);
}

/* Each refusal of the same reason alone, so that none hides behind a repetition. */
static void each_credential_rule_refuses_by_itself(void **state)
{
    static const char *const bodies[] = {
        "{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"*\"}",
        "{\"name\":\"a\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"shop\",\"uid\":77}",
        "{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"delivery\"],"
        "\"activities\":[\"self-service\"],\"domain\":\"shop\"}",
        "{\"name\":\"a\",\"kind\":\"service\",\"roles\":[\"marketing\"],"
        "\"activities\":[\"consent-capture\",\"direct-marketing\"],\"domain\":\"shop\"}",
    };
    static const char *const hints[] = {"I-10", "uid", "self-service", "I-7"};
    place *const self = *state;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        forget_refusals(self);
        const reply *answer = assert_refused(add(self, bodies[i]), 422, "invalid-value");
        assert_non_null(strstr(text_at(answer, "detail"), hints[i]));
    }
}

static void names_and_uids_are_taken_once(void **state)
{
    place *const self = *state;

    shop_token(self);
    assert_refused(
        add(self, "{\"name\":\"shop\",\"kind\":\"service\"," MEMBERS ",\"domain\":\"other\"}"), 409,
        "conflict");
    assert_int_equal(world_number(self->gate->world, REGISTRY_DOMAIN, TEXT_LITERAL("other")), 0);
    forget_refusals(self);
    const char *const person =
        "{\"name\":\"%s\",\"kind\":\"human\"," MEMBERS ",\"domain\":\"*\",\"uid\":%u}";
    assert_done(add(self, text_f(self, person, "li", 4000000u)));
    assert_refused(add(self, text_f(self, person, "wang", 4000000u)), 409, "conflict");
    assert_done(add(self, "{\"name\":\"zhao\",\"kind\":\"human\"," MEMBERS ",\"domain\":\"*\"}"));
    const reply *all = assert_done(ask(self, (question){.verb = VELUM_VERB_CREDENTIAL_LIST}));
    assert_int_equal(json_count(value_at(all, "credentials")), 4);
    assert_null(strstr(all->body, "velum_"));
}

static void a_revoked_credential_is_refused_and_recorded(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question read = {VELUM_VERB_READ, .token = shop, .ref = ref};
    audit_entry entry;

    assert_done(ask(self, read));
    assert_done(revoke(self, "shop"));
    const uint64_t before = log_size(self);
    assert_refused(ask(self, read), 401, "credential-revoked");
    assert_int_equal(log_size(self), before + 1);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "credential-revoked");
    assert_int_equal(entry.intended_status, 401);
    assert_int_equal(entry.released_count, 0);
    assert_done(revoke(self, "shop"));
    assert_refused(revoke(self, "nobody"), 422, "invalid-value");
    assert_refused(ask(self, (question){VELUM_VERB_READ, .token = "velum_made-up", .ref = ref}),
                   401, "unauthenticated");
    place_reopen(self);
    assert_refused(ask(self, read), 401, "credential-revoked");
}

static void an_expired_credential_is_refused_and_recorded(void **state)
{
    place *const self = *state;
    audit_entry entry;

    const reply *made = assert_done(add(self, "{\"name\":\"a\",\"kind\":\"service\"," MEMBERS
                                              ",\"domain\":\"shop\","
                                              "\"expires\":\"2026-11-21T13:00:00Z\"}"));
    const char *const token = text_at(made, "token");
    const char *const ref = person(self, token, "13800000001", full_profile);
    const question read = {VELUM_VERB_READ, .token = token, .ref = ref};
    place_set_clock(self, PLACE_EPOCH_NS + 3600 * NS_PER_SECOND - 1);
    assert_done(ask(self, read));
    place_set_clock(self, PLACE_EPOCH_NS + 3600 * NS_PER_SECOND);
    assert_refused(ask(self, read), 401, "credential-expired");
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "credential-expired");
    place_set_clock(self, PLACE_EPOCH_NS + 3598 * NS_PER_SECOND); /* back by less than 5 s */
    forget_refusals(self);
    assert_refused(ask(self, read), 401, "credential-expired");
}

/* Somebody whose uid nobody registered: 401, counted and not recorded. */
static void an_unknown_caller_leaves_no_leaf(void **state)
{
    place *const self = *state;
    velum_answer *answer = NULL;
    const question asked = {.verb = VELUM_VERB_STATUS};
    const velum_request request = request_of(&asked);
    const uint64_t before = log_size(self);

    assert_int_equal(
        gate_call_as(self->gate, &request, &(peer){CLIENT_SOCKET, 4000001}, &answer, NULL),
        VELUM_OK);
    assert_int_equal(velum_answer_status(answer), 401);
    velum_answer_free(answer);
    assert_int_equal(log_size(self), before);
    assert_int_equal(velum_gate_counter(self->gate, "unauthenticated"), 1);
}

static void services_have_no_verbs_of_people(void **state)
{
    place *const self = *state;
    const char *const robot =
        token_of(self, (holder){"robot", NULL, "dpo", "administration,audit,import", "shop", NULL});

    assert_refused(ask(self, (question){VELUM_VERB_STATUS, .token = robot}), 403, "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_AUDIT_LOG, .token = robot, .body = "{}"}), 403,
                   "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_IMPORT, .token = robot, .body = "{}"}), 403,
                   "actor-kind");
}

/* --- policy ----------------------------------------------------------------------------------- */

static char *packed_sample(void)
{
    char *packed = NULL;
    size_t size = 0;
    char folder[PLACE_PATH_BYTES];
    const char *const top = getenv("VELUM_TOP");

    snprintf(folder, sizeof folder, "%s/policy/sample", top == NULL ? "." : top);
    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    char *const copy = strndup(packed, size);
    velum_body_free(packed);
    return copy;
}

static const reply *apply_changed(place *self, const char *from, const char *to)
{
    char *const packed = packed_sample();
    char *const at = strstr(packed, from);

    assert_non_null(at);
    *at = '\0';
    const char *const body = text_f(self, "%s%s%s", packed, to, at + strlen(from));
    free(packed);
    return ask(self, (question){VELUM_VERB_POLICY_APPLY, .body = body});
}

static void the_same_policy_changes_nothing(void **state)
{
    place *const self = *state;
    audit_entry entry;
    const uint64_t epoch = atomic_load(&self->gate->epoch);

    const reply *answer = assert_done(apply_changed(self, "velum-policy: 1", "velum-policy: 1"));
    assert_non_null(strstr(answer->body, "\"changed\":false"));
    assert_int_equal(atomic_load(&self->gate->epoch), epoch);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_POLICY);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_SAME);
    const reply *shown = assert_done(ask(self, (question){.verb = VELUM_VERB_POLICY_SHOW}));
    assert_text_at(shown, "policy", text_at(answer, "policy"));
    assert_int_equal(json_count(value_at(shown, "activities")),
                     self->gate->world->bundle->activity_count);
    assert_true(json_count(value_at(shown, "activities")) > 9);
    assert_int_equal(json_count(value_at(shown, "modules")), 3);
    assert_text_at(shown, "modules/1/name", "orders");
    assert_text_at(shown, "modules/1/tables/1/name", "order_lines");
    assert_text_at(shown, "modules/1/tables/1/on_erasure", "retain");
    assert_text_at(shown, "roles/1/resources/orders/amount", "clear"); /* customer_service */
    assert_int_equal(json_count(value_at(shown, "activities/1/resources/orders")), 7);
}

static void a_broken_policy_is_refused_with_its_line(void **state)
{
    place *const self = *state;

    const reply *answer = assert_refused(
        apply_changed(self, "purpose: customer-care", "purpose: CANARY"), 422, "invalid-value");
    assert_non_null(strstr(text_at(answer, "detail"), "policy.yaml:"));
    const reply *shown = assert_done(ask(self, (question){.verb = VELUM_VERB_POLICY_SHOW}));
    assert_text_at(shown, "name", "Sample retail chain");
    assert_refused(ask(self, (question){VELUM_VERB_POLICY_APPLY, .body = "{\"files\":{}}"}), 400,
                   "malformed-request");
    place_reopen(self);
    assert_log_sound(self);
}

static void a_new_policy_holds_at_once_and_after_a_restart(void **state)
{
    place *const self = *state;
    const char *const care = care_token(self);
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question read = {VELUM_VERB_READ, .token = care, .ref = ref, .fields = "name,city"};

    assert_text_at(assert_done(ask(self, read)), "fields/city", "常州");
    const reply *applied = assert_done(apply_changed(
        self,
        "clear: [name, city, member_level, orders.*, order_lines.*]\\n    mask: [mobile, email",
        "clear: [name, member_level, orders.*, order_lines.*]\\n    mask: [mobile, email"));
    assert_non_null(strstr(applied->body, "\"changed\":true"));
    for (int round = 0; round < 2; round++) {
        const reply *answer = assert_done(ask(self, read));
        assert_null(value_at(answer, "fields/city"));
        assert_text_at(answer, "decision/policy", text_at(applied, "policy"));
        place_reopen(self);
    }
    assert_log_sound(self);
}

/* I-7 holds for the credentials that are there already. */
static void a_policy_that_joins_recording_and_living_is_refused(void **state)
{
    place *const self = *state;
    const char *const both =
        token_of(self, (holder){"both", NULL, "customer_service", "consent-capture,customer-care",
                                "shop", NULL});
    const char *const from = "purpose: customer-care\\n    actions: [lookup, read, rows-read]";
    const char *const to = "purpose: analytics\\n    actions: [lookup, read, rows-read]";

    const reply *answer = assert_refused(apply_changed(self, from, to), 409, "conflict");
    assert_non_null(strstr(text_at(answer, "detail"), "I-7"));
    assert_done(revoke(self, "both"));
    assert_done(apply_changed(self, from, to));
    assert_refused(ask(self, (question){VELUM_VERB_LOOKUP, .token = both, .body = "{}"}), 401,
                   "credential-revoked");
}

/* A name that a new policy has no more leaves the credential with less, never with more (I-8). */
static void a_role_that_is_gone_takes_its_rights_along(void **state)
{
    place *const self = *state;
    const char *const care = care_token(self);
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    assert_done(apply_changed(self, "customer_service:", "desk_service:"));
    assert_refused(ask(self, (question){VELUM_VERB_READ, .token = care, .ref = ref}), 403,
                   "no-role-applies");
}

/* --- the log ---------------------------------------------------------------------------------- */

static void the_log_of_a_customer_is_found_by_reference(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const other = person(self, shop, "13800000002", "{\"name\":\"赵六\"}");

    assert_done(
        ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref, .fields = "city"}));
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = other}));
    assert_refused(
        ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref, .fields = "email"}), 403,
        "no-field-allowed");
    const reply *all = assert_done(audit(self, text_f(self, "shop:%s", ref), "{}"));
    assert_int_equal(json_count(value_at(all, "entries")), 3);
    assert_text_at(all, "entries/0/type", "upsert");
    assert_text_at(all, "entries/1/actor", "shop");
    assert_text_at(all, "entries/1/released/0", "city");
    assert_text_at(all, "entries/2/reason", "no-field-allowed");
    assert_null(value_at(all, "next"));
    const reply *bare = assert_done(audit(self, ref, "{\"denied\":true}"));
    assert_int_equal(json_count(value_at(bare, "entries")), 1);
    assert_null(strstr(all->body, "常州"));
    assert_null(strstr(all->body, ref));
    assert_refused(audit(self, "shop:0000000000000000000000000000", "{}"), 400,
                   "malformed-request");
}

static void an_import_is_found_by_the_customers_in_it(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const body =
        "{\"source\":\"crm\",\"on_match\":\"update\",\"rows\":["
        "{\"line\":2,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000001\"}]},"
        "{\"line\":3,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000002\"}]}]}";

    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const bystander = person(self, shop, "13800000003", full_profile);
    assert_done(ask(self, (question){VELUM_VERB_IMPORT, .body = body}));
    const reply *found = assert_done(audit(self, ref, "{}"));
    assert_int_equal(json_count(value_at(found, "entries")), 2);
    assert_text_at(found, "entries/1/type", "import");
    assert_text_at(found, "entries/1/stage", "intent");
    assert_int_equal(json_count(value_at(assert_done(audit(self, bystander, "{}")), "entries")), 1);
}

static void the_log_comes_in_pages(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    int64_t after = 0;
    int64_t seen = 0;

    for (int i = 0; i < 7; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref}));
    }
    for (int page = 0; page < 9; page++) {
        const reply *answer = assert_done(
            audit(self, ref, text_f(self, "{\"from\":%lld,\"limit\":3}", (long long)after)));
        for (size_t i = 0; i < json_count(value_at(answer, "entries")); i++) {
            const char *const type = text_at(answer, text_f(self, "entries/%zu/type", i));
            seen += strcmp(type, "log-read") == 0 ? 0 : 1; /* of the pages before this one */
        }
        if (value_at(answer, "next") == NULL) {
            break;
        }
        assert_true(integer_at(answer, "next") > after);
        after = integer_at(answer, "next");
    }
    assert_int_equal(seen, 8);
    assert_int_equal(
        json_count(value_at(assert_done(audit(self, NULL, "{\"from\":100000}")), "entries")), 0);
    assert_refused(audit(self, NULL, "{\"from\":-1}"), 400, "malformed-request");
}

static void reading_the_log_is_in_the_log(void **state)
{
    place *const self = *state;
    audit_entry entry;

    assert_done(audit(self, NULL, "{\"limit\":2}"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_LOG_READ);
    assert_int_equal(entry.record_count, 2);
    assert_done(
        ask(self, (question){VELUM_VERB_AUDIT_VERIFIED, .body = "{\"result\":3,\"size\":9}"}));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_VERIFICATION);
    assert_int_equal(input_of(&entry, 8), 9);
    assert_int_equal(input_of(&entry, 9), 3);
}

static void an_entry_is_proven(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    uint8_t leaf[5000];
    size_t size = 0;
    uint64_t index = 0;

    const reply *seen =
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref}));
    const reply *proven = assert_done(ask(
        self, (question){VELUM_VERB_AUDIT_PROVE,
                         .body = text_f(self, "{\"id\":\"%s\"}", text_at(seen, "decision/id"))}));
    assert_int_equal(base64_decode(text_of(text_at(proven, "leaf")), leaf, sizeof leaf, &size),
                     VELUM_OK);
    const text proof = text_of(text_at(proven, "proof"));
    assert_int_equal(log_proof_check(proof, leaf, size, text_of(self->verifier_key), &index),
                     VELUM_OK);
    assert_int_equal(index, integer_at(proven, "index"));
    leaf[size - 1] ^= 1;
    assert_int_not_equal(log_proof_check(proof, leaf, size, text_of(self->verifier_key), &index),
                         VELUM_OK);
    assert_done(ask(self, (question){VELUM_VERB_AUDIT_PROVE, .body = "{\"index\":0}"}));
    assert_refused(ask(self, (question){VELUM_VERB_AUDIT_PROVE, .body = "{\"index\":99999}"}), 422,
                   "invalid-value");
    assert_refused(ask(self, (question){VELUM_VERB_AUDIT_PROVE, .body = "{\"id\":\"12\"}"}), 400,
                   "malformed-request");
}

static void the_state_is_told(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);

    person(self, shop, "13800000001", full_profile);
    log_sync(self);
    const uint64_t entries = log_size(self);
    const reply *told = assert_done(ask(self, (question){.verb = VELUM_VERB_STATUS}));
    assert_text_at(told, "reason", "ready");
    assert_int_equal(integer_at(told, "subjects"), 1);
    assert_int_equal(integer_at(told, "entries"), entries);
    assert_text_at(told, "verifier_key", self->verifier_key);
    assert_non_null(strstr(told->body, "\"sample\":true"));
}

static void a_folder_without_a_policy_is_not_ready(void **state)
{
    place *const self = *state;
    const char *reason = NULL;

    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_E_UNAVAILABLE);
    assert_string_equal(reason, "no-policy");
    assert_done(apply_changed(self, "velum-policy: 1", "velum-policy: 1"));
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_OK);
    shop_token(self);
    place_reopen(self);
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_OK);
    assert_log_sound(self);
}

/* A sample is warned of at each start, a folder with a kit is not. */
static bool is_warned_of_the_root(const place *self)
{
    uint32_t position = 0;
    const char *warning = NULL;
    bool found = false;

    while ((warning = velum_gate_warning(self->gate, &position)) != NULL) {
        found = found || strstr(warning, "root secret") != NULL;
    }
    return found;
}

static void a_sample_is_warned_of(void **state)
{
    assert_true(is_warned_of_the_root(*state));
}

static void a_folder_with_a_kit_is_not(void **state)
{
    assert_false(is_warned_of_the_root(*state));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_credential_that_does_not_fit_is_refused),
        TEST(each_credential_rule_refuses_by_itself),
        TEST(names_and_uids_are_taken_once),
        TEST(a_revoked_credential_is_refused_and_recorded),
        TEST(an_expired_credential_is_refused_and_recorded),
        TEST(an_unknown_caller_leaves_no_leaf),
        TEST(services_have_no_verbs_of_people),
        TEST(the_same_policy_changes_nothing),
        TEST(a_broken_policy_is_refused_with_its_line),
        TEST(a_new_policy_holds_at_once_and_after_a_restart),
        TEST(a_policy_that_joins_recording_and_living_is_refused),
        TEST(a_role_that_is_gone_takes_its_rights_along),
        TEST(the_log_of_a_customer_is_found_by_reference),
        TEST(an_import_is_found_by_the_customers_in_it),
        TEST(the_log_comes_in_pages),
        TEST(reading_the_log_is_in_the_log),
        TEST(an_entry_is_proven),
        TEST(the_state_is_told),
        TEST(a_sample_is_warned_of),
        cmocka_unit_test_setup_teardown(a_folder_with_a_kit_is_not, place_set_up_kit,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_folder_without_a_policy_is_not_ready, place_set_up_kit,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
