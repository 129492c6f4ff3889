/* A bundle on its way into force: proposed, agreed to by others, scheduled, in shadow, rolled back. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/approvals.h"
#include "core/notices.h"
#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)
#define POLLS_MAX 400
#define POLL_US 25000

/* --- policies --------------------------------------------------------------------------------- */

/* The sample's files as a JSON object's inside, with one piece replaced. */
static const char *sample_files(place *self, const char *from, const char *to)
{
    char folder[PLACE_PATH_BYTES];
    const char *const top = getenv("VELUM_TOP");
    char *packed = NULL;
    size_t size = 0;

    snprintf(folder, sizeof folder, "%s/policy/sample", top == NULL ? "." : top);
    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    const char *const copy = text_f(self, "%.*s", (int)size - 2, packed + 1);
    velum_body_free(packed);
    const char *const at = strstr(copy, from);
    assert_non_null(at);
    return text_f(self, "%.*s%s%s", (int)(at - copy), copy, to, at + strlen(from));
}

static const char name_from[] = "name: Sample retail chain";
static const char demand_from[] = "policy: {needed: 0}";
/* What a clerk of customer care sees, less the city. */
static const char less_from[] =
    "clear: [name, city, member_level, orders.*, order_lines.*]\\n    mask: [mobile, email";
static const char less_to[] =
    "clear: [name, member_level, orders.*, order_lines.*]\\n    mask: [mobile, email";

static const reply *apply(place *self, const char *files)
{
    return ask(self, (question){VELUM_VERB_POLICY_APPLY, .body = text_f(self, "{%s}", files)});
}

static const reply *propose(place *self, const char *files, const char *more)
{
    return ask(self,
               (question){VELUM_VERB_POLICY_PROPOSE, .body = text_f(self, "{%s%s}", files, more)});
}

static const reply *activate(place *self, const char *hash, const char *more)
{
    return ask(self, (question){VELUM_VERB_POLICY_ACTIVATE,
                                .body = text_f(self, "{\"policy\":\"%s\"%s}", hash, more)});
}

static const reply *roll_back(place *self, const char *body)
{
    return ask(self, (question){VELUM_VERB_POLICY_ROLLBACK, .body = body});
}

static const reply *listed(place *self)
{
    return assert_done(ask(self, (question){.verb = VELUM_VERB_POLICY_LIST}));
}

static const char *active(place *self)
{
    return text_at(assert_done(ask(self, (question){.verb = VELUM_VERB_POLICY_SHOW})), "policy");
}

static const char *approver(place *self, const char *name)
{
    return token_of(self, (holder){name, "human", "dpo", "approvals", "*", NULL});
}

static const reply *agree(place *self, const char *token, const char *id)
{
    return ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, token, .ref = id,
                                .body = "{\"decision\":\"agree\"}"});
}

/* From now on two others must agree to a policy. */
static void demand_two(place *self)
{
    assert_done(apply(self, sample_files(self, demand_from, "policy: {needed: 2}")));
}

static void wait_until_active(place *self, const char *hash)
{
    for (int i = 0; i < POLLS_MAX && strcmp(active(self), hash) != 0; i++) {
        usleep(POLL_US);
    }
    assert_string_equal(active(self), hash);
}

/* --- without a demand --------------------------------------------------------------------------- */

static void a_proposal_is_not_in_force_until_it_is_activated(void **state)
{
    place *const self = *state;
    const char *const before = active(self);
    audit_entry entry;

    const reply *proposed = assert_done(
        propose(self, sample_files(self, less_from, less_to), ",\"note\":\"less for care\""));
    const char *const hash = text_at(proposed, "policy");
    assert_text_at(proposed, "state", "proposed");
    assert_int_equal(integer_at(proposed, "needed"), 0);
    assert_true(json_count(value_at(proposed, "changes")) > 0);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_POLICY);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_PROPOSE);
    assert_string_equal(active(self), before);
    place_reopen(self);
    assert_string_equal(active(self), before);
    const reply *list = listed(self);
    assert_text_at(list, "active/policy", before);
    assert_text_at(list, "proposed/0/policy", hash);
    assert_text_at(list, "proposed/0/by", "officer");
    assert_text_at(list, "proposed/0/note", "less for care");

    assert_text_at(assert_done(activate(self, hash, "")), "state", "in-force");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_ACTIVATE);
    assert_string_equal(active(self), hash);
    place_reopen(self);
    assert_string_equal(active(self), hash);
    list = listed(self);
    assert_text_at(list, "active/policy", hash);
    assert_text_at(list, "earlier/0/policy", before);
    assert_text_at(list, "earlier/0/until", text_at(list, "active/since"));
    assert_int_equal(json_count(value_at(list, "proposed")), 0);
    assert_refused(activate(self, hash, ""), 409, "conflict");
    assert_log_sound(self);
}

static void what_cannot_come_into_force_is_refused(void **state)
{
    place *const self = *state;
    char unknown[65];

    memset(unknown, 'a', 64);
    unknown[64] = '\0';
    assert_refused(
        propose(self, sample_files(self, "purpose: customer-care", "purpose: CANARY"), ""), 422,
        "invalid-value");
    assert_refused(propose(self, sample_files(self, name_from, name_from), ""), 409, "conflict");
    assert_refused(activate(self, unknown, ""), 404, "unknown-policy");
    assert_refused(activate(self, "12", ""), 400, "malformed-request");
    forget_refusals(self);
    assert_refused(roll_back(self, text_f(self, "{\"to\":\"%s\"}", unknown)), 404,
                   "unknown-policy");
    forget_refusals(self);
    assert_refused(ask(self, (question){VELUM_VERB_POLICY_FILES, .ref = unknown}), 404,
                   "unknown-policy");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM proposal"), 0);
}

/* I-7 is judged when it comes into force. */
static void what_joins_recording_and_living_does_not_come_into_force(void **state)
{
    place *const self = *state;
    const char *const before = active(self);

    token_of(self, (holder){"both", NULL, "customer_service", "consent-capture,customer-care",
                            "shop", NULL});
    const char *const from = "purpose: customer-care\\n    actions: [lookup, read, rows-read]\\n"
                             "    actors: [service, human]";
    const char *const to = "purpose: analytics\\n    actions: [lookup, read, rows-read]\\n"
                           "    actors: [service, human]";
    const reply *proposed = assert_done(propose(self, sample_files(self, from, to), ""));
    const char *const hash = text_at(proposed, "policy");
    const reply *answer = assert_refused(activate(self, hash, ""), 409, "conflict");
    assert_non_null(strstr(text_at(answer, "detail"), "I-7"));
    assert_string_equal(active(self), before);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"both\"}"}));
    assert_done(activate(self, hash, ""));
}

/* --- when others must agree ----------------------------------------------------------------------- */

static void a_policy_that_demands_others_is_not_changed_alone(void **state)
{
    place *const self = *state;

    demand_two(self);
    const char *const before = active(self);
    const char *const back = sample_files(self, name_from, name_from);
    const char *const an = approver(self, "an");
    const char *const bo = approver(self, "bo");

    /* Lowering the demand needs their agreement, too. */
    assert_refused(apply(self, back), 409, "policy-approval");
    const reply *asked = assert_done(propose(self, back, ""));
    const char *const hash = text_at(asked, "policy");
    const char *const id = text_at(asked, "approval");
    assert_int_equal(integer_at(asked, "needed"), 2);
    assert_refused(activate(self, hash, ""), 403, "approval-pending");
    place_reopen(self);
    assert_done(agree(self, an, id));
    forget_refusals(self);
    assert_refused(activate(self, hash, ""), 403, "approval-pending");
    place_reopen(self);
    assert_text_at(assert_done(agree(self, bo, id)), "state", "agreed");
    const reply *list = listed(self);
    assert_int_equal(json_count(value_at(list, "proposed/0/agreed")), 2);
    assert_true(list_has(list, "proposed/0/agreed", "an"));
    assert_string_equal(active(self), before);
    place_reopen(self);
    assert_done(activate(self, hash, ""));
    assert_string_equal(active(self), hash);
    assert_done(apply(self, sample_files(self, less_from, less_to)));
    assert_log_sound(self);
}

/* Agreement to one text serves no other. */
static void agreement_to_one_text_serves_no_other(void **state)
{
    place *const self = *state;

    demand_two(self);
    const char *const an = approver(self, "an");
    const char *const bo = approver(self, "bo");
    const reply *one = assert_done(propose(self, sample_files(self, name_from, "name: One"), ""));
    const reply *other =
        assert_done(propose(self, sample_files(self, name_from, "name: Other"), ""));
    const char *const id = text_at(one, "approval");
    const char *const swapped = text_f(self, ",\"approval\":\"%s\"", id);

    assert_done(agree(self, an, id));
    assert_done(agree(self, bo, id));
    assert_refused(activate(self, text_at(other, "policy"), swapped), 403, "approval-scope");
    forget_refusals(self);
    assert_refused(activate(self, text_at(other, "policy"), ""), 403, "approval-pending");
    assert_done(activate(self, text_at(one, "policy"), ""));
}

/* Who agrees sees what would change, without any right to administer. */
static void who_agrees_sees_what_would_change(void **state)
{
    place *const self = *state;

    demand_two(self);
    const char *const an = approver(self, "an");
    const reply *asked = assert_done(
        propose(self, sample_files(self, less_from, less_to), ",\"note\":\"less for care\""));
    const reply *seen = assert_done(
        ask(self, (question){VELUM_VERB_APPROVAL_GET, an, .ref = text_at(asked, "approval")}));
    assert_text_at(seen, "kind", "policy");
    assert_text_at(seen, "policy", text_at(asked, "policy"));
    assert_text_at(seen, "what", text_at(asked, "policy"));
    assert_text_at(seen, "note", "less for care");
    assert_int_equal(json_count(value_at(seen, "changes")), json_count(value_at(asked, "changes")));
}

/* --- at a time ----------------------------------------------------------------------------------- */

static void a_scheduled_one_comes_into_force_when_it_is_due(void **state)
{
    place *const self = *state;
    const char *const before = active(self);
    audit_entry entry;

    const char *const hash =
        text_at(assert_done(propose(self, sample_files(self, less_from, less_to), "")), "policy");
    assert_refused(activate(self, hash, ",\"at\":\"2026-11-20T00:00:00Z\""), 422, "invalid-value");
    const reply *set = assert_done(activate(self, hash, ",\"at\":\"2026-11-22T12:00:00Z\""));
    assert_text_at(set, "state", "scheduled");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_SCHEDULE);
    assert_int_equal(input_of(&entry, INPUT_DUE), PLACE_EPOCH_NS / NS_PER_SECOND + 86400);
    place_reopen(self);
    assert_text_at(listed(self), "proposed/0/state", "scheduled");
    place_set_clock(self, PLACE_EPOCH_NS + 23 * HOUR_NS);
    assert_string_equal(active(self), before);
    place_set_clock(self, PLACE_EPOCH_NS + 24 * HOUR_NS + NS_PER_SECOND);
    wait_until_active(self, hash);
    assert_text_at(listed(self), "active/since", "2026-11-22T12:00:01.000Z");
    place_reopen(self);
    assert_string_equal(active(self), hash);
    assert_log_sound(self);
}

/* The approval is used up when the time is set; what fails when it is due is recorded and waits. */
static void what_stands_against_it_when_due_is_recorded(void **state)
{
    place *const self = *state;
    const char *const before = active(self);
    const char *const from = "purpose: customer-care\\n    actions: [lookup, read, rows-read]\\n"
                             "    actors: [service, human]";
    const char *const to = "purpose: analytics\\n    actions: [lookup, read, rows-read]\\n"
                           "    actors: [service, human]";
    const char *const hash =
        text_at(assert_done(propose(self, sample_files(self, from, to), "")), "policy");
    audit_entry entry;

    assert_done(activate(self, hash, ",\"at\":\"2026-11-22T12:00:00Z\""));
    token_of(self, (holder){"both", NULL, "customer_service", "consent-capture,customer-care",
                            "shop", NULL});
    place_set_clock(self, PLACE_EPOCH_NS + 25 * HOUR_NS);
    for (int i = 0; i < POLLS_MAX && sql_count(self, "SELECT count(*) FROM proposal"
                                                     " WHERE state = 4") == 0;
         i++) {
        usleep(POLL_US);
    }
    assert_text_at(listed(self), "proposed/0/state", "failed");
    assert_string_equal(active(self), before);
    log_sync(self);
    bool found = false;
    for (uint64_t i = log_size(self) - 6; i < log_size(self); i++) {
        log_at(self, i, &entry);
        found = found || (entry.type == ENTRY_POLICY && entry.decision == ENTRY_DENY &&
                          strcmp(reason_of(self, &entry), "conflict") == 0);
    }
    assert_true(found);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"both\"}"}));
    assert_done(activate(self, hash, ""));
}

static void a_schedule_uses_the_agreement_up(void **state)
{
    place *const self = *state;

    demand_two(self);
    const char *const an = approver(self, "an");
    const char *const bo = approver(self, "bo");
    const reply *asked = assert_done(propose(self, sample_files(self, less_from, less_to), ""));
    const char *const hash = text_at(asked, "policy");
    const char *const id = text_at(asked, "approval");

    assert_done(agree(self, an, id));
    assert_done(agree(self, bo, id));
    assert_done(activate(self, hash, ",\"at\":\"2026-11-25T12:00:00Z\""));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval WHERE state = 4"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + 97 * HOUR_NS); /* the approval's own end is past */
    wait_until_active(self, hash);
}

static void wait_until_failed(place *self)
{
    const char *const failed = "SELECT count(*) FROM proposal WHERE state = 4";

    for (int i = 0; i < POLLS_MAX && sql_count(self, failed) == 0; i++) {
        usleep(POLL_US);
    }
    assert_int_equal(sql_count(self, failed), 1);
}

/* One person's word of before does not carry a text past a policy that wants two by now. */
static void a_schedule_does_not_outrun_a_later_demand(void **state)
{
    place *const self = *state;

    assert_done(apply(self, sample_files(self, demand_from, "policy: {needed: 1}")));
    const char *const an = approver(self, "an");
    const reply *asked = assert_done(propose(self, sample_files(self, less_from, less_to), ""));
    const char *const hash = text_at(asked, "policy");

    assert_done(agree(self, an, text_at(asked, "approval")));
    assert_done(activate(self, hash, ",\"at\":\"2026-11-22T12:00:00Z\""));
    const reply *stricter =
        assert_done(propose(self, sample_files(self, demand_from, "policy: {needed: 2}"), ""));
    const char *const now = text_at(stricter, "policy");
    assert_done(agree(self, an, text_at(stricter, "approval")));
    assert_done(activate(self, now, ""));
    place_set_clock(self, PLACE_EPOCH_NS + 25 * HOUR_NS);
    wait_until_failed(self);
    assert_string_equal(active(self), now);
    assert_refused(activate(self, hash, ""), 409, "policy-approval");
    assert_log_sound(self);
}

static void a_schedule_does_not_outlive_who_agreed(void **state)
{
    place *const self = *state;

    demand_two(self);
    const char *const an = approver(self, "an");
    const char *const bo = approver(self, "bo");
    const char *const before = active(self);
    const reply *asked = assert_done(propose(self, sample_files(self, less_from, less_to), ""));
    const char *const hash = text_at(asked, "policy");

    assert_done(agree(self, an, text_at(asked, "approval")));
    assert_done(agree(self, bo, text_at(asked, "approval")));
    assert_done(activate(self, hash, ",\"at\":\"2026-11-22T12:00:00Z\""));
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"an\"}"}));
    place_set_clock(self, PLACE_EPOCH_NS + 25 * HOUR_NS);
    wait_until_failed(self);
    assert_string_equal(active(self), before);
}

/* What was agreed to served the time that was set; after that failed it is agreed to anew. */
static void what_failed_is_agreed_to_anew(void **state)
{
    place *const self = *state;
    const char *const from = "purpose: customer-care\\n    actions: [lookup, read, rows-read]\\n"
                             "    actors: [service, human]";
    const char *const to = "purpose: analytics\\n    actions: [lookup, read, rows-read]\\n"
                           "    actors: [service, human]";

    assert_done(apply(self, sample_files(self, demand_from, "policy: {needed: 1}")));
    const char *const an = approver(self, "an");
    const reply *asked = assert_done(propose(self, sample_files(self, from, to), ""));
    const char *const hash = text_at(asked, "policy");
    assert_done(agree(self, an, text_at(asked, "approval")));
    assert_done(activate(self, hash, ",\"at\":\"2026-11-22T12:00:00Z\""));
    token_of(self, (holder){"both", NULL, "customer_service", "consent-capture,customer-care",
                            "shop", NULL});
    place_set_clock(self, PLACE_EPOCH_NS + 25 * HOUR_NS);
    wait_until_failed(self);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"both\"}"}));
    assert_refused(activate(self, hash, ""), 409, "policy-approval");
    assert_done(propose(self, sample_files(self, from, to), ""));
    assert_refused(activate(self, hash, ""), 403, "approval-pending");
}

/* --- back ---------------------------------------------------------------------------------------- */

static void an_earlier_one_comes_back(void **state)
{
    place *const self = *state;
    const char *const first = active(self);
    audit_entry entry;

    assert_done(apply(self, sample_files(self, less_from, less_to)));
    const char *const second = active(self);
    assert_done(roll_back(self, "{}"));
    assert_string_equal(active(self), first);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_CONFIGURATION); /* of asking which is active */
    assert_done(roll_back(self, text_f(self, "{\"to\":\"%s\"}", second)));
    assert_string_equal(active(self), second);
    place_reopen(self);
    assert_string_equal(active(self), second);
    forget_refusals(self);
    assert_refused(roll_back(self, text_f(self, "{\"to\":\"%s\"}", second)), 409, "conflict");
    assert_log_sound(self);
}

static void going_back_needs_the_same_agreement(void **state)
{
    place *const self = *state;
    const char *const first = active(self);

    demand_two(self);
    const char *const an = approver(self, "an");
    const char *const bo = approver(self, "bo");
    const char *const body = text_f(self, "{\"to\":\"%s\"}", first);
    const reply *asked = assert_done(roll_back(self, body));
    assert_text_at(asked, "state", "proposed");
    const char *const id = text_at(asked, "approval");
    assert_string_not_equal(active(self), first);
    assert_done(agree(self, an, id));
    assert_text_at(assert_done(roll_back(self, body)), "approval", id);
    assert_done(agree(self, bo, id));
    assert_text_at(assert_done(roll_back(self, body)), "state", "in-force");
    assert_string_equal(active(self), first);
    assert_log_sound(self);
}

/* --- text, for ever --------------------------------------------------------------------------------- */

/* PIPL 56: the assessment that a policy names is kept with it. */
static void the_text_of_each_is_kept(void **state)
{
    place *const self = *state;
    const char *const first = active(self);

    assert_done(apply(self, sample_files(self, less_from, less_to)));
    const reply *files = assert_done(ask(self, (question){VELUM_VERB_POLICY_FILES, .ref = first}));
    assert_text_at(files, "policy", first);
    const json_value *text = json_member(value_at(files, "files"), "policy.yaml");
    assert_non_null(text);
    assert_non_null(strstr(json_text(text).data, "Sample retail chain"));
}

/* Notices of bundles that were in force before notices were kept. */
static void old_notices_are_kept_at_the_first_opening(void **state)
{
    place *const self = *state;
    const int64_t notices = sql_count(self, "SELECT count(*) FROM notice");

    assert_true(notices > 0);
    sql_run(self, "DELETE FROM notice");
    place_reopen(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM notice"), notices);
    world *const held = gate_world(self->gate);
    const bundle *bundle = held->bundle;
    for (uint32_t i = 0; i < bundle->notice_count; i++) {
        const uint8_t *hash = world_notice_hash(held, bundle->notices[i].number);
        assert_non_null(hash);
        assert_memory_equal(hash, bundle->notices[i].hash, SHA256_BYTES);
    }
    world_free(held);
}

/* --- shadow ----------------------------------------------------------------------------------------- */

static void a_shadow_changes_no_answer_and_is_recorded(void **state)
{
    place *const self = *state;
    const char *const care = care_token(self);
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question read = {VELUM_VERB_READ, care, .ref = ref, .fields = "name,city"};
    audit_entry entry;

    const reply *proposed =
        assert_done(propose(self, sample_files(self, less_from, less_to), ",\"shadow\":true"));
    assert_text_at(assert_done(ask(self, read)), "fields/city", "常州");
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_DECISION), ENTRY_PARTIAL);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_FIELDS), 1);
    place_reopen(self);
    assert_done(ask(self, read));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_FIELDS), 1);
    assert_done(ask(self, (question){VELUM_VERB_READ, care, .ref = ref, .fields = "name"}));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_DECISION), 0); /* no difference, no input */

    /* At most one: another takes its place. */
    assert_done(propose(self, sample_files(self, name_from, "name: Other"), ",\"shadow\":true"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM proposal WHERE shadow = 1"), 1);
    assert_done(ask(self, (question){VELUM_VERB_POLICY_PROPOSE,
                                     .body = text_f(self, "{\"policy\":\"%s\",\"shadow\":true}",
                                                    text_at(proposed, "policy"))}));
    assert_done(ask(self, read));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_FIELDS), 1);
    assert_done(ask(self, (question){VELUM_VERB_POLICY_PROPOSE, .body = "{\"shadow\":false}"}));
    assert_done(ask(self, read));
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SHADOW_DECISION), 0);
    assert_log_sound(self);
}

static void what_comes_into_force_is_no_shadow_any_more(void **state)
{
    place *const self = *state;
    const reply *proposed =
        assert_done(propose(self, sample_files(self, less_from, less_to), ",\"shadow\":true"));

    assert_done(activate(self, text_at(proposed, "policy"), ""));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM proposal WHERE shadow = 1"), 0);
    assert_null(self->gate->world->shadow);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_proposal_is_not_in_force_until_it_is_activated),
        TEST(what_cannot_come_into_force_is_refused),
        TEST(what_joins_recording_and_living_does_not_come_into_force),
        TEST(a_policy_that_demands_others_is_not_changed_alone),
        TEST(agreement_to_one_text_serves_no_other),
        TEST(who_agrees_sees_what_would_change),
        TEST(a_scheduled_one_comes_into_force_when_it_is_due),
        TEST(what_stands_against_it_when_due_is_recorded),
        TEST(a_schedule_uses_the_agreement_up),
        TEST(a_schedule_does_not_outrun_a_later_demand),
        TEST(a_schedule_does_not_outlive_who_agreed),
        TEST(what_failed_is_agreed_to_anew),
        TEST(an_earlier_one_comes_back),
        TEST(going_back_needs_the_same_agreement),
        TEST(the_text_of_each_is_kept),
        TEST(old_notices_are_kept_at_the_first_opening),
        TEST(a_shadow_changes_no_answer_and_is_recorded),
        TEST(what_comes_into_force_is_no_shadow_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
