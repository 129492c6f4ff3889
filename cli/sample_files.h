/* cli/sample_files.h: the sample's people as files to import, with mistakes planted in them.
 *
 * For trying an import before real people go in: the mistakes are those that real files have, and
 * planted.csv says on which line which one stands and what becomes of it. A pure function of seed and
 * count; nobody is real.
 */
#ifndef CLI_SAMPLE_FILES_H
#define CLI_SAMPLE_FILES_H

#include "base/text.h"

typedef struct sample_files_report {
    uint32_t rows;     /* of customers.csv, without the titles */
    uint32_t planted;  /* rows with a mistake */
    uint32_t rejected; /* of these, rows that an import leaves out */
} sample_files_report;

/* Writes customers.csv, customers.yaml, consents.csv, consents.yaml, notice.zh.md, orders.csv, orders.yaml
 * and planted.csv into `folder`, which is made (0700) unless it is there. A file that is there is not written over:
 * VELUM_E_EXISTS. What fails has been said. */
velum_status sample_files_write(const char *folder, uint64_t seed, uint32_t count,
                                sample_files_report *out) VELUM_WARN_UNUSED;

#endif
