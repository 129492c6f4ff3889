/* cli/width.c: widths by two short tables of ranges, after UAX #11 (Unicode 15). */
#include "cli/width.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

static const range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26aa, 0x26ab},
    {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2b1b, 0x2b1c},
    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},
    {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},
    {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff},
    {0x1aff0, 0x1b2ff}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
    {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c},
    {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0},
    {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
    {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596},
    {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6fc}, {0x1f7e0, 0x1f7f0},
    {0x1f90c, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

/* Marks that stand on the character before, and what has no shape. */
static const range without_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},   {0x05bf, 0x05c7}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x0670, 0x0670}, {0x06d6, 0x06dc},   {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x200b, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x206f}, {0x20d0, 0x20f0}, {0x302a, 0x302d},   {0x3099, 0x309a}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

static bool is_in(const range *ranges, size_t count, uint32_t code_point)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (code_point < ranges[middle].first) {
            high = middle;
        } else if (code_point > ranges[middle].last) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

uint32_t width_of_code_point(uint32_t code_point)
{
    if (is_in(without_width, sizeof(without_width) / sizeof(without_width[0]), code_point)) {
        return 0;
    }
    return is_in(wide, sizeof(wide) / sizeof(wide[0]), code_point) ? 2 : 1;
}

size_t width_of(text a)
{
    size_t offset = 0;
    size_t cells = 0;
    uint32_t code_point = 0;

    while (utf8_next(a, &offset, &code_point)) {
        cells += width_of_code_point(code_point);
    }
    return cells;
}

size_t width_prefix(text a, size_t cells)
{
    size_t offset = 0;
    size_t end = 0;
    size_t used = 0;
    uint32_t code_point = 0;

    while (utf8_next(a, &offset, &code_point)) {
        used += width_of_code_point(code_point);
        if (used > cells && end > 0) {
            return end;
        }
        end = offset;
    }
    return end;
}

/* What drives the terminal, reorders what is shown (directional marks, overrides, isolates), breaks a
 * line, or is a text within the text that nobody sees (annotations, tags). */
static const range unsafe[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c},   {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2066, 0x2069}, {0xfff9, 0xfffb}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

/* Bytes of the well-formed character at the start, 0 where there is none. */
static size_t character_size(text a)
{
    for (size_t size = 1; size <= 4 && size <= a.size; size++) {
        if (utf8_is_valid((text){a.data, size})) {
            return size;
        }
    }
    return 0;
}

void width_clean(text a, char *out, size_t size)
{
    size_t used = 0;

    for (size_t at = 0; at < a.size;) {
        const text rest = {a.data + at, a.size - at};
        const size_t bytes = character_size(rest);
        size_t offset = 0;
        uint32_t code_point = 0;
        bool is_good = bytes > 0 && utf8_next((text){rest.data, bytes}, &offset, &code_point);
        is_good = is_good && !is_in(unsafe, sizeof(unsafe) / sizeof(unsafe[0]), code_point);
        const size_t needed = is_good ? bytes : 1;
        if (used + needed >= size) {
            break;
        }
        memcpy(out + used, is_good ? rest.data : "?", needed);
        used += needed;
        at += bytes > 0 ? bytes : 1;
    }
    out[used] = '\0';
}
