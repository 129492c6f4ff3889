/* compile_notices.c: the files of a policy: which there are, and the notices among them.
 *
 * Notices are copied, since the caller's bytes may go, and sorted by id, then zh, en, and the other
 * languages by name, so that the languages of one id stand side by side, the one to fall back to
 * first.
 */
#include "policy/compiler.h"

#include <stdlib.h>

#define FOLDER "notices/"
#define FOLDER_BYTES (sizeof(FOLDER) - 1)
#define SUFFIX ".md"
#define SUFFIX_BYTES (sizeof(SUFFIX) - 1)
#define LANGUAGE_BYTES_MAX 3

static bool language_is_valid(text language)
{
    if (language.size < 2 || language.size > LANGUAGE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < language.size; i++) {
        if (language.data[i] < 'a' || language.data[i] > 'z') {
            return false;
        }
    }
    return true;
}

/* "notices/marketing.zh.md" to marketing and zh. */
static bool split_name(text name, text *out_id, text *out_language)
{
    if (!text_starts_with(name, FOLDER) || name.size < FOLDER_BYTES + SUFFIX_BYTES ||
        memcmp(name.data + name.size - SUFFIX_BYTES, SUFFIX, SUFFIX_BYTES) != 0) {
        return false;
    }
    const text middle = {name.data + FOLDER_BYTES, name.size - FOLDER_BYTES - SUFFIX_BYTES};
    const size_t dot = text_find_byte(middle, '.');
    if (dot == middle.size) {
        return false;
    }
    *out_id = (text){middle.data, dot};
    *out_language = (text){middle.data + dot + 1, middle.size - dot - 1};
    return name_is_valid(*out_id) && language_is_valid(*out_language);
}

static int language_rank(text language)
{
    if (text_equal_literal(language, "zh")) {
        return 0;
    }
    return text_equal_literal(language, "en") ? 1 : 2;
}

static int by_id_and_language(const void *a, const void *b)
{
    const bundle_notice *const left = a;
    const bundle_notice *const right = b;
    const int ids = text_compare(left->id, right->id);
    const int ranks = language_rank(left->language) - language_rank(right->language);

    if (ids != 0 || ranks != 0) {
        return ids != 0 ? ids : ranks;
    }
    return text_compare(left->language, right->language);
}

/* Copies behind what is there already; the block was sized for all. */
static text keep(char *block, size_t *used, text part)
{
    memcpy(block + *used, part.data, part.size);
    const text kept = {block + *used, part.size};
    *used += part.size;
    return kept;
}

static void add_notice(compiler *self, const bundle_file *file, size_t *used)
{
    bundle *const out = self->out;
    text id;
    text language;

    if (!split_name(file->name, &id, &language)) {
        tell_error_in(self, quote(file->name).text, 0,
                      "is no file of a policy; there are policy.yaml, notices/<id>.<lang>.md, "
                      "packs/<name>.yaml and modules/<name>.yaml");
        return;
    }
    if (file->bytes.size == 0 || !utf8_is_valid(file->bytes)) {
        tell_error_in(self, quote(file->name).text, 0,
                      "a notice is not empty and is UTF-8; write its text");
        return;
    }
    if (out->notice_count == BUNDLE_NOTICES_MAX) {
        tell_error_in(self, quote(file->name).text, 0, "a policy has at most %u notices",
                      BUNDLE_NOTICES_MAX);
        return;
    }
    bundle_notice *const notice = &out->notices[out->notice_count++];
    notice->id = keep(out->source->notices, used, id);
    notice->language = keep(out->source->notices, used, language);
    notice->body = keep(out->source->notices, used, file->bytes);
    sha256(file->bytes.data, file->bytes.size, notice->hash);
}

static void check_twice(compiler *self)
{
    for (uint32_t i = 1; i < self->out->notice_count; i++) {
        const bundle_notice *const notice = &self->out->notices[i];
        if (by_id_and_language(notice - 1, notice) == 0) {
            tell_error_in(self, "notices", 0, "the notice %s in %.3s is there twice",
                          quote(notice->id).text, quote(notice->language).text);
        }
    }
}

velum_status compile_notices(compiler *self, const bundle_file *files, size_t count)
{
    size_t bytes = 0;
    size_t used = 0;

    for (size_t i = 0; i < count; i++) { /* bounded: bundle_compile checked the sum */
        bytes += files[i].name.size + files[i].bytes.size;
    }
    self->out->source->notices = mem_alloc(bytes);
    if (self->out->source->notices == NULL) {
        return VELUM_E_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        text name;
        if (!text_equal_literal(files[i].name, "policy.yaml") &&
            !pack_file_name(files[i].name, &name) && !module_file_name(files[i].name, &name)) {
            add_notice(self, &files[i], &used);
        }
    }
    qsort(self->out->notices, self->out->notice_count, sizeof(bundle_notice), by_id_and_language);
    check_twice(self);
    return VELUM_OK;
}
