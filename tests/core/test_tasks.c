/* Tasks of recipients: told by webhook, acknowledged over HTTP, failed when nobody answers (R-5, GDPR 19). */
#include "tests/core/request_support.h"

#include <stdio.h>
#include <string.h>

#include "core/task.h"
#include "core/verbs.h"

/* A recipient with a hook of its name, and an activity under which it answers. */
static const char *const with_recipient[] = {
    "purpose: order-fulfilment\\n    actions: [create",
    "purpose: order-fulfilment\\n    recipient: warehouse\\n    actions: [create",
    "hooks:\\n",
    "hooks:\\n  warehouse: {domain: depot, events: [task.created]}\\n",
    "activities:\\n",
    "activities:\\n"
    "  depot-tasks:\\n    title: {zh: 仓库任务, en: Tasks of the depot}\\n"
    "    purpose: right-of-access\\n    recipient: warehouse\\n    actions: [acknowledge]\\n"
    "    actors: [service]\\n"
    "  other-tasks:\\n    title: {zh: 其他任务, en: Tasks of others}\\n"
    "    purpose: right-of-access\\n    recipient: printer\\n    actions: [acknowledge]\\n"
    "    actors: [service]\\n",
    NULL};

typedef struct scene {
    people people;
    const char *depot;
    const char *printer;
    const char *courier;
    const char *request;
} scene;

static scene scene_of(place *self)
{
    scene made = {.people = people_of(self)};

    change_policy(self, with_recipient);
    made.depot = token_of(self, (holder){"depot", NULL, "delivery", "depot-tasks", "depot", NULL});
    made.printer =
        token_of(self, (holder){"printer", NULL, "delivery", "other-tasks", "print", NULL});
    made.courier = token_of(self, (holder){"courier", NULL, "delivery", "delivery", "out", NULL});
    made.request = text_f(self, "%s",
                          text_at(assert_done(take_verified(&made.people, "restrict")), "request"));
    return made;
}

static const reply *hooks_due(place *self, const scene *scene)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_HOOK_NEXT, scene->courier, .body = "{\"limit\":9}"}));
}

/* The id in the webhook that is due; NULL when none is. */
static const char *told_task(place *self, const scene *scene)
{
    static const char before[] = "\"task\":\"";
    const reply *const due = hooks_due(self, scene);

    if (json_count(value_at(due, "hooks")) == 0) {
        return NULL;
    }
    const char *const body = text_at(due, "hooks/0/body");
    const char *const at = strstr(body, before);
    assert_non_null(strstr(body, "\"type\":\"task.created\""));
    assert_non_null(strstr(body, "\"right\":\"restrict\""));
    assert_non_null(strstr(body, "\"due\":"));
    assert_non_null(at);
    assert_null(strstr(body, scene->people.ref)); /* I-10: of the hook's own domain */
    return text_f(self, "%.32s", at + sizeof(before) - 1);
}

static const reply *acknowledge(place *self, const char *token, const char *task, const char *body)
{
    return ask(self, (question){VELUM_VERB_TASK_ACK, token, .ref = task, .body = body});
}

/* The other recipient has no hook: people tell it, and what it answered. */
static void assert_fulfilled_by_hand(place *self, const scene *scene)
{
    assert_state(self, scene->request, "in_progress");
    assert_done(
        act(self, NULL, scene->request, "task", ",\"processor\":\"printer\",\"state\":\"done\""));
    assert_state(self, scene->request, "fulfilled");
}

static void a_recipient_hears_and_acknowledges(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_state(self, scene.request, "in_progress");
    const char *const task = told_task(self, &scene);
    assert_non_null(task);
    const reply *done = assert_done(acknowledge(self, scene.depot, task, "{\"state\":\"done\"}"));
    assert_text_at(done, "state", "done");
    assert_fulfilled_by_hand(self, &scene);
    /* It may be sent twice, and says the same. */
    assert_text_at(assert_done(acknowledge(self, scene.depot, task, "{\"state\":\"done\"}")),
                   "state", "done");
    assert_null(told_task(self, &scene)); /* TK-1 */
    assert_log_sound(self);
}

/* TK-2: for others it is not there. */
static void nobody_else_acknowledges(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const task = told_task(self, &scene);

    assert_refused(acknowledge(self, scene.printer, task, "{\"state\":\"done\"}"), 404,
                   "not-found");
    assert_refused(
        acknowledge(self, scene.depot, "00000000000000000000000000000000", "{\"state\":\"done\"}"),
        404, "not-found");
    assert_refused(acknowledge(self, scene.depot, task, "{\"state\":\"perhaps\"}"), 400,
                   "malformed-request");
    assert_refused(
        acknowledge(self, scene.depot, task, "{\"state\":\"failed\",\"error\":\"mood\"}"), 422,
        "invalid-value");
    assert_state(self, scene.request, "in_progress");
}

static void a_failure_pauses_and_is_told_again(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const task = told_task(self, &scene);

    const reply *failed = assert_done(
        acknowledge(self, scene.depot, task, "{\"state\":\"failed\",\"error\":\"refused\"}"));
    assert_text_at(failed, "state", "failed");
    assert_text_at(failed, "retry", "2026-11-21T12:15:00.000Z");
    const reply *paused = assert_done(show(self, scene.request));
    assert_text_at(paused, "state", "paused");
    assert_text_at(paused, "paused_by", "warehouse");
    place_reopen(self);
    pass_days(self, &now_ns, 1);
    assert_state(self, scene.request, "in_progress");
    assert_string_equal(told_task(self, &scene), task); /* the same task, a second time */
    assert_done(acknowledge(self, scene.depot, task, "{\"state\":\"done\"}"));
    assert_fulfilled_by_hand(self, &scene);
}

/* silence is a failure with a name, and the task is told again, a day later at most each time. */
static void silence_is_a_failure(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;

    assert_non_null(told_task(self, &scene));
    pass_days(self, &now_ns, TASK_ANSWER_DAYS - 1);
    assert_state(self, scene.request, "in_progress");
    now_ns += (int64_t)86400 * NS_PER_SECOND + 60 * NS_PER_SECOND;
    place_set_clock(self, now_ns);
    run_timers(self);
    const reply *paused = assert_done(show(self, scene.request));
    assert_text_at(paused, "state", "paused");
    assert_text_at(paused, "tasks/0/last_error", "timeout");
    pass_days(self, &now_ns, 1);
    assert_state(self, scene.request, "in_progress");
    assert_non_null(told_task(self, &scene));
}

/* A recipient without a hook is told by people, who have no such term. */
static void without_a_hook_people_tell(void **state)
{
    place *const self = *state;
    static const char *const without[] = {
        "purpose: order-fulfilment\\n    actions: [create",
        "purpose: order-fulfilment\\n    recipient: warehouse\\n    actions: [create", NULL};
    int64_t now_ns = PLACE_EPOCH_NS;
    const people people = people_of(self);

    change_policy(self, without);
    const char *const id =
        text_f(self, "%s", text_at(assert_done(take_verified(&people, "restrict")), "request"));
    pass_days(self, &now_ns, TASK_ANSWER_DAYS + 2);
    assert_state(self, id, "in_progress");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recipient_hears_and_acknowledges, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(nobody_else_acknowledges, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_failure_pauses_and_is_told_again, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(silence_is_a_failure, place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(without_a_hook_people_tell, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
