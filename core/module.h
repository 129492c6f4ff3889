/* core/module.h: a work as a program holds it, and lists of them (include/velum/module.h). */
#ifndef CORE_MODULE_H
#define CORE_MODULE_H

#include "base/buffer.h"
#include "base/text.h"

#include <velum/module.h>

struct velum_work {
    velum_work *next;
    int64_t n;
    int64_t lease;
    uint32_t kind;
    uint32_t attempts;
    char at[32];
    char ref[32];
    char name[192];
};
VELUM_DEFINE_AUTO(velum_work);

/* First in, first out. Zeros: empty. */
typedef struct work_list {
    velum_work *first;
    velum_work *last;
} work_list;

velum_work *work_list_pop(work_list *self); /* NULL when it is empty */
void work_list_clear(work_list *self);
/* Appends what a MODULE_NEXT was answered. VELUM_E_INVALID where it is not that, VELUM_E_NOMEM. */
velum_status work_list_read(work_list *self, text answer,
                            int64_t *out_next_in_ms) VELUM_WARN_UNUSED;

/* The body of a MODULE_REPLY. */
velum_status work_write_reply(const velum_work *work, text module, uint32_t result,
                              uint32_t after_ms, buffer *out) VELUM_WARN_UNUSED;

#endif
