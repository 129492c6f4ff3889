/* tests/bench/same_rows.h: the rows that an import left, inserted once more and nothing else.
 *
 * The customers' rows of all tables that an import writes, in vault.db and keys.db, are read back out of
 * the folder, the clock stopped, and inserted into two empty SQLCipher files with the same tables,
 * indexes and settings: in the order of the import, as many customers a transaction, keys.db committed
 * before vault.db, with bodies in the outbox as large as the chunk's leaves, and the WAL moved into the
 * file by a thread of its own as in the gate. Nothing is parsed, looked up, decided, sealed or logged.
 */
#ifndef TESTS_BENCH_SAME_ROWS_H
#define TESTS_BENCH_SAME_ROWS_H

#include "core/gate.h"

typedef struct same_rows_cost {
    double wall_s;
    double cpu_s; /* of the whole process */
} same_rows_cost;

/* CPU seconds of this process so far. */
double same_rows_cpu_s(void);
/* Inserts what the gate's folder holds into files in `folder`. Ends the program when it cannot. */
same_rows_cost same_rows_insert(velum_gate *gate, const char *folder, uint32_t customers_together);

#endif
