/* gateway/options.h: the command line of velumd. */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include "gateway/address.h"

typedef enum options_outcome {
    OPTIONS_RUN,
    OPTIONS_DONE, /* --help or --version was answered on stdout */
    OPTIONS_WRONG /* the reason was told on stderr */
} options_outcome;

typedef struct options {
    const char *folder;
    listen_address address;
    bool is_behind_proxy;
} options;

options_outcome options_parse(int argc, char **argv, options *out);

#endif
