/* policy/bundle_diff.c */
#include "policy/bundle.h"

velum_status bundle_diff(const bundle *before, const bundle *after, bundle_change tell,
                         void *context)
{
    (void)before;
    (void)after;
    (void)tell;
    (void)context;
    return VELUM_E_UNSUPPORTED;
}
