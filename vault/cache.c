/* vault/cache.c: sealed rows in memory, bounded by bytes; rows that nobody used since they were last
 * looked at leave first (second chance: a hit sets a mark in its own row and touches no other).
 *
 * Sixteen shards with a lock, a chained table and a list from newest to oldest each. Shard and bucket
 * come from the id and a random key. Ids are random bytes of ours, and only ids of subjects that exist
 * come in here, so that nobody can choose some that collide. What lies here is
 * as sealed as on disk (V-2); a row that leaves is wiped when its last reader lets go.
 *
 *   C-1  A row in a shard is in its bucket's chain and in the list, and the shard holds a reference.
 *   C-2  `bytes` is the sum of row_cost over the list and never above the shard's ceiling.
 *   C-3  There is one row a subject, and its seq never falls.
 */
#include "vault/internal.h"

#include <assert.h>
#include <pthread.h>

#define SHARDS 16 /* four bits of the hash */
#define ROW_BYTES_TYPICAL 2048
#define BUCKETS_MIN ((size_t)16)
#define BUCKETS_MAX ((size_t)1 << 20)
#define ROW_OVERHEAD_BYTES 32 /* headers of the block in base/mem.c and in the allocator */

typedef struct cache_shard {
    pthread_mutex_t lock;
    sealed_subject **buckets;
    sealed_subject *newest;
    sealed_subject *oldest;
    size_t bytes;
} cache_shard;

struct cache {
    uint64_t key;        /* chooses buckets only */
    size_t bucket_count; /* a power of two */
    size_t shard_bytes_max;
    uint32_t shards_made;
    cache_shard shards[SHARDS];
};

static size_t buckets_for(size_t shard_bytes_max)
{
    size_t count = BUCKETS_MIN;

    while (count < BUCKETS_MAX && count * ROW_BYTES_TYPICAL < shard_bytes_max) {
        count *= 2;
    }
    return count;
}

static velum_status make_shards(cache *self)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        cache_shard *const shard = &self->shards[i];
        shard->buckets = mem_alloc_array(self->bucket_count, sizeof(sealed_subject *));
        if (shard->buckets == NULL || pthread_mutex_init(&shard->lock, NULL) != 0) {
            mem_free(shard->buckets);
            return VELUM_E_NOMEM;
        }
        self->shards_made++;
    }
    return VELUM_OK;
}

velum_status cache_create(size_t bytes_max, const velum_random *random, cache **out)
{
    VELUM_AUTO(cache) *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->shard_bytes_max = bytes_max / SHARDS;
    self->bucket_count = buckets_for(self->shard_bytes_max);
    random_fill(random, &self->key, sizeof(self->key));
    VELUM_TRY(make_shards(self));
    *out = cache_take(&self);
    return VELUM_OK;
}

/* --- one shard, under its lock -------------------------------------------------------------------------- */

static size_t row_cost(const sealed_subject *row)
{
    return row->block_bytes + ROW_OVERHEAD_BYTES;
}

static void list_unlink(cache_shard *shard, sealed_subject *row)
{
    *(row->newer == NULL ? &shard->newest : &row->newer->older) = row->older;
    *(row->older == NULL ? &shard->oldest : &row->older->newer) = row->newer;
    row->newer = NULL;
    row->older = NULL;
}

static void list_push(cache_shard *shard, sealed_subject *row)
{
    row->newer = NULL;
    row->older = shard->newest;
    *(shard->newest == NULL ? &shard->oldest : &shard->newest->newer) = row;
    shard->newest = row;
}

static sealed_subject *bucket_find(sealed_subject *const *bucket, const subject_id *id)
{
    for (sealed_subject *row = *bucket; row != NULL; row = row->bucket_next) {
        if (memcmp(row->id.bytes, id->bytes, SUBJECT_ID_BYTES) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Takes the row out of chain and list and gives the shard's reference back (C-1, C-2). */
static void shard_drop(cache_shard *shard, sealed_subject **bucket, sealed_subject *row)
{
    sealed_subject **link = bucket;

    while (*link != row) { /* it is in the chain (C-1) */
        link = &(*link)->bucket_next;
    }
    *link = row->bucket_next;
    row->bucket_next = NULL;
    list_unlink(shard, row);
    assert(shard->bytes >= row_cost(row));
    shard->bytes -= row_cost(row);
    sealed_subject_free(row);
}

/* --- the whole ------------------------------------------------------------------------------------------- */

typedef struct cache_slot {
    cache_shard *shard;
    sealed_subject **bucket;
} cache_slot;

static cache_slot slot_of(cache *self, const subject_id *id)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64/φ */
    const uint64_t half = (bytes_read_u64be(id->bytes) ^ self->key) * odd;
    const uint64_t mixed = (half ^ half >> 32 ^ bytes_read_u64be(id->bytes + 8) ^ self->key) * odd;
    cache_shard *const shard = &self->shards[mixed >> 60];
    const size_t bucket = (size_t)(mixed >> 20) & (self->bucket_count - 1);
    return (cache_slot){shard, &shard->buckets[bucket]};
}

void cache_free(cache *self)
{
    if (self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < self->shards_made; i++) {
        cache_shard *const shard = &self->shards[i];
        while (shard->oldest != NULL) {
            shard_drop(shard, slot_of(self, &shard->oldest->id).bucket, shard->oldest);
        }
        (void)pthread_mutex_destroy(&shard->lock);
        mem_free(shard->buckets);
    }
    mem_free(self);
}

sealed_subject *cache_find(cache *self, const subject_id *id, uint64_t seq_min)
{
    const cache_slot slot = slot_of(self, id);
    sealed_subject *held = NULL;

    (void)pthread_mutex_lock(&slot.shard->lock);
    sealed_subject *const row = bucket_find(slot.bucket, id);
    if (row != NULL && row->seq >= seq_min) {
        row->used = true;
        held = sealed_subject_hold(row);
    }
    (void)pthread_mutex_unlock(&slot.shard->lock);
    return held;
}

/* Makes room below the ceiling: from the oldest on, a row that was used goes to the front without its
 * mark, one that was not is dropped. Each row is moved once at most, so it ends. */
static void make_room(cache *self, cache_shard *shard, size_t needed)
{
    while (shard->oldest != NULL && shard->bytes + needed > self->shard_bytes_max) {
        sealed_subject *const row = shard->oldest;
        if (row->used) {
            row->used = false;
            list_unlink(shard, row);
            list_push(shard, row);
            continue;
        }
        shard_drop(shard, slot_of(self, &row->id).bucket, row);
    }
}

static void put_locked(cache *self, const cache_slot *slot, sealed_subject *sealed)
{
    sealed_subject *const old = bucket_find(slot->bucket, &sealed->id);

    if (old != NULL && old->seq >= sealed->seq) {
        return; /* C-3 */
    }
    if (old != NULL) {
        shard_drop(slot->shard, slot->bucket, old);
    }
    make_room(self, slot->shard, row_cost(sealed));
    sealed->bucket_next = *slot->bucket;
    *slot->bucket = sealed_subject_hold(sealed);
    list_push(slot->shard, sealed);
    slot->shard->bytes += row_cost(sealed);
    assert(slot->shard->bytes <= self->shard_bytes_max); /* C-2 */
}

void cache_put(cache *self, sealed_subject *sealed)
{
    const cache_slot slot = slot_of(self, &sealed->id);

    if (row_cost(sealed) > self->shard_bytes_max) {
        return;
    }
    (void)pthread_mutex_lock(&slot.shard->lock);
    put_locked(self, &slot, sealed);
    (void)pthread_mutex_unlock(&slot.shard->lock);
}

void cache_drop(cache *self, const subject_id *id)
{
    const cache_slot slot = slot_of(self, id);

    (void)pthread_mutex_lock(&slot.shard->lock);
    sealed_subject *const row = bucket_find(slot.bucket, id);
    if (row != NULL) {
        shard_drop(slot.shard, slot.bucket, row);
    }
    (void)pthread_mutex_unlock(&slot.shard->lock);
}

uint64_t cache_bytes(cache *self)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&self->shards[i].lock);
        bytes += self->shards[i].bytes;
        (void)pthread_mutex_unlock(&self->shards[i].lock);
    }
    return bytes;
}
