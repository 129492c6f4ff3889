/* core/erasure_admit.c: whoever was erased comes back by their own doing, or as the policy says. */
#include "core/erasure.h"

/* Their own sign-up: they are found by this identifier again, and what they objected to stays. */
static velum_status lift(passage *passage, const identifier *value)
{
    return vault_suppression_lift(passage->gate->vault, passage->conn, value,
                                  SUPPRESS_RETURN | SUPPRESS_IDENTITY);
}

velum_status erasure_admit(passage *passage, const identifier *value, bool *out_marketing_objection)
{
    suppression found = {.scope = 0};
    const uint32_t on_return = passage->world->bundle->erasure.on_return;

    *out_marketing_objection = false;
    const velum_status status = vault_suppression_find(passage->gate->vault, passage->conn, value,
                                                       passage->clock.later_ns, &found);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    const bool objected = (found.scope & SUPPRESS_MARKETING) != 0;
    const bool is_held = (found.scope & (SUPPRESS_RETURN | SUPPRESS_IDENTITY)) != 0;
    if (is_held && passage->is_sign_up) {
        VELUM_TRY(lift(passage, value));
    } else if ((found.scope & SUPPRESS_IDENTITY) != 0 ||
               (is_held && on_return != RETURN_NO_MARKETING)) {
        return refuse(passage, REASON_SUPPRESSED);
    }
    *out_marketing_objection = objected || (is_held && !passage->is_sign_up);
    return VELUM_OK;
}
