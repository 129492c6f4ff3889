/* fuzz_frame.c: any bytes on the socket end as requests or as an end; what was read can be written
 * and read again as the same. */
#include "core/frame.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_same(velum_string a, velum_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void require_same(const velum_request *a, const velum_request *b)
{
    require(a->verb == b->verb && a->auth == b->auth);
    require(is_same(a->credential, b->credential) && is_same(a->activity, b->activity));
    require(is_same(a->ref, b->ref) && is_same(a->fields, b->fields));
    require(is_same(a->caller_id, b->caller_id) && is_same(a->body, b->body));
}

static void check_again(const frame_request *first)
{
    VELUM_AUTO_BUFFER payload = {0};
    VELUM_AUTO_FRAME_REQUEST second = {.document = NULL};

    buffer_init(&payload, 2 * FRAME_BYTES_MAX);
    require(frame_request_encode(&first->request, &payload) == VELUM_OK);
    require(frame_request_decode((uint16_t)first->request.verb,
                                 (text){(const char *)payload.data, payload.size},
                                 &second) == VELUM_OK);
    require_same(&first->request, &second.request);
}

static void check_payload(uint16_t verb, const buffer *payload)
{
    VELUM_AUTO_FRAME_REQUEST decoded = {.document = NULL};
    const text bytes = {(const char *)payload->data, payload->size};
    const velum_status status = frame_request_decode(verb, bytes, &decoded);

    if (status != VELUM_OK) {
        require(status == VELUM_E_INVALID || status == VELUM_E_LIMIT);
        require(decoded.document == NULL && decoded.body.data == NULL);
        return;
    }
    require(decoded.request.verb == verb);
    check_again(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int ends[2];
    velum_status status = VELUM_OK;

    if (size > BYTES_MAX) {
        return 0;
    }
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    require(send(ends[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    file_close(&ends[0]);
    const frame_channel channel = {ends[1], clock_system()};
    while (status == VELUM_OK) { /* each frame takes at least its head */
        VELUM_AUTO_BUFFER payload = {0};
        uint16_t verb = 0;
        buffer_init(&payload, FRAME_BYTES_MAX);
        status = frame_receive(&channel, 1000, &verb, &payload);
        if (status == VELUM_OK) {
            check_payload(verb, &payload);
        }
    }
    require(status == VELUM_END || status == VELUM_E_TRUNCATED || status == VELUM_E_LIMIT);
    file_close(&ends[1]);
    return 0;
}
