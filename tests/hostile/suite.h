/*
 * What the classes of tests share: the harness (TAP, one line a test), the people and worlds that
 * tests/hostile/inside has made, and the two verdicts: refused without a trace, and done.
 */
#ifndef XW_HOSTILE_SUITE_H
#define XW_HOSTILE_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/exitcode.h"
#include "tests/hostile/drive.h"

/* A test's name begins with the tag of the claim that it holds (docs/threat-model.md). */
struct test {
    const char *name;
    void (*run)(void);
};

#define SUITE(letter) extern const struct test suite_##letter[]
SUITE(arguments);
SUITE(environment);
SUITE(inherited);
SUITE(files);
SUITE(ownership);
SUITE(windows);
SUITE(signals);
SUITE(keeper);
SUITE(audit);
SUITE(load);
SUITE(owned);
SUITE(owned_special);
SUITE(owned_reader);
SUITE(owned_broker);

/* Makes the test under way a failed one; it goes on. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Printed with the tests' result: what was tried. */
void tried(size_t count);

/* Whether everything is tried, and not a sample (XW_FULL=1). */
bool everything(void);

/* Random numbers below `limit`, from the seed that is printed (XW_SEED). */
unsigned int random_below(unsigned int limit);

/* The students, and who else there is; see tests/hostile/inside. */
struct people {
    const struct drive_user *alice, *bob; /* worlds of "hostile"; alice of lab1, bob of lab10 */
    const struct drive_user *eve;         /* has a world, and is in its lab's group no longer */
    const struct drive_user *ruth;        /* has the uid of sven, who had a world */
    const struct drive_user *tina, *hank; /* instructors of "hostile" and of "other" */
    const struct drive_user *gail;        /* of the team blue, which has a world of "hostile" */
    const struct drive_user *blue;        /* a user of the team's name, with a world of "hostile" */
    const struct drive_user *nina, *uwe;  /* named by "byname", as a student and an instructor */
    const struct drive_user *gus;         /* in a group of nina's name */
    const struct drive_user *wendy,
        *walt; /* worlds of labs with windows; walt instructs some, too */
    const struct drive_user *oscar, *root; /* nobody in particular, and root */
};
extern struct people people;

/* argv of a call, on the caller's stack. */
#define ARGV(...) ((const char *const[]){"xwhelper", __VA_ARGS__, NULL})

/* A tracer that only records. */
extern const struct drive_tracer recorder;

/*
 * Runs the call, recorded unless it has a tracer of its own, and requires a clean refusal: the exit
 * code, the protocol's three lines and nothing else (one about the window before them with
 * XW_EXIT_LIMITED), exactly one audit record, which names the caller by the kernel's word and the
 * gate's own file, and not one call or connection to libvirt's read-write socket. Usage is a
 * refusal too.
 */
void refused(const char *what, const struct drive_call *call, int code);

/* The same, where the gate has allowed what the keeper then refuses: its record says so. */
void refused_by_keeper(const char *what, const struct drive_call *call);

/* The same where the process may also have died by SIGABRT without saying anything. */
void refused_or_dead(const char *what, const struct drive_call *call);

/* Runs the call and requires exit 0, "end 0", and one audit record that says so. */
void allowed(const char *what, const struct drive_call *call);

/* Each verb on a world of the user's own, and that the proxy sees what changes it. */
void whole_path(const struct drive_user *user, const char *lab);

/* The user's list says exactly this. */
void lists(const struct drive_user *user, const char *who, const char *expected);

/* Runs the call and checks only the number: for controls. */
void exits(const char *what, const struct drive_call *call, int code);

/* The user's own `status hostile` works: the control beside each refusal. */
void control(const struct drive_user *user);

/* The lines' beginnings in a result, `xworlds 1 ID` left out. */
const char *without_id(const struct drive_result *result);

/* Runs a program as root; returns its exit status. */
int command(const char *const argv[]);
#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

/* Requires that root's command succeeds; for preparing. */
#define MUST(...)                                                                                  \
    do {                                                                                           \
        if (COMMAND(__VA_ARGS__) != 0)                                                             \
            fail("preparing failed: line %d", __LINE__);                                           \
    } while (0)

/* Whether this process exists. */
bool is_there(pid_t pid);

/* The keeper's listener. Each test must leave it running, unless it says that it restarted it. */
pid_t keeper_pid(void);
void keeper_was_restarted(void);

/* Milliseconds of the monotonic clock. */
long milliseconds(void);

#endif
