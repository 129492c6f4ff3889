/* cli/entry_name.c: INDEX|ID. */
#include "cli/entry_name.h"

#define EVENT_ID_DIGITS 32

bool entry_name_is_one(text typed)
{
    uint8_t id[EVENT_ID_DIGITS / 2];
    uint64_t index = 0;

    return (text_parse_u64(typed, &index) && index <= INT64_MAX) ||
           hex_decode(typed, id, sizeof(id)) == VELUM_OK;
}

void entry_name_write(text typed, json_writer *json)
{
    uint64_t index = 0;

    if (typed.size < EVENT_ID_DIGITS && text_parse_u64(typed, &index)) {
        json_member_integer(json, "index", (int64_t)index);
    } else {
        json_member_text(json, "id", typed);
    }
}
