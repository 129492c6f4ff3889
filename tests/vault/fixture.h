/* tests/vault/fixture.h: a folder with a keyring and a vault of its own for each test. */
#ifndef TESTS_VAULT_FIXTURE_H
#define TESTS_VAULT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vault/internal.h"

#define FIXTURE_PATH_BYTES 4096
#define FIXTURE_FILE_BYTES_MAX ((size_t)256 << 20)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct fixture {
    char folder[FIXTURE_PATH_BYTES];
    int dir_fd;
    uint8_t root[KEY_BYTES];
    velum_random random;
    size_t cache_bytes;
    keyring *keys;
    store *vault_db;
    vault *vault;
    secret_arena *arena;
} fixture;

/* cmocka's setup and teardown: a fresh folder with an open vault in *state, no fault planned. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The same, but nothing in the folder and nothing open. */
int fixture_setup_empty(void **state);

void fixture_close(fixture *self);
velum_status fixture_try_open(fixture *self, bool create, velum_error *err);
void fixture_reopen(fixture *self);

/* The writer's connection to vault.db, and both commits in their order. */
store_conn *fixture_writer(const fixture *self);
velum_status fixture_commit(fixture *self);
void fixture_rollback(fixture *self);
/* core/'s highest outbox seq, as this view shows it. */
uint64_t fixture_seq(store_conn *conn);
velum_status fixture_set_seq(store_conn *conn, uint64_t seq);

/* A committed subject whose state is `byte` 1024 times. */
subject_id fixture_subject(fixture *self, uint8_t byte);
/* In a transaction of its own: a category with one field. */
void fixture_put_text(fixture *self, const subject_id *id, const record_place *place);
/* Through a reader, opened; the row must be given back. */
sealed_subject *fixture_load(fixture *self, const subject_id *id, uint64_t seq, bool cacheable);
const opened_subject *fixture_opened(fixture *self, const sealed_subject *sealed);
/* Field 3 of a category, stored and read back in transactions of their own. */
void subject_put_text(fixture *self, const subject_id *id, uint16_t category, uint32_t version,
                      const char *value);
velum_status subject_open_text(fixture *self, const subject_id *id, uint16_t category,
                               uint32_t version, const char *expected);
velum_status subject_open_state(fixture *self, const subject_id *id);
/* A record with one field, borrowing `value`. */
record record_of(uint16_t number, const char *value);
consent_event event_of(uint32_t n);

/* One number, or nothing, from SQL whose $1 (if any) is the subject. */
int64_t fixture_number(store_conn *conn, const char *sql, const subject_id *id);
void fixture_run(store_conn *conn, const char *sql, const subject_id *id);

void fixture_read(const fixture *self, const char *name, buffer *out);
bool bytes_contain(const void *bytes, size_t size, const char *word);
/* All pages of a database file, or all frames of its WAL, decrypted with the raw key. */
void fixture_decrypt(const fixture *self, const char *name, const uint8_t *key, buffer *out);
void assert_ok(velum_status status);
void fill_hex(const char *hex, uint8_t *out, size_t size);

#endif
