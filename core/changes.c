/* core/changes.c: the slots of changed_at. */
#include "core/changes.h"

#include "base/buffer.h"

velum_status changes_init(changes *self, const uint8_t key[KEY_BYTES])
{
    memcpy(self->key, key, KEY_BYTES);
    self->seqs = mem_alloc_array(CHANGES_SLOTS, sizeof(*self->seqs));
    return self->seqs == NULL ? VELUM_E_NOMEM : VELUM_OK;
}

void changes_clear(changes *self)
{
    mem_free(self->seqs);
    self->seqs = NULL;
}

uint32_t changes_slot(const changes *self, const subject_id *subject)
{
    uint8_t hash[16];

    blake2b_keyed(self->key, &(crypto_part){subject->bytes, SUBJECT_ID_BYTES}, 1, hash,
                  sizeof(hash));
    return bytes_read_u16be(hash);
}

uint64_t changes_seq(const changes *self, uint32_t slot)
{
    return atomic_load_explicit(&self->seqs[slot], memory_order_seq_cst);
}

void changes_raise(changes *self, uint32_t slot, uint64_t seq)
{
    uint_fast64_t seen = atomic_load(&self->seqs[slot]);

    while (seen < seq && !atomic_compare_exchange_weak(&self->seqs[slot], &seen, seq)) {
    }
}
