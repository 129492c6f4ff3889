/* The command's connection to a real gate, in process and over the socket. */
#include <velum/admin.h>

#include <setjmp.h>
#include <stdarg.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"

#define SAMPLE_SEED 1
#define ROWS 60

typedef struct place {
    char parent[256];
    char folder[512];
    char key[256];
    velum_gate *gate;
} place;

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, strlen(terminated)};
}

static velum_string folder_of(const place *self)
{
    return string_of(self->folder);
}

static void open_gate(place *self)
{
    const velum_gate_options options = {
        .size = sizeof options, .folder = folder_of(self), .cache_bytes = 1 << 20, .workers = 2};
    velum_error err = {.text = ""};

    if (velum_gate_open(&options, &self->gate, &err) != VELUM_OK) {
        fail_msg("velum_gate_open: %s", err.text);
    }
    assert_int_equal(velum_gate_serve_socket(self->gate, &err), VELUM_OK);
}

static void close_gate(place *self)
{
    velum_gate_free(self->gate);
    self->gate = NULL;
}

static int set_up(void **state)
{
    const char *const base = getenv("TMPDIR");
    place *const self = calloc(1, sizeof *self);
    velum_error err = {.text = ""};

    snprintf(self->parent, sizeof self->parent, "%s/client-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(self->parent));
    snprintf(self->folder, sizeof self->folder, "%s/data", self->parent);
    const velum_init_options options = {.size = sizeof options,
                                        .folder = folder_of(self),
                                        .sample = true,
                                        .person_uid = geteuid(),
                                        .seed = SAMPLE_SEED};
    if (velum_init(&options, self->key, sizeof self->key, &err) != VELUM_OK) {
        fail_msg("velum_init: %s", err.text);
    }
    *state = self;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

static int tear_down(void **state)
{
    place *const self = *state;

    close_gate(self);
    nftw(self->parent, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(self);
    return 0;
}

static velum_client *client_of(const place *self)
{
    velum_client *client = NULL;
    velum_error err = {.text = ""};

    if (velum_client_open(folder_of(self), &client, &err) != VELUM_OK) {
        fail_msg("velum_client_open: %s", err.text);
    }
    return client;
}

static velum_answer *call(velum_client *client, uint32_t verb, const char *body)
{
    velum_request request = {.size = sizeof request, .verb = verb, .auth = VELUM_AUTH_SELF};
    velum_answer *answer = NULL;
    velum_error err = {.text = ""};

    request.body = string_of(body);
    if (velum_client_call(client, &request, &answer, &err) != VELUM_OK) {
        fail_msg("velum_client_call: %s", err.text);
    }
    return answer;
}

static void assert_answer(velum_answer *answer, int32_t status, const char *part)
{
    const velum_string body = velum_answer_body(answer);

    if (velum_answer_status(answer) != status ||
        memmem(body.data, body.size, part, strlen(part)) == NULL) {
        fail_msg("%d without %s: %.*s", velum_answer_status(answer), part, (int)body.size,
                 body.data);
    }
    velum_answer_free(answer);
}

/* The sample's people, as velum import sends them; free with free. */
static char *chunk_of_people(void)
{
    char *const body = calloc(ROWS, 2048);
    size_t size =
        (size_t)sprintf(body, "{\"source\":\"sample\",\"on_match\":\"update\",\"rows\":[");

    for (uint32_t i = 0; i < ROWS; i++) {
        char *row = NULL;
        size_t row_size = 0;
        assert_int_equal(velum_sample_person(SAMPLE_SEED, i, &row, &row_size), VELUM_OK);
        size += (size_t)sprintf(body + size, "%s%s", i == 0 ? "" : ",", row);
        velum_body_free(row);
    }
    sprintf(body + size, "]}");
    return body;
}

static size_t count_results(const velum_answer *answer, const char *result)
{
    const velum_string body = velum_answer_body(answer);
    VELUM_AUTO(json) *document = NULL;
    size_t count = 0;

    assert_int_equal(velum_answer_status(answer), 200);
    assert_int_equal(json_parse((text){body.data, body.size}, body.size, &document, NULL),
                     VELUM_OK);
    const json_value *const rows = json_member(json_root(document), "rows");
    for (size_t i = 0; i < json_count(rows); i++) {
        count += text_equal_literal(json_text(json_member(json_at(rows, i), "result")), result);
    }
    return count;
}

/* The officer asks for the same over the socket and in process, and gets the same. */
static void both_ways_lead_to_the_same_gate(void **state)
{
    place *const self = *state;
    char *const people = chunk_of_people();

    open_gate(self);
    velum_client *client = client_of(self);
    assert_true(velum_client_is_remote(client));
    velum_answer *answer = call(client, VELUM_VERB_IMPORT, people);
    if (count_results(answer, "new") != ROWS) {
        fail_msg("%.*s", 2000, velum_answer_body(answer).data);
    }
    velum_answer_free(answer);
    close_gate(self);
    velum_client_free(client);

    client = client_of(self);
    assert_false(velum_client_is_remote(client));
    answer = call(client, VELUM_VERB_IMPORT, people);
    assert_int_equal(count_results(answer, "same"), ROWS);
    velum_answer_free(answer);
    velum_client_free(client);
    free(people);
}

static void a_client_follows_a_velumd_that_stops_and_starts(void **state)
{
    place *const self = *state;

    open_gate(self);
    velum_client *const client = client_of(self);
    assert_answer(call(client, VELUM_VERB_STATUS, ""), 200, "\"policy\"");
    close_gate(self);
    open_gate(self);
    assert_answer(call(client, VELUM_VERB_STATUS, ""), 200, "\"policy\"");
    assert_true(velum_client_is_remote(client));
    velum_client_free(client);
}

static void a_wrong_token_is_unauthenticated_even_for_the_officer_s_uid(void **state)
{
    place *const self = *state;
    velum_request request = {
        .size = sizeof request, .verb = VELUM_VERB_STATUS, .auth = VELUM_AUTH_TOKEN};
    velum_answer *answer = NULL;

    open_gate(self);
    velum_client *const client = client_of(self);
    assert_int_equal(velum_client_call(client, &request, &answer, NULL), VELUM_OK);
    assert_answer(answer, 401, "unauthenticated");
    request.credential = string_of("velum_wrong");
    assert_int_equal(velum_client_call(client, &request, &answer, NULL), VELUM_OK);
    assert_answer(answer, 401, "unauthenticated");
    velum_client_free(client);
}

static void the_policy_goes_over_the_socket(void **state)
{
    place *const self = *state;
    const char *const top = getenv("VELUM_TOP");
    char path[512];
    char *packed = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "%s/policy/sample", top == NULL ? "." : top);
    assert_int_equal(velum_policy_pack(string_of(path), &packed, &size, NULL), VELUM_OK);
    open_gate(self);
    velum_client *const client = client_of(self);
    assert_answer(call(client, VELUM_VERB_POLICY_APPLY, packed), 200, "\"changed\":false");
    velum_body_free(packed);
    velum_client_free(client);
}

static void the_log_of_a_live_folder_is_verified_and_proved(void **state)
{
    place *const self = *state;
    char log[600];
    velum_log_options options = {.size = sizeof options, .verifier_key = string_of(self->key)};
    velum_log_report report = {.size = sizeof report};
    char *proof = NULL;
    size_t size = 0;

    snprintf(log, sizeof log, "%s/audit", self->folder);
    options.folder = string_of(log);
    assert_false(velum_folder_is_live(folder_of(self)));
    open_gate(self);
    options.live = velum_folder_is_live(folder_of(self));
    assert_true(options.live);
    assert_int_equal(velum_log_verify(&options, &report), VELUM_OK);
    if (report.exit_code != 6) {
        fail_msg("verify says %d: %s", report.exit_code, report.reason);
    }
    assert_true(report.entries > 0);
    assert_int_equal(velum_log_prove(string_of(log), string_of("0"), &proof, &size, NULL),
                     VELUM_OK);
    velum_body_free(proof);
}

#define CROWD 24

static void *ask_often(void *context)
{
    const place *const self = context;
    intptr_t answered = 0;

    for (int i = 0; i < 5; i++) {
        velum_client *client = NULL;
        velum_request request = {
            .size = sizeof request, .verb = VELUM_VERB_STATUS, .auth = VELUM_AUTH_SELF};
        velum_answer *answer = NULL;
        if (velum_client_open(folder_of(self), &client, NULL) == VELUM_OK &&
            velum_client_call(client, &request, &answer, NULL) == VELUM_OK) {
            answered += velum_answer_status(answer) == 200;
        }
        velum_answer_free(answer);
        velum_client_free(client);
    }
    return (void *)answered;
}

static void many_commands_are_answered_at_once(void **state)
{
    place *const self = *state;
    pthread_t threads[CROWD];
    intptr_t answered = 0;

    open_gate(self);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, self), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        answered += (intptr_t)result;
    }
    assert_int_equal(answered, CROWD * 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_ways_lead_to_the_same_gate),
        TEST(a_client_follows_a_velumd_that_stops_and_starts),
        TEST(a_wrong_token_is_unauthenticated_even_for_the_officer_s_uid),
        TEST(the_policy_goes_over_the_socket),
        TEST(the_log_of_a_live_folder_is_verified_and_proved),
        TEST(many_commands_are_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
