/* core/clock_guard.c: the newest recorded time. */
#include "core/clock_guard.h"

void clock_guard_init(clock_guard *self, int64_t newest_ns)
{
    atomic_init(&self->newest_ns, newest_ns);
    atomic_init(&self->told, false);
}

clock_reading clock_guard_read(const clock_guard *self, const velum_clock *clock)
{
    const int64_t newest = atomic_load(&self->newest_ns);
    const int64_t now = clock_wall_ns(clock);

    return (clock_reading){
        .now_ns = now,
        .earlier_ns = now < newest || newest == 0 ? now : newest,
        .later_ns = now > newest ? now : newest,
        .behind = now < newest - CLOCK_GUARD_TOLERANCE_NS,
    };
}

void clock_guard_note(clock_guard *self, int64_t at_ns)
{
    int_fast64_t seen = atomic_load(&self->newest_ns);

    while (seen < at_ns && !atomic_compare_exchange_weak(&self->newest_ns, &seen, at_ns)) {
    }
}

bool clock_guard_tell(clock_guard *self, bool behind)
{
    if (!behind) {
        atomic_store(&self->told, false);
        return false;
    }
    return !atomic_exchange(&self->told, true);
}

void clock_guard_retry(clock_guard *self)
{
    atomic_store(&self->told, false);
}

void clock_guard_accept(clock_guard *self, int64_t now_ns)
{
    atomic_store(&self->newest_ns, now_ns);
    atomic_store(&self->told, false);
}
