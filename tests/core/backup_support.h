/* tests/core/backup_support.h: backups of a place, and places restored from them. */
#ifndef TESTS_CORE_BACKUP_SUPPORT_H
#define TESTS_CORE_BACKUP_SUPPORT_H

#include "tests/core/support.h"

#include "core/backup.h"

/* Where backups go: beside the data folder, outside of it. */
const char *backup_folder(place *self);
/* cmocka set-ups: a sample folder whose root secret is sought where no folder that is restored has it; the
 * same with a clock that the test moves. */
int backup_set_up(void **state);
int backup_set_up_clock(void **state);
/* Begins one and waits for its end; the last status. */
const reply *back_up(place *self);
/* The same, and it is done. */
void backed_up(place *self);
const reply *backup_status(place *self);
/* Until the place lacks nothing. */
void await_followed(place *self);
/* The folder of the log of which the last backup was made, within the place. */
const char *line_folder(place *self);
/* A copy of the log in the place as it is now: how it would be had nothing come after. */
const char *keep_log(place *self);

/* The name of the newest copy there. */
const char *newest_copy(place *self);

/* A new folder "new" of that copy (NULL: the newest) in the place, with the log of that folder (NULL: the
 * place's own). */
velum_status restore_of(place *self, const char *name, const char *log, velum_restore_result *out,
                        velum_error *err);
const char *new_folder(place *self);
/* The same must succeed; the gate is closed before, and the test goes on in the new folder, opened. */
velum_restore_result restored_of(place *self, const char *name, const char *log);
velum_restore_result restored(place *self, const char *log); /* of the newest */
bool path_is_there(const char *path);
/* What a statement counts in a database that is no gate's. */
int64_t count_in_file(const char *folder, const char *name, const uint8_t *key, const char *sql);

#endif
