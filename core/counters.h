/* core/counters.h: what carries no decision about a subject is counted, not recorded (I-1). Numbers
 * only, no labels that a caller could choose (I-5). Any thread. */
#ifndef CORE_COUNTERS_H
#define CORE_COUNTERS_H

#include "core/problem.h"

#include <stdatomic.h>
#include <velum/velum.h>

typedef struct counters {
    atomic_uint_fast64_t problems[PROBLEM_END]; /* answers by problem; [0] results */
    atomic_uint_fast64_t reads_repeated;        /* sent back to locate, or with a new snapshot */
    atomic_uint_fast64_t timed_out;
    atomic_uint_fast64_t batches;
    atomic_uint_fast64_t leaves;
    atomic_uint_fast64_t glass_broken;      /* accesses that did not wait for an approval */
    atomic_uint_fast64_t repeats_forgotten; /* refusals whose count no leaf will carry */
} counters;

/* Counts one answer. `gate` may be NULL. */
void counters_add(velum_gate *gate, uint32_t problem);

#endif
