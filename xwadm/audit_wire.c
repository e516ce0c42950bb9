#include "xwadm/audit_wire.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/exitcode.h"

/* No value begins with it. */
#define NOTHING "="

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

enum { CODE_MAX = 255, SIGNAL_MAX = 64 };

static const char *or_nothing(const char *text)
{
    return text && *text ? text : NOTHING;
}

/* A log may say anything; what nothing ends with is a failure. */
static int within(int value, int min, int max, int other)
{
    return value >= min && value <= max ? value : other;
}

void xw_audit_wire_put(struct xw_buffer *buffer, enum xw_audit_source source,
                       const struct xw_audit_event *event)
{
    const struct xw_audit_side *side = &event->side[source];

    xw_buffer_add(buffer, "%d %s %d %" PRIu64 " %u %s %s %s %s %d %d %d %d %" PRIu64, (int)source,
                  or_nothing(event->id), (int)event->phase, side->when, (unsigned int)side->uid,
                  or_nothing(side->op), side->lab, side->owner, side->machines, side->refused,
                  within(side->code, -1, CODE_MAX, XW_EXIT_FAILED) + 1,
                  within(side->signal, 0, SIGNAL_MAX, SIGNAL_MAX), side->malformed, side->duration);
    xw_buffer_add(buffer, " %u %ld %s %s\n", (unsigned int)event->login, event->session + 1,
                  or_nothing(event->terminal), or_nothing(event->domains));
}

/* The fields that are left; rc is the first thing that went wrong. */
struct fields {
    char *rest;
    int rc;
};

static void refuse(struct fields *fields, int rc)
{
    if (fields->rc == 0)
        fields->rc = rc;
}

/* The next field: not empty, of these characters where they are given, shorter than size. */
static const char *text(struct fields *fields, const char *allowed, size_t size)
{
    const char *field = strsep(&fields->rest, " ");

    if (field && *field && strlen(field) < size &&
        (!allowed || strspn(field, allowed) == strlen(field)))
        return field;
    refuse(fields, -EBADMSG);
    return NOTHING;
}

static uint64_t number(struct fields *fields, uint64_t max)
{
    const char *field = text(fields, DIGITS, sizeof("18446744073709551615"));

    errno = 0;
    unsigned long long value = strtoull(field, NULL, 10);
    if (errno != 0 || value > max)
        refuse(fields, -EBADMSG);
    return fields->rc == 0 ? value : 0;
}

/* A text that may be missing. */
static void optional(struct fields *fields, const char *allowed, char *to, size_t size)
{
    const char *field = text(fields, allowed, size);

    snprintf(to, size, "%s", strcmp(field, NOTHING) == 0 ? "" : field);
}

static void name(struct fields *fields, bool (*ok)(const char *), char to[XW_NAME_SIZE])
{
    const char *field = text(fields, NULL, XW_NAME_SIZE);

    if (strcmp(field, "-") != 0 && strcmp(field, "?") != 0 && !ok(field))
        refuse(fields, -EBADMSG);
    snprintf(to, XW_NAME_SIZE, "%s", field);
}

/* A text of any length; NULL where it is missing. */
static char *list(struct fields *fields, const char *allowed)
{
    const char *field = text(fields, allowed, SIZE_MAX);

    if (strcmp(field, NOTHING) == 0)
        return NULL;
    char *copy = strdup(field);
    if (!copy)
        refuse(fields, -ENOMEM);
    return copy;
}

static void take_side(struct fields *fields, struct xw_audit_side *side)
{
    side->when = number(fields, UINT64_MAX);
    side->uid = (uid_t)number(fields, UINT32_MAX);
    optional(fields, LETTERS "-" NOTHING, side->op, sizeof(side->op));
    name(fields, xw_name_ok, side->lab);
    name(fields, xw_owner_ok, side->owner);
    side->machines = list(fields, LETTERS DIGITS "-,*?");
    side->refused = number(fields, 1) == 1;
    side->code = (int)number(fields, CODE_MAX + 1) - 1;
    side->signal = (int)number(fields, SIGNAL_MAX);
    side->malformed = number(fields, 1) == 1;
    side->duration = number(fields, UINT64_MAX);
}

int xw_audit_wire_take(char *line, enum xw_audit_source *source, struct xw_audit_event *event)
{
    struct fields fields = {.rest = line};

    *event = (struct xw_audit_event){0};
    *source = (enum xw_audit_source)number(&fields, XW_AUDIT_SOURCES - 1);
    optional(&fields, NULL, event->id, sizeof(event->id));
    event->phase = (enum xw_audit_phase)number(&fields, XW_AUDIT_MALFORMED);
    take_side(&fields, &event->side[*source]);
    event->login = (uid_t)number(&fields, UINT32_MAX);
    event->session = (long)number(&fields, UINT32_MAX) - 1;
    optional(&fields, LETTERS DIGITS "/?-_" NOTHING, event->terminal, sizeof(event->terminal));
    event->domains = list(&fields, DIGITS "abcdef-," NOTHING);
    if (fields.rest || (*event->id && !xw_request_id_ok(event->id)))
        refuse(&fields, -EBADMSG);
    if (fields.rc < 0)
        xw_audit_event_clear(event);
    return fields.rc;
}
