#include "tests/vault/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

#define PAGE_BYTES 4096u
#define RESERVE_BYTES 80u
#define SALT_BYTES 16u
#define WAL_HEAD_BYTES 32u
#define FRAME_HEAD_BYTES 24u
#define ARENA_BYTES ((size_t)1 << 20)

void assert_ok(velum_status status)
{
    assert_int_equal(status, VELUM_OK);
}

void fill_hex(const char *hex, uint8_t *out, size_t size)
{
    assert_ok(hex_decode(text_of(hex), out, size));
}

int fixture_setup_empty(void **state)
{
    fixture *const self = calloc(1, sizeof *self);
    const char *const base = getenv("TMPDIR");

    fault_plan(NULL);
    snprintf(self->folder, sizeof self->folder, "%s/vault-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(self->folder) == NULL || crypto_init() != VELUM_OK ||
        directory_open(self->folder, &self->dir_fd) != VELUM_OK ||
        secret_arena_create(ARENA_BYTES, &self->arena) != VELUM_OK) {
        return -1;
    }
    self->random = random_system();
    self->cache_bytes = (size_t)4 << 20;
    memset(self->root, 0x52, sizeof self->root);
    *state = self;
    return 0;
}

int fixture_setup(void **state)
{
    velum_error err = {0};

    if (fixture_setup_empty(state) != 0) {
        return -1;
    }
    fixture *const self = *state;
    if (keyring_create(self->dir_fd, self->root, 1, &self->random) != VELUM_OK) {
        return -1;
    }
    return fixture_try_open(self, true, &err) == VELUM_OK ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

int fixture_teardown(void **state)
{
    fixture *const self = *state;

    fault_plan(NULL);
    fixture_close(self);
    secret_arena_free(self->arena);
    close(self->dir_fd);
    nftw(self->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(self);
    return 0;
}

void fixture_close(fixture *self)
{
    secret_arena_reset(self->arena);
    vault_free(self->vault);
    store_free(self->vault_db);
    keyring_free(self->keys);
    self->vault = NULL;
    self->vault_db = NULL;
    self->keys = NULL;
}

static velum_status open_vault_db(fixture *self, bool create, velum_error *err)
{
    static const char *const core_1[] = {
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID", NULL};
    static const store_step steps[] = {
        {vault_schema_1}, {core_1}, {vault_schema_2}, {vault_schema_3}};
    const store_options options = {.folder = self->folder,
                                   .name = "vault.db",
                                   .key = keyring_vault_db_key(self->keys),
                                   .readers_max = 4,
                                   .busy_timeout_ms = 500,
                                   .create = create};
    uint32_t from = 0;

    VELUM_TRY(store_open(&options, &self->vault_db, err));
    return store_migrate(self->vault_db, steps, COUNT_OF(steps), &from, err);
}

velum_status fixture_try_open(fixture *self, bool create, velum_error *err)
{
    VELUM_TRY(keyring_open(self->dir_fd, self->root, &self->keys, err));
    VELUM_TRY(open_vault_db(self, create, err));
    const vault_options options = {.folder = self->folder,
                                   .keys = self->keys,
                                   .vault_db = self->vault_db,
                                   .random = self->random,
                                   .readers_max = 4,
                                   .cache_bytes = self->cache_bytes,
                                   .create = create};
    VELUM_TRY(vault_create_or_open(&options, &self->vault, err));
    return vault_collect(self->vault, err);
}

void fixture_reopen(fixture *self)
{
    velum_error err = {0};

    fixture_close(self);
    if (fixture_try_open(self, false, &err) != VELUM_OK) {
        fail_msg("reopen: %d %s", (int)err.status, err.text);
    }
}

store_conn *fixture_writer(const fixture *self)
{
    return store_writer(self->vault_db);
}

void fixture_rollback(fixture *self)
{
    vault_keys_rollback(self->vault);
    conn_rollback(fixture_writer(self));
}

velum_status fixture_commit(fixture *self)
{
    velum_status status = vault_keys_commit(self->vault);

    if (status == VELUM_OK) {
        status = conn_commit(fixture_writer(self));
    }
    if (status < 0) {
        fixture_rollback(self);
        return status;
    }
    vault_keys_followed(self->vault);
    return VELUM_OK;
}

uint64_t fixture_seq(store_conn *conn)
{
    uint64_t seq = 0;

    assert_ok(vault_outbox_seq(conn, &seq));
    return seq;
}

velum_status fixture_set_seq(store_conn *conn, uint64_t seq)
{
    static const char sql[] = "INSERT INTO meta (name, value) VALUES ('outbox_seq', $1)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)seq));
    return stmt_execute(stmt);
}

subject_id fixture_subject(fixture *self, uint8_t byte)
{
    uint8_t record_bytes[VAULT_STATE_BYTES];
    const opened_subject *opened = NULL;

    memset(record_bytes, byte, sizeof record_bytes);
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_create(self->vault, fixture_writer(self), record_bytes, self->arena, &opened));
    const subject_id id = *opened_id(opened);
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    return id;
}

void fixture_put_text(fixture *self, const subject_id *id, const record_place *place)
{
    sealed_subject *sealed = NULL;
    const opened_subject *opened = NULL;
    store_conn *const conn = fixture_writer(self);

    assert_ok(conn_begin(conn));
    assert_ok(vault_load(self->vault, conn, id, 0, false, &sealed));
    assert_ok(vault_open(self->vault, sealed, self->arena, &opened));
    assert_ok(vault_put_category(self->vault, conn, opened, place));
    assert_ok(fixture_commit(self));
    sealed_subject_free(sealed);
    secret_arena_reset(self->arena);
}

sealed_subject *fixture_load(fixture *self, const subject_id *id, uint64_t seq, bool cacheable)
{
    store_conn *conn = NULL;
    sealed_subject *sealed = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    assert_ok(vault_load(self->vault, conn, id, seq, cacheable, &sealed));
    store_reader_release(self->vault_db, conn);
    return sealed;
}

const opened_subject *fixture_opened(fixture *self, const sealed_subject *sealed)
{
    const opened_subject *opened = NULL;

    assert_ok(vault_open(self->vault, sealed, self->arena, &opened));
    return opened;
}

void subject_put_text(fixture *self, const subject_id *id, uint16_t category, uint32_t version,
                      const char *value)
{
    const record contents = record_of(3, value);

    fixture_put_text(self, id, &(record_place){category, version, &contents});
}

velum_status subject_open_text(fixture *self, const subject_id *id, uint16_t category,
                               uint32_t version, const char *expected)
{
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    record *contents = NULL;

    const velum_status status = vault_open_category(opened, category, version, &contents);
    assert_int_equal(status == VELUM_OK, contents != NULL);
    if (status == VELUM_OK) {
        assert_true(text_equal_literal(*record_find(contents, 3), expected));
    }
    secret_arena_reset(self->arena);
    return status;
}

velum_status subject_open_state(fixture *self, const subject_id *id)
{
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 1, false);
    const opened_subject *opened = NULL;
    const velum_status status = vault_open(self->vault, sealed, self->arena, &opened);

    secret_arena_reset(self->arena);
    return status;
}

record record_of(uint16_t number, const char *value)
{
    record made = {.count = 0};

    assert_ok(record_put(&made, number, text_of(value)));
    return made;
}

consent_event event_of(uint32_t n)
{
    consent_event event = {.n = n,
                           .purpose = 7,
                           .version = 2,
                           .notice = 9,
                           .language = "zh",
                           .state = 4,
                           .grade = 1,
                           .channel = 2,
                           .activity = 11,
                           .jurisdiction = 3,
                           .at_ns = INT64_C(1795291200000000000) + n,
                           .given_ns = INT64_C(1795291200000000000) - n,
                           .expires_ns = 0};

    memset(event.assisted_token, 0x48, sizeof event.assisted_token);
    memset(event.evidence, 0x45, sizeof event.evidence);
    memset(event.id, (int)n, sizeof event.id);
    memset(event.notice_hash, 0x4e, sizeof event.notice_hash);
    memset(event.actor_token, 0x41, sizeof event.actor_token);
    return event;
}

int64_t fixture_number(store_conn *conn, const char *sql, const subject_id *id)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(conn, sql, &stmt));
    if (id != NULL) {
        assert_ok(stmt_bind_blob(stmt, 1, id->bytes, SUBJECT_ID_BYTES));
    }
    assert_ok(stmt_step(stmt));
    const int64_t number = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return number;
}

void fixture_run(store_conn *conn, const char *sql, const subject_id *id)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(conn, sql, &stmt));
    if (id != NULL) {
        assert_ok(stmt_bind_blob(stmt, 1, id->bytes, SUBJECT_ID_BYTES));
    }
    assert_ok(stmt_execute(stmt));
}

void fixture_read(const fixture *self, const char *name, buffer *out)
{
    assert_ok(file_read(self->dir_fd, name, out));
}

bool bytes_contain(const void *bytes, size_t size, const char *word)
{
    return size > 0 && memmem(bytes, size, word, strlen(word)) != NULL;
}

/* AES-256-CBC by hand, so that nothing of SQLCipher is needed to look at what it left. */
static void decrypt_page(const aes_block *aes, const uint8_t *page, bool first, buffer *out)
{
    const uint8_t *previous = page + PAGE_BYTES - RESERVE_BYTES;

    for (size_t at = first ? SALT_BYTES : 0; at < PAGE_BYTES - RESERVE_BYTES; at += 16) {
        uint8_t plain[16];
        aes_block_decrypt(aes, page + at, plain);
        for (size_t i = 0; i < sizeof plain; i++) {
            plain[i] ^= previous[i];
        }
        previous = page + at;
        buffer_append(out, plain, sizeof plain);
    }
}

void fixture_decrypt(const fixture *self, const char *name, const uint8_t *key, buffer *out)
{
    VELUM_AUTO_BUFFER file;
    VELUM_AUTO(aes_block) *aes = NULL;
    const bool is_wal = strstr(name, "-wal") != NULL;
    const size_t head = is_wal ? FRAME_HEAD_BYTES : 0;

    buffer_init(&file, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, name, &file);
    assert_ok(aes_block_create(key, &aes));
    for (size_t at = is_wal ? WAL_HEAD_BYTES : 0; at + head + PAGE_BYTES <= file.size;
         at += head + PAGE_BYTES) {
        const bool first = is_wal ? bytes_read_u32be(file.data + at) == 1 : at == 0;
        decrypt_page(aes, file.data + at + head, first, out);
    }
    assert_ok(buffer_status(out));
}
