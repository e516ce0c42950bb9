/* links: xwhelper/gate/audit.c common/request.c common/names.c */
/*
 * The gate's audit record: every field, and what a hostile value becomes in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <libaudit.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwhelper/gate/audit.h"

static char record[8192];
static char terminal[64];
static int result;
static int records;

int audit_log_user_message(int fd, int type, const char *message, const char *hostname,
                           const char *addr, const char *tty, int outcome)
{
    assert_int_equal(fd, 42);
    assert_int_equal(type, AUDIT_TRUSTED_APP);
    assert_null(hostname);
    assert_null(addr);
    snprintf(record, sizeof(record), "%s", message);
    snprintf(terminal, sizeof(terminal), "%s", tty);
    result = outcome;
    return ++records;
}

static struct xw_request asked(const char *machines)
{
    struct xw_request request = {.verb = XW_VERB_STOP,
                                 .lab = "firewall",
                                 .owner = "alice",
                                 .force = true,
                                 .id = "0123456789abcdef"};

    assert_int_equal(xw_request_set_machines(&request, machines), 0);
    return request;
}

/* Without the time that it took. */
static const char *written(const struct xw_request *request, const char *phase, bool allowed,
                           int code)
{
    const struct xw_gate_log log = {.fd = 42, .landlock = true, .terminal = "pts/3"};

    record[0] = '\0';
    xw_gate_audit(&log, 1001, request, phase, allowed, code, xw_gate_clock());
    char *time = strstr(record, "usec=");
    assert_non_null(time);
    assert_true(strtoul(time + 5, NULL, 10) < 10000000);
    char *after = strchr(time, ' ');
    memmove(time + 5, after, strlen(after) + 1);
    return record;
}

static void every_field_is_there(void **state)
{
    struct xw_request request = asked("web,client");

    (void)state;
    assert_string_equal(written(&request, "request", true, 0),
                        "op=xworlds-stop phase=request request=0123456789abcdef caller=1001 "
                        "lab=\"firewall\" owner=\"alice\" machines=\"web,client\" force=1 "
                        "decision=allow code=0 usec= landlock=1");
    assert_string_equal(terminal, "pts/3");
    assert_int_equal(result, 1);
    request = asked("*");
    request.force = false;
    assert_string_equal(written(&request, "close", true, 1),
                        "op=xworlds-stop phase=close request=0123456789abcdef caller=1001 "
                        "lab=\"firewall\" owner=\"alice\" machines=\"*\" force=0 "
                        "decision=allow code=1 usec= landlock=1");
    assert_int_equal(result, 0);
    request.verb = XW_VERB_REVERT;
    strcpy(request.checkpoint, "before-nat");
    strcpy(request.note, "61");
    assert_string_equal(written(&request, "request", true, 0),
                        "op=xworlds-revert phase=request request=0123456789abcdef caller=1001 "
                        "lab=\"firewall\" owner=\"alice\" machines=\"*\" force=0 "
                        "checkpoint=before-nat decision=allow code=0 usec= landlock=1");
    written(&request, "request", false, 0);
    assert_int_equal(result, 0);
    assert_non_null(strstr(record, "decision=refuse"));
    request = (struct xw_request){.verb = XW_VERB_LIST, .id = "0123456789abcdef"};
    assert_non_null(
        strstr(written(&request, "request", true, 0), "lab=\"-\" owner=\"-\" machines=\"-\""));
}

static void as_many_machines_as_can_be(void **state)
{
    struct xw_request request = asked("*");

    (void)state;
    request.whole_world = false;
    request.machine_count = XW_MACHINES_MAX;
    for (size_t i = 0; i < XW_MACHINES_MAX; i++)
        snprintf(request.machines[i], XW_NAME_SIZE, "m%031zu", i);
    assert_non_null(
        strstr(written(&request, "request", true, 0), "m0000000000000000000000000000063\""));
    assert_non_null(strstr(record, " landlock=1"));
}

/* A value that is no name is written in hexadecimal digits, and nothing follows from it. */
static void a_hostile_value(void **state)
{
    struct xw_request request = asked("*");

    (void)state;
    snprintf(request.lab, sizeof(request.lab), "x\" res=success\n");
    assert_non_null(strstr(written(&request, "request", false, 3),
                           " lab=7822207265733D737563636573730A owner="));
}

static void without_a_socket_there_is_none(void **state)
{
    const struct xw_gate_log closed = {.fd = -1};
    const struct xw_gate_log no_terminal = {.fd = 42};
    const struct xw_request request = asked("*");
    int before = records;

    (void)state;
    xw_gate_audit(&closed, 1001, &request, "request", true, 0, 0);
    assert_int_equal(records, before);
    xw_gate_audit(&no_terminal, 1001, &request, "request", true, 0, 0);
    assert_int_equal(records, before + 1);
    assert_string_equal(terminal, "?");
    assert_non_null(strstr(record, " landlock=0"));
}

/* The first of the three descriptors that is a terminal. */
static void the_terminal(void **state)
{
    int ends[2];
    int status;
    char name[64];

    (void)state;
    assert_int_equal(openpty(&ends[0], &ends[1], name, NULL, NULL), 0);
    assert_memory_equal(name, "/dev/", 5);
    for (int which = 0; which <= 3; which++) {
        pid_t pid = fork();
        if (pid == 0) {
            char found[64] = "untouched";
            int null = open("/dev/null", O_RDWR);
            for (int fd = 0; fd < 3; fd++)
                dup2(fd == which ? ends[1] : null, fd);
            xw_gate_terminal(found);
            _exit(strcmp(found, which < 3 ? name + 5 : ""));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_there), cmocka_unit_test(as_many_machines_as_can_be),
        cmocka_unit_test(a_hostile_value),      cmocka_unit_test(without_a_socket_there_is_none),
        cmocka_unit_test(the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
