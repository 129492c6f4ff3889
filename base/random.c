/* base/random.c: the kernel's chance, and a repeatable one for samples and tests.
 *
 * The kernel source cannot fail in a way that a caller could handle: a process that cannot draw keys
 * must not go on, so it aborts. The seeded stream is BLAKE2b-512 over a counter, keyed with the
 * seed; it does not depend on how reads are cut, so that a test may ask in other pieces.
 */
#include "base/random.h"

#include "base/buffer.h"
#include "base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void system_fill(void *context, void *out, size_t size)
{
    uint8_t *at = out;

    (void)context;
    while (size > 0) {
        const ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            abort();
        }
        at += got;
        size -= (size_t)got;
    }
}

velum_random random_system(void)
{
    return (velum_random){.fill = system_fill, .context = NULL};
}

void random_fill(const velum_random *random, void *out, size_t size)
{
    random->fill(random->context, out, size);
}

uint32_t random_below(const velum_random *random, uint32_t bound)
{
    assert(bound > 0);
    /* 2^32 mod bound: what is drawn below it would favour small results, so it is drawn again.
     * Each round ends with a chance of at least one half. */
    const uint32_t reject_below = (uint32_t)(-bound) % bound;
    uint32_t drawn = 0;

    do {
        random_fill(random, &drawn, sizeof(drawn));
    } while (drawn < reject_below);
    return drawn % bound;
}

static void seeded_next_block(random_seeded *state)
{
    uint8_t key[KEY_BYTES] = {0};
    uint8_t counter[8];

    bytes_write_u64be(key, state->seed);
    bytes_write_u64be(counter, state->counter);
    const crypto_part part = {counter, sizeof(counter)};
    blake2b_keyed(key, &part, 1, state->block, sizeof(state->block));
    state->counter++;
    state->used = 0;
}

static void seeded_fill(void *context, void *out, size_t size)
{
    random_seeded *const state = context;
    uint8_t *at = out;

    while (size > 0) {
        if (state->used == sizeof(state->block)) {
            seeded_next_block(state);
        }
        const size_t left = sizeof(state->block) - state->used;
        const size_t piece = size < left ? size : left;
        memcpy(at, state->block + state->used, piece);
        state->used += piece;
        at += piece;
        size -= piece;
    }
}

velum_random random_from_seed(random_seeded *state, uint64_t seed)
{
    *state = (random_seeded){.seed = seed, .used = sizeof(state->block)};
    return (velum_random){.fill = seeded_fill, .context = state};
}
