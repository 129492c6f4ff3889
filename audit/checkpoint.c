/* audit/checkpoint.c: C2SP tlog-checkpoint v1.0.0. */
#include "audit/checkpoint.h"

velum_status checkpoint_parse(text body, text origin, checkpoint *out)
{
    checkpoint head;
    size_t root_size = 0;
    text rest = body;
    text name;
    text size;
    text root;

    if (!text_split(&rest, '\n', &name) || !text_split(&rest, '\n', &size) ||
        !text_split(&rest, '\n', &root)) {
        return VELUM_E_INVALID;
    }
    /* Nothing follows the third LF: extension lines are refused. */
    if (rest.data == NULL || rest.size != 0 || !text_equal(name, origin) ||
        !text_parse_u64(size, &head.size)) {
        return VELUM_E_INVALID;
    }
    if (base64_decode(root, head.root, sizeof head.root, &root_size) != VELUM_OK ||
        root_size != sizeof head.root) {
        return VELUM_E_INVALID;
    }
    *out = head;
    return VELUM_OK;
}

velum_status checkpoint_sign(const checkpoint *head, const note_key *key,
                             const uint8_t seed[ED25519_SEED_BYTES], buffer *out)
{
    char root[BASE64_SIZE(SHA256_BYTES) + 1];
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, CHECKPOINT_BYTES_MAX);
    base64_encode(head->root, sizeof head->root, root);
    buffer_append_text(&body, key->name);
    buffer_append_byte(&body, '\n');
    buffer_append_u64_decimal(&body, head->size);
    buffer_append_byte(&body, '\n');
    buffer_append_text(&body, root);
    buffer_append_byte(&body, '\n');
    VELUM_TRY(buffer_status(&body));
    return note_sign((text){(const char *)body.data, body.size}, key, seed, out);
}

velum_status checkpoint_open(text note, const note_key *key, checkpoint *out)
{
    note_opened opened;

    VELUM_TRY(note_open(note, key, 1, &opened));
    return checkpoint_parse(opened.body, text_of(key->name), out);
}
