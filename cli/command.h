/* cli/command.h: what a command is, and what a person typed.
 *
 * Every command is one constant of type `command` in a file of its own; cli/commands.c lists them.
 * Parsing, usage texts and `velum help` all read the same table. What was typed is never repeated in
 * an error: an argument may be a customer's identifier (I-5).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/text.h"

/* Exit codes, fixed for scripts; `audit verify` has 3, 4, 5 and 6 besides. */
#define EXIT_DONE 0
#define EXIT_REFUSED 1
#define EXIT_USAGE 2

#define COMMAND_OPTIONS_MAX 20
#define COMMAND_ARGUMENTS_MAX 3

typedef struct command_option {
    const char *name;  /* "kind" for --kind; NULL ends the list */
    const char *value; /* what help calls its value; NULL: a flag */
    const char *help;
} command_option;

typedef struct command command;

typedef struct invocation {
    const command *command;
    const char *data; /* --data, or NULL */
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    uint32_t argument_count;
    const char *values[COMMAND_OPTIONS_MAX]; /* in the order of the command's options */
} invocation;

struct command {
    const char *group;     /* "credential", or NULL */
    const char *name;      /* "add" */
    const char *arguments; /* "NAME", "[DIR]" or "" */
    uint32_t arguments_min;
    uint32_t arguments_max;
    bool has_data;        /* takes --data */
    const char *activity; /* under which the gate runs it; NULL: none, or the one that is typed */
    const char *summary;  /* one line without a full stop */
    const char *detail;   /* paragraphs for `velum help`, or "" */
    command_option options[COMMAND_OPTIONS_MAX + 1];
    int (*run)(const invocation *invocation); /* → exit code */
};

typedef enum command_parsed { COMMAND_RUN, COMMAND_HELP, COMMAND_WRONG } command_parsed;

/* Reads what follows the command's words. `out->data` may be set before and is then kept. After
 * COMMAND_WRONG the reason has been said. */
command_parsed command_parse(const command *command, int argc, char **argv, invocation *out);

/* The value of an option, "" for a flag that was given, NULL when it was not. */
const char *invocation_value(const invocation *invocation, const char *name);
bool invocation_has(const invocation *invocation, const char *name);
/* A decimal number up to `max`; false when it is something else, and that was said. Leaves `out`
 * alone when the option was not given. */
bool invocation_number(const invocation *invocation, const char *name, uint64_t max, uint64_t *out);

/* Says what is wrong with the call, and where to read on; always EXIT_USAGE. The words are ours. */
int command_wrong(const command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes "--data" from `argv[*index]`, moving the index over its value: 1 taken, 0 another word, -1 no
 * value. */
int command_take_data(int argc, char **argv, int *index, const char **out_data);

/* All commands, NULL at the end. */
extern const command *const commands[];
const command *command_find(const char *group, const char *name);
bool command_is_group(const char *word);

/* Usage and options of one command. */
void command_print_help(const command *command);
/* The list of all commands, or of one group (NULL: all). */
void command_print_list(const char *group, bool is_error);

#endif
