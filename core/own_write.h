/* core/own_write.h: acts of the gate itself, without a caller: leaves and rows of our own. */
#ifndef CORE_OWN_WRITE_H
#define CORE_OWN_WRITE_H

#include "core/passage.h"

/* Runs `write` on the writer thread in a transaction of its own and queues its leaves. Only while the
 * gate is being opened: what it publishes, it publishes from the caller's thread, which no other write
 * may overtake. */
typedef velum_status (*own_write_function)(write_batch *batch);
velum_status own_write(velum_gate *gate, own_write_function write) VELUM_WARN_UNUSED;

/* Adds names that this version has and the registry has not, and notices that no version kept. */
velum_status own_write_new_names(write_batch *batch) VELUM_WARN_UNUSED;

/* Tells of a root secret that was replaced since the folder was last opened (core/root_rotate.c). */
velum_status own_write_new_root(write_batch *batch) VELUM_WARN_UNUSED;

/* Once in an episode of a clock that is behind: queues its leaf. Any thread. */
void own_note_clock(velum_gate *gate, const clock_reading *clock);

/* Queues a leaf of our own beside the reads; nobody waits for it. */
velum_status own_leaf_queue(velum_gate *gate, const audit_entry *entry) VELUM_WARN_UNUSED;

#endif
