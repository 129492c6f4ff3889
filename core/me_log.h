/* core/me_log.h: which entries of the log are about the customer who asks, and what of them they see.
 *
 * L-1  An entry is theirs when it holds their audit token, alone or among many (spec/audit); whoever
 *      else stands in it is never shown.
 * L-2  The activity says what its subject sees (spec/requests); an activity that the active policy
 *      does not have any more shows the role and no more.
 * L-3  People of the house appear by role, never by name.
 * L-4  What is shown by role, or counted alone, has neither time nor place: it is told with a whole
 *      file of the log and behind what is shown in full, so that no page, limit or order says more.
 * L-5  At most OWN_SCANS_MAX walks of customers through the log are under way at a time, none with a
 *      connection to the database; who comes on top is told to come again.
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

/* Who looked, on which day and what for: all that an entry shown by role says. */
typedef struct own_brief {
    int32_t day; /* civil, as the policy counts days */
    uint32_t purpose;
    uint32_t auth_method;
    uint32_t role_count;
    uint32_t roles[ENTRY_ROLES_MAX];
    bool is_own_store;
} own_brief;

void own_brief_of(const passage *passage, const audit_entry *entry, own_brief *out);
bool own_brief_equals(const own_brief *a, const own_brief *b);
/* Members of an open object: "day", and "purpose", "role" and "store" behind it. */
void own_brief_write_day(const own_brief *self, json_writer *out);
void own_brief_write_who(const world *world, const own_brief *self, json_writer *out);

#define OWN_SCANS_MAX 2

/* Runs one walk through the log (L-5); VELUM_E_BUSY when there are as many already. The passage's
 * snapshot is let go before. */
typedef velum_status (*own_walk)(void *context);
velum_status own_scan_run(passage *passage, own_walk walk, void *context) VELUM_WARN_UNUSED;

#endif
