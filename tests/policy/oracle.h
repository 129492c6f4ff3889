/* tests/policy/oracle.h: a second, slower reading of the rules of decide, for requests over the sample
 * at NOW_NS. */
#ifndef TESTS_POLICY_ORACLE_H
#define TESTS_POLICY_ORACLE_H

#include "policy/decide.h"

/* Acts that show fields by role, and those that use fields whole or not at all. */
#define ORACLE_SHOWS \
    (ACTION_READ | ACTION_RETAINED_READ | ACTION_ROWS_READ | ACTION_SEARCH | ACTION_BULK_READ)
#define ORACLE_TABLES (ACTION_ROWS_READ | ACTION_ROWS_WRITE | ACTION_COUNTS | ACTION_RETAINED_READ)

/* The fields that the activity has of what is asked about: of the table, or of people. */
uint64_t oracle_reach(const decide_request *request);
/* How many fields the table has, or people have; 0 where the request names a table that cannot be. */
uint32_t oracle_field_count(const decide_request *request);
/* 2 clear, 1 mask, 0 hide, for one field of an act that shows. */
int oracle_cell(const decide_request *request, uint32_t field);
/* Whether one of the acts of modules on somebody is allowed: rows-write, counts and send. */
bool oracle_allows_whole(const decide_request *request);

#endif
