/* links: xwadm/audit_log.c common/error.c common/names.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xwadm/audit.h"

enum { GATE = 990, READ_MAX = 8 };

/* Recorded from the kernel's multicast group, in the form in which auditd writes it. */
static const char start[] =
    "type=TRUSTED_APP msg=audit(1795550300.078:273): pid=16798 uid=990 auid=1001 ses=12 "
    "msg='op=xworlds-start phase=request request=0123456789abcdef caller=1001 lab=\"firewall\" "
    "owner=\"alice\" machines=\"web,client\" force=0 decision=allow code=0 usec=411 "
    "exe=\"/usr/local/libexec/xworlds/xwhelper\" hostname=? addr=? terminal=pts/3 res=success'\n";

/* The same with a lab of the name `a" res=success`, a newline and an x, as libaudit encoded it. */
static const char hostile[] =
    "type=TRUSTED_APP msg=audit(1795550300.082:274): pid=16798 uid=990 auid=4294967295 "
    "ses=4294967295 msg='op=xworlds-start phase=request request=0123456789abcdee caller=1001 "
    "lab=6122207265733D737563636573730A78 owner=\"alice\" machines=\"web,client\" force=0 "
    "decision=refuse code=3 usec=3753 exe=\"/usr/local/libexec/xworlds/xwhelper\" hostname=? "
    "addr=? terminal=? res=failed'\n";

/* What else is in a log: other types, other programs, and auditd's form with interpreted values. */
static const char others[] =
    "type=CONFIG_CHANGE msg=audit(1795550301.094:275): op=set audit_enabled=0 old=1 "
    "auid=4294967295 ses=4294967295 res=1\n"
    "type=SYSCALL msg=audit(1795550301.094:275): arch=c000003e syscall=44 success=yes exit=60 "
    "a0=3 a1=7fff36cc5340 a2=3c a3=0 items=0 ppid=16661 pid=16855 auid=4294967295 uid=0 gid=0 "
    "euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm=\"auditctl\" "
    "exe=\"/usr/sbin/auditctl\" key=(null)\n"
    "type=PROCTITLE msg=audit(1795550301.094:275): proctitle=617564697463746C002D650030\n"
    "type=EOE msg=audit(1795550301.094:275): \n"
    "type=USER_LOGIN msg=audit(1795550302.000:276): pid=1 uid=0 auid=1001 ses=12 "
    "msg='op=login acct=\"op=xworlds-start\" exe=\"/usr/sbin/sshd\" hostname=? addr=? "
    "terminal=ssh res=success'\n";

static const char enriched[] =
    "type=TRUSTED_APP msg=audit(1795550303.000:277): pid=16799 uid=990 auid=1001 ses=12 "
    "msg='op=xworlds-console phase=open request=0123456789abcdea caller=1001 lab=\"firewall\" "
    "owner=\"alice\" machines=\"web\" force=0 decision=allow code=0 usec=9 "
    "exe=\"/usr/local/libexec/xworlds/xwhelper\" hostname=? addr=? terminal=pts/3 "
    "res=success'\x1dUID=\"xwhelper\" AUID=\"alice\"\n";

static char path[] = "/tmp/xworlds-audit-XXXXXX";
static struct xw_audit_event taken[READ_MAX];
static size_t taken_count;

static int take(enum xw_audit_source source, struct xw_audit_event *read, void *data)
{
    (void)data;
    assert_int_equal(source, XW_AUDIT_GATE);
    assert_true(taken_count < READ_MAX);
    taken[taken_count++] = *read;
    memset(read, 0, sizeof(*read));
    return 0;
}

static void append(const char *text, size_t length)
{
    FILE *file = fopen(path, "ae");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static int make_log(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/xworlds-audit-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < taken_count; i++)
        xw_audit_event_clear(&taken[i]);
    taken_count = 0;
    return unlink(path);
}

/* audit_events.c's, which needs nothing else of it here. */
void xw_audit_event_clear(struct xw_audit_event *event)
{
    for (int i = 0; i < XW_AUDIT_SOURCES; i++)
        free(event->side[i].machines);
    free(event->domains);
    memset(event, 0, sizeof(*event));
}

static struct xw_audit_log *open_log(void)
{
    struct xw_error err = {0};
    struct xw_audit_log *log = xw_audit_log_open(path, GATE, &err);

    if (!log)
        fail_msg("%s", err.text);
    return log;
}

static void read_log(struct xw_audit_log *log)
{
    struct xw_error err = {0};

    if (xw_audit_log_read(log, take, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_record_is_read(void **state)
{
    (void)state;
    append(start, strlen(start));
    struct xw_audit_log *log = open_log();
    read_log(log);
    xw_audit_log_close(log);
    assert_int_equal(taken_count, 1);
    const struct xw_audit_side *side = &taken[0].side[XW_AUDIT_GATE];
    assert_string_equal(taken[0].id, "0123456789abcdef");
    assert_int_equal(taken[0].phase, XW_AUDIT_REQUEST);
    assert_int_equal(taken[0].login, 1001);
    assert_int_equal(taken[0].session, 12);
    assert_string_equal(taken[0].terminal, "pts/3");
    assert_int_equal(side->when, 1795550300078000);
    assert_int_equal(side->uid, 1001);
    assert_string_equal(side->op, "start");
    assert_string_equal(side->lab, "firewall");
    assert_string_equal(side->owner, "alice");
    assert_string_equal(side->machines, "web,client");
    assert_false(side->refused);
    assert_int_equal(side->code, 0);
    assert_int_equal(side->duration, 411);
}

static void a_hostile_name_stays_a_name(void **state)
{
    (void)state;
    append(hostile, strlen(hostile));
    struct xw_audit_log *log = open_log();
    read_log(log);
    xw_audit_log_close(log);
    assert_int_equal(taken_count, 1);
    assert_string_equal(taken[0].side[XW_AUDIT_GATE].lab, "?");
    assert_string_equal(taken[0].side[XW_AUDIT_GATE].owner, "alice");
    assert_true(taken[0].side[XW_AUDIT_GATE].refused);
    assert_int_equal(taken[0].side[XW_AUDIT_GATE].code, 3);
    assert_int_equal(taken[0].session, -1);
    assert_int_equal(taken[0].login, (uid_t)-1);
}

static void only_the_gate_counts(void **state)
{
    char other[sizeof(start)];

    (void)state;
    append(others, strlen(others));
    append(enriched, strlen(enriched));
    /* Sent by another uid, whatever the text says. */
    memcpy(other, start, sizeof(start));
    memcpy(strstr(other, "uid=990"), "uid=991", 7);
    append(other, strlen(other));
    memcpy(strstr(other, "uid=991"), "uid=990", 7);
    memcpy(strstr(other, "xworlds-"), "another-", 8);
    append(other, strlen(other));
    struct xw_audit_log *log = open_log();
    read_log(log);
    xw_audit_log_close(log);
    assert_int_equal(taken_count, 1);
    assert_string_equal(taken[0].id, "0123456789abcdea");
    assert_int_equal(taken[0].phase, XW_AUDIT_OPEN);
    assert_string_equal(taken[0].side[XW_AUDIT_GATE].machines, "web");
}

/* auditd writes while we read: half a line is read when its end has come. */
static void a_growing_log_is_read_once(void **state)
{
    (void)state;
    append(start, strlen(start));
    append(hostile, 100);
    struct xw_audit_log *log = open_log();
    read_log(log);
    assert_int_equal(taken_count, 1);
    read_log(log);
    assert_int_equal(taken_count, 1);
    append(hostile + 100, strlen(hostile) - 100);
    read_log(log);
    assert_int_equal(taken_count, 2);
    assert_string_equal(taken[1].id, "0123456789abcdee");
    xw_audit_log_close(log);
}

static void no_log_is_an_error(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_null(xw_audit_log_open("/nonexistent/audit.log", GATE, &err));
    assert_int_equal(err.code, -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/audit.log"));
}

/* A pipe that nobody writes to would be waited for. */
static void what_is_no_file_is_refused_at_once(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_null(xw_audit_log_open("/dev/null", GATE, &err));
    assert_int_equal(err.code, -EINVAL);
    assert_non_null(strstr(err.text, "/dev/null is not a file"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(xw_audit_log_open(path, GATE, &err));
    assert_int_equal(err.code, -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_is_read, make_log, remove_log),
        cmocka_unit_test_setup_teardown(a_hostile_name_stays_a_name, make_log, remove_log),
        cmocka_unit_test_setup_teardown(only_the_gate_counts, make_log, remove_log),
        cmocka_unit_test_setup_teardown(a_growing_log_is_read_once, make_log, remove_log),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused_at_once, make_log, remove_log),
        cmocka_unit_test(no_log_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
