#include "xwadm/lab_compile.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/lines.h"
#include "xwadm/lab.h"
#include "xwadm/lab_access.h"
#include "xwsh/suggest.h"

struct moment {
    struct xw_place at; /* in the file */
    time_t when;        /* 0: there is none, or it isn't known */
};

struct window {
    const char *zone; /* of the lookup's; NULL: it is not known, so neither are the times */
    struct moment opens;
    struct moment closes;
    unsigned long grace; /* minutes */
};

struct compiler {
    struct xw_record_lines lines;
    const struct xw_lab_lookup *lookup;
    struct xw_problems *problems;
    struct xw_buffer *plan;
    char title[XW_TITLE_MAX + 1];
    struct xw_lab_people people;
    struct window window;
    char image[XW_NAME_SIZE]; /* of the machine that is being read; "" if it isn't usable */
    unsigned int memory_min;  /* of that image */
};

static void read_error(struct compiler *compiler)
{
    struct xw_place at = {0};
    char text[XW_LAB_REST_SIZE];

    if (xw_lab_placed(&compiler->lines, "error", &at, text))
        xw_problem_add(compiler->problems, at, "%s", text);
}

static void read_more(struct compiler *compiler)
{
    unsigned long more = 0;

    if (xw_record_number(&compiler->lines, "more", 1, UINT_MAX, &more))
        compiler->problems->dropped += more;
}

static void read_zone(struct compiler *compiler)
{
    const struct xw_lab_lookup *lookup = compiler->lookup;
    struct xw_place at = {0};
    char name[XW_LAB_REST_SIZE];

    if (!xw_lab_placed(&compiler->lines, "timezone", &at, name))
        return;
    compiler->window.zone = NULL;
    for (size_t i = 0; i < lookup->zone_count && !compiler->window.zone; i++) {
        if (strcmp(lookup->zones[i], name) == 0)
            compiler->window.zone = lookup->zones[i];
    }
    if (compiler->window.zone)
        return;
    const char *near = xw_suggest(name, lookup->zones, lookup->zone_count);
    if (near)
        xw_problem_add(compiler->problems, at,
                       "this host knows no time zone \"%.40s\"; did you mean \"%s\"?", name, near);
    else
        xw_problem_add(compiler->problems, at,
                       "this host knows no time zone \"%.40s\"; take one that `timedatectl "
                       "list-timezones` shows, or install tzdata",
                       name);
}

/*
 * A time that the clock shows twice is the first of the two to open, and the second to close: the
 * window is not shorter than somebody there could take it to be.
 */
static void read_time(struct compiler *compiler, const char *key, bool take_last,
                      struct moment *moment)
{
    char text[XW_LAB_REST_SIZE];
    struct xw_local_time local;
    struct xw_error why = {0};
    time_t first = 0;
    time_t last = 0;

    if (!xw_lab_placed(&compiler->lines, key, &moment->at, text))
        return;
    if (moment->when || xw_local_time_read(text, &local)) {
        xw_record_refuse_taken(&compiler->lines, "\"%s\" takes one time", key);
        return;
    }
    if (!compiler->window.zone)
        return;
    int found = compiler->lookup->time(compiler->window.zone, &local, &first, &last, &why);
    if (found < 0)
        xw_problem_add(compiler->problems, moment->at, "%s can't be looked up: %s", key, why.text);
    else if (found == 0)
        xw_problem_add(compiler->problems, moment->at,
                       "%s: there is no %s %s%s, the clock is put forward over it; write a time "
                       "before or after",
                       key, text, *compiler->window.zone ? "in " : "on this host",
                       compiler->window.zone);
    else
        moment->when = take_last ? last : first;
}

static void read_grace(struct compiler *compiler)
{
    xw_record_number(&compiler->lines, "grace", 1, XW_GRACE_MINUTES, &compiler->window.grace);
}

static void check_window(const struct window *window, struct xw_problems *problems)
{
    if (window->closes.when && window->closes.when <= window->opens.when)
        xw_problem_add(problems, window->closes.at,
                       "closes is not after opens, so the lab would never be open; correct one of "
                       "them");
}

static void unknown_image(struct compiler *compiler, struct xw_place at, const char *name)
{
    const struct xw_lab_lookup *lookup = compiler->lookup;
    const char *near = xw_suggest(name, lookup->images, lookup->image_count);

    if (near)
        xw_problem_add(compiler->problems, at,
                       "no image \"%.40s\" is installed; did you mean \"%s\"?", name, near);
    else
        xw_problem_add(compiler->problems, at,
                       "no image \"%.40s\" is installed; install it with `xwadm image add`, or "
                       "take one that `xwadm image list` shows",
                       name);
}

static void read_image(struct compiler *compiler)
{
    struct xw_place at = {0};
    char name[XW_LAB_REST_SIZE];
    char id[XW_IMAGE_ID_LEN + 1] = "";
    struct xw_error why = {0};

    compiler->image[0] = '\0';
    compiler->memory_min = 0;
    if (!xw_lab_placed(&compiler->lines, "image", &at, name))
        return;
    int rc =
        xw_name_ok(name) ? compiler->lookup->image(name, id, &compiler->memory_min, &why) : -ENOENT;
    if (rc == -ENOENT) {
        unknown_image(compiler, at, name);
    } else if (rc < 0) {
        xw_problem_add(compiler->problems, at, "%s", why.text);
    } else {
        memcpy(compiler->image, name, strlen(name) + 1);
        xw_buffer_add(compiler->plan, "image %s %s\n", name, id);
    }
}

static void read_memory(struct compiler *compiler)
{
    struct xw_place at = {0};
    char text[XW_LAB_REST_SIZE];
    unsigned long memory;

    if (!xw_lab_placed(&compiler->lines, "memory", &at, text))
        return;
    if (xw_number(text, XW_MEMORY_MAX, &memory) < 0) {
        xw_record_refuse_taken(&compiler->lines, "\"memory\" takes a number");
        return;
    }
    if (memory == 0)
        memory =
            compiler->memory_min > XW_MEMORY_DEFAULT ? compiler->memory_min : XW_MEMORY_DEFAULT;
    if (memory < compiler->memory_min)
        xw_problem_add(compiler->problems, at,
                       "%lu MiB of memory are too few for the image \"%s\"; give it at least %u",
                       memory, compiler->image, compiler->memory_min);
    xw_buffer_add(compiler->plan, "memory %lu\n", memory);
}

/* Lines that are the plan's own: taken over as they are, and checked with the whole plan. */
static bool read_plan_line(struct compiler *compiler)
{
    static const char *const keys[] = {
        "most-machines", "most-memory", "most-vcpus", "most-checkpoints",
        "suspend-after", "copy-limit",  "segment",    "machine",
        "vcpus",         "order",       "gateway",    "forward",
        "graphics",      "interface"};
    char value[XW_NAME_SIZE + XW_ADDRESS_SIZE];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!xw_record_at(&compiler->lines, keys[i]))
            continue;
        if (xw_record_text(&compiler->lines, keys[i], value, sizeof(value)))
            xw_buffer_add(compiler->plan, "%s %s\n", keys[i], value);
        return true;
    }
    return false;
}

/* Reads one line; false at the end or where reading has failed. */
static bool read_line(struct compiler *compiler)
{
    struct xw_record_lines *lines = &compiler->lines;

    if (xw_record_at(lines, "error"))
        read_error(compiler);
    else if (xw_record_at(lines, "more"))
        read_more(compiler);
    else if (xw_lab_people_read(&compiler->people, lines, compiler->lookup, compiler->problems))
        return lines->rc == 0;
    else if (xw_record_at(lines, "timezone"))
        read_zone(compiler);
    else if (xw_record_at(lines, "opens"))
        read_time(compiler, "opens", false, &compiler->window.opens);
    else if (xw_record_at(lines, "closes"))
        read_time(compiler, "closes", true, &compiler->window.closes);
    else if (xw_record_at(lines, "grace"))
        read_grace(compiler);
    else if (xw_record_at(lines, "title"))
        xw_record_text(lines, "title", compiler->title, sizeof(compiler->title));
    else if (xw_record_at(lines, "image"))
        read_image(compiler);
    else if (xw_record_at(lines, "memory"))
        read_memory(compiler);
    else
        return read_plan_line(compiler);
    return lines->rc == 0;
}

static void write_window(const struct window *window, struct xw_buffer *out)
{
    if (window->opens.when)
        xw_buffer_add(out, "opens %lld\n", (long long)window->opens.when);
    if (window->closes.when)
        xw_buffer_add(out, "closes %lld\n", (long long)window->closes.when);
    if (window->grace)
        xw_buffer_add(out, "grace %lu\n", window->grace * 60);
}

static void write_access(const struct compiler *compiler, const char *name,
                         const struct xw_plan *plan, struct xw_buffer *out)
{
    xw_buffer_add(out, "xworlds-access 1\nlab %s\ntitle %s\n", name, compiler->title);
    xw_lab_people_write(&compiler->people, out);
    write_window(&compiler->window, out);
    for (size_t i = 0; i < plan->machine_count; i++)
        xw_buffer_add(out, "machine %s\n", plan->machines[i].name);
    xw_buffer_add(out, "end\n");
}

/* Parses what has been made with the parsers of those who will read it. */
static int check_records(const struct compiler *compiler, const char *name,
                         struct xw_lab_compiled *compiled, struct xw_error *err)
{
    struct xw_error why = {0};

    if (compiled->plan_text.failed)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    if (compiled->plan_text.length > XW_RECORD_BYTES_MAX)
        return xw_fail(err, -EFBIG,
                       "the lab is too large: its plan takes %zu bytes, and %d is the most; split "
                       "it into several labs",
                       compiled->plan_text.length, XW_RECORD_BYTES_MAX);
    if (xw_plan_parse(compiled->plan_text.text, compiled->plan_text.length, &compiled->plan, &why) <
        0)
        return xw_fail(err, -EBADMSG, "the file's reader gave a plan that is not one (%s)",
                       why.text);
    write_access(compiler, name, &compiled->plan, &compiled->access_text);
    if (compiled->access_text.failed)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    if (xw_access_parse(compiled->access_text.text, compiled->access_text.length, &compiled->access,
                        &why) < 0)
        return xw_fail(err, -EBADMSG, "the file's reader gave a lab that is not one (%s)",
                       why.text);
    return 0;
}

int xw_lab_compile(const char *name, const char *lines, size_t length,
                   const struct xw_lab_lookup *lookup, struct xw_lab_compiled *compiled,
                   struct xw_problems *problems, struct xw_error *err)
{
    struct compiler compiler = {.lookup = lookup,
                                .problems = problems,
                                .plan = &compiled->plan_text,
                                .window = {.zone = ""}};
    struct xw_error why = {0};

    memset(compiled, 0, sizeof(*compiled));
    xw_record_begin(&compiler.lines, lines, length, "xworlds-lab 1", &why);
    xw_buffer_add(compiler.plan, "xworlds-plan 1\nlab %s\n", name);
    while (read_line(&compiler))
        continue;
    xw_buffer_add(compiler.plan, "end\n");
    if (xw_record_end(&compiler.lines) < 0)
        return xw_fail(err, -EBADMSG, "the file's reader gave no proper answer (%s)", why.text);
    check_window(&compiler.window, problems);
    xw_problems_sort(problems);
    if (problems->count > 0)
        return xw_fail(err, -EINVAL, "the lab file has errors");
    return check_records(&compiler, name, compiled, err);
}
