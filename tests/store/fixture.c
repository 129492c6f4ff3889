#include "tests/store/fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

#define PAGE_BYTES 4096u
#define RESERVE_BYTES 80u /* IV of 16, HMAC-SHA-512 of 64, at the end of each page */
#define SALT_BYTES 16u    /* in the clear, at the front of page 1 */
#define BLOCK_BYTES 16u
#define WAL_HEAD_BYTES 32u
#define FRAME_HEAD_BYTES 24u

const uint8_t fixture_key[KEY_BYTES] = {7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

void assert_ok(velum_status status)
{
    assert_int_equal(status, VELUM_OK);
}

int fixture_setup(void **state)
{
    fixture *const self = calloc(1, sizeof *self);
    const char *const base = getenv("TMPDIR");

    snprintf(self->folder, sizeof self->folder, "%s/store-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(self->folder) == NULL) {
        return -1;
    }
    fault_plan(NULL);
    *state = self;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

int fixture_teardown(void **state)
{
    fixture *const self = *state;

    fault_plan(NULL);
    nftw(self->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(self);
    return 0;
}

store_options fixture_options(const fixture *self)
{
    return (store_options){
        .folder = self->folder,
        .name = "vault.db",
        .key = fixture_key,
        .readers_max = 4,
        .busy_timeout_ms = 200,
        .create = true,
    };
}

store *fixture_open(const fixture *self)
{
    const store_options options = fixture_options(self);
    velum_error err = {0};
    store *out = NULL;

    if (store_open(&options, &out, &err) != VELUM_OK) {
        fail_msg("store_open: %d %s", (int)err.status, err.text);
    }
    return out;
}

static void path_of(const fixture *self, const char *name, char out[FIXTURE_PATH_BYTES + 64])
{
    snprintf(out, FIXTURE_PATH_BYTES + 64, "%s/%s", self->folder, name);
}

int64_t fixture_size(const fixture *self, const char *name)
{
    char path[FIXTURE_PATH_BYTES + 64];
    struct stat info;

    path_of(self, name, path);
    return stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
}

void fixture_read(const fixture *self, const char *name, bool optional, buffer *out)
{
    char path[FIXTURE_PATH_BYTES + 64];
    uint8_t part[65536];

    path_of(self, name, path);
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        assert_true(optional);
        return;
    }
    for (size_t n = 0; (n = fread(part, 1, sizeof part, file)) > 0;) {
        buffer_append(out, part, n);
    }
    fclose(file);
    assert_ok(buffer_status(out));
}

void fixture_write(const fixture *self, const char *name, const void *data, size_t size)
{
    char path[FIXTURE_PATH_BYTES + 64];

    path_of(self, name, path);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

bool bytes_contain(const buffer *bytes, const char *word)
{
    return bytes->size > 0 && memmem(bytes->data, bytes->size, word, strlen(word)) != NULL;
}

/* AES-256-CBC by hand, so that nothing of SQLCipher is needed to look at what it left. */
static void decrypt_page(const aes_block *aes, const uint8_t *page, bool first, buffer *out)
{
    const uint8_t *previous = page + PAGE_BYTES - RESERVE_BYTES;

    for (size_t at = first ? SALT_BYTES : 0; at < PAGE_BYTES - RESERVE_BYTES; at += BLOCK_BYTES) {
        uint8_t plain[BLOCK_BYTES];
        aes_block_decrypt(aes, page + at, plain);
        for (size_t i = 0; i < BLOCK_BYTES; i++) {
            plain[i] ^= previous[i];
        }
        previous = page + at;
        buffer_append(out, plain, sizeof plain);
    }
}

void fixture_decrypt_pages(const fixture *self, buffer *out)
{
    VELUM_AUTO_BUFFER file;
    VELUM_AUTO(aes_block) *aes = NULL;

    buffer_init(&file, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, "vault.db", false, &file);
    assert_ok(aes_block_create(fixture_key, &aes));
    for (size_t at = 0; at + PAGE_BYTES <= file.size; at += PAGE_BYTES) {
        decrypt_page(aes, file.data + at, at == 0, out);
    }
    assert_ok(buffer_status(out));
}

void fixture_decrypt_wal(const fixture *self, buffer *out)
{
    VELUM_AUTO_BUFFER file;
    VELUM_AUTO(aes_block) *aes = NULL;
    const size_t frame = FRAME_HEAD_BYTES + PAGE_BYTES;

    buffer_init(&file, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, "vault.db-wal", true, &file);
    assert_ok(aes_block_create(fixture_key, &aes));
    for (size_t at = WAL_HEAD_BYTES; at + frame <= file.size; at += frame) {
        const bool first = bytes_read_u32be(file.data + at) == 1;
        decrypt_page(aes, file.data + at + FRAME_HEAD_BYTES, first, out);
    }
    assert_ok(buffer_status(out));
}

int64_t fixture_number(store_conn *conn, const char *sql)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(conn, sql, &stmt));
    assert_ok(stmt_step(stmt));
    const int64_t number = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return number;
}
