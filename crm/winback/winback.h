/* crm/winback/winback.h: the flow `winback`: whoever has not bought for some days is written to.
 *
 *     an order was put   → the timer "dormant", so many days behind the newest order
 *     the timer came due → one message for (winback, day-N, customer, date of the last order)
 *
 * The gate decides whether the message may be; here it is counted why not. A work may come twice: the
 * timer keeps the later time, the message's key is the same message. Erasure takes the timer away by
 * itself, and a withdrawn consent is asked about when the message is to be sent.
 */
#ifndef CRM_WINBACK_WINBACK_H
#define CRM_WINBACK_WINBACK_H

#include "crm/options.h"

/* `velum-crm winback`; an exit code. */
int winback(const options *options);

#endif
