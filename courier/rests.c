/* courier/rests.c: receivers that do not answer are left alone for a while. */
#include "courier/rests.h"

#include "base/clock.h"

void rests_note(rests *self, uint32_t index, bool is_sent, int64_t now_ns)
{
    int64_t rest_ms = RESTS_FIRST_MS;

    if (is_sent) {
        self->of[index].failures = 0;
        self->of[index].until_ns = 0;
        return;
    }
    self->of[index].failures++;
    for (uint32_t i = RESTS_FAILURES; i < self->of[index].failures && rest_ms < RESTS_MOST_MS;
         i++) {
        rest_ms *= 2;
    }
    rest_ms = rest_ms < RESTS_MOST_MS ? rest_ms : RESTS_MOST_MS;
    self->of[index].until_ns =
        self->of[index].failures < RESTS_FAILURES ? 0 : now_ns + rest_ms * NS_PER_MS;
}

bool rests_now(const rests *self, uint32_t index, int64_t now_ns)
{
    return now_ns < self->of[index].until_ns;
}
