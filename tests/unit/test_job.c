/* links: xwhelper/keeper/job.c xwhelper/keeper/reply.c xwhelper/keeper/machine.c common/names.c common/error.c */
/*
 * Which machines a request means, in which order a verb gets them, and under which lock; what comes
 * of a lock that can't be had, a world that is another's and a machine that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

enum { UID = 1001 };

/* What was done, in order. */
static char done[512];

static int lock;    /* what the lock is; a negative errno: it can't be had */
static int reading; /* what comes of reading whose the world is */
static uid_t owned_by;
static int opening;         /* what comes of opening libvirt */
static const char *failing; /* the machine that fails, */
static int how;             /* and with what */

static void note(const char *what)
{
    size_t used = strlen(done);

    snprintf(done + used, sizeof(done) - used, "%s ", what);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

int xw_world_lock(const char *lab, const char *owner, struct xw_error *err)
{
    assert_string_equal(lab, "fw");
    assert_string_equal(owner, "alice");
    note("lock");
    return lock < 0 ? xw_fail(err, lock, "no lock") : lock;
}

/* It has a number for whoever doesn't look whether it could be read. */
int xw_world_owner(const char *lab, const char *owner, id_t *uid, struct xw_error *err)
{
    assert_string_equal(lab, "fw");
    assert_string_equal(owner, "alice");
    assert_true(is_open(lock));
    note("owner");
    *uid = owned_by;
    return reading < 0 ? xw_fail(err, reading, "no owner") : 0;
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    assert_true(is_open(lock));
    note("open");
    *host = NULL;
    return opening < 0 ? xw_fail(err, opening, "no libvirt") : 0;
}

void xw_host_close(struct xw_host *host)
{
    assert_null(host);
    note("close");
}

virConnectPtr xw_host_libvirt(const struct xw_host *host)
{
    assert_null(host);
    return NULL;
}

virDomainPtr virDomainLookupByName(virConnectPtr libvirt, const char *name)
{
    assert_null(libvirt);
    note(name);
    return NULL;
}

/* --- a job ----------------------------------------------------------------------------------- */

static struct xw_plan plan;
static struct xw_request request;
static const struct xw_owner alice = {.uid = UID, .name = "alice"};
static int ends[2];
static struct xw_error err;
static char said[512];

static struct xw_job job(void)
{
    return (struct xw_job){.peer = ends[0], .request = &request, .owner = &alice, .plan = &plan};
}

static int one(struct xw_host *host, const struct xw_job *asked,
               const struct xw_plan_machine *planned, struct xw_error *failure)
{
    assert_null(host);
    assert_ptr_equal(asked->plan, &plan);
    assert_true(is_open(lock));
    note(planned->name);
    return failing && strcmp(planned->name, failing) == 0 ? xw_fail(failure, how, "it fails") : 0;
}

static int each(bool backwards)
{
    const struct xw_job asked = job();

    done[0] = '\0';
    err = (struct xw_error){0};
    memset(said, 0, sizeof(said));
    int rc = xw_job_each(&asked, one, backwards, &err);
    recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT);
    return rc;
}

static int begin(void **state)
{
    static const struct {
        const char *name;
        unsigned int order;
    } machines[] = {{"web", 2}, {"client", 2}, {"db", 2}, {"router", 1}, {"watch", 3}};

    (void)state;
    plan = (struct xw_plan){.lab = "fw", .machine_count = 5};
    for (size_t i = 0; i < 5; i++) {
        snprintf(plan.machines[i].name, sizeof(plan.machines[i].name), "%s", machines[i].name);
        plan.machines[i].order = machines[i].order;
    }
    request = (struct xw_request){.whole_world = true};
    lock = open("/dev/null", O_RDONLY | O_CLOEXEC);
    reading = 0;
    owned_by = UID;
    opening = 0;
    failing = NULL;
    return lock < 0 ? -1 : 0;
}

static int begin_all(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void ask_for(const char *machine, const char *other)
{
    request.whole_world = false;
    request.machine_count = 2;
    snprintf(request.machines[0], XW_NAME_SIZE, "%s", machine);
    snprintf(request.machines[1], XW_NAME_SIZE, "%s", other);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void machines_come_by_order_and_name(void **state)
{
    (void)state;
    assert_int_equal(each(false), 0);
    assert_string_equal(done, "lock owner open router client db web watch close ");
    assert_false(is_open(lock));
    begin(state);
    assert_int_equal(each(true), 0);
    assert_string_equal(done, "lock owner open watch web db client router close ");
    assert_string_equal(said, "");
}

static void only_those_that_were_named(void **state)
{
    (void)state;
    ask_for("web", "router");
    assert_int_equal(each(false), 0);
    assert_string_equal(done, "lock owner open router web close ");
    begin(state);
    /* What was there once is in the list of names only. */
    ask_for("client", "web");
    request.machine_count = 1;
    assert_int_equal(each(false), 0);
    assert_string_equal(done, "lock owner open client close ");
}

/* Without the lock another request may be at it: nothing is read, let alone done. */
static void a_lock_that_cannot_be_had(void **state)
{
    (void)state;
    close(lock);
    lock = -ELOOP;
    assert_int_equal(each(false), -ELOOP);
    assert_string_equal(done, "lock ");
    assert_string_equal(err.text, "no lock");
}

/* And the lock is given back. */
static void a_world_that_is_not_ones_own(void **state)
{
    (void)state;
    owned_by = UID + 1;
    assert_int_equal(each(false), -EPERM);
    assert_true(err.refused);
    assert_string_equal(done, "lock owner ");
    assert_false(is_open(lock));
    begin(state);
    reading = -EBADMSG;
    assert_int_equal(each(false), -EBADMSG);
    assert_false(err.refused);
    assert_string_equal(err.text, "no owner");
    assert_string_equal(done, "lock owner ");
    assert_false(is_open(lock));
}

static void no_libvirt(void **state)
{
    (void)state;
    opening = -EAGAIN;
    assert_int_equal(each(false), -EAGAIN);
    assert_string_equal(err.text, "no libvirt");
    assert_string_equal(done, "lock owner open ");
    assert_false(is_open(lock));
}

static void one_that_fails_stops_no_other(void **state)
{
    (void)state;
    failing = "client";
    how = -EIO;
    assert_int_equal(each(false), XW_EXIT_FAILED);
    assert_string_equal(done, "lock owner open router client db web watch close ");
    assert_string_equal(said, "fail client it fails\n");
    assert_int_equal(err.code, 0);
    /* The last one's failure is no less. */
    begin(state);
    failing = "watch";
    assert_int_equal(each(false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail watch it fails\n");
    /* Libvirt has gone: the others would wait for it, each in its turn. */
    begin(state);
    failing = "client";
    how = -EAGAIN;
    assert_int_equal(each(false), -EAGAIN);
    assert_string_equal(done, "lock owner open router client close ");
    assert_string_equal(said, "");
    assert_string_equal(err.text, "it fails");
}

static void a_domain_has_its_owners_name(void **state)
{
    const struct xw_job asked = job();

    (void)state;
    done[0] = '\0';
    assert_null(xw_job_find(NULL, &asked, &plan.machines[0]));
    assert_string_equal(done, "xw:fw:alice:web ");
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_come_by_order_and_name),
        FRESH(only_those_that_were_named),
        FRESH(a_lock_that_cannot_be_had),
        FRESH(a_world_that_is_not_ones_own),
        FRESH(no_libvirt),
        FRESH(one_that_fails_stops_no_other),
        FRESH(a_domain_has_its_owners_name),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
