/* core/schema.c: the steps. A step is never changed once it was released (docs/formats/vault.md). */
#include "core/schema.h"

#include "vault/vault.h"

#define STATEMENTS_MAX 64 /* of a step */
#define STEP_PARTS_MAX 10

/* core's part of step 1. */
static const char *const CORE_1[] = {
    /* single values: seqs and sizes */
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    /* bodies of committed writes that the log may not hold yet */
    "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    /* append-only names and their numbers; each row has a registry leaf */
    "CREATE TABLE registry (kind INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (kind, number), UNIQUE (kind, name)) WITHOUT ROWID",
    "CREATE TABLE credential (name TEXT PRIMARY KEY, kind INTEGER NOT NULL, roles TEXT NOT NULL,"
    " activities TEXT NOT NULL, domain TEXT NOT NULL, store TEXT NOT NULL, uid INTEGER UNIQUE,"
    " expires_ns INTEGER NOT NULL, revoked_ns INTEGER NOT NULL, token_hash BLOB NOT NULL UNIQUE)"
    " WITHOUT ROWID",
    /* every bundle that was ever applied, for explaining old decisions */
    "CREATE TABLE bundle_file (hash BLOB NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY (hash, name)) WITHOUT ROWID",
    /* which one was in force from when */
    "CREATE TABLE bundle_applied (n INTEGER PRIMARY KEY, hash BLOB NOT NULL,"
    " at_ns INTEGER NOT NULL)",
    NULL,
};

typedef struct statement_list {
    const char *statements[STATEMENTS_MAX + 1];
    size_t count;
} statement_list;

static velum_status join(statement_list *self, const char *const *part)
{
    for (size_t i = 0; part[i] != NULL; i++) {
        if (self->count == STATEMENTS_MAX) {
            return VELUM_E_INTERNAL;
        }
        self->statements[self->count++] = part[i];
    }
    self->statements[self->count] = NULL;
    return VELUM_OK;
}

typedef struct schema_steps {
    statement_list lists[SCHEMA_VERSION];
    store_step steps[SCHEMA_VERSION];
} schema_steps;

/* The parts of each step, joined. */
static velum_status gather(schema_steps *out)
{
    static const char *const *const parts[SCHEMA_VERSION][STEP_PARTS_MAX] = {
        {vault_schema_1, CORE_1},
        {vault_schema_2, timers_schema_2, notices_schema_2, approvals_schema_2, policy_schema_2,
         requests_schema_2, certificate_schema_2, credential_schema_2},
        {vault_schema_3, rows_schema_3, work_schema_3, message_schema_3, task_schema_3,
         hook_schema_3, counts_schema_3},
    };

    for (uint32_t step = 0; step < SCHEMA_VERSION; step++) {
        statement_list *const list = &out->lists[step];
        list->statements[0] = NULL;
        list->count = 0;
        for (uint32_t i = 0; i < STEP_PARTS_MAX && parts[step][i] != NULL; i++) {
            VELUM_TRY(join(list, parts[step][i]));
        }
        out->steps[step].statements = list->statements;
    }
    return VELUM_OK;
}

velum_status schema_create(store *db, velum_error *err)
{
    schema_steps all;
    uint32_t from = 0;

    VELUM_TRY(gather(&all));
    return store_migrate(db, all.steps, SCHEMA_VERSION, &from, err);
}

velum_status schema_require(store *db, velum_error *err)
{
    return store_schema_require(db, SCHEMA_VERSION, "the data folder", err);
}

velum_status schema_take_step(store *db, uint32_t version, store_inside inside, void *context)
{
    schema_steps all;

    if (version < 1 || version > SCHEMA_VERSION) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(gather(&all));
    return store_step_take(db, &all.steps[version - 1], version, inside, context);
}
