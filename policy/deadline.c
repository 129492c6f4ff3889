/* policy/deadline.c */
#include "policy/deadline.h"

int64_t deadline_end(const jurisdiction_pack *pack, pack_term term, int64_t from_ns)
{
    (void)pack;
    (void)term;
    return from_ns;
}

void deadlines_of(const jurisdiction_pack *const *packs, uint32_t count, bool is_opt_out,
                  int64_t received_ns, deadlines *out)
{
    (void)packs;
    (void)count;
    (void)is_opt_out;
    (void)received_ns;
    *out = (deadlines){0};
}
