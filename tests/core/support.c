#include "tests/core/support.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/log_reader.h"
#include "audit/verify.h"
#include "base/fault.h"
#include "base/file.h"

#define SAMPLE_SEED 1
#define CACHE_BYTES (UINT64_C(1) << 20)
#define FAULTS_MIN 4 /* a walk that came to less proves nothing */

const char full_profile[] =
    "{\"name\":\"王小明\",\"mobile\":\"13800000001\",\"email\":\"ming@example.com\","
    "\"birthday\":\"1990-05-06\",\"city\":\"常州\",\"member_level\":\"gold\","
    "\"id_card\":\"320402199005060018\",\"bank_card\":\"6222020200112233\","
    "\"address\":\"常州市天宁区青龙街道1号\",\"store\":\"S001\"}";
const char child_profile[] = "{\"name\":\"李小华\",\"birthday\":\"2020-05-06\",\"city\":\"常州\","
                             "\"address\":\"常州市天宁区青龙街道2号\"}";

static velum_string string_of(const char *terminated)
{
    return terminated == NULL ? (velum_string){NULL, 0}
                              : (velum_string){terminated, strlen(terminated)};
}

/* --- making, opening, closing ----------------------------------------------------------------- */

int place_set_up_empty(void **state)
{
    const char *const base = getenv("TMPDIR");
    place *const self = calloc(1, sizeof *self);

    fault_plan(NULL);
    unsetenv("VELUM_TEST_CLOCK");
    snprintf(self->parent, sizeof self->parent, "%s/core-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(self->parent) == NULL || crypto_init() != VELUM_OK) {
        return -1;
    }
    snprintf(self->folder, sizeof self->folder, "%s/data", self->parent);
    snprintf(self->kit, sizeof self->kit, "%s/kit", self->parent);
    self->workers = 4;
    self->cache_bytes = CACHE_BYTES;
    *state = self;
    return 0;
}

static int set_up(void **state, bool sample, bool clock)
{
    velum_error err = {.text = ""};

    if (place_set_up_empty(state) != 0) {
        return -1;
    }
    place *const self = *state;
    if (clock) {
        snprintf(self->clock, sizeof self->clock, "%s/clock", self->parent);
        place_set_clock(self, PLACE_EPOCH_NS);
        setenv("VELUM_TEST_CLOCK", self->clock, 1);
    }
    if (place_init(self, sample, &err) != VELUM_OK) {
        print_error("velum_init: %s\n", err.text);
        return -1;
    }
    if (!sample) {
        setenv("VELUM_ROOT_FILE", text_f(self, "%s/velum-root", self->kit), 1);
    }
    place_open(self);
    return 0;
}

int place_set_up(void **state)
{
    return set_up(state, true, false);
}

int place_set_up_clock(void **state)
{
    return set_up(state, true, true);
}

int place_set_up_kit(void **state)
{
    return set_up(state, false, false);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER
#endif
#endif

/* A failed assertion jumps over frames that AddressSanitizer still knows: it would stop at whatever lies there
 * next, and the failure's own message be lost. */
static void forget_frames(void)
{
#if defined(HAS_ADDRESS_SANITIZER) || defined(__SANITIZE_ADDRESS__)
    void __asan_handle_no_return(void);
    __asan_handle_no_return();
#endif
}

int place_tear_down(void **state)
{
    place *const self = *state;

    forget_frames();
    fault_plan(NULL);
    place_close(self);
    place_forget(self);
    remove_folder(self->parent);
    unsetenv("VELUM_TEST_CLOCK");
    unsetenv("VELUM_ROOT_FILE");
    free(self);
    return 0;
}

velum_status place_init(place *self, bool sample, velum_error *err)
{
    const velum_init_options options = {.size = sizeof options,
                                        .folder = string_of(self->folder),
                                        .kit_folder = string_of(sample ? NULL : self->kit),
                                        .sample = sample,
                                        .person_uid = geteuid(),
                                        .seed = SAMPLE_SEED};

    return velum_init(&options, self->verifier_key, sizeof self->verifier_key, err);
}

velum_status place_try_open(place *self, velum_error *err)
{
    const velum_gate_options options = {.size = sizeof options,
                                        .folder = string_of(self->folder),
                                        .cache_bytes = self->cache_bytes,
                                        .workers = self->workers};

    return velum_gate_open(&options, &self->gate, err);
}

void place_open(place *self)
{
    velum_error err = {.text = ""};

    if (place_try_open(self, &err) != VELUM_OK) {
        fail_msg("velum_gate_open: %s", err.text);
    }
}

void place_close(place *self)
{
    velum_gate_free(self->gate);
    self->gate = NULL;
}

void place_reopen(place *self)
{
    place_close(self);
    place_open(self);
}

/* Replaced whole, because other threads read it meanwhile. */
void place_set_clock(place *self, int64_t wall_ns)
{
    char beside[PLACE_PATH_BYTES + 32];

    snprintf(beside, sizeof beside, "%s.next", self->clock);
    FILE *const file = fopen(beside, "w");
    assert_non_null(file);
    fprintf(file, "%lld\n", (long long)wall_ns);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(beside, self->clock), 0);
}

void place_forget(place *self)
{
    while (self->replies != NULL) {
        reply *const gone = self->replies;
        self->replies = gone->next;
        json_free(gone->json);
        free(gone->body);
        free(gone);
    }
    while (self->texts != NULL) {
        kept *const gone = self->texts;
        self->texts = gone->next;
        free(gone);
    }
}

static const char *copy_to;
static size_t copy_from_size;

static void copy_bytes(const char *from, const char *to)
{
    char bytes[65536];
    FILE *const in = fopen(from, "rb");
    FILE *const out = fopen(to, "wb");
    size_t size = 0;

    assert_non_null(in);
    assert_non_null(out);
    while ((size = fread(bytes, 1, sizeof bytes, in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, size, out), size);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static int copy_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    char to[2 * PLACE_PATH_BYTES];

    snprintf(to, sizeof to, "%s%s", copy_to, path + copy_from_size);
    if (kind == FTW_D) {
        return mkdir(to, 0700);
    }
    if (S_ISREG(info->st_mode)) {
        copy_bytes(path, to);
        return chmod(to, 0600);
    }
    return 0;
}

void copy_folder(const char *from, const char *to)
{
    copy_to = to;
    copy_from_size = strlen(from);
    assert_int_equal(nftw(from, copy_one, 16, FTW_PHYS), 0);
}

/* --- asking ----------------------------------------------------------------------------------- */

void assert_faults_were_hit(const char *kind, int rounds)
{
    const int hit = rounds - 1;

    assert_true(hit >= (strcmp(kind, "sync") == 0 ? 1 : FAULTS_MIN));
}

const char *text_f(place *self, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    const int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    kept *const made = malloc(sizeof *made + (size_t)size + 1);
    assert_non_null(made);
    va_start(list, format);
    vsnprintf(made->text, (size_t)size + 1, format, list);
    va_end(list);
    made->next = self->texts;
    self->texts = made;
    return made->text;
}

velum_request request_of(const question *asked)
{
    return (velum_request){.size = sizeof(velum_request),
                           .verb = asked->verb,
                           .auth = asked->token == NULL ? VELUM_AUTH_SELF : VELUM_AUTH_TOKEN,
                           .credential = string_of(asked->token),
                           .activity = string_of(asked->activity),
                           .ref = string_of(asked->ref),
                           .fields = string_of(asked->fields),
                           .body = string_of(asked->body),
                           .if_match = string_of(asked->if_match)};
}

void forget_refusals(place *self)
{
    velum_gate *const gate = self->gate;

    refusals_clear(&gate->refusals);
    assert_int_equal(refusals_init(&gate->refusals, &gate->counters.repeats_forgotten), VELUM_OK);
}

static const reply *keep_reply(place *self, velum_answer *answer)
{
    const velum_string body = velum_answer_body(answer);
    reply *const made = calloc(1, sizeof *made);

    assert_non_null(made);
    made->status = velum_answer_status(answer);
    snprintf(made->problem, sizeof made->problem, "%s", velum_answer_problem(answer));
    made->body = calloc(1, body.size + 1);
    assert_non_null(made->body);
    if (body.size > 0) {
        memcpy(made->body, body.data, body.size);
    }
    velum_answer_free(answer);
    made->next = self->replies;
    self->replies = made;
    return made;
}

velum_status try_ask(place *self, const question *asked, const reply **out)
{
    const velum_request request = request_of(asked);
    velum_answer *answer = NULL;

    *out = NULL;
    const velum_status status = velum_gate_call(self->gate, &request, &answer, NULL);
    if (status == VELUM_OK) {
        *out = keep_reply(self, answer);
    }
    return status;
}

const reply *ask(place *self, question asked)
{
    const reply *answer = NULL;
    const velum_status status = try_ask(self, &asked, &answer);

    if (status != VELUM_OK) {
        fail_msg("verb %u: %s", asked.verb, velum_status_name(status));
    }
    reply *const made = (reply *)(uintptr_t)answer;
    const text body = text_of(made->body);
    if (json_parse(body, body.size + 1, &made->json, NULL) != VELUM_OK) {
        fail_msg("verb %u: no JSON: %s", asked.verb, made->body);
    }
    return answer;
}

fault_kind fault_kind_of(const char *kind)
{
    return strcmp(kind, "alloc") == 0   ? FAULT_ALLOC
           : strcmp(kind, "write") == 0 ? FAULT_WRITE
           : strcmp(kind, "sync") == 0  ? FAULT_SYNC
                                        : FAULT_SQL;
}

bool ask_under_fault(place *self, const char *kind, int n, question asked, const reply **out_done)
{
    const reply *answer = NULL;

    forget_refusals(self);
    fault_plan(text_f(self, "%s:%d:eio", kind, n));
    const velum_status status = try_ask(self, &asked, &answer);
    const bool hit = fault_count(fault_kind_of(kind)) >= (unsigned long)n;
    fault_plan(NULL);
    if (status == VELUM_OK && answer->status != 200 && answer->status != 503 &&
        answer->status != 500) {
        fail_msg("%s:%d: %d %s", kind, n, answer->status, answer->body);
    }
    if (out_done != NULL) {
        *out_done = status == VELUM_OK && answer->status == 200 ? answer : NULL;
    }
    return hit;
}

bool killed_at(place *self, const doomed *what, const char *kind, unsigned n)
{
    int ended = 0;
    const char *const plan = text_f(self, "%s:%u:kill", kind, n);
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (what->prepare != NULL) {
            what->prepare(self);
        }
        fault_plan(plan);
        _exit(what->act(self) == VELUM_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (WIFSIGNALED(ended)) {
        assert_int_equal(WTERMSIG(ended), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(ended), 0);
    return false;
}

const reply *assert_done(const reply *answer)
{
    if (answer->status != 200) {
        fail_msg("%d %s", answer->status, answer->body);
    }
    return answer;
}

const reply *assert_refused(const reply *answer, int32_t status, const char *problem)
{
    if (answer->status != status || strcmp(answer->problem, problem) != 0) {
        fail_msg("%d %s where %d %s was expected: %s", answer->status, answer->problem, status,
                 problem, answer->body);
    }
    return answer;
}

const json_value *value_at(const reply *answer, const char *path)
{
    const json_value *value = json_root(answer->json);
    char copy[128];
    char *rest = NULL;

    snprintf(copy, sizeof copy, "%s", path);
    for (char *part = strtok_r(copy, "/", &rest); part != NULL && value != NULL;
         part = strtok_r(NULL, "/", &rest)) {
        value = json_kind_of(value) == JSON_ARRAY ? json_at(value, strtoul(part, NULL, 10))
                                                  : json_member(value, part);
    }
    return value;
}

const char *text_at(const reply *answer, const char *path)
{
    const json_value *value = value_at(answer, path);

    return value == NULL || json_kind_of(value) != JSON_TEXT ? "" : json_text(value).data;
}

int64_t integer_at(const reply *answer, const char *path)
{
    const json_value *value = value_at(answer, path);

    if (value == NULL || json_kind_of(value) != JSON_INTEGER) {
        fail_msg("no number at %s: %s", path, answer->body);
    }
    return json_integer(value);
}

void assert_text_at(const reply *answer, const char *path, const char *expected)
{
    if (strcmp(text_at(answer, path), expected) != 0) {
        fail_msg("%s is not %s: %s", path, expected, answer->body);
    }
}

bool list_has(const reply *answer, const char *path, const char *wanted)
{
    const json_value *list = value_at(answer, path);

    for (size_t i = 0; list != NULL && i < json_count(list); i++) {
        if (text_equal_literal(json_text(json_at(list, i)), wanted)) {
            return true;
        }
    }
    return false;
}

/* --- usual people and systems ----------------------------------------------------------------- */

static void quote_list(const char *names, char *out, size_t size)
{
    size_t used = 0;
    text rest = text_of(names);
    text name;

    out[0] = '\0';
    while (text_split(&rest, ',', &name)) {
        used += (size_t)snprintf(out + used, size - used, "%s\"%.*s\"", used == 0 ? "" : ",",
                                 (int)name.size, name.data);
    }
}

const char *token_of(place *self, holder wanted)
{
    char activities[256];
    const char *const store =
        wanted.store == NULL ? "" : text_f(self, ",\"store\":\"%s\"", wanted.store);

    quote_list(wanted.activities, activities, sizeof activities);
    const reply *answer = ask(
        self, (question){VELUM_VERB_CREDENTIAL_ADD,
                         .body = text_f(self,
                                        "{\"name\":\"%s\",\"kind\":\"%s\",\"roles\":[\"%s\"],"
                                        "\"activities\":[%s],\"domain\":\"%s\"%s}",
                                        wanted.name, wanted.kind == NULL ? "service" : wanted.kind,
                                        wanted.role, activities, wanted.domain, store)});
    return text_f(self, "%s", text_at(assert_done(answer), "token"));
}

const char *shop_token(place *self)
{
    return token_of(self, (holder){"shop", NULL, "delivery", "order-fulfilment", "shop", NULL});
}

const char *care_token(place *self)
{
    return token_of(self,
                    (holder){"care", NULL, "customer_service", "customer-care", "shop", NULL});
}

const char *marketing_token(place *self)
{
    return token_of(self,
                    (holder){"campaign", NULL, "marketing", "direct-marketing", "shop", NULL});
}

const char *desk_token(place *self)
{
    return token_of(self,
                    (holder){"desk", NULL, "customer_service", "consent-capture", "shop", NULL});
}

const char *person(place *self, const char *shop, const char *mobile, const char *profile)
{
    const char *const body =
        text_f(self, "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"%s\"}],\"profile\":%s}",
               mobile, profile);
    const reply *answer = ask(self, (question){VELUM_VERB_UPSERT, shop, .body = body});

    return text_f(self, "%s", text_at(assert_done(answer), "subject"));
}

void consent(place *self, const char *desk, const char *ref, const char *purpose, const char *state)
{
    assert_done(ask(self, (question){VELUM_VERB_CONSENT_PUT, desk, .ref = ref,
                                     .body = text_f(self, "{\"purpose\":\"%s\",\"state\":\"%s\"}",
                                                    purpose, state)}));
}

const char *agreed_approval(place *self, const char *token, const char *wish)
{
    static int approvers;
    const char *const name = text_f(self, "approver-%d", approvers++);
    const char *const approver =
        token_of(self, (holder){name, "human", "dpo", "approvals", "*", NULL});
    const char *const id =
        text_at(assert_done(ask(self, (question){VELUM_VERB_APPROVAL_ASK, token, .body = wish})),
                "approval");

    assert_done(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, approver, .ref = id,
                                     .body = "{\"decision\":\"agree\"}"}));
    return id;
}

void merge_records(place *self, const char *shop, const char *stays, const char *joins)
{
    const char *const id = agreed_approval(
        self, shop,
        text_f(self, "{\"kind\":\"link\",\"subject\":\"%s\",\"refs\":[\"%s\"]}", stays, joins));

    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_MERGE, shop, .ref = stays,
                                     .body = text_f(self, "{\"with\":\"%s\",\"approval\":\"%s\"}",
                                                    joins, id)}));
}

const char *customer_of(place *self, const char *ref)
{
    const reply *answer =
        ask(self, (question){VELUM_VERB_CREDENTIAL_CUSTOMER, .ref = text_f(self, "shop:%s", ref)});

    return text_f(self, "%s", text_at(assert_done(answer), "token"));
}

void change_policy(place *self, const char *const *changes)
{
    char *packed = NULL;
    size_t size = 0;
    const char *const top = getenv("VELUM_TOP");
    const char *const folder = text_f(self, "%s/policy/sample", top == NULL ? "." : top);

    assert_int_equal(velum_policy_pack(string_of(folder), &packed, &size, NULL), VELUM_OK);
    const char *body = text_f(self, "%.*s", (int)size, packed);
    velum_body_free(packed);
    for (size_t i = 0; changes[i] != NULL; i += 2) {
        const char *const at = strstr(body, changes[i]);
        if (at == NULL) {
            fail_msg("the sample policy has no %s", changes[i]);
        }
        body = text_f(self, "%.*s%s%s", (int)(at - body), body, changes[i + 1],
                      at + strlen(changes[i]));
    }
    assert_done(ask(self, (question){VELUM_VERB_POLICY_APPLY, .body = body}));
}

/* --- the log and the database ----------------------------------------------------------------- */

void log_sync(place *self)
{
    assert_int_equal(
        appender_wait(&self->gate->appender, atomic_load(&self->gate->writer.seq), 10000),
        VELUM_OK);
}

void log_visit(place *self, entry_visitor visit, void *context)
{
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO(log_reader) *reader = NULL;
    log_leaf leaf;
    audit_entry entry;
    velum_status status = VELUM_OK;

    if (self->gate != NULL) {
        log_sync(self);
    }
    assert_int_equal(directory_open(text_f(self, "%s/audit", self->folder), &fd), VELUM_OK);
    assert_int_equal(log_reader_open(fd, &reader, NULL), VELUM_OK);
    while ((status = log_reader_next(reader, &leaf)) == VELUM_OK) {
        assert_int_equal(entry_decode(leaf.body, leaf.body_size, &entry), VELUM_OK);
        visit(context, leaf.index, &entry);
    }
    assert_int_equal(status, VELUM_END);
}

static void count_one(void *context, uint64_t index, const audit_entry *entry)
{
    (*(uint64_t *)context)++;
}

uint64_t log_size(place *self)
{
    uint64_t count = 0;

    log_visit(self, count_one, &count);
    return count;
}

typedef struct pick {
    uint64_t index;
    bool found;
    audit_entry *out;
} pick;

static void pick_one(void *context, uint64_t index, const audit_entry *entry)
{
    static uint8_t subjects[ENTRY_SUBJECTS_MAX][ENTRY_TOKEN_BYTES];
    pick *const self = context;

    if (self->index == UINT64_MAX || self->index == index) {
        *self->out = *entry;
        if (entry->subject_count > 0) {
            memcpy(subjects, entry->subjects, entry->subject_count * ENTRY_TOKEN_BYTES);
            self->out->subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])subjects;
        }
        self->found = true;
    }
}

void log_at(place *self, uint64_t index, audit_entry *out)
{
    pick wanted = {index, false, out};

    log_visit(self, pick_one, &wanted);
    assert_true(wanted.found);
}

void log_last(place *self, audit_entry *out)
{
    log_at(self, UINT64_MAX, out);
}

typedef struct denial {
    uint64_t index;
    bool found;
} denial;

static void note_denial(void *context, uint64_t index, const audit_entry *entry)
{
    if (entry->decision == ENTRY_DENY) {
        *(denial *)context = (denial){index, true};
    }
}

void log_last_denial(place *self, audit_entry *out)
{
    denial last = {.found = false};

    log_visit(self, note_denial, &last);
    assert_true(last.found);
    log_at(self, last.index, out);
}

void assert_log_sound(place *self)
{
    VELUM_AUTO_FD fd = -1;
    verify_report report;

    if (self->gate != NULL) {
        log_sync(self);
    }
    assert_int_equal(directory_open(text_f(self, "%s/audit", self->folder), &fd), VELUM_OK);
    const verify_options options = {
        .dir_fd = fd, .verifier_key = text_of(self->verifier_key), .live = self->gate != NULL};
    assert_int_equal(log_verify(&options, &report), VELUM_OK);
    if (report.exit_code != VERIFY_SOUND && report.exit_code != VERIFY_UNPROVEN) {
        fail_msg("log: %d %s", report.exit_code, report.reason);
    }
}

const char *reason_of(place *self, const audit_entry *entry)
{
    world *const held = gate_world(self->gate);
    const char *const name = world_name(held, REGISTRY_REASON, entry->refusal);
    const char *const copy = text_f(self, "%s", name == NULL ? "" : name);

    world_free(held);
    return copy;
}

uint64_t input_of(const audit_entry *entry, uint32_t key)
{
    for (uint32_t i = 0; i < entry->input_count; i++) {
        if (entry->inputs[i].key == key) {
            return entry->inputs[i].value;
        }
    }
    return 0;
}

typedef struct statement {
    const char *sql;
    int64_t count;
} statement;

static velum_status run_sql(void *context, store_conn *conn)
{
    return conn_run(conn, ((const statement *)context)->sql);
}

void sql_run(place *self, const char *sql)
{
    statement task = {sql, 0};

    assert_int_equal(writer_run(&self->gate->writer, run_sql, &task), VELUM_OK);
}

static velum_status count_sql(void *context, store_conn *conn)
{
    statement *const self = context;
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, self->sql, &stmt));
    VELUM_TRY(stmt_step(stmt));
    self->count = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

int64_t sql_count(place *self, const char *sql)
{
    statement task = {sql, 0};

    assert_int_equal(writer_run(&self->gate->writer, count_sql, &task), VELUM_OK);
    return task.count;
}

static velum_status count_changes(void *context, store_conn *conn)
{
    *(int64_t *)context = conn_total_changes(conn);
    return VELUM_OK;
}

int64_t rows_changed(place *self)
{
    int64_t changed = 0;

    assert_int_equal(writer_run(&self->gate->writer, count_changes, &changed), VELUM_OK);
    return changed;
}
