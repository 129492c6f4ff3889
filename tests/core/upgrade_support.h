/* tests/core/upgrade_support.h: a folder of schema 1, upgraded, and looked at. */
#ifndef TESTS_CORE_UPGRADE_SUPPORT_H
#define TESTS_CORE_UPGRADE_SUPPORT_H

#include "tests/core/support.h"

#include "core/schema.h"
#include "core/upgrade.h"

/* cmocka's set-up: place_set_up_empty with a copy of tests/golden/folder-v1 as the data folder. */
int upgrade_set_up(void **state);
void upgrade_make_old(place *self);
/* The folder is made anew; texts handed out before are gone. */
void upgrade_begin_again(place *self);
/* A path below tests/golden/folder-v1. */
const char *upgrade_golden(place *self, const char *name);

/* `backup` NULL: in the data folder. */
velum_status upgrade_apply_to(place *self, const char *backup, velum_upgrade_result *result,
                              velum_error *err);
velum_upgrade_report upgrade_report(place *self);
void assert_upgraded(place *self, velum_upgrade_result *result);
/* Of the newest schema, sound, readable, each step with one leaf, no copy of keys, no half backup. */
void assert_whole(place *self);

bool upgrade_has_file(place *self, const char *name);
/* How many names in a folder begin and end so. */
unsigned count_names(const char *folder, const char *start, const char *end);

#endif
