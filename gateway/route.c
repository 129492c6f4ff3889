/* gateway/route.c: the table of routes, and a parser of targets that never looks back. */
#include "gateway/route.h"

#include <assert.h>
#include <velum/velum.h>

/* The first pattern that fits a path decides for it, so a literal segment stands above "{}" and
 * "{table}". Keys and values of rows travel in bodies alone: proxies keep targets (I-5). */
static const route routes[] = {
    {"POST", "/v1/subjects/lookup", "POST", VELUM_VERB_LOOKUP, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/search", "POST", VELUM_VERB_SEARCH, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/bulk-read", "POST", VELUM_VERB_BULK_READ,
     ROUTE_ACTIVITY | ROUTE_BODY | ROUTE_LINES, ROUTE_CALL, NULL},
    {"POST", "/v1/decisions/filter", "POST", VELUM_VERB_FILTER, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/subjects/{}", "GET, PATCH", VELUM_VERB_READ, ROUTE_ACTIVITY | ROUTE_FIELDS,
     ROUTE_CALL, NULL},
    {"PATCH", "/v1/subjects/{}", "GET, PATCH", VELUM_VERB_PATCH,
     ROUTE_ACTIVITY | ROUTE_BODY | ROUTE_PATCH, ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/read", "POST", VELUM_VERB_READ_WITH, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/merge", "POST", VELUM_VERB_SUBJECT_MERGE, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/unmerge", "POST", VELUM_VERB_SUBJECT_UNMERGE,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"GET", "/v1/subjects/{}/consents", "GET, POST", VELUM_VERB_CONSENT_LIST, ROUTE_ACTIVITY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/consents", "GET, POST", VELUM_VERB_CONSENT_PUT,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"GET", "/v1/subjects/{}/retained", "GET", VELUM_VERB_RETAINED_READ, ROUTE_ACTIVITY, ROUTE_CALL,
     NULL},
    {"POST", "/v1/subjects/{}/messages", "POST", VELUM_VERB_SEND, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/messages", "GET, POST", VELUM_VERB_MESSAGE_LIST, ROUTE_ACTIVITY, ROUTE_CALL,
     "state module #from #limit"},
    {"POST", "/v1/messages", "GET, POST", VELUM_VERB_SEND, ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL,
     NULL},
    {"GET", "/v1/messages/{}", "GET", VELUM_VERB_MESSAGE_GET, ROUTE_ACTIVITY, ROUTE_CALL, NULL},
    {"POST", "/v1/messages/{}/opt-out", "POST", VELUM_VERB_MESSAGE_OPT_OUT, ROUTE_ACTIVITY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/courier/messages/next", "POST", VELUM_VERB_MESSAGE_NEXT,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"POST", "/v1/courier/messages/{}/done", "POST", VELUM_VERB_MESSAGE_DONE,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"GET", "/v1/subjects/{}/{table}", "GET, POST", VELUM_VERB_ROW_READ, ROUTE_ACTIVITY, ROUTE_CALL,
     "from #limit"},
    {"POST", "/v1/subjects/{}/{table}", "GET, POST", VELUM_VERB_ROW_PUT,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/{table}/read", "POST", VELUM_VERB_ROW_READ,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"POST", "/v1/subjects/{}/{table}/delete", "POST", VELUM_VERB_ROW_DELETE,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"POST", "/v1/rows/{table}/scan", "POST", VELUM_VERB_ROW_SCAN, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/rows/{table}/import", "POST", VELUM_VERB_ROW_IMPORT, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/subjects", "GET, POST", VELUM_VERB_SUBJECT_LIST, ROUTE_ACTIVITY, ROUTE_CALL,
     "from #limit"},
    {"POST", "/v1/subjects", "GET, POST", VELUM_VERB_UPSERT, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/requests", "POST", VELUM_VERB_REQUEST_CREATE, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/requests/{}", "GET", VELUM_VERB_REQUEST_GET, ROUTE_ACTIVITY, ROUTE_CALL, NULL},
    {"GET", "/v1/requests/{}/certificate", "GET", VELUM_VERB_REQUEST_CERTIFICATE, ROUTE_ACTIVITY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/requests/{}/cancel", "POST", VELUM_VERB_REQUEST_CANCEL, ROUTE_ACTIVITY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/tasks/{}/ack", "POST", VELUM_VERB_TASK_ACK, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/approvals", "GET, POST", VELUM_VERB_APPROVAL_LIST, ROUTE_ACTIVITY, ROUTE_CALL,
     "state kind #from #limit"},
    {"POST", "/v1/approvals", "GET, POST", VELUM_VERB_APPROVAL_ASK, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/v1/approvals/{}", "GET, POST", VELUM_VERB_APPROVAL_GET, ROUTE_ACTIVITY, ROUTE_CALL,
     NULL},
    {"POST", "/v1/approvals/{}", "GET, POST", VELUM_VERB_APPROVAL_DECIDE,
     ROUTE_ACTIVITY | ROUTE_BODY, ROUTE_CALL, NULL},
    {"GET", "/v1/counts/{}", "GET", VELUM_VERB_COUNTS, ROUTE_ACTIVITY, ROUTE_CALL, NULL},
    {"GET", "/v1/me", "GET", VELUM_VERB_ME_READ, 0, ROUTE_CALL, "category table from #record"},
    {"GET", "/v1/me/consents", "GET, POST", VELUM_VERB_ME_CONSENT_LIST, 0, ROUTE_CALL, NULL},
    {"POST", "/v1/me/consents", "GET, POST", VELUM_VERB_ME_CONSENT_PUT, ROUTE_BODY, ROUTE_CALL,
     NULL},
    {"GET", "/v1/me/accesses", "GET", VELUM_VERB_ME_ACCESSES, 0, ROUTE_CALL, "#from #limit"},
    {"GET", "/v1/me/proof/{}", "GET", VELUM_VERB_ME_PROOF, 0, ROUTE_CALL, NULL},
    {"GET", "/v1/me/requests", "GET, POST", VELUM_VERB_ME_REQUEST_LIST, 0, ROUTE_CALL, NULL},
    {"POST", "/v1/me/requests", "GET, POST", VELUM_VERB_ME_REQUEST_CREATE, ROUTE_BODY, ROUTE_CALL,
     NULL},
    {"POST", "/v1/me/requests/{}/cancel", "POST", VELUM_VERB_ME_REQUEST_CANCEL, 0, ROUTE_CALL,
     NULL},
    {"POST", "/v1/courier/hooks/next", "POST", VELUM_VERB_HOOK_NEXT, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"POST", "/v1/courier/hooks/{}/done", "POST", VELUM_VERB_HOOK_DONE, ROUTE_ACTIVITY | ROUTE_BODY,
     ROUTE_CALL, NULL},
    {"GET", "/healthz", "GET, HEAD", 0, 0, ROUTE_ALIVE, NULL},
    {"HEAD", "/healthz", "GET, HEAD", 0, 0, ROUTE_ALIVE, NULL},
    {"GET", "/readyz", "GET", 0, 0, ROUTE_READY, NULL},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* Query parameters: name, and the flag of the routes that take it. */
typedef struct parameter {
    const char *name;
    uint32_t flag;
} parameter;

static const parameter parameters[] = {{"activity", ROUTE_ACTIVITY}, {"fields", ROUTE_FIELDS}};

/* A piece of the target that is decoded in place. */
typedef struct span {
    char *data;
    size_t size;
} span;

/* RFC 9112 §3.2.2: a server must accept the absolute form. The authority says nothing to us. */
static span without_authority(span target)
{
    static const char scheme[] = "http://";
    const size_t scheme_size = sizeof(scheme) - 1;

    if (target.size < scheme_size || memcmp(target.data, scheme, scheme_size) != 0) {
        return target;
    }
    size_t at = scheme_size;
    while (at < target.size && target.data[at] != '/') {
        at++;
    }
    return (span){target.data + at, target.size - at};
}

/* Printable ASCII without blanks and without '#', which no request target holds (RFC 3986 §2). */
static bool is_plain(span target)
{
    for (size_t i = 0; i < target.size; i++) {
        const char byte = target.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '#') {
            return false;
        }
    }
    return true;
}

/* The value of a hex digit, or -1. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    const char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool percent_decode(char *data, size_t *size)
{
    size_t kept = 0;

    for (size_t i = 0; i < *size; i++) {
        char byte = data[i];
        if (byte == '%') {
            const int high = i + 2 < *size ? hex_value(data[i + 1]) : -1;
            const int low = i + 2 < *size ? hex_value(data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)((high << 4) | low);
            i += 2;
        }
        data[kept] = byte;
        kept++;
    }
    *size = kept;
    return utf8_is_printable((text){data, kept});
}

/* What stands at the placeholders of a path, still encoded. */
typedef struct placeholders {
    span ref;   /* "{}" */
    span table; /* "{table}" */
} placeholders;

/* Behind the closing brace of the placeholder that begins at `pattern`. */
static const char *behind_placeholder(const char *pattern)
{
    while (*pattern != '}') {
        pattern++;
    }
    return pattern + 1;
}

/* Whether the path has the pattern's shape. */
static bool path_fits(const char *pattern, span path, placeholders *out)
{
    size_t at = 0;

    *out = (placeholders){.ref = {NULL, 0}};
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (at == path.size || path.data[at] != *pattern) {
                return false;
            }
            at++;
            pattern++;
            continue;
        }
        const size_t begin = at;
        while (at < path.size && path.data[at] != '/') {
            at++;
        }
        if (at == begin) {
            return false;
        }
        span *const place = pattern[1] == '}' ? &out->ref : &out->table;
        *place = (span){path.data + begin, at - begin};
        pattern = behind_placeholder(pattern);
    }
    return at == path.size;
}

/* The row of method and path, or what is wrong. Rows of one pattern stand together. */
static refusal find_row(const char *method, span path, route_match *out, placeholders *out_parts)
{
    const char *pattern = NULL;

    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const route *const row = &routes[i];
        if (pattern == NULL && path_fits(row->pattern, path, out_parts)) {
            pattern = row->pattern;
            out->allow = row->allow;
        }
        if (pattern == NULL || strcmp(pattern, row->pattern) != 0) {
            continue;
        }
        if (strcmp(method, row->method) == 0) {
            out->route = row;
            out->allow = NULL;
            return REFUSAL_NONE;
        }
    }
    return pattern == NULL ? REFUSAL_UNKNOWN_PATH : REFUSAL_METHOD_NOT_ALLOWED;
}

/* The place of a parameter that becomes a member of the body; NULL when this route has none of that
 * name. */
static text *member_slot(route_match *match, text name)
{
    text rest = text_of(match->route->members == NULL ? "" : match->route->members);
    text word = TEXT_EMPTY;

    for (uint32_t i = 0; i < match->member_count; i++) {
        if (text_equal(name, match->members[i].name)) {
            return &match->members[i].value; /* taken already */
        }
    }
    while (rest.size > 0 && text_split(&rest, ' ', &word)) {
        const bool is_number = word.data[0] == '#';
        const text wanted = {word.data + is_number, word.size - is_number};
        if (text_equal(name, wanted)) {
            route_member *const member = &match->members[match->member_count++];
            *member = (route_member){.name = wanted, .is_number = is_number};
            return &member->value;
        }
    }
    return NULL;
}

/* Where the value of a parameter goes, or NULL when this route does not take it. */
static text *slot_of(route_match *match, text name)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        const parameter *const known = &parameters[i];
        if ((match->route->flags & known->flag) != 0 && text_equal_literal(name, known->name)) {
            return known->flag == ROUTE_FIELDS ? &match->fields : &match->activity;
        }
    }
    return member_slot(match, name);
}

/* One `name=value`. */
static bool take_parameter(span pair, route_match *match)
{
    const size_t name_size = text_find_byte((text){pair.data, pair.size}, '=');
    text *const slot = slot_of(match, (text){pair.data, name_size});

    if (slot == NULL || slot->size > 0 || name_size + 1 >= pair.size) {
        return false; /* unknown, twice, or empty */
    }
    span value = {pair.data + name_size + 1, pair.size - name_size - 1};
    if (!percent_decode(value.data, &value.size)) {
        return false;
    }
    *slot = (text){value.data, value.size};
    return true;
}

static bool take_query(span query, route_match *match)
{
    size_t begin = 0;

    while (begin < query.size) {
        const text rest = {query.data + begin, query.size - begin};
        const size_t size = text_find_byte(rest, '&');
        if (!take_parameter((span){query.data + begin, size}, match)) {
            return false;
        }
        if (size + 1 == rest.size) {
            return false; /* nothing follows the last '&' */
        }
        begin += size + 1;
    }
    return true;
}

/* Decodes what stood at a placeholder; an absent one is empty. */
static bool take_placeholder(span part, text *out)
{
    *out = TEXT_EMPTY;
    if (part.size == 0) {
        return true;
    }
    const bool decoded = percent_decode(part.data, &part.size);
    *out = (text){part.data, part.size};
    return decoded && part.size > 0;
}

static bool take_placeholders(const placeholders *parts, route_match *out)
{
    text table;

    if (!take_placeholder(parts->ref, &out->ref) || !take_placeholder(parts->table, &table)) {
        return false;
    }
    if (table.size > 0) {
        out->members[out->member_count++] =
            (route_member){.name = TEXT_LITERAL("table"), .value = table};
    }
    return true;
}

refusal route_find(const char *method, char *target, size_t size, route_match *out)
{
    const span whole = without_authority((span){target, size});
    placeholders parts;

    assert(size <= TARGET_BYTES_MAX);
    *out = (route_match){.ref = TEXT_EMPTY, .activity = TEXT_EMPTY, .fields = TEXT_EMPTY};
    if (whole.size == 0 || whole.data[0] != '/' || !is_plain(whole)) {
        return REFUSAL_MALFORMED;
    }
    const size_t path_size = text_find_byte((text){whole.data, whole.size}, '?');
    const refusal found = find_row(method, (span){whole.data, path_size}, out, &parts);
    if (found != REFUSAL_NONE) {
        return found;
    }
    if (!take_placeholders(&parts, out)) {
        return REFUSAL_MALFORMED;
    }
    const size_t query_at = path_size < whole.size ? path_size + 1 : whole.size;
    if (!take_query((span){whole.data + query_at, whole.size - query_at}, out)) {
        return REFUSAL_MALFORMED;
    }
    return REFUSAL_NONE;
}
