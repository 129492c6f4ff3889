/* core/me_log.h: which entries of the log are about the customer who asks, and what of them they see.
 *
 * L-1  An entry is theirs when it holds their audit token, alone or among many (spec/audit); whoever
 *      else stands in it is never shown.
 * L-2  The activity says what its subject sees (spec/requests); an activity that the active policy
 *      does not have any more shows the role and no more.
 * L-3  People of the house appear by role, never by name.
 */
#ifndef CORE_ME_LOG_H
#define CORE_ME_LOG_H

#include "core/audit_scan.h"

typedef struct own_entry {
    bool is_self;      /* the customer's own act */
    bool is_bulk;      /* among many: the leaf names others, too */
    uint32_t visible;  /* VISIBLE_FULL, VISIBLE_ROLE, VISIBLE_NEVER; 0: not yet */
    uint32_t activity; /* index in the bundle; BUNDLE_NONE: it is not there any more */
} own_entry;

/* False: it is about somebody else, or nobody. `scan` holds the passage and its token. */
bool own_entry_judge(audit_scan *scan, const audit_entry *entry, own_entry *out);

#endif
