/* links: xwhelper/keeper/presence.c common/names.c common/error.c */
/*
 * Whether a person is still here (T-L9): on a /proc of the test's, with its clock, and processes
 * that end when the test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"
#include "xwhelper/keeper/presence.h"

enum { ALICE = 1001, SECONDS = 15, ENTRIES = 8 };

#define PLAIN_MOUNTS "22 1 0:21 / /proc rw,nosuid - proc proc rw\n"

/* --- what it calls --------------------------------------------------------------------------- */

static const char *entries[ENTRIES]; /* of /proc, in this order */
static size_t at;
static int64_t clock_ms;
static char opened[64]; /* the pids of which a descriptor was asked for */
static pid_t last;      /* of them */
static int opens_as;    /* what that gives: a descriptor, or a negative errno */
static int waited[4];   /* for so many milliseconds */
static size_t waits;
static int poll_gives;   /* at the first time; 1 afterwards */
static int64_t poll_ms;  /* how long it takes */
static bool ends_before; /* the process, before a descriptor of it is asked for */

static void ends(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    assert_int_equal(unlink(path), 0);
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    (void)which;
    *now = (struct timespec){.tv_sec = clock_ms / 1000, .tv_nsec = clock_ms % 1000 * 1000000};
    return 0;
}

DIR *opendir(const char *name)
{
    DIR *(*libc)(const char *) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "opendir");
    assert_string_equal(name, "/proc");
    at = 0;
    return xw_fault_strikes("opendir") ? NULL : libc(name);
}

struct dirent *readdir(DIR *directory)
{
    static struct dirent entry;

    (void)directory;
    if (at == ENTRIES || !entries[at]) {
        xw_fault_strikes("readdir");
        return NULL;
    }
    snprintf(entry.d_name, sizeof(entry.d_name), "%s", entries[at++]);
    return &entry;
}

/* Of a call that succeeds errno says nothing. */
int pidfd_open(pid_t pid, unsigned int flags)
{
    size_t used = strlen(opened);

    assert_int_equal(flags, 0);
    snprintf(opened + used, sizeof(opened) - used, "%d ", (int)pid);
    last = pid;
    if (ends_before)
        ends(pid);
    errno = opens_as < 0 ? -opens_as : ESRCH;
    return opens_as < 0 ? -1 : opens_as;
}

int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    assert_int_equal(count, 1);
    assert_int_equal(fds->fd, opens_as);
    assert_int_equal(fds->events, POLLIN);
    assert_true(waits < sizeof(waited) / sizeof(waited[0]));
    waited[waits] = milliseconds;
    clock_ms += poll_ms;
    if (waits++ == 0 && poll_gives != 1) {
        errno = EINTR;
        return poll_gives;
    }
    ends(last);
    return 1;
}

/* --- processes ------------------------------------------------------------------------------- */

static void process(const char *pid, const char *state, const char *uids)
{
    char path[64];
    char text[256];

    snprintf(path, sizeof(path), "/proc/%s", pid);
    assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    snprintf(text, sizeof(text), "Name:\tbash\nUmask:\t0022\nState:\t%s\nUid:\t%s\nGid:\t%s\n",
             state, uids, uids);
    put(path, text);
}

#define MINE "1001\t1001\t1001\t1001"

static int begin(void **state)
{
    (void)state;
    memset(entries, 0, sizeof(entries));
    memset(waited, 0, sizeof(waited));
    xw_fault_set(NULL, 0, 0);
    at = waits = 0;
    clock_ms = 5000;
    opened[0] = '\0';
    opens_as = open("/dev/null", O_RDONLY | O_CLOEXEC);
    poll_gives = 1;
    poll_ms = 100;
    ends_before = false;
    if (xw_test_private_root("/proc") < 0 || mkdir("/proc/self", 0755) < 0)
        return -1;
    put("/proc/self/mountinfo", PLAIN_MOUNTS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return umount("/proc");
}

static int wait_for_alice(struct xw_error *err)
{
    return xw_presence_wait(ALICE, SECONDS, err);
}

static void nobody_is_here(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(wait_for_alice(&err), 1);
    process("10", "S (sleeping)", "1002\t1002\t1002\t1002");
    process("11", "S (sleeping)", "10011\t10011\t10011\t10011");
    /* What she started with another's rights, and the other way round: the real uid counts. */
    process("12", "S (sleeping)", "0\t1001\t1001\t1001");
    process("13", "Z (zombie)", MINE);
    process("14", "X (dead)", MINE);
    process("0", "S (sleeping)", MINE);
    entries[0] = "10";
    entries[1] = "11";
    entries[2] = "12";
    entries[3] = "13";
    entries[4] = "14";
    entries[5] = "0";
    entries[6] = "15"; /* which has gone meanwhile */
    entries[7] = "self";
    assert_int_equal(wait_for_alice(&err), 1);
    /* One of which there is nothing to read. */
    assert_int_equal(mkdir("/proc/15", 0755), 0);
    put("/proc/15/status", "");
    assert_int_equal(wait_for_alice(&err), 1);
    assert_string_equal(opened, "");
    assert_string_equal(err.text, "");
    assert_int_equal(waits, 0);
}

static void who_leaves_within_the_time(void **state)
{
    (void)state;
    process("20", "S (sleeping)", "1001\t0\t0\t0");
    process("21", "R (running)", MINE);
    entries[0] = "self";
    entries[1] = "20";
    entries[2] = "21";
    assert_int_equal(wait_for_alice(NULL), 1);
    assert_string_equal(opened, "20 21 ");
    assert_int_equal(waited[0], 15000);
    assert_int_equal(waited[1], 14900);
    /* The descriptor may be any. */
    process("20", "S (sleeping)", MINE);
    close(STDIN_FILENO);
    close(opens_as);
    opens_as = open("/dev/null", O_RDONLY);
    assert_int_equal(opens_as, STDIN_FILENO);
    assert_int_equal(wait_for_alice(NULL), 1);
    assert_string_equal(opened, "20 21 20 ");
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
    assert_int_equal(open("/dev/null", O_RDONLY), STDIN_FILENO);
}

static void who_stays(void **state)
{
    struct xw_error err = {0};

    (void)state;
    process("20", "S (sleeping)", MINE);
    entries[0] = "20";
    poll_gives = 0;
    assert_int_equal(wait_for_alice(&err), 0);
    assert_int_equal(waits, 1);
    /* A signal doesn't end the wait, nor make it longer; when the time is up nobody waits. */
    poll_gives = -1;
    poll_ms = 14999;
    waits = 0;
    opens_as = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(wait_for_alice(&err), 1);
    assert_int_equal(waits, 2);
    assert_int_equal(waited[0], 15000);
    assert_int_equal(waited[1], 1);
    process("20", "S (sleeping)", MINE);
    poll_ms = 15000;
    waits = 0;
    assert_int_equal(wait_for_alice(&err), 0);
    assert_int_equal(waits, 1);
    assert_string_equal(err.text, "");
}

/* Between the look at a process and the descriptor of it. */
static void who_leaves_meanwhile(void **state)
{
    (void)state;
    process("20", "S (sleeping)", MINE);
    entries[0] = "20";
    entries[1] = "self";
    entries[2] = "99999999999";
    ends_before = true;
    opens_as = -ESRCH;
    assert_int_equal(wait_for_alice(NULL), 1);
    assert_string_equal(opened, "20 ");
    assert_int_equal(waits, 0);
}

/* Nobody is taken to be gone because it can't be known. */
static void what_can_not_be_known(void **state)
{
    struct xw_error err = {0};

    (void)state;
    process("20", "S (sleeping)", MINE);
    entries[0] = "20";
    opens_as = -EMFILE;
    assert_int_equal(wait_for_alice(&err), -EMFILE);
    assert_non_null(strstr(err.text, "The processes of the uid 1001 can't be looked at: "));
    entries[0] = NULL;
    xw_fault_set("readdir", 1, EIO);
    assert_int_equal(wait_for_alice(&err), -EIO);
    xw_fault_set("opendir", 1, EACCES);
    assert_int_equal(wait_for_alice(&err), -EACCES);
    assert_int_equal(unlink("/proc/self/mountinfo"), 0);
    assert_int_equal(wait_for_alice(&err), -ENOENT);
    assert_non_null(strstr(err.text, "/proc/self/mountinfo can't be opened"));
}

static void a_proc_that_hides(void **state)
{
    static const struct {
        const char *mounts;
        int rc;
    } rows[] = {
        {"30 1 0:21 / /proc rw - proc proc rw,hidepid=invisible\n", -EPERM},
        {PLAIN_MOUNTS "30 1 0:21 / /proc rw - proc proc rw,hidepid=2\n", -EPERM},
        {"30 1 0:21 / /proc rw - proc proc rw,hidepid=off\n", 1},
        {PLAIN_MOUNTS "30 1 0:21 / /srv/proc rw - proc proc rw,hidepid=2\n", 1},
        {PLAIN_MOUNTS, 1},
        {"", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct xw_error err = {0};
        put("/proc/self/mountinfo", rows[i].mounts);
        assert_int_equal(wait_for_alice(&err), rows[i].rc);
        assert_int_equal(strstr(err.text, "ProtectProc=default") != NULL, rows[i].rc < 0);
    }
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(nobody_is_here),       FRESH(who_leaves_within_the_time), FRESH(who_stays),
        FRESH(who_leaves_meanwhile), FRESH(what_can_not_be_known),      FRESH(a_proc_that_hides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
