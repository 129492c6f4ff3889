/* core/config_table.c: every setting, and what its values are. */
#include "core/config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

#define PATH_BYTES_MAX 490 /* as long as a data folder's may be */
#define CREDENTIAL_BYTES_MAX 63
#define PORT_MAX 65535
#define HOST_BYTES_MAX 64
#define SECRET_HEX_CHARS 64

const config_setting config_settings[CONFIG_COUNT] = {
    [CONFIG_DATA] = {"data", "VELUM_DATA", CONFIG_KIND_PATH, 0, 0, "",
                     "data takes an absolute path of at most 490 bytes"},
    [CONFIG_LISTEN] = {"listen", "VELUM_LISTEN", CONFIG_KIND_ADDRESS, 0, 0, "127.0.0.1:8080",
                       "listen takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080"},
    [CONFIG_BEHIND_PROXY] = {"behind-proxy", "VELUM_BEHIND_PROXY", CONFIG_KIND_FLAG, 0, 0, "false",
                             "behind-proxy takes true or false"},
    [CONFIG_CACHE_MB] = {"cache-mb", "VELUM_CACHE_MB", CONFIG_KIND_NUMBER, 1, 1048576, "80",
                         "cache-mb takes a whole number from 1 to 1048576"},
    [CONFIG_TIMEOUT_MS] = {"timeout-ms", "VELUM_TIMEOUT_MS", CONFIG_KIND_NUMBER, 100, 60000, "5000",
                           "timeout-ms takes a whole number from 100 to 60000"},
    [CONFIG_WORKERS] = {"workers", "VELUM_WORKERS", CONFIG_KIND_NUMBER, 1, 64, "",
                        "workers takes a whole number from 1 to 64"},
    [CONFIG_CONNECTIONS_MAX] = {"connections-max", "VELUM_CONNECTIONS_MAX", CONFIG_KIND_NUMBER, 16,
                                1024, "1024",
                                "connections-max takes a whole number from 16 to 1024"},
    [CONFIG_LOG_LEVEL] = {"log-level", "VELUM_LOG_LEVEL", CONFIG_KIND_LEVEL, 0, 0, "notice",
                          "log-level takes error, warning, notice or debug"},
    [CONFIG_ROOT_FILE] = {"root.file", "VELUM_ROOT_FILE", CONFIG_KIND_PATH, 0, 0, "",
                          "root.file takes an absolute path of at most 490 bytes"},
    [CONFIG_ROOT_CREDENTIAL] = {"root.credential", NULL, CONFIG_KIND_NAME, 0, 0, "",
                                "root.credential takes 1 to 63 of A-Z a-z 0-9 . _ -"},
};

config_index config_find(text name)
{
    for (config_index i = 0; i < CONFIG_COUNT; i++) {
        if (text_equal_literal(name, config_settings[i].name)) {
            return i;
        }
    }
    return CONFIG_COUNT;
}

/* --- kinds -------------------------------------------------------------------------------------- */

static bool is_path(text value)
{
    return value.size > 0 && value.size <= PATH_BYTES_MAX && value.data[0] == '/' &&
           utf8_is_printable(value);
}

/* An address family and its bytes; false for what is no address. */
static bool parse_host(text host, int *out_family, struct in6_addr *out)
{
    char terminated[HOST_BYTES_MAX];
    const bool is_v6 = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    const bool is_local = text_equal_literal(host, "localhost");
    const text named = is_local ? TEXT_LITERAL("127.0.0.1") : host;
    const text inner = is_v6 ? (text){named.data + 1, named.size - 2} : named;

    if (inner.size == 0 || inner.size >= sizeof(terminated)) {
        return false;
    }
    memcpy(terminated, inner.data, inner.size);
    terminated[inner.size] = '\0';
    *out_family = is_v6 ? AF_INET6 : AF_INET;
    return inet_pton(*out_family, terminated, out) == 1;
}

static size_t last_colon(text value)
{
    size_t colon = value.size;

    for (size_t i = 0; i < value.size; i++) {
        colon = value.data[i] == ':' ? i : colon;
    }
    return colon;
}

/* As gateway/address.h reads it. */
static bool is_address(text value)
{
    const size_t colon = last_colon(value);
    struct in6_addr host;
    uint64_t port = 0;
    int family = 0;

    return colon < value.size && parse_host((text){value.data, colon}, &family, &host) &&
           text_parse_u64((text){value.data + colon + 1, value.size - colon - 1}, &port) &&
           port <= PORT_MAX;
}

bool config_is_loopback(text address)
{
    struct in6_addr host = IN6ADDR_ANY_INIT;
    int family = 0;

    if (!parse_host((text){address.data, last_colon(address)}, &family, &host)) {
        return false;
    }
    return family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&host) : host.s6_addr[0] == 127;
}

static bool is_level(text value)
{
    static const char *const levels[] = {"error", "warning", "notice", "debug"};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (text_equal_literal(value, levels[i])) {
            return true;
        }
    }
    return false;
}

static bool is_name(text value)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t i = 0; i < value.size; i++) {
        if (memchr(letters, value.data[i], sizeof(letters) - 1) == NULL) {
            return false;
        }
    }
    return value.size > 0 && value.size <= CREDENTIAL_BYTES_MAX &&
           !text_equal_literal(value, ".") && !text_equal_literal(value, "..");
}

static bool is_flag(text value)
{
    return text_equal_literal(value, "true") || text_equal_literal(value, "false");
}

static bool is_number(const config_setting *setting, text value)
{
    uint64_t number = 0;

    return text_parse_u64(value, &number) && number >= setting->min && number <= setting->max;
}

/* What a root secret looks like when it is written down (C-1). */
static bool is_secret(text value)
{
    uint8_t bytes[SECRET_HEX_CHARS / 2];

    const bool is_hex =
        value.size == SECRET_HEX_CHARS && hex_decode(value, bytes, sizeof(bytes)) == VELUM_OK;
    mem_wipe(bytes, sizeof(bytes));
    return is_hex;
}

static bool is_of_kind(const config_setting *setting, text value)
{
    switch (setting->kind) {
    case CONFIG_KIND_PATH:
        return is_path(value);
    case CONFIG_KIND_ADDRESS:
        return is_address(value);
    case CONFIG_KIND_FLAG:
        return is_flag(value);
    case CONFIG_KIND_NUMBER:
        return is_number(setting, value);
    case CONFIG_KIND_LEVEL:
        return is_level(value);
    case CONFIG_KIND_NAME:
        return is_name(value);
    }
    return false;
}

velum_status config_value_check(config_index index, text value)
{
    static_assert(PATH_BYTES_MAX < CONFIG_VALUE_BYTES, "every value has room");

    if (is_secret(value)) {
        return VELUM_E_DENIED;
    }
    return is_of_kind(&config_settings[index], value) ? VELUM_OK : VELUM_E_INVALID;
}
