/* links: xwhelper/keeper/journal.c xwhelper/keeper/auditing.c xwhelper/keeper/machine.c common/request.c common/names.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/journal.h"

enum { TEXT_MAX = 20000 };

static int journald = -1;
static char text[TEXT_MAX];

/* glibc's name for a pointer to any kind of address. */
ssize_t sendto(int fd, const void *bytes, size_t length, int flags, __CONST_SOCKADDR_ARG address,
               socklen_t size)
{
    ssize_t (*libc)(int, const void *, size_t, int, __CONST_SOCKADDR_ARG, socklen_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "sendto");
    return xw_fault_strikes("sendto") ? -1 : libc(fd, bytes, length, flags, address, size);
}

/* A /run of our own, with somebody who listens as journald does. */
static int begin(void **state)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX,
                                        .sun_path = "/run/systemd/journal/socket"};

    (void)state;
    if (xw_test_private_root("/run") < 0 || mkdir("/run/systemd", 0755) < 0 ||
        mkdir("/run/systemd/journal", 0755) < 0)
        return -1;
    journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return journald < 0 || bind(journald, (const struct sockaddr *)&address, sizeof(address)) < 0
               ? -1
               : 0;
}

static struct xw_note asked(void)
{
    struct xw_note note = {.parsed = true,
                           .decided = true,
                           .decision = XW_DECISION_ALLOW,
                           .asked_auditing = true,
                           .auditing = XW_AUDITING_OFF};
    struct xw_request *request = &note.request;

    request->verb = XW_VERB_START;
    snprintf(request->lab, sizeof(request->lab), "firewall");
    snprintf(request->owner, sizeof(request->owner), "alice");
    snprintf(request->id, sizeof(request->id), "0123456789abcdef");
    assert_int_equal(xw_request_set_machines(request, "web,client"), 0);
    return note;
}

/* The next entry, as it came. */
static const char *received(void)
{
    ssize_t length = recv(journald, text, sizeof(text) - 1, 0);

    text[length < 0 ? 0 : length] = '\0';
    return text;
}

static bool has_line(const char *line)
{
    size_t length = strlen(line);

    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        if (strcspn(at, "\n") == length && strncmp(at, line, length) == 0)
            return true;
        if (!strchr(at, '\n'))
            return false;
    }
    return false;
}

static void write_and_receive(const struct xw_entry *entry)
{
    struct xw_journal journal;

    xw_journal_open(&journal);
    xw_journal_write(&journal, entry);
    close(journal.fd);
    received();
}

static void a_request_is_told(void **state)
{
    const struct xw_note note = asked();
    const struct xw_entry entry = {
        .uid = 1001, .peer_pid = 12, .pid = 34, .note = &note, .usec = 5678};

    (void)state;
    write_and_receive(&entry);
    assert_true(has_line("PRIORITY=6"));
    assert_true(has_line("SYSLOG_IDENTIFIER=xwkeeper"));
    assert_true(has_line("XWORLDS_REQUEST=0123456789abcdef"));
    assert_true(has_line("XWORLDS_PHASE=request"));
    assert_true(has_line("XWORLDS_UID=1001"));
    assert_true(has_line("XWORLDS_PEER_PID=12"));
    assert_true(has_line("XWORLDS_PID=34"));
    assert_true(has_line("XWORLDS_OP=start"));
    assert_true(has_line("XWORLDS_LAB=firewall"));
    assert_true(has_line("XWORLDS_OWNER=alice"));
    assert_true(has_line("XWORLDS_MACHINES=web,client"));
    assert_true(has_line("XWORLDS_DECISION=allow"));
    assert_true(has_line("XWORLDS_RESULT=done"));
    assert_true(has_line("XWORLDS_CODE=0"));
    assert_true(has_line("XWORLDS_DURATION_USEC=5678"));
    assert_null(strstr(text, "XWORLDS_SIGNAL"));
    assert_null(strstr(text, "XWORLDS_LOST"));
    assert_true(has_line("XWORLDS_AUDITING=off"));
    /* Python says so, too: uuid5(UUID("6d1f0a52-c38e-4b97-a524-7e39d0b618f1"), the name) */
    assert_true(has_line("XWORLDS_DOMAIN=98de7cf5-c897-5247-a000-ea05c83a83db"));
}

static void outcomes_have_their_words(void **state)
{
    const struct {
        int code;
        int signal;
        const char *result;
        const char *priority;
    } cases[] = {
        {0, 0, "XWORLDS_RESULT=done", "PRIORITY=6"},
        {1, 0, "XWORLDS_RESULT=failed", "PRIORITY=4"},
        {3, 0, "XWORLDS_RESULT=refused", "PRIORITY=5"},
        {4, 0, "XWORLDS_RESULT=limited", "PRIORITY=4"},
        {75, 0, "XWORLDS_RESULT=try-again", "PRIORITY=4"},
        {1, SIGSYS, "XWORLDS_RESULT=killed", "PRIORITY=2"},
        {1, SIGKILL, "XWORLDS_RESULT=killed", "PRIORITY=3"},
    };
    const struct xw_note note = asked();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct xw_entry entry = {
            .uid = 1001, .note = &note, .code = cases[i].code, .signal = cases[i].signal};
        write_and_receive(&entry);
        assert_true(has_line(cases[i].result));
        assert_true(has_line(cases[i].priority));
    }
    assert_true(has_line("XWORLDS_SIGNAL=9"));
    assert_null(strstr(text, "XWORLDS_CODE"));
}

static void what_is_no_request_is_told(void **state)
{
    const struct xw_note malformed = {.malformed = true};
    const struct xw_note silent = {.silent = true};
    struct xw_entry entry = {.uid = 1002, .note = &malformed, .code = 3};

    (void)state;
    write_and_receive(&entry);
    assert_true(has_line("XWORLDS_RESULT=malformed"));
    assert_true(has_line("XWORLDS_DECISION=none"));
    assert_true(has_line("XWORLDS_UID=1002"));
    assert_null(strstr(text, "XWORLDS_REQUEST"));
    assert_null(strstr(text, "XWORLDS_OP"));
    entry.note = &silent;
    write_and_receive(&entry);
    assert_true(has_line("XWORLDS_RESULT=silent"));
    assert_true(has_line("PRIORITY=7"));
}

/* What has no code of its own is told by its kind. */
static void priorities(void **state)
{
    const struct xw_note malformed = {.malformed = true};
    const struct xw_entry entry = {.uid = 1002, .note = &malformed, .code = 1};

    (void)state;
    write_and_receive(&entry);
    assert_true(has_line("PRIORITY=5"));
}

/* A newline would begin a field of its own: none gets in, whatever the caller let pass. */
static void no_value_is_two_lines(void **state)
{
    struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note};

    (void)state;
    snprintf(note.request.owner, sizeof(note.request.owner), "a\nXWORLDS_UID=0\x1f\x7f\x80 ");
    write_and_receive(&entry);
    assert_true(has_line("XWORLDS_OWNER=a?XWORLDS_UID=0??\x80 "));
    assert_false(has_line("XWORLDS_UID=0"));
}

/* By its star, and by every domain that it means. */
static void a_whole_world_is_told(void **state)
{
    struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note};

    (void)state;
    note.request.whole_world = true;
    write_and_receive(&entry);
    assert_true(has_line("XWORLDS_MACHINES=*"));
    assert_true(has_line("XWORLDS_DOMAIN=98de7cf5-c897-5247-a000-ea05c83a83db"));
    assert_non_null(strstr(text, " firewall/alice/* request="));
    note.request.whole_world = false;
    note.request.machine_count = 0;
    write_and_receive(&entry);
    assert_true(has_line("XWORLDS_MACHINES=-"));
}

static void the_message_names_the_signal(void **state)
{
    const struct xw_note note = asked();
    struct xw_entry entry = {.uid = 1001, .note = &note, .signal = SIGKILL, .code = 1};

    (void)state;
    write_and_receive(&entry);
    assert_true(has_line("MESSAGE=uid 1001: start firewall/alice/web,client "
                         "request=0123456789abcdef: decision=allow result=killed by SIGKILL"));
    entry.signal = 0;
    entry.code = 0;
    write_and_receive(&entry);
    assert_true(has_line("MESSAGE=uid 1001: start firewall/alice/web,client "
                         "request=0123456789abcdef: decision=allow result=done"));
}

static void a_world_without_a_record_is_noted(void **state)
{
    struct xw_note note = {.parsed = false};
    const struct xw_request request = {.verb = XW_VERB_START, .whole_world = true};

    (void)state;
    xw_note_request(&note, &request, NULL);
    assert_true(note.parsed);
    assert_int_equal(note.request.machine_count, 0);
}

/* The largest request there can be still is one whole entry. */
static void the_longest_request_fits(void **state)
{
    struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note};
    unsigned int domains = 0;

    (void)state;
    note.request.machine_count = XW_MACHINES_MAX;
    for (size_t i = 0; i < XW_MACHINES_MAX; i++)
        snprintf(note.request.machines[i], XW_NAME_SIZE, "m%031zu", i);
    write_and_receive(&entry);
    for (const char *at = text; (at = strstr(at, "\nXWORLDS_DOMAIN=")); at++)
        domains++;
    assert_int_equal(domains, XW_MACHINES_MAX);
    assert_non_null(strstr(text, "\nXWORLDS_DURATION_USEC="));
}

/* A journald that doesn't read must not stop the keeper; what was lost is told afterwards. */
static void what_cannot_be_written_is_counted(void **state)
{
    const struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note};
    struct xw_journal journal;
    char lost[32];
    unsigned int written = 0;

    (void)state;
    xw_journal_open(&journal);
    while (journal.lost == 0) {
        xw_journal_write(&journal, &entry);
        assert_true(++written < 100000);
    }
    xw_journal_write(&journal, &entry);
    assert_int_equal(journal.lost, 2);
    while (*received()) {
    }
    xw_journal_write(&journal, &entry);
    received();
    snprintf(lost, sizeof(lost), "XWORLDS_LOST=%d", 2);
    assert_true(has_line(lost));
    assert_int_equal(journal.lost, 0);
    close(journal.fd);
}

/* The kernel's two ways to say that there is no room now. */
static void no_room_is_a_loss(void **state)
{
    static const int numbers[] = {EAGAIN, ENOBUFS};
    const struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note};
    struct xw_journal journal;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        xw_journal_open(&journal);
        xw_fault_set("sendto", 1, numbers[i]);
        xw_journal_write(&journal, &entry);
        assert_int_equal(journal.lost, 1);
        xw_journal_write(&journal, &entry);
        received();
        assert_true(has_line("XWORLDS_LOST=1"));
        close(journal.fd);
    }
}

/* What a child notes, the listener sees, until the child gives it back. */
static void notes_are_shared(void **state)
{
    const struct xw_note asked_for = asked();
    struct xw_access access = {.machine_count = 1};
    struct xw_note *notes = xw_notes_map(16);
    int status;

    (void)state;
    assert_non_null(notes);
    snprintf(access.machines[0], XW_NAME_SIZE, "router");
    pid_t child = fork();
    if (child == 0) {
        struct xw_request request = asked_for.request;
        xw_note_request(&notes[3], &request, &access);
        request.whole_world = true;
        request.machine_count = 0;
        xw_note_request(&notes[4], &request, &access);
        xw_notes_unmap(notes, 16);
        signal(SIGSEGV, SIG_DFL);      /* cmocka's handler would go on with the tests */
        notes[3].request.force = true; /* not its any more */
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_true(notes[3].parsed);
    assert_string_equal(notes[3].request.id, "0123456789abcdef");
    assert_int_equal(notes[3].request.machine_count, 2);
    assert_false(notes[3].request.force);
    assert_true(notes[4].request.whole_world);
    assert_string_equal(notes[4].request.machines[0], "router");
    assert_false(notes[5].parsed);
    xw_notes_unmap(notes, 16);
}

static void without_journald_it_is_a_line_on_standard_error(void **state)
{
    const struct xw_note note = asked();
    const struct xw_entry entry = {.uid = 1001, .note = &note, .code = 3};
    struct xw_journal journal;
    char line[1024] = "";
    int ends[2];
    int before = dup(STDERR_FILENO);

    (void)state;
    assert_int_equal(unlink("/run/systemd/journal/socket"), 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    xw_journal_open(&journal);
    xw_journal_write(&journal, &entry);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
    assert_string_equal(line, "<5>xwkeeper: uid 1001: start firewall/alice/web,client "
                              "request=0123456789abcdef: decision=allow result=refused\n");
    assert_int_equal(journal.lost, 0);
    close(journal.fd);
    /* The same without any socket, whatever failed before. */
    journal.fd = -1;
    memset(line, 0, sizeof(line));
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    errno = EAGAIN;
    xw_journal_write(&journal, &entry);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    assert_true(read(ends[0], line, sizeof(line) - 1) > 0);
    assert_memory_equal(line, "<5>xwkeeper: uid 1001: ", 23);
    assert_int_equal(journal.lost, 0);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_told),
        cmocka_unit_test(outcomes_have_their_words),
        cmocka_unit_test(what_is_no_request_is_told),
        cmocka_unit_test(priorities),
        cmocka_unit_test(no_value_is_two_lines),
        cmocka_unit_test(a_whole_world_is_told),
        cmocka_unit_test(the_message_names_the_signal),
        cmocka_unit_test(a_world_without_a_record_is_noted),
        cmocka_unit_test(the_longest_request_fits),
        cmocka_unit_test(what_cannot_be_written_is_counted),
        cmocka_unit_test(no_room_is_a_loss),
        cmocka_unit_test(notes_are_shared),
        cmocka_unit_test(without_journald_it_is_a_line_on_standard_error),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
