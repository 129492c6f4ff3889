/* core/audit_range.c: binary search over the files of the log. */
#include "core/audit_range.h"

/* The first file that begins after `bound_ns`, or their count. */
static velum_status first_after(const audit_times *times, int64_t bound_ns, size_t *out)
{
    size_t low = 0;
    size_t high = times->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int64_t begins_ns = 0;
        const velum_status status = times->at(times->context, times->files[middle], &begins_ns);
        if (status == VELUM_E_NOTFOUND) {
            begins_ns = INT64_MAX; /* prepared, and still empty: at the end */
        } else if (status < 0) {
            return status;
        }
        if (begins_ns > bound_ns) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *out = low;
    return VELUM_OK;
}

velum_status audit_range_of(const audit_times *times, int64_t since_ns, int64_t until_ns,
                            audit_range *out)
{
    size_t file = 0;

    *out = (audit_range){.from = 0, .end = UINT64_MAX};
    if (since_ns > INT64_MIN + AUDIT_RANGE_MARGIN_NS) {
        VELUM_TRY(first_after(times, since_ns - AUDIT_RANGE_MARGIN_NS, &file));
        out->from = file < 2 ? 0 : times->files[file - 2]; /* file - 1 may hold the moment */
    }
    if (until_ns < INT64_MAX - AUDIT_RANGE_MARGIN_NS) {
        VELUM_TRY(first_after(times, until_ns + AUDIT_RANGE_MARGIN_NS, &file));
        out->end = file + 1 < times->count ? times->files[file + 1] : UINT64_MAX;
    }
    return VELUM_OK;
}
