/* policy/publish_cube.h: cells that are hidden so that others cannot be worked out.
 *
 * A cell that must not be told is made safe by a cube of which it is a corner: in each dimension
 * another value, or the margin. All corners are hidden. Adding one amount to the cell, and adding or
 * taking it at the other corners by turns, changes no number outside the cube and no difference between
 * a margin and its parts: that is the other table of C-2. Private to policy/publish*.c.
 */
#ifndef POLICY_PUBLISH_CUBE_H
#define POLICY_PUBLISH_CUBE_H

#include "policy/publish.h"

typedef struct publish_grid {
    const publish_table *table;
    uint32_t strides[PUBLISH_DIMENSIONS_MAX];
    uint32_t place_count;
    uint32_t *cells; /* by place: 1 + index; 0: empty */
} publish_grid;

/* Checks the table's shape (see publish). */
velum_status publish_grid_init(publish_grid *self, const publish_table *table) VELUM_WARN_UNUSED;
void publish_grid_clear(publish_grid *self);

/* What a number that was told before is to a cube: left as it was, it tells nothing of today. */
#define PUBLISH_TIE_NONE 0
#define PUBLISH_TIE_OLD 1   /* told before the last answer */
#define PUBLISH_TIE_FRESH 2 /* told by the last answer, beside which a cell would be worked out */

/* The two largest parts of a margin in one dimension: when one goes down with it, the other counts. */
typedef struct publish_parts {
    uint64_t largest;
    uint64_t second;
    uint32_t largest_cell;
} publish_parts;

/* One quantity that is protected: customers, or a sum. All arrays by cell. */
typedef struct publish_shield {
    const publish_grid *grid;
    const uint64_t *values;
    const uint64_t *needs; /* by how much more the cell must seem possible; 0: it needs nothing */
    const uint8_t *ties;   /* PUBLISH_TIE_* */
    uint64_t floor;        /* what a corner keeps at least */
    bool is_first;         /* a corner could give twice, so that the cube serves for longer */
    publish_parts *parts;  /* scratch, PUBLISH_DIMENSIONS_MAX for each cell */
    bool *hidden;          /* in: those with needs; out: the corners too */
    bool stands;           /* out: a cell is safe only if nothing new is told at all */
} publish_shield;

/* Hides a cube for every cell with needs. Always succeeds: the cube of all margins always serves. */
void publish_shield_raise(publish_shield *self);

#endif
