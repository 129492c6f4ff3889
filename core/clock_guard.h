/* core/clock_guard.h: a clock that steps back may not bring a consent back to life (I-3).
 *
 * Remembers the newest time that the log has recorded. More than 5 s behind it, what rests on consent
 * is denied and /readyz is 503; ages are judged by the earlier of the two times, ends of credentials
 * by the later. Over when time has caught up, or when an officer accepts the clock. Any thread.
 */
#ifndef CORE_CLOCK_GUARD_H
#define CORE_CLOCK_GUARD_H

#include "base/clock.h"

#include <stdatomic.h>

#define CLOCK_GUARD_TOLERANCE_NS (5 * NS_PER_SECOND)

typedef struct clock_guard {
    atomic_int_fast64_t newest_ns;
    atomic_bool told; /* the leaf of this episode was written */
} clock_guard;

typedef struct clock_reading {
    int64_t now_ns;     /* of the clock */
    int64_t earlier_ns; /* of clock and newest recorded */
    int64_t later_ns;
    bool behind;
} clock_reading;

void clock_guard_init(clock_guard *self, int64_t newest_ns);
clock_reading clock_guard_read(const clock_guard *self, const velum_clock *clock);
/* A leaf of this time is being recorded. */
void clock_guard_note(clock_guard *self, int64_t at_ns);
/* True once per episode of being behind: the caller records the leaf. */
bool clock_guard_tell(clock_guard *self, bool behind);
/* The leaf could not be queued: tell again. */
void clock_guard_retry(clock_guard *self);
/* The officer's word that the clock is right. */
void clock_guard_accept(clock_guard *self, int64_t now_ns);

#endif
