/* links: xwhelper/reader/reader.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/config_file.c common/lines.c xwhelper/keeper/reply.c common/names.c common/request.c common/error.c */
/*
 * The reader on libvirt's test driver: what it says of worlds and machines, and when it says that
 * it doesn't know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/breaking_libvirt.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/reader/policy.h"
#include "xwhelper/reader/reader.h"

static bool gone;
static int opened;
static virConnectPtr kept;
static char steps[64];

virConnectPtr virConnectOpenReadOnly(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    assert_string_equal(name, "qemu:///system");
    opened++;
    return real(gone ? "qemu+unix:///system?socket=/nonexistent" : "test:///default");
}

virConnectPtr virConnectOpen(const char *name)
{
    (void)name;
    abort(); /* it has no right to */
}

BREAKING(virDomainPtr, NULL, virDomainLookupByName, (virConnectPtr libvirt, const char *name),
         libvirt, name);

int virDomainIsActive(virDomainPtr domain)
{
    REAL(int, virDomainIsActive, (virDomainPtr));

    if (xw_fault_strikes("undefined since")) {
        assert_null(virDomainLookupByName(kept, "not there"));
        assert_int_equal(virGetLastErrorCode(), VIR_ERR_NO_DOMAIN);
        return -1;
    }
    return breaks("virDomainIsActive") ? -1 : real(domain);
}

/* States that the driver can't bring about. */
static int state_of_web, reason_of_web, saved;

int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    REAL(int, virDomainGetState, (virDomainPtr, int *, int *, unsigned int));

    if (breaks("virDomainGetState"))
        return -1;
    if (state_of_web < 0 || !strstr(virDomainGetName(domain), ":web"))
        return real(domain, state, reason, flags);
    *state = state_of_web;
    *reason = reason_of_web;
    return 0;
}

int virDomainHasManagedSaveImage(virDomainPtr domain, unsigned int flags)
{
    (void)domain;
    (void)flags;
    return saved;
}

void xw_become(const struct xw_account *account)
{
    strcat(steps, account->uid == 55 ? "become " : "wrong ");
}

bool xw_policy_enter(const struct xw_policy *policy)
{
    strcat(steps, policy == &xw_reader_policy ? "filter " : "wrong ");
    return true;
}

const struct xw_policy xw_reader_policy;

/* --- worlds ---------------------------------------------------------------------------------- */

static int ends[2];
static char said[4096];
static struct xw_plan plan = {
    .lab = "fw",
    .segment_count = 4,
    .segments = {"a", "b", "c", "nobody"},
    .machine_count = 3,
    .machines = {{.name = "web",
                  .memory = 16,
                  .interface_count = 3,
                  .interfaces = {{"a", "10.1.0.1/24"}, {"b", ""}, {"c", "fd00::1/64"}}},
                 {.name = "client",
                  .memory = 32,
                  .graphics = true,
                  .interface_count = 1,
                  .interfaces = {{"a", ""}}},
                 {.name = "none", .memory = 64}}};
static struct xw_access accesses[2] = {
    {.lab = "fw", .title = "A title", .machine_count = 3, .machines = {"web", "client", "none"}},
    {.lab = "other", .title = "Another", .machine_count = 1, .machines = {"web"}}};
#define SEGMENTS "segment a\nsegment b\nsegment c\nsegment nobody\n"
static const struct xw_listed listed[] = {
    {"alice", &accesses[0], 1796133600}, {"alice", &accesses[1], 0}, {"@team", &accesses[0], 5}};

static void define(const char *name, bool start)
{
    char xml[256];

    snprintf(xml, sizeof(xml),
             "<domain type='test'><name>%s</name><memory>8192</memory><os><type>hvm</type></os>"
             "</domain>",
             name);
    virDomainPtr domain = virDomainDefineXML(kept, xml);
    assert_non_null(domain);
    if (start)
        assert_int_equal(virDomainCreate(domain), 0);
    virDomainFree(domain);
}

static int begin_all(void **state)
{
    (void)state;
    virSetErrorFunc(NULL, print_nothing);
    REAL(virConnectPtr, virConnectOpen, (const char *));
    kept = real("test:///default");
    if (!kept || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -1;
    define("xw:fw:alice:web", true);
    define("xw:fw:alice:client", false);
    define("xw:fw:bob:none", true);
    define("xw:other:alice:web", true);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    gone = false;
    opened = 0;
    state_of_web = -1;
    saved = 0;
    return 0;
}

static const char *reply(void)
{
    memset(said, 0, sizeof(said));
    return recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT) < 0 ? "" : said;
}

static int list(size_t count)
{
    struct xw_error err = {0};
    int rc = xw_reader_list(ends[0], listed, count, &err);

    assert_int_equal(rc, err.code);
    return rc;
}

static int status(void)
{
    struct xw_error err = {0};
    int rc = xw_reader_status(ends[0], "alice", &plan, &err);

    assert_int_equal(rc, err.code);
    return rc;
}

static void it_becomes_the_reader(void **state)
{
    const struct xw_account account = {55, 55};

    (void)state;
    xw_reader_become(&account);
    assert_string_equal(steps, "become filter ");
}

/* Those that are kept, of the machines that are asked for; a text is the rest of the line. */
static void checkpoints_are_listed(void **state)
{
    static struct xw_checkpoints checkpoints = {
        .lab = "fw",
        .owner = "alice",
        .count = 3,
        .items = {{.machine = "web",
                   .name = "works",
                   .made = 5,
                   .memory = true,
                   .size = 70,
                   .text = "a text"},
                  {.machine = "web", .name = "half", .made = 6, .state = XW_CHECKPOINT_MAKING},
                  {.machine = "client", .name = "works", .made = 7}}};
    struct xw_request request = {.whole_world = true};

    (void)state;
    xw_reader_checkpoints(ends[0], &request, &checkpoints);
    assert_string_equal(reply(), "checkpoint fw alice web works 5 memory 70 a text\n"
                                 "checkpoint fw alice client works 7 disk 0\n");
    assert_int_equal(xw_request_set_machines(&request, "client,router"), 0);
    xw_reader_checkpoints(ends[0], &request, &checkpoints);
    assert_string_equal(reply(), "checkpoint fw alice client works 7 disk 0\n");
    assert_int_equal(xw_request_set_machines(&request, "router"), 0);
    xw_reader_checkpoints(ends[0], &request, &checkpoints);
    assert_string_equal(reply(), "");
    assert_int_equal(opened, 0);
}

static void worlds_are_listed(void **state)
{
    (void)state;
    assert_int_equal(list(2), 0);
    assert_string_equal(reply(), "world fw alice 3 1 A title\nworld other alice 1 1 Another\n");
    assert_int_equal(opened, 1);
    assert_int_equal(list(1), 0);
    assert_string_equal(reply(), "world fw alice 3 1 A title\n");
    /* Of nothing there is nothing to ask. */
    opened = 0;
    assert_int_equal(list(0), 0);
    assert_int_equal(opened, 0);
    assert_string_equal(reply(), "");
}

/* Each by its own owner; a team's is apart from that of a user of its name. */
static void worlds_of_others_are_told(void **state)
{
    struct xw_error err = {0};

    (void)state;
    define("xw:fw:@team:none", true);
    define("xw:fw:team:web", true);
    assert_int_equal(list(3), 0);
    assert_string_equal(reply(), "world fw alice 3 1 A title\nworld other alice 1 1 Another\n"
                                 "world fw @team 3 1 A title\n");
    assert_int_equal(xw_reader_members(ends[0], listed, 3, &err), 0);
    assert_string_equal(reply(), "member fw alice 3 1 1796133600\nmember other alice 1 1 0\n"
                                 "member fw @team 3 1 5\n");
    opened = 0;
    assert_int_equal(xw_reader_members(ends[0], listed, 0, &err), 0);
    assert_int_equal(opened, 0);
    gone = true;
    assert_int_equal(xw_reader_members(ends[0], listed, 1, &err), -EAGAIN);
    gone = false;
    xw_fault_set("virDomainLookupByName", 4, 0);
    assert_true(xw_reader_members(ends[0], listed, 2, &err) < 0);
    assert_string_equal(reply(), "member fw alice 3 1 1796133600\n");
}

static void machines_are_told(void **state)
{
    (void)state;
    assert_int_equal(status(), 0);
    assert_string_equal(reply(),
                        SEGMENTS "machine fw alice web running 16 a=10.1.0.1/24,b=-,c=fd00::1/64\n"
                                 "machine fw alice client off 32 a=-\n"
                                 "graphics client\n"
                                 "machine fw alice none missing 64 -\n");
}

static void what_is_not_known_is_not_told(void **state)
{
    (void)state;
    gone = true;
    assert_int_equal(list(2), -EAGAIN);
    assert_int_equal(status(), -EAGAIN);
    assert_string_equal(reply(), "");
    gone = false;
    xw_fault_set("virDomainLookupByName", 2, 0);
    assert_true(list(2) < 0);
    assert_string_equal(reply(), "");
    xw_fault_set("virDomainLookupByName", 4, 0);
    assert_true(list(2) < 0);
    assert_string_equal(reply(), "world fw alice 3 1 A title\n");
    /* Nor is whether a machine runs; but one that has gone meanwhile doesn't. */
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_true(list(2) < 0);
    assert_string_equal(reply(), "");
    xw_fault_set("undefined since", 1, 0);
    assert_int_equal(list(2), 0);
    assert_string_equal(reply(), "world fw alice 3 0 A title\nworld other alice 1 1 Another\n");
    xw_fault_set("virDomainLookupByName", 2, 0);
    assert_true(status() < 0);
    assert_string_equal(reply(), SEGMENTS
                        "machine fw alice web running 16 a=10.1.0.1/24,b=-,c=fd00::1/64\n");
}

static void every_state_has_its_word(void **state)
{
    static const struct {
        int state, reason, saved;
        const char *word;
    } cases[] = {
        {VIR_DOMAIN_RUNNING, 0, 0, "running"},
        {VIR_DOMAIN_BLOCKED, 0, 0, "running"},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, 0, "paused"},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, 0, "disk-full"},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, 0, "starting"},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED, 0, "crashed"},
        {VIR_DOMAIN_SHUTDOWN, 0, 0, "stopping"},
        {VIR_DOMAIN_CRASHED, 0, 0, "crashed"},
        {VIR_DOMAIN_PMSUSPENDED, 0, 0, "suspended"},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN, 0, "off"},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED, 1, "crashed"},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED, 1, "suspended"},
        {VIR_DOMAIN_NOSTATE, 0, 0, "starting"},
    };
    char begins[128];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        state_of_web = cases[i].state;
        reason_of_web = cases[i].reason;
        saved = cases[i].saved;
        assert_int_equal(status(), 0);
        snprintf(begins, sizeof(begins), SEGMENTS "machine fw alice web %s 16 ", cases[i].word);
        assert_memory_equal(reply(), begins, strlen(begins));
    }
    /* What libvirt doesn't say is not known. */
    state_of_web = VIR_DOMAIN_SHUTOFF;
    saved = -1;
    assert_true(status() < 0);
    assert_string_equal(reply(), SEGMENTS);
    xw_fault_set("virDomainGetState", 1, 0);
    assert_true(status() < 0);
    assert_string_equal(reply(), SEGMENTS);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(it_becomes_the_reader),    FRESH(checkpoints_are_listed),
        FRESH(worlds_are_listed),        FRESH(worlds_of_others_are_told),
        FRESH(machines_are_told),        FRESH(what_is_not_known_is_not_told),
        FRESH(every_state_has_its_word),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
