/* policy/publish_cube.c: the cheapest cube that makes a cell safe. */
#include "policy/publish_cube.h"

#include <assert.h>
#include <string.h>

#define PARTNERS_MAX 8 /* tried in each dimension, the margin among them */
/* Far more than all customers: the last resort, and what no answer may take. */
#define COST_FROZEN ((uint64_t)1 << 45)
#define COST_STANDS ((uint64_t)1 << 56)

/* --- the grid ----------------------------------------------------------------------------------- */

static uint32_t place_of(const publish_grid *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX])
{
    uint32_t place = 0;

    for (uint32_t d = 0; d < self->table->dimension_count; d++) {
        place += at[d] * self->strides[d];
    }
    return place;
}

static velum_status measure(publish_grid *self)
{
    const publish_table *const table = self->table;
    uint32_t places = 1;

    if (table->dimension_count < 1 || table->dimension_count > PUBLISH_DIMENSIONS_MAX) {
        return VELUM_E_INVALID;
    }
    for (uint32_t d = 0; d < table->dimension_count; d++) {
        const uint32_t values = table->value_counts[d];
        if (values > PUBLISH_VALUES_MAX || places > PUBLISH_PLACES_MAX / (values + 1)) {
            return VELUM_E_LIMIT;
        }
        self->strides[d] = places;
        places *= values + 1;
    }
    self->place_count = places;
    return table->cell_count > PUBLISH_CELLS_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

static velum_status place_cells(publish_grid *self)
{
    const publish_table *const table = self->table;

    for (size_t i = 0; i < table->cell_count; i++) {
        for (uint32_t d = 0; d < table->dimension_count; d++) {
            if (table->cells[i].at[d] > table->value_counts[d]) {
                return VELUM_E_INVALID;
            }
        }
        uint32_t *const slot = &self->cells[place_of(self, table->cells[i].at)];
        if (*slot != 0) {
            return VELUM_E_INVALID;
        }
        *slot = (uint32_t)i + 1;
    }
    return VELUM_OK;
}

/* The cell's margin over a dimension; NULL where the cell is that margin itself, or there is none. */
static const publish_cell *margin_of(const publish_grid *self, const publish_cell *cell, uint32_t d)
{
    const uint32_t index = self->cells[place_of(self, cell->at) - cell->at[d] * self->strides[d]];

    return cell->at[d] == 0 || index == 0 ? NULL : &self->table->cells[index - 1];
}

static velum_status check_margins(const publish_grid *self)
{
    const publish_table *const table = self->table;

    for (size_t i = 0; i < table->cell_count; i++) {
        const publish_cell *const cell = &table->cells[i];
        for (uint32_t d = 0; cell->customers > 0 && d < table->dimension_count; d++) {
            const publish_cell *const margin = margin_of(self, cell, d);
            if (cell->at[d] != 0 && (margin == NULL || margin->customers < cell->customers)) {
                return VELUM_E_INVALID;
            }
        }
    }
    return VELUM_OK;
}

velum_status publish_grid_init(publish_grid *self, const publish_table *table)
{
    *self = (publish_grid){.table = table};
    VELUM_TRY(measure(self));
    self->cells = mem_alloc_array(self->place_count, sizeof(*self->cells));
    if (self->cells == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(place_cells(self));
    return check_margins(self);
}

void publish_grid_clear(publish_grid *self)
{
    mem_free(self->cells);
    self->cells = NULL;
}

/* --- a cube ------------------------------------------------------------------------------------- */

/* Which cell, by how much, and the other coordinate in each dimension. */
typedef struct cube {
    const publish_cell *of;
    uint64_t amount;
    uint32_t other[PUBLISH_DIMENSIONS_MAX];
} cube;

/* Whether the pair of coordinates in a dimension is a value and the margin, which move together. */
static bool has_margin(const cube *cube, uint32_t d)
{
    return cube->of->at[d] == 0 || cube->other[d] == 0;
}

static uint32_t corner_place(const publish_shield *self, const cube *cube, uint32_t corner)
{
    uint32_t at[PUBLISH_DIMENSIONS_MAX] = {0};

    for (uint32_t d = 0; d < self->grid->table->dimension_count; d++) {
        at[d] = (corner >> d & 1) != 0 ? cube->other[d] : cube->of->at[d];
    }
    return place_of(self->grid, at);
}

static bool is_raised(const publish_shield *self, const cube *cube, uint32_t corner)
{
    bool raised = true;

    for (uint32_t d = 0; d < self->grid->table->dimension_count; d++) {
        raised ^= (corner >> d & 1) != 0 && !has_margin(cube, d);
    }
    return raised;
}

/* What goes up stays within each margin that does not go up with it. */
static bool may_rise(const publish_shield *self, const cube *cube, uint32_t cell)
{
    const publish_cell *const cells = self->grid->table->cells;

    for (uint32_t d = 0; d < self->grid->table->dimension_count; d++) {
        const publish_cell *const margin = margin_of(self->grid, &cells[cell], d);
        if (margin != NULL && !has_margin(cube, d) &&
            self->values[cell] + cube->amount > self->values[margin - cells]) {
            return false;
        }
    }
    return true;
}

/* The largest part of a margin in dimension `d` but the one that goes down with it. */
static uint64_t largest_other(const publish_shield *self, const cube *cube, uint32_t cell,
                              uint32_t d)
{
    const publish_grid *const grid = self->grid;
    const publish_parts *const parts = &self->parts[cell * PUBLISH_DIMENSIONS_MAX + d];
    const uint32_t moves = cube->of->at[d] != 0 ? cube->of->at[d] : cube->other[d];
    const uint32_t place = place_of(grid, grid->table->cells[cell].at) + moves * grid->strides[d];

    return grid->cells[place] == parts->largest_cell + 1 ? parts->second : parts->largest;
}

static bool has_room(const publish_shield *self, const cube *cube, uint32_t cell)
{
    const uint64_t times = self->is_first ? 2 : 1;

    return self->values[cell] >= times * cube->amount + self->floor;
}

/* What goes down keeps the floor, and holds each of its parts. */
static bool may_fall(const publish_shield *self, const cube *cube, uint32_t cell)
{
    const uint64_t value = self->values[cell];

    if (!has_room(self, cube, cell)) {
        return false;
    }
    for (uint32_t d = 0; d < self->grid->table->dimension_count; d++) {
        if (self->grid->table->cells[cell].at[d] == 0 &&
            value - cube->amount < largest_other(self, cube, cell, d)) {
            return false;
        }
    }
    return true;
}

/* Rather a number that nobody has seen than one that was told and would grow old. A cell that the last
 * answer had and did not tell is not protected by a number that this answer told. */
static uint64_t cost_of(const publish_shield *self, const cube *cube, uint32_t cell)
{
    const publish_cell *const cells = self->grid->table->cells;
    uint64_t cost = self->hidden[cell] ? 0 : cells[cell].customers + 1;

    if (&cells[cell] == cube->of) {
        return 0;
    }
    if (self->ties[cell] != PUBLISH_TIE_NONE && !self->hidden[cell]) {
        cost += COST_FROZEN;
    }
    if (self->ties[cell] == PUBLISH_TIE_FRESH && cube->of->before.is_counted &&
        self->ties[cube->of - cells] == PUBLISH_TIE_NONE) {
        cost += COST_STANDS;
    }
    return cost;
}

/* What hiding the cube costs; UINT64_MAX where it does not serve, or costs more than the best. */
static uint64_t cube_cost(const publish_shield *self, const cube *cube, uint64_t best)
{
    const uint32_t corners = 1U << self->grid->table->dimension_count;
    uint64_t cost = 0;

    for (uint32_t corner = 0; corner < corners; corner++) {
        const uint32_t index = self->grid->cells[corner_place(self, cube, corner)];
        if (index == 0 || self->grid->table->cells[index - 1].customers == 0) {
            return UINT64_MAX; /* it is known that nobody is there */
        }
        const bool serves = is_raised(self, cube, corner) ? may_rise(self, cube, index - 1)
                                                          : may_fall(self, cube, index - 1);
        if (!serves) {
            return UINT64_MAX;
        }
        cost += cost_of(self, cube, index - 1);
        if (cost > best) {
            return UINT64_MAX;
        }
    }
    return cost;
}

static void hide_cube(publish_shield *self, const cube *cube)
{
    const uint32_t corners = 1U << self->grid->table->dimension_count;

    for (uint32_t corner = 0; corner < corners; corner++) {
        const uint32_t index = self->grid->cells[corner_place(self, cube, corner)];
        assert(index != 0);
        self->hidden[index - 1] = true;
    }
}

/* --- which partners are tried ------------------------------------------------------------------- */

typedef struct partner {
    uint32_t value;
    uint64_t cost;
} partner;

typedef struct partner_list {
    partner items[PARTNERS_MAX];
    uint32_t count;
} partner_list;

/* Keeps the cheapest, of equal ones the earlier. */
static void keep_partner(partner_list *self, partner found, uint32_t room)
{
    uint32_t i = self->count;

    if (self->count == room) {
        if (room == 0 || found.cost >= self->items[room - 1].cost) {
            return;
        }
        i--;
    } else {
        self->count++;
    }
    for (; i > 0 && self->items[i - 1].cost > found.cost; i--) {
        self->items[i] = self->items[i - 1];
    }
    self->items[i] = found;
}

/* The cheapest along the line, and always the margin. */
static void find_partners(const publish_shield *self, const cube *cube, uint32_t d,
                          partner_list *out)
{
    const publish_grid *const grid = self->grid;
    const uint32_t own = cube->of->at[d];
    const uint32_t first = place_of(grid, cube->of->at) - own * grid->strides[d];
    const uint32_t room = own == 0 ? PARTNERS_MAX : PARTNERS_MAX - 1;

    out->count = 0;
    for (uint32_t value = 1; value <= grid->table->value_counts[d]; value++) {
        const uint32_t index = grid->cells[first + value * grid->strides[d]];
        if (value == own || index == 0 || grid->table->cells[index - 1].customers == 0) {
            continue;
        }
        if (own == 0 || has_room(self, cube, index - 1)) {
            keep_partner(out, (partner){value, cost_of(self, cube, index - 1)}, room);
        }
    }
    if (own != 0) {
        out->items[out->count++] = (partner){0, 0};
    }
}

/* --- one cell ----------------------------------------------------------------------------------- */

/* Its own ancestors, with a customer's cell below it where it is a margin: all go up together, so
 * nothing can be in the way. */
static cube cube_of_margins(const publish_shield *self, const cube *of)
{
    const publish_grid *const grid = self->grid;
    cube all = *of;
    uint32_t place = place_of(grid, of->of->at);

    for (uint32_t d = 0; d < grid->table->dimension_count; d++) {
        all.other[d] = 0;
        for (uint32_t value = 1; of->of->at[d] == 0 && value <= grid->table->value_counts[d];
             value++) {
            const uint32_t index = grid->cells[place + value * grid->strides[d]];
            if (index != 0 && grid->table->cells[index - 1].customers > 0) {
                all.other[d] = value;
                place += value * grid->strides[d];
                break;
            }
        }
    }
    return all;
}

/* All combinations of partners; the cheapest that serves. */
static cube find_cube(publish_shield *self, cube start)
{
    const uint32_t dimensions = self->grid->table->dimension_count;
    partner_list lists[PUBLISH_DIMENSIONS_MAX];
    uint32_t combinations = 1;
    cube best = cube_of_margins(self, &start);
    uint64_t best_cost = cube_cost(self, &best, UINT64_MAX);

    for (uint32_t d = 0; d < dimensions; d++) {
        find_partners(self, &start, d, &lists[d]);
        combinations *= lists[d].count;
    }
    for (uint32_t i = 0; i < combinations && best_cost > 0; i++) {
        cube tried = start;
        uint32_t rest = i;
        for (uint32_t d = 0; d < dimensions; d++) {
            tried.other[d] = lists[d].items[rest % lists[d].count].value;
            rest /= lists[d].count;
        }
        const uint64_t cost = cube_cost(self, &tried, best_cost);
        if (cost < best_cost) {
            best = tried;
            best_cost = cost;
        }
    }
    assert(best_cost != UINT64_MAX); /* C-2: the cube of all margins serves */
    self->stands = self->stands || best_cost >= COST_STANDS;
    return best;
}

static void note_part(publish_parts *self, uint32_t cell, uint64_t value)
{
    if (value > self->largest) {
        *self = (publish_parts){.largest = value, .second = self->largest, .largest_cell = cell};
    } else if (value > self->second) {
        self->second = value;
    }
}

static void find_parts(publish_shield *self)
{
    const publish_table *const table = self->grid->table;

    memset(self->parts, 0, table->cell_count * PUBLISH_DIMENSIONS_MAX * sizeof(*self->parts));
    for (uint32_t i = 0; i < table->cell_count; i++) {
        for (uint32_t d = 0; d < table->dimension_count; d++) {
            const publish_cell *const margin = margin_of(self->grid, &table->cells[i], d);
            if (margin != NULL) {
                const size_t of = (size_t)(margin - table->cells);
                note_part(&self->parts[of * PUBLISH_DIMENSIONS_MAX + d], i, self->values[i]);
            }
        }
    }
}

/* In the order of places, whatever the order of cells (C-6): the last first, so that a margin, which
 * comes before its cells, finds most of what it needs hidden. */
void publish_shield_raise(publish_shield *self)
{
    find_parts(self);
    for (uint32_t place = self->grid->place_count; place > 0; place--) {
        const uint32_t index = self->grid->cells[place - 1];
        if (index == 0 || self->needs[index - 1] == 0) {
            continue;
        }
        const cube start = {.of = &self->grid->table->cells[index - 1],
                            .amount = self->needs[index - 1]};
        const cube found = find_cube(self, start);
        hide_cube(self, &found);
    }
}
