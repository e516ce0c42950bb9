/*
 * Class K: the audit record. Nothing in it is the caller's to form; there is one a request.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hostile/suite.h"

static unsigned int occurrences(const char *text, const char *what)
{
    unsigned int count = 0;

    while ((text = strstr(text, what)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    }
    return true;
}

/* The fields that decide are there once, whatever the caller says. */
static void well_formed(const char *const argv[], const struct drive_user *user)
{
    static const char *const once[] = {
        "op=",   " request=", " caller=", " decision=", " code=",
        " exe=", " res=",     " lab=",    " owner=",    " machines="};
    struct drive_result result;

    drive_run(&(struct drive_call){.argv = argv, .user = user, .tracer = &recorder}, &result);
    tried(1);
    if (result.audit_count != 1) {
        fail("%.60s: %zu records", argv[1], result.audit_count);
    } else {
        for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
            if (occurrences(result.audit[0], once[i]) != 1)
                fail("%.60s: \"%s\" is there %u times: %.300s", argv[1], once[i],
                     occurrences(result.audit[0], once[i]), result.audit[0]);
        }
        if (!is_plain(result.audit[0]))
            fail("%.60s: a control character in the record", argv[1]);
    }
    drive_free(&result);
}

static void hostile_values(void)
{
    static const char *const values[] = {
        "x\ntype=TRUSTED_APP msg=audit(1:1): op=xworlds-start",
        "x res=success",
        "res=success",
        "\x1b[2J",
        "x\" exe=\"/bin/sh",
        "\" res=success \"",
        "decision=allow",
        "caller=0",
        "x decision=allow code=0 res=success'",
        "\x80\x81",
        "caller=0,res=success",
        "a\tb",
        "(null)",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        well_formed(ARGV(values[i]), people.alice);
        well_formed(ARGV("status", values[i]), people.alice);
        well_formed(ARGV("start", "hostile", values[i]), people.alice);
        well_formed(ARGV("start", values[i], values[i]), people.oscar);
        well_formed((const char *const[]){values[i], "status", "hostile", NULL}, people.alice);
    }
}

/* The caller that the record names is the uid of the process, for everybody. */
static void identity(void)
{
    const struct drive_user *const users[] = {people.alice, people.bob,  people.eve,  people.ruth,
                                              people.tina,  people.hank, people.oscar};

    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        refused("a refusal",
                &(struct drive_call){.argv = ARGV("start", "nosuchlab", "m1"), .user = users[i]},
                XW_EXIT_REFUSED);
    allowed("alice", &(struct drive_call){.argv = ARGV("list"), .user = people.alice});
    allowed("bob", &(struct drive_call){.argv = ARGV("list"), .user = people.bob});
}

/* The keeper breaks off half-way: the gate says so, exits 75, and records it. */
static void broken_off(void)
{
    struct drive_result result;
    pid_t keeper = keeper_pid();

    kill(keeper, SIGSTOP);
    drive_run(
        &(struct drive_call){.argv = ARGV("nosuchverb"), .user = people.alice, .tracer = &recorder},
        &result);
    kill(keeper, SIGCONT);
    tried(1);
    if (result.code != XW_EXIT_USAGE || result.audit_count != 1)
        fail("with the keeper stopped, usage: %d, %zu records", result.code, result.audit_count);
    drive_free(&result);
    MUST("tests/throwaway-host", "service", "kill", "keeper");
    drive_run(&(struct drive_call){.argv = ARGV("status", "hostile"),
                                   .user = people.alice,
                                   .tracer = &recorder},
              &result);
    tried(1);
    if (result.code != XW_EXIT_TRY_AGAIN || result.audit_count != 1 ||
        !strstr(result.audit[0], "code=75") || !strstr(result.audit[0], "res=failed"))
        fail("without a keeper: %d, %zu records: %.200s", result.code, result.audit_count,
             result.out);
    drive_free(&result);
    MUST("tests/throwaway-host", "service", "start", "keeper");
    keeper_was_restarted();
    control(people.alice);
}

const struct test suite_audit[] = {
    {"T-K1 newline, escape and res=success in every value", hostile_values},
    {"T-K2 the record names whom the kernel names", identity},
    {"T-K4 one record when the keeper is stopped or gone", broken_off},
    {NULL, NULL},
};
