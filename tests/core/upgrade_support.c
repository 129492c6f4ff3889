#include "tests/core/upgrade_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/verbs.h"

#define EXPECTED_BYTES_MAX 8192

typedef struct telling {
    unsigned calls;
    const char *last;
    uint64_t done;
    uint64_t total;
} telling;

static void hear(void *context, const char *what, uint64_t done, uint64_t total)
{
    telling *const self = context;

    assert_true(done <= total);
    *self = (telling){self->calls + 1, what, done, total};
}

/* --- the folder --------------------------------------------------------------------------------- */

const char *upgrade_golden(place *self, const char *name)
{
    const char *const top = getenv("VELUM_TOP");

    return text_f(self, "%s/tests/golden/folder-v1/%s", top == NULL ? "." : top, name);
}

void upgrade_make_old(place *self)
{
    copy_folder(upgrade_golden(self, "data"), self->folder);
}

int upgrade_set_up(void **state)
{
    if (place_set_up_empty(state) != 0) {
        return -1;
    }
    upgrade_make_old(*state);
    return 0;
}

velum_status upgrade_apply_to(place *self, const char *backup, velum_upgrade_result *result,
                              velum_error *err)
{
    telling heard = {.calls = 0};
    const velum_upgrade_options options = {
        .size = sizeof options,
        .folder = {self->folder, strlen(self->folder)},
        .backup = {backup, backup == NULL ? 0 : strlen(backup)},
        .progress = hear,
        .context = &heard,
    };

    *result = (velum_upgrade_result){.size = sizeof *result};
    const velum_status status = velum_upgrade_apply(&options, result, err);
    assert_true(status < 0 || result->steps == 0 ||
                (strcmp(heard.last, "opening the folder") == 0 && heard.done == heard.total));
    return status;
}

velum_upgrade_report upgrade_report(place *self)
{
    velum_upgrade_report report = {.size = sizeof report};
    velum_error err = {.text = ""};

    if (velum_upgrade_check((velum_string){self->folder, strlen(self->folder)}, &report, &err) !=
        VELUM_OK) {
        fail_msg("velum_upgrade_check: %s", err.text);
    }
    return report;
}

void assert_upgraded(place *self, velum_upgrade_result *result)
{
    velum_error err = {.text = ""};

    if (upgrade_apply_to(self, NULL, result, &err) != VELUM_OK) {
        fail_msg("velum_upgrade_apply: %s", err.text);
    }
}

bool upgrade_has_file(place *self, const char *name)
{
    return access(text_f(self, "%s/%s", self->folder, name), F_OK) == 0;
}

/* How many names in a folder begin and end so. */
unsigned count_names(const char *folder, const char *start, const char *end)
{
    unsigned count = 0;
    DIR *const entries = opendir(folder);

    assert_non_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const size_t size = strlen(entry->d_name);
        const size_t tail = strlen(end);
        count += strncmp(entry->d_name, start, strlen(start)) == 0 && size >= tail &&
                 strcmp(entry->d_name + size - tail, end) == 0;
    }
    closedir(entries);
    return count;
}

typedef struct leaves {
    unsigned schemas[SCHEMA_VERSION + 1];
    unsigned keys;
} leaves;

static void count_leaf(void *context, uint64_t index, const audit_entry *entry)
{
    leaves *const self = context;

    if (entry->type != ENTRY_SCHEMA) {
        return;
    }
    const uint64_t version = input_of(entry, INPUT_SCHEMA);
    assert_true(version <= SCHEMA_VERSION);
    self->schemas[version]++;
    self->keys += input_of(entry, INPUT_KEYS_SCHEMA) != 0;
}

static const char *expected(place *self, const char *name)
{
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO_BUFFER bytes = {0};
    VELUM_AUTO(json) *document = NULL;

    assert_int_equal(directory_open(upgrade_golden(self, ""), &fd), VELUM_OK);
    buffer_init(&bytes, EXPECTED_BYTES_MAX);
    assert_int_equal(file_read(fd, "expected.json", &bytes), VELUM_OK);
    const text source = {(const char *)bytes.data, bytes.size};
    assert_int_equal(json_parse(source, EXPECTED_BYTES_MAX, &document, NULL), VELUM_OK);
    const text value = json_text(json_member(json_root(document), name));
    return text_f(self, "%.*s", (int)value.size, value.data);
}

/* Of the newest schema, sound, readable, each step with one leaf, no copy of keys, no half backup. */
void assert_whole(place *self)
{
    leaves found = {.keys = 0};
    uint32_t keys_schema = 0;

    (void)vault_keys_steps(&keys_schema);
    assert_false(upgrade_has_file(self, UPGRADE_KEYS_COPY));
    assert_int_equal(count_names(self->folder, UPGRADE_KEYS_COPY, ""), 0);
    assert_int_equal(count_names(self->folder, "backup-", ".part"), 0);
    assert_false(upgrade_report(self).is_needed);
    snprintf(self->verifier_key, sizeof self->verifier_key, "%s", expected(self, "verifier_key"));
    place_open(self);
    const reply *seen =
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = expected(self, "care"),
                                         .ref = expected(self, "adult")}));
    assert_text_at(seen, "fields/name", "王小明");
    log_sync(self);
    log_visit(self, count_leaf, &found);
    for (uint32_t version = 2; version <= SCHEMA_VERSION; version++) {
        assert_int_equal(found.schemas[version], 1);
    }
    assert_int_equal(found.keys, keys_schema > 1 ? 1 : 0);
    place_close(self);
    assert_log_sound(self);
}

void upgrade_begin_again(place *self)
{
    place_forget(self);
    remove_folder(self->folder);
    upgrade_make_old(self);
}
