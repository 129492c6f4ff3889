/* The keyring and the root secret: wrong roots, flipped bytes, file modes, wrapped keys. */
#include "tests/vault/fixture.h"

#include "base/fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static velum_status open_with(fixture *self, const uint8_t root[KEY_BYTES])
{
    velum_error err = {0};
    keyring *keys = NULL;
    const velum_status status = keyring_open(self->dir_fd, root, &keys, &err);

    assert_int_equal(status == VELUM_OK, keys != NULL);
    assert_int_equal(err.status, status == VELUM_OK ? 0 : status);
    keyring_free(keys);
    return status;
}

static void a_keyring_opens_with_its_root(void **state)
{
    fixture *const self = *state;
    uint8_t again[KEY_BYTES];

    assert_int_equal(open_with(self, self->root), VELUM_E_NOTFOUND);
    assert_ok(keyring_create(self->dir_fd, self->root, 7, &self->random));
    assert_int_equal(keyring_create(self->dir_fd, self->root, 7, &self->random), VELUM_E_EXISTS);
    assert_ok(keyring_open(self->dir_fd, self->root, &self->keys, NULL));
    assert_int_equal(keyring_tenant(self->keys), 7);
    assert_int_equal(keyring_key_version(self->keys), 1);
    memcpy(again, keyring_vault_db_key(self->keys), KEY_BYTES);
    assert_memory_not_equal(again, keyring_keys_db_key(self->keys), KEY_BYTES);
    assert_memory_not_equal(again, keyring_note_seed(self->keys), KEY_BYTES);
    keyring_free(self->keys);
    assert_ok(keyring_open(self->dir_fd, self->root, &self->keys, NULL));
    assert_memory_equal(again, keyring_vault_db_key(self->keys), KEY_BYTES);
}

static void a_wrong_root_is_refused(void **state)
{
    fixture *const self = *state;
    uint8_t wrong[KEY_BYTES];

    memcpy(wrong, self->root, sizeof wrong);
    wrong[31] ^= 1;
    assert_int_equal(open_with(self, wrong), VELUM_E_CRYPTO);
    assert_ok(open_with(self, self->root));
}

static void write_file(fixture *self, const char *name, const void *data, size_t size)
{
    assert_ok(file_replace(self->dir_fd, name, data, size));
}

static void any_flipped_byte_of_the_file_is_refused(void **state)
{
    fixture *const self = *state;
    VELUM_AUTO_BUFFER file;

    buffer_init(&file, 4096);
    fixture_read(self, "keyring", &file);
    assert_int_equal(file.size, 314);
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= 0x10;
        write_file(self, "keyring", file.data, file.size);
        assert_true(open_with(self, self->root) < 0);
        file.data[i] ^= 0x10;
    }
    write_file(self, "keyring", file.data, file.size - 1);
    assert_int_equal(open_with(self, self->root), VELUM_E_CORRUPT);
    write_file(self, "keyring", file.data, 0);
    assert_int_equal(open_with(self, self->root), VELUM_E_CORRUPT);
    file.data[8] = 2;
    write_file(self, "keyring", file.data, file.size);
    assert_int_equal(open_with(self, self->root), VELUM_E_NEWER);
    file.data[8] = 1;
    write_file(self, "keyring", file.data, file.size);
    assert_ok(open_with(self, self->root));
}

static void keys_of_uses_differ(void **state)
{
    fixture *const self = *state;
    uint8_t keys[5][KEY_BYTES];

    keyring_index_key(self->keys, TEXT_LITERAL("mobile"), 1, keys[0]);
    keyring_index_key(self->keys, TEXT_LITERAL("mobile"), 2, keys[1]);
    keyring_index_key(self->keys, TEXT_LITERAL("email"), 1, keys[2]);
    keyring_token_key(self->keys, "employee", keys[3]);
    keyring_token_key(self->keys, "caller", keys[4]);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        for (size_t j = i + 1; j < COUNT_OF(keys); j++) {
            assert_memory_not_equal(keys[i], keys[j], KEY_BYTES);
        }
    }
    fixture_reopen(self);
    keyring_token_key(self->keys, "caller", keys[0]);
    assert_memory_equal(keys[0], keys[4], KEY_BYTES);
}

/* V-3 for subject keys: subject and kind stand in the AAD. */
static void a_wrapped_key_serves_its_place(void **state)
{
    fixture *const self = *state;
    const uint8_t subject[16] = {1};
    const uint8_t other[16] = {2};
    const uint8_t key[KEY_BYTES] = {3};
    uint8_t wrapped[WRAPPED_KEY_BYTES];
    uint8_t out[KEY_BYTES];

    keyring_wrap(self->keys, &self->random, KEY_KIND_DATA, subject, key, wrapped);
    assert_ok(keyring_unwrap(self->keys, KEY_KIND_DATA, subject, wrapped, out));
    assert_memory_equal(out, key, sizeof out);
    assert_int_equal(keyring_unwrap(self->keys, KEY_KIND_EVIDENCE, subject, wrapped, out),
                     VELUM_E_CRYPTO);
    assert_int_equal(keyring_unwrap(self->keys, KEY_KIND_DATA, other, wrapped, out),
                     VELUM_E_CRYPTO);
    for (size_t i = 0; i < sizeof wrapped * 8; i++) {
        wrapped[i / 8] ^= (uint8_t)(1U << i % 8);
        assert_true(keyring_unwrap(self->keys, KEY_KIND_DATA, subject, wrapped, out) < 0);
        wrapped[i / 8] ^= (uint8_t)(1U << i % 8);
    }
}

static void a_failed_write_leaves_no_keyring(void **state)
{
    static const char *const plans[] = {"write:1:enospc", "sync:1:eio", "rename:1:eio",
                                        "alloc:1:enospc"};
    fixture *const self = *state;

    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        fault_plan(plans[i]);
        assert_true(keyring_create(self->dir_fd, self->root, 1, &self->random) < 0);
        fault_plan(NULL);
        assert_int_equal(open_with(self, self->root), VELUM_E_NOTFOUND);
    }
    assert_ok(keyring_create(self->dir_fd, self->root, 1, &self->random));
    for (int n = 1; n < 10; n++) {
        char plan[32];
        snprintf(plan, sizeof plan, "alloc:%d:enospc", n);
        fault_plan(plan);
        const velum_status status = open_with(self, self->root);
        assert_true(status == VELUM_OK || status == VELUM_E_NOMEM);
    }
    fault_plan(NULL);
    assert_ok(open_with(self, self->root));
}

/* --- the root secret ---------------------------------------------------------------------------------- */

static const char root_hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static void put_root(fixture *self, const char *name, const char *content, mode_t mode)
{
    write_file(self, name, content, strlen(content));
    assert_int_equal(fchmodat(self->dir_fd, name, mode, 0), 0);
}

static velum_status find_root(fixture *self, uint32_t source)
{
    velum_error err = {0};
    uint8_t expected[KEY_BYTES];
    uint8_t out[KEY_BYTES] = {0};
    uint32_t found = 0;

    const velum_status status = root_secret_find(self->dir_fd, out, &found, &err);
    assert_int_equal(status, err.status);
    if (status == VELUM_OK) {
        fill_hex(root_hex, expected, sizeof expected);
        assert_memory_equal(out, expected, sizeof out);
        assert_int_equal(found, source);
    } else {
        assert_true(strlen(err.text) > 10);
        assert_null(strstr(err.text, "000102"));
    }
    return status;
}

static int setup_root(void **state)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    unsetenv("VELUM_ROOT_FILE");
    return fixture_setup_empty(state);
}

static void the_sample_key_of_the_folder_comes_last(void **state)
{
    fixture *const self = *state;
    char path[FIXTURE_PATH_BYTES + 16];

    assert_int_equal(find_root(self, 0), VELUM_E_NOTFOUND);
    put_root(self, "root.key", root_hex, 0600);
    assert_ok(find_root(self, ROOT_FROM_FOLDER));
    snprintf(path, sizeof path, "%s/elsewhere", self->folder);
    setenv("VELUM_ROOT_FILE", path, 1);
    assert_int_equal(find_root(self, 0), VELUM_E_NOTFOUND); /* named but missing: no fall back */
    put_root(self, "elsewhere", root_hex, 0400);
    assert_ok(find_root(self, ROOT_FROM_FILE));
    setenv("CREDENTIALS_DIRECTORY", self->folder, 1);
    assert_ok(find_root(self, ROOT_FROM_FILE)); /* other credentials, not ours */
    put_root(self, "velum-root", root_hex, 0400);
    assert_ok(find_root(self, ROOT_FROM_CREDENTIALS));
    setenv("CREDENTIALS_DIRECTORY", path, 1);
    assert_int_equal(find_root(self, 0), VELUM_E_IO);
}

static void rights_of_others_are_refused(void **state)
{
    fixture *const self = *state;

    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        put_root(self, "root.key", root_hex, 0600 | bit);
        assert_int_equal(find_root(self, 0), VELUM_E_DENIED);
    }
    setenv("CREDENTIALS_DIRECTORY", self->folder, 1);
    put_root(self, "velum-root", root_hex, 0440); /* the mask of systemd's ACL */
    assert_ok(find_root(self, ROOT_FROM_CREDENTIALS));
    put_root(self, "velum-root", root_hex, 0460);
    assert_int_equal(find_root(self, 0), VELUM_E_DENIED);
    put_root(self, "velum-root", root_hex, 0444);
    assert_int_equal(find_root(self, 0), VELUM_E_DENIED);
}

static void contents_of_the_file(void **state)
{
    static const char *const refused[] = {
        "",
        "000102",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\n",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f ",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f and more of it",
    };
    fixture *const self = *state;
    uint8_t raw[KEY_BYTES];
    char line[80];

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        put_root(self, "root.key", refused[i], 0600);
        assert_int_equal(find_root(self, 0), VELUM_E_INVALID);
    }
    snprintf(line, sizeof line, "%s\n", root_hex);
    put_root(self, "root.key", line, 0600);
    assert_ok(find_root(self, ROOT_FROM_FOLDER));
    snprintf(line, sizeof line, "%s\r\n", root_hex);
    put_root(self, "root.key", line, 0600);
    assert_ok(find_root(self, ROOT_FROM_FOLDER));
    fill_hex(root_hex, raw, sizeof raw);
    write_file(self, "root.key", raw, sizeof raw);
    assert_ok(find_root(self, ROOT_FROM_FOLDER));
    assert_int_equal(unlinkat(self->dir_fd, "root.key", 0), 0);
    assert_int_equal(mkdirat(self->dir_fd, "root.key", 0700), 0);
    assert_int_equal(find_root(self, 0), VELUM_E_INVALID);
}

static void a_root_is_written_once(void **state)
{
    fixture *const self = *state;
    struct stat about;
    uint8_t root[KEY_BYTES];

    fill_hex(root_hex, root, sizeof root);
    fault_plan("sync:1:eio");
    assert_int_equal(root_secret_write(self->dir_fd, "root.key", root), VELUM_E_IO);
    fault_plan(NULL);
    assert_int_equal(find_root(self, 0), VELUM_E_NOTFOUND); /* half a secret is none */
    assert_ok(root_secret_write(self->dir_fd, "root.key", root));
    assert_int_equal(fstatat(self->dir_fd, "root.key", &about, 0), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(about.st_size, 65);
    assert_ok(find_root(self, ROOT_FROM_FOLDER));
    assert_int_equal(root_secret_write(self->dir_fd, "root.key", root), VELUM_E_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_keyring_opens_with_its_root, fixture_setup_empty,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_wrong_root_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(any_flipped_byte_of_the_file_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(keys_of_uses_differ, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_wrapped_key_serves_its_place, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_no_keyring, fixture_setup_empty,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_sample_key_of_the_folder_comes_last, setup_root,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rights_of_others_are_refused, setup_root, fixture_teardown),
        cmocka_unit_test_setup_teardown(contents_of_the_file, setup_root, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_root_is_written_once, setup_root, fixture_teardown),
    };

    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
