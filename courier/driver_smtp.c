/* courier/driver_smtp.c: a message as a letter, to the mail server of the house. */
#include "courier/letter.h"
#include "courier/transfer.h"

outcome driver_smtp(const errand *errand)
{
    VELUM_AUTO_BUFFER letter = {0};
    char to[CONFIG_ADDRESS_BYTES];
    const text address = errand->message->to;

    if (!letter_is_address(address) || address.size >= sizeof(to)) {
        return (outcome){.kind = OUTCOME_FAILED, .note = "recipient"};
    }
    memcpy(to, address.data, address.size);
    to[address.size] = '\0';
    buffer_init(&letter, LETTER_BYTES_MAX);
    if (letter_write(errand->message, errand->place->from, errand->now_ns, &letter) < 0) {
        mem_wipe(to, sizeof(to));
        return (outcome){.kind = OUTCOME_FAILED, .note = "text"};
    }
    const outcome done = transfer_mail(errand->config, errand->place, to,
                                       (text){(const char *)letter.data, letter.size});
    mem_wipe(to, sizeof(to));
    return done;
}
