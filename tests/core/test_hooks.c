/* Webhooks: told once it happened, signed by the gate, tried again until it is known (M-4, I-10). */
#include "tests/core/support.h"

#include "core/happening.h"
#include "core/hook.h"
#include "core/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AWAIT_NS (30 * NS_PER_SECOND)

typedef struct scene {
    const char *shop;
    const char *courier;
    const char *ref; /* of somebody, in the hook's domain, which is the shop's */
    subject_id subject;
} scene;

/* --- a scene with a hook ------------------------------------------------------------------------ */

static uint16_t hook_number(place *self)
{
    world *const world = gate_world(self->gate);
    const uint16_t number = world_number(world, REGISTRY_HOOK, TEXT_LITERAL("crm"));

    world_free(world);
    return number;
}

static void find_subject(place *self, scene *out)
{
    world *const world = gate_world(self->gate);
    const uint16_t domain = world_number(world, REGISTRY_DOMAIN, TEXT_LITERAL("shop"));
    const aes_block *permutation = NULL;

    assert_int_equal(keyring_domain(self->gate->keys, domain, &permutation), VELUM_OK);
    assert_int_equal(pseudonym_parse(permutation, text_of(out->ref), &out->subject), VELUM_OK);
    world_free(world);
}

static scene scene_of(place *self)
{
    scene made;

    change_policy(
        self, (const char *const[]){"crm: {domain: crm, events: [subject.erased, consent.changed]}",
                                    "crm: {domain: shop, events: [subject.erased, consent.changed, "
                                    "task.created]}",
                                    "actions: [acknowledge]\\n",
                                    "actions: [acknowledge]\\n    recipient: crm\\n", NULL});
    made.shop = shop_token(self);
    made.ref = person(self, made.shop, "13800000001", full_profile);
    made.courier = token_of(self, (holder){"courier", NULL, "delivery", "delivery", "out", NULL});
    find_subject(self, &made);
    return made;
}

typedef struct telling {
    world *world;
    const happening *what;
} telling;

static velum_status tell(void *context, write_batch *batch)
{
    const telling *const self = context;

    return happened(batch, self->world, self->what);
}

static void make_happen(place *self, const happening *what)
{
    telling context = {gate_world(self->gate), what};

    assert_int_equal(writer_transact(&self->gate->writer, tell, &context, 4), VELUM_OK);
    world_free(context.world);
}

static void change_consent(place *self, const scene *scene)
{
    make_happen(self, &(happening){.event = HOOK_CONSENT_CHANGED,
                                   .subject = scene->subject,
                                   .at_ns = PLACE_EPOCH_NS,
                                   .detail = TEXT_LITERAL("direct-marketing")});
}

static const reply *next(place *self, const scene *scene)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_HOOK_NEXT, scene->courier, .body = "{\"limit\":10}"}));
}

static const reply *done(place *self, const scene *scene, const char *id, const char *body)
{
    return ask(self, (question){VELUM_VERB_HOOK_DONE, scene->courier, .ref = id, .body = body});
}

static size_t count_of(const reply *answer)
{
    return json_count(value_at(answer, "hooks"));
}

/* --- what is told ------------------------------------------------------------------------------- */

static const char *secret_shown(place *self)
{
    return text_at(
        assert_done(ask(self, (question){VELUM_VERB_HOOK_SECRET, .body = "{\"hook\":\"crm\"}"})),
        "secret");
}

/* What a receiver reckons by Standard Webhooks 1.0.0 from the secret that people are shown. */
static const char *signature_by(place *self, const char *secret, const reply *taken)
{
    const char *const body = text_at(taken, "hooks/0/body");
    const char *const signed_text = text_f(self, "%s.%lld.%s", text_at(taken, "hooks/0/id"),
                                           (long long)integer_at(taken, "hooks/0/timestamp"), body);
    uint8_t key[KEY_BYTES];
    uint8_t mac[SHA256_BYTES];
    char encoded[BASE64_SIZE(SHA256_BYTES) + 1];
    size_t size = 0;

    assert_memory_equal(secret, "whsec_", 6);
    assert_int_equal(base64_decode(text_of(secret + 6), key, sizeof(key), &size), VELUM_OK);
    assert_int_equal(size, sizeof(key));
    hmac_sha256(key, &(crypto_part){signed_text, strlen(signed_text)}, 1, mac);
    base64_encode(mac, sizeof(mac), encoded);
    return text_f(self, "v1,%s", encoded);
}

static void assert_signed(place *self, const reply *taken)
{
    assert_string_equal(text_at(taken, "hooks/0/signature"),
                        signature_by(self, secret_shown(self), taken));
}

static void a_pseudonym_and_names_are_told_and_signed(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    change_consent(self, &scene);
    const reply *taken = next(self, &scene);
    assert_int_equal(count_of(taken), 1);
    assert_text_at(taken, "hooks/0/hook", "crm");
    assert_int_equal(integer_at(taken, "hooks/0/attempt"), 1);
    assert_int_equal(integer_at(taken, "hooks/0/timestamp"), PLACE_EPOCH_NS / NS_PER_SECOND);
    assert_text_at(
        taken, "hooks/0/body",
        text_f(self,
               "{\"type\":\"consent.changed\",\"timestamp\":\"2026-11-21T12:00:00.000Z\","
               "\"data\":{\"subject\":\"%s\",\"purpose\":\"direct-marketing\"}}",
               scene.ref));
    assert_signed(self, taken);
    assert_log_sound(self);
}

/* K-4: a receiver that knows the old secret or the new one verifies while it changes over. */
static void a_secret_is_replaced_while_both_sign(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const first = text_f(self, "%s", secret_shown(self));

    for (int number = 2; number <= 3; number++) {
        const char *const before = text_f(self, "%s", secret_shown(self));
        const char *const changed =
            text_f(self, "crm: {domain: shop, events: [consent.changed], secret: %d}", number);
        change_policy(self, (const char *const[]){"crm: {domain: crm, events: [subject.erased, "
                                                  "consent.changed]}",
                                                  changed, NULL});
        const char *const after = text_f(self, "%s", secret_shown(self));
        assert_string_not_equal(before, after);
        change_consent(self, &scene);
        const reply *const taken = next(self, &scene);
        assert_string_equal(text_at(taken, "hooks/0/signature"),
                            text_f(self, "%s %s", signature_by(self, after, taken),
                                   signature_by(self, before, taken)));
        if (number == 3) { /* the first is over */
            assert_null(
                strstr(text_at(taken, "hooks/0/signature"), signature_by(self, first, taken)));
        }
    }
}

static void a_task_is_told_to_its_recipient_alone(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    world *const world = gate_world(self->gate);
    happening what = {.event = HOOK_TASK_CREATED,
                      .subject = scene.subject,
                      .at_ns = PLACE_EPOCH_NS,
                      .detail = TEXT_LITERAL("delete"),
                      .related = {0xab},
                      .due_ns = PLACE_EPOCH_NS + 86400 * NS_PER_SECOND};

    make_happen(self, &what); /* somebody else's */
    assert_int_equal(count_of(next(self, &scene)), 0);
    what.recipient = world_number(world, REGISTRY_RECIPIENT, TEXT_LITERAL("crm"));
    world_free(world);
    make_happen(self, &what);
    const char *const body = text_at(next(self, &scene), "hooks/0/body");
    assert_non_null(strstr(body, "\"task\":\"ab000000000000000000000000000000\""));
    assert_non_null(strstr(body, "\"right\":\"delete\""));
    assert_non_null(strstr(body, "\"due\":\"2026-11-22T12:00:00.000Z\""));
}

/* W-4: a courier asks all day. */
static void nothing_to_tell_writes_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    log_sync(self);
    const uint64_t size = log_size(self);
    const int64_t changed = rows_changed(self);
    assert_int_equal(count_of(next(self, &scene)), 0);
    log_sync(self);
    assert_int_equal(log_size(self), size);
    assert_true(rows_changed(self) == changed);
}

static void a_hook_named_twice_is_given_once(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question asked = {VELUM_VERB_HOOK_NEXT, scene.courier,
                            .body = "{\"hooks\":[\"crm\",\"crm\"]}"};

    change_consent(self, &scene);
    const reply *const taken = assert_done(ask(self, asked));
    assert_int_equal(count_of(taken), 1);
    assert_int_equal(integer_at(taken, "hooks/0/attempt"), 1);
}

static void what_no_hook_wants_to_know_makes_no_row(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    make_happen(self, &(happening){.event = HOOK_SUBJECT_MERGED,
                                   .subject = scene.subject,
                                   .at_ns = PLACE_EPOCH_NS});
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 0);
    const uint64_t before = log_size(self);
    assert_int_equal(count_of(next(self, &scene)), 0);
    log_sync(self);
    assert_int_equal(log_size(self), before); /* nothing given out, nothing to record */
}

static void a_hook_that_the_policy_dropped_is_told_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    change_consent(self, &scene);
    sql_run(self, "UPDATE hook SET hook = 99");
    assert_int_equal(count_of(next(self, &scene)), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 0);
}

/* --- many --------------------------------------------------------------------------------------- */

static uint32_t of_hook(const reply *answer, const char *name)
{
    const json_value *const hooks = value_at(answer, "hooks");
    uint32_t count = 0;

    for (size_t i = 0; i < json_count(hooks); i++) {
        const text hook = json_text(json_member(json_at(hooks, i), "hook"));
        count += text_equal_literal(hook, name);
    }
    return count;
}

static const reply *next_of(place *self, const char *courier, uint32_t limit)
{
    return assert_done(ask(self, (question){VELUM_VERB_HOOK_NEXT, courier,
                                            .body = text_f(self, "{\"limit\":%u}", limit)}));
}

/* K-6: a receiver with much to be told does not hold up another's news. */
static void each_hook_has_its_share(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    uint32_t tills = 0;

    change_policy(self, (const char *const[]){"crm: {domain: crm, events: [subject.erased, "
                                              "consent.changed]}",
                                              "crm: {domain: shop, events: [consent.changed]}\\n  "
                                              "till: {domain: shop, events: [consent.changed]}",
                                              NULL});
    for (int i = 0; i < 20; i++) {
        change_consent(self, &scene);
    }
    for (int i = 0; i < 8; i++) {
        tills += of_hook(next_of(self, scene.courier, 1), "till");
    }
    assert_int_equal(tills, 4);
    sql_run(self, "DELETE FROM hook WHERE state = 1 AND hook = (SELECT max(hook) FROM hook)"
                  " AND id NOT IN (SELECT id FROM hook WHERE state = 1 AND"
                  " hook = (SELECT max(hook) FROM hook) LIMIT 3)");
    const reply *const taken = next_of(self, scene.courier, 10);
    assert_int_equal(count_of(taken), 10);
    assert_int_equal(of_hook(taken, "till"), 3);
    assert_int_equal(count_of(next_of(self, scene.courier, 50)), 9);
    assert_int_equal(count_of(next_of(self, scene.courier, 50)), 0);
}

static void await_count(place *self, const char *sql, int64_t wanted);

typedef struct swept {
    uint64_t records;
    uint32_t leaves;
} swept;

static void count_swept(void *context, uint64_t index, const audit_entry *entry)
{
    swept *const self = context;

    if (entry->type == ENTRY_HOOK && entry->record_count > 0) {
        self->records += entry->record_count;
        self->leaves++;
    }
}

/* K-7: a folder whose hooks nobody fetches does not grow for ever. */
static void what_nobody_fetches_goes_after_its_time(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const int64_t later_ns = PLACE_EPOCH_NS + 10 * DAY_NS;
    swept found = {.leaves = 0};

    for (int i = 0; i < 120; i++) {
        change_consent(self, &scene);
    }
    place_set_clock(self, later_ns);
    make_happen(self, &(happening){.event = HOOK_CONSENT_CHANGED,
                                   .subject = scene.subject,
                                   .at_ns = later_ns,
                                   .detail = TEXT_LITERAL("direct-marketing")});
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 11"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + HOOK_KEPT_NS + NS_PER_SECOND);
    await_count(self, "SELECT count(*) FROM hook", 1);
    place_set_clock(self, later_ns + HOOK_KEPT_NS + DAY_NS);
    await_count(self, "SELECT count(*) FROM hook", 0);
    place_set_clock(self, later_ns + HOOK_KEPT_NS + 3 * DAY_NS);
    await_count(self, "SELECT count(*) FROM timer WHERE kind = 11", 0);
    log_sync(self);
    log_visit(self, count_swept, &found);
    assert_int_equal(found.records, 121);
    assert_int_equal(found.leaves, 4);
    assert_log_sound(self);
}

/* --- what is recorded --------------------------------------------------------------------------- */

static void each_taking_is_an_intent_and_each_answer_its_outcome(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry intent;
    audit_entry outcome;

    change_consent(self, &scene);
    const char *const id = text_at(next(self, &scene), "hooks/0/id");
    log_sync(self);
    log_last(self, &intent);
    assert_int_equal(intent.type, ENTRY_HOOK);
    assert_int_equal(intent.stage, ENTRY_INTENT);
    assert_int_not_equal(intent.token_epoch, 0);
    assert_int_equal(input_of(&intent, INPUT_HOOK), hook_number(self));
    assert_int_equal(input_of(&intent, INPUT_EVENT), 4);
    assert_int_equal(input_of(&intent, INPUT_ATTEMPT), 1);
    assert_text_at(assert_done(done(self, &scene, id, "{\"outcome\":\"sent\",\"status\":204}")),
                   "state", "sent");
    log_sync(self);
    log_last(self, &outcome);
    assert_int_equal(outcome.type, ENTRY_HOOK);
    assert_int_equal(outcome.stage, ENTRY_OUTCOME);
    assert_int_equal(input_of(&outcome, INPUT_HOOK_OUTCOME), HOOK_OUTCOME_SENT);
    assert_int_equal(input_of(&outcome, INPUT_HTTP_STATUS), 204);
    assert_memory_equal(outcome.related, intent.event_id, ENTRY_TOKEN_BYTES);
    assert_memory_equal(outcome.subject_token, intent.subject_token, ENTRY_TOKEN_BYTES);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 0);
    assert_int_equal(
        sql_count(self, "SELECT count(*) FROM timer WHERE kind = 11 AND of <> zeroblob(16)"), 0);
    assert_refused(done(self, &scene, id, "{\"outcome\":\"sent\"}"), 404, "not-found");
    assert_log_sound(self);
}

/* Polled until a deadline: the steward looks each second. */
static void await_count(place *self, const char *sql, int64_t wanted)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;

    while (sql_count(self, sql) != wanted) {
        if (clock_monotonic_ns(&clock) > until) {
            fail_msg("%s never was %lld", sql, (long long)wanted);
        }
        usleep(20000);
    }
}

/* I-6: the one who was erased is told of by the pseudonym, and the log knows whom. */
static void an_erasure_is_told_after_the_data_has_gone(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry intent;

    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE,
                                     .ref = text_f(self, "shop:%s", scene.ref), .body = "{}"}));
    await_count(self, "SELECT count(*) FROM hook", 1);
    const reply *taken = next(self, &scene);
    assert_int_equal(count_of(taken), 1);
    assert_non_null(strstr(text_at(taken, "hooks/0/body"), "\"type\":\"subject.erased\""));
    assert_non_null(strstr(text_at(taken, "hooks/0/body"), scene.ref));
    log_sync(self);
    log_last(self, &intent);
    assert_int_equal(intent.type, ENTRY_HOOK);
    assert_int_not_equal(intent.token_epoch, 0);
}

static void erase_them(place *self, const scene *scene)
{
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE,
                                     .ref = text_f(self, "shop:%s", scene->ref), .body = "{}"}));
    await_count(self, "SELECT count(*) FROM hook WHERE event = 0", 1);
}

/* K-5: neither what waits nor what was given up tells of somebody erased. */
static void what_waits_goes_with_the_customer(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    change_consent(self, &scene);
    change_consent(self, &scene);
    sql_run(self, "UPDATE hook SET state = 3 WHERE id = (SELECT min(id) FROM hook)");
    erase_them(self, &scene);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 1);
    assert_non_null(strstr(text_at(next(self, &scene), "hooks/0/body"), "subject.erased"));
}

static void what_is_with_a_courier_goes_with_its_outcome(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry outcome;

    change_consent(self, &scene);
    const char *const id = text_at(next(self, &scene), "hooks/0/id");
    erase_them(self, &scene);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 2);
    assert_done(done(self, &scene, id, "{\"outcome\":\"failed\"}"));
    log_sync(self);
    log_last(self, &outcome);
    assert_int_equal(outcome.stage, ENTRY_OUTCOME);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 1);
    assert_log_sound(self);
}

static void hooks_of_a_damaged_record_wait_alone(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    struct scene other = scene;
    char id[2 * SUBJECT_ID_BYTES + 1];

    other.ref = person(self, scene.shop, "13800000002", full_profile);
    find_subject(self, &other);
    hex_encode(scene.subject.bytes, SUBJECT_ID_BYTES, id);
    change_consent(self, &scene);
    const char *const told = text_at(next(self, &scene), "hooks/0/id");
    change_consent(self, &scene);
    change_consent(self, &other);
    sql_run(self,
            text_f(self,
                   "UPDATE subject SET state_version = state_version + 1 WHERE subject = x'%s'",
                   id));
    assert_text_at(assert_done(done(self, &scene, told, "{\"outcome\":\"sent\"}")), "state",
                   "sent");
    const reply *const taken = next(self, &scene);
    assert_int_equal(count_of(taken), 1);
    assert_non_null(strstr(text_at(taken, "hooks/0/body"), other.ref));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook WHERE state = 1"), 1);
}

/* --- again -------------------------------------------------------------------------------------- */

static void what_failed_is_told_again_under_the_same_id_until_given_up(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    audit_entry outcome;

    change_consent(self, &scene);
    const char *const id = text_at(next(self, &scene), "hooks/0/id");
    for (uint32_t attempt = 1; attempt < HOOK_ATTEMPTS_MAX; attempt++) {
        assert_text_at(
            assert_done(done(self, &scene, id, "{\"outcome\":\"failed\",\"status\":500}")), "state",
            "waiting");
        place_set_clock(self, now_ns + hook_wait_ns(attempt) - NS_PER_MS);
        assert_int_equal(count_of(next(self, &scene)), 0);
        now_ns += hook_wait_ns(attempt);
        place_set_clock(self, now_ns);
        const reply *again = next(self, &scene);
        assert_text_at(again, "hooks/0/id", id);
        assert_int_equal(integer_at(again, "hooks/0/attempt"), attempt + 1);
    }
    assert_in_range(now_ns - PLACE_EPOCH_NS, 2 * DAY_NS, 4 * DAY_NS);
    assert_text_at(assert_done(done(self, &scene, id, "{\"outcome\":\"unknown\"}")), "state",
                   "given-up");
    log_sync(self);
    log_last(self, &outcome);
    assert_int_equal(input_of(&outcome, INPUT_HOOK_OUTCOME), HOOK_OUTCOME_UNKNOWN);
    const reply *list = assert_done(ask(self, (question){.verb = VELUM_VERB_HOOK_LIST}));
    assert_text_at(list, "hooks/0/state", "given-up");
    assert_text_at(list, "hooks/0/event", "consent.changed");
    assert_null(strstr(list->body, scene.ref)); /* I-10 */
    place_set_clock(self, now_ns + HOOK_KEPT_NS + NS_PER_SECOND);
    await_count(self, "SELECT count(*) FROM hook", 0);
    assert_log_sound(self);
}

static void a_courier_that_does_not_come_back_leaves_an_unknown_outcome(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry outcome;

    change_consent(self, &scene);
    const char *const id = text_at(next(self, &scene), "hooks/0/id");
    assert_int_equal(count_of(next(self, &scene)), 0); /* under its lease */
    place_reopen(self);
    place_set_clock(self, PLACE_EPOCH_NS + HOOK_LEASE_NS + NS_PER_SECOND);
    await_count(self, "SELECT count(*) FROM hook WHERE state = 1", 1);
    log_sync(self);
    log_last(self, &outcome);
    assert_int_equal(outcome.stage, ENTRY_OUTCOME);
    assert_int_equal(outcome.client, CLIENT_OURSELVES);
    assert_int_equal(input_of(&outcome, INPUT_HOOK_OUTCOME), HOOK_OUTCOME_UNKNOWN);
    assert_refused(done(self, &scene, id, "{\"outcome\":\"failed\"}"), 409, "work-gone");
    place_set_clock(self, PLACE_EPOCH_NS + 2 * HOOK_LEASE_NS);
    assert_text_at(next(self, &scene), "hooks/0/id", id); /* by another courier */
    forget_refusals(self);
    assert_refused(done(self, &scene, id, "{\"outcome\":\"failed\",\"attempt\":1}"), 409,
                   "work-gone");
    assert_text_at(assert_done(done(self, &scene, id, "{\"outcome\":\"sent\"}")), "state", "sent");
}

static void what_is_malformed_or_not_allowed_is_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    static const char *const bodies[] = {
        "{}",
        "{\"outcome\":\"maybe\"}",
        "{\"outcome\":\"sent\",\"status\":1000}",
        "{\"outcome\":\"sent\",\"status\":\"204\"}",
        "{\"outcome\":\"sent\",\"why\":\"x\"}",
        "{\"outcome\":\"sent\",\"attempt\":0}",
    };

    change_consent(self, &scene);
    const char *const id = text_at(next(self, &scene), "hooks/0/id");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_refused(done(self, &scene, id, bodies[i]), 400, "malformed-request");
    }
    assert_refused(
        ask(self, (question){VELUM_VERB_HOOK_NEXT, scene.courier, .body = "{\"limit\":51}"}), 400,
        "malformed-request");
    assert_refused(done(self, &scene, "nobody", "{\"outcome\":\"sent\"}"), 404, "not-found");
    assert_refused(ask(self, (question){VELUM_VERB_HOOK_SECRET, .body = "{\"hook\":\"no\"}"}), 404,
                   "not-found");
    assert_int_equal(
        ask(self, (question){VELUM_VERB_HOOK_SECRET, scene.courier, .body = "{\"hook\":\"crm\"}"})
            ->status,
        403);
    const char *const shop =
        token_of(self, (holder){"other", NULL, "delivery", "order-fulfilment", "shop", NULL});
    assert_refused(ask(self, (question){VELUM_VERB_HOOK_NEXT, shop, .body = "{}"}), 403,
                   "action-not-allowed");
}

int main(void)
{
#define CASE(function) \
    cmocka_unit_test_setup_teardown(function, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_pseudonym_and_names_are_told_and_signed),
        CASE(a_secret_is_replaced_while_both_sign),
        CASE(a_task_is_told_to_its_recipient_alone),
        CASE(nothing_to_tell_writes_nothing),
        CASE(a_hook_named_twice_is_given_once),
        CASE(what_no_hook_wants_to_know_makes_no_row),
        CASE(a_hook_that_the_policy_dropped_is_told_nothing),
        CASE(each_hook_has_its_share),
        CASE(what_nobody_fetches_goes_after_its_time),
        CASE(each_taking_is_an_intent_and_each_answer_its_outcome),
        CASE(an_erasure_is_told_after_the_data_has_gone),
        CASE(what_waits_goes_with_the_customer),
        CASE(what_is_with_a_courier_goes_with_its_outcome),
        CASE(hooks_of_a_damaged_record_wait_alone),
        CASE(what_failed_is_told_again_under_the_same_id_until_given_up),
        CASE(a_courier_that_does_not_come_back_leaves_an_unknown_outcome),
        CASE(what_is_malformed_or_not_allowed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
