/* cli/language.h: in which language an answer is told. */
#ifndef CLI_LANGUAGE_H
#define CLI_LANGUAGE_H

#include "base/json.h"
#include "cli/command.h"

typedef enum language { LANGUAGE_EN, LANGUAGE_ZH } language;

/* --lang, else the locale ($LC_ALL, $LC_MESSAGES, $LANG), else English. False when --lang is neither,
 * and that was said. */
bool language_of(const invocation *invocation, language *out);
#define LANGUAGE_OPTION                       \
    {                                         \
        "lang", "zh|en", "else as the locale" \
    }

/* One of two constants. */
const char *language_pick(language language, const char *en, const char *zh);
/* The title of an object with "zh" and "en", or its "name". */
text language_title(language language, const json_value *titled);
/* A word of the gate (a decision, a basis, a state) in that language; itself where it has none. */
text language_word(language language, text word);

#endif
