/* compile_finding.c: telling what is wrong with a policy, one line each.
 *
 * The first error also goes into the caller's velum_error. After COMPILER_ERRORS_MAX the rest is
 * counted only. Messages may quote names of the policy, which is the officer's own file.
 */
#include "policy/compiler.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 512

static void tell(compiler *self, bool is_error, const char *file, uint32_t line,
                 const char *message)
{
    if (self->tell != NULL) {
        self->tell(self->context, is_error, file, line, message);
    }
}

static void tell_one_error(compiler *self, const char *file, uint32_t line, const char *message)
{
    self->error_count++;
    if (self->error_count == 1 && line > 0) {
        (void)error_set(self->err, VELUM_E_INVALID, "%s:%u: %s", file, line, message);
    }
    if (self->error_count == 1 && line == 0) {
        (void)error_set(self->err, VELUM_E_INVALID, "%s: %s", file, message);
    }
    if (self->error_count < COMPILER_ERRORS_MAX) {
        tell(self, true, file, line, message);
    }
    if (self->error_count == COMPILER_ERRORS_MAX) {
        tell(self, true, file, line, "too many errors; correct those above first");
    }
}

void tell_error(compiler *self, uint32_t line, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    tell_one_error(self, self->file, line, message);
}

void tell_error_in(compiler *self, const char *file, uint32_t line, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    tell_one_error(self, file, line, message);
}

void tell_warning(compiler *self, uint32_t line, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    tell(self, false, self->file, line, message);
}

void tell_warning_in(compiler *self, const char *file, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    tell(self, false, file, 0, message);
}

void tell_yaml_error(compiler *self, text why)
{
    uint64_t line = 0;
    text rest = why;
    text first;

    if (!text_starts_with(why, "line ") || !text_split(&rest, ',', &first) ||
        !text_parse_u64((text){first.data + 5, first.size - 5}, &line) || line > UINT32_MAX ||
        rest.data == NULL) {
        tell_error(self, 0, "%.*s", (int)why.size, why.data);
        return;
    }
    tell_error(self, (uint32_t)line, "%.*s", (int)(rest.size - 1), rest.data + 1);
}

quoted quote(text name)
{
    quoted out = {""};
    size_t size = 0;
    size_t offset = 0;
    uint32_t code_point = 0;

    if (!utf8_is_valid(name)) {
        return (quoted){"(not UTF-8)"};
    }
    while (utf8_next(name, &offset, &code_point) && size + 4 < sizeof(out.text)) {
        const bool is_control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
        size += utf8_write(is_control ? '?' : code_point, out.text + size);
    }
    return out;
}
