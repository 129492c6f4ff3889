/* vault/keyring.c: the file DIR/keyring, and the keys that come from it.
 *
 * The file is an eight-byte mark and one sealed record under key_derive(root, "velum keyring 1").
 * Opened, its keys lie in a locked arena and are read-only; only the table of pseudonym domains
 * grows, by atomic pointers that are set once. The expanded AES keys of domains lie in the heap of
 * the primitives (base/crypto.h), which is wiped when they are freed.
 * Format: docs/formats/keyring.md.
 */
#include "vault/keyring.h"

#include "base/secret.h"
#include "base/status.h"
#include "vault/sealed.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define KEYRING_NAME "keyring"
#define KEYRING_MARK "VELUMKR\n"
#define KEYRING_MARK_BYTES (sizeof(KEYRING_MARK) - 1)
#define KEYRING_LAYOUT 1
#define KEYRING_BODY_BYTES 256
#define KEYRING_FILE_BYTES (KEYRING_MARK_BYTES + SEALED_OVERHEAD_BYTES + KEYRING_BODY_BYTES)
#define KEYRING_FILE_BYTES_MAX 65536
#define KEY_VERSION_1 1
#define PLACE_KEYRING 0xFF03
#define DOMAIN_PAGES 256
#define DOMAINS_A_PAGE 256
#define IDENTIFIER_TYPE_BYTES_MAX 64

static_assert(KEYRING_FILE_BYTES == 314, "docs/formats/keyring.md says so");

/* The body of the file as it lies in memory, but for byte order. */
typedef struct keyring_keys {
    uint8_t key_encryption[KEY_BYTES];
    uint8_t vault_db[KEY_BYTES];
    uint8_t keys_db[KEY_BYTES];
    uint8_t note_seed[KEY_BYTES];
    uint8_t index_master[KEY_BYTES];
    uint8_t domain_master[KEY_BYTES];
    uint8_t token_master[KEY_BYTES];
} keyring_keys;

#define BODY_KEYS_OFFSET 8
#define BODY_ROOT_VERSION_OFFSET (BODY_KEYS_OFFSET + sizeof(keyring_keys))

static_assert(sizeof(keyring_keys) == 7 * KEY_BYTES, "no padding between keys");
static_assert(BODY_ROOT_VERSION_OFFSET + 4 <= KEYRING_BODY_BYTES, "the body holds them");

typedef struct domain_page {
    _Atomic(aes_block *) domains[DOMAINS_A_PAGE];
} domain_page;

struct keyring {
    secret_arena *arena;
    const uint8_t *body;          /* of the file, in the arena */
    const keyring_keys *keys;     /* in the body */
    const uint8_t *wrapping;      /* in the arena: derived from key_encryption */
    uint8_t (*tokens)[KEY_BYTES]; /* in the arena: token keys of token_uses, derived once */
    uint32_t tenant;
    uint32_t key_version;
    uint32_t root_version;
    pthread_mutex_t domain_lock; /* taken only to make a page or a domain */
    _Atomic(domain_page *) pages[DOMAIN_PAGES];
};

static const uint8_t no_subject[16];

/* Uses that every request, or every new customer, needs. */
static const char *const token_uses[] = {"credential", "refusal", "caller id", "customer",
                                         "suppression"};
#define TOKEN_USES (sizeof(token_uses) / sizeof(token_uses[0]))

static sealed_place keyring_place(uint32_t tenant)
{
    return (sealed_place){.subject = no_subject,
                          .tenant = tenant,
                          .key_version = KEY_VERSION_1,
                          .category = PLACE_KEYRING,
                          .version = KEYRING_LAYOUT};
}

/* --- the file ------------------------------------------------------------------------------------- */

/* Seals `body` under the root and writes the file. */
static velum_status write_file(int dir_fd, const uint8_t root[KEY_BYTES], uint32_t tenant,
                               const velum_random *random, const uint8_t *body)
{
    VELUM_AUTO_BUFFER content;
    uint8_t file_key[KEY_BYTES];
    const sealed_place place = keyring_place(tenant);

    buffer_init(&content, KEYRING_FILE_BYTES);
    buffer_append(&content, KEYRING_MARK, KEYRING_MARK_BYTES);
    key_derive(root, "velum keyring 1", NULL, 0, file_key);
    const velum_status status =
        sealed_write(file_key, random, &place, (crypto_part){body, KEYRING_BODY_BYTES}, &content);
    mem_wipe(file_key, sizeof(file_key));
    VELUM_TRY(status);
    VELUM_TRY(buffer_status(&content));
    return file_replace(dir_fd, KEYRING_NAME, content.data, content.size);
}

static velum_status refuse_existing(int dir_fd)
{
    VELUM_AUTO_FD fd = -1;
    const velum_status status = file_open(dir_fd, KEYRING_NAME, O_RDONLY, &fd);

    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    return status == VELUM_OK ? VELUM_E_EXISTS : status;
}

velum_status keyring_create(int dir_fd, const uint8_t root[KEY_BYTES], uint32_t tenant,
                            const velum_random *random)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *slice = NULL;

    VELUM_TRY(refuse_existing(dir_fd));
    VELUM_TRY(secret_arena_create(KEYRING_BODY_BYTES, &arena));
    VELUM_TRY(secret_arena_slice(arena, KEYRING_BODY_BYTES, &slice));
    uint8_t *const body = slice;
    body[0] = KEYRING_LAYOUT;
    bytes_write_u32be(body + 4, KEY_VERSION_1);
    random_fill(random, body + BODY_KEYS_OFFSET, sizeof(keyring_keys));
    return write_file(dir_fd, root, tenant, random, body);
}

velum_status keyring_reseal(const keyring *self, int dir_fd, const uint8_t root[KEY_BYTES],
                            const velum_random *random)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    VELUM_AUTO_FD replaced = -1;
    void *slice = NULL;

    VELUM_TRY(secret_arena_create(KEYRING_BODY_BYTES, &arena));
    VELUM_TRY(secret_arena_slice(arena, KEYRING_BODY_BYTES, &slice));
    uint8_t *const body = slice;
    memcpy(body, self->body, KEYRING_BODY_BYTES);
    bytes_write_u32be(body + BODY_ROOT_VERSION_OFFSET, self->root_version + 1);
    VELUM_TRY(file_open(dir_fd, KEYRING_NAME, O_RDWR, &replaced));
    VELUM_TRY(write_file(dir_fd, root, self->tenant, random, body));
    /* A secret that leaked would open its blocks still. */
    return file_overwrite(replaced);
}

/* What can be said without a key: mark, format, size. */
static velum_status check_file(const buffer *content, velum_error *err)
{
    if (content->size < KEYRING_MARK_BYTES + SEALED_OVERHEAD_BYTES ||
        memcmp(content->data, KEYRING_MARK, KEYRING_MARK_BYTES) != 0) {
        return error_set(err, VELUM_E_CORRUPT, "the file keyring is not a keyring");
    }
    if (content->data[KEYRING_MARK_BYTES] > 1) {
        return error_set(err, VELUM_E_NEWER, "the keyring has format %u, this version knows 1",
                         (unsigned int)content->data[KEYRING_MARK_BYTES]);
    }
    if (content->size != KEYRING_FILE_BYTES) {
        return error_set(err, VELUM_E_CORRUPT, "the keyring has %zu bytes instead of %zu",
                         content->size, KEYRING_FILE_BYTES);
    }
    return VELUM_OK;
}

/* Opens the sealed record of the file into `body`, a slice of an arena. */
static velum_status open_body(const buffer *content, const uint8_t root[KEY_BYTES],
                              uint32_t *out_tenant, uint8_t *body)
{
    const crypto_part sealed = {content->data + KEYRING_MARK_BYTES,
                                content->size - KEYRING_MARK_BYTES};
    uint8_t file_key[KEY_BYTES];

    /* The tenant of the header is as good as the seal, which covers it. */
    const uint32_t tenant = bytes_read_u32be((const uint8_t *)sealed.data + 2);
    const sealed_place place = keyring_place(tenant);
    key_derive(root, "velum keyring 1", NULL, 0, file_key);
    const velum_status status = sealed_open(file_key, &place, sealed, body);
    mem_wipe(file_key, sizeof(file_key));
    VELUM_TRY(status);
    *out_tenant = tenant;
    return VELUM_OK;
}

static velum_status derive_token_keys(keyring *self)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(self->arena, TOKEN_USES * KEY_BYTES, &slice));
    self->tokens = slice;
    for (size_t i = 0; i < TOKEN_USES; i++) {
        key_derive(self->keys->token_master, "velum token 1", token_uses[i], strlen(token_uses[i]),
                   self->tokens[i]);
    }
    return VELUM_OK;
}

static velum_status load_keys(keyring *self, const buffer *content, const uint8_t root[KEY_BYTES],
                              velum_error *err)
{
    void *body = NULL;
    void *wrapping = NULL;

    VELUM_TRY(secret_arena_slice(self->arena, KEYRING_BODY_BYTES, &body));
    VELUM_TRY(secret_arena_slice(self->arena, KEY_BYTES, &wrapping));
    const velum_status status = open_body(content, root, &self->tenant, body);
    if (status < 0) {
        return error_set(err, status, "the root secret does not open the keyring");
    }
    const uint8_t *const bytes = body;
    if (bytes[0] != KEYRING_LAYOUT || bytes_read_u32be(bytes + 4) != KEY_VERSION_1) {
        return error_set(err, VELUM_E_NEWER, "the keyring has layout %u, this version knows 1",
                         (unsigned int)bytes[0]);
    }
    self->body = bytes;
    self->root_version = bytes_read_u32be(bytes + BODY_ROOT_VERSION_OFFSET);
    self->keys = (const keyring_keys *)(bytes + BODY_KEYS_OFFSET);
    self->key_version = KEY_VERSION_1;
    key_derive(self->keys->key_encryption, "velum wrap 1", NULL, 0, wrapping);
    self->wrapping = wrapping;
    return derive_token_keys(self);
}

/* An empty keyring with its arena. */
static velum_status new_keyring(keyring **out)
{
    keyring *const made = mem_alloc(sizeof(*made));

    if (made == NULL) {
        return VELUM_E_NOMEM;
    }
    if (pthread_mutex_init(&made->domain_lock, NULL) != 0) {
        mem_free(made);
        return VELUM_E_NOMEM;
    }
    VELUM_AUTO(keyring) *self = made;
    VELUM_TRY(secret_arena_create(KEYRING_BODY_BYTES + KEY_BYTES * (1 + TOKEN_USES), &self->arena));
    *out = keyring_take(&self);
    return VELUM_OK;
}

velum_status keyring_open(int dir_fd, const uint8_t root[KEY_BYTES], keyring **out,
                          velum_error *err)
{
    VELUM_AUTO_BUFFER content;
    VELUM_AUTO(keyring) *self = NULL;

    *out = NULL;
    buffer_init(&content, KEYRING_FILE_BYTES_MAX);
    velum_status status = file_read(dir_fd, KEYRING_NAME, &content);
    if (status < 0) {
        return error_set(err, status, "the file keyring cannot be read");
    }
    VELUM_TRY(check_file(&content, err));
    status = new_keyring(&self);
    if (status < 0) {
        return error_set(err, status, "no memory for the keyring");
    }
    VELUM_TRY(load_keys(self, &content, root, err));
    *out = keyring_take(&self);
    return VELUM_OK;
}

static void free_domains(keyring *self)
{
    for (size_t i = 0; i < DOMAIN_PAGES; i++) {
        domain_page *const page = atomic_load(&self->pages[i]);
        for (size_t j = 0; page != NULL && j < DOMAINS_A_PAGE; j++) {
            aes_block_free(atomic_load(&page->domains[j]));
        }
        mem_free(page);
    }
}

void keyring_free(keyring *self)
{
    if (self == NULL) {
        return;
    }
    free_domains(self);
    (void)pthread_mutex_destroy(&self->domain_lock);
    secret_arena_free(self->arena);
    mem_free(self);
}

/* --- keys ------------------------------------------------------------------------------------------- */

uint32_t keyring_tenant(const keyring *self)
{
    return self->tenant;
}

uint32_t keyring_key_version(const keyring *self)
{
    return self->key_version;
}

uint32_t keyring_root_version(const keyring *self)
{
    return self->root_version;
}

const uint8_t *keyring_vault_db_key(const keyring *self)
{
    return self->keys->vault_db;
}

const uint8_t *keyring_keys_db_key(const keyring *self)
{
    return self->keys->keys_db;
}

const uint8_t *keyring_note_seed(const keyring *self)
{
    return self->keys->note_seed;
}

void keyring_index_key(const keyring *self, text identifier_type, uint32_t form,
                       uint8_t out[KEY_BYTES])
{
    uint8_t context[4 + IDENTIFIER_TYPE_BYTES_MAX];

    assert(identifier_type.size <= IDENTIFIER_TYPE_BYTES_MAX);
    bytes_write_u32be(context, form);
    memcpy(context + 4, identifier_type.data, identifier_type.size);
    key_derive(self->keys->index_master, "velum index 1", context, 4 + identifier_type.size, out);
}

void keyring_token_key(const keyring *self, const char *use, uint8_t out[KEY_BYTES])
{
    for (size_t i = 0; i < TOKEN_USES; i++) {
        if (strcmp(use, token_uses[i]) == 0) {
            memcpy(out, self->tokens[i], KEY_BYTES);
            return;
        }
    }
    key_derive(self->keys->token_master, "velum token 1", use, strlen(use), out);
}

/* --- pseudonym domains ------------------------------------------------------------------------------ */

static velum_status make_domain(const keyring *self, uint16_t domain, aes_block **out)
{
    uint8_t key[KEY_BYTES];
    uint8_t number[2];

    bytes_write_u16be(number, domain);
    key_derive(self->keys->domain_master, "velum domain 1", number, sizeof(number), key);
    const velum_status status = aes_block_create(key, out);
    mem_wipe(key, sizeof(key));
    return status;
}

static const aes_block *find_domain(keyring *self, uint16_t domain)
{
    domain_page *const page = atomic_load(&self->pages[domain / DOMAINS_A_PAGE]);

    return page == NULL ? NULL : atomic_load(&page->domains[domain % DOMAINS_A_PAGE]);
}

/* Under the lock: the page and the domain, each unless another thread was first. */
static velum_status add_domain(keyring *self, uint16_t domain)
{
    _Atomic(domain_page *) *const page_at = &self->pages[domain / DOMAINS_A_PAGE];
    aes_block *made = NULL;

    if (find_domain(self, domain) != NULL) {
        return VELUM_OK;
    }
    if (atomic_load(page_at) == NULL) {
        domain_page *const page = mem_alloc(sizeof(*page));
        if (page == NULL) {
            return VELUM_E_NOMEM;
        }
        atomic_store(page_at, page);
    }
    VELUM_TRY(make_domain(self, domain, &made));
    atomic_store(&atomic_load(page_at)->domains[domain % DOMAINS_A_PAGE], made);
    return VELUM_OK;
}

velum_status keyring_domain(keyring *self, uint16_t domain, const aes_block **out)
{
    *out = find_domain(self, domain);
    if (*out != NULL) {
        return VELUM_OK;
    }
    (void)pthread_mutex_lock(&self->domain_lock);
    const velum_status status = add_domain(self, domain);
    (void)pthread_mutex_unlock(&self->domain_lock);
    VELUM_TRY(status);
    *out = find_domain(self, domain);
    return VELUM_OK;
}

/* --- wrapped keys of subjects ------------------------------------------------------------------------ */

#define WRAP_HEADER_BYTES 16 /* a sealed header and six zero bytes */
#define WRAP_AAD_BYTES (WRAP_HEADER_BYTES + 4 + 16 + 4 + 4)

static_assert(WRAPPED_KEY_BYTES ==
                  WRAP_HEADER_BYTES + AEAD_NONCE_BYTES + KEY_BYTES + AEAD_TAG_BYTES,
              "docs/formats/keyring.md says so");

static void write_wrap_aad(const keyring *self, uint32_t kind, const uint8_t subject[16],
                           uint8_t out[WRAP_AAD_BYTES])
{
    memset(out, 0, WRAP_HEADER_BYTES);
    out[0] = 1; /* format */
    out[1] = 1; /* suite */
    bytes_write_u32be(out + 2, self->tenant);
    bytes_write_u32be(out + 6, self->key_version);
    uint8_t *const at = out + WRAP_HEADER_BYTES;
    bytes_write_u32be(at, 16);
    memcpy(at + 4, subject, 16);
    bytes_write_u32be(at + 20, 4);
    bytes_write_u32be(at + 24, kind);
}

void keyring_wrap(const keyring *self, const velum_random *random, uint32_t kind,
                  const uint8_t subject[16], const uint8_t key[KEY_BYTES],
                  uint8_t out[WRAPPED_KEY_BYTES])
{
    uint8_t aad[WRAP_AAD_BYTES];
    uint8_t *const nonce = out + WRAP_HEADER_BYTES;

    write_wrap_aad(self, kind, subject, aad);
    memcpy(out, aad, WRAP_HEADER_BYTES);
    random_fill(random, nonce, AEAD_NONCE_BYTES);
    aead_seal(self->wrapping, nonce, (crypto_part){aad, sizeof(aad)}, (crypto_part){key, KEY_BYTES},
              nonce + AEAD_NONCE_BYTES);
}

velum_status keyring_unwrap(const keyring *self, uint32_t kind, const uint8_t subject[16],
                            const uint8_t wrapped[WRAPPED_KEY_BYTES], uint8_t out[KEY_BYTES])
{
    uint8_t aad[WRAP_AAD_BYTES];
    const uint8_t *const nonce = wrapped + WRAP_HEADER_BYTES;

    write_wrap_aad(self, kind, subject, aad);
    if (wrapped[0] > aad[0] || (wrapped[0] == aad[0] && wrapped[1] > aad[1])) {
        return VELUM_E_NEWER;
    }
    if (memcmp(wrapped, aad, WRAP_HEADER_BYTES) != 0) {
        return VELUM_E_CRYPTO;
    }
    return aead_open(self->wrapping, nonce, (crypto_part){aad, sizeof(aad)},
                     (crypto_part){nonce + AEAD_NONCE_BYTES, KEY_BYTES + AEAD_TAG_BYTES}, out);
}
