/* The public work queue (velum/module.h): waiting, threads, freeing in any order, fork. */
#include "tests/core/support.h"

#include "core/happening.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <velum/module.h>

#define MOBILE "13800000001"
#define PATIENCE_MS 20000 /* far above what anything here takes */

static const char *winback_token(place *self)
{
    return token_of(self, (holder){"winback", NULL, "crm_module", "winback", "winback", NULL});
}

static velum_status open_as(place *self, const char *token, const char *sha256, velum_module **out,
                            velum_error *err)
{
    const velum_module_options options = {.size = sizeof options,
                                          .name = {"winback", 7},
                                          .credential = {token, strlen(token)},
                                          .sha256 = {sha256, sha256 == NULL ? 0 : strlen(sha256)}};

    return velum_module_open(self->gate, &options, out, err);
}

static velum_module *open_module(place *self)
{
    velum_module *module = NULL;
    velum_error err = {.text = ""};

    if (open_as(self, winback_token(self), NULL, &module, &err) != VELUM_OK) {
        fail_msg("velum_module_open: %s", err.text);
    }
    return module;
}

/* --- works -------------------------------------------------------------------------------------- */

static const char *a_customer(place *self, int number)
{
    const char *const mobile = text_f(self, "1380000%04d", number);
    static const char *shop;
    static place *of;

    if (of != self || number == 0) {
        shop = shop_token(self);
        of = self;
    }
    return person(self, shop, mobile, full_profile);
}

static void change_consent(place *self, const char *desk, const char *ref, bool given)
{
    consent(self, desk, ref, "direct-marketing", given ? "given" : "withdrawn");
}

static velum_work *take(velum_module *module, uint32_t wait_ms)
{
    velum_work *work = NULL;
    velum_error err = {.text = ""};

    const velum_status status = velum_module_next(module, wait_ms, &work, &err);
    if (status < 0) {
        fail_msg("velum_module_next: %s", err.text);
    }
    assert_true((status == VELUM_OK) == (work != NULL));
    return work;
}

static void a_work_is_taken_and_answered(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    const char *const desk = desk_token(self);

    assert_null(take(module, 0));
    change_consent(self, desk, a_customer(self, 0), true);
    velum_work *const work = take(module, PATIENCE_MS);
    assert_non_null(work);
    assert_int_equal(velum_work_kind(work), VELUM_WORK_EVENT);
    assert_string_equal(velum_work_name(work), "consent.changed:direct-marketing");
    assert_int_equal(strlen(velum_work_ref(work)), 27);
    assert_int_equal(strlen(velum_work_at(work)), 24);
    assert_int_equal(velum_work_attempts(work), 1);
    assert_int_equal(velum_module_reply(module, work, VELUM_WORK_DONE, 0, NULL), VELUM_OK);
    assert_null(take(module, 0));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    velum_module_free(module);
}

static void again_comes_back_by_itself(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);

    change_consent(self, desk_token(self), a_customer(self, 0), true);
    velum_work *work = take(module, 0);
    assert_non_null(work);
    assert_int_equal(velum_module_reply(module, work, VELUM_WORK_AGAIN, 1000, NULL), VELUM_OK);
    assert_null(take(module, 0));
    work = take(module, PATIENCE_MS); /* nobody rings: the gate said when */
    assert_non_null(work);
    assert_int_equal(velum_work_attempts(work), 2);
    velum_work_free(work);
    velum_module_free(module);
}

static void a_refusal_says_why(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    velum_module *module = NULL;
    velum_error err = {.text = ""};

    assert_int_equal(open_as(self, token,
                             "00000000000000000000000000000000"
                             "00000000000000000000000000000000",
                             &module, &err),
                     VELUM_E_DENIED);
    assert_null(module);
    assert_string_equal(err.text, "module-changed");
    assert_int_equal(open_as(self, "velum_nobody", NULL, &module, &err), VELUM_E_UNAUTHENTICATED);
    assert_int_equal(open_as(self, shop_token(self), NULL, &module, &err), VELUM_E_DENIED);
    assert_string_equal(err.text, "action-not-allowed");
}

static void mistakes_are_told(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    velum_module *other = NULL;
    velum_work *work = NULL;
    velum_answer *said = NULL;

    assert_int_equal(velum_module_open(self->gate, NULL, &other, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_module_open(NULL, NULL, &other, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_module_next(module, 60001, &work, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_module_next(NULL, 0, &work, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_module_reply(module, NULL, VELUM_WORK_DONE, 0, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_module_call(module, NULL, &said, NULL), VELUM_E_INVALID);
    change_consent(self, desk_token(self), a_customer(self, 0), true);
    assert_int_equal(velum_module_reply(module, take(module, 0), 3, 0, NULL), VELUM_E_INVALID);
    velum_work_free(NULL);
    velum_module_free(NULL);
    velum_module_free(module);
}

static void a_lost_lease_is_stale(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);

    change_consent(self, desk_token(self), a_customer(self, 0), true);
    velum_work *const work = take(module, 0);
    sql_run(self, "UPDATE module_work SET lease = 1");
    velum_error err = {.text = ""};
    assert_int_equal(velum_module_reply(module, work, VELUM_WORK_DONE, 0, &err), VELUM_E_STALE);
    assert_string_equal(err.text, "work-gone");
    velum_module_free(module);
}

/* The module's credential and activity, whatever stands in the request. */
static void a_call_is_the_modules(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    const char *const desk = desk_token(self);
    velum_answer *said = NULL;

    change_consent(self, desk, a_customer(self, 0), true);
    velum_work *const work = take(module, 0);
    const char body[] = "{\"module\":\"winback\",\"name\":\"t\",\"at\":\"2027-01-01T00:00:00Z\"}";
    const velum_request request = {.size = sizeof request,
                                   .verb = VELUM_VERB_MODULE_TIMER,
                                   .credential = {"nobody", 6},
                                   .ref = {velum_work_ref(work), strlen(velum_work_ref(work))},
                                   .body = {body, sizeof body - 1}};
    assert_int_equal(velum_module_call(module, &request, &said, NULL), VELUM_OK);
    assert_int_equal(velum_answer_status(said), 200);
    velum_answer_free(said);
    velum_work_free(work);
    velum_module_free(module);
}

/* --- waiting ------------------------------------------------------------------------------------ */

static bool is_readable(const velum_module *module, int wait_ms)
{
    struct pollfd watched = {.fd = velum_module_descriptor(module), .events = POLLIN};

    return poll(&watched, 1, wait_ms) == 1;
}

static void the_descriptor_tells(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    const char *const desk = desk_token(self);
    const char *const first = a_customer(self, 0);
    const char *const second = a_customer(self, 1);

    assert_true(is_readable(module, 0)); /* what waited before */
    assert_null(take(module, 0));
    assert_false(is_readable(module, 0));
    change_consent(self, desk, first, true);
    change_consent(self, desk, second, true);
    assert_true(is_readable(module, PATIENCE_MS));
    velum_work_free(take(module, 0));
    assert_true(is_readable(module, 0)); /* another one is at hand */
    velum_work_free(take(module, 0));
    assert_true(is_readable(module, 0)); /* and perhaps more */
    assert_null(take(module, 0));
    assert_false(is_readable(module, 0));
    velum_module_free(module);
}

static void one_module_takes_no_others_bell(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    velum_module *a = NULL;
    velum_module *b = NULL;

    assert_int_equal(open_as(self, token, NULL, &a, NULL), VELUM_OK);
    assert_int_equal(open_as(self, token, NULL, &b, NULL), VELUM_OK);
    assert_null(take(a, 0));
    assert_null(take(b, 0));
    change_consent(self, desk_token(self), a_customer(self, 0), true);
    assert_true(is_readable(a, PATIENCE_MS));
    velum_work_free(take(a, 0));
    assert_true(is_readable(b, 0));
    velum_module_free(b);
    velum_module_free(a);
}

/* --- threads ------------------------------------------------------------------------------------ */

#define WORKERS 4
#define CUSTOMERS 24

typedef struct crew {
    velum_module *module;
    atomic_uint done;
    atomic_bool failed;
} crew;

static void *serve(void *context)
{
    crew *const self = context;
    velum_work *work = NULL;

    while (atomic_load(&self->done) < CUSTOMERS && !atomic_load(&self->failed)) {
        const velum_status status = velum_module_next(self->module, 200, &work, NULL);
        if (status == VELUM_END) {
            continue;
        }
        if (status != VELUM_OK ||
            velum_module_reply(self->module, work, VELUM_WORK_DONE, 0, NULL) != VELUM_OK) {
            atomic_store(&self->failed, true);
            return NULL;
        }
        (void)atomic_fetch_add(&self->done, 1);
    }
    return NULL;
}

static void several_threads_serve_one_module(void **state)
{
    place *const self = *state;
    crew crew = {.module = open_module(self)};
    const char *const desk = desk_token(self);
    pthread_t threads[WORKERS];

    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, serve, &crew), 0);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        change_consent(self, desk, a_customer(self, i), true);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_false(atomic_load(&crew.failed));
    assert_int_equal(atomic_load(&crew.done), CUSTOMERS); /* each once */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    velum_module_free(crew.module);
    assert_log_sound(self);
}

/* --- lives -------------------------------------------------------------------------------------- */

static void a_module_may_outlive_its_gate(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    velum_work *work = NULL;

    change_consent(self, desk_token(self), a_customer(self, 0), true);
    velum_work *const held = take(module, 0);
    place_close(self);
    assert_true(is_readable(module, 0)); /* it is told that something is different */
    assert_int_equal(velum_module_next(module, 0, &work, NULL), VELUM_E_UNAVAILABLE);
    assert_int_equal(velum_module_reply(module, held, VELUM_WORK_DONE, 0, NULL),
                     VELUM_E_UNAVAILABLE);
    assert_int_equal(place_try_open(self, NULL), VELUM_E_LOCKED);
    velum_module_free(module); /* the last one of the gate: the folder is free */
    place_open(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
}

static void *wait_long(void *context)
{
    velum_work *work = NULL;

    return (void *)(intptr_t)velum_module_next(context, PATIENCE_MS, &work, NULL);
}

static void whoever_waits_hears_of_the_end(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    pthread_t waiting;
    void *came = NULL;

    assert_int_equal(pthread_create(&waiting, NULL, wait_long, module), 0);
    place_close(self);
    pthread_join(waiting, &came);
    assert_int_equal((intptr_t)came, VELUM_E_UNAVAILABLE);
    velum_module_free(module);
}

static void a_child_is_told(void **state)
{
    place *const self = *state;
    velum_module *const module = open_module(self);
    int ended = 0;

    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        velum_work *work = NULL;
        const velum_status next = velum_module_next(module, 0, &work, NULL);
        velum_module_free(module);
        _exit(next == VELUM_E_FORKED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 0);
    assert_null(take(module, 0)); /* ours goes on */
    velum_module_free(module);
}

#define MODULE_TEST(function) \
    cmocka_unit_test_setup_teardown(function, place_set_up, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODULE_TEST(a_work_is_taken_and_answered),
        MODULE_TEST(again_comes_back_by_itself),
        MODULE_TEST(a_refusal_says_why),
        MODULE_TEST(mistakes_are_told),
        MODULE_TEST(a_lost_lease_is_stale),
        MODULE_TEST(a_call_is_the_modules),
        MODULE_TEST(the_descriptor_tells),
        MODULE_TEST(one_module_takes_no_others_bell),
        MODULE_TEST(several_threads_serve_one_module),
        MODULE_TEST(a_module_may_outlive_its_gate),
        MODULE_TEST(whoever_waits_hears_of_the_end),
        MODULE_TEST(a_child_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
