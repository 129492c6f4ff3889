/* core/quota.h: how often a credential may search: 30 in any minute, 500 in any day.
 *
 * Kept in memory, one list of times a credential: a restart forgets it, which the shares are small
 * enough to bear (docs/threat-model.md). Bounded: QUOTA_CREDENTIALS_MAX of them; who comes on top
 * while all of those have searched within a day is refused (I-3). Any thread.
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include "audit/entry.h"
#include "base/clock.h"

#include <pthread.h>

#define QUOTA_A_MINUTE 30
#define QUOTA_A_DAY 500
#define QUOTA_CREDENTIALS_MAX 1024

typedef struct quota_row quota_row;
typedef struct quota {
    pthread_mutex_t lock;
    quota_row *rows[QUOTA_CREDENTIALS_MAX]; /* made when they are needed */
    uint32_t count;
} quota;

void quota_init(quota *self);
void quota_clear(quota *self);
/* Takes one of the share of who has this token; false: it is used up. */
bool quota_take(quota *self, const uint8_t token[ENTRY_TOKEN_BYTES], int64_t monotonic_ns);

#endif
