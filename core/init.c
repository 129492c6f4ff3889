/* core/init.c: making a data folder.
 *
 * Order: keyring, databases with their schema, one transaction with everything a log begins with
 * (genesis, registry, policy, officer), the log, then the folder is opened once as any gate would be,
 * which brings the outbox into the log and signs the first checkpoint. What fails leaves nothing.
 */
#include "core/gate.h"
#include "core/meta.h"
#include "core/registry.h"
#include "core/schema.h"
#include "core/verbs.h"
#include "policy/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OFFICER_ACTIVITIES                                                 \
    "administration,audit,consent-capture,import,request-intake,requests," \
    "approvals,token-resolution,legal-retention"
#define OFFICER_ROLES "dpo"

typedef struct init_run {
    const velum_init_options *options;
    char *folder;
    char *kit;
    int dir_fd;
    int kit_fd;
    int audit_fd;
    bool made_folder;
    bool made_kit;
    uint8_t root[KEY_BYTES];
    char token[CREDENTIAL_TOKEN_BYTES];
    velum_random random;
} init_run;

static const char *const FOLDER_FILES[] = {"audit/checkpoint",
                                           "audit/origin",
                                           "audit/tail-00000000000000000000",
                                           "lock",
                                           "root.key",
                                           "keyring",
                                           "vault.db",
                                           "vault.db-wal",
                                           "vault.db-shm",
                                           "keys.db",
                                           "keys.db-wal",
                                           "keys.db-shm",
                                           "velum.sock"};
static const char *const KIT_FILES[] = {"velum-root", "verifier-key", "officer-token"};

/* --- folders ------------------------------------------------------------------------------------ */

/* An existing folder is taken only when it is empty. */
static velum_status make_folder(const char *path, bool *out_made, int *out_fd)
{
    if (mkdir(path, 0700) == 0) {
        *out_made = true;
    } else if (errno != EEXIST) {
        return VELUM_E_IO;
    } else if (rmdir(path) == 0) {
        if (mkdir(path, 0700) != 0) {
            return VELUM_E_IO;
        }
        *out_made = true;
    } else {
        return VELUM_E_EXISTS;
    }
    return directory_open(path, out_fd);
}

/* Of two folders that exist; doubt counts as inside. */
static bool lies_inside(const char *inner, const char *outer)
{
    char paths[2][PATH_MAX];

    if (realpath(inner, paths[0]) == NULL || realpath(outer, paths[1]) == NULL) {
        return true;
    }
    const size_t size = strlen(paths[1]);
    return strncmp(paths[0], paths[1], size) == 0 && paths[0][size] == '/';
}

static velum_status make_folders(init_run *run, velum_error *err)
{
    velum_status status = make_folder(run->folder, &run->made_folder, &run->dir_fd);

    if (status < 0) {
        return error_set_errno(err, status, errno,
                               status == VELUM_E_EXISTS ? "the data folder exists and is not empty"
                                                        : "the data folder could not be made");
    }
    status = directory_create(run->dir_fd, "audit", &run->audit_fd);
    if (status < 0) {
        return error_set_errno(err, status, errno, "the log's folder could not be made");
    }
    if (run->kit == NULL) {
        return VELUM_OK;
    }
    status = make_folder(run->kit, &run->made_kit, &run->kit_fd);
    if (status == VELUM_OK && lies_inside(run->kit, run->folder)) {
        status = VELUM_E_INVALID; /* what is lost with the folder is no recovery kit */
    }
    return status < 0 ? error_set_errno(err, status, errno,
                                        "the kit's folder must be new or empty, outside the data "
                                        "folder")
                      : VELUM_OK;
}

static velum_status write_root(init_run *run)
{
    random_fill(&run->random, run->root, sizeof(run->root));
    return run->kit == NULL ? root_secret_write(run->dir_fd, "root.key", run->root)
                            : root_secret_write(run->kit_fd, "velum-root", run->root);
}

static velum_status write_lock(init_run *run)
{
    VELUM_AUTO_FD fd = -1;

    return file_open(run->dir_fd, "lock", O_RDWR | O_CREAT | O_EXCL, &fd);
}

static void remove_all(init_run *run)
{
    for (size_t i = 0; run->made_folder && i < sizeof(FOLDER_FILES) / sizeof(char *); i++) {
        (void)unlinkat(run->dir_fd, FOLDER_FILES[i], 0);
    }
    for (size_t i = 0; run->made_kit && i < sizeof(KIT_FILES) / sizeof(char *); i++) {
        (void)unlinkat(run->kit_fd, KIT_FILES[i], 0);
    }
    if (run->made_kit) {
        (void)rmdir(run->kit);
    }
    if (run->made_folder) {
        (void)unlinkat(run->dir_fd, "audit", AT_REMOVEDIR);
        (void)rmdir(run->folder);
    }
}

/* --- the first transaction ---------------------------------------------------------------------- */

static velum_status record_genesis(write_batch *batch)
{
    audit_entry entry;

    own_entry(batch->gate, ENTRY_GENESIS, clock_wall_ns(&batch->gate->clock), &entry);
    return write_batch_record(batch, &entry);
}

/* Both databases begin with the newest schema, told by one leaf. */
static velum_status record_schemas(write_batch *batch)
{
    audit_entry entry;
    uint32_t keys_schema = 0;

    (void)vault_keys_steps(&keys_schema);
    own_entry(batch->gate, ENTRY_SCHEMA, clock_wall_ns(&batch->gate->clock), &entry);
    entry_push(&entry, INPUT_SCHEMA, SCHEMA_VERSION);
    entry_push(&entry, INPUT_KEYS_SCHEMA, keys_schema);
    VELUM_TRY(write_batch_record(batch, &entry));
    return meta_write(batch->conn, META_KEYS_SCHEMA, keys_schema);
}

static velum_status install_policy(write_batch *batch, bool sample, velum_error *err)
{
    size_t count = 0;
    const bundle_file *files = sample ? embedded_sample(&count) : embedded_bootstrap(&count);
    VELUM_AUTO(bundle) *bundle = NULL;
    audit_entry entry;

    VELUM_TRY(bundle_compile(files, count, NULL, NULL, &bundle, err));
    VELUM_TRY(policy_install(batch, bundle, files, count));
    own_entry(batch->gate, ENTRY_POLICY, clock_wall_ns(&batch->gate->clock), &entry);
    memcpy(entry.policy_hash, bundle->hash, SHA256_BYTES);
    return write_batch_record(batch, &entry);
}

static velum_status register_officer(write_batch *batch, init_run *run)
{
    const credential_request request = {
        .name = TEXT_LITERAL("officer"),
        .kind = ACTOR_HUMAN,
        .roles = TEXT_LITERAL(OFFICER_ROLES),
        .activities = TEXT_LITERAL(OFFICER_ACTIVITIES),
        .domain = TEXT_LITERAL(DOMAIN_ALL),
        .store = TEXT_EMPTY,
        .has_uid = true,
        .uid = run->options->person_uid,
    };
    audit_entry entry;

    VELUM_TRY(credential_insert(batch->conn, batch->gate->keys, &batch->gate->random, &request,
                                run->token));
    own_entry(batch->gate, ENTRY_PERSON, clock_wall_ns(&batch->gate->clock), &entry);
    credential_actor_token(batch->gate->keys, request.name, entry.user_token);
    return write_batch_record(batch, &entry);
}

static velum_status write_beginning(write_batch *batch, init_run *run, velum_error *err)
{
    VELUM_TRY(record_genesis(batch));
    VELUM_TRY(record_schemas(batch));
    VELUM_TRY(registry_add_own(batch, clock_wall_ns(&batch->gate->clock)));
    VELUM_TRY(install_policy(batch, run->options->sample, err));
    VELUM_TRY(register_officer(batch, run));
    return meta_write(batch->conn, META_OUTBOX_SEQ, (int64_t)batch->seq);
}

static velum_status begin_database(velum_gate *gate, init_run *run, velum_error *err)
{
    write_batch batch = {.gate = gate, .conn = store_writer(gate->db)};

    velum_status status = conn_begin(batch.conn);
    if (status == VELUM_OK) {
        status = write_beginning(&batch, run, err);
        status = status < 0 ? status : conn_commit(batch.conn);
        if (status < 0) {
            conn_rollback(batch.conn);
        }
    }
    write_batch_clear(&batch);
    return status;
}

static velum_status make_databases(velum_gate *gate, init_run *run, velum_error *err)
{
    const store_options db = {.folder = run->folder,
                              .name = "vault.db",
                              .key = keyring_vault_db_key(gate->keys),
                              .readers_max = 1,
                              .busy_timeout_ms = GATE_READER_WAIT_MS,
                              .create = true};
    VELUM_TRY(store_open(&db, &gate->db, err));
    VELUM_TRY(schema_create(gate->db, err));
    const vault_options rows = {.folder = run->folder,
                                .keys = gate->keys,
                                .vault_db = gate->db,
                                .random = gate->random,
                                .readers_max = 1,
                                .create = true};
    VELUM_TRY(vault_create_or_open(&rows, &gate->vault, err));
    return begin_database(gate, run, err);
}

static velum_status make_log(velum_gate *gate, init_run *run)
{
    uint8_t id[8];
    char hex[17];
    char origin[64];

    random_fill(&run->random, id, sizeof(id));
    hex_encode(id, sizeof(id), hex);
    (void)snprintf(origin, sizeof(origin), "velum/%u/%s", keyring_tenant(gate->keys), hex);
    return journal_create(run->audit_fd, text_of(origin), keyring_note_seed(gate->keys));
}

/* A gate with keys, random and clock alone: enough to write the beginning. */
static velum_status make_contents(init_run *run, velum_error *err)
{
    velum_gate gate = {.clock = clock_system(), .random = run->random};

    VELUM_TRY(write_root(run));
    VELUM_TRY(keyring_create(run->dir_fd, run->root, 1, &run->random));
    VELUM_TRY(keyring_open(run->dir_fd, run->root, &gate.keys, err));
    velum_status status = make_databases(&gate, run, err);
    vault_free(gate.vault);
    store_free(gate.db);
    if (status == VELUM_OK) {
        status = make_log(&gate, run);
    }
    keyring_free(gate.keys);
    VELUM_TRY(status);
    VELUM_TRY(write_lock(run));
    return directory_sync(run->dir_fd);
}

/* --- the kit, and the first opening ------------------------------------------------------------- */

static velum_status write_kit(init_run *run, const char *verifier_key)
{
    char line[300];

    if (run->kit == NULL) {
        return VELUM_OK;
    }
    int size = snprintf(line, sizeof(line), "%s\n", verifier_key);
    VELUM_TRY(file_replace(run->kit_fd, "verifier-key", line, (size_t)size));
    size = snprintf(line, sizeof(line), "%s\n", run->token);
    const velum_status status = file_replace(run->kit_fd, "officer-token", line, (size_t)size);
    mem_wipe(line, sizeof(line));
    return status;
}

static velum_status open_once(init_run *run, char *verifier_key, size_t size, velum_error *err)
{
    velum_gate *gate = NULL;
    const velum_gate_options options = {
        .size = sizeof(options), .folder = {run->folder, strlen(run->folder)}, .workers = 1};
    const gate_opening how = {.root = run->root};

    VELUM_TRY(gate_open_as(&options, &how, &gate, err));
    const int written = snprintf(verifier_key, size, "%s", journal_verifier_key(gate->journal));
    velum_gate_free(gate);
    return written > 0 && (size_t)written < size ? VELUM_OK : VELUM_E_LIMIT;
}

static velum_status make(init_run *run, char *verifier_key, size_t size, velum_error *err)
{
    VELUM_TRY(make_folders(run, err));
    VELUM_TRY(make_contents(run, err));
    VELUM_TRY(open_once(run, verifier_key, size, err));
    return write_kit(run, verifier_key);
}

static velum_status copy_paths(init_run *run)
{
    const velum_init_options *options = run->options;

    run->folder = mem_copy_text(options->folder.data, options->folder.size);
    if (run->folder == NULL) {
        return VELUM_E_NOMEM;
    }
    if (options->kit_folder.size > 0) {
        run->kit = mem_copy_text(options->kit_folder.data, options->kit_folder.size);
        return run->kit == NULL ? VELUM_E_NOMEM : VELUM_OK;
    }
    return VELUM_OK;
}

static velum_status check_options(const velum_init_options *options, velum_error *err)
{
    if (options == NULL || options->size < sizeof(*options) || options->folder.size == 0) {
        return error_set(err, VELUM_E_INVALID, "the options name no folder");
    }
    if (!options->sample && options->kit_folder.size == 0) {
        return error_set(err, VELUM_E_INVALID,
                         "say where the recovery kit goes (--kit DIR2): without it the data would "
                         "be lost with this machine; or make a sample (--sample)");
    }
    return VELUM_OK;
}

velum_status velum_init(const velum_init_options *options, char *verifier_key,
                        size_t verifier_key_size, velum_error *err)
{
    init_run run = {
        .options = options, .dir_fd = -1, .kit_fd = -1, .audit_fd = -1, .random = random_system()};

    VELUM_TRY(check_options(options, err));
    VELUM_TRY(crypto_init());
    if (err != NULL) {
        *err = (velum_error){.status = VELUM_OK};
    }
    velum_status status = copy_paths(&run);
    if (status == VELUM_OK) {
        status = make(&run, verifier_key, verifier_key_size, err);
    }
    if (status < 0) {
        remove_all(&run);
        if (err != NULL && err->status == VELUM_OK) {
            status = error_set(err, status, "the data folder could not be made: %s",
                               status_text(status));
        }
    }
    mem_wipe(run.root, sizeof(run.root));
    mem_wipe(run.token, sizeof(run.token));
    file_close(&run.audit_fd);
    file_close(&run.kit_fd);
    file_close(&run.dir_fd);
    mem_free(run.folder);
    mem_free(run.kit);
    return status;
}
