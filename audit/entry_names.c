/* audit/entry_names.c: words for the numbers of an entry. */
#include "audit/entry.h"

typedef struct numbered_name {
    uint32_t number;
    const char *name;
} numbered_name;

static const char *name_in(const numbered_name *names, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}

const char *entry_type_name(uint32_t type)
{
    static const numbered_name names[] = {
        {ENTRY_GENESIS, "genesis"},
        {ENTRY_RECOVERY, "recovery"},
        {ENTRY_REGISTRY, "registry"},
        {ENTRY_VERIFICATION, "verification"},
        {ENTRY_CLOCK, "clock"},
        {ENTRY_POLICY, "policy"},
        {ENTRY_CREDENTIAL, "credential"},
        {ENTRY_PERSON, "person"},
        {ENTRY_SCHEMA, "schema"},
        {ENTRY_CONFIGURATION, "configuration"},
        {ENTRY_APPROVAL, "approval"},
        {ENTRY_KEYS, "keys"},
        {ENTRY_READ, "read"},
        {ENTRY_LOOKUP, "lookup"},
        {ENTRY_UPSERT, "upsert"},
        {ENTRY_CONSENT_READ, "consent-read"},
        {ENTRY_CONSENT, "consent"},
        {ENTRY_IMPORT, "import"},
        {ENTRY_LOG_READ, "log-read"},
        {ENTRY_REQUEST, "request"},
        {ENTRY_ERASURE, "erasure"},
        {ENTRY_ACCESS_LOG, "access-log"},
        {ENTRY_RESOLVE, "resolve"},
        {ENTRY_RETAINED, "retained"},
        {ENTRY_SUPPRESSION, "suppression"},
        {ENTRY_HOLD, "hold"},
        {ENTRY_MERGE, "merge"},
        {ENTRY_ROWS_READ, "rows-read"},
        {ENTRY_ROWS, "rows"},
        {ENTRY_COUNTS, "counts"},
        {ENTRY_FILTER, "filter"},
        {ENTRY_SEARCH, "search"},
        {ENTRY_LISTING, "listing"},
        {ENTRY_BULK_READ, "bulk-read"},
        {ENTRY_MESSAGE, "message"},
        {ENTRY_MODULE, "module"},
        {ENTRY_HOOK, "hook"},
        {ENTRY_BACKUP, "backup"},
        {ENTRY_RESTORE, "restore"},
        {ENTRY_RESTRICTION, "restriction"},
    };

    return name_in(names, sizeof names / sizeof names[0], type);
}

const char *entry_decision_name(uint32_t decision)
{
    static const numbered_name names[] = {
        {ENTRY_ALLOW, "allow"}, {ENTRY_PARTIAL, "partial"}, {ENTRY_DENY, "deny"}};

    return name_in(names, sizeof names / sizeof names[0], decision);
}

const char *entry_stage_name(uint32_t stage)
{
    static const numbered_name names[] = {
        {ENTRY_SINGLE, "single"}, {ENTRY_INTENT, "intent"}, {ENTRY_OUTCOME, "outcome"}};

    return name_in(names, sizeof names / sizeof names[0], stage);
}
