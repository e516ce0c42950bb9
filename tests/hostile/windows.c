/*
 * Class E: ownership by the clock. What a lab's window and a user's extension forbid reaches
 * neither libvirt nor a decision of the gate's alone: the keeper is asked without one, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/proxy.h"
#include "tests/hostile/suite.h"
#include "tests/hostile/talk.h"

static const char id[] = "00000000000000e7";

/* Speaks to the keeper as a gate that has been taken over: it must decide the same again. */
static void keeper_decides(const struct drive_user *user, const char *verb, const char *lab,
                           const char *owner, bool open)
{
    struct proxy_count before = proxy_count();
    struct drive_user gate = taken_over(user);
    char line[128];
    char reply[4096] = "";
    int pipes[2];

    snprintf(line, sizeof(line), "1 %s %s %s m1 %s %s\n", verb, lab, owner,
             strcmp(verb, "stop") == 0 ? "force" : "-", id);
    if (pipe(pipes) < 0)
        abort();
    fflush(NULL);
    pid_t pid = drive_fork_as(&gate);
    if (pid == 0) {
        int keeper = connect_keeper();
        if (keeper < 0 || !send_with(keeper, line, strlen(line), NULL, 0))
            _exit(1);
        read_reply(keeper, reply, sizeof(reply));
        _exit(write(pipes[1], reply, strlen(reply)) < 0);
    }
    close(pipes[1]);
    read_reply(pipes[0], reply, sizeof(reply));
    close(pipes[0]);
    waitpid(pid, NULL, 0);
    tried(1);
    if (open ? !strstr(reply, "end 0\n") || strstr(reply, "window")
             : strncmp(reply, "window ", 7) != 0 || !strstr(reply, "\nerror this lab is ") ||
                   !strstr(reply, "\nend 4\n"))
        fail("the keeper, to %s's %s of %s: %.300s", owner, verb, lab, reply);
    if (!open && proxy_count().connections != before.connections)
        fail("%s of %s was refused by the keeper, but libvirt's read-write socket was used", verb,
             lab);
}

/* Outside of its window nothing of a lab is changed; inside, and with an extension, all of it is.
 */
static void by_the_clock(void)
{
    static const char *const changing[] = {"start", "stop", "reboot", "revert"};

    for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
        keeper_decides(people.wendy, changing[i], "late", "wendy", false);
        keeper_decides(people.wendy, changing[i], "early", "wendy", false);
        keeper_decides(people.walt, changing[i], "longer", "walt", false);
    }
    keeper_decides(people.wendy, "stop", "longer", "wendy", true);
    keeper_decides(people.walt, "stop", "late", "walt", true);
    whole_path(people.wendy, "timely");
    whole_path(people.wendy, "longer");
    /* Taken back, it is closed again, from the next request on. */
    MUST("xwadm", "extend", "longer", "wendy", "--none");
    refused("wendy, whose extension was taken back",
            &(struct drive_call){.argv = ARGV("start", "longer", "m1"), .user = people.wendy},
            XW_EXIT_LIMITED);
    keeper_decides(people.wendy, "start", "longer", "wendy", false);
    MUST("xwadm", "extend", "longer", "wendy", "2100-01-01 08:00");
    allowed("wendy, extended again",
            &(struct drive_call){.argv = ARGV("stop", "longer", "m1", "--force"),
                                 .user = people.wendy});
    lists(people.wendy, "wendy",
          "window early before 4102473600 0 0\n"
          "window timely open 978336000 4102473600 4102473600\n"
          "window late closed 0 978336000 978337800\n"
          "window longer open 946684740 4102473600 4102473600\n"
          "world early wendy 1 0 Lab early\nworld timely wendy 1 0 Lab timely\n"
          "world late wendy 1 0 Lab late\nworld longer wendy 1 0 Lab longer\nend 0\n");
}

const struct test suite_windows[] = {
    {"T-E7 windows and extensions, decided by gate and keeper each", by_the_clock},
    {NULL, NULL},
};
