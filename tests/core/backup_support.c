#include "tests/core/backup_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLLS_MAX 1200
#define POLL_US 25000

const char *backup_folder(place *self)
{
    return text_f(self, "%s/backups", self->parent);
}

static int keep_root_outside(place *self)
{
    return setenv("VELUM_ROOT_FILE", text_f(self, "%s/root.key", self->folder), 1);
}

int backup_set_up(void **state)
{
    return place_set_up(state) == 0 ? keep_root_outside(*state) : -1;
}

int backup_set_up_clock(void **state)
{
    return place_set_up_clock(state) == 0 ? keep_root_outside(*state) : -1;
}

bool path_is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

/* --- making them -------------------------------------------------------------------------------- */

const reply *backup_status(place *self)
{
    return assert_done(ask(self, (question){VELUM_VERB_BACKUP_STATUS, .token = NULL}));
}

static const reply *await_end(place *self)
{
    const reply *status = backup_status(self);

    for (int i = 0; i < POLLS_MAX && strcmp(text_at(status, "state"), "running") == 0; i++) {
        usleep(POLL_US);
        status = backup_status(self);
    }
    assert_string_not_equal(text_at(status, "state"), "running");
    return status;
}

const reply *back_up(place *self)
{
    const char *const body = text_f(self, "{\"to\":\"%s\"}", backup_folder(self));

    assert_done(ask(self, (question){VELUM_VERB_BACKUP, .body = body}));
    return await_end(self);
}

void backed_up(place *self)
{
    const reply *const status = back_up(self);

    if (strcmp(text_at(status, "state"), "done") != 0) {
        fail_msg("%s", status->body);
    }
}

void await_followed(place *self)
{
    const reply *status = backup_status(self);

    for (int i = 0; i < POLLS_MAX && integer_at(status, "places/0/behind") != 0; i++) {
        usleep(POLL_US);
        status = backup_status(self);
    }
    assert_int_equal(integer_at(status, "places/0/behind"), 0);
}

/* --- what is in the place ----------------------------------------------------------------------- */

const char *line_folder(place *self)
{
    const char *found = NULL;
    DIR *const entries = opendir(backup_folder(self));
    const struct dirent *entry = NULL;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (strlen(entry->d_name) == BACKUP_LINE_BYTES - 1) {
            found = text_f(self, "%s/%s", backup_folder(self), entry->d_name);
        }
    }
    closedir(entries);
    assert_non_null(found);
    return found;
}

const char *newest_copy(place *self)
{
    const int line_fd = open(line_folder(self), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[BACKUP_NAME_BYTES];

    assert_true(line_fd >= 0);
    assert_int_equal(backup_newest(line_fd, name), VELUM_OK);
    close(line_fd);
    return text_f(self, "%s", name);
}

const char *keep_log(place *self)
{
    const char *const kept = text_f(self, "%s/log-then", self->parent);

    copy_folder(text_f(self, "%s/audit", line_folder(self)), kept);
    return kept;
}

/* --- restoring ---------------------------------------------------------------------------------- */

static velum_string string_of(const char *value)
{
    return (velum_string){value, value == NULL ? 0 : strlen(value)};
}

const char *new_folder(place *self)
{
    return text_f(self, "%s/new", self->parent);
}

velum_status restore_of(place *self, const char *name, const char *log, velum_restore_result *out,
                        velum_error *err)
{
    const velum_restore_options options = {.size = sizeof options,
                                           .place = string_of(backup_folder(self)),
                                           .name = string_of(name),
                                           .log = string_of(log),
                                           .folder = string_of(new_folder(self))};

    *out = (velum_restore_result){.size = sizeof *out};
    return velum_restore(&options, out, err);
}

velum_restore_result restored_of(place *self, const char *name, const char *log)
{
    velum_restore_result result;
    velum_error err = {.text = ""};

    place_close(self);
    const velum_status status = restore_of(self, name, log, &result, &err);
    if (status < 0) {
        fail_msg("%d: %s", (int)status, err.text);
    }
    snprintf(self->folder, sizeof self->folder, "%s", new_folder(self));
    snprintf(self->verifier_key, sizeof self->verifier_key, "%s", result.verifier_key);
    place_open(self);
    return result;
}

velum_restore_result restored(place *self, const char *log)
{
    return restored_of(self, NULL, log);
}

int64_t count_in_file(const char *folder, const char *name, const uint8_t *key, const char *sql)
{
    const store_options options = {
        .folder = folder, .name = name, .key = key, .readers_max = 1, .busy_timeout_ms = 5000};
    VELUM_AUTO(store) *opened = NULL;
    store_stmt *stmt = NULL;

    assert_int_equal(store_open(&options, &opened, NULL), VELUM_OK);
    assert_int_equal(conn_statement(store_writer(opened), sql, &stmt), VELUM_OK);
    assert_int_equal(stmt_step(stmt), VELUM_OK);
    const int64_t count = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return count;
}
