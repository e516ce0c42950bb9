/* links: xwhelper/keeper/lifecycle.c common/error.c */
/*
 * Waiting for domains to go off: which events count, what ends the wait, and that whatever was
 * asked of libvirt is taken back. Each turn of the event loop is what a test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/faults.h"
#include "xwhelper/keeper/lifecycle.h"

enum { GRACE = 7, DOMAINS = 3 };

/* --- libvirt --------------------------------------------------------------------------------- */

struct _virDomain {
    const char *name;
    bool active;
};

static struct _virDomain domains[DOMAINS];
static char done[1024];

static virConnectDomainEventCallback on_event;
static void *event_data;
static virConnectCloseFunc on_close;
static void *close_data;
static virEventTimeoutCallback on_time;
static void *time_data;

/* What happens in each turn of the loop; after the last nothing does any more. */
typedef void (*turn)(void);
static const turn *turns;

static bool calls(const char *call)
{
    size_t used = strlen(done);

    snprintf(done + used, sizeof(done) - used, "%s; ", call);
    return !xw_fault_strikes(call);
}

int virEventRegisterDefaultImpl(void)
{
    return calls("events") ? 0 : -1;
}

int virConnectRegisterCloseCallback(virConnectPtr libvirt, virConnectCloseFunc callback, void *data,
                                    virFreeCallback release)
{
    assert_null(libvirt);
    assert_null(release);
    on_close = callback;
    close_data = data;
    return calls("watch") ? 0 : -1;
}

int virConnectUnregisterCloseCallback(virConnectPtr libvirt, virConnectCloseFunc callback)
{
    assert_null(libvirt);
    assert_ptr_equal(callback, on_close);
    return calls("unwatch") ? 0 : -1;
}

/* The first request of a connection is number 0, which is no error. */
int virConnectDomainEventRegisterAny(virConnectPtr libvirt, virDomainPtr domain, int id,
                                     virConnectDomainEventGenericCallback callback, void *data,
                                     virFreeCallback release)
{
    assert_null(libvirt);
    assert_null(domain);
    assert_null(release);
    assert_int_equal(id, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
    on_event = (virConnectDomainEventCallback)(void (*)(void))callback;
    event_data = data;
    return calls("ask") ? 0 : -1;
}

int virConnectDomainEventDeregisterAny(virConnectPtr libvirt, int id)
{
    assert_null(libvirt);
    assert_int_equal(id, 0);
    return calls("unask") ? 0 : -1;
}

int virEventAddTimeout(int milliseconds, virEventTimeoutCallback callback, void *data,
                       virFreeCallback release)
{
    assert_int_equal(milliseconds, GRACE * 1000);
    assert_null(release);
    on_time = callback;
    time_data = data;
    return calls("timer") ? 0 : -1;
}

int virEventRemoveTimeout(int timer)
{
    assert_int_equal(timer, 0);
    return calls("untimer") ? 0 : -1;
}

int virEventRunDefaultImpl(void)
{
    if (!*turns)
        fail_msg("waits for what never comes, after: %s", done);
    if (!calls("turn"))
        return -1;
    (*turns++)();
    return 0;
}

const char *virDomainGetName(virDomainPtr domain)
{
    return domain->name;
}

int virDomainIsActive(virDomainPtr domain)
{
    return calls(domain->name) ? domain->active : -1;
}

virConnectPtr xw_host_libvirt(const struct xw_host *host)
{
    assert_null(host);
    return NULL;
}

int xw_libvirt_fail(struct xw_host *host, struct xw_error *err, const char *what, ...)
{
    char text[128];
    va_list args;

    (void)host;
    va_start(args, what);
    vsnprintf(text, sizeof(text), what, args);
    va_end(args);
    return xw_fail(err, -EIO, "%s", text);
}

/* --- turns ----------------------------------------------------------------------------------- */

/* The event's domain is another object of the same name. */
static void event(const char *name, int what)
{
    struct _virDomain domain = {.name = name};

    on_event(NULL, &domain, what, 0, event_data);
}

static void web_stops(void)
{
    event("web", VIR_DOMAIN_EVENT_STOPPED);
}

static void router_stops(void)
{
    event("router", VIR_DOMAIN_EVENT_STOPPED);
}

static void another_stops(void)
{
    event("web2", VIR_DOMAIN_EVENT_STOPPED);
}

/* A guest that has shut down is not off before its process has ended. */
static void web_does_something_else(void)
{
    event("web", VIR_DOMAIN_EVENT_SHUTDOWN);
    event("web", VIR_DOMAIN_EVENT_SUSPENDED);
    event("web", VIR_DOMAIN_EVENT_STARTED);
}

static void time_is_up(void)
{
    on_time(0, time_data);
}

static void libvirt_goes(void)
{
    on_close(NULL, VIR_CONNECT_CLOSE_REASON_EOF, close_data);
}

/* --- waiting --------------------------------------------------------------------------------- */

static struct xw_lifecycle_wait waits[DOMAINS];
static struct xw_error err;
static char went[128];

static void goes_off(size_t index, void *data)
{
    size_t used = strlen(went);

    assert_ptr_equal(data, went);
    assert_true(waits[index].off);
    snprintf(went + used, sizeof(went) - used, "%s ", waits[index].domain->name);
}

static int begin(void **state)
{
    static const char *const names[DOMAINS] = {"web", "client", "router"};

    (void)state;
    xw_fault_set(NULL, 0, 0);
    for (size_t i = 0; i < DOMAINS; i++) {
        domains[i] = (struct _virDomain){.name = names[i], .active = true};
        waits[i] = (struct xw_lifecycle_wait){.domain = &domains[i]};
    }
    return 0;
}

/* Waits for the first `count`; what went off is in `went`, what was asked of libvirt in `done`. */
static int wait_through(const turn *happens, size_t count)
{
    turns = happens;
    done[0] = '\0';
    went[0] = '\0';
    err = (struct xw_error){0};
    return xw_lifecycle_wait_off(NULL, waits, count, GRACE, goes_off, went, &err);
}

static void each_goes_off_by_its_own_event(void **state)
{
    (void)state;
    domains[1].active = false;
    assert_int_equal(
        wait_through((const turn[]){another_stops, router_stops, web_stops, NULL}, DOMAINS), 0);
    assert_string_equal(went, "client router web ");
    assert_string_equal(done, "watch; ask; timer; web; client; router; turn; turn; turn; untimer; "
                              "unask; unwatch; ");
    assert_true(waits[0].off && waits[1].off && waits[2].off);
}

static void what_is_no_stop_is_not_off(void **state)
{
    (void)state;
    assert_int_equal(wait_through((const turn[]){web_does_something_else, time_is_up, NULL}, 1), 0);
    assert_string_equal(went, "");
    assert_false(waits[0].off);
    assert_int_equal(wait_through((const turn[]){web_does_something_else, web_stops, NULL}, 1), 0);
    assert_string_equal(went, "web ");
}

/* It went off between the two, so the look has seen it, and then its event comes. */
static void it_is_told_once(void **state)
{
    (void)state;
    domains[0].active = false;
    assert_int_equal(
        wait_through((const turn[]){web_stops, router_stops, router_stops, time_is_up, NULL}, 3),
        0);
    assert_string_equal(went, "web router ");
    assert_false(waits[1].off);
}

static void those_that_are_off_are_left_alone(void **state)
{
    (void)state;
    waits[0].off = true;
    assert_int_equal(wait_through((const turn[]){web_stops, time_is_up, NULL}, 2), 0);
    assert_string_equal(went, "");
    assert_string_equal(done, "watch; ask; timer; client; turn; turn; untimer; unask; unwatch; ");
    /* With nothing to wait for, libvirt is asked nothing. */
    assert_int_equal(wait_through((const turn[]){NULL}, 1), 0);
    assert_string_equal(done, "");
    assert_int_equal(wait_through((const turn[]){NULL}, 0), 0);
    assert_string_equal(done, "");
    /* All of them may have gone off meanwhile. */
    domains[1].active = false;
    assert_int_equal(wait_through((const turn[]){NULL}, 2), 0);
    assert_string_equal(went, "client ");
}

static void libvirt_that_goes_ends_the_wait(void **state)
{
    (void)state;
    assert_int_equal(wait_through((const turn[]){router_stops, libvirt_goes, NULL}, DOMAINS),
                     -EAGAIN);
    assert_string_equal(went, "router ");
    assert_string_equal(err.text, "libvirt has gone while machines were shutting down; try again");
    assert_string_equal(done, "watch; ask; timer; web; client; router; turn; turn; untimer; unask; "
                              "unwatch; ");
}

/* Each call that fails: what was set up before it is taken back, and nothing is waited for. */
static void what_fails_ends_the_wait(void **state)
{
    static const struct {
        const char *call;
        const char *text;
        const char *done;
    } faults[] = {
        {"watch", "Watching the connection to libvirt", "watch; "},
        {"ask", "Asking for libvirt's events", "watch; ask; unwatch; "},
        {"timer", "A timer can't be set", "watch; ask; timer; unask; unwatch; "},
        {"client", "Asking for domain client",
         "watch; ask; timer; web; client; untimer; unask; unwatch; "},
        {"turn", "Waiting for machines to shut down",
         "watch; ask; timer; web; client; turn; untimer; unask; unwatch; "},
        {"untimer", "A timer can't be removed",
         "watch; ask; timer; web; client; turn; untimer; unask; unwatch; "},
        {"unask", "Taking back the request for libvirt's events",
         "watch; ask; timer; web; client; turn; untimer; unask; unwatch; "},
        {"unwatch", "Watching the connection to libvirt no longer",
         "watch; ask; timer; web; client; turn; untimer; unask; unwatch; "},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        xw_fault_set(faults[i].call, 1, 0);
        assert_int_equal(wait_through((const turn[]){time_is_up, NULL}, 2), -EIO);
        assert_string_equal(err.text, faults[i].text);
        assert_string_equal(done, faults[i].done);
    }
}

/* Where libvirt has gone, it can't be asked to take back anything: that is no other error. */
static void the_first_error_is_told(void **state)
{
    static const char *const calls_back[] = {"untimer", "unask", "unwatch"};

    for (size_t i = 0; i < sizeof(calls_back) / sizeof(calls_back[0]); i++) {
        begin(state);
        xw_fault_set(calls_back[i], 1, 0);
        assert_int_equal(wait_through((const turn[]){libvirt_goes, NULL}, 1), -EAGAIN);
        assert_string_equal(err.text,
                            "libvirt has gone while machines were shutting down; try again");
    }
}

static void the_event_loop_is_set_up(void **state)
{
    (void)state;
    done[0] = '\0';
    err = (struct xw_error){0};
    assert_int_equal(xw_lifecycle_init(&err), 0);
    assert_string_equal(done, "events; ");
    xw_fault_set("events", 1, 0);
    assert_int_equal(xw_lifecycle_init(&err), -EIO);
    assert_string_equal(err.text, "libvirt's event loop can't be set up");
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(each_goes_off_by_its_own_event),
        FRESH(what_is_no_stop_is_not_off),
        FRESH(it_is_told_once),
        FRESH(those_that_are_off_are_left_alone),
        FRESH(libvirt_that_goes_ends_the_wait),
        FRESH(what_fails_ends_the_wait),
        FRESH(the_first_error_is_told),
        FRESH(the_event_loop_is_set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
