/* cli/cmd_config_show.c: velum config show */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/config_place.h"
#include "cli/say.h"
#include "cli/show.h"

#define ANSWER_BYTES_MAX ((size_t)65536)

static const char *const origins[] = {
    [VELUM_CONFIG_FROM_DEFAULT] = "default",
    [VELUM_CONFIG_FROM_FILE] = "file",
    [VELUM_CONFIG_FROM_ENVIRONMENT] = "environment",
    [VELUM_CONFIG_FROM_COMMAND_LINE] = "command line",
};

static void write_value(json_writer *json, const velum_config_setting *setting)
{
    uint64_t number = 0;

    json_name(json, "value");
    if (setting->value[0] == '\0') {
        json_write_null(json);
    } else if (setting->is_flag) {
        json_write_bool(json, text_equal_literal(text_of(setting->value), "true"));
    } else if (setting->is_number && text_parse_u64(text_of(setting->value), &number)) {
        json_write_unsigned(json, number);
    } else {
        json_write_text(json, text_of(setting->value));
    }
}

static void write_setting(json_writer *json, const velum_config_setting *setting)
{
    json_begin_object(json);
    json_member_string(json, "name", setting->name);
    write_value(json, setting);
    json_member_string(json, "from", origins[setting->origin]);
    if (setting->line > 0) {
        json_member_integer(json, "line", setting->line);
    }
    if (setting->variable[0] != '\0') {
        json_member_string(json, "variable", setting->variable);
    }
    json_member_string(json, "takes_effect", "start");
    json_end_object(json);
}

/* The settings as rows of an answer, which the table is made of, too. */
static velum_status write_all(const velum_config *config, buffer *out)
{
    velum_config_setting setting = {.size = sizeof(setting)};
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (velum_config_path(config)[0] != '\0') {
        json_member_string(&json, "file", velum_config_path(config));
    }
    json_name(&json, "settings");
    json_begin_array(&json);
    for (uint32_t i = 0; velum_config_at(config, i, &setting); i++) {
        write_setting(&json, &setting);
    }
    json_end_array(&json);
    json_end_object(&json);
    return buffer_status(out);
}

static velum_status show_table(text answer)
{
    static const show_column columns[] = {{"SETTING", "name", SHOW_PLAIN},
                                          {"VALUE", "value", SHOW_PLAIN},
                                          {"FROM", "from", SHOW_PLAIN},
                                          {"LINE", "line", SHOW_PLAIN}};
    VELUM_AUTO(json) *parsed = NULL;

    VELUM_TRY(json_parse(answer, ANSWER_BYTES_MAX, &parsed, NULL));
    return show_rows(json_member(json_root(parsed), "settings"), columns,
                     sizeof(columns) / sizeof(columns[0]), "");
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_config) *config = NULL;
    VELUM_AUTO_BUFFER answer = {0};

    if (config_place_load(invocation, &config) < 0) {
        return EXIT_REFUSED;
    }
    buffer_init(&answer, ANSWER_BYTES_MAX);
    if (write_all(config, &answer) < 0) {
        say("the settings cannot be shown");
        return EXIT_REFUSED;
    }
    const text written = {(const char *)answer.data, answer.size};
    if (invocation_has(invocation, "json")) {
        return show_json(written) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    if (show_table(written) < 0) {
        say("the settings cannot be shown");
        return EXIT_REFUSED;
    }
    if (velum_config_path(config)[0] == '\0') {
        say("there is no configuration file, nor need one be");
    } else {
        say("the file is %s", velum_config_path(config));
    }
    say_more("Each setting takes effect when velumd starts; none is read again while it runs.");
    return EXIT_DONE;
}

const command command_config_show = {
    .group = "config",
    .name = "show",
    .arguments = "",
    .has_data = true,
    .summary = "The settings that velumd would take, and where each comes from",
    .detail = "Command line beats environment beats file beats default. The file is --config\n"
              "FILE, else $VELUM_CONFIG, else velum.yaml of the data folder, else\n"
              "/etc/velum/velum.yaml. Of the root secret the place is shown, never what it is.",
    .options = {{"config", "FILE", "the file, as velumd would be told"},
                {"json", NULL, "settings as JSON"}},
    .run = run,
};
