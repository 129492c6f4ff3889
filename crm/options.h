/* crm/options.h: what was typed: a command of one or two words, at most one further word, options. */
#ifndef CRM_OPTIONS_H
#define CRM_OPTIONS_H

#include "base/text.h"

typedef struct options {
    const char *argument;   /* FILE or NAME; NULL: none */
    const char *data;       /* --data, else $VELUM_DATA, else "." */
    const char *token_file; /* --token-file, else $VELUM_TOKEN_FILE; NULL: the process's uid */
    const char *activity;   /* --activity; "": the credential's only one */
    const char *map;
    const char *rejects;
    const char *sha256;
    uint32_t days; /* 1 to 3650; 90 where not said */
    bool once;
    bool json;
    bool help;
} options;

/* Which options a command takes beside --data, --token-file, --activity and --help: "json map". */
typedef struct command {
    const char *words[2]; /* the second NULL: one word */
    const char *argument; /* "FILE"; NULL: takes none */
    const char *takes;
    const char *summary;
    const char *usage;
    int (*run)(const options *options);
} command;

/* Reads what stands behind the command's words. False: it is wrong, which has been said. */
bool options_read(const command *command, int argc, char **argv, options *out);

#endif
