/* core/audit_range.h: which leaves can have a time in a span.
 *
 * Times of leaves follow their order, but for requests that ran at once and for a clock that was
 * wrong for a while. So whole files are left out by the time of their first leaf alone: what begins
 * more than a day outside the span, and beyond one file more. A clock that was wrong by more than
 * that and was then accepted by an officer makes times meaningless as an order: the caller asks for
 * everything then.
 */
#ifndef CORE_AUDIT_RANGE_H
#define CORE_AUDIT_RANGE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define AUDIT_RANGE_MARGIN_NS (INT64_C(86400) * 1000000000)

typedef struct audit_range {
    uint64_t from;
    uint64_t end; /* exclusive; UINT64_MAX: the log's */
} audit_range;

/* Where the times come from: `index` is the first of a file. VELUM_E_NOTFOUND for a file without a
 * leaf yet. */
typedef struct audit_times {
    const uint64_t *files; /* first indexes, ascending; borrowed */
    size_t count;
    velum_status (*at)(void *context, uint64_t index, int64_t *out_ns);
    void *context;
} audit_times;

/* [since, until), INT64_MIN and INT64_MAX where there is no bound. */
velum_status audit_range_of(const audit_times *times, int64_t since_ns, int64_t until_ns,
                            audit_range *out) VELUM_WARN_UNUSED;

#endif
