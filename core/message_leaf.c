/* core/message_leaf.c: what the log says of a message. */
#include "core/message.h"

#include "core/locate.h"
#include "core/path.h"
#include "core/verbs.h"

/* What of the passage is the courier's, or the gate's own, and not the message's. */
typedef struct acting {
    uint32_t activity;
    uint32_t action;
    uint32_t problem;
    uint64_t asked;
    bool asked_all;
} acting;

static acting step_aside(passage *passage, const message_row *row, uint32_t problem)
{
    const acting held = {passage->activity, passage->action, passage->problem, passage->asked,
                         passage->asked_all};

    passage->activity =
        bundle_find_number(passage->world->bundle, REGISTRY_ACTIVITY, row->activity);
    passage->action = ACTION_SEND;
    passage->problem = problem;
    passage->asked = passage->verdict.clear;
    passage->asked_all = false;
    return held;
}

static void step_back(passage *passage, const acting *held)
{
    passage->activity = held->activity;
    passage->action = held->action;
    passage->problem = held->problem;
    passage->asked = held->asked;
    passage->asked_all = held->asked_all;
}

velum_status message_leaf(passage *passage, const message_row *row, uint32_t problem,
                          audit_entry *leaf)
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};

    leaf->type = ENTRY_MESSAGE;
    if (memcmp(leaf->event_id, none, sizeof(none)) == 0) {
        random_fill(&passage->gate->random, leaf->event_id, sizeof(leaf->event_id));
    }
    entry_push(leaf, INPUT_MESSAGE_STATE, row->state);
    entry_push(leaf, INPUT_CHANNEL, row->channel);
    entry_push(leaf, INPUT_TEMPLATE, row->template);
    entry_push(leaf, INPUT_MODULE, row->module);
    const acting held = step_aside(passage, row, problem);
    path_fill_entry(passage, leaf);
    step_back(passage, &held);
    leaf->activity = row->activity; /* also where the policy of today has it no more */
    leaf->purpose = row->purpose;
    clock_guard_note(&passage->gate->clock_guard, leaf->at_ns);
    return write_batch_record(passage->batch, leaf);
}

velum_status message_locate(passage *passage, const message_row *row)
{
    locate_forget(passage);
    if (!message_has_subject(row)) {
        return VELUM_OK;
    }
    passage->subject = row->subject;
    const velum_status status = locate_subject(passage);
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}
