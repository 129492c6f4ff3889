/* cli/sample.h: the people of the sample retailer, through the gate's import. */
#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

#include "cli/session.h"

/* Imports persons 0 … count−1 of the sample of `seed` into the folder, with their consents. Negative
 * statuses have been said. */
velum_status sample_fill(const char *folder, uint64_t seed, uint32_t count) VELUM_WARN_UNUSED;

#endif
