/* store/fault_vfs.c: the default VFS of SQLite, with numbered writes and syncs that a test makes
 * fail (base/fault.h). Test builds only.
 */
#ifdef VELUM_TEST_SEAMS

#include "store/sqlcipher.h"

#include <errno.h>
#include <stddef.h>

#include "base/fault.h"

typedef struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* stands right behind */
} fault_file;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((fault_file *)file)->real;
}

static int code_of(int os_errno, int code)
{
    return os_errno == ENOSPC ? SQLITE_FULL : code;
}

static int on_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    const int os_errno = fault_at(FAULT_WRITE);
    if (os_errno != 0) {
        return code_of(os_errno, SQLITE_IOERR_WRITE);
    }
    return real_of(file)->pMethods->xWrite(real_of(file), data, size, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int os_errno = fault_at(FAULT_WRITE);
    if (os_errno != 0) {
        return code_of(os_errno, SQLITE_IOERR_TRUNCATE);
    }
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    const int os_errno = fault_at(FAULT_SYNC);
    if (os_errno != 0) {
        return code_of(os_errno, SQLITE_IOERR_FSYNC);
    }
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *out, int size, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), out, size, offset);
}

static int on_file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int on_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int on_check_reserved_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int on_file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int on_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without memory mapping, which we do not use */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved_lock,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                   int *out_flags)
{
    sqlite3_vfs *const real_vfs = vfs->pAppData;
    fault_file *const self = (fault_file *)file;

    self->real = (sqlite3_file *)(self + 1);
    self->base.pMethods = NULL;
    const int code = real_vfs->xOpen(real_vfs, name, self->real, flags, out_flags);
    if (self->real->pMethods != NULL) {
        self->base.pMethods = &methods;
    }
    return code;
}

velum_status fault_vfs_install(void)
{
    static sqlite3_vfs vfs; /* SQLite links it into its list */
    sqlite3_vfs *const real_vfs = sqlite3_vfs_find(NULL);

    if (real_vfs == NULL) {
        return VELUM_E_UNSUPPORTED;
    }
    vfs = *real_vfs; /* everything but opening goes through as it is */
    vfs.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
    vfs.pNext = NULL;
    vfs.zName = DRIVER_VFS;
    vfs.pAppData = real_vfs;
    vfs.xOpen = on_open;
    return driver_status(sqlite3_vfs_register(&vfs, 0), NULL);
}

#else
typedef int fault_vfs_is_for_tests; /* ISO C asks for a declaration */
#endif
