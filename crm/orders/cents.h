/* crm/orders/cents.h: money as text to its smallest unit, exactly: "3.86" is 386, "1" is 100. */
#ifndef CRM_ORDERS_CENTS_H
#define CRM_ORDERS_CENTS_H

#include "base/text.h"

/* An optional minus, digits, and a point with digits, of which only zeros may stand behind the second.
 * VELUM_E_INVALID for anything else, VELUM_E_LIMIT when it does not fit. Nothing is rounded. */
velum_status cents_parse(text amount, int64_t *out) VELUM_WARN_UNUSED;
/* A whole number with an optional minus. */
velum_status whole_parse(text number, int64_t *out) VELUM_WARN_UNUSED;

#endif
