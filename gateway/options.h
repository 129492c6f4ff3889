/* gateway/options.h: what velumd is told: its command line, then the configuration behind it. */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include "base/log.h"
#include "gateway/address.h"

#include <velum/admin.h>

typedef enum options_outcome {
    OPTIONS_RUN,
    OPTIONS_DONE, /* --help or --version was answered on stdout */
    OPTIONS_WRONG /* the reason was told on stderr */
} options_outcome;

typedef struct options {
    velum_config *config; /* free with options_clear */
    listen_address address;
    log_level level;
    uint32_t timeout_ms;
    uint32_t workers; /* threads that answer; 0: as many as processors */
    uint32_t connections_max;
} options;

options_outcome options_parse(int argc, char **argv, options *out);
void options_clear(options *self);

#endif
