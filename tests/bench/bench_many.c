/* bench_many.c FOLDER SUBJECTS: what acts on many customers reach.
 *
 * SUBJECTS customers are imported through the gate, sealed, indexed and audited, beside a bulk insert of
 * the very rows that this leaves in the databases (same_rows.h), and beside another of one flat row a
 * customer: plain columns with an index an identifier, in a SQLCipher file of the same settings, 2,000 a
 * transaction. Then all of them are filtered, page by page and audited, beside the decision on one of
 * them at a time (found, its state opened, decided; no entry) in random order. Customers a second, and
 * for the import microseconds of CPU a customer, of all threads; prints JSON lines. A folder in memory
 * is refused, since there a sync costs nothing.
 */
#include "same_rows.h"

#include "core/bulk.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/passage.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <velum/admin.h>

#define CHUNK ((uint32_t)BULK_ROWS_MAX)
#define ROW_BYTES 512u
#define FLAT_TOGETHER 2000u /* rows a transaction */
#define SINGLES 20000u
#define PATH_BYTES 400
#define FILTER_BODY                                                                    \
    "{\"for\":\"customer-care\",\"action\":\"read\",\"fields\":[\"name\",\"mobile\"]," \
    "\"segment\":{\"all\":true}%s%s%s}"

typedef struct bench {
    char data[PATH_BYTES];
    velum_gate *gate;
    char token[128];
    uint32_t subjects;
    subject_id *ids;
    uint32_t id_count;
    uint64_t lot;
} bench;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_many: %s\n", what);
    exit(1);
}

static void must(velum_status status, const char *what)
{
    if (status < 0) {
        (void)fprintf(stderr, "bench_many: %s\n", velum_status_text(status));
        die(what);
    }
}

static double now_s(void)
{
    const velum_clock clock = clock_system();

    return (double)clock_monotonic_ns(&clock) / 1e9;
}

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, terminated == NULL ? 0 : strlen(terminated)};
}

static uint64_t draw(bench *b) /* xorshift64 */
{
    b->lot ^= b->lot << 13;
    b->lot ^= b->lot >> 7;
    b->lot ^= b->lot << 17;
    return b->lot;
}

/* The answer as JSON; anything but a result ends the bench. */
static json *ask(bench *b, uint32_t verb, const char *activity, const char *body)
{
    const bool is_officer = verb == VELUM_VERB_CREDENTIAL_ADD || verb == VELUM_VERB_IMPORT;
    const velum_request request = {
        .size = sizeof request,
        .verb = verb,
        .auth = is_officer ? VELUM_AUTH_SELF : VELUM_AUTH_TOKEN,
        .credential = string_of(is_officer ? NULL : b->token),
        .activity = string_of(activity),
        .body = string_of(body),
    };
    velum_answer *answer = NULL;
    json *parsed = NULL;

    must(velum_gate_call(b->gate, &request, &answer, NULL), "a call failed");
    const velum_string said = velum_answer_body(answer);
    if (velum_answer_status(answer) != 200) {
        (void)fprintf(stderr, "%.*s\n", (int)said.size, said.data);
        die("a request was refused");
    }
    must(json_parse((text){said.data, said.size}, said.size + 1, &parsed, NULL), "no JSON");
    velum_answer_free(answer);
    return parsed;
}

static text member(const json *answer, const char *name)
{
    const json_value *const value = json_member(json_root(answer), name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

/* --- import ------------------------------------------------------------------------------------- */

/* As many bytes as a customer of the sample retailer. */
static size_t write_row(char *out, uint32_t number)
{
    return (size_t)snprintf(
        out, ROW_BYTES,
        "%s{\"line\":%u,\"identifiers\":[{\"type\":\"ext:bench\",\"value\":\"%u\"},"
        "{\"type\":\"mobile\",\"value\":\"139%08u\"},"
        "{\"type\":\"email\",\"value\":\"customer%u@example.org\"}],\"profile\":{"
        "\"name\":\"Customer %u\",\"mobile\":\"139%08u\",\"email\":\"customer%u@example.org\","
        "\"birthday\":\"1990-05-06\",\"city\":\"Changzhou\",\"member_level\":\"gold\","
        "\"address\":\"Nanjing Road %u, Changzhou\",\"store\":\"S%03u\"}}",
        number % CHUNK == 0 ? "" : ",", number + 1, number, number, number, number, number, number,
        number, number % 100);
}

static same_rows_cost import_all(bench *b)
{
    VELUM_AUTO_MEM char *body = mem_alloc((size_t)CHUNK * ROW_BYTES + 200);
    same_rows_cost cost = {.wall_s = 0};

    if (body == NULL) {
        die("no memory");
    }
    for (uint32_t done = 0; done < b->subjects;) {
        size_t size = (size_t)sprintf(
            body, "{\"source\":\"bench\",\"on_match\":\"update\",\"domain\":\"shop\",\"rows\":[");
        do {
            size += write_row(body + size, done++);
        } while (done % CHUNK != 0 && done < b->subjects);
        (void)snprintf(body + size, 3, "]}");
        const double begin = now_s();
        const double cpu = same_rows_cpu_s();
        json_free(ask(b, VELUM_VERB_IMPORT, NULL, body));
        cost.wall_s += now_s() - begin;
        cost.cpu_s += same_rows_cpu_s() - cpu;
    }
    return cost;
}

static void insert_flat(store_conn *conn, uint32_t number)
{
    static const char sql[] =
        "INSERT INTO customer (id, ext, mobile, email, name, birthday, city, level, address, store)"
        " VALUES ($1, $2, $3, $4, $5, '1990-05-06', 'Changzhou', 'gold', $6, $7)";
    static const char *const forms[] = {"%u", "139%08u", "customer%u@example.org", "Customer %u",
                                        "Nanjing Road %u, Changzhou"};
    store_stmt *stmt = NULL;
    char value[64];

    must(conn_statement(conn, sql, &stmt), "flat");
    must(stmt_bind_integer(stmt, 1, number), "flat");
    for (int i = 0; i < 5; i++) {
        (void)snprintf(value, sizeof value, forms[i], number);
        must(stmt_bind_text(stmt, i + 2, text_of(value)), "flat");
    }
    (void)snprintf(value, sizeof value, "S%03u", number % 100);
    must(stmt_bind_text(stmt, 7, text_of(value)), "flat");
    must(stmt_execute(stmt), "flat");
}

static double insert_all_flat(const bench *b, const char *folder)
{
    static const uint8_t key[KEY_BYTES] = {1};
    const store_options options = {
        .folder = folder, .name = "flat.db", .key = key, .readers_max = 1, .create = true};
    store *flat = NULL;

    must(store_open(&options, &flat, NULL), "no flat database");
    store_conn *const conn = store_writer(flat);
    must(conn_run(conn,
                  "CREATE TABLE customer (id INTEGER PRIMARY KEY, ext TEXT UNIQUE, mobile TEXT"
                  " UNIQUE, email TEXT UNIQUE, name TEXT, birthday TEXT, city TEXT, level TEXT,"
                  " address TEXT, store TEXT)"),
         "flat");
    const double begin = now_s();
    for (uint32_t done = 0; done < b->subjects;) {
        must(conn_begin(conn), "flat");
        do {
            insert_flat(conn, done++);
        } while (done % FLAT_TOGETHER != 0 && done < b->subjects);
        must(conn_commit(conn), "flat");
    }
    const double spent = now_s() - begin;
    store_free(flat);
    return b->subjects / spent;
}

/* --- decisions ---------------------------------------------------------------------------------- */

static double filter_all(bench *b)
{
    char from[160] = "";
    char body[512];
    uint64_t decided = 0;
    const double begin = now_s();

    for (;;) {
        (void)snprintf(body, sizeof body, FILTER_BODY, from[0] == '\0' ? "" : ",\"from\":\"", from,
                       from[0] == '\0' ? "" : "\"");
        json *const answer = ask(b, VELUM_VERB_FILTER, "audience", body);
        const json_value *const counts = json_member(json_root(answer), "counts");
        decided += (uint64_t)json_integer(json_member(counts, "allowed")) +
                   (uint64_t)json_integer(json_member(counts, "refused"));
        const text next = member(answer, "next");
        (void)snprintf(from, sizeof from, "%.*s", (int)next.size, next.data);
        json_free(answer);
        if (from[0] == '\0') {
            break;
        }
    }
    return (double)decided / (now_s() - begin);
}

static velum_status note_id(void *context, const subject_id *id, velum_status status,
                            sealed_subject *row)
{
    bench *const b = context;

    sealed_subject_free(row);
    if (b->id_count < b->subjects) {
        b->ids[b->id_count++] = *id;
    }
    return status;
}

static void collect_ids(bench *b)
{
    const state_walk walk = {.limit = b->subjects, .visit = note_id, .context = b};
    store_conn *conn = NULL;

    must(store_reader_acquire(b->gate->db, 1000, &conn), "no reader");
    must(conn_begin(conn), "no snapshot");
    must(vault_states_after(b->gate->vault, conn, &walk), "no ids");
    store_reader_release(b->gate->db, conn);
}

static void decide_one(bench *b, world *world, secret_arena *arena)
{
    const credential *const desk = world_credential_by_name(world, TEXT_LITERAL("desk"));
    passage passage = {.gate = b->gate, .world = world, .arena = arena};
    const many_ask ask = {
        .activity = bundle_find(world->bundle, REGISTRY_ACTIVITY, TEXT_LITERAL("customer-care")),
        .action = ACTION_READ,
        .fields = 3};

    passage.actor = (actor){.credential = desk,
                            .kind = ACTOR_SERVICE,
                            .activities = desk->activities,
                            .roles = desk->roles};
    passage.clock = clock_guard_read(&b->gate->clock_guard, &b->gate->clock);
    must(many_decide(&passage, &b->ids[draw(b) % b->id_count], &ask), "not decided");
    if (!passage.verdict.allowed) {
        die("a decision is no");
    }
    locate_forget(&passage);
    store_reader_release(b->gate->db, passage.conn);
    secret_arena_reset(arena);
}

static double decide_singles(bench *b)
{
    world *const world = gate_world(b->gate);
    secret_arena *arena = NULL;

    must(secret_arena_create(GATE_ARENA_BYTES, &arena), "no arena");
    const double begin = now_s();
    for (uint32_t i = 0; i < SINGLES; i++) {
        decide_one(b, world, arena);
    }
    const double spent = now_s() - begin;
    secret_arena_free(arena);
    world_free(world);
    return SINGLES / spent;
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
    json *const answer = ask(b, VELUM_VERB_CREDENTIAL_ADD, NULL,
                             "{\"name\":\"desk\",\"kind\":\"service\",\"roles\":["
                             "\"customer_service\"],\"activities\":[\"audience\","
                             "\"customer-care\"],\"domain\":\"shop\"}");
    const text token = member(answer, "token");
    (void)snprintf(b->token, sizeof b->token, "%.*s", (int)token.size, token.data);
    json_free(answer);
}

static void print(const char *name, double value, const char *beside, double baseline)
{
    (void)printf(
        "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"customers/s\",\"baseline_name\":\"%s\","
        "\"baseline_value\":%.0f,\"ratio\":%.3f}\n",
        name, value, beside, baseline, value / baseline);
    (void)fflush(stdout);
}

static void print_import(const bench *b, same_rows_cost import, same_rows_cost same)
{
    const double micros = 1e6 / b->subjects;

    print("import", b->subjects / import.wall_s, "sqlcipher_same_rows", b->subjects / same.wall_s);
    (void)printf("{\"name\":\"import_cpu\",\"value\":%.0f,\"unit\":\"us/customer\","
                 "\"baseline_name\":\"sqlcipher_same_rows\",\"baseline_value\":%.0f,"
                 "\"ratio\":%.3f}\n",
                 import.cpu_s * micros, same.cpu_s * micros, same.cpu_s / import.cpu_s);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    bench b = {.lot = UINT64_C(0x9e3779b97f4a7c15)};
    const long subjects = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (subjects < 1000 || subjects > 10000000) {
        die("usage: bench_many FOLDER SUBJECTS (at least 1000)");
    }
    refuse_memory(argv[1]);
    b.subjects = (uint32_t)subjects;
    b.ids = calloc(b.subjects, sizeof *b.ids);
    if (b.ids == NULL) {
        die("no memory");
    }
    open_gate(&b, argv[1]);
    const same_rows_cost import = import_all(&b);
    print_import(&b, import, same_rows_insert(b.gate, argv[1], CHUNK));
    print("import", b.subjects / import.wall_s, "sqlcipher_flat_rows",
          insert_all_flat(&b, argv[1]));
    collect_ids(&b);
    const double single = decide_singles(&b);
    print("decisions_filter", filter_all(&b), "decision_single", single);
    velum_gate_free(b.gate);
    free(b.ids);
    return 0;
}
