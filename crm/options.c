/* crm/options.c: each option is a row of a table. */
#include "crm/options.h"

#include "crm/say.h"

#include <stddef.h>
#include <stdlib.h>

#define DAYS_DEFAULT 90
#define DAYS_MAX 3650

typedef struct option_row {
    const char *name;
    size_t place;  /* of its member */
    bool is_flag;  /* a bool, without a value */
    bool is_usual; /* every command takes it */
} option_row;

static const option_row ROWS[] = {
    {"--data", offsetof(options, data), false, true},
    {"--token-file", offsetof(options, token_file), false, true},
    {"--activity", offsetof(options, activity), false, true},
    {"--help", offsetof(options, help), true, true},
    {"--map", offsetof(options, map), false, false},
    {"--rejects", offsetof(options, rejects), false, false},
    {"--sha256", offsetof(options, sha256), false, false},
    {"--once", offsetof(options, once), true, false},
    {"--json", offsetof(options, json), true, false},
};

static bool is_taken(const command *command, const char *name)
{
    text rest = text_of(command->takes);
    text word;

    while (text_split(&rest, ' ', &word)) {
        if (text_equal_literal(word, name + 2)) {
            return true;
        }
    }
    return false;
}

static const option_row *find(const command *command, const char *name)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if (strcmp(ROWS[i].name, name) == 0) {
            return ROWS[i].is_usual || is_taken(command, name) ? &ROWS[i] : NULL;
        }
    }
    return NULL;
}

static bool wrong(const command *command, const char *what)
{
    say("%s", what);
    say_more("velum-crm %s", command->usage);
    return false;
}

static bool read_days(const command *command, const char *value, options *out)
{
    uint64_t days = 0;

    if (!text_parse_u64(text_of(value), &days) || days == 0 || days > DAYS_MAX) {
        return wrong(command, "--days is a number from 1 to 3650");
    }
    out->days = (uint32_t)days;
    return true;
}

/* One option; `*at` moves on over its value. */
static bool read_option(const command *command, int argc, char **argv, int *at, options *out)
{
    const char *const name = argv[*at];
    const option_row *const row = find(command, name);
    const bool is_days = strcmp(name, "--days") == 0 && is_taken(command, name);

    if (row == NULL && !is_days) {
        return wrong(command, "there is no such option here");
    }
    if (row != NULL && row->is_flag) {
        *(bool *)((char *)out + row->place) = true;
        return true;
    }
    if (*at + 1 >= argc) {
        return wrong(command, "an option lacks its value");
    }
    const char *const value = argv[++*at];
    if (is_days) {
        return read_days(command, value, out);
    }
    *(const char **)((char *)out + row->place) = value;
    return true;
}

static bool read_argument(const command *command, const char *word, options *out)
{
    if (command->argument == NULL || out->argument != NULL) {
        return wrong(command, "there is a word too many");
    }
    out->argument = word;
    return true;
}

static const char *or_variable(const char *typed, const char *variable)
{
    const char *const found = typed != NULL ? typed : getenv(variable);

    return found != NULL && *found != '\0' ? found : NULL;
}

bool options_read(const command *command, int argc, char **argv, options *out)
{
    *out = (options){.days = DAYS_DEFAULT, .activity = ""};
    for (int i = 0; i < argc; i++) {
        const bool is_option = argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option ? !read_option(command, argc, argv, &i, out)
                      : !read_argument(command, argv[i], out)) {
            return false;
        }
    }
    out->data = or_variable(out->data, "VELUM_DATA");
    out->data = out->data == NULL ? "." : out->data;
    out->token_file = or_variable(out->token_file, "VELUM_TOKEN_FILE");
    if (command->argument != NULL && out->argument == NULL && !out->help) {
        return wrong(command, "a word is missing");
    }
    return true;
}
