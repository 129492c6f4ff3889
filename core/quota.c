/* core/quota.c: a ring of the last times of each credential. */
#include "core/quota.h"

#include "base/mem.h"

#define MINUTE_NS (60 * NS_PER_SECOND)
#define DAY_NS (86400 * NS_PER_SECOND)

struct quota_row {
    uint8_t token[ENTRY_TOKEN_BYTES];
    uint32_t count; /* that were ever taken, as far as the ring goes */
    uint32_t next;
    int64_t times_ns[QUOTA_A_DAY];
};

void quota_init(quota *self)
{
    *self = (quota){.count = 0};
    (void)pthread_mutex_init(&self->lock, NULL);
}

void quota_clear(quota *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        mem_free(self->rows[i]);
    }
    self->count = 0;
    (void)pthread_mutex_destroy(&self->lock);
}

/* When the n-th last one was, n from 1; whether there was one. */
static bool nth_last(const quota_row *row, uint32_t n, int64_t *out_ns)
{
    if (row->count < n) {
        return false;
    }
    *out_ns = row->times_ns[(row->next + QUOTA_A_DAY - n) % QUOTA_A_DAY];
    return true;
}

static bool is_used_up(const quota_row *row, int64_t now_ns)
{
    int64_t then_ns = 0;

    return (nth_last(row, QUOTA_A_MINUTE, &then_ns) && now_ns - then_ns < MINUTE_NS) ||
           (nth_last(row, QUOTA_A_DAY, &then_ns) && now_ns - then_ns < DAY_NS);
}

static bool is_idle(const quota_row *row, int64_t now_ns)
{
    int64_t then_ns = 0;

    return !nth_last(row, 1, &then_ns) || now_ns - then_ns >= DAY_NS;
}

/* The credential's row, a new one, or that of one who has not searched for a day; NULL: none is left. */
static quota_row *row_of(quota *self, const uint8_t token[ENTRY_TOKEN_BYTES], int64_t now_ns)
{
    quota_row *idle = NULL;

    for (uint32_t i = 0; i < self->count; i++) {
        if (memcmp(self->rows[i]->token, token, ENTRY_TOKEN_BYTES) == 0) {
            return self->rows[i];
        }
        idle = is_idle(self->rows[i], now_ns) ? self->rows[i] : idle;
    }
    if (idle == NULL && self->count < QUOTA_CREDENTIALS_MAX) {
        idle = mem_alloc(sizeof(*idle));
        if (idle != NULL) {
            self->rows[self->count++] = idle;
        }
    }
    if (idle != NULL) {
        *idle = (quota_row){.count = 0};
        memcpy(idle->token, token, ENTRY_TOKEN_BYTES);
    }
    return idle;
}

bool quota_take(quota *self, const uint8_t token[ENTRY_TOKEN_BYTES], int64_t monotonic_ns)
{
    bool taken = false;

    (void)pthread_mutex_lock(&self->lock);
    quota_row *const row = row_of(self, token, monotonic_ns);
    if (row != NULL && !is_used_up(row, monotonic_ns)) {
        row->times_ns[row->next] = monotonic_ns;
        row->next = (row->next + 1) % QUOTA_A_DAY;
        row->count += row->count < QUOTA_A_DAY ? 1 : 0;
        taken = true;
    }
    (void)pthread_mutex_unlock(&self->lock);
    return taken;
}
