/* Opening, sharing, stopping, opening again; folders that are not what they were. */
#include "tests/core/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

/* --- one holder ------------------------------------------------------------------------------- */

static void one_gate_holds_a_folder(void **state)
{
    place *const self = *state;
    velum_gate *const first = self->gate;
    velum_error err = {.text = ""};

    assert_int_equal(place_try_open(self, &err), VELUM_E_LOCKED);
    assert_null(self->gate);
    assert_non_null(strstr(err.text, "holds the data folder"));
    self->gate = first;
    assert_done(ask(self, (question){.verb = VELUM_VERB_STATUS}));
    place_reopen(self);
    assert_done(ask(self, (question){.verb = VELUM_VERB_STATUS}));
}

static int use_in_child(place *self)
{
    const question asked = {.verb = VELUM_VERB_STATUS};
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;
    velum_pending *pending = NULL;

    if (velum_gate_call(self->gate, &request, &answer, NULL) != VELUM_E_FORKED || answer != NULL) {
        return 1;
    }
    if (velum_gate_submit(self->gate, &request, NULL, NULL, &pending, NULL) != VELUM_E_FORKED) {
        return 2;
    }
    velum_gate_free(self->gate); /* harmless: it is not this process's */
    return 0;
}

static void a_child_process_cannot_use_it(void **state)
{
    place *const self = *state;
    int status = -1;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(use_in_child(self));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_done(ask(self, (question){.verb = VELUM_VERB_STATUS}));
}

/* The last hold of a gate that was closed before the fork. */
static void an_answer_freed_in_a_child_closes_nothing(void **state)
{
    place *const self = *state;
    const question asked = {.verb = VELUM_VERB_STATUS};
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;
    int status = -1;

    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_OK);
    place_close(self);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        velum_gate *const gate = answer->gate;
        const int lock_fd = gate->lock_fd;
        velum_answer_free(answer);
        _exit(lock_fd >= 0 && fcntl(lock_fd, F_GETFD) >= 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(velum_answer_status(answer), 200);
    velum_answer_free(answer);
    place_open(self);
    assert_done(ask(self, (question){.verb = VELUM_VERB_STATUS}));
}

static void calls_that_are_mistakes_have_no_answer(void **state)
{
    place *const self = *state;
    const question asked = {.verb = VELUM_VERB_STATUS};
    velum_answer *answer = NULL;
    velum_request request = request_of(&asked);
    velum_gate *gate = NULL;
    velum_gate_options options = {.size = 1, .folder = {"x", 1}};

    request.size = 8;
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_E_INVALID);
    request = request_of(&asked);
    request.verb = 999;
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_E_INVALID);
    request = request_of(&asked);
    request.auth = 3;
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_E_INVALID);
    request = request_of(&asked);
    request.ref = (velum_string){NULL, 4};
    assert_true(velum_gate_call(self->gate, &request, &answer, NULL) < 0);
    request.ref = (velum_string){self->folder, PENDING_STRING_BYTES_MAX + 1};
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_E_LIMIT);
    assert_null(answer);
    assert_int_equal(velum_gate_open(&options, &gate, NULL), VELUM_E_INVALID);
    assert_int_equal(velum_gate_open(NULL, &gate, NULL), VELUM_E_INVALID);
    options.size = sizeof options;
    options.workers = 257;
    assert_true(velum_gate_open(&options, &gate, NULL) < 0);
    velum_gate_free(NULL);
    velum_answer_free(NULL);
    velum_pending_free(NULL);
}

/* --- what outlives it ------------------------------------------------------------------------- */

static void answers_outlive_their_gate(void **state)
{
    place *const self = *state;
    const question asked = {.verb = VELUM_VERB_STATUS};
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;
    velum_error err = {.text = ""};

    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_OK);
    place_close(self);
    assert_int_equal(velum_answer_status(answer), 200);
    assert_non_null(
        memmem(velum_answer_body(answer).data, velum_answer_body(answer).size, "\"ready\"", 7));
    assert_int_equal(place_try_open(self, &err), VELUM_E_LOCKED); /* closing waits for it */
    velum_answer_free(answer);
    place_open(self);
    char *body = NULL;
    size_t size = 0;
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_OK);
    velum_answer_take_body(answer, &body, &size);
    velum_answer_free(answer);
    place_close(self);
    assert_true(size > 0 && body[0] == '{');
    velum_body_free(body);
}

static void wake(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static void an_untaken_request_can_be_let_go(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question asked = {VELUM_VERB_READ, .token = shop, .ref = ref};
    const velum_request request = request_of(&asked);
    static atomic_int woken; /* may still be touched by a thread that is waking */

    for (int i = 0; i < 200; i++) {
        velum_pending *pending = NULL;
        assert_int_equal(velum_gate_submit(self->gate, &request, wake, &woken, &pending, NULL),
                         VELUM_PENDING);
        for (int wait = i % 7; wait > 0; wait--) {
            sched_yield();
        }
        velum_pending_free(pending);
    }
    while (!velum_gate_is_idle(self->gate)) {
        sched_yield();
    }
    place_reopen(self);
    assert_log_sound(self);
}

/* --- many at once ----------------------------------------------------------------------------- */

#define THREADS 8
#define TURNS 40

typedef struct load {
    velum_gate *gate;
    const char *shop;
    const char *desk;
    const char *refs[4];
    uint32_t seed;
    atomic_int *stop;
    uint32_t done;
    uint32_t unavailable;
    uint32_t wrong;
} load;

static void count_answer(load *self, velum_answer *answer)
{
    const int32_t status = velum_answer_status(answer);

    self->done += status == 200 ? 1 : 0;
    self->unavailable += status == 503 ? 1 : 0;
    self->wrong += status == 200 || status == 503 ? 0 : 1;
    velum_answer_free(answer);
}

static question question_of(load *self, uint32_t turn, char body[256])
{
    const char *const ref = self->refs[(turn + self->seed) % 4];

    switch ((turn * 7 + self->seed) % 4) {
    case 0:
        snprintf(body, 256,
                 "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"1390%07u\"}],"
                 "\"profile\":{\"city\":\"c%u\"}}",
                 self->seed * 1000 + turn % 13, turn);
        return (question){VELUM_VERB_UPSERT, .token = self->shop, .body = body};
    case 1:
        snprintf(body, 256, "{\"purpose\":\"analytics\",\"state\":\"%s\"}",
                 turn % 8 < 4 ? "given" : "withdrawn");
        return (question){VELUM_VERB_CONSENT_PUT, .token = self->desk, .ref = ref, .body = body};
    case 2:
        return (question){VELUM_VERB_CONSENT_LIST, .token = self->desk, .ref = ref};
    default:
        return (question){VELUM_VERB_READ, .token = self->shop, .ref = ref};
    }
}

static void *call_often(void *context)
{
    load *const self = context;
    char body[256] = "";

    for (uint32_t turn = 0; turn < TURNS || self->stop != NULL; turn++) {
        const question asked = question_of(self, turn, body);
        const velum_request request = request_of(&asked);
        velum_answer *answer = NULL;
        if (velum_gate_call(self->gate, &request, &answer, NULL) != VELUM_OK) {
            self->wrong++;
            continue;
        }
        count_answer(self, answer);
        if (self->stop != NULL && atomic_load(self->stop) != 0) {
            break;
        }
    }
    return NULL;
}

static void start_load(place *self, load loads[THREADS], pthread_t threads[THREADS],
                       atomic_int *stop)
{
    load one = {
        .gate = self->gate, .shop = shop_token(self), .desk = desk_token(self), .stop = stop};

    for (int i = 0; i < 4; i++) {
        one.refs[i] = person(self, one.shop, text_f(self, "1380000000%d", i), full_profile);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        loads[i] = one;
        loads[i].seed = i;
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &loads[i]), 0);
    }
}

/* More callers than workers; the cache is far too small. */
static void many_threads_read_and_write(void **state)
{
    place *const self = *state;
    load loads[THREADS];
    pthread_t threads[THREADS];
    uint32_t done = 0;

    place_close(self);
    self->workers = 3;
    self->cache_bytes = 20000;
    place_open(self);
    start_load(self, loads, threads, NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(loads[i].wrong, 0);
        done += loads[i].done;
    }
    assert_true(done > THREADS * TURNS / 2);
    place_reopen(self);
    assert_log_sound(self);
}

/* Requests that need the writer while they hold an arena must not starve it. */
static void *prove_often(void *context)
{
    const question asked = {VELUM_VERB_AUDIT_PROVE, .body = "{\"index\":0}"};
    const velum_request request = request_of(&asked);

    for (int i = 0; i < 10; i++) {
        velum_answer *answer = NULL;
        if (velum_gate_call(((load *)context)->gate, &request, &answer, NULL) == VELUM_OK) {
            count_answer(context, answer);
        }
    }
    return NULL;
}

static void proofs_do_not_starve_the_writer(void **state)
{
    place *const self = *state;
    load loads[THREADS] = {{.gate = NULL}};
    pthread_t threads[THREADS];

    place_close(self);
    self->workers = 1;
    place_open(self);
    const char *const shop = shop_token(self);
    for (int i = 0; i < THREADS; i++) {
        loads[i].gate = self->gate;
        assert_int_equal(pthread_create(&threads[i], NULL, prove_often, &loads[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        person(self, shop, text_f(self, "138000000%02d", i), full_profile);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(loads[i].done, 10);
    }
}

/* A stop under load answers everybody, and what was acknowledged is there afterwards. */
static void a_stop_under_load_answers_everybody(void **state)
{
    place *const self = *state;
    load loads[THREADS];
    pthread_t threads[THREADS];
    atomic_int stop;
    const char *reason = NULL;

    atomic_init(&stop, 0);
    start_load(self, loads, threads, &stop);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ask(self, (question){.verb = VELUM_VERB_STATUS})->status, 200);
    }
    velum_gate_quiesce(self->gate);
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_E_UNAVAILABLE);
    assert_string_equal(reason, "stopping");
    assert_refused(ask(self, (question){.verb = VELUM_VERB_STATUS}), 503, "unavailable");
    atomic_store(&stop, 1);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(loads[i].wrong, 0);
    }
    assert_true(velum_gate_is_idle(self->gate));
    place_close(self);
    assert_log_sound(self);
    place_open(self);
    assert_done(
        ask(self, (question){VELUM_VERB_READ, .token = loads[0].shop, .ref = loads[0].refs[0]}));
}

static void it_can_be_opened_again_and_again(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    uint64_t entries = 0;

    for (int i = 0; i < 30; i++) {
        person(self, shop, text_f(self, "138000000%02d", i), full_profile);
        place_reopen(self);
        assert_true(log_size(self) > entries);
        entries = log_size(self);
        assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), i + 1);
    }
    place_close(self);
    assert_log_sound(self);
}

/* --- folders that are not what they were ------------------------------------------------------ */

static void assert_not_opened(place *self, velum_status expected, const char *word)
{
    velum_error err = {.text = ""};
    const velum_status status = place_try_open(self, &err);

    if (status != expected || strstr(err.text, word) == NULL) {
        fail_msg("%s: %s", velum_status_name(status), err.text);
    }
    assert_null(self->gate);
}

static void an_older_database_beside_a_newer_log_is_refused(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const old = text_f(self, "%s/old", self->parent);

    place_close(self);
    copy_folder(self->folder, old);
    place_open(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    place_close(self);
    assert_int_equal(rename(text_f(self, "%s/vault.db", self->folder),
                            text_f(self, "%s/vault.new", self->parent)),
                     0);
    assert_int_equal(
        rename(text_f(self, "%s/vault.db", old), text_f(self, "%s/vault.db", self->folder)), 0);
    assert_not_opened(self, VELUM_E_CORRUPT, "old copy of the database");
    assert_int_equal(rename(text_f(self, "%s/vault.new", self->parent),
                            text_f(self, "%s/vault.db", self->folder)),
                     0);
    place_open(self);
    assert_done(
        ask(self, (question){VELUM_VERB_READ, shop, .ref = ref})); /* its keys were left alone */
}

static void an_older_log_beside_a_newer_database_is_refused(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const old = text_f(self, "%s/old", self->parent);

    place_close(self);
    copy_folder(self->folder, old);
    place_open(self);
    person(self, shop, "13800000001", full_profile);
    place_close(self);
    remove_folder(text_f(self, "%s/audit", self->folder));
    copy_folder(text_f(self, "%s/audit", old), text_f(self, "%s/audit", self->folder));
    assert_not_opened(self, VELUM_E_TRUNCATED, "");
}

static void a_wrong_root_secret_opens_nothing(void **state)
{
    place *const self = *state;
    const char *const file = text_f(self, "%s/root.key", self->folder);

    place_close(self);
    FILE *const out = fopen(file, "r+b");
    assert_non_null(out);
    const int first = fgetc(out);
    rewind(out);
    fputc(first == 'a' ? 'b' : 'a', out);
    assert_int_equal(fclose(out), 0);
    assert_not_opened(self, VELUM_E_CRYPTO, "");
    unlink(file);
    velum_error err = {.text = ""};
    assert_true(place_try_open(self, &err) < 0);
    assert_true(err.text[0] != '\0');
}

static void what_is_no_folder_of_ours_is_not_opened(void **state)
{
    place *const self = *state;

    place_close(self);
    const char *const real = text_f(self, "%s", self->folder);
    snprintf(self->folder, sizeof self->folder, "%s/none", self->parent);
    assert_not_opened(self, VELUM_E_NOTFOUND, "no such");
    assert_int_equal(mkdir(self->folder, 0700), 0);
    assert_not_opened(self, VELUM_E_NOTFOUND, "no data folder of Velum");
    snprintf(self->folder, sizeof self->folder, "%s", real);
    place_open(self);
}

/* --- what stands on the disk ------------------------------------------------------------------ */

static bool holds_text(const char *path, const char *wanted)
{
    FILE *const file = fopen(path, "rb");
    static char bytes[1 << 23];

    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return memmem(bytes, size, wanted, strlen(wanted)) != NULL;
}

/* I-5: nothing of a customer in the clear, in any file, open or closed. */
static void assert_nothing_in_the_clear(place *self)
{
    static const char *const canaries[] = {"CANARY", "13800000001", "1990-05-06", "velum_",
                                           "velumc_"};
    static const char *const files[] = {"vault.db",
                                        "vault.db-wal",
                                        "keys.db",
                                        "keys.db-wal",
                                        "audit/tail-00000000000000000000",
                                        "audit/checkpoint"};

    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        const char *const path = text_f(self, "%s/%s", self->folder, files[f]);
        for (size_t c = 0; access(path, F_OK) == 0 && c < sizeof canaries / sizeof canaries[0];
             c++) {
            if (holds_text(path, canaries[c])) {
                fail_msg("%s stands in %s", canaries[c], files[f]);
            }
        }
    }
}

static void nothing_of_a_customer_stands_in_the_clear(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref =
        person(self, shop, "13800000001", "{\"name\":\"CANARY\",\"birthday\":\"1990-05-06\"}");

    customer_of(self, ref);
    ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref, .fields = "CANARY"});
    ask(self, (question){VELUM_VERB_READ, .token = shop, .activity = "CANARY", .ref = ref});
    ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = text_f(self, "CANARY:%s", ref)});
    ask(self, (question){VELUM_VERB_IMPORT, .body = "{\"source\":\"CANARY\",\"rows\":[{\"line\":1,"
                                                    "\"identifiers\":[{\"type\":\"CANARY\","
                                                    "\"value\":\"13800000001\"}]}]}"});
    log_sync(self);
    assert_nothing_in_the_clear(self);
    place_close(self);
    assert_nothing_in_the_clear(self);
    assert_true(holds_text(text_f(self, "%s/audit/origin", self->folder), "velum/"));
}

/* --- making ----------------------------------------------------------------------------------- */

static int entries_in(const char *path)
{
    DIR *const folder = opendir(path);
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count - 2;
}

static void making_refuses_a_folder_with_something_in_it(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};

    assert_int_equal(mkdir(self->folder, 0700), 0);
    const char *const file = text_f(self, "%s/mine", self->folder);
    FILE *const out = fopen(file, "w");
    assert_non_null(out);
    fclose(out);
    assert_int_equal(place_init(self, true, &err), VELUM_E_EXISTS);
    assert_non_null(strstr(err.text, "not empty"));
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(entries_in(self->parent), 1);
    unlink(file);
    assert_int_equal(place_init(self, true, &err), VELUM_OK); /* an empty one is taken */
    assert_int_equal(place_init(self, true, &err), VELUM_E_EXISTS);
    place_open(self);
}

/* The kit's folder is in use: the data folder goes, the other's file stays. */
static void a_kit_folder_in_use_is_left_alone(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    const char *const mine = text_f(self, "%s/velum-root", self->kit);

    assert_int_equal(mkdir(self->kit, 0700), 0);
    FILE *const out = fopen(mine, "w");
    assert_non_null(out);
    fclose(out);
    assert_int_equal(place_init(self, false, &err), VELUM_E_EXISTS);
    assert_int_equal(access(mine, F_OK), 0);
    assert_int_equal(access(self->folder, F_OK), -1);
}

static void a_kit_inside_the_folder_is_no_kit(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};

    snprintf(self->kit, sizeof self->kit, "%s/./data/kit", self->parent);
    assert_int_equal(place_init(self, false, &err), VELUM_E_INVALID);
    assert_non_null(strstr(err.text, "outside the data folder"));
    assert_int_equal(entries_in(self->parent), 0);
}

#ifdef VELUM_TEST_SEAMS
/* Every nth of a kind fails in turn, `step` apart, until none is left to fail. */
static void make_under_all(place *self, const char *kind, int first, int step, bool sample)
{
    velum_error err = {.text = ""};
    bool made = false;
    int failures = 0;

    for (int n = first; !made && n < 60000; n += step) {
        fault_plan(text_f(self, "%s:%d:eio", kind, n));
        made = place_init(self, sample, &err) == VELUM_OK;
        fault_plan(NULL);
        if (!made && entries_in(self->parent) != 0) {
            fail_msg("%s:%d leaves something behind", kind, n);
        }
        failures += made ? 0 : 1;
    }
    assert_true(made);
    assert_true(failures > 0);
    if (!sample) {
        setenv("VELUM_ROOT_FILE", text_f(self, "%s/velum-root", self->kit), 1);
    }
    place_open(self);
    place_close(self);
    remove_folder(self->folder);
    remove_folder(self->kit);
    unsetenv("VELUM_ROOT_FILE");
}

static void making_that_fails_leaves_nothing(void **state)
{
    make_under_all(*state, "rename", 1, 1, true);
    make_under_all(*state, "rename", 1, 1, false);
    make_under_all(*state, "sync", 1, 1, true);
    make_under_all(*state, "sync", 2, 3, false);
    make_under_all(*state, "write", 1, 5, true);
    make_under_all(*state, "write", 3, 11, false);
}

static void making_without_statements_or_memory_leaves_nothing(void **state)
{
    make_under_all(*state, "sql", 1, 83, true);
    make_under_all(*state, "alloc", 1, 307, true);
}
#endif

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, place_set_up_empty, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_gate_holds_a_folder),
        TEST(a_child_process_cannot_use_it),
        TEST(an_answer_freed_in_a_child_closes_nothing),
        TEST(calls_that_are_mistakes_have_no_answer),
        TEST(answers_outlive_their_gate),
        TEST(an_untaken_request_can_be_let_go),
        TEST(many_threads_read_and_write),
        TEST(proofs_do_not_starve_the_writer),
        TEST(a_stop_under_load_answers_everybody),
        TEST(it_can_be_opened_again_and_again),
        TEST(an_older_database_beside_a_newer_log_is_refused),
        TEST(an_older_log_beside_a_newer_database_is_refused),
        TEST(a_wrong_root_secret_opens_nothing),
        TEST(what_is_no_folder_of_ours_is_not_opened),
        TEST(nothing_of_a_customer_stands_in_the_clear),
        EMPTY(making_refuses_a_folder_with_something_in_it),
        EMPTY(a_kit_folder_in_use_is_left_alone),
        EMPTY(a_kit_inside_the_folder_is_no_kit),
#ifdef VELUM_TEST_SEAMS
        EMPTY(making_that_fails_leaves_nothing),
        EMPTY(making_without_statements_or_memory_leaves_nothing),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
