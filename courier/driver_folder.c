/* courier/driver_folder.c: one file a message, for whoever fetches it from there.
 *
 * A file appears whole, under the message's id, or not at all: temporary name, fsync, rename, fsync of
 * the folder (base/file.h). One that is there already was delivered before. The name says nothing of
 * anybody (I-5).
 */
#include "courier/driver.h"

#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)256 << 10)
#define NAME_BYTES 80
#define FOLDER_MODE 0700

static velum_status write_json(const message *message, buffer *out)
{
    json_writer writer;

    buffer_init(out, FILE_BYTES_MAX);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_text(&writer, "id", message->id);
    json_member_text(&writer, "channel", message->channel);
    json_member_text(&writer, "to", message->to);
    json_member_text(&writer, "sender", message->sender);
    json_member_text(&writer, "subject", message->subject);
    json_member_text(&writer, "text", message->body);
    json_member_text(&writer, "language", message->language);
    json_end_object(&writer);
    buffer_append_byte(out, '\n');
    return buffer_status(out);
}

/* Made when it is not there, for its owner alone; its parent must be. */
static velum_status open_folder(const char *path, int *out_fd)
{
    struct stat about;

    if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST) {
        return VELUM_E_IO;
    }
    VELUM_TRY(directory_open(path, out_fd));
    return fstat(*out_fd, &about) == 0 && (about.st_mode & (S_IRWXO | S_IWGRP)) == 0
               ? VELUM_OK
               : VELUM_E_DENIED;
}

/* Whatever happens behind the first write: the file may be there. */
static outcome put_file(int folder_fd, const char *name, const buffer *bytes)
{
    const velum_status status = file_replace(folder_fd, name, bytes->data, bytes->size);

    if (status == VELUM_OK) {
        return (outcome){.kind = OUTCOME_SENT, .note = ""};
    }
    const bool is_there = faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return (outcome){.kind = is_there ? OUTCOME_UNKNOWN : OUTCOME_FAILED, .note = "disk"};
}

outcome driver_folder(const errand *errand)
{
    VELUM_AUTO_FD folder_fd = -1;
    VELUM_AUTO_BUFFER bytes = {0};
    char name[NAME_BYTES];

    if (open_folder(errand->place->path, &folder_fd) < 0) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "folder"};
    }
    (void)snprintf(name, sizeof(name), "%.*s.json", (int)errand->message->id.size,
                   errand->message->id.data);
    if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return directory_sync(folder_fd) == VELUM_OK
                   ? (outcome){.kind = OUTCOME_SENT, .note = ""}
                   : (outcome){.kind = OUTCOME_UNKNOWN, .note = "disk"};
    }
    if (write_json(errand->message, &bytes) < 0) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "text"};
    }
    return put_file(folder_fd, name, &bytes);
}
