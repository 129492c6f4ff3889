/* core/parse.h: what the request asks for, read strictly before anything is looked up. */
#ifndef CORE_PARSE_H
#define CORE_PARSE_H

#include "core/passage.h"

/* Stage. Parses the body and the list of fields; what is malformed is counted, not recorded. */
velum_status parse_request(passage *passage) VELUM_WARN_UNUSED;

/* Members of a body, for verbs: refused as malformed when missing or of the wrong kind. */
velum_status parse_text_member(passage *passage, const json_value *object, const char *name,
                               text *out) VELUM_WARN_UNUSED;
/* The same, absent allowed (empty). */
velum_status parse_optional_text(passage *passage, const json_value *object, const char *name,
                                 text *out) VELUM_WARN_UNUSED;
/* Refuses members that are not in the NULL-ended list of names. */
velum_status parse_known_members(passage *passage, const json_value *object,
                                 const char *const *names) VELUM_WARN_UNUSED;
/* `limit` of the body: a whole number from 1 to `most`; absent changes nothing, anything else is refused
 * with `hint`, a constant. */
velum_status parse_limit(passage *passage, uint32_t most, const char *hint,
                         uint32_t *out) VELUM_WARN_UNUSED;
/* Names of fields, 1…BUNDLE_FIELDS_MAX of them, as what is asked; absent changes nothing. Names that the
 * policy does not know are counted (I-5). */
velum_status parse_field_list(passage *passage, const json_value *array) VELUM_WARN_UNUSED;
/* A reason code of the policy into passage->reason_code; an unknown one counts as none (I-3). */
velum_status parse_reason_code(passage *passage, const json_value *value) VELUM_WARN_UNUSED;
/* An array of {type, value} to normal forms in the arena, 1…PASSAGE_IDENTIFIERS_MAX of them. */
velum_status parse_identifiers(passage *passage, const json_value *array) VELUM_WARN_UNUSED;
/* One {type, value}. */
velum_status parse_identifier(passage *passage, const json_value *object,
                              identifier *out) VELUM_WARN_UNUSED;

#endif
