/* cli/explain_words.h: an explained entry in sentences, English or Chinese. */
#ifndef CLI_EXPLAIN_WORDS_H
#define CLI_EXPLAIN_WORDS_H

#include "base/json.h"
#include "cli/language.h"
#include "cli/table.h"

/* Adds a sentence a row to a table of one column. */
void explain_tell(const json_value *answer, language language, table *out);

#endif
