/* cli/explain_sentence.h: sentences made of the members of an answer; inside explain_*.c.
 *
 * A sentence is a constant with names in braces; both languages take the same values in their own
 * order.
 */
#ifndef CLI_EXPLAIN_SENTENCE_H
#define CLI_EXPLAIN_SENTENCE_H

#include "cli/explain_words.h"

#define NUMBER_BYTES 24

typedef struct telling {
    const json_value *answer;
    language language;
    table *table;
} telling;

typedef struct slot {
    const char *name;
    text value;
} slot;

/* Adds a sentence as a row. `slots` ends with a NULL name; NULL: there are none. */
void sentence_tell(const telling *self, const char *en, const char *zh, const slot *slots);

/* A member of an object, which may be NULL; empty or false when there is none. */
text sentence_text(const json_value *object, const char *name);
bool sentence_flag(const json_value *object, const char *name);
text sentence_number(const json_value *object, const char *name, char out[NUMBER_BYTES]);
/* A member of the answer in that language. */
text sentence_word(const telling *self, const char *member);
/* "Customer care (customer-care)", of a member with a name and titles; lives in the buffer. */
text sentence_title(const telling *self, const char *member, buffer *out);
/* The texts of a list, with commas; lives in the buffer. */
text sentence_list(const json_value *list, buffer *out);

#endif
