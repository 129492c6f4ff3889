/* gateway/headers.h: the header fields that Velum looks at, each at most once.
 *
 * A field that comes twice, a body of two lengths or of an unknown transfer coding could be read
 * differently by a proxy before us (request smuggling, RFC 9112 §11.2): all are refused. Values
 * borrow from the request. Pure, any thread.
 */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include "base/text.h"

#define HEADER_BYTES_MAX 16384  /* request line and fields together */
#define CALLER_ID_BYTES_MAX 128 /* X-Request-Id */
#define CREDENTIAL_BYTES_MAX 4096

typedef struct headers {
    text authorization;
    text content_type;
    text content_length;
    text content_encoding;
    text transfer_encoding;
    text request_id;
    text expect;
    text if_match;
    uint32_t seen;    /* a bit for each of the above */
    bool is_repeated; /* one of them came twice */
} headers;

/* Zero is a valid start. Fields that Velum does not know are passed over. */
void headers_add(headers *self, text name, text value);

/* Whether the length of the body can be read in one way only. */
bool headers_framing_is_sound(const headers *self);

/* Bytes that the body is said to have; UINT64_MAX when it comes in chunks. After a sound framing. */
uint64_t headers_body_bytes(const headers *self);

/* The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1); false when there is none. */
bool headers_bearer(const headers *self, text *out_token);

/* "application/json", alone or with charset=utf-8, and no content coding. */
bool headers_is_json(const headers *self);
/* The same of "application/merge-patch+json" (RFC 7396 §4). */
bool headers_is_merge_patch(const headers *self);

/* X-Request-Id is absent, or at most CALLER_ID_BYTES_MAX bytes of visible ASCII. */
bool headers_request_id_is_sound(const headers *self);
/* If-Match is absent or holds something; what, the gate reads. */
bool headers_if_match_is_sound(const headers *self);

#endif
