/* cli/explain_sentence.c: filling in. */
#include "cli/explain_sentence.h"

#include <stdio.h>

#define SENTENCE_BYTES_MAX 65536
#define VALUE_BYTES_MAX 16384

/* --- sentences ---------------------------------------------------------------------------------- */

static text slot_value(const slot *slots, text name)
{
    for (size_t i = 0; slots[i].name != NULL; i++) {
        if (text_equal_literal(name, slots[i].name)) {
            return slots[i].value;
        }
    }
    return TEXT_EMPTY;
}

static void fill(const char *sentence, const slot *slots, buffer *out)
{
    text rest = text_of(sentence);

    while (rest.size > 0) {
        const size_t open = text_find_byte(rest, '{');
        buffer_append(out, rest.data, open);
        if (open == rest.size) {
            return;
        }
        rest = (text){rest.data + open + 1, rest.size - open - 1};
        const size_t close = text_find_byte(rest, '}');
        const text value = slot_value(slots, (text){rest.data, close});
        buffer_append(out, value.data, value.size);
        const size_t used = close < rest.size ? close + 1 : close;
        rest = (text){rest.data + used, rest.size - used};
    }
}

void sentence_tell(const telling *self, const char *en, const char *zh, const slot *slots)
{
    static const slot none[] = {{NULL, {"", 0}}};
    VELUM_AUTO_BUFFER line = {0};

    buffer_init(&line, SENTENCE_BYTES_MAX);
    fill(language_pick(self->language, en, zh), slots == NULL ? none : slots, &line);
    table_add(self->table, (text){(const char *)line.data, line.size}, COLOUR_NONE);
}

/* --- values ------------------------------------------------------------------------------------- */

text sentence_text(const json_value *object, const char *name)
{
    const json_value *value = object == NULL ? NULL : json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

bool sentence_flag(const json_value *object, const char *name)
{
    const json_value *value = object == NULL ? NULL : json_member(object, name);

    return value != NULL && json_bool(value);
}

text sentence_number(const json_value *object, const char *name, char out[NUMBER_BYTES])
{
    const json_value *value = object == NULL ? NULL : json_member(object, name);

    if (value == NULL || json_kind_of(value) != JSON_INTEGER) {
        return TEXT_EMPTY;
    }
    (void)snprintf(out, NUMBER_BYTES, "%lld", (long long)json_integer(value));
    return text_of(out);
}

text sentence_word(const telling *self, const char *member)
{
    return language_word(self->language, sentence_text(self->answer, member));
}

/* "Customer care (customer-care)" */
text sentence_title(const telling *self, const char *member, buffer *out)
{
    const json_value *const value = json_member(self->answer, member);
    const text name = sentence_text(value, "name");
    const text title = value == NULL ? TEXT_EMPTY : language_title(self->language, value);

    buffer_init(out, VALUE_BYTES_MAX);
    buffer_append(out, title.data, title.size);
    if (!text_equal(name, title)) {
        buffer_append_text(out, language_pick(self->language, " (", "（"));
        buffer_append(out, name.data, name.size);
        buffer_append_text(out, language_pick(self->language, ")", "）"));
    }
    return out->size == 0 ? TEXT_EMPTY : (text){(const char *)out->data, out->size};
}

text sentence_list(const json_value *list, buffer *out)
{
    buffer_init(out, VALUE_BYTES_MAX);
    for (size_t i = 0; list != NULL && i < json_count(list); i++) {
        const text item = json_text(json_at(list, i));
        buffer_append_text(out, i == 0 ? "" : ", ");
        buffer_append(out, item.data, item.size);
    }
    return out->size == 0 ? TEXT_EMPTY : (text){(const char *)out->data, out->size};
}
