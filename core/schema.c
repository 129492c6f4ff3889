/* core/schema.c: the steps. A step is never changed once it was released (docs/formats/vault.md). */
#include "core/schema.h"

#include "vault/vault.h"

#define STATEMENTS_MAX 32

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

velum_status schema_migrate(store *db, uint32_t *out_from, velum_error *err)
{
    const char *statements[STATEMENTS_MAX];
    size_t count = 0;

    for (size_t i = 0; vault_schema_1[i] != NULL && count < STATEMENTS_MAX - 1; i++) {
        statements[count++] = vault_schema_1[i];
    }
    for (size_t i = 0; CORE_1[i] != NULL && count < STATEMENTS_MAX - 1; i++) {
        statements[count++] = CORE_1[i];
    }
    statements[count] = NULL;
    const store_step steps[] = {{statements}};
    return store_migrate(db, steps, 1, out_from, err);
}
