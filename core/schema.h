/* core/schema.h: the schema of vault.db: the vault's tables and core's, in forward-only steps. */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "store/store.h"

/* The schema that this version writes; docs/formats/vault.md has one section a step. */
#define SCHEMA_VERSION 2

/* Brings the database to this version's schema; VELUM_E_NEWER for a later one. `*out_from` as
 * store_migrate's. */
velum_status schema_migrate(store *db, uint32_t *out_from, velum_error *err) VELUM_WARN_UNUSED;

/* Each noun's part of a step, in its own file; statements ended by NULL. */
extern const char *const timers_schema_2[];
extern const char *const notices_schema_2[];
extern const char *const approvals_schema_2[];
extern const char *const policy_schema_2[];
extern const char *const requests_schema_2[];
extern const char *const certificate_schema_2[];
extern const char *const credential_schema_2[];

#endif
