/* The stand-in for libvelum.so: one exported function over the store, linked as libvelum.so is. It
 * gives way to velum_gate_open once include/velum/velum.h has it (see test_interposition.sh).
 */
#include <openssl/crypto.h>

#include "store/store.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int door_open(const char *folder, const char *value);
EXPORT int door_load_config(void);

static velum_status keep(store *db, const char *value)
{
    store_conn *const conn = store_writer(db);
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_run(conn, "CREATE TABLE IF NOT EXISTS t (a TEXT) STRICT"));
    VELUM_TRY(conn_statement(conn, "INSERT INTO t VALUES ($1)", &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(value)));
    VELUM_TRY(stmt_execute(stmt));
    return store_checkpoint_passive(db);
}

/* Keeps `value` in folder/vault.db. */
int door_open(const char *folder, const char *value)
{
    static const uint8_t key[KEY_BYTES] = {42};
    const store_options options = {folder, "vault.db", key, 2, 1000, true};
    VELUM_AUTO(store) *db = NULL;

    VELUM_TRY(store_open(&options, &db, NULL));
    return keep(db, value);
}

/* What OpenSSL does by itself unless it was told not to: the control of the test. */
int door_load_config(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 ? 0 : -1;
}
