/* core/refusals.c: a set-associative table of refusals of the last second. */
#include "core/refusals.h"

#include "base/buffer.h"

velum_status refusals_init(refusals *self, atomic_uint_fast64_t *forgotten)
{
    (void)pthread_mutex_init(&self->lock, NULL);
    self->forgotten = forgotten;
    self->rows = mem_alloc_array(REFUSALS_SLOTS, sizeof(*self->rows));
    return self->rows == NULL ? VELUM_E_NOMEM : VELUM_OK;
}

void refusals_clear(refusals *self)
{
    if (self->rows == NULL) {
        return;
    }
    mem_free(self->rows);
    self->rows = NULL;
    (void)pthread_mutex_destroy(&self->lock);
}

/* The row of the key, or the one to give up: the oldest of its set. */
static refusal_row *find(refusal_row *set, const uint8_t key[16], bool *out_known)
{
    refusal_row *oldest = &set[0];

    for (uint32_t i = 0; i < REFUSALS_WAYS; i++) {
        if (memcmp(set[i].key, key, 16) == 0) {
            *out_known = true;
            return &set[i];
        }
        if (set[i].recorded_ns < oldest->recorded_ns) {
            oldest = &set[i];
        }
    }
    *out_known = false;
    return oldest;
}

void refusals_forget(refusals *self, const uint8_t key[16])
{
    const uint32_t set = bytes_read_u16be(key) % (REFUSALS_SLOTS / REFUSALS_WAYS);
    bool known = false;

    (void)pthread_mutex_lock(&self->lock);
    refusal_row *const row = find(&self->rows[(size_t)set * REFUSALS_WAYS], key, &known);
    if (known) {
        row->recorded_ns -= REFUSALS_WINDOW_NS;
    }
    (void)pthread_mutex_unlock(&self->lock);
}

bool refusals_admit(refusals *self, const uint8_t key[16], int64_t monotonic_ns,
                    uint64_t *out_repeated)
{
    const uint32_t set = bytes_read_u16be(key) % (REFUSALS_SLOTS / REFUSALS_WAYS);
    bool known = false;
    bool admit = true;

    *out_repeated = 0;
    (void)pthread_mutex_lock(&self->lock);
    refusal_row *const row = find(&self->rows[(size_t)set * REFUSALS_WAYS], key, &known);
    if (known && monotonic_ns - row->recorded_ns < REFUSALS_WINDOW_NS) {
        row->repeated++;
        admit = false;
    } else {
        if (known) {
            *out_repeated = row->repeated;
        } else {
            (void)atomic_fetch_add(self->forgotten, row->repeated);
        }
        memcpy(row->key, key, 16);
        row->recorded_ns = monotonic_ns;
        row->repeated = 0;
    }
    (void)pthread_mutex_unlock(&self->lock);
    return admit;
}
