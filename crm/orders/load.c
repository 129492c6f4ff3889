#include "crm/orders/load.h"

#include "base/file.h"
#include "crm/orders/chunk.h"
#include "crm/orders/order.h"
#include "crm/progress.h"
#include "crm/say.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096

typedef struct loading {
    buffer map_text;
    orders_map *map;
    items *items;
    rejects rejects;
    char rejects_path[PATH_BYTES_MAX];
    uint64_t orders;
} loading;

static void loading_clear(loading *self)
{
    rejects_close(&self->rejects);
    items_free(self->items);
    orders_map_free(self->map);
    buffer_clear(&self->map_text);
}
#define VELUM_AUTO_LOADING __attribute__((cleanup(loading_clear))) loading

/* --- reading ------------------------------------------------------------------------------------ */

static velum_status read_map(loading *self, const options *options)
{
    velum_error err = {.text = ""};

    if (options->map == NULL) {
        say("--map names the file that says what the columns are");
        return VELUM_E_INVALID;
    }
    buffer_init(&self->map_text, ORDERS_MAP_BYTES_MAX);
    if (file_read(AT_FDCWD, options->map, &self->map_text) < 0) {
        say("the map does not open");
        return VELUM_E_NOTFOUND;
    }
    const text source = {(const char *)self->map_text.data, self->map_text.size};
    const velum_status status = orders_map_compile(source, &self->map, &err);
    if (status < 0) {
        say("%s", err.text);
    }
    return status;
}

static velum_status read_items(loading *self, const options *options)
{
    const bool is_stdin = strcmp(options->argument, "-") == 0;
    VELUM_AUTO_FD fd = is_stdin ? dup(STDIN_FILENO) : open(options->argument, O_RDONLY | O_CLOEXEC);
    velum_error err = {.text = ""};

    if (fd < 0) {
        say("the file does not open");
        return VELUM_E_NOTFOUND;
    }
    const velum_status status = items_read(fd, self->map, &self->rejects, &self->items, &err);
    if (status < 0) {
        say("%s", err.text[0] != '\0' ? err.text : velum_status_text(status));
    }
    return status;
}

static velum_status name_rejects(loading *self, const options *options)
{
    const bool is_stdin = strcmp(options->argument, "-") == 0;
    const char *const beside = is_stdin ? "orders" : options->argument;
    const int size = options->rejects != NULL
                         ? snprintf(self->rejects_path, PATH_BYTES_MAX, "%s", options->rejects)
                         : snprintf(self->rejects_path, PATH_BYTES_MAX, "%s.rejected.csv", beside);

    self->rejects.path = self->rejects_path;
    return size > 0 && size < PATH_BYTES_MAX ? VELUM_OK : VELUM_E_LIMIT;
}

/* --- putting ------------------------------------------------------------------------------------ */

static velum_status put_order(loading *self, chunk *chunk, const order_of *of)
{
    VELUM_AUTO_BUFFER order = {0};
    const char *reason = NULL;

    self->orders++;
    buffer_init(&order, ORDER_BYTES_MAX);
    const velum_status status = order_write(of, &order, &reason);
    if (reason != NULL) {
        chunk->totals.rejected++;
        return rejects_add(&self->rejects, items_at(of->items, of->first)->line, text_of(reason));
    }
    VELUM_TRY(status);
    return chunk_add(chunk, (text){(const char *)order.data, order.size},
                     (uint32_t)(of->end - of->first) + 1);
}

static velum_status put_orders(loading *self, chunk *chunk)
{
    const size_t count = items_count(self->items);
    order_of of = {.map = self->map, .items = self->items};
    progress progress;
    velum_status status = VELUM_OK;

    progress_begin(&progress, "lines");
    while (status == VELUM_OK && of.first < count) {
        of.end = items_end_of_order(self->items, of.first);
        status = put_order(self, chunk, &of);
        of.first = of.end;
        progress_show(&progress, of.end, count);
    }
    if (status == VELUM_OK) {
        status = chunk_send(chunk);
    }
    progress_end(&progress);
    return status;
}

/* --- telling ------------------------------------------------------------------------------------ */

static void show_counts(const loading *self, const chunk_totals *totals, bool as_json)
{
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"lines", items_count(self->items)},
        {"orders", self->orders},
        {"new", totals->new},
        {"same", totals->same},
        {"changed", totals->changed},
        {"rejected", self->rejects.count},
    };

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (as_json) {
            (void)printf(",\"%s\":%llu", counts[i].name, (unsigned long long)counts[i].count);
        } else {
            (void)printf("%s %llu %s", i == 0 ? ":" : ",", (unsigned long long)counts[i].count,
                         counts[i].name);
        }
    }
}

static void show_totals(const loading *self, const chunk_totals *totals, bool as_json)
{
    const text source = self->map->source;

    (void)printf(as_json ? "{\"source\":\"%.*s\"" : "%.*s", (int)source.size, source.data);
    show_counts(self, totals, as_json);
    (void)puts(as_json ? "}" : "");
    if (self->rejects.count > 0) {
        say("%llu were not taken: the file of rejected rows has line and reason",
            (unsigned long long)self->rejects.count);
    }
}

static velum_status load(loading *self, const options *options)
{
    VELUM_AUTO_DOOR door = {.gate = NULL};
    VELUM_AUTO_CHUNK chunk = {
        .door = &door, .table = self->map->orders.name, .rejects = &self->rejects};

    chunk_init(&chunk);
    VELUM_TRY(door_open(&door, options));
    const velum_status status = put_orders(self, &chunk);
    if (status < 0) {
        say("it ended early; loading the file again is safe");
        return status;
    }
    if (rejects_end(&self->rejects) < 0) {
        say("the file of rejected rows could not be written");
        return VELUM_E_IO;
    }
    show_totals(self, &chunk.totals, options->json);
    return VELUM_OK;
}

int orders_load(const options *options)
{
    VELUM_AUTO_LOADING self = {.map = NULL};

    if (read_map(&self, options) < 0) {
        return EXIT_USAGE;
    }
    if (name_rejects(&self, options) < 0 || read_items(&self, options) < 0) {
        return EXIT_REFUSED;
    }
    return load(&self, options) < 0 ? EXIT_REFUSED : EXIT_DONE;
}
