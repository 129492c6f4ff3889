/* core/restore_news.c: what a log says that an older copy of vault.db does not know.
 *
 * Customers stand in leaves by tokens, which need their evidence keys: who goes through the customers asks
 * by token what there is of each (restore_mend.c). One pass over the log; of the customers only those
 * who have news are held.
 */
#include "core/restore.h"

#include "audit/log_reader.h"
#include "core/message_row.h"
#include "core/requests.h"
#include "core/verbs.h"

#define CREDENTIALS_MAX 65536
#define CUSTOMERS_MAX UINT32_C(0x4000000)
#define TELL_EACH 65536

struct restore_news {
    news_summary summary;
    customer_news *customers; /* open addressing by token; one without a token is free */
    uint32_t customer_count;
    uint32_t customer_room; /* a power of two, or 0 */
    credential_news *credentials;
    uint32_t credential_count;
    uint32_t credential_room;
};

velum_status restore_news_create(restore_news **out)
{
    *out = mem_alloc(sizeof(**out));
    return *out == NULL ? VELUM_E_NOMEM : VELUM_OK;
}

void restore_news_free(restore_news *self)
{
    if (self != NULL) {
        mem_free(self->customers);
        mem_free(self->credentials);
        mem_free(self);
    }
}

const news_summary *restore_news_summary(const restore_news *self)
{
    return &self->summary;
}

const credential_news *restore_news_credentials(const restore_news *self, uint32_t *out_count)
{
    *out_count = self->credential_count;
    return self->credentials;
}

/* --- customers --------------------------------------------------------------------------------------- */

static bool is_none(const uint8_t token[ENTRY_TOKEN_BYTES])
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};

    return memcmp(token, none, sizeof(none)) == 0;
}

/* Where the token stands, or would. Tokens are HMACs: any of their bytes are as good as a hash. */
static customer_news *place_of(customer_news *customers, uint32_t room,
                               const uint8_t token[ENTRY_TOKEN_BYTES])
{
    uint32_t at = bytes_read_u32be(token) & (room - 1);

    while (!is_none(customers[at].token) &&
           memcmp(customers[at].token, token, ENTRY_TOKEN_BYTES) != 0) {
        at = (at + 1) & (room - 1);
    }
    return &customers[at];
}

const customer_news *restore_news_find(const restore_news *self,
                                       const uint8_t token[ENTRY_TOKEN_BYTES])
{
    if (self->customer_room == 0) {
        return NULL;
    }
    const customer_news *const found = place_of(self->customers, self->customer_room, token);
    return is_none(found->token) ? NULL : found;
}

static velum_status make_room(restore_news *self)
{
    const uint32_t room = self->customer_room == 0 ? 1024 : self->customer_room * 2;

    if (self->customer_count < self->customer_room / 2) {
        return VELUM_OK;
    }
    if (room > CUSTOMERS_MAX) {
        return VELUM_E_LIMIT;
    }
    customer_news *const made = mem_alloc((size_t)room * sizeof(*made));
    if (made == NULL) {
        return VELUM_E_NOMEM;
    }
    for (uint32_t i = 0; i < self->customer_room; i++) {
        if (!is_none(self->customers[i].token)) {
            *place_of(made, room, self->customers[i].token) = self->customers[i];
        }
    }
    mem_free(self->customers);
    self->customers = made;
    self->customer_room = room;
    return VELUM_OK;
}

static velum_status note_customer(restore_news *self, const uint8_t token[ENTRY_TOKEN_BYTES],
                                  customer_news **out)
{
    VELUM_TRY(make_room(self));
    customer_news *const found = place_of(self->customers, self->customer_room, token);
    if (is_none(found->token)) {
        memcpy(found->token, token, ENTRY_TOKEN_BYTES);
        self->customer_count++;
    }
    *out = found;
    return VELUM_OK;
}

static void note_consent(customer_news *customer, uint16_t purpose, uint16_t state)
{
    uint32_t i = 0;

    customer->consents++;
    while (i < customer->purpose_count && customer->purposes[i].purpose != purpose) {
        i++;
    }
    if (i == NEWS_PURPOSES_MAX) {
        customer->is_unclear = true;
        return;
    }
    customer->purpose_count = i == customer->purpose_count ? i + 1 : customer->purpose_count;
    customer->purposes[i].purpose = purpose;
    customer->purposes[i].state = state;
}

/* --- leaves ------------------------------------------------------------------------------------------ */

/* 0: it has none of that key. */
static uint64_t input_of(const audit_entry *entry, uint32_t key)
{
    for (uint32_t i = 0; i < entry->input_count; i++) {
        if (entry->inputs[i].key == key) {
            return entry->inputs[i].value;
        }
    }
    return 0;
}

/* Rights whose exercise shuts something that no consent says. */
static bool right_restricts(uint64_t right)
{
    return right == RIGHT_RESTRICT || right == RIGHT_OBJECT_MARKETING ||
           right == RIGHT_OBJECT_AUTOMATION || right == RIGHT_OPT_OUT || right == RIGHT_NOT_ME ||
           right == RIGHT_NEXT_OF_KIN;
}

/* A deletion that the copy still has waiting may have been called off. */
static bool moves_deletion(const audit_entry *entry)
{
    const uint64_t right = input_of(entry, INPUT_RIGHT);

    return entry->type == ENTRY_REQUEST && (right == RIGHT_DELETE || right == RIGHT_CLOSE_ACCOUNT);
}

static bool is_unclear(const audit_entry *entry)
{
    if (entry->type == ENTRY_HOLD || entry->type == ENTRY_MERGE) {
        return true;
    }
    if (entry->type == ENTRY_REQUEST) {
        return right_restricts(input_of(entry, INPUT_RIGHT));
    }
    return input_of(entry, INPUT_OPERATION) == OPERATION_OPT_OUT &&
           input_of(entry, INPUT_PURPOSE) == 0;
}

/* Its INTENT: from then on it may be with the customer. */
static bool is_message(const audit_entry *entry)
{
    return entry->type == ENTRY_MESSAGE && entry->stage == ENTRY_INTENT &&
           input_of(entry, INPUT_MESSAGE_STATE) == MESSAGE_TAKEN;
}

static void note_message(customer_news *customer, const audit_entry *entry)
{
    if (customer->message_count < NEWS_MESSAGES_MAX) {
        customer->messages[customer->message_count] =
            (message_news){.at_ns = entry->at_ns,
                           .module = (uint16_t)input_of(entry, INPUT_MODULE),
                           .activity = (uint16_t)entry->activity,
                           .purpose = (uint16_t)entry->purpose,
                           .template = (uint16_t)input_of(entry, INPUT_TEMPLATE),
                           .channel = (uint16_t)input_of(entry, INPUT_CHANNEL)};
    }
    customer->message_count++;
}

static velum_status read_of_customer(restore_news *self, const audit_entry *entry)
{
    const uint64_t purpose = input_of(entry, INPUT_PURPOSE);
    const bool begins = entry->type == ENTRY_ERASURE && entry->stage == ENTRY_INTENT;
    customer_news *customer = NULL;

    if (is_none(entry->subject_token) || (!begins && purpose == 0 && !is_unclear(entry) &&
                                          !is_message(entry) && !moves_deletion(entry))) {
        return VELUM_OK;
    }
    VELUM_TRY(note_customer(self, entry->subject_token, &customer));
    customer->moved_deletion = customer->moved_deletion || moves_deletion(entry);
    if (begins) {
        const uint64_t kind = input_of(entry, INPUT_DESTRUCTION);
        customer->is_erased = customer->is_erased || kind == DESTROY_DATA;
        customer->is_erased_in_part = customer->is_erased_in_part || kind == DESTROY_CATEGORIES;
    } else if (is_message(entry)) {
        note_message(customer, entry);
    } else if (purpose != 0) {
        note_consent(customer, (uint16_t)purpose, (uint16_t)entry->consent_state);
    } else if (is_unclear(entry)) {
        customer->is_unclear = true;
    }
    return VELUM_OK;
}

/* Consents of many that were imported share a leaf, which does not say whose was which. */
static velum_status read_of_many(restore_news *self, const audit_entry *entry)
{
    customer_news *customer = NULL;

    if (entry->type != ENTRY_IMPORT || input_of(entry, INPUT_GRADE) == 0 ||
        input_of(entry, INPUT_REHEARSAL) != 0) {
        return VELUM_OK;
    }
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        VELUM_TRY(note_customer(self, entry->subjects[i], &customer));
        customer->is_unclear = true;
    }
    return VELUM_OK;
}

static velum_status read_of_credential(restore_news *self, const audit_entry *entry)
{
    const uint64_t operation = input_of(entry, INPUT_OPERATION);

    if (entry->type != ENTRY_CREDENTIAL ||
        (operation != OPERATION_REVOKE && operation != OPERATION_ROTATE)) {
        return VELUM_OK;
    }
    if (self->credential_count == self->credential_room) {
        const uint32_t room = self->credential_room == 0 ? 64 : self->credential_room * 2;
        credential_news *const made =
            room > CREDENTIALS_MAX ? NULL : mem_resize(self->credentials, room * sizeof(*made));
        if (made == NULL) {
            return room > CREDENTIALS_MAX ? VELUM_E_LIMIT : VELUM_E_NOMEM;
        }
        self->credentials = made;
        self->credential_room = room;
    }
    credential_news *const news = &self->credentials[self->credential_count++];
    *news = (credential_news){.is_revoked = operation == OPERATION_REVOKE};
    memcpy(news->token, entry->user_token, sizeof(news->token));
    return VELUM_OK;
}

static void count(news_summary *summary, const audit_entry *entry)
{
    summary->since++;
    summary->policies += entry->type == ENTRY_POLICY ? 1 : 0;
    summary->requests += entry->type == ENTRY_REQUEST && entry->stage != ENTRY_INTENT ? 1 : 0;
    if (entry->token_epoch == 0) {
        return;
    }
    if (summary->first_month == 0 || entry->token_epoch < summary->first_month) {
        summary->first_month = entry->token_epoch;
    }
    if (entry->token_epoch > summary->last_month) {
        summary->last_month = entry->token_epoch;
    }
}

static velum_status read_leaf(restore_news *self, const audit_entry *entry, uint64_t after_seq)
{
    news_summary *const summary = &self->summary;

    summary->leaves++;
    summary->newest_ns = entry->at_ns > summary->newest_ns ? entry->at_ns : summary->newest_ns;
    if (entry->outbox_seq > summary->last_seq) {
        summary->last_seq = entry->outbox_seq;
    }
    if (entry->outbox_seq <= after_seq || entry->decision == ENTRY_DENY || entry->refusal != 0) {
        return VELUM_OK;
    }
    count(summary, entry);
    VELUM_TRY(read_of_customer(self, entry));
    VELUM_TRY(read_of_many(self, entry));
    return read_of_credential(self, entry);
}

velum_status restore_news_read(restore_news *self, const news_reading *how)
{
    VELUM_AUTO(log_reader) *reader = NULL;
    log_leaf leaf;
    velum_status status = VELUM_OK;

    VELUM_TRY(log_reader_open(how->log_fd, &reader, NULL));
    while ((status = log_reader_next(reader, &leaf)) == VELUM_OK) {
        VELUM_TRY(read_leaf(self, leaf.entry, how->after_seq));
        if (self->summary.leaves % TELL_EACH == 0) {
            how->tell(how->context, "entries of the log read", self->summary.leaves, how->leaves);
        }
    }
    return status == VELUM_END ? VELUM_OK : status;
}
