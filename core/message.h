/* core/message.h: what the files of messages share: who is reached, how it is rendered, what is told.
 *
 * A message is decided twice by the same function: when a module asks, and when the courier takes it,
 * each time under the activity and the credential that asked, by the rules of that moment.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/message_row.h"

#define MESSAGES_ASKED_MAX 200 /* customers in one asking */
#define MESSAGES_TAKEN_MAX 16  /* at once by a courier */
#define MESSAGE_TEXT_BYTES_MAX 16384
/* A courier that says nothing for so long has not come back; a fake clock moves it. */
#define MESSAGE_ANSWER_NS (600 * NS_PER_SECOND)

/* --- core/message_decide.c ------------------------------------------------------------------------ */

/* Decides for the located customer whether `asker` may reach them with the template, under the activity
 * (index): passage->verdict. When allowed its clear fields are those of the template and the address,
 * and its categories those that hold them (I-4). */
void message_decide(passage *passage, const credential *asker, uint32_t activity,
                    const bundle_template *template);
/* Fields that the template shows, and the address. */
uint64_t message_fields(const bundle *bundle, const bundle_template *template);
/* The module's template of that id in the language of the located customer, else in Chinese, else in
 * the first; BUNDLE_NONE when there is none of that id. */
uint32_t message_choose_template(const passage *passage, uint32_t module, text id);
/* When a marketing message of the channel may go out: now, or at the end of its quiet hours, by the
 * bundle's local day. */
int64_t message_due_ns(const bundle *bundle, const bundle_channel *channel, int64_t now_ns);
/* Whether a refusal says something of the customer, rather than of who asks. */
bool message_reason_is_of_customer(uint32_t reason);
/* Whether the reason of a skipped message may be told under an activity (core/path.c, *release*). */
bool message_reason_is_told(const bundle *bundle, uint32_t activity, uint32_t reason);

/* --- core/message_leaf.c -------------------------------------------------------------------------- */

/* Writes a leaf on a message under the message's own activity and purpose, whoever acts: the customer
 * sees it so. `problem` other than 0: it was refused for this. What stands in `leaf` stays; an event id
 * is made where it has none. */
velum_status message_leaf(passage *passage, const message_row *row, uint32_t problem,
                          audit_entry *leaf) VELUM_WARN_UNUSED;

/* Loads and opens whom the message is for, so that a leaf names them; somebody erased since is none. */
velum_status message_locate(passage *passage, const message_row *row) VELUM_WARN_UNUSED;

/* --- core/message_render.c ------------------------------------------------------------------------ */

typedef struct message_text {
    text to;
    text sender;
    text subject;
    text body;
    text language;
} message_text;
/* Opens what the verdict allows and renders into the arena. REASON_NO_ADDRESS, as a refusal, when the
 * customer has no address for the channel; VELUM_E_LIMIT when the text grows too long. */
velum_status message_render(passage *passage, const bundle_template *template,
                            message_text *out) VELUM_WARN_UNUSED;
/* Puts values in the place of {{…}}. `value_of` writes nothing where there is none. Pure; `out` NULL
 * only counts. Bytes that the whole takes. */
typedef text (*message_value)(const void *context, text name);
size_t message_fill(text pattern, message_value value_of, const void *context, char *out);

/* --- core/message_send.c, core/message_take.c, core/message_done.c, core/message_opt_out.c,
 *     core/message_show.c: verbs --------------------------------------------------------------------- */
velum_status message_send_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status message_next_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status message_done_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status message_opt_out_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status message_opt_out_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status message_get_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status message_get_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status message_list_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status message_list_mask(passage *passage) VELUM_WARN_UNUSED;

/* The message that the request's ref names; the one 404 when there is none. */
velum_status message_load_named(passage *passage, message_row *out) VELUM_WARN_UNUSED;
/* Whether the caller's credential is of the module's domain (M-1). */
bool message_is_own_module(const passage *passage, uint32_t module);

#endif
