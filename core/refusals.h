/* core/refusals.h: the same refusal again within a second is counted, not recorded (I-1), so that a
 * credential gone wild cannot fill the log. The next recorded one carries the count. Bounded: a table
 * of REFUSALS_SLOTS, four ways; what is pushed out with a count is added to repeats_forgotten.
 * Any thread. */
#ifndef CORE_REFUSALS_H
#define CORE_REFUSALS_H

#include "base/clock.h"
#include "base/crypto.h"

#include <pthread.h>
#include <stdatomic.h>

#define REFUSALS_SLOTS 4096
#define REFUSALS_WAYS 4
#define REFUSALS_WINDOW_NS NS_PER_SECOND

typedef struct refusal_row {
    uint8_t key[16];
    int64_t recorded_ns; /* monotonic */
    uint64_t repeated;
} refusal_row;

typedef struct refusals {
    pthread_mutex_t lock;
    refusal_row *rows;
    atomic_uint_fast64_t *forgotten;
} refusals;

velum_status refusals_init(refusals *self, atomic_uint_fast64_t *forgotten) VELUM_WARN_UNUSED;
void refusals_clear(refusals *self);
/* True: record it, with `out_repeated` that came since the last record. False: answer 429. `key` is
 * a keyed hash of (credential, activity, target, reason). */
bool refusals_admit(refusals *self, const uint8_t key[16], int64_t monotonic_ns,
                    uint64_t *out_repeated);

/* The refusal was not recorded after all: the next like it is the first again (I-1). */
void refusals_forget(refusals *self, const uint8_t key[16]);

#endif
