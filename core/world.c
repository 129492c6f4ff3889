/* core/world.c: loading what decisions stand on, from one view of the database. */
#include "core/world.h"

#include "base/buffer.h"

#include "core/gate.h"
#include "core/policy_store.h"
#include "core/problem.h"
#include "policy/embedded.h"

/* --- names -------------------------------------------------------------------------------------- */

static velum_status count_of(store_conn *conn, const char *sql, uint32_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_step(stmt));
    *out = (uint32_t)stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

static velum_status load_names(world *self, store_conn *conn)
{
    store_stmt *stmt = NULL;
    uint32_t count = 0;
    velum_status status = VELUM_OK;

    VELUM_TRY(count_of(conn, "SELECT count(*) FROM registry", &count));
    self->names = mem_alloc_array(count + 1U, sizeof(*self->names));
    if (self->names == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(conn_statement(conn, "SELECT kind, number, name FROM registry ORDER BY kind, number",
                             &stmt));
    while (self->name_count < count && (status = stmt_step(stmt)) == VELUM_OK) {
        registry_name *const row = &self->names[self->name_count++];
        const text name = stmt_text(stmt, 2);
        row->kind = (uint16_t)stmt_integer(stmt, 0);
        row->number = (uint16_t)stmt_integer(stmt, 1);
        memcpy(row->name, name.data, name.size < 128 ? name.size : 128);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

const char *world_name(const world *self, uint32_t kind, uint32_t number)
{
    uint32_t low = 0;
    uint32_t high = self->name_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const registry_name *row = &self->names[middle];
        if (row->kind == kind && row->number == number) {
            return row->name;
        }
        if (row->kind < kind || (row->kind == kind && row->number < number)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint16_t world_number(const world *self, uint32_t kind, text name)
{
    if (name.size == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < self->name_count; i++) {
        if (self->names[i].kind == kind && text_equal_literal(name, self->names[i].name)) {
            return self->names[i].number;
        }
    }
    return 0;
}

/* --- bundle ------------------------------------------------------------------------------------- */

static velum_status newest_bundle(store_conn *conn, uint8_t out_hash[SHA256_BYTES])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "SELECT hash FROM bundle_applied ORDER BY n DESC LIMIT 1", &stmt));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        const crypto_part hash = stmt_blob(stmt, 0);
        if (hash.size == SHA256_BYTES) {
            memcpy(out_hash, hash.data, SHA256_BYTES);
        }
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_CORRUPT : status;
}

/* Names get their numbers; every name of an applied bundle has one. */
static velum_status number_bundle(const world *self, bundle *bundle)
{
    char scratch[128];
    text name;

    for (uint32_t kind = 1; kind < REGISTRY_KINDS; kind++) {
        for (uint32_t i = 0; bundle_name_at(bundle, kind, i, scratch, &name); i++) {
            const uint16_t number = world_number(self, kind, name);
            if (number == 0) {
                return VELUM_E_CORRUPT;
            }
            bundle_set_number(bundle, kind, i, number);
        }
    }
    bundle->jurisdiction_number = bundle->packs[0].number;
    return VELUM_OK;
}

static velum_status is_bootstrap(const uint8_t hash[SHA256_BYTES], bool *out)
{
    uint8_t bootstrap[SHA256_BYTES];
    size_t count = 0;
    const bundle_file *files = embedded_bootstrap(&count);

    VELUM_TRY(bundle_files_hash(files, count, bootstrap));
    *out = memcmp(hash, bootstrap, SHA256_BYTES) == 0;
    return VELUM_OK;
}

static velum_status load_bundle(world *self, store_conn *conn, velum_error *err)
{
    uint8_t hash[SHA256_BYTES] = {0};

    VELUM_TRY(newest_bundle(conn, hash));
    const velum_status status = policy_bundle_of(conn, hash, &self->bundle, err);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_E_CORRUPT : status;
    }
    VELUM_TRY(is_bootstrap(hash, &self->is_bootstrap));
    return number_bundle(self, self->bundle);
}

/* One that cannot be compiled or numbered any more is not decided beside; that changes no answer. */
static velum_status load_shadow(world *self, store_conn *conn)
{
    VELUM_AUTO(bundle) *shadow = NULL;
    proposal row;
    velum_status status = proposal_load_shadow(conn, &row);

    if (status == VELUM_OK) {
        status = policy_bundle_of(conn, row.hash, &shadow, NULL);
    }
    if (status == VELUM_OK) {
        status = number_bundle(self, shadow);
    }
    if (status == VELUM_OK) {
        self->shadow = bundle_take(&shadow);
    }
    const bool is_ours = status == VELUM_E_NOTFOUND || status == VELUM_E_INVALID ||
                         status == VELUM_E_CORRUPT || status == VELUM_E_TAMPERED;
    return is_ours ? VELUM_OK : status;
}

/* --- notices ------------------------------------------------------------------------------------- */

/* Indexed by registry number. */
static velum_status load_notices(world *self, store_conn *conn)
{
    store_stmt *stmt = NULL;
    uint32_t highest = 0;
    velum_status status = VELUM_OK;

    VELUM_TRY(count_of(conn, "SELECT coalesce(max(number), 0) FROM notice", &highest));
    self->notice_hash_count = highest + 1U;
    self->notice_hashes = mem_alloc_array(self->notice_hash_count, SHA256_BYTES);
    if (self->notice_hashes == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(conn_statement(conn, "SELECT number, hash FROM notice", &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const int64_t number = stmt_integer(stmt, 0);
        const crypto_part hash = stmt_blob(stmt, 1);
        if (number > 0 && number <= (int64_t)highest && hash.size == SHA256_BYTES) {
            memcpy(self->notice_hashes[number], hash.data, SHA256_BYTES);
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

const uint8_t *world_notice_hash(const world *self, uint16_t number)
{
    static const uint8_t none[SHA256_BYTES] = {0};

    if (number >= self->notice_hash_count ||
        memcmp(self->notice_hashes[number], none, SHA256_BYTES) == 0) {
        return NULL;
    }
    return self->notice_hashes[number];
}

/* --- credentials -------------------------------------------------------------------------------- */

static uint32_t token_slot(const world *self, const uint8_t hash[32])
{
    return bytes_read_u32be(hash) & (self->by_token_size - 1);
}

static void index_token(world *self, const uint8_t hash[32], uint32_t index)
{
    uint32_t slot = token_slot(self, hash);

    while (self->by_token[slot] != 0) {
        slot = (slot + 1) & (self->by_token_size - 1);
    }
    self->by_token[slot] = index + 1;
}

static velum_status load_credentials(world *self, velum_gate *gate, store_conn *conn)
{
    VELUM_TRY(credential_load_all(conn, gate->keys, self->bundle, &self->credentials,
                                  &self->credential_count));
    self->by_token_size = 16;
    while (self->by_token_size < self->credential_count * 4) { /* two tokens each */
        self->by_token_size *= 2;
    }
    self->by_token = mem_alloc_array(self->by_token_size, sizeof(*self->by_token));
    if (self->by_token == NULL) {
        return VELUM_E_NOMEM;
    }
    for (uint32_t i = 0; i < self->credential_count; i++) {
        credential *const credential = &self->credentials[i];
        index_token(self, credential->token_hash, i);
        if (credential->has_previous) {
            index_token(self, credential->previous_hash, i);
        }
        credential->domain_number =
            world_number(self, REGISTRY_DOMAIN, text_of(credential->domain));
    }
    return VELUM_OK;
}

const credential *world_credential_by_token(const world *self, const uint8_t token_hash[32])
{
    uint32_t slot = token_slot(self, token_hash);

    while (self->by_token[slot] != 0) {
        const credential *credential = &self->credentials[self->by_token[slot] - 1];
        if (mem_equal_secret(credential->token_hash, token_hash, 32) ||
            (credential->has_previous &&
             mem_equal_secret(credential->previous_hash, token_hash, 32))) {
            return credential;
        }
        slot = (slot + 1) & (self->by_token_size - 1);
    }
    return NULL;
}

const credential *world_credential_by_uid(const world *self, uint32_t uid)
{
    for (uint32_t i = 0; i < self->credential_count; i++) {
        if (self->credentials[i].has_uid && self->credentials[i].uid == uid) {
            return &self->credentials[i];
        }
    }
    return NULL;
}

const credential *world_credential_by_name(const world *self, text name)
{
    for (uint32_t i = 0; i < self->credential_count; i++) {
        if (text_equal_literal(name, self->credentials[i].name)) {
            return &self->credentials[i];
        }
    }
    return NULL;
}

/* --- the whole ---------------------------------------------------------------------------------- */

static void load_own_numbers(world *self)
{
    for (uint32_t problem = 1; problem < PROBLEM_END; problem++) {
        if (problem_name(problem) != NULL) {
            self->reasons[problem] =
                world_number(self, REGISTRY_REASON, text_of(problem_name(problem)));
        }
    }
    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        self->actions[i] = world_number(self, REGISTRY_ACTION, text_of(action_name(1U << i)));
    }
    for (uint32_t basis = 1; basis < BASIS_COUNT; basis++) {
        self->bases[basis] = world_number(self, REGISTRY_BASIS, text_of(basis_name(basis)));
    }
}

velum_status world_load(velum_gate *gate, store_conn *conn, world **out, velum_error *err)
{
    VELUM_AUTO(world) *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    atomic_init(&self->holds, 1);
    VELUM_TRY(load_names(self, conn));
    VELUM_TRY(load_bundle(self, conn, err));
    VELUM_TRY(load_shadow(self, conn));
    VELUM_TRY(load_notices(self, conn));
    VELUM_TRY(load_credentials(self, gate, conn));
    load_own_numbers(self);
    *out = world_take(&self);
    return VELUM_OK;
}

world *world_hold(world *self)
{
    (void)atomic_fetch_add_explicit(&self->holds, 1, memory_order_relaxed);
    return self;
}

void world_free(world *self)
{
    if (self == NULL || atomic_fetch_sub_explicit(&self->holds, 1, memory_order_acq_rel) != 1) {
        return;
    }
    bundle_free(self->bundle);
    bundle_free(self->shadow);
    mem_free(self->notice_hashes);
    mem_free(self->credentials);
    mem_free(self->by_token);
    mem_free(self->names);
    mem_free(self);
}
