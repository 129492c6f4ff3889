/* Bytes of format 1, made once by the version that introduced it: they decode for ever. */
#include "tests/vault/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_BYTES_MAX 8192
#define MOBILE "13812345678"

typedef struct golden {
    keyring *keys;
    opened_subject opened;
    int dir_fd;
} golden;

static void golden_path(const char *name, char out[FIXTURE_PATH_BYTES])
{
    const char *const top = getenv("VELUM_TOP");

    snprintf(out, FIXTURE_PATH_BYTES, "%s/tests/golden/vault-v1/%s", top == NULL ? "." : top, name);
}

/* The value of a line "name hex" of records.hex. */
static size_t golden_bytes(const char *name, uint8_t *out, size_t out_max)
{
    char path[FIXTURE_PATH_BYTES];
    char line[LINE_BYTES_MAX];
    const size_t name_size = strlen(name);

    golden_path("records.hex", path);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, name, name_size) == 0 && line[name_size] == ' ') {
            const text hex = text_of(line + name_size + 1);
            assert_true(hex.size % 2 == 0 && hex.size / 2 <= out_max);
            assert_ok(hex_decode(hex, out, hex.size / 2));
            fclose(file);
            return hex.size / 2;
        }
    }
    fail_msg("no golden line %s", name);
    return 0;
}

static int open_golden(void **state)
{
    golden *const self = calloc(1, sizeof *self);
    char folder[FIXTURE_PATH_BYTES];
    uint8_t wrapped[WRAPPED_KEY_BYTES];
    uint8_t data_key[KEY_BYTES];
    uint8_t root[KEY_BYTES];

    golden_path("", folder);
    assert_int_equal(golden_bytes("root", root, sizeof root), KEY_BYTES);
    assert_ok(directory_open(folder, &self->dir_fd));
    assert_ok(keyring_open(self->dir_fd, root, &self->keys, NULL));
    golden_bytes("subject", self->opened.id.bytes, SUBJECT_ID_BYTES);
    self->opened.tenant = keyring_tenant(self->keys);
    self->opened.key_version = SUBJECT_KEY_VERSION;
    golden_bytes("data_key", wrapped, sizeof wrapped);
    assert_ok(keyring_unwrap(self->keys, KEY_KIND_DATA, self->opened.id.bytes, wrapped, data_key));
    opened_derive(&self->opened, data_key);
    golden_bytes("evidence_key", wrapped, sizeof wrapped);
    assert_ok(keyring_unwrap(self->keys, KEY_KIND_EVIDENCE, self->opened.id.bytes, wrapped,
                             self->opened.evidence_key));
    *state = self;
    return 0;
}

static int close_golden(void **state)
{
    golden *const self = *state;

    keyring_free(self->keys);
    file_close(&self->dir_fd);
    free(self);
    return 0;
}

static void check_golden(const char *name, const void *found, size_t size)
{
    uint8_t expected[1024];

    assert_int_equal(golden_bytes(name, expected, sizeof expected), size);
    assert_memory_equal(found, expected, size);
}

static void keys_of_the_keyring(void **state)
{
    golden *const self = *state;
    uint8_t key[KEY_BYTES];

    assert_int_equal(keyring_tenant(self->keys), 1);
    check_golden("vault_db_key", keyring_vault_db_key(self->keys), KEY_BYTES);
    check_golden("keys_db_key", keyring_keys_db_key(self->keys), KEY_BYTES);
    check_golden("note_seed", keyring_note_seed(self->keys), KEY_BYTES);
    keyring_token_key(self->keys, "employee", key);
    check_golden("token_key_employee", key, sizeof key);
}

static void an_index_row(void **state)
{
    golden *const self = *state;
    identifier made;
    uint8_t hash[IDENTIFIER_HASH_BYTES];

    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), TEXT_LITERAL(MOBILE), &made));
    identifier_hash(self->keys, &made, hash);
    check_golden("index_mobile_1", hash, sizeof hash);
}

static void a_pseudonym(void **state)
{
    golden *const self = *state;
    const aes_block *domain = NULL;
    char out[PSEUDONYM_TEXT_BYTES];

    assert_ok(keyring_domain(self->keys, 7, &domain));
    pseudonym_format(domain, &self->opened.id, out);
    check_golden("pseudonym_domain_7", out, PSEUDONYM_CHARS);
}

static void a_state(void **state)
{
    golden *const self = *state;
    uint8_t sealed[STATE_SEALED_BYTES];
    uint8_t plain[VAULT_STATE_BYTES];
    const sealed_place place = opened_place(&self->opened, PLACE_STATE, 3);

    assert_int_equal(golden_bytes("state_3", sealed, sizeof sealed), sizeof sealed);
    assert_ok(
        sealed_open(self->opened.state_key, &place, (crypto_part){sealed, sizeof sealed}, plain));
    for (size_t i = 0; i < sizeof plain; i++) {
        assert_int_equal(plain[i], i & 0xff);
    }
}

static void a_category(void **state)
{
    golden *const self = *state;
    uint8_t wrapped[CATEGORY_KEY_BYTES];
    uint8_t sealed[1024];
    uint8_t plain[1024];
    uint8_t key[KEY_BYTES];
    record found;
    const sealed_place place = opened_place(&self->opened, 5, 2);

    golden_bytes("category_5_key", wrapped, sizeof wrapped);
    assert_ok(category_key_open(&self->opened, 5, (crypto_part){wrapped, sizeof wrapped}, key));
    const size_t size = golden_bytes("category_5_version_2", sealed, sizeof sealed);
    assert_ok(sealed_open(key, &place, (crypto_part){sealed, size}, plain));
    assert_ok(record_decode(plain, size - SEALED_OVERHEAD_BYTES, &found));
    assert_int_equal(found.count, 3);
    assert_true(text_equal_literal(*record_find(&found, 1), "\xe5\xbc\xa0\xe4\xb8\x89"));
    assert_true(text_equal_literal(*record_find(&found, 24), ""));
    assert_true(text_equal_literal(*record_find(&found, 300), MOBILE));
}

static void a_ledger(void **state)
{
    golden *const self = *state;
    uint8_t head[SHA256_BYTES] = {0};
    uint8_t key[KEY_BYTES];

    opened_consent_key(&self->opened, key);
    for (uint32_t n = 1; n <= 2; n++) {
        uint8_t both[SHA256_BYTES + 160];
        uint8_t plain[CONSENT_EVENT_BYTES_1];
        uint8_t expected[CONSENT_EVENT_BYTES];
        consent_event event;
        const consent_event wanted = event_of(n);
        const sealed_place place = opened_place(&self->opened, PLACE_CONSENT_EVENT, n);
        memcpy(both, head, sizeof head);
        assert_int_equal(golden_bytes(n == 1 ? "event_1" : "event_2", both + sizeof head, 160),
                         160);
        assert_ok(sealed_open(key, &place, (crypto_part){both + sizeof head, 160}, plain));
        assert_ok(consent_event_decode(plain, sizeof plain, &event));
        assert_int_equal(event.n, n);
        assert_int_equal(event.given_ns, event.at_ns);
        assert_ok(consent_event_encode(&wanted, expected));
        assert_memory_equal(plain + 1, expected + 1, sizeof plain - 1); /* all but the format */
        sha256(both, sizeof both, head);
    }
    check_golden("ledger_head_2", head, sizeof head);
}

static void an_audit_token(void **state)
{
    golden *const self = *state;
    uint8_t token[16];

    opened_audit_token(&self->opened, 202611, token);
    check_golden("audit_token_202611", token, sizeof token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_the_keyring), cmocka_unit_test(an_index_row),
        cmocka_unit_test(a_pseudonym),         cmocka_unit_test(a_state),
        cmocka_unit_test(a_category),          cmocka_unit_test(a_ledger),
        cmocka_unit_test(an_audit_token),
    };

    if (crypto_init() != VELUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("golden vault-v1", tests, open_golden, close_golden);
}
