/* cli/command.c: words of a call against the table of a command. */
#include "cli/command.h"

#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>

static int option_index(const command *command, text name)
{
    for (int i = 0; command->options[i].name != NULL; i++) {
        if (text_equal_literal(name, command->options[i].name)) {
            return i;
        }
    }
    return -1;
}

int command_wrong(const command *command, const char *format, ...)
{
    char line[SAY_LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    say("%s", line);
    if (command == NULL) {
        say_more("`velum help` lists the commands.");
    } else if (command->group == NULL) {
        say_more("`velum help %s` says how it is called.", command->name);
    } else {
        say_more("`velum help %s %s` says how it is called.", command->group, command->name);
    }
    return EXIT_USAGE;
}

int command_take_data(int argc, char **argv, int *index, const char **out_data)
{
    const text word = text_of(argv[*index]);

    if (text_starts_with(word, "--data=")) {
        *out_data = argv[*index] + sizeof("--data=") - 1;
        return **out_data == '\0' ? -1 : 1;
    }
    if (!text_equal_literal(word, "--data")) {
        return 0;
    }
    if (*index + 1 >= argc || argv[*index + 1][0] == '\0') {
        return -1;
    }
    *index += 1;
    *out_data = argv[*index];
    return 1;
}

/* Takes `--name`, `--name=value` or `--name value` at argv[*index]. */
static bool take_option(invocation *self, int argc, char **argv, int *index)
{
    const command *command = self->command;
    const text word = text_of(argv[*index] + 2);
    const size_t equals = text_find_byte(word, '=');
    const int option = option_index(command, (text){word.data, equals});

    if (option < 0) {
        (void)command_wrong(command, "there is no such option");
        return false;
    }
    const command_option *known = &command->options[option];
    if (self->values[option] != NULL) {
        (void)command_wrong(command, "--%s stands twice", known->name);
        return false;
    }
    if (known->value == NULL) {
        self->values[option] = "";
        if (equals < word.size) {
            (void)command_wrong(command, "--%s takes no value", known->name);
            return false;
        }
        return true;
    }
    const char *value = equals < word.size ? word.data + equals + 1 : NULL;
    if (value == NULL && *index + 1 < argc) {
        *index += 1;
        value = argv[*index];
    }
    if (value == NULL || *value == '\0') {
        (void)command_wrong(command, "--%s needs a value: %s", known->name, known->value);
        return false;
    }
    self->values[option] = value;
    return true;
}

static bool take_argument(invocation *self, const char *word)
{
    if (self->argument_count == self->command->arguments_max) {
        (void)command_wrong(self->command, self->command->arguments_max == 0
                                               ? "it takes options only"
                                               : "that is one argument too many");
        return false;
    }
    self->arguments[self->argument_count++] = word;
    return true;
}

/* One word that begins with '-'; what is taken is said by `out`. */
static command_parsed take_dashed(invocation *self, int argc, char **argv, int *index)
{
    const char *word = argv[*index];

    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return COMMAND_HELP;
    }
    if (self->command->has_data) {
        const int taken = command_take_data(argc, argv, index, &self->data);
        if (taken < 0) {
            (void)command_wrong(self->command, "--data needs a value: the data folder");
            return COMMAND_WRONG;
        }
        if (taken > 0) {
            return COMMAND_RUN;
        }
    }
    if (word[1] != '-') {
        (void)command_wrong(self->command, "there is no such option");
        return COMMAND_WRONG;
    }
    return take_option(self, argc, argv, index) ? COMMAND_RUN : COMMAND_WRONG;
}

command_parsed command_parse(const command *command, int argc, char **argv, invocation *out)
{
    bool options_end = false;

    out->command = command;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!options_end && strcmp(word, "--") == 0) {
            options_end = true;
            continue;
        }
        if (options_end || word[0] != '-' || word[1] == '\0') {
            if (!take_argument(out, word)) {
                return COMMAND_WRONG;
            }
            continue;
        }
        const command_parsed parsed = take_dashed(out, argc, argv, &i);
        if (parsed != COMMAND_RUN) {
            return parsed;
        }
    }
    if (out->argument_count < command->arguments_min) {
        (void)command_wrong(command, "it needs %s", command->arguments);
        return COMMAND_WRONG;
    }
    return COMMAND_RUN;
}

const char *invocation_value(const invocation *invocation, const char *name)
{
    const int option = option_index(invocation->command, text_of(name));

    return option < 0 ? NULL : invocation->values[option];
}

bool invocation_has(const invocation *invocation, const char *name)
{
    return invocation_value(invocation, name) != NULL;
}

bool invocation_number(const invocation *invocation, const char *name, uint64_t max, uint64_t *out)
{
    const char *value = invocation_value(invocation, name);
    uint64_t number = 0;

    if (value == NULL) {
        return true;
    }
    if (!text_parse_u64(text_of(value), &number) || number > max) {
        (void)command_wrong(invocation->command, "--%s takes a whole number up to %llu", name,
                            (unsigned long long)max);
        return false;
    }
    *out = number;
    return true;
}
