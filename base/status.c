/* base/status.c: names and sentences of statuses as one table, and the filling of a velum_error.
 *
 * The table is ordered by number so that a look-up is an index; a static assert and a test hold it
 * to include/velum/status.h. Texts are constants: what a caller sent never comes in (I-5), and bytes
 * outside printable ASCII are replaced in case a format argument was not as tame as it should be.
 */
#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

typedef struct status_entry {
    velum_status status;
    const char *name;
    const char *text;
} status_entry;

/* From the largest status down, without a gap. */
static const status_entry entries[] = {
    {VELUM_END, "end", "there is nothing more to read"},
    {VELUM_PENDING, "pending", "the answer comes later"},
    {VELUM_OK, "ok", "done"},
    {VELUM_E_INVALID, "invalid", "an argument or its format is not valid"},
    {VELUM_E_NOMEM, "no-memory", "there is not enough memory"},
    {VELUM_E_IO, "io", "the operating system refused an operation"},
    {VELUM_E_NOSPACE, "no-space", "the disk or a reserved space is full"},
    {VELUM_E_LIMIT, "limit", "something is larger than its documented limit"},
    {VELUM_E_NOTFOUND, "not-found", "there is no such thing"},
    {VELUM_E_EXISTS, "exists", "it exists already"},
    {VELUM_E_CORRUPT, "corrupt", "stored bytes are not what was written"},
    {VELUM_E_TAMPERED, "tampered", "the audit log has been changed"},
    {VELUM_E_TRUNCATED, "truncated", "something is shorter than it must be"},
    {VELUM_E_NEWER, "newer", "the format or schema belongs to a later version of Velum"},
    {VELUM_E_CRYPTO, "crypto", "a seal or signature does not hold"},
    {VELUM_E_DENIED, "denied", "the decision is no"},
    {VELUM_E_UNAUTHENTICATED, "unauthenticated", "the credential is missing or not valid"},
    {VELUM_E_UNAVAILABLE, "unavailable", "not available now; repeating is safe"},
    {VELUM_E_BUSY, "busy", "too much at once; come back later"},
    {VELUM_E_LOCKED, "locked", "another process owns the data folder"},
    {VELUM_E_FORKED, "forked", "a handle was used in a child process"},
    {VELUM_E_STALE, "stale", "the world moved on since the decision; decide again"},
    {VELUM_E_UNSUPPORTED, "unsupported", "not in this version, or not on this machine"},
    {VELUM_E_INTERNAL, "internal", "a defect in Velum"},
    {VELUM_E_OLDER, "older", "the format or schema belongs to an earlier version of Velum"},
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static_assert(ENTRY_COUNT == VELUM_END - VELUM_E_OLDER + 1, "each status has one entry");

static const status_entry unknown_entry = {0, "unknown", "an unknown status"};

static const status_entry *entry_of(velum_status status)
{
    if (status > VELUM_END || status < VELUM_E_OLDER) {
        return &unknown_entry;
    }
    const status_entry *const entry = &entries[VELUM_END - status];
    assert(entry->status == status);
    return entry;
}

const char *status_name(velum_status status)
{
    return entry_of(status)->name;
}

const char *status_text(velum_status status)
{
    return entry_of(status)->text;
}

static void replace_unprintable(char *line)
{
    for (; *line != '\0'; line++) {
        if (*line < ' ' || *line > '~') {
            *line = '?';
        }
    }
}

__attribute__((format(printf, 4, 0))) static velum_status error_fill(
    velum_error *err, velum_status status, int os_errno, const char *format, va_list arguments)
{
    if (err == NULL) {
        return status;
    }
    err->status = status;
    err->os_errno = os_errno;
    if (vsnprintf(err->text, sizeof(err->text), format, arguments) < 0) {
        err->text[0] = '\0';
    }
    replace_unprintable(err->text);
    return status;
}

velum_status error_set(velum_error *err, velum_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_fill(err, status, 0, format, arguments);
    va_end(arguments);
    return status;
}

velum_status error_set_errno(velum_error *err, velum_status status, int os_errno,
                             const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_fill(err, status, os_errno, format, arguments);
    va_end(arguments);
    return status;
}
