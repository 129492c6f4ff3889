/* core/counters.c: counting answers, and finding a counter by its name. */
#include "core/counters.h"

#include "core/gate.h"

void counters_add(velum_gate *gate, uint32_t problem)
{
    if (gate != NULL && problem < PROBLEM_END) {
        (void)atomic_fetch_add_explicit(&gate->counters.problems[problem], 1, memory_order_relaxed);
    }
}

uint64_t velum_gate_counter(const velum_gate *gate, const char *name)
{
    const counters *self = &gate->counters;
    const struct {
        const char *name;
        const atomic_uint_fast64_t *value;
    } named[] = {
        {"answers", &self->problems[PROBLEM_NONE]},
        {"reads-repeated", &self->reads_repeated},
        {"timed-out", &self->timed_out},
        {"batches", &self->batches},
        {"leaves", &self->leaves},
        {"glass-broken", &self->glass_broken},
        {"repeats-forgotten", &self->repeats_forgotten},
    };

    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (strcmp(name, named[i].name) == 0) {
            return atomic_load(named[i].value);
        }
    }
    for (uint32_t problem = 1; problem < PROBLEM_END; problem++) {
        const char *known = problem_name(problem);
        if (known != NULL && strcmp(name, known) == 0) {
            return atomic_load(&self->problems[problem]);
        }
    }
    return 0;
}
