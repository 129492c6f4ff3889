/* policy/mask_writer.h: writing a masked value. Private to policy/.
 *
 * The writer does not check room: mask_apply made sure of mask_bound bytes, and every function writes
 * at most one code point for each of the value's, plus a fixed length.
 */
#ifndef POLICY_MASK_WRITER_H
#define POLICY_MASK_WRITER_H

#include "policy/mask.h"

typedef struct mask_writer {
    char *data;
    size_t size;
    uint32_t character;
} mask_writer;

/* How many code points stay at either end. */
typedef struct mask_ends {
    size_t first;
    size_t last;
} mask_ends;

text written(const mask_writer *out);
void write_code_point(mask_writer *out, uint32_t code_point);
void write_text(mask_writer *out, text part);
void write_hidden(mask_writer *out, size_t count);
/* The ends of the value, the middle hidden; false, with nothing written, when no middle is left. */
bool write_kept(mask_writer *out, const bundle_mask *mask, text value, mask_ends ends);

/* The forms of mask_forms.c; false where the value is not of that form (M-2). */
bool mask_phone(const bundle_mask *mask, text value, mask_writer *out);
bool mask_id_card(const bundle_mask *mask, text value, mask_writer *out);
bool mask_bank_card(const bundle_mask *mask, text value, mask_writer *out);
bool mask_email(const bundle_mask *mask, text value, mask_writer *out);
bool mask_address(const bundle_mask *mask, text value, mask_writer *out);
bool mask_waybill(const bundle_mask *mask, text value, mask_writer *out);
bool mask_ip(const bundle_mask *mask, text value, mask_writer *out);

#endif
