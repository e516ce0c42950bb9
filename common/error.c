#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/exitcode.h"

static void remove_controls(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
}

static void __attribute__((format(printf, 3, 0)))
set_text(struct xw_error *err, int code, const char *format, va_list args)
{
    err->code = code;
    err->refused = false;
    if (vsnprintf(err->text, sizeof(err->text), format, args) < 0)
        err->text[0] = '\0';
    remove_controls(err->text);
}

int xw_fail(struct xw_error *err, int code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        set_text(err, code, format, args);
        va_end(args);
    }
    return code;
}

int xw_fail_errno(struct xw_error *err, int code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        set_text(err, code, format, args);
        va_end(args);
        size_t used = strlen(err->text);
        snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(-code));
    }
    return code;
}

int xw_refuse(struct xw_error *err)
{
    int rc = xw_fail(err, -EPERM, XW_REFUSED_TEXT);

    if (err)
        err->refused = true;
    return rc;
}
