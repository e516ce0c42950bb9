#include "xwadm/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/exitcode.h"

enum { SCHEMA = 1 };

void xw_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void xw_note(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    flockfile(stderr);
    fputs("xwadm: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    funlockfile(stderr);
}

int xw_exit_of(int code)
{
    return code == -EAGAIN ? XW_EXIT_TRY_AGAIN : XW_EXIT_FAILED;
}

int xw_complain(const struct xw_error *err)
{
    xw_note("%s", err->text);
    return xw_exit_of(err->code);
}

void xw_size_text(unsigned long long bytes, char text[16])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(text, 16, "%u B", (unsigned int)bytes);
        return;
    }
    while (size >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 16, size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* What only prints has nothing to put in order. */
static _Noreturn void end_without_memory(void)
{
    xw_note("there is not enough memory");
    exit(XW_EXIT_FAILED);
}

struct json_object *xw_json_need(struct json_object *object)
{
    if (!object)
        end_without_memory();
    return object;
}

struct json_object *xw_json_new(void)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_json_number(object, "schema", SCHEMA);
    return object;
}

void xw_json_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, xw_json_need(json_object_new_string(text)));
}

void xw_json_number(struct json_object *object, const char *key, unsigned long long number)
{
    json_object_object_add(object, key, xw_json_need(json_object_new_uint64(number)));
}

void xw_json_bool(struct json_object *object, const char *key, bool value)
{
    json_object_object_add(object, key, xw_json_need(json_object_new_boolean(value)));
}

void xw_json_time(struct json_object *object, const char *key, time_t when)
{
    char text[sizeof("YYYY-MM-DDTHH:MM:SSZ") + 16];
    struct tm parts;

    if (gmtime_r(&when, &parts) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts))
        xw_json_text(object, key, text);
}

void xw_json_print(struct json_object *object)
{
    const char *text = json_object_to_json_string_ext(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (!text)
        end_without_memory();
    puts(text);
    json_object_put(object);
}
