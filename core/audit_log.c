/* core/audit_log.c: the log, read by an officer; each reading is itself a leaf.
 *
 * What is shown is what the leaf holds, with numbers turned into the registry's names. A subject is
 * found by its token of each month, derived from the evidence key, so that the log itself names
 * nobody; that works for somebody erased, too, as long as the evidence is kept.
 */
#include "core/audit_query.h"
#include "core/audit_scan.h"
#include "core/audit_write.h"
#include "core/parse.h"
#include "core/verbs.h"

typedef struct log_listing {
    audit_scan scan;
    audit_query query;
    json_writer out;
} log_listing;

static velum_status visit(void *context, uint64_t index, const audit_entry *entry, bool *out_given)
{
    log_listing *const self = context;

    if (audit_query_matches(&self->query, entry) && audit_scan_is_of_subject(&self->scan, entry)) {
        audit_write_entry(self->query.world, index, entry, &self->out);
        *out_given = true;
    }
    return VELUM_OK;
}

static velum_status parse(passage *passage, log_listing *out)
{
    static const char *const members[] = {
        AUDIT_QUERY_MEMBERS, "from", "limit", "since", "until", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(audit_scan_parse(passage, &out->scan));
    return audit_query_parse(passage, &out->query);
}

velum_status audit_log_mask(passage *passage)
{
    log_listing self;

    if (passage->request->ref.size > 0 && !passage->has_subject) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    VELUM_TRY(parse(passage, &self));
    VELUM_TRY(audit_open_subject(passage));
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    json_name(&self.out, "entries");
    json_begin_array(&self.out);
    VELUM_TRY(audit_scan_run(&self.scan, visit, &self));
    json_end_array(&self.out);
    audit_scan_reply(&self.scan, &self.out);
    json_end_object(&self.out);
    passage->entry.record_count = self.scan.given;
    return buffer_status(&passage->answer->body);
}
