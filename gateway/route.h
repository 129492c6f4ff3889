/* gateway/route.h: from a request target to what is asked.
 *
 * The target is `path[?query]` as it came, percent-encoding untouched. Placeholders of the path and
 * values of the query are decoded in place, so a target is used once. Everything outside RFC 3986's
 * characters, a bad escape, an escaped control character, text that is not UTF-8, and a parameter
 * that is unknown, empty or given twice are refused: a gateway that guesses what was meant would
 * answer a question that nobody asked (I-3). Pure: no I/O, no allocation, any thread.
 */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "base/text.h"
#include "gateway/refusal.h"

#define TARGET_BYTES_MAX 2048

typedef enum route_kind {
    ROUTE_CALL,  /* a verb of the gate, with a bearer token */
    ROUTE_ALIVE, /* GET /healthz: the process answers */
    ROUTE_READY  /* GET /readyz: the gate would answer too */
} route_kind;

#define ROUTE_ACTIVITY 1u /* takes ?activity= */
#define ROUTE_FIELDS 2u   /* takes ?fields= */
#define ROUTE_BODY 4u     /* takes a JSON body */
#define ROUTE_PATCH 8u    /* takes a merge patch and If-Match */

#define ROUTE_MEMBERS_MAX 6

/* A query parameter, or the path's "{table}", that becomes a member of the verb's body. */
typedef struct route_member {
    text name; /* static */
    bool is_number;
    text value;
} route_member;

typedef struct route {
    const char *method;
    /* "{}" stands for one segment, the subject's pseudonym, "{table}" for one that becomes the body's
     * member of that name, in a route with a body too. */
    const char *pattern;
    const char *allow; /* all methods of this pattern, for 405 */
    uint32_t verb;     /* VELUM_VERB_*, 0 unless ROUTE_CALL */
    uint32_t flags;
    route_kind kind;
    /* Query parameters for the body of a route without one: names, '#' before those of a number,
     * separated by a space; NULL: the verb takes no body. */
    const char *members;
} route;

typedef struct route_match {
    const route *route;
    const char *allow; /* set for REFUSAL_METHOD_NOT_ALLOWED, else NULL */
    text ref;          /* these three point into the target */
    text activity;
    text fields;
    route_member members[ROUTE_MEMBERS_MAX]; /* that were given, in the target, too */
    uint32_t member_count;
} route_match;

/* Finds the route of a target of at most TARGET_BYTES_MAX bytes. REFUSAL_NONE: `out` is filled;
 * otherwise `out` holds at most `allow`. */
refusal route_find(const char *method, char *target, size_t size, route_match *out);

/* Decodes percent-encoding in place and sets the new size. False, with `data` in tatters, for a bad
 * escape, a control character or what is not UTF-8. */
bool percent_decode(char *data, size_t *size);

#endif
