/* cli/cmd_key_rotate.c: velum key rotate --to FILE [DIR] */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/machine.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define ANSWER_BYTES_MAX 1024

static velum_status show_result(const velum_root_rotation *result)
{
    VELUM_AUTO_BUFFER bytes = {0};
    json_writer json;

    buffer_init(&bytes, ANSWER_BYTES_MAX);
    json_writer_init(&json, &bytes);
    json_begin_object(&json);
    json_member_integer(&json, "root_version", result->version);
    json_member_bool(&json, "was_done", result->was_done);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&bytes));
    return show_json((text){(const char *)bytes.data, bytes.size});
}

static void say_next(const velum_root_rotation *result, const char *file)
{
    say("%s; it is the folder's root secret number %u",
        result->was_done ? "the folder is under this secret already"
                         : "the folder is under the new root secret",
        result->version + 1);
    say_more("Before velumd starts: let root.file, root.credential or $VELUM_ROOT_FILE lead to");
    say_more("%s, and put a copy into the recovery kit.", file);
    say_more("Then destroy the old secret: it still opens old backups of the file `keyring`.");
    if (result->sample_key_gone) {
        say_more("The sample's root.key is destroyed: $VELUM_ROOT_FILE is needed from now on.");
    }
}

static int run(const invocation *invocation)
{
    velum_root_rotation result = {.size = sizeof(result)};
    const char *const file = invocation_value(invocation, "to");
    const char *folder = invocation->arguments[0];
    velum_error err = {0};

    if (file == NULL) {
        return command_wrong(invocation->command, "it takes --to FILE, for the new secret");
    }
    if (folder == NULL && place_find(invocation, &folder) < 0) {
        return EXIT_REFUSED;
    }
    const velum_root_rotate_options options = {.size = sizeof(options),
                                               .folder = string_of(text_of(folder)),
                                               .file = string_of(text_of(file))};
    machine_point_to_root(folder);
    const velum_status status = velum_root_rotate(&options, &result, &err);
    if (status < 0) {
        session_say_error("the root secret is not replaced", status, &err);
        return EXIT_REFUSED;
    }
    say_next(&result, file);
    return invocation_has(invocation, "json") && show_result(&result) < 0 ? EXIT_REFUSED
                                                                          : EXIT_DONE;
}

const command command_key_rotate = {
    .group = "key",
    .name = "rotate",
    .arguments = "[DIR]",
    .arguments_max = 1,
    .has_data = true,
    .summary = "Put a data folder under a new root secret",
    .detail = "Needs velumd stopped. FILE is made (mode 0600) with a new secret, or its secret\n"
              "is used when it is there. Pseudonyms, references and the log's verifier key stay\n"
              "as they are; the log records it. Killed anywhere, the folder opens with the old\n"
              "secret or the new one, and the same command goes on.",
    .options = {{"to", "FILE", "the new root secret, outside the data folder"},
                {"json", NULL, "the result as JSON"}},
    .run = run,
};
