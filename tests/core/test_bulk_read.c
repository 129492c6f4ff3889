/* Fields of many at once: under an approval for exactly that, once, a line a customer. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "core/verbs.h"

#define FIELDS "\"fields\":[\"name\",\"mobile\"]"
#define MANY 120

typedef struct cast {
    const char *shop;
    const char *export;
    const char *an;
} cast;

static cast cast_of(place *self)
{
    return (cast){
        .shop = shop_token(self),
        .export = token_of(
            self, (holder){"export", NULL, "customer_service", "bulk-export", "shop", NULL}),
        .an = token_of(self, (holder){"an", "human", "dpo", "approvals", "*", NULL}),
    };
}

static const char *member(place *self, const cast *all, uint32_t number)
{
    return person(
        self, all->shop, text_f(self, "1380000%04u", number),
        text_f(self, "{\"name\":\"CANARY-%u\",\"mobile\":\"1380000%04u\"}", number, number));
}

/* An approval that somebody else agreed to. */
static const char *approved(place *self, const cast *all, const char *members)
{
    const reply *const asked =
        assert_done(ask(self, (question){VELUM_VERB_APPROVAL_ASK, all->export,
                                         .body = text_f(self, "{\"kind\":\"bulk\",%s}", members)}));
    const char *const id = text_f(self, "%s", text_at(asked, "approval"));

    assert_done(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, all->an, .ref = id,
                                     .body = "{\"decision\":\"agree\"}"}));
    return id;
}

/* An answer of lines is no JSON document, so it is asked for without one. */
static const reply *bulk(place *self, const cast *all, const char *members)
{
    const char *const body = text_f(self, "{%s}", members);
    const question asked = {VELUM_VERB_BULK_READ, all->export, .body = body};
    const reply *answer = NULL;

    assert_int_equal(try_ask(self, &asked, &answer), VELUM_OK);
    return answer;
}

static json *line_of(const reply *answer, uint32_t index)
{
    const char *line = answer->body;
    json *parsed = NULL;

    for (uint32_t i = 0; i < index; i++) {
        line = strchr(line, '\n') + 1;
    }
    const text source = {line, strcspn(line, "\n")};
    assert_int_equal(json_parse(source, source.size + 1, &parsed, NULL), VELUM_OK);
    return parsed;
}

static uint32_t lines_of(const reply *answer)
{
    uint32_t count = 0;

    for (const char *at = answer->body; (at = strchr(at, '\n')) != NULL; at++) {
        count++;
    }
    return count;
}

static void a_line_a_customer(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const one = member(self, &all, 1);
    const char *const two = member(self, &all, 2);
    const char *const child = person(self, all.shop, "13800000003", child_profile);
    const char *const refs = text_f(self, "\"refs\":[\"%s\",\"%s\",\"%s\"]", two, child, one);
    const char *const id = approved(self, &all, text_f(self, "%s," FIELDS, refs));
    audit_entry entry;

    const reply *const answer =
        assert_done(bulk(self, &all, text_f(self, "%s," FIELDS ",\"approval\":\"%s\"", refs, id)));
    assert_int_equal(lines_of(answer), 3);
    VELUM_AUTO(json) *first = line_of(answer, 0);
    const json_value *const fields = json_member(json_root(first), "fields");
    assert_true(text_equal_literal(json_text(json_member(json_root(first), "subject")), two));
    assert_true(text_equal_literal(json_text(json_member(fields, "name")), "CANARY-2"));
    assert_true(text_equal_literal(json_text(json_member(fields, "mobile")), "138****0002"));
    VELUM_AUTO(json) *second = line_of(answer, 1);
    assert_true(text_equal_literal(json_text(json_member(json_root(second), "refused")),
                                   "approval-required")); /* a child needs one of its own */
    assert_null(json_member(json_root(second), "fields"));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_BULK_READ);
    assert_int_equal(entry.subject_count, 2);
    assert_int_equal(entry.released_count, 2);
    assert_int_equal(input_of(&entry, INPUT_ALLOWED), 2);
    assert_int_equal(input_of(&entry, INPUT_REFUSED), 1);
    assert_true(entry.outbox_seq > 0);
    assert_log_sound(self);

    assert_refused(bulk(self, &all, text_f(self, "%s," FIELDS ",\"approval\":\"%s\"", refs, id)),
                   403, "approval-used");
}

/* P-2: other fields, other customers, another order of the same. */
static void an_approval_is_for_exactly_that(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const one = member(self, &all, 1);
    const char *const two = member(self, &all, 2);
    const char *const id = approved(self, &all, text_f(self, "\"refs\":[\"%s\"]," FIELDS, one));

    assert_refused(bulk(self, &all, text_f(self, "\"refs\":[\"%s\"]," FIELDS, one)), 403,
                   "approval-unknown");
    assert_refused(bulk(self, &all, text_f(self, "\"refs\":[\"%s\"],\"approval\":\"%s\"", one, id)),
                   403, "approval-scope");
    forget_refusals(self);
    assert_refused(
        bulk(self, &all,
             text_f(self, "\"refs\":[\"%s\",\"%s\"]," FIELDS ",\"approval\":\"%s\"", one, two, id)),
        403, "approval-scope");
    assert_done(bulk(self, &all,
                     text_f(self, "\"refs\":[\"%s\"]," FIELDS ",\"approval\":\"%s\"", one, id)));

    const char *const both =
        approved(self, &all, text_f(self, "\"refs\":[\"%s\",\"%s\"]," FIELDS, one, two));
    assert_done(bulk(
        self, &all,
        text_f(self, "\"refs\":[\"%s\",\"%s\"]," FIELDS ",\"approval\":\"%s\"", two, one, both)));
}

/* The hash is one that anybody who holds the list can work out. */
static void the_hash_is_that_of_the_sorted_list(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const refs[2] = {member(self, &all, 1), member(self, &all, 2)};
    const bool is_sorted = strcmp(refs[0], refs[1]) < 0;
    const char *const lines =
        text_f(self, "%s\n%s\n", refs[is_sorted ? 0 : 1], refs[is_sorted ? 1 : 0]);
    uint8_t hash[SHA256_BYTES];
    char what[2 * SHA256_BYTES + 1];

    sha256(lines, strlen(lines), hash);
    hex_encode(hash, sizeof hash, what);
    const char *const id = approved(self, &all, text_f(self, "\"what\":\"%s\"," FIELDS, what));
    assert_done(bulk(self, &all,
                     text_f(self, "\"refs\":[\"%s\",\"%s\"]," FIELDS ",\"approval\":\"%s\"",
                            refs[0], refs[1], id)));
}

static const char *many_refs(place *self, const cast *all)
{
    char *const list = calloc(MANY, 40);
    size_t used = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        used +=
            (size_t)snprintf(list + used, 40, "%s\"%s\"", i == 0 ? "" : ",", member(self, all, i));
    }
    const char *const kept = text_f(self, "\"refs\":[%s]", list);
    free(list);
    return kept;
}

static void leaves_name_everybody(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const refs = many_refs(self, &all);
    const char *const id = approved(self, &all, refs);
    audit_entry entry;
    uint64_t named = 0;

    log_sync(self);
    const uint64_t size = log_size(self);
    const reply *const answer =
        assert_done(bulk(self, &all, text_f(self, "%s,\"approval\":\"%s\"", refs, id)));
    assert_int_equal(lines_of(answer), MANY);
    log_sync(self);
    for (uint64_t i = size; i < log_size(self); i++) {
        log_at(self, i, &entry);
        assert_int_equal(entry.type, ENTRY_BULK_READ);
        assert_true(entry.released_count > 0);
        named += entry.subject_count;
    }
    assert_int_equal(named, MANY);
    assert_log_sound(self);
}

static void what_is_malformed_is_refused(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const one = member(self, &all, 1);
    const char *const members[] = {
        "\"refs\":[]",
        "\"refs\":[\"bogus\"]",
        text_f(self, "\"refs\":[\"%s\",\"%s\"]", one, one),
        text_f(self, "\"refs\":[\"%s\"],\"canary\":1", one),
        text_f(self, "\"refs\":[\"%s\"],\"approval\":1", one),
        "\"approval\":\"x\"",
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_refused(bulk(self, &all, members[i]), 400, "malformed-request");
    }
    assert_refused(bulk(self, &all, text_f(self, "\"refs\":[\"%s\"],\"fields\":[\"CANARY\"]", one)),
                   400, "unknown-field");
    assert_refused(bulk(self, &all,
                        text_f(self,
                               "\"refs\":[\"%s\"],\"fields\":[\"id_card\"],"
                               "\"approval\":\"00000000000000000000000000000000\"",
                               one)),
                   403, "approval-unknown");
}

/* I-1: the transaction fails, so nothing leaves and the approval serves again. */
static void what_fails_leaves_the_approval(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const one = member(self, &all, 1);
    const char *const id = approved(self, &all, text_f(self, "\"refs\":[\"%s\"]," FIELDS, one));
    const char *const members =
        text_f(self, "\"refs\":[\"%s\"]," FIELDS ",\"approval\":\"%s\"", one, id);

    uint32_t failed = 0;
    for (uint32_t step = 1; step < 100; step++) {
        char plan[32];
        snprintf(plan, sizeof plan, "sql:%u:eio", step);
        log_sync(self);
        fault_plan(plan);
        const reply *const answer = bulk(self, &all, members);
        fault_plan(NULL);
        if (answer->status == 200) {
            break;
        }
        assert_refused(answer, 503, "unavailable");
        assert_null(strstr(answer->body, "CANARY"));
        failed++;
    }
    assert_in_range(failed, 5, 98);
    assert_refused(bulk(self, &all, members), 403, "approval-used");
    assert_log_sound(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_a_customer, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(an_approval_is_for_exactly_that, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_hash_is_that_of_the_sorted_list, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(leaves_name_everybody, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(what_fails_leaves_the_approval, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
