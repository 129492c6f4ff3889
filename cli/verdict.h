/* cli/verdict.h: what `audit verify` found, in words and as JSON. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "base/text.h"

#include <velum/admin.h>

#define VERDICT_SOUND 0
#define VERDICT_TAMPERED 3
#define VERDICT_TRUNCATED 4
#define VERDICT_UNREADABLE 5
#define VERDICT_UNPROVEN 6

/* Where key and checkpoint came from. */
typedef enum verdict_source { SOURCE_NONE, SOURCE_OPTION, SOURCE_TRUST_FILE } verdict_source;

typedef struct verdict {
    const velum_log_report *report;
    verdict_source key;
    verdict_source seen;
    bool is_live; /* a running program writes to the log */
} verdict;

/* "sound", "tampered" …; "unreadable" for an unknown code. */
const char *verdict_name(int32_t exit_code);
velum_status verdict_show(const verdict *verdict) VELUM_WARN_UNUSED;
velum_status verdict_show_json(const verdict *verdict) VELUM_WARN_UNUSED;

#endif
