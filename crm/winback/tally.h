/* crm/winback/tally.h: what was done, by names of ours and of the policy (I-5). */
#ifndef CRM_WINBACK_TALLY_H
#define CRM_WINBACK_TALLY_H

#include "base/text.h"

#define TALLY_REASONS_MAX 32
#define TALLY_NAME_BYTES 64

typedef struct tally {
    uint64_t timers; /* set */
    uint64_t queued;
    uint64_t same;
    uint64_t skipped;
    uint64_t later; /* to be given again */
    struct {
        char name[TALLY_NAME_BYTES];
        uint64_t count;
    } reasons[TALLY_REASONS_MAX]; /* of those skipped */
    uint32_t reason_count;
} tally;

/* One more that was skipped; a name that is none of ours counts as "other". */
void tally_skip(tally *self, text reason);
/* One line on stderr when there is anything to say, and begins anew. */
void tally_say(tally *self);

#endif
