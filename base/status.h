/* base/status.h: the guard, and filling a velum_error.
 *
 * VELUM_TRY is the one macro of the house that hides a return (style, rule 12).
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <velum/status.h>

/* Leaves the function with the status of `call` when it is negative. */
#define VELUM_TRY(call)                   \
    do {                                  \
        const velum_status try_ = (call); \
        if (try_ < 0) {                   \
            return try_;                  \
        }                                 \
    } while (0)

/* Name of a status for people and scripts ("not-found"); never NULL. */
const char *status_name(velum_status status);

/* One English sentence for a status, without a full stop; never NULL. */
const char *status_text(velum_status status);

/* Fills `err` when it is not NULL and returns `status`, so that callers write
 * `return error_set(err, VELUM_E_INVALID, "policy.yaml:%u: unknown key", line);`.
 * Arguments must be numbers or names of our own making, never a caller's string (I-5). Bytes
 * outside printable ASCII are replaced by '?'. */
velum_status error_set(velum_error *err, velum_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the operating system's errno. */
velum_status error_set_errno(velum_error *err, velum_status status, int os_errno,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
