/* core/lookup.c: an identifier exchanged for the pseudonym of the caller's domain (I-10). */
#include "core/verbs.h"

velum_status lookup_mask(passage *passage)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
