/* links: xwhelper/keeper/vnc.c xwhelper/keeper/opening.c common/request.c common/names.c common/error.c */
/*
 * vnc: what has to be so before a display is opened, in which order, and the four descriptors that
 * the relay is given; every failure in words, and nothing left open after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/verbs.h"

enum { VIEWER = 71, PEER = 72, RELAYS_UID = 55 };

static struct {
    char steps[128];
    int host_fails;
    int active;     /* as virDomainIsActive() says */
    bool no_domain; /* there is none of that name */
    bool opens;
    bool skips_authentication;
    int display;
    int descriptors[4];
} seen;

static jmp_buf executed;
static struct _virDomain *const a_domain = (void *)&seen;

static void step(const char *name)
{
    size_t used = strlen(seen.steps);

    snprintf(seen.steps + used, sizeof(seen.steps) - used, "%s ", name);
}

const struct xw_plan_machine *xw_plan_machine(const struct xw_plan *plan, const char *name)
{
    return strcmp(plan->machines[0].name, name) == 0 ? &plan->machines[0] : NULL;
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    step("host");
    *host = NULL;
    return seen.host_fails ? xw_fail(err, seen.host_fails, "libvirt is not answering") : 0;
}

void xw_host_close(struct xw_host *host)
{
    (void)host;
    step("host-closed");
}

int xw_libvirt_fail(struct xw_host *host, struct xw_error *err, const char *what, ...)
{
    char text[XW_ERROR_TEXT_MAX];
    va_list args;

    (void)host;
    va_start(args, what);
    vsnprintf(text, sizeof(text), what, args);
    va_end(args);
    return xw_fail(err, -EIO, "%s: libvirt's words", text);
}

void xw_confine_display(void)
{
    step("confined");
}

virDomainPtr xw_job_find(struct xw_host *host, const struct xw_job *job,
                         const struct xw_plan_machine *planned)
{
    (void)host;
    assert_string_equal(job->owner->name, "alice");
    assert_string_equal(planned->name, "desk");
    return seen.no_domain ? NULL : a_domain;
}

int virGetLastErrorCode(void)
{
    return seen.no_domain && !seen.active ? VIR_ERR_NO_DOMAIN : VIR_ERR_RPC;
}

int virDomainIsActive(virDomainPtr domain)
{
    assert_ptr_equal(domain, a_domain);
    return seen.active;
}

int virDomainFree(virDomainPtr domain)
{
    assert_ptr_equal(domain, a_domain);
    step("freed");
    return 0;
}

int virDomainOpenGraphicsFD(virDomainPtr domain, unsigned int index, unsigned int flags)
{
    assert_ptr_equal(domain, a_domain);
    assert_int_equal(index, 0);
    step("display");
    seen.skips_authentication = flags == VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH;
    return seen.opens ? seen.display = eventfd(0, EFD_CLOEXEC) : -1;
}

void xw_journal_write(struct xw_journal *journal, const struct xw_entry *entry)
{
    (void)journal;
    assert_int_equal(entry->phase, XW_PHASE_OPEN);
    assert_int_equal(entry->uid, 1001);
    step("told");
}

uint64_t xw_journal_clock(void)
{
    return 5;
}

void xw_become_relay(const struct xw_account *account, const char *kind, const int *descriptors,
                     size_t count)
{
    assert_int_equal(account->uid, RELAYS_UID);
    assert_string_equal(kind, "stream");
    assert_int_equal(count, 4);
    memcpy(seen.descriptors, descriptors, sizeof(seen.descriptors));
    step("relay");
    longjmp(executed, 1);
}

static struct xw_plan plan = {.machines = {{.name = "desk", .graphics = true}}};

/* Returns what the verb does, or 1 when it has become the relay. */
static int run(const char *machine, struct xw_error *err)
{
    static struct xw_request request;
    static const struct xw_owner owner = {.name = "alice"};
    static const struct xw_account relay = {RELAYS_UID, RELAYS_UID};
    static struct xw_journal journal;
    const struct xw_opening opening = {&journal, 1001, 1, NULL, 2};
    const struct xw_job job = {.peer = PEER,
                               .viewer = VIEWER,
                               .request = &request,
                               .owner = &owner,
                               .plan = &plan,
                               .opening = &opening,
                               .relay = &relay};

    request = (struct xw_request){.verb = XW_VERB_VNC, .machine_count = 1};
    snprintf(request.machines[0], XW_NAME_SIZE, "%s", machine);
    *err = (struct xw_error){0};
    if (setjmp(executed) != 0)
        return 1;
    return xw_verb_vnc(&job, err);
}

/* The lowest descriptor that is free: one that was left open would be it. */
static int lowest(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    seen.active = 1;
    seen.opens = true;
    plan.machines[0].graphics = true;
    return 0;
}

static void a_display_is_opened(void **state)
{
    struct xw_error err;

    (void)state;
    assert_int_equal(run("desk", &err), 1);
    assert_string_equal(seen.steps, "host confined display freed host-closed told relay ");
    assert_true(seen.skips_authentication);
    assert_int_equal(seen.descriptors[0], seen.display);
    assert_int_equal(seen.descriptors[1], VIEWER);
    assert_int_equal(seen.descriptors[2], PEER);
    assert_true(seen.descriptors[3] > 2);
    close(seen.descriptors[0]);
    close(seen.descriptors[3]);
}

static void what_fails(void **state)
{
    static const struct {
        bool no_graphics, no_domain;
        int host_fails, active;
        const char *machine, *steps, *words;
        int rc;
    } cases[] = {
        {.machine = "mail", .steps = "", .words = "not found", .rc = 0},
        {.no_graphics = true,
         .machine = "desk",
         .steps = "",
         .words = "desk has no graphical console, only a serial one ('console'); its instructor "
                  "gives it one by `graphics: true`",
         .rc = -ENXIO},
        {.host_fails = -EAGAIN,
         .machine = "desk",
         .steps = "host confined ",
         .words = "libvirt is not answering",
         .rc = -EAGAIN},
        {.no_domain = true,
         .machine = "desk",
         .steps = "host confined host-closed ",
         .words = "desk is off; start it first",
         .rc = -ENXIO},
        {.no_domain = true,
         .active = 1,
         .machine = "desk",
         .steps = "host confined host-closed ",
         .words = "Asking for desk: libvirt's words",
         .rc = -EIO},
        {.machine = "desk",
         .steps = "host confined freed host-closed ",
         .words = "desk is off; start it first",
         .rc = -ENXIO},
        {.active = -1,
         .machine = "desk",
         .steps = "host confined freed host-closed ",
         .words = "The display of desk does not open",
         .rc = -EIO},
        {.active = 1,
         .machine = "desk",
         .steps = "host confined display freed host-closed ",
         .words = "if the machine has run since before it had one, stop and start it: libvirt's",
         .rc = -EIO},
    };

    const int before = lowest();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_error err;
        begin(state);
        seen.opens = false;
        seen.active = cases[i].active;
        seen.no_domain = cases[i].no_domain;
        seen.host_fails = cases[i].host_fails;
        plan.machines[0].graphics = !cases[i].no_graphics;
        int rc = run(cases[i].machine, &err);
        assert_true(rc < 0 && (cases[i].rc == 0 || rc == cases[i].rc));
        assert_int_equal(err.refused, cases[i].rc == 0);
        assert_non_null(strstr(err.text, cases[i].words));
        assert_string_equal(seen.steps, cases[i].steps);
        assert_int_equal(lowest(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_display_is_opened, begin),
        cmocka_unit_test_setup(what_fails, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
