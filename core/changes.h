/* core/changes.h: which subjects a committed write has touched, so that no read of before is
 * disclosed after it (I-9: no disclosure stands in the log after the withdrawal that forbade it).
 *
 * 65,536 outbox seqs, indexed by a keyed hash of the subject; two subjects that share a slot cost a
 * repeated read, never a wrong one. Raised after COMMIT and before the write's body is queued; read
 * by workers (a cached row older than its slot is a miss) and by the appender (a read older than its
 * slot goes back to *locate*). Any thread.
 */
#ifndef CORE_CHANGES_H
#define CORE_CHANGES_H

#include "base/crypto.h"
#include "vault/pseudonym.h"

#include <stdatomic.h>

#define CHANGES_SLOTS 65536

typedef struct changes {
    uint8_t key[KEY_BYTES];
    atomic_uint_fast64_t *seqs;
} changes;

velum_status changes_init(changes *self, const uint8_t key[KEY_BYTES]) VELUM_WARN_UNUSED;
void changes_clear(changes *self);
uint32_t changes_slot(const changes *self, const subject_id *subject);
uint64_t changes_seq(const changes *self, uint32_t slot);
/* Never lowers. */
void changes_raise(changes *self, uint32_t slot, uint64_t seq);

#endif
