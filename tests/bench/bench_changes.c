/* bench_changes.c FOLDER SUBJECTS: what a change costs over one durable SQLCipher commit.
 *
 * In one data folder with 10,000 and then SUBJECTS customers: the time of one consent change, and of
 * erasing one customer (keys, rows, certificate and both entries included), each from the call to the
 * answer, beside one row updated and committed in a SQLCipher file of the same settings. They take
 * turns; medians count. The last line is erasing over its own time at 10,000. Prints JSON lines.
 * A folder in memory is refused, since there a sync costs nothing.
 */
#include "core/gate.h"
#include "core/passage.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <velum/admin.h>

#define SMALL 10000u
#define MADE_TOGETHER 2000u /* customers a transaction */
#define CHANGES 400u        /* of each kind at each size */
#define ERASED_FIRST 1000u  /* customers before it serve the consent changes */
#define RAW_ROWS 10000
#define RAW_ROW_BYTES 1100 /* as a state record */
#define PATH_BYTES 400

typedef struct bench {
    char data[PATH_BYTES];
    velum_gate *gate;
    char token[128];
    subject_id *subjects; /* who is there */
    uint32_t count;
    uint32_t wanted;
    uint32_t numbers; /* mobile numbers given out */
    uint32_t changed; /* consent changes so far */
    uint32_t erased;
    int64_t committed;
    store *raw;
} bench;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_changes: %s\n", what);
    exit(1);
}

static void must(velum_status status, const char *what)
{
    if (status < 0) {
        (void)fprintf(stderr, "bench_changes: %s\n", velum_status_text(status));
        die(what);
    }
}

static double now_us(void)
{
    const velum_clock clock = clock_system();

    return (double)clock_monotonic_ns(&clock) / 1e3;
}

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, terminated == NULL ? 0 : strlen(terminated)};
}

/* --- asking ------------------------------------------------------------------------------------- */

typedef struct question {
    uint32_t verb;
    const char *token; /* NULL: the officer */
    const char *ref;
    const char *body;
} question;

/* The answer's body into `out`; anything but a result ends the bench. */
static void ask(bench *b, const question *asked, char *out, size_t size)
{
    const velum_request request = {
        .size = sizeof request,
        .verb = asked->verb,
        .auth = asked->token == NULL ? VELUM_AUTH_SELF : VELUM_AUTH_TOKEN,
        .credential = string_of(asked->token),
        .ref = string_of(asked->ref),
        .body = string_of(asked->body),
    };
    velum_answer *answer = NULL;

    must(velum_gate_call(b->gate, &request, &answer, NULL), "a call failed");
    const velum_string body = velum_answer_body(answer);
    if (velum_answer_status(answer) != 200) {
        (void)fprintf(stderr, "%.*s\n", (int)body.size, body.data);
        die("a request was refused");
    }
    (void)snprintf(out, size, "%.*s", (int)body.size, body.data);
    velum_answer_free(answer);
}

static void take_token(bench *b)
{
    char body[2048];
    VELUM_AUTO(json) *answer = NULL;
    const question asked = {
        .verb = VELUM_VERB_CREDENTIAL_ADD,
        .body = "{\"name\":\"desk\",\"kind\":\"service\",\"roles\":[\"customer_service\"],"
                "\"activities\":[\"consent-capture\"],\"domain\":\"shop\"}"};

    ask(b, &asked, body, sizeof body);
    must(json_parse(text_of(body), sizeof body, &answer, NULL), "no token");
    const text token = json_text(json_member(json_root(answer), "token"));
    (void)snprintf(b->token, sizeof b->token, "%.*s", (int)token.size, token.data);
}

static void ref_of(bench *b, const subject_id *subject, char out[PSEUDONYM_TEXT_BYTES + 8])
{
    char ref[PSEUDONYM_TEXT_BYTES];
    const aes_block *permutation = NULL;
    world *const world = gate_world(b->gate);
    const uint16_t domain = world_number(world, REGISTRY_DOMAIN, TEXT_LITERAL("shop"));

    world_free(world);
    must(keyring_domain(b->gate->keys, domain, &permutation), "no domain");
    pseudonym_format(permutation, subject, ref);
    (void)snprintf(out, PSEUDONYM_TEXT_BYTES + 8, "%s", ref);
}

/* --- many customers ----------------------------------------------------------------------------- */

static velum_status put_category(vault *vault, store_conn *conn, const opened_subject *opened,
                                 uint16_t number, uint16_t field)
{
    static const char value[] = "Nanjing Road 123, Changzhou, 13800000000";
    record record = {.count = 0};
    const record_place place = {number, 1, &record};

    VELUM_TRY(record_put(&record, field, (text){value, sizeof value - 1}));
    return vault_put_category(vault, conn, opened, &place);
}

/* A customer with a mobile number and two categories, as a sign-up leaves them. */
static velum_status make_one(bench *b, write_batch *batch, const bundle *bundle)
{
    const opened_subject *opened = NULL;
    vault *const vault = b->gate->vault;
    const size_t mark = secret_arena_mark(batch->arena);
    uint8_t plain[SUBJECT_STATE_BYTES];
    char mobile[16];
    identifier number;
    subject_state state;

    subject_state_init(&state);
    for (uint32_t i = 0; i < 2; i++) {
        VELUM_TRY(subject_state_put_category(&state, bundle->categories[i].number, 1));
    }
    subject_state_encode(&state, plain);
    VELUM_TRY(vault_create(vault, batch->conn, plain, batch->arena, &opened));
    b->subjects[b->count++] = *opened_id(opened);
    (void)snprintf(mobile, sizeof mobile, "138%08u", b->numbers++);
    VELUM_TRY(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &number));
    VELUM_TRY(vault_attach(vault, batch->conn, opened_id(opened), &number));
    for (uint32_t i = 0; i < 2; i++) {
        VELUM_TRY(put_category(vault, batch->conn, opened, bundle->categories[i].number,
                               bundle->fields[i].number));
    }
    secret_arena_rewind(batch->arena, mark);
    return VELUM_OK;
}

static bench *building; /* writer_call passes no context */

static velum_status make_some(void *context, write_batch *batch)
{
    bench *const b = context;
    world *const world = gate_world(b->gate);
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < MADE_TOGETHER && b->count < b->wanted && status == VELUM_OK; i++) {
        status = make_one(b, batch, world->bundle);
    }
    world_free(world);
    return status;
}

static velum_status make_on_writer(velum_gate *gate)
{
    return writer_transact(&gate->writer, make_some, building, 1);
}

static void make_customers(bench *b, uint32_t wanted)
{
    building = b;
    b->wanted = wanted;
    while (b->count < wanted) {
        must(writer_call(&b->gate->writer, make_on_writer), "customers could not be made");
    }
}

/* --- what is measured --------------------------------------------------------------------------- */

static void open_raw(bench *b, const char *folder)
{
    static const uint8_t key[KEY_BYTES] = {1};
    static const uint8_t row[RAW_ROW_BYTES] = {2};
    const store_options options = {
        .folder = folder, .name = "raw.db", .key = key, .readers_max = 1, .create = true};

    must(store_open(&options, &b->raw, NULL), "no raw database");
    store_conn *const conn = store_writer(b->raw);
    must(conn_run(conn, "CREATE TABLE row (id INTEGER PRIMARY KEY, data BLOB NOT NULL)"), "raw");
    must(conn_begin(conn), "raw");
    for (int i = 0; i < RAW_ROWS; i++) {
        store_stmt *stmt = NULL;
        must(conn_statement(conn, "INSERT INTO row (id, data) VALUES ($1, $2)", &stmt), "raw");
        must(stmt_bind_integer(stmt, 1, i), "raw");
        must(stmt_bind_blob(stmt, 2, row, sizeof row), "raw");
        must(stmt_execute(stmt), "raw");
    }
    must(conn_commit(conn), "raw");
}

/* Other bytes each time: a row that does not change is not written at all. */
static double commit_raw(bench *b)
{
    uint8_t row[RAW_ROW_BYTES];
    store_conn *const conn = store_writer(b->raw);
    store_stmt *stmt = NULL;

    random_fill(&b->gate->random, row, sizeof row);
    const double begin = now_us();
    must(conn_begin(conn), "raw");
    must(conn_statement(conn, "UPDATE row SET data = $2 WHERE id = $1", &stmt), "raw");
    must(stmt_bind_integer(stmt, 1, b->committed++ * 7919 % RAW_ROWS), "raw");
    must(stmt_bind_blob(stmt, 2, row, sizeof row), "raw");
    must(stmt_execute(stmt), "raw");
    must(conn_commit(conn), "raw");
    return now_us() - begin;
}

static double change_consent(bench *b)
{
    char ref[PSEUDONYM_TEXT_BYTES + 8];
    char answer[4096];
    const uint32_t which = b->changed / 2 % ERASED_FIRST;
    const bool gives = b->changed % 2 == 0;
    const question asked = {
        .verb = VELUM_VERB_CONSENT_PUT,
        .token = b->token,
        .ref = ref,
        .body = gives ? "{\"purpose\":\"direct-marketing\",\"state\":\"given\"}"
                      : "{\"purpose\":\"direct-marketing\",\"state\":\"withdrawn\"}"};

    ref_of(b, &b->subjects[which], ref);
    b->changed++;
    const double begin = now_us();
    ask(b, &asked, answer, sizeof answer);
    return now_us() - begin;
}

/* Spread over everybody who is there, but for those whose consents change. */
static double erase_one(bench *b)
{
    char ref[PSEUDONYM_TEXT_BYTES + 8];
    char named[PSEUDONYM_TEXT_BYTES + 16];
    char answer[4096];
    const uint64_t room = b->count - ERASED_FIRST;
    const uint32_t which = ERASED_FIRST + (uint32_t)(b->erased * UINT64_C(104729) % room);
    const question asked = {.verb = VELUM_VERB_SUBJECT_ERASE, .ref = named, .body = "{}"};

    ref_of(b, &b->subjects[which], ref);
    (void)snprintf(named, sizeof named, "shop:%s", ref);
    b->subjects[which] = b->subjects[--b->count];
    b->erased++;
    const double begin = now_us();
    ask(b, &asked, answer, sizeof answer);
    return now_us() - begin;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, CHANGES, sizeof values[0], compare);
    return values[CHANGES / 2];
}

typedef struct medians {
    double value;
    double raw;
} medians;

/* One kind of change, taking turns with the commit. */
static medians measure(bench *b, double (*change)(bench *))
{
    static double values[CHANGES];
    static double raw[CHANGES];

    for (uint32_t i = 0; i < CHANGES; i++) {
        raw[i] = commit_raw(b);
        values[i] = change(b);
    }
    return (medians){median(values), median(raw)};
}

static void print(const char *name, double value, const char *beside, double baseline, double limit)
{
    (void)printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"us\",\"baseline_name\":\"%s\","
                 "\"baseline_value\":%.1f,\"ratio\":%.2f,\"limit\":%.1f}\n",
                 name, value, beside, baseline, value / baseline, limit);
    (void)fflush(stdout);
}

/* --- the folder --------------------------------------------------------------------------------- */

static void refuse_memory(const char *folder)
{
    struct statfs fs;

    if (statfs(folder, &fs) != 0 || fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) {
        die("the folder lies in memory; give one on a disk");
    }
}

static void open_gate(bench *b, const char *folder)
{
    char key[256];
    velum_error err = {.text = ""};

    (void)snprintf(b->data, sizeof b->data, "%s/data", folder);
    const velum_init_options made = {.size = sizeof made,
                                     .folder = string_of(b->data),
                                     .sample = true,
                                     .person_uid = geteuid(),
                                     .seed = 1};
    const velum_gate_options options = {.size = sizeof options, .folder = string_of(b->data)};

    must(velum_init(&made, key, sizeof key, &err), err.text);
    must(velum_gate_open(&options, &b->gate, &err), err.text);
    take_token(b);
}

int main(int argc, char **argv)
{
    bench b = {.count = 0};
    const long subjects = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    char name[64];

    if (subjects < (long)SMALL || subjects > 10000000) {
        die("usage: bench_changes FOLDER SUBJECTS (at least 10000)");
    }
    refuse_memory(argv[1]);
    b.subjects = calloc((size_t)subjects, sizeof *b.subjects);
    if (b.subjects == NULL) {
        die("no memory");
    }
    open_gate(&b, argv[1]);
    open_raw(&b, argv[1]);
    make_customers(&b, SMALL);
    const medians small = measure(&b, erase_one);
    make_customers(&b, (uint32_t)subjects);
    const medians consent = measure(&b, change_consent);
    const medians erase = measure(&b, erase_one);
    print("consent_change", consent.value, "sqlcipher_commit", consent.raw, 3);
    print("subject_erase", erase.value, "sqlcipher_commit", erase.raw, 12);
    (void)snprintf(name, sizeof name, "subject_erase_%ld", subjects);
    print(name, erase.value, "subject_erase_10000", small.value, 1.3);
    store_free(b.raw);
    velum_gate_free(b.gate);
    free(b.subjects);
    return 0;
}
