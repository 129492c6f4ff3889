/* crm/orders/rejects.h: the file of rows that were not taken: line and reason, nothing of the row. */
#ifndef CRM_ORDERS_REJECTS_H
#define CRM_ORDERS_REJECTS_H

#include "base/text.h"

#include <stdio.h>

typedef struct rejects {
    const char *path; /* borrowed */
    FILE *file;       /* made with the first one */
    uint64_t count;
} rejects;

/* Mode 0600, never through a link; an older file is replaced. */
velum_status rejects_add(rejects *self, uint64_t line, text reason) VELUM_WARN_UNUSED;
/* Everything to the file. */
velum_status rejects_end(rejects *self) VELUM_WARN_UNUSED;
void rejects_close(rejects *self);
#define VELUM_AUTO_REJECTS __attribute__((cleanup(rejects_close))) rejects

#endif
