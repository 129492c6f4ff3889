/* policy/decide_under.c */
#include "policy/decide.h"

void decide_under(const decide_request *request, const bundle *other, verdict *out)
{
    (void)request;
    (void)other;
    *out = (verdict){.purpose = BUNDLE_NONE};
}
