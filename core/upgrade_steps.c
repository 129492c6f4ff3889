/* core/upgrade_steps.c: the steps themselves, each with its leaf (U-3). */
#include "core/upgrade.h"

#include "core/gate.h"
#include "core/meta.h"
#include "core/registry.h"
#include "core/schema.h"
#include "core/verbs.h"

#include <errno.h>

/* Step 1 has the leaf of the folder's making. */
velum_status upgrade_keys_leaf_is_due(const upgrade *self, bool *out)
{
    int64_t told = 0;

    VELUM_TRY(meta_read(store_writer(self->vault_db), META_KEYS_SCHEMA, &told));
    *out = (int64_t)self->keys_to > (told == 0 ? 1 : told);
    return VELUM_OK;
}

typedef struct schema_leaf {
    const upgrade *self;
    uint32_t input; /* INPUT_* */
    uint32_t version;
} schema_leaf;

/* Inside the transaction that it belongs to (U-3). */
static velum_status record_schema(void *context, store_conn *conn)
{
    const schema_leaf *const leaf = context;
    velum_gate gate = {
        .clock = leaf->self->clock, .random = random_system(), .keys = leaf->self->keys};
    write_batch batch = {.gate = &gate, .conn = conn};
    audit_entry entry;
    int64_t seq = 0;

    random_fill(&gate.random, gate.boot_id, sizeof(gate.boot_id));
    VELUM_TRY(meta_read(conn, META_OUTBOX_SEQ, &seq));
    batch.seq = (uint64_t)seq;
    own_entry(&gate, ENTRY_SCHEMA, clock_wall_ns(&gate.clock), &entry);
    entry_push(&entry, leaf->input, leaf->version);
    velum_status status = write_batch_record(&batch, &entry);
    if (status == VELUM_OK) {
        status = meta_write(conn, META_OUTBOX_SEQ, (int64_t)batch.seq);
    }
    write_batch_clear(&batch);
    return status;
}

static velum_status record_keys_schema(void *context, store_conn *conn)
{
    const schema_leaf *const leaf = context;

    VELUM_TRY(record_schema(context, conn));
    return meta_write(conn, META_KEYS_SCHEMA, leaf->version);
}

static velum_status record_keys_leaf(const upgrade *self)
{
    schema_leaf leaf = {.self = self, .input = INPUT_KEYS_SCHEMA, .version = self->keys_to};
    store_conn *const conn = store_writer(self->vault_db);
    bool is_due = false;

    VELUM_TRY(upgrade_keys_leaf_is_due(self, &is_due));
    if (!is_due) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_begin(conn));
    const velum_status status = record_keys_schema(&leaf, conn);
    if (status < 0) {
        conn_rollback(conn);
        return status;
    }
    return conn_commit(conn);
}

static velum_status take_vault_steps(const upgrade *self, uint32_t *taken)
{
    for (uint32_t next = self->vault_from + 1; next <= SCHEMA_VERSION; next++) {
        schema_leaf leaf = {.self = self, .input = INPUT_SCHEMA, .version = next};
        VELUM_TRY(schema_take_step(self->vault_db, next, record_schema, &leaf));
        (*taken)++;
        upgrade_tell(self, "schema of vault.db", next, SCHEMA_VERSION);
    }
    return VELUM_OK;
}

static velum_status take_keys_steps(const upgrade *self, uint32_t *taken)
{
    uint32_t count = 0;
    const store_step *const steps = vault_keys_steps(&count);

    for (uint32_t next = self->keys_from + 1; next <= count; next++) {
        VELUM_TRY(store_step_take(self->keys_db, &steps[next - 1], next, NULL, NULL));
        (*taken)++;
        upgrade_tell(self, "schema of keys.db", next, count);
    }
    return record_keys_leaf(self);
}

velum_status upgrade_take_steps(const upgrade *self, uint32_t *taken, velum_error *err)
{
    velum_status status = take_vault_steps(self, taken);

    if (status == VELUM_OK) {
        status = take_keys_steps(self, taken);
    }
    if (status < 0) {
        return error_set_errno(err, status, errno,
                               "a step failed (%s) after %u that stand; velum upgrade --apply goes "
                               "on from there",
                               status_text(status), *taken);
    }
    return VELUM_OK;
}
