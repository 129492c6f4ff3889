/* courier/driver_webhook.c: a POST in the form of the Standard Webhooks specification, 1.0.0: hooks as
 * the gate signed them, messages of a channel signed with that channel's secret. */
#include "courier/transfer.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"

#include <stdio.h>

#define HEADER_BYTES 128
#define SIGNATURES_BYTES 96 /* two of them, while a receiver changes over */
#define NUMBER_BYTES 24
#define BODY_BYTES_MAX ((size_t)256 << 10)
#define SIGNATURE_BYTES (sizeof("v1,") + BASE64_SIZE(SHA256_BYTES))

static bool write_header(char out[HEADER_BYTES], const char *name, text value)
{
    const int size = snprintf(out, HEADER_BYTES, "%s: %.*s", name, (int)value.size, value.data);

    return size > 0 && size < HEADER_BYTES;
}

/* D-2: what comes from the gate is checked, too. */
static bool is_signature(text value)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=, ";

    for (size_t i = 0; i < value.size; i++) {
        if (memchr(letters, value.data[i], sizeof(letters) - 1) == NULL) {
            return false;
        }
    }
    return text_starts_with(value, "v1,") && value.size < SIGNATURES_BYTES;
}

static outcome post(const courier_config *config, const place *place, const hook_call *call)
{
    char id[HEADER_BYTES];
    char timestamp[HEADER_BYTES];
    char signature[HEADER_BYTES];
    char seconds[NUMBER_BYTES];
    const char *const headers[] = {id, timestamp, signature, NULL};

    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)call->timestamp);
    if (!message_id_is_plain(call->id) || !is_signature(call->signature) ||
        !write_header(id, "webhook-id", call->id) ||
        !write_header(timestamp, "webhook-timestamp", text_of(seconds)) ||
        !write_header(signature, "webhook-signature", call->signature)) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "header"};
    }
    return transfer_post(config, place, headers, call->body);
}

outcome deliver_hook(const courier_config *config, const place *place, const hook_call *call)
{
    if (place == NULL) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "hook"};
    }
    return post(config, place, call);
}

/* --- messages of a channel ------------------------------------------------------------------------ */

static velum_status write_body(const message *message, int64_t now_ns, buffer *out)
{
    json_writer writer;
    char now[TIME_TEXT_BYTES];

    time_format(now_ns, now);
    buffer_init(out, BODY_BYTES_MAX);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_string(&writer, "type", "message.send");
    json_member_string(&writer, "timestamp", now);
    json_name(&writer, "data");
    json_begin_object(&writer);
    json_member_text(&writer, "id", message->id);
    json_member_text(&writer, "channel", message->channel);
    json_member_text(&writer, "to", message->to);
    json_member_text(&writer, "sender", message->sender);
    json_member_text(&writer, "subject", message->subject);
    json_member_text(&writer, "text", message->body);
    json_member_text(&writer, "language", message->language);
    json_end_object(&writer);
    json_end_object(&writer);
    return buffer_status(out);
}

static void sign(const place *place, const hook_call *call, char out[SIGNATURE_BYTES])
{
    uint8_t mac[SHA256_BYTES];
    char seconds[NUMBER_BYTES + 2];

    (void)snprintf(seconds, sizeof(seconds), ".%lld.", (long long)call->timestamp);
    const crypto_part parts[] = {{call->id.data, call->id.size},
                                 {seconds, strlen(seconds)},
                                 {call->body.data, call->body.size}};
    hmac_sha256((const uint8_t *)place->secret, parts, sizeof(parts) / sizeof(parts[0]), mac);
    memcpy(out, "v1,", 3);
    base64_encode(mac, sizeof(mac), out + 3);
}

outcome driver_webhook(const errand *errand)
{
    VELUM_AUTO_BUFFER body = {0};
    char signature[SIGNATURE_BYTES];
    hook_call call = {.id = errand->message->id, .timestamp = errand->now_ns / NS_PER_SECOND};

    if (errand->place->secret_size != KEY_BYTES) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "secret"};
    }
    if (write_body(errand->message, errand->now_ns, &body) < 0) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "text"};
    }
    call.body = (text){(const char *)body.data, body.size};
    sign(errand->place, &call, signature);
    call.signature = text_of(signature);
    return post(errand->config, errand->place, &call);
}
