/* courier/url.h: where something goes, read strictly. Pure; any thread. */
#ifndef COURIER_URL_H
#define COURIER_URL_H

#include "base/text.h"

#define URL_BYTES_MAX 512
#define HOST_BYTES_MAX 253

typedef enum url_scheme {
    URL_HTTP,
    URL_HTTPS,
    URL_SMTP,  /* STARTTLS is required */
    URL_SMTPS, /* TLS from the first byte */
    URL_SCHEMES
} url_scheme;

typedef struct url {
    url_scheme scheme;
    char host[HOST_BYTES_MAX + 1]; /* lower case; of an IPv6 address without its brackets */
    uint16_t port;                 /* the scheme's own where none is written */
} url;

/* SCHEME://HOST[:PORT][/…]: no user, no fragment, printable ASCII without blanks and backslashes, a
 * path of HTTP only. VELUM_E_INVALID. */
velum_status url_parse(text source, url *out) VELUM_WARN_UNUSED;
/* HOST or HOST:PORT, as an allow-list has them; `out_port` 0 where none is written. */
velum_status url_parse_host(text source, char out[HOST_BYTES_MAX + 1],
                            uint16_t *out_port) VELUM_WARN_UNUSED;

#endif
