/* base/fault.h: numbered places where a test makes the world fail.
 *
 * Only builds with VELUM_TEST_SEAMS read VELUM_TEST_FAULT=kind:N:effect, where kind is one of alloc,
 * write, sync, rename, sql, connect, effect one of kill (SIGKILL to ourselves), eio, enospc, hang (10 s), and
 * N counts from 1. `kind:N+:effect` fails the Nth and all that follow. In every other build
 * fault_at is a constant 0 and the strings are not in the program.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

typedef enum fault_kind {
    FAULT_ALLOC,
    FAULT_WRITE,
    FAULT_SYNC,
    FAULT_RENAME,
    FAULT_SQL,
    FAULT_CONNECT /* to the outside: courier/ */
} fault_kind;

#ifdef VELUM_TEST_SEAMS
/* 0: go on. EIO or ENOSPC: fail with that errno. Thread-safe. */
int fault_at(fault_kind kind);
/* Sets the plan from a test in the same process; NULL takes it away. Counting starts anew. */
void fault_plan(const char *plan);
/* How often a kind was passed since the last fault_plan. */
unsigned long fault_count(fault_kind kind);
#else
static inline int fault_at(fault_kind kind)
{
    (void)kind;
    return 0;
}
#endif
#endif
