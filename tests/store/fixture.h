/* tests/store/fixture.h: a folder of its own for each test, and looking below the encryption. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "store/store.h"

#define FIXTURE_PATH_BYTES 4096
#define FIXTURE_FILE_BYTES_MAX ((size_t)256 << 20)

extern const uint8_t fixture_key[KEY_BYTES];

typedef struct fixture {
    char folder[FIXTURE_PATH_BYTES];
} fixture;

/* cmocka's setup and teardown: a fresh folder in *state, no fault planned. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* What most tests use: 4 readers, a short busy timeout, made when it is not there. */
store_options fixture_options(const fixture *self);
store *fixture_open(const fixture *self);

/* A file below the folder, whole. The file may be missing when `optional`. */
void fixture_read(const fixture *self, const char *name, bool optional, buffer *out);
void fixture_write(const fixture *self, const char *name, const void *data, size_t size);
int64_t fixture_size(const fixture *self, const char *name); /* -1: there is no such file */
bool bytes_contain(const buffer *bytes, const char *word);

/* All pages of vault.db, or all frames of vault.db-wal, decrypted with the raw key. */
void fixture_decrypt_pages(const fixture *self, buffer *out);
void fixture_decrypt_wal(const fixture *self, buffer *out);

/* One number from SQL without parameters. */
int64_t fixture_number(store_conn *conn, const char *sql);
void assert_ok(velum_status status);

#endif
