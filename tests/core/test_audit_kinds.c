/* Entries of approvals, broken glasses, requests, shadows: found by their filters, explained, and made
 * again where they are decisions. */
#include "tests/core/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/verbs.h"

typedef struct cast {
    const char *urgent; /* a person who may break the glass */
    const char *an;     /* who looks at it afterwards */
    const char *child;
} cast;

static cast cast_of(place *self)
{
    cast made = {.urgent = token_of(self, (holder){"urgent", "human", "customer_service",
                                                   "urgent-care", "shop", NULL})};

    made.an = token_of(self, (holder){"an", "human", "dpo", "approvals", "*", NULL});
    made.child = person(self, shop_token(self), "13800000002", child_profile);
    return made;
}

static const reply *found(place *self, const char *body)
{
    return assert_done(ask(self, (question){VELUM_VERB_AUDIT_LOG, .body = body}));
}

/* The newest entry that the filter finds, explained. */
static const reply *explained(place *self, const char *filter)
{
    const reply *log = found(self, filter);
    const size_t count = json_count(value_at(log, "entries"));

    assert_true(count > 0);
    const char *const body =
        text_f(self, "{\"index\":%lld}",
               (long long)integer_at(log, text_f(self, "entries/%zu/index", count - 1)));
    return assert_done(ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN, .body = body}));
}

static void assert_replay(const reply *answer, const char *result)
{
    if (strcmp(text_at(answer, "replay/result"), result) != 0) {
        fail_msg("not %s: %s", result, answer->body);
    }
}

static void a_broken_glass(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    assert_refused(ask(self, (question){VELUM_VERB_READ_WITH, all.urgent, .ref = all.child,
                                        .body = "{\"reason_code\":\"customer-request\"}"}),
                   403, "approval-required");
    assert_replay(explained(self, "{\"reason\":\"approval-required\"}"), "same");
    const reply *seen = assert_done(ask(
        self, (question){VELUM_VERB_READ_WITH, all.urgent, .ref = all.child,
                         .body = "{\"reason_code\":\"safety\",\"fields\":[\"name\",\"mobile\"]}"}));
    const char *const review = text_f(self, "%s", text_at(seen, "break_glass/review"));
    const reply *log = found(self, "{\"break_glass\":true}");
    assert_int_equal(json_count(value_at(log, "entries")), 1);
    assert_text_at(log, "entries/0/reason_code", "safety");
    assert_int_equal(json_count(value_at(found(self, "{\"reason\":\"safety\"}"), "entries")), 1);
    const reply *told = explained(self, "{\"break_glass\":true}");
    assert_text_at(told, "reason_code/name", "safety");
    assert_true(list_has(told, "obligations", "notify"));
    assert_text_at(told, "age_class", "under-14");
    assert_replay(told, "same");

    assert_done(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, all.an, .ref = review,
                                     .body = "{\"decision\":\"reviewed\"}"}));
    const reply *looked = explained(self, "{\"type\":\"approval\",\"actor\":\"an\"}");
    assert_text_at(looked, "operation", "review");
    assert_text_at(looked, "approval_kind", "break-glass");
    assert_text_at(looked, "approval_state", "reviewed");
    assert_int_equal(integer_at(looked, "related_index"), integer_at(told, "index"));
    assert_replay(looked, "same");
}

/* Asked for, agreed to, used: three entries that belong together (Minors Regulation 34–37). */
static void an_approval(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const care =
        token_of(self, (holder){"mei", "human", "customer_service", "customer-care", "shop", NULL});
    const reply *asked =
        assert_done(ask(self, (question){VELUM_VERB_APPROVAL_ASK, care,
                                         .body = text_f(self,
                                                        "{\"kind\":\"minor\",\"subject\":\"%s\","
                                                        "\"fields\":[\"name\"]}",
                                                        all.child)}));
    const char *const id = text_f(self, "%s", text_at(asked, "approval"));

    const reply *told = explained(self, "{\"type\":\"approval\"}");
    assert_text_at(told, "operation", "ask");
    assert_text_at(told, "approval_kind", "minor");
    assert_replay(told, "same");
    assert_done(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, all.an, .ref = id,
                                     .body = "{\"decision\":\"agree\"}"}));
    assert_text_at(explained(self, "{\"type\":\"approval\"}"), "operation", "agree");
    assert_done(ask(
        self, (question){VELUM_VERB_READ_WITH, care, .ref = all.child,
                         .body = text_f(self, "{\"fields\":[\"name\"],\"approval\":\"%s\"}", id)}));
    told = explained(self, "{\"type\":\"read\",\"actor\":\"mei\"}");
    assert_text_at(told, "decision", "allow");
    assert_true(list_has(told, "obligations", "approval"));
    assert_true(integer_at(told, "related_index") > 0);
    assert_replay(told, "same");
}

static void a_request(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const me = customer_of(self, all.child);

    assert_done(
        ask(self, (question){VELUM_VERB_ME_REQUEST_CREATE, me, .body = "{\"right\":\"access\"}"}));
    const reply *told = explained(self, "{\"type\":\"request\"}");
    assert_text_at(told, "actor", "customer");
    assert_text_at(told, "right", "access");
    assert_true(strlen(text_at(told, "request_state")) > 0);
    assert_replay(told, "same");
}

static void a_shadow(void **state)
{
    place *const self = *state;
    const char *const top = getenv("VELUM_TOP");
    const char *const folder = text_f(self, "%s/policy/sample", top == NULL ? "." : top);
    static const char from[] = "clear: [name, city, member_level, orders.*, order_lines.*]";
    const char *const care = care_token(self);
    char *packed = NULL;
    size_t size = 0;

    const char *const ref = person(self, shop_token(self), "13800000001", full_profile);
    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    const char *const body = text_f(self, "%.*s", (int)size - 1, packed);
    velum_body_free(packed);
    const char *const at = strstr(body, from);
    assert_non_null(at);
    assert_done(
        ask(self,
            (question){VELUM_VERB_POLICY_PROPOSE,
                       .body = text_f(self,
                                      "%.*sclear: [name, member_level, orders.*, order_lines.*]%s,"
                                      "\"shadow\":true}",
                                      (int)(at - body), body, at + strlen(from))}));
    assert_done(ask(self, (question){VELUM_VERB_READ, care, .ref = ref, .fields = "name"}));
    assert_done(ask(self, (question){VELUM_VERB_READ, care, .ref = ref, .fields = "name,city"}));
    const reply *log = found(self, "{\"shadow\":true}");
    assert_int_equal(json_count(value_at(log, "entries")), 1);
    assert_text_at(log, "entries/0/shadow_decision", "partial");
    assert_int_equal(integer_at(log, "entries/0/shadow_fields"), 1);
    const reply *told = explained(self, "{\"shadow\":true}");
    assert_text_at(told, "decision", "allow");
    assert_text_at(told, "shadow_decision", "partial");
    assert_replay(told, "same");
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(a_broken_glass),
        WITH_PLACE(an_approval),
        WITH_PLACE(a_request),
        WITH_PLACE(a_shadow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
