/* core/verbs_counts.c: the verb of aggregates (core/counts.h). */
#include "core/verbs.h"

static const verb VERBS[] = {
    {.number = VELUM_VERB_COUNTS,
     .name = "counts",
     .entry_type = ENTRY_COUNTS,
     .action = ACTION_COUNTS,
     .is_of_many = true,
     .has_body = true,
     .may_lack_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .locate = counts_locate,
     .mask = counts_mask},
};

const verb_table verbs_counts = {VERBS, sizeof(VERBS) / sizeof(VERBS[0])};
