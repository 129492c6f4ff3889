/* Settings: what a file may say, which source counts, and the published schema beside the table. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/config.h"

#define SCHEMA_BYTES_MAX 65536
#define SECRET "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

/* Nothing of the environment around the test counts. */
static int set_up(void **state)
{
    for (size_t i = 0; i < CONFIG_COUNT; i++) {
        if (config_settings[i].variable != NULL) {
            unsetenv(config_settings[i].variable);
        }
    }
    unsetenv("VELUM_CONFIG");
    unsetenv("CREDENTIALS_DIRECTORY");
    if (place_set_up_empty(state) != 0) {
        return -1;
    }
    place *const self = *state;
    setenv("VELUM_TEST_ETC", self->parent, 1);
    return 0;
}

static int tear_down(void **state)
{
    unsetenv("VELUM_TEST_ETC");
    unsetenv("CREDENTIALS_DIRECTORY");
    return place_tear_down(state);
}

static const char *write_file(place *self, const char *name, const char *content)
{
    const char *const path = text_f(self, "%s/%s", self->parent, name);
    FILE *const file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    return path;
}

/* --- the document ------------------------------------------------------------------------------- */

typedef struct heard {
    unsigned errors;
    unsigned warnings;
    uint32_t line; /* of the last */
    char message[256];
} heard;

static void hear(void *context, bool is_error, uint32_t line, const char *message)
{
    heard *const self = context;

    self->errors += is_error;
    self->warnings += !is_error;
    self->line = line;
    snprintf(self->message, sizeof self->message, "%s", message);
    assert_null(strstr(message, SECRET)); /* C-1 */
    assert_null(strstr(message, "canary"));
}

static heard judge(const char *document)
{
    heard found = {.errors = 0};
    config_listener listener = {.finding = hear, .context = &found};
    velum_config *const config = mem_alloc(sizeof *config);

    const velum_status status = config_parse(text_of(document), &listener, config);
    assert_int_equal(status, found.errors == 0 ? VELUM_OK : VELUM_E_INVALID);
    velum_config_free(config);
    return found;
}

static void every_key_is_taken(void **state)
{
    static const char *const good[] = {
        "velum-config: 1\n",
        "velum-config: 1\ndata: /var/lib/velum/data\nlisten: 127.0.0.1:8080\nbehind-proxy: false\n"
        "cache-mb: 256\ntimeout-ms: 5000\nworkers: 4\nconnections-max: 1024\nlog-level: notice\n"
        "root:\n  credential: velum-root\n",
        "velum-config: 1\nlisten: '[::1]:0'\nbehind-proxy: true\nroot: {file: /etc/velum/root}\n",
        "{\"velum-config\": 1, \"listen\": \"localhost:65535\", \"log-level\": \"debug\"}",
        "velum-config: 1\ncache-mb: 1\ntimeout-ms: 100\nworkers: 1\nconnections-max: 16\n",
        "velum-config: 1\ncache-mb: 1048576\ntimeout-ms: 60000\nworkers: 64\n",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const heard found = judge(good[i]);
        if (found.errors != 0) {
            fail_msg("document %zu, line %u: %s", i, found.line, found.message);
        }
    }
}

typedef struct bad_document {
    const char *document;
    uint32_t line;
    const char *word;
} bad_document;

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const bad_document bad[] = {
        {"", 1, "velum-config: 1"},
        {"data: /x\n", 1, "velum-config: 1"},
        {"- velum-config\n", 1, "velum-config: 1"},
        {"velum-config: 2\n", 1, "velum-config is 1"},
        {"velum-config: 1\ncanary: x\n", 2, "unknown key"},
        {"velum-config: 1\nroot.file: /x\n", 2, "unknown key"},
        {"velum-config: 1\nlisten: x\nlisten: y\n", 3, "no key twice"},
        {"velum-config: 1\ndata: canary\n", 2, "absolute path"},
        {"velum-config: 1\ndata: [/x]\n", 2, "absolute path"},
        {"velum-config: 1\n\nlisten: 8080\n", 3, "ADDR:PORT"},
        {"velum-config: 1\nlisten: 1.2.3:80\n", 2, "ADDR:PORT"},
        {"velum-config: 1\nlisten: '127.0.0.1:65536'\n", 2, "ADDR:PORT"},
        {"velum-config: 1\nlisten: '[127.0.0.1]:1'\n", 2, "ADDR:PORT"},
        {"velum-config: 1\nlisten: '::1:80'\n", 2, "ADDR:PORT"},
        {"velum-config: 1\nbehind-proxy: yes\n", 2, "true or false"},
        {"velum-config: 1\ncache-mb: 0\n", 2, "1 to 1048576"},
        {"velum-config: 1\ncache-mb: -1\n", 2, "1 to 1048576"},
        {"velum-config: 1\ntimeout-ms: 99\n", 2, "100 to 60000"},
        {"velum-config: 1\ntimeout-ms: 5s\n", 2, "100 to 60000"},
        {"velum-config: 1\nworkers: 65\n", 2, "1 to 64"},
        {"velum-config: 1\nworkers: 0x10\n", 2, "1 to 64"},
        {"velum-config: 1\nconnections-max: 15\n", 2, "16 to 1024"},
        {"velum-config: 1\nlog-level: loud\n", 2, "error, warning"},
        {"velum-config: 1\nroot: {}\n", 2, "one of file and credential"},
        {"velum-config: 1\nroot: {file: /a, credential: b}\n", 2, "one of file and credential"},
        {"velum-config: 1\nroot: {canary: /a}\n", 2, "unknown key"},
        {"velum-config: 1\nroot: {credential: ../x}\n", 2, "root.credential takes"},
        {"velum-config: 1\nroot: {file: here}\n", 2, "root.file takes"},
        {"velum-config: 1\ndata: &a /x\n", 2, "no anchors"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const heard found = judge(bad[i].document);
        if (found.errors != 1 || found.line != bad[i].line ||
            strstr(found.message, bad[i].word) == NULL) {
            fail_msg("document %zu: %u errors, line %u: %s", i, found.errors, found.line,
                     found.message);
        }
    }
}

/* C-1: wherever it is written, and it is never said again (hear looks). */
static void a_secret_in_the_file_is_refused(void **state)
{
    static const char *const bad[] = {
        "velum-config: 1\nroot: " SECRET "\n",
        "velum-config: 1\nroot: {file: " SECRET "}\n",
        "velum-config: 1\nroot: {credential: " SECRET "}\n",
        "velum-config: 1\ndata: " SECRET "\n",
        "velum-config: 1\nroot: hunter2\n",
        "velum-config: 1\nroot: [" SECRET "]\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const heard found = judge(bad[i]);
        assert_int_equal(found.errors, 1);
        assert_int_equal(found.line, 2);
        assert_non_null(strstr(found.message, "a secret never stands in this file"));
    }
}

static void all_findings_are_told(void **state)
{
    const heard found = judge("velum-config: 1\nworkers: 0\ncanary: 1\nlog-level: x\n");

    assert_int_equal(found.errors, 3);
    assert_int_equal(found.line, 4);
}

/* --- sources ------------------------------------------------------------------------------------ */

static velum_config *load(const char *file, const velum_config_override *overrides, size_t count)
{
    velum_config *out = NULL;
    velum_error err = {.text = ""};
    const velum_config_options options = {
        .size = sizeof options, .file = file, .overrides = overrides, .override_count = count};

    if (velum_config_load(&options, &out, &err) != VELUM_OK) {
        fail_msg("velum_config_load: %s", err.text);
    }
    return out;
}

static velum_status try_load(const char *file, velum_error *err)
{
    velum_config *out = NULL;
    const velum_config_options options = {.size = sizeof options, .file = file};

    const velum_status status = velum_config_load(&options, &out, err);
    assert_true((status == VELUM_OK) == (out != NULL));
    velum_config_free(out);
    return status;
}

static uint32_t origin_of(const velum_config *config, const char *name)
{
    velum_config_setting setting = {.size = sizeof setting};

    for (uint32_t i = 0; velum_config_at(config, i, &setting); i++) {
        if (strcmp(setting.name, name) == 0) {
            return setting.origin;
        }
    }
    fail_msg("no setting %s", name);
    return 0;
}

/* C-3 */
static void the_nearer_source_counts(void **state)
{
    place *const self = *state;
    const char *const file =
        write_file(self, "a.yaml", "velum-config: 1\nworkers: 2\ncache-mb: 3\ntimeout-ms: 400\n");
    const velum_config_override typed[] = {{"workers", "9"}, {"workers", "8"}};

    setenv("VELUM_WORKERS", "7", 1);
    setenv("VELUM_CACHE_MB", "6", 1);
    setenv("VELUM_LOG_LEVEL", "", 1); /* empty is not set */
    velum_config *const config = load(file, typed, 2);
    assert_int_equal(velum_config_number(config, "workers"), 8);
    assert_int_equal(origin_of(config, "workers"), VELUM_CONFIG_FROM_COMMAND_LINE);
    assert_int_equal(velum_config_number(config, "cache-mb"), 6);
    assert_int_equal(origin_of(config, "cache-mb"), VELUM_CONFIG_FROM_ENVIRONMENT);
    assert_int_equal(velum_config_number(config, "timeout-ms"), 400);
    assert_int_equal(origin_of(config, "timeout-ms"), VELUM_CONFIG_FROM_FILE);
    assert_string_equal(velum_config_text(config, "log-level"), "notice");
    assert_int_equal(origin_of(config, "log-level"), VELUM_CONFIG_FROM_DEFAULT);
    assert_string_equal(velum_config_path(config), file);
    velum_config_free(config);
}

static void the_file_is_sought_in_order(void **state)
{
    place *const self = *state;
    const velum_config_override data = {"data", self->folder};

    assert_int_equal(mkdir(self->folder, 0700), 0);
    velum_config *none = load(NULL, NULL, 0);
    assert_string_equal(velum_config_path(none), "");
    velum_config_free(none);

    write_file(self, "velum.yaml", "velum-config: 1\nworkers: 1\n"); /* /etc/velum of the test */
    write_file(self, "data/velum.yaml", "velum-config: 1\nworkers: 2\n");
    write_file(self, "three.yaml", "velum-config: 1\nworkers: 3\n");
    write_file(self, "four.yaml", "velum-config: 1\nworkers: 4\n");
    velum_config *const etc = load(NULL, NULL, 0);
    velum_config *const folder = load(NULL, &data, 1);
    setenv("VELUM_CONFIG", text_f(self, "%s/three.yaml", self->parent), 1);
    velum_config *const environment = load(NULL, &data, 1);
    velum_config *const typed = load(text_f(self, "%s/four.yaml", self->parent), &data, 1);
    assert_int_equal(velum_config_number(etc, "workers"), 1);
    assert_int_equal(velum_config_number(folder, "workers"), 2);
    assert_int_equal(velum_config_number(environment, "workers"), 3);
    assert_int_equal(velum_config_number(typed, "workers"), 4);
    velum_config_free(etc);
    velum_config_free(folder);
    velum_config_free(environment);
    velum_config_free(typed);
}

static void files_that_are_not_taken(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    const char *const file = write_file(self, "a.yaml", "velum-config: 1\nworkers: 2\n");

    assert_int_equal(try_load("/nowhere/velum.yaml", &err), VELUM_E_NOTFOUND);
    assert_int_equal(try_load(self->parent, &err), VELUM_E_INVALID);
    assert_int_equal(chmod(file, 0620), 0);
    assert_int_equal(try_load(file, &err), VELUM_E_DENIED);
    assert_non_null(strstr(err.text, "620"));
    assert_int_equal(chmod(file, 0644), 0); /* others may read it: there is no secret in it */
    assert_int_equal(try_load(file, &err), VELUM_OK);
    write_file(self, "a.yaml", "velum-config: 1\n\nworkers: none\n");
    assert_int_equal(try_load(file, &err), VELUM_E_INVALID);
    assert_non_null(strstr(err.text, "line 3: workers takes"));
    setenv("VELUM_CONFIG", "/nowhere/velum.yaml", 1);
    assert_int_equal(try_load(NULL, &err), VELUM_E_NOTFOUND);
    unsetenv("VELUM_CONFIG");
    setenv("VELUM_WORKERS", "many", 1);
    assert_int_equal(try_load(NULL, &err), VELUM_E_INVALID);
    assert_string_equal(err.text, "$VELUM_WORKERS: workers takes a whole number from 1 to 64");
}

/* --- the root secret ---------------------------------------------------------------------------- */

/* A folder whose root secret lies elsewhere, and the configuration that says where. */
static const char *make_apart(place *self, const char *root)
{
    velum_error err = {.text = ""};

    if (place_init(self, false, &err) != VELUM_OK) {
        fail_msg("velum_init: %s", err.text);
    }
    return write_file(self, "a.yaml",
                      text_f(self, "velum-config: 1\ndata: %s\nroot: {%s}\n", self->folder, root));
}

static velum_status open_by(const char *file, velum_error *err)
{
    velum_gate *gate = NULL;
    velum_config *const config = load(file, NULL, 0);

    const velum_status status = velum_config_open_gate(config, &gate, err);
    velum_gate_free(gate);
    velum_config_free(config);
    return status;
}

static void a_root_secret_by_file(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    const char *const root = text_f(self, "%s/velum-root", self->kit);
    const char *const file = make_apart(self, text_f(self, "file: %s", root));
    heard found = {.errors = 0};

    assert_int_equal(open_by(file, &err), VELUM_OK);
    assert_int_equal(velum_config_check(file, hear, &found, &err), VELUM_OK);
    assert_int_equal(found.errors + found.warnings, 0);
    assert_int_equal(chmod(root, 0640), 0);
    assert_int_equal(open_by(file, &err), VELUM_E_DENIED);
    assert_int_equal(velum_config_check(file, hear, &found, &err), VELUM_E_INVALID);
    assert_int_equal(found.line, 3);
    assert_int_equal(chmod(root, 0600), 0);
    setenv("VELUM_ROOT_FILE", "/nowhere/root", 1); /* the environment counts before the file */
    assert_int_equal(open_by(file, &err), VELUM_E_NOTFOUND);
    unsetenv("VELUM_ROOT_FILE");
    assert_int_equal(unlink(root), 0);
    assert_int_equal(open_by(file, &err), VELUM_E_NOTFOUND); /* and not the folder's root.key */
    assert_non_null(strstr(err.text, "root.file"));
    found = (heard){.errors = 0};
    assert_int_equal(velum_config_check(file, hear, &found, &err), VELUM_OK);
    assert_int_equal(found.warnings, 1);
}

static void the_gate_takes_the_limits(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    velum_gate *gate = NULL;
    const velum_config_override typed[] = {{"data", self->folder}, {"timeout-ms", "432"}};

    assert_int_equal(place_init(self, true, &err), VELUM_OK);
    velum_config *const config = load(NULL, typed, 2);
    assert_int_equal(velum_config_open_gate(config, &gate, &err), VELUM_OK);
    assert_int_equal(gate->timeout_ms, 432);
    velum_gate_free(gate);
    velum_config_free(config);
}

static void a_root_secret_by_credential(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    const char *const file = make_apart(self, "credential: our-root");
    const char *const credentials = text_f(self, "%s/credentials", self->parent);

    assert_int_equal(open_by(file, &err), VELUM_E_NOTFOUND);
    assert_int_equal(mkdir(credentials, 0700), 0);
    setenv("CREDENTIALS_DIRECTORY", credentials, 1);
    assert_int_equal(open_by(file, &err), VELUM_E_NOTFOUND);
    assert_non_null(strstr(err.text, "root.credential"));
    assert_int_equal(
        rename(text_f(self, "%s/velum-root", self->kit), text_f(self, "%s/our-root", credentials)),
        0);
    assert_int_equal(open_by(file, &err), VELUM_OK);
}

static void an_address_for_others_needs_a_proxy(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};
    heard found = {.errors = 0};
    const char *file = write_file(self, "a.yaml", "velum-config: 1\nlisten: 0.0.0.0:80\n");

    assert_int_equal(velum_config_check(file, hear, &found, &err), VELUM_E_INVALID);
    assert_non_null(strstr(found.message, "behind-proxy"));
    file = write_file(self, "a.yaml", "velum-config: 1\nlisten: '[::]:80'\nbehind-proxy: true\n");
    assert_int_equal(velum_config_check(file, hear, &found, &err), VELUM_OK);
}

/* --- the published schema ----------------------------------------------------------------------- */

static const json_value *member(const json_value *object, const char *name)
{
    return object == NULL ? NULL : json_member(object, name);
}

static void assert_same_number(const json_value *property, const config_setting *setting)
{
    assert_true(text_equal_literal(json_text(member(property, "type")), "integer"));
    assert_int_equal(json_integer(member(property, "minimum")), setting->min);
    assert_int_equal(json_integer(member(property, "maximum")), setting->max);
    if (setting->preset[0] != '\0') {
        assert_int_equal(json_integer(member(property, "default")), atoi(setting->preset));
    }
}

static const char *type_of(config_kind kind)
{
    return kind == CONFIG_KIND_FLAG ? "boolean" : kind == CONFIG_KIND_NUMBER ? "integer" : "string";
}

/* Each setting of the table has its property, of its kind and within its bounds, and no other has. */
static void the_schema_says_what_the_table_says(void **state)
{
    const char *const top = getenv("VELUM_TOP");
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO_BUFFER bytes = {0};
    VELUM_AUTO(json) *schema = NULL;

    assert_int_equal(directory_open(text_f(*state, "%s/docs", top == NULL ? "." : top), &fd),
                     VELUM_OK);
    buffer_init(&bytes, SCHEMA_BYTES_MAX);
    assert_int_equal(file_read(fd, "velum.schema.json", &bytes), VELUM_OK);
    assert_int_equal(
        json_parse((text){(const char *)bytes.data, bytes.size}, SCHEMA_BYTES_MAX, &schema, NULL),
        VELUM_OK);
    const json_value *const all = member(json_root(schema), "properties");
    const json_value *const root = member(member(all, "root"), "properties");
    for (size_t i = 0; i < CONFIG_COUNT; i++) {
        const config_setting *const setting = &config_settings[i];
        const bool is_inner = strncmp(setting->name, "root.", 5) == 0;
        const json_value *const property =
            is_inner ? member(root, setting->name + 5) : member(all, setting->name);
        if (property == NULL) {
            fail_msg("the schema has no %s", setting->name);
        }
        if (setting->kind == CONFIG_KIND_NUMBER) {
            assert_same_number(property, setting);
        } else if (setting->kind == CONFIG_KIND_LEVEL) {
            assert_int_equal(json_count(member(property, "enum")), 4);
        } else {
            assert_true(
                text_equal_literal(json_text(member(property, "type")), type_of(setting->kind)));
        }
    }
    assert_int_equal(json_count(all) + json_count(root), CONFIG_COUNT + 2); /* version and root */
    assert_false(json_bool(member(json_root(schema), "additionalProperties")));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(every_key_is_taken),
        ROW(what_is_wrong_is_told_with_its_line),
        ROW(a_secret_in_the_file_is_refused),
        ROW(all_findings_are_told),
        ROW(the_nearer_source_counts),
        ROW(the_file_is_sought_in_order),
        ROW(files_that_are_not_taken),
        ROW(the_gate_takes_the_limits),
        ROW(a_root_secret_by_file),
        ROW(a_root_secret_by_credential),
        ROW(an_address_for_others_needs_a_proxy),
        ROW(the_schema_says_what_the_table_says),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
