/* cli/cmd_policy_diff.c: velum policy diff and files */
#include "cli/commands.h"

#include "base/file.h"
#include "cli/place.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES_BYTES_MAX ((size_t)4 << 20)

/* --- diff ----------------------------------------------------------------------------------------- */

/* A policy by what was typed: a folder, or a hash that the gate knows. */
typedef struct side {
    policy_packed packed;
    velum_answer *kept;
} side;

static void side_clear(side *self)
{
    policy_packed_clear(&self->packed);
    velum_answer_free(self->kept);
}
#define VELUM_AUTO_SIDE __attribute__((cleanup(side_clear))) side

static velum_string side_text(const side *self)
{
    return self->kept != NULL ? string_of(session_body(self->kept))
                              : (velum_string){self->packed.data, self->packed.size};
}

static bool is_folder(const char *typed)
{
    struct stat found;

    return stat(typed, &found) == 0 && S_ISDIR(found.st_mode);
}

static velum_status side_read(const invocation *invocation, velum_client **client,
                              const char *typed, side *out)
{
    char hash[POLICY_HASH_DIGITS + 1];

    if (is_folder(typed)) {
        return policy_pack_folder(typed, &out->packed);
    }
    if (*client == NULL) {
        VELUM_TRY(session_open(invocation, client));
    }
    VELUM_TRY(policy_find_hash(*client, typed, hash));
    return policy_fetch_files(*client, hash, &out->kept);
}

static velum_status write_change(void *context, bool widens, const char *section,
                                 const char *message)
{
    json_writer *const out = context;

    json_begin_object(out);
    json_member_string(out, "section", section);
    json_member_bool(out, "widens", widens);
    json_member_string(out, "text", message);
    json_end_object(out);
    return buffer_status(out->out);
}

static velum_status compare(const side *before, const side *after, buffer *out)
{
    velum_error err = {0};
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_name(&json, "changes");
    json_begin_array(&json);
    const velum_status status =
        velum_policy_diff(side_text(before), side_text(after), write_change, &json, &err);
    if (status < 0) {
        session_say_error("the policies cannot be compared", status, &err);
        return status;
    }
    json_end_array(&json);
    json_end_object(&json);
    return buffer_status(out);
}

static int show_compared(const invocation *invocation, const buffer *compared)
{
    const text source = {(const char *)compared->data, compared->size};
    VELUM_AUTO(json) *found = NULL;

    if (invocation_has(invocation, "json")) {
        return show_json(source) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    if (json_parse(source, CHANGES_BYTES_MAX, &found, NULL) < 0 ||
        policy_show_changes(json_member(json_root(found), "changes")) < 0) {
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

static int run_diff(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO_SIDE before = {.kept = NULL};
    VELUM_AUTO_SIDE after = {.kept = NULL};
    VELUM_AUTO_BUFFER compared = {0};

    buffer_init(&compared, CHANGES_BYTES_MAX);
    if (side_read(invocation, &client, invocation->arguments[0], &before) < 0 ||
        side_read(invocation, &client, invocation->arguments[1], &after) < 0 ||
        compare(&before, &after, &compared) < 0) {
        return EXIT_REFUSED;
    }
    return show_compared(invocation, &compared);
}

/* --- files ---------------------------------------------------------------------------------------- */

/* Names of a bundle have at most one folder in them, and never a step out of it. */
static bool is_safe(text name)
{
    return name.size > 0 && name.size < 256 && name.data[0] != '/' && name.data[0] != '.' &&
           utf8_is_printable(name) && strstr(name.data, "..") == NULL &&
           text_find_byte(name, '\\') == name.size;
}

static velum_status make_parent(int folder_fd, text name)
{
    const size_t slash = text_find_byte(name, '/');
    char parent[256];

    if (slash == name.size) {
        return VELUM_OK;
    }
    memcpy(parent, name.data, slash);
    parent[slash] = '\0';
    return mkdirat(folder_fd, parent, 0755) == 0 || errno == EEXIST ? VELUM_OK : VELUM_E_IO;
}

/* Never over a file that is there. */
static velum_status write_file(int folder_fd, text name, text bytes)
{
    if (!is_safe(name)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(make_parent(folder_fd, name));
    const int fd =
        openat(folder_fd, name.data, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return errno == EEXIST ? VELUM_E_EXISTS : VELUM_E_IO;
    }
    FILE *const out = fdopen(fd, "wb");
    if (out == NULL) {
        (void)close(fd);
        return VELUM_E_IO;
    }
    const bool is_written = bytes.size == 0 || fwrite(bytes.data, 1, bytes.size, out) == bytes.size;
    return fclose(out) == 0 && is_written ? VELUM_OK : VELUM_E_IO;
}

static velum_status write_files(const char *folder, const json_value *files)
{
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;
    VELUM_AUTO_FD folder_fd = -1;

    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return VELUM_E_IO;
    }
    VELUM_TRY(directory_open(folder, &folder_fd));
    while (json_next(files, &iterator, &name, &value)) {
        VELUM_TRY(write_file(folder_fd, name, json_text(value)));
    }
    return VELUM_OK;
}

static int run_files(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *policy = NULL;
    char hash[POLICY_HASH_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        policy_find_hash(client, invocation->arguments[0], hash) < 0 ||
        policy_fetch_files(client, hash, &answer) < 0 ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &policy, NULL) < 0) {
        return EXIT_REFUSED;
    }
    const velum_status status =
        write_files(invocation->arguments[1], json_member(json_root(policy), "files"));
    if (status < 0) {
        say(status == VELUM_E_EXISTS ? "a file of that name is there already: name an empty folder"
                                     : "the folder cannot be written");
        return EXIT_REFUSED;
    }
    (void)printf("%s\n", hash);
    return EXIT_DONE;
}

const command command_policy_diff = {
    .group = "policy",
    .name = "diff",
    .arguments = "A B",
    .arguments_min = 2,
    .arguments_max = 2,
    .has_data = true,
    .activity = "administration",
    .summary = "What changes from one policy to another",
    .detail = "Each is a folder, or the hash of a policy that the gate keeps (its first digits\n"
              "will do). WIDENS says that somebody may see or do more.",
    .options = {{"json", NULL, "the changes as JSON"}},
    .run = run_diff,
};

const command command_policy_files = {
    .group = "policy",
    .name = "files",
    .arguments = "HASH DIR",
    .arguments_min = 2,
    .arguments_max = 2,
    .has_data = true,
    .activity = "administration",
    .summary = "Write the files of a policy that the gate keeps into a folder",
    .detail = "The text of each policy that was ever proposed is kept. Nothing is overwritten.",
    .run = run_files,
};
