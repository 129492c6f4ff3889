/* base/random.h: chance, injected.
 *
 * The system source is the kernel's CSPRNG. The seeded source is for samples and tests only: it is
 * deterministic (keyed BLAKE2b in counter mode) and must never make a key of a real folder.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/mem.h"

typedef struct velum_random {
    void (*fill)(void *context, void *out, size_t size);
    void *context;
} velum_random;

velum_random random_system(void);
void random_fill(const velum_random *random, void *out, size_t size);
/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint32_t random_below(const velum_random *random, uint32_t bound);

typedef struct random_seeded {
    uint64_t seed;
    uint64_t counter;
    uint8_t block[64];
    size_t used;
} random_seeded;

/* Starts the deterministic source; the returned handle points into `state`, which must outlive it. */
velum_random random_from_seed(random_seeded *state, uint64_t seed);

#endif
