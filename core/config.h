/* core/config.h: the settings of velumd: one table, three sources.
 *
 * C-1  A secret is never a value: the file names where one is, and no message repeats a value (I-5).
 * C-2  What is not known is refused, with its line: a setting that was mistyped must not be believed to
 *      be in force.
 * C-3  Command line beats environment beats file beats default, for each setting alone.
 * Format: docs/formats/config.md; docs/velum.schema.json describes the same table.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "base/text.h"

#include <velum/admin.h>

#define CONFIG_VALUE_BYTES 512 /* with its NUL */
#define CONFIG_FILE_BYTES_MAX ((size_t)65536)
#define CONFIG_VERSION "1"

typedef enum config_kind {
    CONFIG_KIND_PATH, /* absolute */
    CONFIG_KIND_ADDRESS,
    CONFIG_KIND_FLAG,
    CONFIG_KIND_NUMBER,
    CONFIG_KIND_LEVEL,
    CONFIG_KIND_NAME /* of a credential */
} config_kind;

typedef enum config_index {
    CONFIG_DATA,
    CONFIG_LISTEN,
    CONFIG_BEHIND_PROXY,
    CONFIG_CACHE_MB,
    CONFIG_TIMEOUT_MS,
    CONFIG_WORKERS,
    CONFIG_CONNECTIONS_MAX,
    CONFIG_LOG_LEVEL,
    CONFIG_ROOT_FILE, /* these two stand in the map `root` */
    CONFIG_ROOT_CREDENTIAL,
    CONFIG_COUNT
} config_index;

typedef struct config_setting {
    const char *name;     /* "cache-mb", "root.file" */
    const char *variable; /* of the environment; NULL: none */
    config_kind kind;
    uint64_t min; /* of a number */
    uint64_t max;
    const char *preset; /* "": none */
    const char *wanted; /* what a value is, said when it is something else */
} config_setting;

extern const config_setting config_settings[CONFIG_COUNT];

typedef struct config_value {
    char text[CONFIG_VALUE_BYTES]; /* "": not set */
    uint32_t origin;               /* VELUM_CONFIG_FROM_* */
    uint32_t line;                 /* in the file */
} config_value;

struct velum_config {
    config_value values[CONFIG_COUNT];
    char path[CONFIG_VALUE_BYTES]; /* of the file; "": none */
};

/* VELUM_OK when the text is a value of that setting. VELUM_E_DENIED when it looks like a secret (C-1). */
velum_status config_value_check(config_index index, text value) VELUM_WARN_UNUSED;
/* The setting of that name, or CONFIG_COUNT. */
config_index config_find(text name);
bool config_flag(const velum_config *self, config_index index);
uint64_t config_number(const velum_config *self, config_index index);

/* Where findings go. */
typedef struct config_listener {
    velum_config_finding finding; /* or NULL */
    void *context;
    uint32_t errors;
    uint32_t line; /* of the first error, and its words */
    const char *first;
} config_listener;

/* Reads the document into the values of `out`, whose others stay; every finding is told, the words
 * constants of ours. VELUM_E_INVALID when one of them is an error. */
velum_status config_parse(text source, config_listener *listener,
                          velum_config *out) VELUM_WARN_UNUSED;
void config_tell(config_listener *self, bool is_error, uint32_t line, const char *message);
/* Tells what the settings of a file mean together, and whether its root secret would be taken. */
void config_judge(const velum_config *self, config_listener *listener);
/* Of an address that config_value_check took. */
bool config_is_loopback(text address);

#endif
