/* Opening a gate in process and over the socket: the same calls, the same answers. */
#include "tests/core/support.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 5000
#define SHORT_MS 300

static velum_status open_door(const place *self, uint32_t door, uint32_t timeout_ms,
                              velum_gate **out, velum_error *err)
{
    const velum_gate_options options = {.size = sizeof options,
                                        .folder = {self->folder, strlen(self->folder)},
                                        .cache_bytes = 1 << 20,
                                        .timeout_ms = timeout_ms,
                                        .workers = 2,
                                        .door = door};

    return velum_gate_open(&options, out, err);
}

static void serve(place *self)
{
    velum_error err = {.text = ""};

    if (velum_gate_serve_socket(self->gate, &err) != VELUM_OK) {
        fail_msg("velum_gate_serve_socket: %s", err.text);
    }
}

/* The gate of the place, held and served, as another program sees it. */
static velum_gate *far_gate(place *self, uint32_t timeout_ms)
{
    velum_gate *gate = NULL;
    velum_error err = {.text = ""};

    if (open_door(self, VELUM_DOOR_ANY, timeout_ms, &gate, &err) != VELUM_OK) {
        fail_msg("velum_gate_open: %s", err.text);
    }
    assert_int_equal(velum_gate_door(gate), VELUM_DOOR_SOCKET);
    return gate;
}

static velum_answer *call(velum_gate *gate, question asked)
{
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;
    velum_error err = {.text = ""};

    if (velum_gate_call(gate, &request, &answer, &err) != VELUM_OK) {
        fail_msg("velum_gate_call: %s", err.text);
    }
    return answer;
}

static void assert_answer(velum_answer *answer, int32_t status, const char *problem)
{
    if (velum_answer_status(answer) != status ||
        strcmp(velum_answer_problem(answer), problem) != 0) {
        fail_msg("%d %s: %.*s", velum_answer_status(answer), velum_answer_problem(answer),
                 (int)velum_answer_body(answer).size, velum_answer_body(answer).data);
    }
    velum_answer_free(answer);
}

/* --- which way -------------------------------------------------------------------------------- */

static void a_free_folder_is_opened_in_process(void **state)
{
    static const uint32_t DOORS[] = {VELUM_DOOR_ANY, VELUM_DOOR_PROCESS};
    place *const self = *state;

    place_close(self);
    for (size_t i = 0; i < 2; i++) {
        velum_gate *gate = NULL;
        assert_int_equal(open_door(self, DOORS[i], 0, &gate, NULL), VELUM_OK);
        assert_int_equal(velum_gate_door(gate), VELUM_DOOR_PROCESS);
        assert_answer(call(gate, (question){.verb = VELUM_VERB_STATUS}), 200, "");
        velum_gate_free(gate);
    }
}

static void a_folder_held_without_a_socket_is_locked(void **state)
{
    place *const self = *state;
    velum_gate *gate = NULL;
    velum_error err = {.text = ""};

    assert_int_equal(open_door(self, VELUM_DOOR_ANY, 0, &gate, &err), VELUM_E_LOCKED);
    assert_int_equal(err.status, VELUM_E_LOCKED);
    assert_non_null(strstr(err.text, "holds the data folder"));
    assert_int_equal(open_door(self, VELUM_DOOR_PROCESS, 0, &gate, NULL), VELUM_E_LOCKED);
    assert_int_equal(open_door(self, VELUM_DOOR_SOCKET, 0, &gate, &err), VELUM_E_UNAVAILABLE);
    assert_null(gate);
    serve(self);
    assert_int_equal(open_door(self, VELUM_DOOR_PROCESS, 0, &gate, NULL), VELUM_E_LOCKED);
    assert_null(gate);
    assert_int_equal(open_door(self, VELUM_DOOR_SOCKET, 0, &gate, NULL), VELUM_OK);
    assert_int_equal(velum_gate_door(gate), VELUM_DOOR_SOCKET);
    velum_gate_free(gate);
}

static void a_folder_that_is_none_is_told(void **state)
{
    velum_gate_options options = {.size = sizeof options, .folder = {"/nowhere/at/all", 15}};
    velum_gate *gate = NULL;
    velum_error err = {.text = ""};

    for (options.door = VELUM_DOOR_ANY; options.door <= VELUM_DOOR_SOCKET; options.door++) {
        assert_int_equal(velum_gate_open(&options, &gate, &err), VELUM_E_NOTFOUND);
        assert_int_equal(err.status, VELUM_E_NOTFOUND);
        assert_null(strstr(err.text, "nowhere")); /* I-5 */
        assert_null(gate);
    }
}

/* A program compiled with the header of before the member `door`. */
static void the_options_of_before_are_understood(void **state)
{
    place *const self = *state;
    velum_gate_options options = {.size = offsetof(velum_gate_options, door),
                                  .folder = {self->folder, strlen(self->folder)},
                                  .door = 77,
                                  .reserved = 77};
    velum_gate *gate = NULL;

    serve(self);
    assert_int_equal(velum_gate_open(&options, &gate, NULL), VELUM_OK);
    assert_int_equal(velum_gate_door(gate), VELUM_DOOR_SOCKET);
    velum_gate_free(gate);
    options.size--;
    assert_int_equal(velum_gate_open(&options, &gate, NULL), VELUM_E_INVALID);
    options.size = sizeof options;
    assert_int_equal(velum_gate_open(&options, &gate, NULL), VELUM_E_INVALID);
    options.door = VELUM_DOOR_ANY;
    assert_int_equal(velum_gate_open(&options, &gate, NULL), VELUM_E_INVALID);
    options.reserved = 0;
    assert_int_equal(velum_gate_open(&options, NULL, NULL), VELUM_E_INVALID);
    assert_null(gate);
}

/* --- the same by both ------------------------------------------------------------------------- */

static void a_masked_profile_is_the_same_by_both(void **state)
{
    place *const self = *state;
    const char *const ref = person(self, shop_token(self), "13800000001", full_profile);
    const question asked = {.verb = VELUM_VERB_READ, .token = care_token(self), .ref = ref};

    serve(self);
    const reply *const here = assert_done(ask(self, asked));
    velum_gate *const gate = far_gate(self, 0);
    velum_answer *const there = call(gate, asked);
    assert_int_equal(velum_answer_status(there), 200);
    const char *const decision = strstr(here->body, "\"decision\""); /* each has its own */
    assert_non_null(decision);
    assert_int_equal(velum_answer_body(there).size, strlen(here->body));
    assert_memory_equal(velum_answer_body(there).data, here->body, (size_t)(decision - here->body));
    assert_null(memmem(here->body, strlen(here->body), "13800000001", 11));
    velum_answer_free(there);
    velum_gate_free(gate);
    assert_log_sound(self);
}

static void refusals_are_the_same_by_both(void **state)
{
    place *const self = *state;
    const char *const ref = person(self, shop_token(self), "13800000001", full_profile);
    const char *const care = care_token(self);
    const question asked[] = {
        {.verb = VELUM_VERB_READ, .token = marketing_token(self), .ref = ref},
        {.verb = VELUM_VERB_READ, .token = care, .ref = "nobody"},
        {.verb = VELUM_VERB_READ, .token = "velum_wrong", .ref = ref},
        {.verb = VELUM_VERB_READ, .token = "", .ref = ref},
        {.verb = VELUM_VERB_LOOKUP, .token = care, .body = "{\"identifier\""},
        {.verb = VELUM_VERB_LOOKUP, .token = care, .body = "{},\"ref\":\"x\""},
    };

    serve(self);
    velum_gate *const gate = far_gate(self, 0);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        forget_refusals(self);
        const reply *const here = ask(self, asked[i]);
        assert_true(here->status >= 400);
        forget_refusals(self);
        assert_answer(call(gate, asked[i]), here->status, here->problem);
    }
    velum_gate_free(gate);
}

static void mistakes_are_the_same_by_both(void **state)
{
    place *const self = *state;
    const question asked = {.verb = VELUM_VERB_STATUS};
    char *const large = calloc(1, (1 << 20) + 2);
    velum_answer *answer = NULL;
    velum_pending *pending = NULL;

    serve(self);
    velum_gate *const far = far_gate(self, 0);
    velum_gate *const gates[] = {self->gate, far};
    for (size_t i = 0; i < 2; i++) {
        velum_request request = request_of(&asked);
        request.size = 8;
        assert_int_equal(velum_gate_call(gates[i], &request, &answer, NULL), VELUM_E_INVALID);
        assert_int_equal(velum_gate_call(gates[i], NULL, &answer, NULL), VELUM_E_INVALID);
        request = request_of(&asked);
        request.verb = 65536 + VELUM_VERB_STATUS;
        assert_int_equal(velum_gate_call(gates[i], &request, &answer, NULL), VELUM_E_INVALID);
        request = request_of(&asked);
        request.auth = 3;
        assert_int_equal(velum_gate_call(gates[i], &request, &answer, NULL), VELUM_E_INVALID);
        request = request_of(&asked);
        request.ref = (velum_string){NULL, 4};
        assert_int_equal(velum_gate_call(gates[i], &request, &answer, NULL), VELUM_E_LIMIT);
        request = request_of(&asked);
        request.body = (velum_string){large, (1 << 20) + 1};
        assert_int_equal(velum_gate_call(gates[i], &request, &answer, NULL), VELUM_E_LIMIT);
        assert_null(answer);
    }
    const velum_request request = request_of(&asked);
    assert_int_equal(velum_gate_submit(far, &request, NULL, NULL, &pending, NULL), VELUM_E_INVALID);
    assert_null(pending);
    free(large);
    velum_gate_free(far);
}

/* --- lives ------------------------------------------------------------------------------------ */

static void answers_outlive_their_gate(void **state)
{
    place *const self = *state;

    serve(self);
    velum_gate *const gate = far_gate(self, 0);
    velum_answer *const answer = call(gate, (question){.verb = VELUM_VERB_STATUS});
    velum_gate_free(gate);
    place_close(self);
    assert_non_null(
        memmem(velum_answer_body(answer).data, velum_answer_body(answer).size, "\"ready\"", 7));
    assert_answer(answer, 200, "");
}

static int use_in_child(velum_gate *gate)
{
    const question asked = {.verb = VELUM_VERB_STATUS};
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;

    if (velum_gate_call(gate, &request, &answer, NULL) != VELUM_E_FORKED || answer != NULL) {
        return 1;
    }
    velum_gate_free(gate); /* harmless: it is not this process's */
    return 0;
}

static void a_child_process_cannot_use_it(void **state)
{
    place *const self = *state;
    int status = -1;

    serve(self);
    velum_gate *const gate = far_gate(self, 0);
    velum_answer *const before = call(gate, (question){.verb = VELUM_VERB_STATUS});
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        const int result = use_in_child(gate);
        velum_answer_free(before);
        _exit(result);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_answer(before, 200, "");
    assert_answer(call(gate, (question){.verb = VELUM_VERB_STATUS}), 200, "");
    velum_gate_free(gate);
}

static void it_outlives_a_restart(void **state)
{
    place *const self = *state;

    serve(self);
    velum_gate *const gate = far_gate(self, SHORT_MS);
    assert_answer(call(gate, (question){.verb = VELUM_VERB_STATUS}), 200, "");
    place_close(self);
    assert_answer(call(gate, (question){.verb = VELUM_VERB_STATUS}), 503, "unavailable");
    place_open(self);
    serve(self);
    assert_answer(call(gate, (question){.verb = VELUM_VERB_STATUS}), 200, "");
    velum_gate_free(gate);
}

#define CROWD 12
#define REQUESTS 10

static void *call_often(void *context)
{
    velum_gate *const gate = context;
    intptr_t answered = 0;

    for (int i = 0; i < REQUESTS; i++) {
        const question asked = {.verb = VELUM_VERB_STATUS};
        const velum_request request = request_of(&asked);
        velum_answer *answer = NULL;
        if (velum_gate_call(gate, &request, &answer, NULL) == VELUM_OK) {
            answered += velum_answer_status(answer) == 200;
        }
        velum_answer_free(answer);
    }
    return (void *)answered;
}

static void many_threads_share_it(void **state)
{
    place *const self = *state;
    pthread_t threads[CROWD];
    intptr_t answered = 0;

    serve(self);
    velum_gate *const gate = far_gate(self, TIMEOUT_MS * 4);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, gate), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        answered += (intptr_t)result;
    }
    assert_int_equal(answered, CROWD * REQUESTS);
    velum_gate_free(gate);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_free_folder_is_opened_in_process),
        TEST(a_folder_held_without_a_socket_is_locked),
        TEST(a_folder_that_is_none_is_told),
        TEST(the_options_of_before_are_understood),
        TEST(a_masked_profile_is_the_same_by_both),
        TEST(refusals_are_the_same_by_both),
        TEST(mistakes_are_the_same_by_both),
        TEST(answers_outlive_their_gate),
        TEST(a_child_process_cannot_use_it),
        TEST(it_outlives_a_restart),
        TEST(many_threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
