/* store/sqlcipher.h: the one door to SQLCipher, for the files of store/ alone.
 *
 * Nothing else includes sqlite3.h. The library is our own static copy with hidden symbols; its
 * process-wide settings are made once, here, before its first use.
 */
#ifndef STORE_SQLCIPHER_H
#define STORE_SQLCIPHER_H

#ifndef SQLITE_HAS_CODEC
#define SQLITE_HAS_CODEC 1 /* declares sqlite3_key_v2, which no plain SQLite can answer (S-1) */
#endif
#include <sqlite3.h>

#include "base/status.h"

/* Once a process, from any thread: OpenSSL without the host's configuration, then SQLCipher, its
 * logger silenced. VELUM_E_UNSUPPORTED when the library in our place does not encrypt (S-1). */
velum_status driver_start(void) VELUM_WARN_UNUSED;

/* What an (extended) result code means to us. `db` gives the errno behind it and may be NULL. */
velum_status driver_status(int code, sqlite3 *db) VELUM_WARN_UNUSED;

/* Memory of SQLite through base/mem.h, so that it is wiped when it is freed. Before any other call
 * of the library. */
velum_status driver_memory_install(void) VELUM_WARN_UNUSED;

#ifdef VELUM_TEST_SEAMS
/* A VFS over the default one whose writes and syncs pass base/fault.h. */
#define DRIVER_VFS "velum-fault"
velum_status fault_vfs_install(void) VELUM_WARN_UNUSED;
#else
#define DRIVER_VFS NULL
static inline velum_status fault_vfs_install(void)
{
    return VELUM_OK;
}
#endif

#endif
