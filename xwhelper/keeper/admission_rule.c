#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "xwhelper/keeper/admission.h"

/* As many machines are named as fit an answer well. */
enum { NAMED_MAX = 6, LIST_SIZE = 288 };

/* What some of the running machines use together. */
struct use {
    size_t machines;
    unsigned long long memory;
    unsigned long long vcpus;
};

/* Whether a running machine is of those that are meant. */
typedef bool (*filter)(const struct xw_running *running, const struct xw_running *wanted);

static bool is_anyones(const struct xw_running *running, const struct xw_running *wanted)
{
    (void)running;
    (void)wanted;
    return true;
}

static bool is_owners(const struct xw_running *running, const struct xw_running *wanted)
{
    return strcmp(running->owner, wanted->owner) == 0;
}

static bool is_labs(const struct xw_running *running, const struct xw_running *wanted)
{
    return strcmp(running->lab, wanted->lab) == 0;
}

static struct use sum(const struct xw_admission *admission, filter among)
{
    struct use use = {0};

    for (size_t i = 0; i < admission->running_count; i++) {
        const struct xw_running *running = &admission->running[i];

        if (!among(running, admission->wanted))
            continue;
        use.machines++;
        use.memory += running->memory;
        use.vcpus += running->vcpus;
    }
    return use;
}

/* " (firewall/web 128 MiB, firewall/router 64 MiB and 3 more)": what the owner could stop. */
static void list_owners(const struct xw_admission *admission, char list[LIST_SIZE])
{
    size_t used = 0;
    size_t named = 0;
    size_t more = 0;

    list[0] = '\0';
    for (size_t i = 0; i < admission->running_count; i++) {
        const struct xw_running *running = &admission->running[i];
        char item[2 * XW_NAME_SIZE + 32];

        if (!is_owners(running, admission->wanted))
            continue;
        int n = snprintf(item, sizeof(item), "%s%s/%s %llu MiB", named ? ", " : " (", running->lab,
                         running->machine, running->memory);
        if (named == NAMED_MAX || n < 0 || used + (size_t)n + 24 >= LIST_SIZE) {
            more++;
            continue;
        }
        memcpy(list + used, item, (size_t)n + 1);
        used += (size_t)n;
        named++;
    }
    if (more > 0)
        snprintf(list + used, LIST_SIZE - used, " and %zu more)", more);
    else if (named > 0)
        snprintf(list + used, LIST_SIZE - used, ")");
}

/* What has to be stopped, by whom. */
static int refuse(const struct xw_admission *admission, struct xw_error *err, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct xw_admission *admission, struct xw_error *err, const char *format,
                  ...)
{
    char why[XW_ERROR_TEXT_MAX];
    char list[LIST_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    list_owners(admission, list);
    return xw_fail(err, -EDQUOT, "not started: %s; %s%s", why,
                   list[0] ? "stop one of yours first" : "try again later", list);
}

/* A machine that is larger than all that may ever be used: there is nothing to wait for. */
static int refuse_for_good(struct xw_error *err, unsigned long long needs, const char *unit,
                           unsigned int most, const char *whose)
{
    return xw_fail(err, -EDQUOT,
                   "not started: it needs %llu%s, and %u is the most that %s may use; tell your "
                   "instructor",
                   needs, unit, most, whose);
}

/* What may be used at once by those machines: mine, or the class's. */
static int check_limits(const struct xw_admission *admission, const struct xw_limits *limits,
                        struct use use, bool is_user, struct xw_error *err)
{
    const struct xw_running *wanted = admission->wanted;
    const char *whose = is_user ? "a user" : "the whole class";
    const char *machines = is_user ? "your machines" : "the machines of this lab";

    if (limits->memory && wanted->memory > limits->memory)
        return refuse_for_good(err, wanted->memory, " MiB", limits->memory, whose);
    if (limits->vcpus && wanted->vcpus > limits->vcpus)
        return refuse_for_good(err, wanted->vcpus, " processors", limits->vcpus, whose);
    if (limits->machines && use.machines >= limits->machines)
        return refuse(admission, err, "%zu of %s are running, and %u is the most for %s",
                      use.machines, machines, limits->machines, whose);
    if (limits->memory && use.memory + wanted->memory > limits->memory)
        return refuse(admission, err, "it needs %llu MiB, and %s use %llu of the %u MiB for %s",
                      wanted->memory, machines, use.memory, limits->memory, whose);
    if (limits->vcpus && use.vcpus + wanted->vcpus > limits->vcpus)
        return refuse(admission, err,
                      "it needs %u processors, and %s use %llu of the %u processors for %s",
                      wanted->vcpus, machines, use.vcpus, limits->vcpus, whose);
    return 0;
}

static unsigned long long without(unsigned long long all, unsigned long long part)
{
    return all > part ? all - part : 0;
}

/*
 * A guest touches its memory bit by bit. So what is promised to those that run counts, and what is
 * available now: the host's own programs, and what QEMU needs besides, are in there.
 */
static int check_host(const struct xw_admission *admission, struct xw_error *err)
{
    struct use use = sum(admission, is_anyones);
    unsigned long long room = without(admission->memory, use.memory + admission->memory_reserve);
    unsigned long long now = without(admission->memory_available, admission->memory_reserve);

    if (now < room)
        room = now;
    if (admission->wanted->memory > room)
        return refuse(admission, err,
                      "it needs %llu MiB, and this host has %llu MiB left for machines",
                      admission->wanted->memory, room);
    if (admission->disk_available < admission->disk_reserve)
        return xw_fail(err, -EDQUOT,
                       "not started: this host's disk has %llu MiB left, and no machine starts "
                       "with less than %llu; tell your instructor",
                       admission->disk_available, admission->disk_reserve);
    return 0;
}

int xw_admission_decide(const struct xw_admission *admission, struct xw_error *err)
{
    int rc = check_limits(admission, admission->user, sum(admission, is_owners), true, err);

    if (rc == 0)
        rc = check_limits(admission, admission->lab, sum(admission, is_labs), false, err);
    return rc < 0 ? rc : check_host(admission, err);
}
