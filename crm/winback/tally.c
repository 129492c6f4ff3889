#include "crm/winback/tally.h"

#include "crm/say.h"

#include <stdio.h>

#define LINE_BYTES 400

static bool is_name(text reason)
{
    if (reason.size == 0 || reason.size >= TALLY_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < reason.size; i++) {
        const char c = reason.data[i];
        if ((c < 'a' || c > 'z') && c != '-') {
            return false;
        }
    }
    return true;
}

void tally_skip(tally *self, text reason)
{
    const text name = is_name(reason) ? reason : TEXT_LITERAL("other");
    uint32_t at = 0;

    self->skipped++;
    while (at < self->reason_count && !text_equal_literal(name, self->reasons[at].name)) {
        at++;
    }
    if (at == TALLY_REASONS_MAX) {
        return;
    }
    if (at == self->reason_count) {
        memcpy(self->reasons[at].name, name.data, name.size);
        self->reason_count++;
    }
    self->reasons[at].count++;
}

static void list_reasons(const tally *self, char out[LINE_BYTES])
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < self->reason_count && used < LINE_BYTES; i++) {
        const int more =
            snprintf(out + used, LINE_BYTES - used, "%s%s %llu", i == 0 ? " (" : ", ",
                     self->reasons[i].name, (unsigned long long)self->reasons[i].count);
        used += more > 0 ? (size_t)more : 0;
    }
    if (used > 0 && used + 1 < LINE_BYTES) {
        (void)snprintf(out + used, LINE_BYTES - used, ")");
    }
}

void tally_say(tally *self)
{
    char reasons[LINE_BYTES];

    if (self->timers + self->queued + self->same + self->skipped + self->later > 0) {
        list_reasons(self, reasons);
        say("winback: %llu timers set, %llu queued, %llu asked for before, %llu skipped%s, "
            "%llu later",
            (unsigned long long)self->timers, (unsigned long long)self->queued,
            (unsigned long long)self->same, (unsigned long long)self->skipped, reasons,
            (unsigned long long)self->later);
    }
    *self = (tally){.timers = 0};
}
