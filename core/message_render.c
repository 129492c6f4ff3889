/* core/message_render.c: address and text of one message, in the arena and nowhere else (MS-2). */
#include "core/message.h"

#include "core/verbs.h"

typedef struct rendering {
    passage *passage;
    const bundle_template *template;
    const bundle_channel *channel;
} rendering;

/* --- placeholders ------------------------------------------------------------------------------- */

static size_t find_pair(text in, size_t from, char byte)
{
    for (size_t i = from; i + 1 < in.size; i++) {
        if (in.data[i] == byte && in.data[i + 1] == byte) {
            return i;
        }
    }
    return in.size;
}

static text without_blanks(text name)
{
    while (name.size > 0 && name.data[0] == ' ') {
        name = (text){name.data + 1, name.size - 1};
    }
    while (name.size > 0 && name.data[name.size - 1] == ' ') {
        name.size--;
    }
    return name;
}

static size_t put(text piece, char *out, size_t at)
{
    if (out != NULL && piece.size > 0) {
        memcpy(out + at, piece.data, piece.size);
    }
    return at + piece.size;
}

/* Once from left to right: what a value holds is never a placeholder itself. */
size_t message_fill(text pattern, message_value value_of, const void *context, char *out)
{
    size_t at = 0;
    size_t size = 0;

    while (at < pattern.size) {
        const size_t begin = find_pair(pattern, at, '{');
        const size_t end = find_pair(pattern, begin, '}');
        if (end == pattern.size) {
            return put((text){pattern.data + at, pattern.size - at}, out, size);
        }
        size = put((text){pattern.data + at, begin - at}, out, size);
        const text name = {pattern.data + begin + 2, end - begin - 2};
        size = put(value_of(context, without_blanks(name)), out, size);
        at = end + 2;
    }
    return size;
}

/* --- values ------------------------------------------------------------------------------------- */

static text opt_out_of(const rendering *self)
{
    const bool is_english = text_equal_literal(self->template->language, "en");
    const text wanted = is_english ? self->channel->opt_out_en : self->channel->opt_out_zh;
    const text other = is_english ? self->channel->opt_out_zh : self->channel->opt_out_en;

    return wanted.size > 0 ? wanted : other;
}

/* Clear, and only what the verdict allows; nothing where there is no value. */
static text field_value(const rendering *self, uint32_t index)
{
    const passage *const passage = self->passage;
    const bundle_field *const field = &passage->world->bundle->fields[index];
    const record *const record = passage->records[field->category];
    const text *const value = record == NULL || (passage->verdict.clear >> index & 1) == 0
                                  ? NULL
                                  : record_find(record, field->number);

    return value == NULL ? TEXT_EMPTY : *value;
}

static text value_of(const void *context, text name)
{
    const rendering *const self = context;

    if (text_equal_literal(name, "sender")) {
        return self->channel->sender;
    }
    if (text_equal_literal(name, "opt_out")) {
        return opt_out_of(self);
    }
    const uint32_t index = bundle_find(self->passage->world->bundle, REGISTRY_FIELD, name);
    return index == BUNDLE_NONE ? TEXT_EMPTY : field_value(self, index);
}

static velum_status fill(const rendering *self, text pattern, text *out)
{
    const size_t size = message_fill(pattern, value_of, self, NULL);
    void *slice = NULL;

    if (size > MESSAGE_TEXT_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(secret_arena_slice(self->passage->arena, size + 1, &slice));
    (void)message_fill(pattern, value_of, self, slice);
    *out = (text){slice, size};
    return VELUM_OK;
}

/* What really stands in the message. */
static void note_released(const rendering *self)
{
    passage *const passage = self->passage;

    passage->released = 0;
    passage->released_masked = 0;
    for (uint32_t i = 0; i < passage->world->bundle->field_count; i++) {
        const bool is_allowed = (passage->verdict.clear >> i & 1) != 0;
        if (is_allowed && field_value(self, i).size > 0) {
            passage->released |= UINT64_C(1) << i;
        }
    }
}

velum_status message_render(passage *passage, const bundle_template *template, message_text *out)
{
    const bundle_channel *const channel = &passage->world->bundle->channels[template->channel];
    const rendering self = {passage, template, channel};

    VELUM_TRY(read_open(passage)); /* only what the verdict names; the rest of it is wiped (I-4) */
    *out = (message_text){.to = field_value(&self, channel->field),
                          .sender = channel->sender,
                          .language = template->language};
    if (out->to.size == 0) {
        return refuse(passage, REASON_NO_ADDRESS);
    }
    VELUM_TRY(fill(&self, template->subject, &out->subject));
    VELUM_TRY(fill(&self, template->body, &out->body));
    note_released(&self);
    return VELUM_OK;
}
