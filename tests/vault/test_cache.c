/* The cache: bounded, newest kept, never older than asked for, and sound under threads. */
#include "tests/vault/fixture.h"

#include <pthread.h>
#include <stdio.h>

#define ROW_BYTES 3000
#define THREADS 4
#define ROUNDS 4000
#define IDS 64

static subject_id id_of(uint32_t number)
{
    subject_id id = {{0}};

    bytes_write_u32be(id.bytes, number);
    return id;
}

static sealed_subject *row_of(uint32_t number, uint64_t seq)
{
    sealed_subject *const row = mem_alloc(ROW_BYTES);

    assert_non_null(row);
    atomic_init(&row->references, 1);
    row->id = id_of(number);
    row->seq = seq;
    row->block_bytes = ROW_BYTES;
    return row;
}

static cache *cache_of(size_t bytes)
{
    const velum_random random = random_system();
    cache *made = NULL;

    assert_ok(cache_create(bytes, &random, &made));
    return made;
}

static void put(cache *self, uint32_t number, uint64_t seq)
{
    sealed_subject *const row = row_of(number, seq);

    cache_put(self, row);
    sealed_subject_free(row);
}

/* The seq of the cached row, 0 when there is none. */
static uint64_t seq_of(cache *self, uint32_t number, uint64_t seq_min)
{
    const subject_id id = id_of(number);
    VELUM_AUTO(sealed_subject) *row = cache_find(self, &id, seq_min);

    if (row == NULL) {
        return 0;
    }
    assert_memory_equal(&row->id, &id, sizeof id);
    assert_true(row->seq >= seq_min);
    return row->seq;
}

static void an_older_row_is_a_miss(void **state)
{
    VELUM_AUTO(cache) *self = cache_of((size_t)1 << 20);

    assert_int_equal(seq_of(self, 1, 0), 0);
    put(self, 1, 5);
    assert_int_equal(seq_of(self, 1, 5), 5);
    assert_int_equal(seq_of(self, 1, 6), 0);
    put(self, 1, 4); /* a slower reader's older snapshot does not replace it */
    assert_int_equal(seq_of(self, 1, 0), 5);
    put(self, 1, 7);
    assert_int_equal(seq_of(self, 1, 6), 7);
    assert_int_equal(seq_of(self, 2, 0), 0);
    assert_int_equal(cache_bytes(self), ROW_BYTES + 32);
}

static void bytes_are_bounded(void **state)
{
    const size_t bytes_max = (size_t)512 << 10;
    VELUM_AUTO(cache) *self = cache_of(bytes_max);

    for (uint32_t number = 0; number < 2000; number++) {
        put(self, number, 1);
        assert_true(cache_bytes(self) <= bytes_max);
    }
    /* Shards fill up evenly: hardly less than full. */
    assert_true(cache_bytes(self) > bytes_max * 8 / 10);
    assert_int_equal(seq_of(self, 1999, 0), 1);
    assert_int_equal(seq_of(self, 0, 0), 0);
}

static void what_is_used_stays(void **state)
{
    VELUM_AUTO(cache) *self = cache_of((size_t)1 << 20);

    put(self, 1000000, 1);
    for (uint32_t number = 0; number < 3000; number++) {
        put(self, number, 1);
        assert_int_equal(seq_of(self, 1000000, 0), 1);
    }
}

static void too_large_a_row_is_not_kept(void **state)
{
    VELUM_AUTO(cache) *self = cache_of(16 * (ROW_BYTES + 31));

    put(self, 1, 1);
    assert_int_equal(cache_bytes(self), 0);
    assert_int_equal(seq_of(self, 1, 0), 0);
}

/* A reader may hold a row that has left. */
static void a_held_row_outlives_the_cache(void **state)
{
    cache *const self = cache_of((size_t)1 << 20);
    const subject_id id = id_of(1);

    put(self, 1, 3);
    sealed_subject *const held = cache_find(self, &id, 0);
    put(self, 1, 4);
    cache_free(self);
    assert_int_equal(held->seq, 3);
    sealed_subject_free(held);
    sealed_subject_free(NULL);
    cache_free(NULL);
}

/* Buckets and shards depend on the key: two caches place the same ids differently. */
static void placement_is_keyed(void **state)
{
    uint32_t kept[2] = {0, 0};
    bool differs = false;
    VELUM_AUTO(cache) *first = cache_of(16 * 4 * (ROW_BYTES + 32));
    VELUM_AUTO(cache) *second = cache_of(16 * 4 * (ROW_BYTES + 32));

    for (uint32_t number = 0; number < 64; number++) {
        put(first, number, 1);
        put(second, number, 1);
    }
    for (uint32_t number = 0; number < 64; number++) {
        const bool in_first = seq_of(first, number, 0) != 0;
        const bool in_second = seq_of(second, number, 0) != 0;
        kept[0] += in_first;
        kept[1] += in_second;
        differs = differs || in_first != in_second;
    }
    assert_true(kept[0] > 32 && kept[1] > 32);
    assert_true(differs);
}

typedef struct worker {
    cache *cache;
    uint32_t seed;
    bool is_right;
} worker;

static void *work(void *context)
{
    worker *const self = context;
    uint32_t state = self->seed;

    for (uint64_t round = 1; round <= ROUNDS; round++) {
        state = state * 1664525 + 1013904223;
        const subject_id id = id_of(state >> 8 & (IDS - 1));
        sealed_subject *row = cache_find(self->cache, &id, round / 2);
        if (row == NULL) {
            row = row_of(state >> 8 & (IDS - 1), round);
            cache_put(self->cache, row);
        }
        self->is_right =
            self->is_right && row->seq >= round / 2 && memcmp(&row->id, &id, sizeof id) == 0;
        sealed_subject_free(row);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    VELUM_AUTO(cache) *self = cache_of(16 * 3 * (ROW_BYTES + 32));
    pthread_t threads[THREADS];
    worker workers[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){.cache = self, .seed = i + 1, .is_right = true};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(workers[i].is_right);
    }
    assert_true(cache_bytes(self) <= 16 * 3 * (ROW_BYTES + 32));
}

/* The same through the vault: load fills it, a newer seq empties it for that reader. */
static void a_loaded_subject_is_cached(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    sealed_subject *cached = NULL;

    assert_false(vault_cached(self->vault, &id, 0, &cached));
    sealed_subject_free(fixture_load(self, &id, 8, false));
    assert_false(vault_cached(self->vault, &id, 0, &cached));
    sealed_subject_free(fixture_load(self, &id, 8, true));
    assert_true(vault_cached(self->vault, &id, 8, &cached));
    assert_int_equal(sealed_subject_seq(cached), 8);
    sealed_subject_free(cached);
    assert_false(vault_cached(self->vault, &id, 9, &cached));
    assert_null(cached);
    assert_true(vault_cache_bytes(self->vault) > VAULT_STATE_BYTES);
    self->cache_bytes = 0;
    fixture_reopen(self);
    sealed_subject_free(fixture_load(self, &id, 8, true));
    assert_false(vault_cached(self->vault, &id, 0, &cached));
    assert_int_equal(vault_cache_bytes(self->vault), 0);
}

/* Readers of the files, the cache and the keyring at once. */
static void *read_subjects(void *context)
{
    fixture *const self = ((void **)context)[0];
    const subject_id *const ids = ((void **)context)[1];
    secret_arena *arena = NULL;
    uintptr_t wrong = 0;

    if (secret_arena_create((size_t)64 << 10, &arena) != VELUM_OK) {
        return (void *)1;
    }
    for (uint64_t round = 0; round < 200; round++) {
        const subject_id *const id = &ids[round % 4];
        const aes_block *domain = NULL;
        const opened_subject *opened = NULL;
        sealed_subject *sealed = NULL;
        wrong += keyring_domain(self->keys, (uint16_t)(round * 37), &domain) != VELUM_OK;
        if (!vault_cached(self->vault, id, round, &sealed)) {
            store_conn *conn = NULL;
            wrong += store_reader_acquire(self->vault_db, 5000, &conn) != VELUM_OK ||
                     conn_begin(conn) != VELUM_OK ||
                     vault_load(self->vault, conn, id, round + 10, true, &sealed) != VELUM_OK;
            store_reader_release(self->vault_db, conn);
        }
        wrong += vault_open(self->vault, sealed, arena, &opened) != VELUM_OK;
        wrong += opened_state(opened)[0] != (uint8_t)(round % 4 + 1);
        sealed_subject_free(sealed);
        secret_arena_reset(arena);
    }
    secret_arena_free(arena);
    return (void *)wrong;
}

static void readers_share_the_vault(void **state)
{
    fixture *const self = *state;
    subject_id ids[4];
    pthread_t threads[THREADS];
    void *context[] = {self, ids};

    for (uint8_t i = 0; i < COUNT_OF(ids); i++) {
        ids[i] = fixture_subject(self, i + 1);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_subjects, context), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_row_is_a_miss),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(too_large_a_row_is_not_kept),
        cmocka_unit_test(a_held_row_outlives_the_cache),
        cmocka_unit_test(placement_is_keyed),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test_setup_teardown(a_loaded_subject_is_cached, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(readers_share_the_vault, fixture_setup, fixture_teardown),
    };

    if (crypto_init() != VELUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
