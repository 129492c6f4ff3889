/* Approvals: one other person's word for exactly one thing, once (Minors Regulation 34-37). */
#include "tests/core/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/approvals.h"
#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)
#define POLLS_MAX 400
#define POLL_US 25000

/* A shop, a desk that looks after customers, a child among them, and people who may agree. */
typedef struct cast {
    const char *shop;
    const char *care;
    const char *an;
    const char *bo;
    const char *child;
} cast;

static const char *approver(place *self, const char *name)
{
    return token_of(self, (holder){name, "human", "dpo", "approvals", "*", NULL});
}

static cast cast_of(place *self)
{
    cast made = {.shop = shop_token(self), .care = care_token(self)};

    made.an = approver(self, "an");
    made.bo = approver(self, "bo");
    made.child = person(self, made.shop, "13800000002", child_profile);
    return made;
}

static const reply *ask_for(place *self, const char *token, const char *body)
{
    return ask(self, (question){VELUM_VERB_APPROVAL_ASK, token, .body = body});
}

static const char *asked_for(place *self, const char *token, const char *ref, const char *fields)
{
    const char *const body =
        fields == NULL
            ? text_f(self, "{\"kind\":\"minor\",\"subject\":\"%s\"}", ref)
            : text_f(self, "{\"kind\":\"minor\",\"subject\":\"%s\",\"fields\":%s}", ref, fields);

    return text_at(assert_done(ask_for(self, token, body)), "approval");
}

static const reply *decided(place *self, const char *token, const char *id, const char *decision)
{
    return ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, token, .ref = id,
                                .body = text_f(self, "{\"decision\":\"%s\"}", decision)});
}

static const reply *got(place *self, const char *token, const char *id)
{
    return ask(self, (question){VELUM_VERB_APPROVAL_GET, token, .ref = id});
}

static const reply *read_with(place *self, const char *token, const char *ref, const char *members)
{
    return ask(self, (question){VELUM_VERB_READ_WITH, token, .ref = ref,
                                .body = text_f(self, "{%s}", members)});
}

static const reply *read_by(place *self, const char *token, const char *ref, const char *id)
{
    return read_with(self, token, ref, text_f(self, "\"approval\":\"%s\"", id));
}

/* The sample's policy with one line of its approvals changed. */
static const char *sample_with(place *self, const char *from, const char *to)
{
    char folder[PLACE_PATH_BYTES];
    const char *const top = getenv("VELUM_TOP");
    char *packed = NULL;
    size_t size = 0;

    snprintf(folder, sizeof folder, "%s/policy/sample", top == NULL ? "." : top);
    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    char *const copy = strndup(packed, size);
    velum_body_free(packed);
    char *const at = strstr(copy, from);
    assert_non_null(at);
    *at = '\0';
    const char *const made = text_f(self, "%s%s%s", copy, to, at + strlen(from));
    free(copy);
    return made;
}

/* --- the usual way ---------------------------------------------------------------------------- */

/* Minors Regulation 34-37 */
static void one_other_agrees_and_it_serves_once(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    audit_entry entry;
    audit_entry agreement;

    assert_refused(ask(self, (question){VELUM_VERB_READ, all.care, .ref = all.child}), 403,
                   "approval-required");
    const char *const id = asked_for(self, all.care, all.child, NULL);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_APPROVAL);
    assert_int_equal(input_of(&entry, INPUT_APPROVAL_KIND), APPROVAL_MINOR);
    assert_int_equal(input_of(&entry, INPUT_APPROVAL_STATE), APPROVAL_ASKED);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_ASK);
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-pending");
    assert_text_at(assert_done(decided(self, all.an, id, "agree")), "state", "agreed");
    log_sync(self);
    log_last(self, &agreement);
    assert_int_equal(input_of(&agreement, INPUT_APPROVAL_STATE), APPROVAL_AGREED);
    assert_memory_equal(agreement.related, entry.event_id, ENTRY_TOKEN_BYTES);
    assert_memory_equal(agreement.user_token, entry.actor_token, ENTRY_TOKEN_BYTES);
    assert_memory_equal(agreement.subject_token, entry.subject_token, ENTRY_TOKEN_BYTES);
    const reply *seen = assert_done(read_by(self, all.care, all.child, id));
    assert_text_at(seen, "fields/name", "李小华");
    assert_null(value_at(seen, "fields/address"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_READ);
    assert_int_equal(entry.obligations & OBLIGATION_APPROVAL, OBLIGATION_APPROVAL);
    assert_int_equal(input_of(&entry, INPUT_APPROVAL_STATE), APPROVAL_USED_UP);
    assert_memory_equal(entry.related, agreement.event_id, ENTRY_TOKEN_BYTES);
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-used");
    assert_log_sound(self);
}

static void each_step_outlives_a_restart(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    place_reopen(self);
    assert_text_at(assert_done(got(self, all.care, id)), "state", "asked");
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-pending");
    assert_done(decided(self, all.an, id, "agree"));
    place_reopen(self);
    assert_text_at(assert_done(got(self, all.an, id)), "state", "agreed");
    assert_done(read_by(self, all.care, all.child, id));
    place_reopen(self);
    assert_text_at(assert_done(got(self, all.an, id)), "state", "used");
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-used");
    assert_log_sound(self);
}

/* Only what is lacking the approval alone can be asked for. */
static void nobody_asks_for_more_than_they_could_do(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const adult = person(self, all.shop, "13800000001", full_profile);

    assert_refused(
        ask_for(self, all.care, text_f(self, "{\"kind\":\"minor\",\"subject\":\"%s\"}", adult)),
        409, "conflict");
    forget_refusals(self);
    assert_refused(ask_for(self, all.care,
                           text_f(self,
                                  "{\"kind\":\"minor\",\"subject\":\"%s\","
                                  "\"fields\":[\"id_card\"]}",
                                  all.child)),
                   403, "no-field-allowed");
    assert_refused(ask_for(self, all.care,
                           text_f(self, "{\"kind\":\"erasure\",\"subject\":\"%s\"}", all.child)),
                   403, "action-not-allowed");
    forget_refusals(self);
    assert_refused(ask_for(self, all.care, "{\"kind\":\"policy\"}"), 403, "action-not-allowed");
    assert_refused(ask_for(self, all.care, "{\"kind\":\"minor\"}"), 400, "malformed-request");
    assert_refused(ask_for(self, all.care, "{\"kind\":\"break-glass\"}"), 400, "malformed-request");
    assert_refused(ask_for(self, all.care, "{\"kind\":\"bulk\",\"canary\":1}"), 400,
                   "malformed-request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
}

/* --- who agrees ------------------------------------------------------------------------------- */

/* "One token cannot issue its own unlock" (requests.md). */
static void who_asked_never_agrees(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const add =
        "{\"name\":\"%s\",\"kind\":\"human\",\"roles\":[\"customer_service\",\"dpo\"],"
        "\"activities\":[\"customer-care\",\"approvals\"],\"domain\":\"shop\",\"uid\":%u}";
    const char *const both = text_f(
        self, "%s",
        text_at(assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_ADD,
                                                 .body = text_f(self, add, "both", 4000000u)})),
                "token"));
    const reply *asked = assert_done(ask(
        self,
        (question){VELUM_VERB_APPROVAL_ASK, both, "customer-care",
                   .body = text_f(self, "{\"kind\":\"minor\",\"subject\":\"%s\"}", all.child)}));
    const char *const id = text_at(asked, "approval");
    const question agree = {VELUM_VERB_APPROVAL_DECIDE, both, "approvals", id,
                            .body = "{\"decision\":\"agree\"}"};

    assert_refused(ask(self, agree), 403, "approval-own");
    /* The same person under another credential: only the uid is the same. */
    sql_run(self, "UPDATE approval SET asked_by = 'another'");
    forget_refusals(self);
    assert_refused(ask(self, agree), 403, "approval-own");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval_decision"), 0);
}

static void two_others_agree_each_once(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    assert_done(ask(
        self, (question){VELUM_VERB_POLICY_APPLY,
                         .body = sample_with(self, "minor: {needed: 1,", "minor: {needed: 2,")}));
    const char *const id = asked_for(self, all.care, all.child, NULL);
    const reply *first = assert_done(decided(self, all.an, id, "agree"));
    assert_text_at(first, "state", "asked");
    assert_int_equal(integer_at(first, "agreed"), 1);
    assert_refused(decided(self, all.an, id, "agree"), 409, "conflict");
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-pending");
    assert_text_at(assert_done(decided(self, all.bo, id, "agree")), "state", "agreed");
    assert_done(read_by(self, all.care, all.child, id));
}

static void one_refusal_ends_it(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    assert_text_at(assert_done(decided(self, all.bo, id, "refuse")), "state", "refused");
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-denied");
    const char *const cy = approver(self, "cy");
    assert_refused(decided(self, cy, id, "agree"), 403, "approval-denied");
}

static void only_the_roles_of_the_policy_agree(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const clerk =
        token_of(self, (holder){"clerk", "human", "marketing", "approvals", "*", NULL});

    assert_done(ask(self, (question){VELUM_VERB_POLICY_APPLY,
                                     .body = sample_with(self, "minor: {needed: 1,",
                                                         "minor: {needed: 1, roles: [dpo],")}));
    const char *const id = asked_for(self, all.care, all.child, NULL);
    assert_refused(decided(self, clerk, id, "agree"), 403, "no-role-applies");
    assert_refused(decided(self, all.care, id, "agree"), 403, "action-not-allowed");
    assert_done(decided(self, all.an, id, "agree"));
}

/* --- what does not serve ---------------------------------------------------------------------- */

static void check_refusal(place *self, const reply *answer, const char *problem)
{
    audit_entry entry;

    assert_refused(answer, 403, problem);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), problem);
    assert_int_equal(entry.released_count, 0);
    forget_refusals(self);
}

/* Each has its own name and its own leaf. */
static void what_does_not_serve_is_refused_by_name(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const other =
        token_of(self, (holder){"care2", NULL, "customer_service", "customer-care", "shop", NULL});
    const char *const sibling = person(self, all.shop, "13800000003", child_profile);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    check_refusal(self, read_by(self, all.care, all.child, "00112233445566778899aabbccddeeff"),
                  "approval-unknown");
    check_refusal(self, read_by(self, all.care, all.child, "forged"), "approval-unknown");
    check_refusal(self, read_by(self, other, all.child, id), "approval-unknown");
    check_refusal(self, read_by(self, all.care, sibling, id), "approval-scope");
    check_refusal(self,
                  read_with(self, all.care, all.child,
                            text_f(self, "\"approval\":\"%s\",\"fields\":[\"name\"]", id)),
                  "approval-scope");
    sql_run(self, "UPDATE approval SET scope = zeroblob(32)");
    check_refusal(self, read_by(self, all.care, all.child, id), "approval-scope");
}

/* The names whose bits are set, as a JSON array. */
static const char *list_of(place *self, const char *const *names, unsigned set)
{
    const char *made = "";

    for (unsigned i = 0; set >> i != 0; i++) {
        if ((set >> i & 1) != 0) {
            made = text_f(self, "%s%s\"%s\"", made, made[0] == '\0' ? "" : ",", names[i]);
        }
    }
    return text_f(self, "[%s]", made);
}

static const reply *read_set(place *self, const cast *all, const char *id, const char *list)
{
    return read_with(self, all->care, all->child,
                     text_f(self, "\"approval\":\"%s\",\"fields\":%s", id, list));
}

/* I-8: of all sets of fields only the one that was asked is opened, and nothing beside it. */
static void it_never_shows_more_than_its_scope(void **state)
{
    static const char *const names[] = {"name", "city", "mobile", "birthday"};
    place *const self = *state;
    const cast all = cast_of(self);

    for (unsigned granted = 1; granted < 16; granted++) {
        const char *const wanted = list_of(self, names, granted);
        const char *const id = asked_for(self, all.care, all.child, wanted);
        assert_done(decided(self, all.an, id, "agree"));
        for (unsigned set = 1; set < 16; set++) {
            if (set != granted) {
                forget_refusals(self);
                assert_refused(read_set(self, &all, id, list_of(self, names, set)), 403,
                               "approval-scope");
            }
        }
        const reply *seen = assert_done(read_set(self, &all, id, wanted));
        for (unsigned i = 0; i < 4; i++) {
            const char *const path = text_f(self, "fields/%s", names[i]);
            assert_true((granted >> i & 1) != 0 || value_at(seen, path) == NULL);
        }
    }
}

/* --- its end ---------------------------------------------------------------------------------- */

static void wait_for(place *self, const char *sql)
{
    for (int i = 0; i < POLLS_MAX && sql_count(self, sql) == 0; i++) {
        usleep(POLL_US);
    }
    assert_true(sql_count(self, sql) > 0);
}

typedef struct ends {
    uint32_t count;
    uint32_t auth_method;
} ends;

static void note_end(void *context, uint64_t index, const audit_entry *entry)
{
    ends *const self = context;

    if (entry->type == ENTRY_APPROVAL && input_of(entry, INPUT_OPERATION) == OPERATION_END) {
        self->count++;
        self->auth_method = entry->auth_method;
    }
}

/* The timer may run before or behind what is asked meanwhile. */
static void it_ends_by_the_clock_and_the_timer(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);
    ends found = {.count = 0};

    assert_done(decided(self, all.an, id, "agree"));
    place_set_clock(self, PLACE_EPOCH_NS + 24 * HOUR_NS - NS_PER_SECOND);
    assert_text_at(assert_done(got(self, all.care, id)), "state", "agreed");
    place_set_clock(self, PLACE_EPOCH_NS + 25 * HOUR_NS);
    assert_refused(read_by(self, all.care, all.child, id), 403, "approval-expired");
    assert_text_at(assert_done(got(self, all.care, id)), "state", "ended");
    wait_for(self, "SELECT count(*) FROM approval WHERE state = 5");
    log_sync(self);
    log_visit(self, note_end, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.auth_method, 4);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 3"), 0);
    assert_refused(decided(self, all.bo, id, "agree"), 403, "approval-expired");
    /* Asked anew it is another. */
    assert_string_not_equal(asked_for(self, all.care, all.child, NULL), id);
}

/* I-3: an end that a clock set back cannot judge has come. */
static void a_clock_set_back_revives_nothing(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    place_set_clock(self, PLACE_EPOCH_NS - HOUR_NS);
    assert_refused(read_by(self, all.care, all.child, id), 503, "clock-behind");
}

/* I-3: an end that was set by a clock gone wrong is none, once an officer has set it right. */
static void what_was_asked_under_a_wrong_clock_has_ended(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    place_set_clock(self, PLACE_EPOCH_NS + 9000 * HOUR_NS);
    const char *const id = asked_for(self, all.care, all.child, NULL);
    assert_done(decided(self, all.an, id, "agree"));
    place_set_clock(self, PLACE_EPOCH_NS);
    assert_done(ask(self, (question){.verb = VELUM_VERB_CLOCK_ACCEPT}));
    check_refusal(self, read_by(self, all.care, all.child, id), "approval-expired");
    assert_text_at(assert_done(got(self, all.care, id)), "state", "ended");
    const char *const anew = asked_for(self, all.care, all.child, NULL);
    assert_string_not_equal(anew, id);
    assert_done(decided(self, all.an, anew, "agree"));
    assert_done(read_by(self, all.care, all.child, anew));
}

static void what_is_used_leaves_no_timer(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 3"), 1);
    assert_done(decided(self, all.an, id, "agree"));
    assert_done(read_by(self, all.care, all.child, id));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 3"), 0);
}

/* --- what changed since (P-5) ----------------------------------------------------------------- */

static void apply_with(place *self, const char *to)
{
    assert_done(ask(self, (question){VELUM_VERB_POLICY_APPLY,
                                     .body = sample_with(self, "minor: {needed: 1,", to)}));
}

/* Nobody's word of before is enough for a policy that wants more. */
static void a_demand_that_was_raised_ends_it(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const agreed = asked_for(self, all.care, all.child, NULL);
    const char *const asked = asked_for(self, all.care, all.child, "[\"name\"]");

    assert_done(decided(self, all.an, agreed, "agree"));
    apply_with(self, "minor: {needed: 2,");
    check_refusal(self, read_by(self, all.care, all.child, agreed), "approval-expired");
    assert_text_at(assert_done(got(self, all.care, agreed)), "state", "ended");
    assert_refused(decided(self, all.an, asked, "agree"), 403, "approval-expired");
    const char *const anew = asked_for(self, all.care, all.child, NULL);
    assert_string_not_equal(anew, agreed);
    assert_string_equal(asked_for(self, all.care, all.child, NULL), anew);
    assert_done(decided(self, all.an, anew, "agree"));
    check_refusal(self, read_by(self, all.care, all.child, anew), "approval-pending");
    assert_done(decided(self, all.bo, anew, "agree"));
    assert_done(read_by(self, all.care, all.child, anew));
    assert_log_sound(self);
}

static void who_was_revoked_has_not_agreed(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"an\"}"}));
    check_refusal(self, read_by(self, all.care, all.child, id), "approval-expired");
    assert_int_equal(integer_at(assert_done(got(self, all.bo, id)), "agreed"), 0);
    const char *const anew = asked_for(self, all.care, all.child, NULL);
    assert_string_not_equal(anew, id);
    assert_done(decided(self, all.bo, anew, "agree"));
    assert_done(read_by(self, all.care, all.child, anew));
}

static void who_lost_the_role_has_not_agreed(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    apply_with(self, "minor: {needed: 1, roles: [marketing],");
    check_refusal(self, read_by(self, all.care, all.child, id), "approval-expired");
}

/* One that is used stays that, whatever becomes of who agreed. */
static void what_was_used_is_shown_as_it_was(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    assert_done(decided(self, all.an, id, "agree"));
    assert_done(read_by(self, all.care, all.child, id));
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"an\"}"}));
    const reply *shown = assert_done(got(self, all.bo, id));
    assert_text_at(shown, "state", "used");
    assert_int_equal(integer_at(shown, "agreed"), 1);
}

/* A row that this version cannot read is damage, not an index into our tables. */
static void a_row_of_no_state_is_damage(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const id = asked_for(self, all.care, all.child, NULL);

    sql_run(self, "UPDATE approval SET state = 900");
    assert_refused(decided(self, all.an, id, "agree"), 500, "data-damaged");
    sql_run(self, "UPDATE approval SET state = 1, kind = 900");
    forget_refusals(self);
    assert_refused(decided(self, all.an, id, "agree"), 500, "data-damaged");
    assert_refused(ask(self, (question){VELUM_VERB_APPROVAL_LIST, all.an, .body = "{}"}), 500,
                   "data-damaged");
}

/* --- what is asked for ------------------------------------------------------------------------ */

static void the_activity_may_stand_in_the_body(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const both = token_of(self, (holder){"both", "human", "customer_service",
                                                     "customer-care,approvals", "shop", NULL});
    const char *const body = text_f(
        self, "{\"kind\":\"minor\",\"subject\":\"%s\",\"activity\":\"customer-care\"}", all.child);
    const question inside = {VELUM_VERB_APPROVAL_ASK, both, .body = body};
    const question twice = {VELUM_VERB_APPROVAL_ASK, both, "approvals", .body = body};
    const question alike = {VELUM_VERB_APPROVAL_ASK, both, "customer-care", .body = body};
    const char *const id = text_at(assert_done(ask(self, inside)), "approval");

    assert_refused(ask(self, twice), 400, "malformed-request");
    assert_text_at(assert_done(ask(self, alike)), "approval", id);
}

static void fields_that_nobody_knows_are_not_left_out(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    assert_refused(ask_for(self, all.care, "{\"kind\":\"link\",\"fields\":[\"name\",\"nothing\"]}"),
                   400, "unknown-field");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
}

/* --- at once ---------------------------------------------------------------------------------- */

typedef struct racer {
    velum_gate *gate;
    question asked;
    int32_t status;
} racer;

static void *race(void *context)
{
    racer *const self = context;
    const velum_request request = request_of(&self->asked);
    velum_answer *answer = NULL;

    if (velum_gate_call(self->gate, &request, &answer, NULL) == VELUM_OK) {
        self->status = velum_answer_status(answer);
    }
    velum_answer_free(answer);
    return NULL;
}

static void two_uses_at_once_are_one(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    for (int round = 0; round < 8; round++) {
        const char *const id = asked_for(self, all.care, all.child, NULL);
        const question read = {VELUM_VERB_READ_WITH, all.care, .ref = all.child,
                               .body = text_f(self, "{\"approval\":\"%s\"}", id)};
        racer racers[4];
        pthread_t threads[4];
        int done = 0;

        assert_done(decided(self, all.an, id, "agree"));
        for (int i = 0; i < 4; i++) {
            racers[i] = (racer){self->gate, read, 0};
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            done += racers[i].status == 200;
            assert_true(racers[i].status == 200 || racers[i].status == 403 ||
                        racers[i].status == 429);
        }
        assert_int_equal(done, 1);
    }
    assert_log_sound(self);
}

/* --- seeing ----------------------------------------------------------------------------------- */

static const reply *listed(place *self, const char *token, const char *body)
{
    return assert_done(ask(self, (question){VELUM_VERB_APPROVAL_LIST, token, .body = body}));
}

static void askers_see_their_own_and_approvers_all(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const other =
        token_of(self, (holder){"care2", NULL, "customer_service", "customer-care", "shop", NULL});
    const char *const id = asked_for(self, all.care, all.child, "[\"name\",\"city\"]");

    assert_string_equal(asked_for(self, all.care, all.child, "[\"city\",\"name\"]"), id);
    asked_for(self, other, all.child, NULL);
    assert_int_equal(json_count(value_at(listed(self, all.care, "{}"), "approvals")), 1);
    assert_int_equal(json_count(value_at(listed(self, all.an, "{}"), "approvals")), 2);
    const reply *page = listed(self, all.an, "{\"limit\":1}");
    assert_int_equal(json_count(value_at(page, "approvals")), 1);
    assert_int_equal(integer_at(page, "next"), 1);
    assert_int_equal(
        json_count(value_at(listed(self, all.an, "{\"state\":\"agreed\"}"), "approvals")), 0);
    assert_refused(got(self, other, id), 403, "approval-unknown");
    const reply *own = assert_done(got(self, all.care, id));
    assert_text_at(own, "subject", all.child);
    assert_text_at(own, "asked_by", "care");
    assert_text_at(own, "activity", "customer-care");
    assert_int_equal(json_count(value_at(own, "fields")), 2);
    assert_refused(
        ask(self, (question){VELUM_VERB_APPROVAL_LIST, all.an, .body = "{\"state\":\"x\"}"}), 400,
        "malformed-request");
    assert_refused(ask(self, (question){VELUM_VERB_APPROVAL_LIST, all.an, .body = "{\"limit\":0}"}),
                   400, "malformed-request");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_other_agrees_and_it_serves_once),
        TEST(each_step_outlives_a_restart),
        TEST(nobody_asks_for_more_than_they_could_do),
        TEST(who_asked_never_agrees),
        TEST(two_others_agree_each_once),
        TEST(one_refusal_ends_it),
        TEST(only_the_roles_of_the_policy_agree),
        TEST(what_does_not_serve_is_refused_by_name),
        TEST(it_never_shows_more_than_its_scope),
        TEST(it_ends_by_the_clock_and_the_timer),
        TEST(a_clock_set_back_revives_nothing),
        TEST(what_was_asked_under_a_wrong_clock_has_ended),
        TEST(what_is_used_leaves_no_timer),
        TEST(a_demand_that_was_raised_ends_it),
        TEST(who_was_revoked_has_not_agreed),
        TEST(who_lost_the_role_has_not_agreed),
        TEST(what_was_used_is_shown_as_it_was),
        TEST(a_row_of_no_state_is_damage),
        TEST(the_activity_may_stand_in_the_body),
        TEST(fields_that_nobody_knows_are_not_left_out),
        TEST(two_uses_at_once_are_one),
        TEST(askers_see_their_own_and_approvers_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
