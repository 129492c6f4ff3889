/* courier/driver.c: which driver a place has. */
#include "courier/driver.h"

#define ID_BYTES_MAX 64

static const driver_function DRIVERS[] = {
    [PLACE_FOLDER] = driver_folder,
    [PLACE_SMTP] = driver_smtp,
    [PLACE_WEBHOOK] = driver_webhook,
};

const char *outcome_name(outcome_kind kind)
{
    static const char *const names[OUTCOME_KINDS] = {
        [OUTCOME_SENT] = "sent", [OUTCOME_FAILED] = "failed", [OUTCOME_UNKNOWN] = "unknown"};

    return names[kind];
}

bool message_id_is_plain(text id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    for (size_t i = 0; i < id.size; i++) {
        if (memchr(letters, id.data[i], sizeof(letters) - 1) == NULL) {
            return false;
        }
    }
    return id.size > 0 && id.size <= ID_BYTES_MAX;
}

outcome deliver_message(const errand *errand)
{
    if (!message_id_is_plain(errand->message->id)) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "id"};
    }
    if (errand->place == NULL || errand->place->kind > PLACE_WEBHOOK) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "channel"};
    }
    return DRIVERS[errand->place->kind](errand);
}
