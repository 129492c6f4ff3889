/* core/hook_payload.c: what a webhook says, and the signature under it (Standard Webhooks 1.0.0). */
#include "core/hook.h"

#include <assert.h>
#include <stdio.h>

#define SECONDS_TEXT_BYTES 24

/* What another customer is to the one whom the event is of; NULL: the event has none. */
static const char *const OTHER_NAMES[HOOK_EVENT_COUNT] = {
    NULL, "into", "from", NULL, NULL, NULL,
};

/* What the event's detail is called; NULL: the event has none. */
static const char *const DETAIL_NAMES[HOOK_EVENT_COUNT] = {
    NULL, NULL, NULL, "purpose", "restriction", "right",
};

static velum_status write_data(passage *passage, const hook_row *row, json_writer *out)
{
    static const uint8_t none[sizeof(row->related)] = {0};
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];
    char related[2 * sizeof(row->related) + 1];
    char by[TIME_TEXT_BYTES];

    VELUM_TRY(keyring_domain(passage->gate->keys, row->domain, &permutation));
    pseudonym_format(permutation, &row->subject, ref); /* I-10 */
    json_name(out, "data");
    json_begin_object(out);
    json_member_string(out, "subject", ref);
    if (DETAIL_NAMES[row->event] != NULL && row->detail[0] != '\0') {
        json_member_string(out, DETAIL_NAMES[row->event], row->detail);
    }
    if (OTHER_NAMES[row->event] != NULL) {
        subject_id other;
        memcpy(other.bytes, row->related, sizeof(other.bytes));
        pseudonym_format(permutation, &other, ref); /* I-10 */
        json_member_string(out, OTHER_NAMES[row->event], ref);
    } else if (memcmp(row->related, none, sizeof(none)) != 0) {
        hex_encode(row->related, sizeof(row->related), related);
        json_member_string(out, "task", related);
    }
    if (row->by_ns != 0) {
        time_format(row->by_ns, by);
        json_member_string(out, "due", by);
    }
    json_end_object(out);
    return VELUM_OK;
}

velum_status hook_payload(passage *passage, const hook_row *row, buffer *out)
{
    json_writer writer;
    char at[TIME_TEXT_BYTES];

    time_format(row->at_ns, at);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_string(&writer, "type", hook_event_name(row->event));
    json_member_string(&writer, "timestamp", at);
    VELUM_TRY(write_data(passage, row, &writer));
    json_end_object(&writer);
    return buffer_status(out);
}

void hook_secret(const keyring *keys, text name, uint32_t which, uint8_t out[KEY_BYTES])
{
    uint8_t context[HOOK_NAME_BYTES + 5] = {
        0}; /* the name; a zero and the number from the second on */
    uint8_t master[KEY_BYTES];

    assert(name.size <= HOOK_NAME_BYTES);
    memcpy(context, name.data, name.size);
    bytes_write_u32be(context + name.size + 1, which);
    keyring_token_key(keys, "hook secret", master);
    key_derive(master, "velum hook 1", context, name.size + (which > 1 ? 5 : 0), out);
    mem_wipe(master, sizeof(master));
}

void hook_sign(const uint8_t secret[KEY_BYTES], text id, int64_t seconds, text body,
               char out[HOOK_SIGNATURE_BYTES])
{
    static_assert(sizeof("v1,") - 1 + BASE64_SIZE(SHA256_BYTES) + 1 <= HOOK_SIGNATURE_BYTES,
                  "a signature has room");
    uint8_t mac[SHA256_BYTES];
    char time[SECONDS_TEXT_BYTES];

    (void)snprintf(time, sizeof(time), ".%lld.", (long long)seconds);
    const crypto_part parts[] = {{id.data, id.size}, {time, strlen(time)}, {body.data, body.size}};
    hmac_sha256(secret, parts, sizeof(parts) / sizeof(parts[0]), mac);
    memcpy(out, "v1,", 3);
    base64_encode(mac, sizeof(mac), out + 3);
}

static void sign_with(const keyring *keys, const bundle_hook *hook, uint32_t which,
                      const hook_signed *what, char out[HOOK_SIGNATURE_BYTES])
{
    uint8_t secret[KEY_BYTES];

    hook_secret(keys, hook->name, which, secret);
    hook_sign(secret, what->id, what->seconds, what->body, out);
    mem_wipe(secret, sizeof(secret));
}

/* K-4 */
void hook_sign_all(const keyring *keys, const bundle_hook *hook, const hook_signed *what,
                   char out[HOOK_SIGNATURES_BYTES])
{
    sign_with(keys, hook, hook->secret, what, out);
    if (hook->secret > 1) {
        const size_t size = strlen(out);
        out[size] = ' ';
        sign_with(keys, hook, hook->secret - 1, what, out + size + 1);
    }
}
