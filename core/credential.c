/* core/credential.c: credentials and tokens. */
#include "core/credential.h"

#include <assert.h>

#define TOKEN_PREFIX "velum_"
#define TOKEN_RANDOM_BYTES 32
#define CUSTOMER_PREFIX "velumc_"
#define CUSTOMER_PLAIN_BYTES (SUBJECT_ID_BYTES + 8)
#define CUSTOMER_HEADER_BYTES 10 /* as of every sealed thing: format, suite, tenant, key version */
#define CUSTOMER_FORMAT 1
#define CUSTOMER_SUITE 1 /* XChaCha20-Poly1305 */
#define CUSTOMER_SEALED_BYTES \
    (CUSTOMER_HEADER_BYTES + AEAD_NONCE_BYTES + CUSTOMER_PLAIN_BYTES + AEAD_TAG_BYTES)

static_assert(sizeof(TOKEN_PREFIX) + BASE64URL_SIZE(TOKEN_RANDOM_BYTES) <= CREDENTIAL_TOKEN_BYTES,
              "a token fits");
static_assert(sizeof(CUSTOMER_PREFIX) + BASE64URL_SIZE(CUSTOMER_SEALED_BYTES) <=
                  CUSTOMER_TOKEN_BYTES,
              "a customer's token fits");

bool credential_name_is_valid(text name)
{
    if (name.size == 0 || name.size > CREDENTIAL_NAME_BYTES_MAX || name.data[0] == '.' ||
        name.data[0] == '-' || name.data[0] == '_') {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        const char c = name.data[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

/* Calls `each` with the index of every name of a comma-separated list. */
static velum_status list_to_bits(const bundle *bundle, uint32_t kind, text list, bool strict,
                                 uint64_t *out_bits)
{
    uint64_t bits = 0;
    text part;

    *out_bits = 0;
    if (list.size == 0) {
        return VELUM_OK;
    }
    while (text_split(&list, ',', &part)) {
        const uint32_t index = bundle_find(bundle, kind, part);
        if (index == BUNDLE_NONE) {
            if (strict) {
                return VELUM_E_INVALID;
            }
            continue;
        }
        bits |= UINT64_C(1) << index;
    }
    *out_bits = bits;
    return VELUM_OK;
}

/* I-7: no credential may both record a consent and live on one. */
bool credential_records_and_lives_on_consent(const bundle *bundle, uint64_t activities)
{
    bool records = false;
    bool lives = false;

    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        if ((activities >> i & 1) == 0) {
            continue;
        }
        records = records || (bundle->activities[i].actions & ACTION_CONSENT_WRITE) != 0;
        lives = lives || bundle_lives_on_consent(bundle, i);
    }
    return records && lives;
}

static velum_status check_activities(const credential_request *request, const bundle *bundle,
                                     velum_error *err)
{
    uint64_t activities = 0;

    if (list_to_bits(bundle, REGISTRY_ACTIVITY, request->activities, true, &activities) < 0 ||
        activities == 0) {
        return error_set(err, VELUM_E_INVALID,
                         "an activity is missing or not in the active policy (velum policy show)");
    }
    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        if ((activities >> i & 1) != 0 && (bundle->activities[i].actors & request->kind) == 0) {
            return error_set(err, VELUM_E_INVALID,
                             "the activity %.*s is not for this kind of credential",
                             (int)bundle->activities[i].name.size, bundle->activities[i].name.data);
        }
    }
    if (credential_records_and_lives_on_consent(bundle, activities)) {
        return error_set(err, VELUM_E_INVALID,
                         "a credential that records consents may not have an activity that lives "
                         "on one (I-7); use two credentials");
    }
    return VELUM_OK;
}

velum_status credential_check(const credential_request *request, const bundle *bundle,
                              velum_error *err)
{
    uint64_t roles = 0;

    if (!credential_name_is_valid(request->name)) {
        return error_set(err, VELUM_E_INVALID,
                         "a name has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit");
    }
    if (request->kind != ACTOR_SERVICE && request->kind != ACTOR_HUMAN) {
        return error_set(err, VELUM_E_INVALID, "the kind is service or human");
    }
    if (list_to_bits(bundle, REGISTRY_ROLE, request->roles, true, &roles) < 0 || roles == 0) {
        return error_set(err, VELUM_E_INVALID,
                         "a role is missing or not in the active policy (velum policy show)");
    }
    const bool all = text_equal_literal(request->domain, DOMAIN_ALL);
    if ((!credential_name_is_valid(request->domain) && !all) ||
        request->domain.size > DOMAIN_NAME_BYTES_MAX ||
        text_equal_literal(request->domain, DOMAIN_SELF)) {
        return error_set(err, VELUM_E_INVALID,
                         "a domain has 1 to 32 of a-z 0-9 . _ - and is not 'self'");
    }
    if (all && request->kind != ACTOR_HUMAN) {
        return error_set(err, VELUM_E_INVALID, "only a person may resolve every domain (I-10)");
    }
    if (request->has_uid && request->kind != ACTOR_HUMAN) {
        return error_set(err, VELUM_E_INVALID, "only a person has a uid");
    }
    return check_activities(request, bundle, err);
}

static void token_hash(const keyring *keys, const uint8_t secret[TOKEN_RANDOM_BYTES],
                       uint8_t out[32])
{
    uint8_t key[KEY_BYTES];

    keyring_token_key(keys, "credential", key);
    blake2b_keyed(key, &(crypto_part){secret, TOKEN_RANDOM_BYTES}, 1, out, 32);
    mem_wipe(key, sizeof(key));
}

static velum_status insert_row(store_conn *conn, const credential_request *request,
                               const uint8_t hash[32])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO credential (name, kind, roles, activities, domain, store,"
                             " uid, expires_ns, revoked_ns, token_hash)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)",
                             &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, request->name));
    VELUM_TRY(stmt_bind_integer(stmt, 2, request->kind));
    VELUM_TRY(stmt_bind_text(stmt, 3, request->roles));
    VELUM_TRY(stmt_bind_text(stmt, 4, request->activities));
    VELUM_TRY(stmt_bind_text(stmt, 5, request->domain));
    VELUM_TRY(stmt_bind_text(stmt, 6, request->store));
    if (request->has_uid) {
        VELUM_TRY(stmt_bind_integer(stmt, 7, request->uid));
    } else {
        VELUM_TRY(stmt_bind_null(stmt, 7));
    }
    VELUM_TRY(stmt_bind_integer(stmt, 8, request->expires_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 9, hash, 32));
    return stmt_execute(stmt);
}

void credential_token_make(const keyring *keys, const velum_random *random,
                           char out_token[CREDENTIAL_TOKEN_BYTES], uint8_t out_hash[32])
{
    uint8_t secret[TOKEN_RANDOM_BYTES];

    random_fill(random, secret, sizeof(secret));
    token_hash(keys, secret, out_hash);
    memcpy(out_token, TOKEN_PREFIX, sizeof(TOKEN_PREFIX));
    base64url_encode(secret, sizeof(secret), out_token + sizeof(TOKEN_PREFIX) - 1);
    mem_wipe(secret, sizeof(secret));
}

velum_status credential_insert(store_conn *conn, const keyring *keys, const velum_random *random,
                               const credential_request *request,
                               char out_token[CREDENTIAL_TOKEN_BYTES])
{
    uint8_t hash[32];

    credential_token_make(keys, random, out_token, hash);
    return insert_row(conn, request, hash);
}

velum_status credential_revoke(store_conn *conn, text name, int64_t at_ns)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE credential SET revoked_ns = CASE WHEN revoked_ns = 0 THEN $1"
                             " ELSE revoked_ns END WHERE name = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, at_ns));
    VELUM_TRY(stmt_bind_text(stmt, 2, name));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 0 ? VELUM_E_NOTFOUND : VELUM_OK;
}

static void copy_name(char *out, size_t out_size, text value)
{
    const size_t size = value.size < out_size ? value.size : out_size - 1;

    memcpy(out, value.data, size);
    out[size] = '\0';
}

static velum_status read_previous(store_stmt *stmt, credential *out)
{
    if (stmt_is_null(stmt, 10)) {
        return VELUM_OK;
    }
    const crypto_part hash = stmt_blob(stmt, 10);
    if (hash.size != sizeof(out->previous_hash)) {
        return VELUM_E_CORRUPT;
    }
    out->has_previous = true;
    memcpy(out->previous_hash, hash.data, hash.size);
    out->previous_until_ns = stmt_integer(stmt, 11);
    return VELUM_OK;
}

static velum_status read_row(store_stmt *stmt, const keyring *keys, const bundle *bundle,
                             credential *out)
{
    uint64_t roles = 0;
    const text store = stmt_text(stmt, 5);
    const crypto_part hash = stmt_blob(stmt, 9);

    copy_name(out->name, sizeof(out->name), stmt_text(stmt, 0));
    out->kind = (uint32_t)stmt_integer(stmt, 1);
    VELUM_TRY(list_to_bits(bundle, REGISTRY_ROLE, stmt_text(stmt, 2), false, &roles));
    out->roles = (uint32_t)roles;
    VELUM_TRY(list_to_bits(bundle, REGISTRY_ACTIVITY, stmt_text(stmt, 3), false, &out->activities));
    copy_name(out->domain, sizeof(out->domain), stmt_text(stmt, 4));
    out->store = store.size == 0 ? 0 : attribute_value_hash(store);
    out->has_uid = !stmt_is_null(stmt, 6);
    out->uid = out->has_uid ? (uint32_t)stmt_integer(stmt, 6) : 0;
    out->expires_ns = stmt_integer(stmt, 7);
    out->revoked_ns = stmt_integer(stmt, 8);
    if (hash.size != sizeof(out->token_hash)) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out->token_hash, hash.data, hash.size);
    credential_actor_token(keys, text_of(out->name), out->actor_token);
    return read_previous(stmt, out);
}

static velum_status count_rows(store_conn *conn, uint32_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT count(*) FROM credential", &stmt));
    VELUM_TRY(stmt_step(stmt));
    *out = (uint32_t)stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

velum_status credential_load_all(store_conn *conn, const keyring *keys, const bundle *bundle,
                                 credential **out, uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    uint32_t count = 0;
    velum_status status = VELUM_OK;

    VELUM_TRY(count_rows(conn, &count));
    VELUM_AUTO_MEM credential *rows = mem_alloc_array(count + 1U, sizeof(*rows));
    if (rows == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(conn_statement(conn,
                             "SELECT name, kind, roles, activities, domain, store, uid, expires_ns,"
                             " revoked_ns, token_hash, previous_hash, previous_until_ns"
                             " FROM credential ORDER BY name",
                             &stmt));
    uint32_t read = 0;
    while (read < count && (status = stmt_step(stmt)) == VELUM_OK) {
        status = read_row(stmt, keys, bundle, &rows[read]);
        if (status < 0) {
            break;
        }
        read++;
    }
    stmt_reset(stmt);
    VELUM_TRY(status);
    *out = rows;
    *out_count = read;
    rows = NULL;
    return VELUM_OK;
}

velum_status credential_token_hash(const keyring *keys, text token, uint8_t out[32])
{
    const size_t prefix = sizeof(TOKEN_PREFIX) - 1;
    uint8_t secret[TOKEN_RANDOM_BYTES];
    size_t size = 0;

    if (token.size != prefix + BASE64URL_SIZE(TOKEN_RANDOM_BYTES) ||
        !text_starts_with(token, TOKEN_PREFIX)) {
        return VELUM_E_UNAUTHENTICATED;
    }
    if (base64url_decode((text){token.data + prefix, token.size - prefix}, secret, sizeof(secret),
                         &size) < 0 ||
        size != sizeof(secret)) {
        return VELUM_E_UNAUTHENTICATED;
    }
    token_hash(keys, secret, out);
    mem_wipe(secret, sizeof(secret));
    return VELUM_OK;
}

void credential_actor_token(const keyring *keys, text name, uint8_t out[ENTRY_TOKEN_BYTES])
{
    uint8_t key[KEY_BYTES];
    uint8_t mac[SHA256_BYTES];

    keyring_token_key(keys, "actor", key);
    hmac_sha256(key, &(crypto_part){name.data, name.size}, 1, mac);
    memcpy(out, mac, ENTRY_TOKEN_BYTES);
    mem_wipe(key, sizeof(key));
}

static void customer_header(const keyring *keys, uint8_t out[CUSTOMER_HEADER_BYTES])
{
    out[0] = CUSTOMER_FORMAT;
    out[1] = CUSTOMER_SUITE;
    bytes_write_u32be(out + 2, keyring_tenant(keys));
    bytes_write_u32be(out + 6, keyring_key_version(keys));
}

velum_status customer_token_make(const keyring *keys, const velum_random *random,
                                 const subject_id *subject, int64_t expires_ns,
                                 char out[CUSTOMER_TOKEN_BYTES])
{
    uint8_t key[KEY_BYTES];
    uint8_t plain[CUSTOMER_PLAIN_BYTES];
    uint8_t sealed[CUSTOMER_SEALED_BYTES];
    uint8_t *const nonce = sealed + CUSTOMER_HEADER_BYTES;

    memcpy(plain, subject->bytes, SUBJECT_ID_BYTES);
    bytes_write_u64be(plain + SUBJECT_ID_BYTES, (uint64_t)expires_ns);
    customer_header(keys, sealed);
    random_fill(random, nonce, AEAD_NONCE_BYTES);
    keyring_token_key(keys, "customer", key);
    aead_seal(key, nonce, (crypto_part){sealed, CUSTOMER_HEADER_BYTES},
              (crypto_part){plain, sizeof(plain)}, nonce + AEAD_NONCE_BYTES);
    memcpy(out, CUSTOMER_PREFIX, sizeof(CUSTOMER_PREFIX));
    base64url_encode(sealed, sizeof(sealed), out + sizeof(CUSTOMER_PREFIX) - 1);
    mem_wipe(key, sizeof(key));
    mem_wipe(plain, sizeof(plain));
    return VELUM_OK;
}

bool customer_token_is_one(text token)
{
    return text_starts_with(token, CUSTOMER_PREFIX);
}

static velum_status open_customer(const keyring *keys, const uint8_t *sealed,
                                  uint8_t plain[CUSTOMER_PLAIN_BYTES])
{
    const uint8_t *const nonce = sealed + CUSTOMER_HEADER_BYTES;
    const size_t rest = CUSTOMER_SEALED_BYTES - CUSTOMER_HEADER_BYTES - AEAD_NONCE_BYTES;
    uint8_t header[CUSTOMER_HEADER_BYTES];
    uint8_t key[KEY_BYTES];

    customer_header(keys, header);
    if (memcmp(header, sealed, sizeof(header)) != 0) {
        return VELUM_E_UNAUTHENTICATED;
    }
    keyring_token_key(keys, "customer", key);
    const velum_status status = aead_open(key, nonce, (crypto_part){header, sizeof(header)},
                                          (crypto_part){nonce + AEAD_NONCE_BYTES, rest}, plain);
    mem_wipe(key, sizeof(key));
    return status < 0 ? VELUM_E_UNAUTHENTICATED : VELUM_OK;
}

velum_status customer_token_open(const keyring *keys, text token, subject_id *out_subject,
                                 int64_t *out_expires_ns)
{
    const size_t prefix = sizeof(CUSTOMER_PREFIX) - 1;
    uint8_t plain[CUSTOMER_PLAIN_BYTES];
    uint8_t sealed[CUSTOMER_SEALED_BYTES];
    size_t size = 0;

    if (!customer_token_is_one(token) ||
        base64url_decode((text){token.data + prefix, token.size - prefix}, sealed, sizeof(sealed),
                         &size) < 0 ||
        size != sizeof(sealed)) {
        return VELUM_E_UNAUTHENTICATED;
    }
    VELUM_TRY(open_customer(keys, sealed, plain));
    memcpy(out_subject->bytes, plain, SUBJECT_ID_BYTES);
    *out_expires_ns = (int64_t)bytes_read_u64be(plain + SUBJECT_ID_BYTES);
    mem_wipe(plain, sizeof(plain));
    return VELUM_OK;
}
