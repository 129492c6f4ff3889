/* cli/sample.c: rows of the sample, and who of them consents.
 *
 * Everything follows from seed and index, so that two folders of one seed hold the same people. Of
 * the adults on ADULT_AT about 60 % consent to direct marketing and, apart from that, 40 % to
 * analytics.
 */
#include "cli/sample.h"

#include "base/clock.h"
#include "cli/import_chunk.h"
#include "cli/import_row.h"
#include "cli/progress.h"
#include "cli/say.h"

#define ADULT_YEARS 18
#define ADULT_AT ((civil_date){2026, 1, 1})
#define DRAW_CONSTANT UINT64_C(0x9e3779b97f4a7c15)

typedef struct sample_consent {
    const char *purpose;
    uint32_t percent;
} sample_consent;

static const sample_consent consents[] = {{"direct-marketing", 60}, {"analytics", 40}};

/* A number that looks drawn, 0 … 99 (the finaliser of SplitMix64; Steele, Lea, Flood 2014). */
static uint32_t draw(uint64_t seed, uint32_t index, uint32_t what)
{
    uint64_t z = seed + DRAW_CONSTANT * ((uint64_t)index * 16 + what + 1);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % 100);
}

static bool is_adult(const json_value *person)
{
    const json_value *profile = json_member(person, "profile");
    const json_value *birthday = profile == NULL ? NULL : json_member(profile, "birthday");
    civil_date born = {0};

    if (birthday == NULL || civil_date_parse(json_text(birthday), &born) < 0) {
        return false;
    }
    const int32_t grown = civil_date_to_days(civil_date_add_years(born, ADULT_YEARS));
    return grown <= civil_date_to_days(ADULT_AT);
}

static void write_consents(json_writer *json, uint64_t seed, uint32_t index)
{
    json_name(json, "consents");
    json_begin_array(json);
    for (uint32_t i = 0; i < sizeof(consents) / sizeof(consents[0]); i++) {
        if (draw(seed, index, i) >= consents[i].percent) {
            continue;
        }
        json_begin_object(json);
        json_member_string(json, "purpose", consents[i].purpose);
        json_member_string(json, "state", "given");
        json_member_string(json, "language", "zh");
        json_end_object(json);
    }
    json_end_array(json);
}

/* The person's own members and consents. */
static velum_status write_row(const json_value *person, uint64_t seed, uint32_t index, buffer *out)
{
    json_writer json;
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name = TEXT_EMPTY;

    buffer_reset(out);
    json_writer_init(&json, out);
    json_begin_object(&json);
    while (json_next(person, &iterator, &name, &value)) {
        json_name_text(&json, name);
        json_write_value(&json, value);
    }
    if (is_adult(person)) {
        write_consents(&json, seed, index);
    }
    json_end_object(&json);
    return buffer_status(out);
}

static velum_status add_person(import_chunk *chunk, uint64_t seed, uint32_t index, buffer *row)
{
    VELUM_AUTO(json) *person = NULL;
    char *made = NULL;
    size_t size = 0;

    VELUM_TRY(velum_sample_person(seed, index, &made, &size));
    const velum_status status = json_parse((text){made, size}, IMPORT_ROW_BYTES_MAX, &person, NULL);
    velum_body_free(made);
    VELUM_TRY(status);
    VELUM_TRY(write_row(json_root(person), seed, index, row));
    return import_chunk_add(chunk, (text){(const char *)row->data, row->size});
}

static velum_status add_all(import_chunk *chunk, uint64_t seed, uint32_t count)
{
    VELUM_AUTO_BUFFER row;
    progress progress;
    velum_status status = VELUM_OK;

    buffer_init(&row, IMPORT_ROW_BYTES_MAX);
    progress_begin(&progress, "customers made");
    for (uint32_t i = 0; i < count && status >= 0; i++) {
        status = add_person(chunk, seed, i, &row);
        progress_show(&progress, i + 1, i + 1, count);
    }
    if (status >= 0) {
        status = import_chunk_end(chunk);
    }
    progress_end(&progress);
    return status;
}

velum_status sample_fill(const char *folder, uint64_t seed, uint32_t count)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO_CHUNK chunk;

    import_chunk_init(&chunk, NULL, TEXT_LITERAL("sample"));
    VELUM_TRY(session_open_folder(folder, &client));
    chunk.client = client;
    VELUM_TRY(add_all(&chunk, seed, count));
    if (chunk.counts.rejected > 0) {
        say("%llu customers of the sample were rejected",
            (unsigned long long)chunk.counts.rejected);
        return VELUM_E_INTERNAL;
    }
    return VELUM_OK;
}
