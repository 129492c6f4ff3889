/* core/schema.h: the schema of vault.db: the vault's tables and core's, in forward-only steps. */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "store/store.h"

/* The schema that this version writes; docs/formats/vault.md has one section a step. */
#define SCHEMA_VERSION 3

/* Gives a new file this version's schema. */
velum_status schema_create(store *db, velum_error *err) VELUM_WARN_UNUSED;
/* VELUM_OK when the database is of this version's schema; VELUM_E_OLDER, VELUM_E_NEWER. Opening never
 * changes a schema: only an upgrade does (core/upgrade.h). */
velum_status schema_require(store *db, velum_error *err) VELUM_WARN_UNUSED;
/* As store_step_take, the step to `version`. */
velum_status schema_take_step(store *db, uint32_t version, store_inside inside,
                              void *context) VELUM_WARN_UNUSED;

/* Each noun's part of a step, in its own file; statements ended by NULL. */
extern const char *const timers_schema_2[];
extern const char *const notices_schema_2[];
extern const char *const approvals_schema_2[];
extern const char *const policy_schema_2[];
extern const char *const requests_schema_2[];
extern const char *const certificate_schema_2[];
extern const char *const credential_schema_2[];
extern const char *const rows_schema_3[];
extern const char *const counts_schema_3[];
extern const char *const work_schema_3[];
extern const char *const message_schema_3[];
extern const char *const task_schema_3[];
extern const char *const hook_schema_3[];

#endif
