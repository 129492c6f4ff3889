/* core/schema.h: the schema of vault.db: the vault's tables and core's, in forward-only steps. */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "store/store.h"

/* Brings the database to this version's schema; VELUM_E_NEWER for a later one. */
velum_status schema_migrate(store *db, uint32_t *out_from, velum_error *err) VELUM_WARN_UNUSED;

#endif
