/* courier/url.c: the parts of a URL that decide where bytes go (RFC 3986, a small part of it). */
#include "courier/url.h"

#define PORT_MAX 65535

typedef struct scheme_row {
    const char *prefix;
    uint16_t port;
    bool has_path;
} scheme_row;

static const scheme_row SCHEMES[URL_SCHEMES] = {
    [URL_HTTP] = {"http://", 80, true},
    [URL_HTTPS] = {"https://", 443, true},
    [URL_SMTP] = {"smtp://", 587, false},
    [URL_SMTPS] = {"smtps://", 465, false},
};

static bool is_plain(text source)
{
    for (size_t i = 0; i < source.size; i++) {
        const char byte = source.data[i];
        if (byte <= ' ' || byte >= 0x7f || strchr("\\#@\"<>^`{|}", byte) != NULL) {
            return false;
        }
    }
    return source.size > 0;
}

static bool is_host_byte(char byte, bool is_v6)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "ghijklmnopqrstuvwxyz-.";

    if (memchr(digits, byte, sizeof(digits) - 1) != NULL) {
        return true;
    }
    return is_v6 ? byte == ':' || byte == '.' : memchr(letters, byte, sizeof(letters) - 1) != NULL;
}

static velum_status take_host(text name, bool is_v6, char out[HOST_BYTES_MAX + 1])
{
    if (name.size == 0 || name.size > HOST_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < name.size; i++) {
        const char byte = name.data[i];
        out[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
        if (!is_host_byte(out[i], is_v6)) {
            return VELUM_E_INVALID;
        }
    }
    out[name.size] = '\0';
    return out[0] == '-' || out[0] == '.' ? VELUM_E_INVALID : VELUM_OK;
}

velum_status url_parse_host(text source, char out[HOST_BYTES_MAX + 1], uint16_t *out_port)
{
    const bool is_v6 = source.size > 0 && source.data[0] == '[';
    const size_t end = text_find_byte(source, is_v6 ? ']' : ':');
    uint64_t port = 0;

    if (is_v6 && end == source.size) {
        return VELUM_E_INVALID;
    }
    const text name = {source.data + is_v6, end - is_v6};
    const size_t behind = end + is_v6;
    *out_port = 0;
    VELUM_TRY(take_host(name, is_v6, out));
    if (behind == source.size) {
        return VELUM_OK;
    }
    const text digits = {source.data + behind + 1, source.size - behind - 1};
    if (source.data[behind] != ':' || !text_parse_u64(digits, &port) || port == 0 ||
        port > PORT_MAX) {
        return VELUM_E_INVALID;
    }
    *out_port = (uint16_t)port;
    return VELUM_OK;
}

velum_status url_parse(text source, url *out)
{
    if (source.size > URL_BYTES_MAX || !is_plain(source)) {
        return VELUM_E_INVALID;
    }
    for (uint32_t i = 0; i < URL_SCHEMES; i++) {
        if (!text_starts_with(source, SCHEMES[i].prefix)) {
            continue;
        }
        const size_t size = strlen(SCHEMES[i].prefix);
        const text rest = {source.data + size, source.size - size};
        const size_t slash = text_find_byte(rest, '/');
        const text authority = {rest.data, slash};
        if (text_find_byte(authority, '?') < authority.size ||
            (!SCHEMES[i].has_path && slash < rest.size)) {
            return VELUM_E_INVALID;
        }
        out->scheme = (url_scheme)i;
        VELUM_TRY(url_parse_host(authority, out->host, &out->port));
        out->port = out->port == 0 ? SCHEMES[i].port : out->port;
        return VELUM_OK;
    }
    return VELUM_E_INVALID;
}
