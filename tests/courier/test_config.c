/* courier.yaml: what is taken, and that every mistake is told with its line. */
#include "courier/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct findings {
    uint32_t count;
    uint32_t line;
    char first[160];
} findings;

static void note(void *context, uint32_t line, const char *message)
{
    findings *const self = context;

    if (self->count++ == 0) {
        self->line = line;
        snprintf(self->first, sizeof self->first, "%s", message);
    }
}

static velum_status parse(const char *source, courier_config *out, findings *found)
{
    memset(out, 0, sizeof *out);
    memset(found, 0, sizeof *found);
    return courier_config_parse(text_of(source), note, found, out);
}

static const char whole[] =
    "velum-courier: 1\n"
    "channels:\n"
    "  sms: {driver: folder, path: /srv/out}\n"
    "  email: {driver: smtp, url: 'smtp://Mail.example.com', from: a@b.cn}\n"
    "  \"*\": {driver: webhook, url: 'https://[2001:db8::1]:9/x?y=1', "
    "secret-file: /s}\n"
    "hooks:\n"
    "  crm: {url: 'http://127.0.0.1:8080/h', plain: true}\n"
    "allow:\n"
    "  - mail.example.com\n"
    "  - '[2001:db8::1]:9'\n"
    "  - {host: '127.0.0.1:8080', private: true}\n"
    "connect-timeout-ms: 700\n"
    "timeout-ms: 900\n";

static void a_whole_file_is_taken(void **state)
{
    courier_config config;
    findings found;

    assert_int_equal(parse(whole, &config, &found), VELUM_OK);
    assert_int_equal(config.channel_count, 3);
    assert_int_equal(config.connect_ms, 700);
    assert_int_equal(config.total_ms, 900);
    const place *const mail = courier_config_channel(&config, TEXT_LITERAL("email"));
    assert_string_equal(mail->url.host, "mail.example.com");
    assert_int_equal(mail->url.port, 587);
    assert_false(mail->is_private);
    const place *const other = courier_config_channel(&config, TEXT_LITERAL("wechat"));
    assert_string_equal(other->name, "*");
    assert_string_equal(other->url.host, "2001:db8::1");
    const place *const hook = courier_config_hook(&config, TEXT_LITERAL("crm"));
    assert_true(hook->is_private && hook->is_plain);
    assert_null(courier_config_hook(&config, TEXT_LITERAL("other")));
}

static void the_example_is_taken(void **state)
{
    const char *const top = getenv("VELUM_TOP");
    char path[512];
    char source[8192];
    courier_config config;
    findings found;

    snprintf(path, sizeof path, "%s/docs/examples/courier.yaml", top == NULL ? "." : top);
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    source[fread(source, 1, sizeof source - 1, file)] = '\0';
    fclose(file);
    assert_int_equal(parse(source, &config, &found), VELUM_OK);
}

typedef struct mistake {
    uint32_t line;
    const char *source;
    const char *told; /* a part of it */
} mistake;

static void every_mistake_is_told_with_its_line(void **state)
{
    static const mistake mistakes[] = {
        {1, "", "begins with"},
        {1, "channels: {}\n", "begins with"},
        {1, "velum-courier: 2\n", "is 1"},
        {2, "velum-courier: 1\nchanels: {}\n", "unknown key"},
        {2, "velum-courier: 1\ntimeout-ms: 30001\n", "100 to 30000"},
        {2, "velum-courier: 1\nconnect-timeout-ms: 1s\n", "100 to 30000"},
        {2, "velum-courier: 1\nvelum-courier: 1\n", "YAML"},
        {3, "velum-courier: 1\nchannels:\n  sms: folder\n", "map"},
        {3, "velum-courier: 1\nchannels:\n  sms: {driver: fax}\n", "driver"},
        {3, "velum-courier: 1\nchannels:\n  SMS: {driver: folder, path: /x}\n", "name"},
        {3, "velum-courier: 1\nchannels:\n  sms: {driver: folder}\n", "path"},
        {5, "velum-courier: 1\nchannels:\n  sms:\n    driver: folder\n    path: here\n", "path"},
        {5, "velum-courier: 1\nchannels:\n  sms:\n    driver: folder\n    url: https://a.cn\n",
         "unknown key"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://a.cn'}\n", "allow"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://a.cn:8443'}\nallow: ['a.cn:443']\n",
         "allow"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://a.cn.b.cn'}\nallow: [a.cn]\n",
         "allow"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://u:p@a.cn'}\nallow: [a.cn]\n", "url"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'ftp://a.cn'}\nallow: [a.cn]\n", "url"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://a.cn/\\x'}\nallow: [a.cn]\n", "url"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'smtps://a.cn'}\nallow: [a.cn]\n", "https"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'http://a.cn'}\nallow: [a.cn]\n", "loopback"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'http://a.cn', plain: true}\nallow: [a.cn]\n",
         "private"},
        {3, "velum-courier: 1\nhooks:\n  crm: {url: 'https://a.cn', plain: true}\nallow: [a.cn]\n",
         "plain"},
        {2, "velum-courier: 1\nallow: a.cn\n", "list"},
        {2, "velum-courier: 1\nallow: [{host: a.cn, private: true}]\n", "port"},
        {2, "velum-courier: 1\nallow: [{host: a.cn, open: true}]\n", "unknown"},
        {2, "velum-courier: 1\nallow: ['a.cn:0']\n", "host"},
        {2, "velum-courier: 1\nallow: ['a b']\n", "host"},
        {4,
         "velum-courier: 1\nallow: [a.cn]\nchannels:\n  m: {driver: smtp, url: 'smtps://a.cn', from: "
         "\"a@b\\r\\nBcc: x@y\"}\n",
         "from"},
        {4,
         "velum-courier: 1\nallow: [a.cn]\nchannels:\n  m: {driver: smtp, url: 'smtps://a.cn', from: "
         "a@b.cn, username: u}\n",
         "together"},
        {4,
         "velum-courier: 1\nallow: [{host: 'a.cn:25', private: true}]\nchannels:\n  m: {driver: smtp, "
         "url: 'smtp://a.cn:25', from: a@b.cn, username: u, password-file: /p, plain: true}\n",
         "TLS"},
    };
    courier_config config;
    findings found;

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const velum_status status = parse(mistakes[i].source, &config, &found);
        if (status != VELUM_E_INVALID || found.line != mistakes[i].line ||
            strstr(found.first, mistakes[i].told) == NULL) {
            fail_msg("%s: %d, line %u: %s", mistakes[i].source, status, found.line, found.first);
        }
    }
}

/* --- the files that it names ---------------------------------------------------------------------- */

static int make_folder(void **state)
{
    char *const folder = strdup("/tmp/velum-courier.XXXXXX");

    *state = folder;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    char command[256];

    snprintf(command, sizeof command, "rm -rf %s", (const char *)*state);
    free(*state);
    return system(command);
}

static void put(const char *path, const char *bytes, mode_t mode)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    fputs(bytes, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static velum_status load_with(const char *folder, const char *secret, mode_t mode, mode_t file_mode)
{
    char secret_path[256];
    char path[256];
    char source[1024];
    courier_config *config = NULL;
    findings found = {0};
    velum_error err = {0};

    snprintf(secret_path, sizeof secret_path, "%s/secret", folder);
    snprintf(path, sizeof path, "%s/courier.yaml", folder);
    snprintf(source, sizeof source,
             "velum-courier: 1\nallow: [a.cn]\nchannels:\n  m: {driver: webhook, url: "
             "'https://a.cn', secret-file: %s}\n",
             secret_path);
    put(secret_path, secret, mode);
    put(path, source, file_mode);
    const velum_status status = courier_config_load(path, note, &found, &config, &err);
    if (status == VELUM_OK) {
        assert_int_equal(config->channels[0].secret_size, 32);
    } else {
        assert_null(strstr(err.text, secret));
    }
    courier_config_free(config);
    return status;
}

#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static void secrets_are_ours_alone_and_of_the_right_form(void **state)
{
    const char *const folder = *state;

    assert_int_equal(load_with(folder, SECRET, 0600, 0600), VELUM_OK);
    assert_int_equal(load_with(folder, SECRET, 0640, 0644), VELUM_OK);
    assert_int_equal(load_with(folder, SECRET, 0644, 0600), VELUM_E_DENIED);
    assert_int_equal(load_with(folder, SECRET, 0600, 0666), VELUM_E_DENIED);
    assert_int_equal(load_with(folder, "whsec_AAEC\n", 0600, 0600), VELUM_E_INVALID);
    assert_int_equal(load_with(folder, "plain words\n", 0600, 0600), VELUM_E_INVALID);
    assert_int_equal(load_with(folder, "two\nlines\n", 0600, 0600), VELUM_E_INVALID);
}

static void without_a_file_everything_goes_to_the_folder(void **state)
{
    courier_config config;

    memset(&config, 0, sizeof config);
    assert_int_equal(courier_config_default("/data", &config), VELUM_OK);
    const place *const any = courier_config_channel(&config, TEXT_LITERAL("sms"));
    assert_int_equal(any->kind, PLACE_FOLDER);
    assert_string_equal(any->path, "/data/outbox");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_taken),
        cmocka_unit_test(the_example_is_taken),
        cmocka_unit_test(every_mistake_is_told_with_its_line),
        cmocka_unit_test_setup_teardown(secrets_are_ours_alone_and_of_the_right_form, make_folder,
                                        remove_folder),
        cmocka_unit_test(without_a_file_everything_goes_to_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
