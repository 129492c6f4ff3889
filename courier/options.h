/* courier/options.h: what velum-courier is told on its command line. */
#ifndef COURIER_OPTIONS_H
#define COURIER_OPTIONS_H

#include "base/log.h"

#include <stdbool.h>

typedef enum courier_outcome {
    COURIER_RUN,
    COURIER_CHECK, /* --check: read the configuration, and end */
    COURIER_DONE,  /* --help or --version was answered on stdout */
    COURIER_WRONG  /* the reason was told on stderr */
} courier_outcome;

typedef struct courier_options {
    const char *folder;     /* --data or $VELUM_DATA */
    const char *config;     /* NULL: the default */
    const char *token_file; /* --token-file or $VELUM_TOKEN_FILE */
    const char *activity;   /* "": the credential's only one */
    bool once;
    log_level level;
} courier_options;

courier_outcome courier_options_parse(int argc, char **argv, courier_options *out);

#endif
