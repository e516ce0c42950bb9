/* links: xwhelper/reader/events.c xwhelper/reader/sight.c xwhelper/reader/reader.c xwhelper/keeper/lifecycle.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/config_file.c common/lines.c xwhelper/keeper/reply.c common/names.c common/request.c common/error.c */
/*
 * A stream of events on libvirt's test driver: what is told of machines, to a viewer who reads, who
 * doesn't, and who leaves (T-E9). What happens, is done between two turns of libvirt's event loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/breaking_libvirt.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/reader/events.h"
#include "xwhelper/reader/policy.h"
#include "xwhelper/reader/reader.h"

static virConnectPtr connection;
static bool gone;

virConnectPtr virConnectOpenReadOnly(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    assert_string_equal(name, "qemu:///system");
    connection = real(gone ? "qemu+unix:///system?socket=/nonexistent" : "test:///default");
    return connection;
}

BREAKING(virDomainPtr, NULL, virDomainLookupByName, (virConnectPtr libvirt, const char *name),
         libvirt, name);

void xw_become(const struct xw_account *account)
{
    (void)account;
}

bool xw_policy_enter(const struct xw_policy *policy)
{
    (void)policy;
    return true;
}

const struct xw_policy xw_reader_policy;

static virConnectCloseFunc when_closed;
static void *closed_data;

int virConnectRegisterCloseCallback(virConnectPtr libvirt, virConnectCloseFunc call, void *data,
                                    virFreeCallback free_data)
{
    (void)libvirt;
    (void)free_data;
    if (xw_fault_strikes("virConnectRegisterCloseCallback"))
        return -1;
    when_closed = call;
    closed_data = data;
    return 0;
}

static unsigned int alarms, limits, limit;

unsigned int alarm(unsigned int seconds)
{
    /* None is left set. */
    if (seconds == 0)
        alarms++;
    limits += seconds == 10;
    limit = seconds;
    return 0;
}

/* --- what happens ---------------------------------------------------------------------------- */

static int viewer[2]; /* the reader's end and ours */
static int peer[2];
static char told[65536];
static size_t told_count;
static int turn;
static void (*happens)(int turn); /* before that turn of the loop */

static void take(void)
{
    ssize_t n = recv(viewer[1], told + told_count, sizeof(told) - 1 - told_count, MSG_DONTWAIT);

    told_count += n > 0 ? (size_t)n : 0;
    told[told_count] = '\0';
}

static void nothing(int timer, void *data)
{
    (void)timer;
    (void)data;
}

/* With a turn every 10 ms, whatever happens. */
int virEventRunDefaultImpl(void)
{
    REAL(int, virEventRunDefaultImpl, (void));

    if (turn == 0)
        virEventAddTimeout(10, nothing, NULL, NULL);
    happens(turn++);
    return xw_fault_strikes("virEventRunDefaultImpl") ? -1 : real();
}

static virDomainPtr define(const char *name)
{
    char xml[256];

    snprintf(xml, sizeof(xml),
             "<domain type='test'><name>%s</name><memory>8192</memory><os><type>hvm</type></os>"
             "</domain>",
             name);
    return virDomainDefineXML(connection, xml);
}

static void start(const char *name)
{
    virDomainPtr domain = define(name);

    if (!domain || virDomainCreate(domain) < 0)
        _exit(100);
    virDomainFree(domain);
}

static void leave(void)
{
    take();
    shutdown(viewer[1], SHUT_RDWR);
}

static const struct xw_access fw = {.lab = "fw", .machine_count = 2, .machines = {"web", "router"}};
static const struct xw_sight alices[] = {{&fw, "alice"}};

/* Each in a process of its own: libvirt's loop and its handles are the process's. */
static int in_process(int (*test)(void))
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        virSetErrorFunc(NULL, print_nothing);
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, viewer) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM, 0, peer) < 0)
            _exit(101);
        _exit(test());
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Returns what the stream ended with, with all that was told in told[]. */
static int run(void (*script)(int turn), const char **reply)
{
    static char said[256];
    struct xw_error err = {0};

    happens = script;
    int rc = xw_reader_events(peer[0], viewer[0], alices, 1, &err);
    take();
    ssize_t n = recv(peer[1], said, sizeof(said) - 1, MSG_DONTWAIT);
    said[n > 0 ? n : 0] = '\0';
    *reply = said;
    return rc;
}

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s; told: %s\n", __LINE__, #condition, told);                \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* --- tests ----------------------------------------------------------------------------------- */

static void others_and_hers(int now)
{
    static char before[8];

    if (now == 0) {
        /* It is open before anything is waited for. */
        if (recv(peer[1], before, sizeof(before), MSG_PEEK | MSG_DONTWAIT) != 5)
            _exit(102);
        start("xw:fw:bob:web");
        start("xw:other:alice:web");
        start("nobody's");
        start("xw:fw:alice:web");
    } else if (now == 8) {
        leave();
    }
}

static int only_hers(void)
{
    const char *reply;

    REQUIRE(run(others_and_hers, &reply) == 0);
    REQUIRE(strcmp(reply, "open\n") == 0);
    REQUIRE(limits > 0 && alarms == limits + 1 && limit == 0);
    REQUIRE(strncmp(told, "state fw alice web running\n", 27) == 0);
    REQUIRE(!strstr(told, "bob") && !strstr(told, "other") && !strstr(told, "nobody"));
    return 0;
}

static void gone_at_once(int now)
{
    if (now == 0) {
        virDomainPtr domain = define("xw:fw:alice:router");
        virDomainUndefine(domain);
        virDomainFree(domain);
    }
    if (now == 6)
        leave();
}

/* What is told is how it is, and not how it was when something happened. */
static int what_it_is_now(void)
{
    const char *reply;

    REQUIRE(run(gone_at_once, &reply) == 0);
    REQUIRE(strncmp(told, "state fw alice router missing\n", 30) == 0);
    REQUIRE(!strstr(told, "off"));
    return 0;
}

static size_t filled;

static void nobody_reads(int now)
{
    static char junk[4096];

    if (now == 0) {
        memset(junk, '.', sizeof(junk));
        ssize_t n;
        while ((n = send(viewer[0], junk, sizeof(junk), MSG_DONTWAIT)) > 0)
            filled += (size_t)n;
        while ((n = send(viewer[0], junk, 1, MSG_DONTWAIT)) > 0)
            filled += (size_t)n;
        start("xw:fw:alice:web");
        start("xw:fw:alice:router");
    } else if (now == 5) {
        virDomainPtr web = virDomainLookupByName(connection, "xw:fw:alice:web");
        virDomainDestroy(web);
        virDomainFree(web);
    } else if (now == 10) {
        while (filled > 0)
            filled -= (size_t)recv(viewer[1], junk, filled < 4096 ? filled : 4096, 0);
    } else if (now == 20) {
        leave();
    }
}

/* Each machine once, as it is when there is room again. Nobody is waited for meanwhile. */
static int a_slow_viewer(void)
{
    const char *reply;

    REQUIRE(run(nobody_reads, &reply) == 0);
    REQUIRE(strstr(told, "state fw alice web off\n"));
    REQUIRE(strstr(told, "state fw alice router running\n"));
    REQUIRE(!strstr(told, "web running"));
    REQUIRE(strlen(told) == strlen("state fw alice web off\nstate fw alice router running\n"));
    return 0;
}

static void says_a_word(int now)
{
    if (now == 3 && send(viewer[1], "x", 1, 0) != 1)
        _exit(103);
    if (now > 8)
        _exit(104);
}

static void peer_leaves(int now)
{
    if (now == 3)
        shutdown(peer[1], SHUT_RDWR);
    if (now > 8)
        _exit(104);
}

static int either_may_end_it(void)
{
    const char *reply;

    REQUIRE(run(says_a_word, &reply) == 0);
    REQUIRE(told_count == 0);
    return 0;
}

static int the_peer_too(void)
{
    const char *reply;

    REQUIRE(run(peer_leaves, &reply) == 0);
    REQUIRE(told_count == 0);
    return 0;
}

static void libvirt_goes(int now)
{
    if (now == 0)
        when_closed(connection, VIR_CONNECT_CLOSE_REASON_EOF, closed_data);
    if (now > 0)
        _exit(104);
    start("xw:fw:bob:web");
}

static int libvirt_that_goes(void)
{
    const char *reply;

    REQUIRE(run(libvirt_goes, &reply) == 0);
    REQUIRE(strcmp(told, "lost\n") == 0);
    return 0;
}

static void look_up_fails(int now)
{
    if (now == 0) {
        start("xw:fw:alice:web");
        xw_fault_set("virDomainLookupByName", 1, 0);
    }
    if (now > 8)
        _exit(104);
}

static int a_state_that_is_not_to_be_had(void)
{
    const char *reply;

    REQUIRE(run(look_up_fails, &reply) == 0);
    REQUIRE(strcmp(told, "lost\n") == 0);
    return 0;
}

static int no_libvirt(void)
{
    const char *reply;

    gone = true;
    REQUIRE(run(libvirt_goes, &reply) == -EAGAIN);
    REQUIRE(*reply == '\0' && told_count == 0);
    gone = false;
    xw_fault_set("virConnectRegisterCloseCallback", 1, 0);
    REQUIRE(run(libvirt_goes, &reply) < 0);
    REQUIRE(*reply == '\0' && told_count == 0);
    return 0;
}

static void in_processes(void **state)
{
    static const struct {
        const char *name;
        int (*test)(void);
    } cases[] = {
        {"only hers", only_hers},
        {"what it is now", what_it_is_now},
        {"a slow viewer", a_slow_viewer},
        {"the viewer ends it", either_may_end_it},
        {"the peer ends it", the_peer_too},
        {"libvirt goes", libvirt_that_goes},
        {"a state that is not to be had", a_state_that_is_not_to_be_had},
        {"no libvirt", no_libvirt},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = in_process(cases[i].test);
        if (code != 0)
            fail_msg("%s: %d", cases[i].name, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_processes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
