/* courier/config.h: courier.yaml: where each channel and each hook goes (docs/formats/courier.md).
 *
 * Read once, at start, strictly: every mistake is told with its line, in constants of ours. Secrets
 * stand in files that it names. Without a file every channel goes to the folder DIR/outbox.
 */
#ifndef COURIER_CONFIG_H
#define COURIER_CONFIG_H

#include "courier/url.h"

#define CONFIG_FILE_BYTES_MAX ((size_t)64 << 10)
#define CONFIG_NAME_BYTES 33
#define CONFIG_PATH_BYTES 491
#define CONFIG_ADDRESS_BYTES 255
#define CONFIG_CHANNELS_MAX 16
#define CONFIG_HOOKS_MAX 16
#define CONFIG_ALLOWED_MAX 64
#define CONFIG_SECRET_BYTES 256

#define CONFIG_CONNECT_MS 5000
#define CONFIG_TOTAL_MS 30000 /* default and most: what is taken is delivered within its lease */

typedef enum place_kind { PLACE_FOLDER, PLACE_SMTP, PLACE_WEBHOOK, PLACE_HOOK } place_kind;

/* Where one channel, or one hook, goes. Members that its kind does not have are empty. */
typedef struct place {
    char name[CONFIG_NAME_BYTES]; /* "*": every channel that has no place of its own */
    place_kind kind;
    uint32_t line;
    char path[CONFIG_PATH_BYTES];    /* the folder */
    char source[URL_BYTES_MAX + 1];  /* the URL as written */
    url url;                         /* and what it says */
    bool is_plain;                   /* without TLS, to loopback only */
    bool is_private;                 /* allowed to lead to an address that is not public */
    char from[CONFIG_ADDRESS_BYTES]; /* the sender's address */
    char username[CONFIG_ADDRESS_BYTES];
    char ca_file[CONFIG_PATH_BYTES];
    char secret_file[CONFIG_PATH_BYTES]; /* `password-file`, `secret-file` */
    char secret[CONFIG_SECRET_BYTES];    /* read from it: a password, or 32 raw bytes */
    size_t secret_size;
} place;

typedef struct allowed {
    char host[HOST_BYTES_MAX + 1];
    uint16_t port; /* 0: any */
    bool is_private;
} allowed;

typedef struct courier_config {
    place channels[CONFIG_CHANNELS_MAX];
    uint32_t channel_count;
    place hooks[CONFIG_HOOKS_MAX];
    uint32_t hook_count;
    allowed allowed[CONFIG_ALLOWED_MAX];
    uint32_t allowed_count;
    uint32_t connect_ms;
    uint32_t total_ms;
} courier_config;

/* Told every mistake; `message` is a constant of ours. Line 0: of no line. */
typedef void (*courier_config_finding)(void *context, uint32_t line, const char *message);

/* VELUM_E_INVALID when anything was found. Opens no file. */
velum_status courier_config_parse(text source, courier_config_finding finding, void *context,
                                  courier_config *out) VELUM_WARN_UNUSED;
/* Every channel to FOLDER/outbox. VELUM_E_LIMIT when the path is too long. */
velum_status courier_config_default(const char *folder, courier_config *out) VELUM_WARN_UNUSED;
/* The file, then the secrets that it names: ours or root's, and not for others. */
velum_status courier_config_load(const char *file, courier_config_finding finding, void *context,
                                 courier_config **out, velum_error *err) VELUM_WARN_UNUSED;
void courier_config_free(courier_config *config); /* wipes */
VELUM_DEFINE_AUTO(courier_config);

/* NULL when nothing of that name is configured. */
const place *courier_config_channel(const courier_config *config, text name);
const place *courier_config_hook(const courier_config *config, text name);

#endif
