/* core/meta.h: single values of vault.db by name. */
#ifndef CORE_META_H
#define CORE_META_H

#include "store/store.h"

#define META_OUTBOX_SEQ "outbox_seq"         /* highest outbox seq ever given out */
#define META_SIGNED_SIZE "signed_size"       /* of the log, persisted before it is signed */
#define META_CLOCK_REJECTED "clock_rejected" /* newest time when an officer accepted the clock */
#define META_CLOCK_ACCEPTED "clock_accepted" /* the clock then */
#define META_KEYS_SCHEMA "keys_schema"       /* newest step of keys.db that has a leaf */
#define META_ROOT_VERSION "root_version"     /* newest root secret that has a leaf */
#define META_BACKUP_FIRST "backup_first"     /* event id of a backup's INTENT whose end is not */
#define META_BACKUP_SECOND "backup_second"   /* recorded yet, in two halves; 0 and 0: none */

/* 0 when there is no such value. */
velum_status meta_read(store_conn *conn, const char *name, int64_t *out) VELUM_WARN_UNUSED;
velum_status meta_write(store_conn *conn, const char *name, int64_t value) VELUM_WARN_UNUSED;
/* Compare-and-swap upwards: writes only a larger value. */
velum_status meta_raise(store_conn *conn, const char *name, int64_t value) VELUM_WARN_UNUSED;

#endif
