/* velum/status.h: what a call says when it comes back.
 *
 * Every function that can fail returns a `velum_status`: 0 is done, negative is an error, positive
 * is a success that says more. Most public functions also take an optional `velum_error *` last,
 * owned by the caller, with nothing in it to free. The line in it is ASCII and never holds personal
 * data, a key, or a string that a caller sent (I-5).
 */
#ifndef VELUM_STATUS_H
#define VELUM_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VELUM_WARN_UNUSED __attribute__((warn_unused_result))
#else
#define VELUM_WARN_UNUSED
#endif

typedef int32_t velum_status;

#define VELUM_OK 0                    /* done */
#define VELUM_PENDING 1               /* not an error: the answer comes later, or: run once more */
#define VELUM_END 2                   /* not an error: nothing more to read */
#define VELUM_E_INVALID (-1)          /* a caller's mistake: an argument, a format, a range */
#define VELUM_E_NOMEM (-2)            /* no memory */
#define VELUM_E_IO (-3)               /* the operating system refused; see velum_error.os_errno */
#define VELUM_E_NOSPACE (-4)          /* the disk or a reserved space is full */
#define VELUM_E_LIMIT (-5)            /* larger than a documented limit */
#define VELUM_E_NOTFOUND (-6)         /* there is no such thing, or the caller may not know of it */
#define VELUM_E_EXISTS (-7)           /* it is there already */
#define VELUM_E_CORRUPT (-8)          /* stored bytes are not what was written */
#define VELUM_E_TAMPERED (-9)         /* the log has been changed; never repaired by itself */
#define VELUM_E_TRUNCATED (-10)       /* the log is shorter than something signed says */
#define VELUM_E_NEWER (-11)           /* a format or schema of a later version of Velum */
#define VELUM_E_CRYPTO (-12)          /* a seal or signature does not hold, or a primitive failed */
#define VELUM_E_DENIED (-13)          /* the decision is no (I-3) */
#define VELUM_E_UNAUTHENTICATED (-14) /* no, unknown, revoked or expired credential */
#define VELUM_E_UNAVAILABLE (-15)     /* not now; for a write: unknown, repeating is safe (I-1) */
#define VELUM_E_BUSY (-16)            /* too much at once; come back later */
#define VELUM_E_LOCKED (-17)          /* another process owns the data folder */
#define VELUM_E_FORKED (-18)          /* a handle used in a child process */
#define VELUM_E_STALE (-19)           /* the world moved on since the decision; decide again */
#define VELUM_E_UNSUPPORTED (-20)     /* not in this version, or not on this machine */
#define VELUM_E_INTERNAL (-21)        /* a defect in Velum */
#define VELUM_E_OLDER (-22)           /* a format of an earlier version: `velum upgrade --apply` */

/* Room for one line. */
#define VELUM_ERROR_TEXT_BYTES 240

/* Why a call failed. Owned by the caller; zero it or not, a failing call sets all of it and a
 * succeeding call leaves it alone. Grows only at its end, guarded by `size` where it is an option. */
typedef struct velum_error {
    velum_status status;
    int32_t os_errno;                  /* 0 where none applies */
    char text[VELUM_ERROR_TEXT_BYTES]; /* one line, NUL-terminated, no personal data */
} velum_error;

#ifdef __cplusplus
}
#endif
#endif
