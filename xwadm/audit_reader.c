#include "xwadm/audit_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/lines.h"
#include "common/paths.h"
#include "xwadm/audit_policy.h"
#include "xwadm/audit_wire.h"
#include "xwadm/confined.h"
#include "xwadm/say.h"

enum { CHUNK = 65536, TURN_USEC = 250000, REACHES = 8, LINE_LIMIT = 65536, EXIT_SAID = 1 };

/* In front of the reason for which the reader ends; no event begins so. */
#define FAILURE "failed "
#define OPENED  "opened "

struct xw_audit_reader {
    pid_t process; /* 0: it has been waited for */
    int fd;
    bool opened; /* it has said what it reads: */
    bool has[XW_AUDIT_SOURCES];
    struct xw_buffer received; /* the beginning of a line, after each call */
};

/* The group that may read a directory or file, where that is not root's. */
static size_t add_group(const char *path, gid_t *groups, size_t count)
{
    struct stat info;

    if (stat(path, &info) == 0 && info.st_gid != 0)
        groups[count++] = info.st_gid;
    return count;
}

/* Becomes nobody, with the groups that may read the logs: a rotated one is opened later. */
static int drop_privileges(struct xw_error *err)
{
    gid_t groups[3];
    size_t count = add_group("/var/log/audit", groups, 0);
    uid_t r, e, s;

    count = add_group("/run/log/journal", groups, count);
    count = add_group("/var/log/journal", groups, count);
    if (setgroups(count, groups) < 0 || setresgid(XW_NOBODY, XW_NOBODY, XW_NOBODY) < 0 ||
        setresuid(XW_NOBODY, XW_NOBODY, XW_NOBODY) < 0 || getresuid(&r, &e, &s) < 0 ||
        r != XW_NOBODY || e != XW_NOBODY || s != XW_NOBODY ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return xw_fail_errno(err, -errno, "Giving up root's privileges");
    return 0;
}

/* --- in the process that reads --------------------------------------------------------------- */

static void send_out(struct xw_buffer *buffer)
{
    size_t sent = 0;

    if (buffer->failed)
        _exit(EXIT_SAID);
    while (sent < buffer->length) {
        ssize_t n = write(STDOUT_FILENO, buffer->text + sent, buffer->length - sent);
        if (n <= 0)
            _exit(EXIT_SAID); /* nobody listens any more */
        sent += (size_t)n;
    }
    buffer->length = 0;
}

static int pass_on(enum xw_audit_source source, struct xw_audit_event *read, void *data)
{
    struct xw_buffer *buffer = data;

    xw_audit_wire_put(buffer, source, read);
    if (buffer->length >= CHUNK || buffer->failed)
        send_out(buffer);
    return 0;
}

/* Both are opened by the process that reads them, which libsystemd insists on. */
struct open_trails {
    struct xw_audit_log *log;
    struct xw_audit_journal *journal;
};

/* A trail that can't be opened is told; without both there is nothing to show. */
static int open_both(const struct xw_audit_trails *trails, struct open_trails *opened,
                     struct xw_error *err)
{
    const struct passwd *gate = getpwnam(XW_HELPER_USER);

    opened->log = xw_audit_log_open(trails->log_path, gate ? gate->pw_uid : (uid_t)-1, err);
    if (!opened->log && trails->log_path)
        return err->code;
    if (!opened->log)
        xw_note("%s; the journal alone is shown", err->text);
    opened->journal = xw_audit_journal_open(trails->journal_path, trails->since, err);
    if (!opened->journal && (trails->journal_path || !opened->log))
        return err->code;
    if (!opened->journal)
        xw_note("%s; the audit log alone is shown", err->text);
    *err = (struct xw_error){0};
    return drop_privileges(err);
}

static int read_both(const struct open_trails *trails, struct xw_buffer *buffer,
                     struct xw_error *err)
{
    int rc = 0;

    /* The journal last: whatever it has, the audit log had before, or is about to have. */
    if (trails->log)
        rc = xw_audit_log_read(trails->log, pass_on, buffer, err);
    if (rc == 0 && trails->journal)
        rc = xw_audit_journal_read(trails->journal, pass_on, buffer, err);
    send_out(buffer);
    return rc;
}

static int wait_for_more(const struct open_trails *trails, struct xw_error *err)
{
    int rc = trails->journal ? xw_audit_journal_wait(trails->journal, TURN_USEC)
             : usleep(TURN_USEC) < 0 && errno != EINTR ? -errno
                                                       : 0;

    return rc < 0 && rc != -EINTR ? xw_fail_errno(err, rc, "Waiting for the journal") : 0;
}

/*
 * The trails that may be opened by name later: a log that takes another's place, a journal's next
 * file. What nobody may open is open already, or never will be.
 */
static void list_reach(const struct xw_audit_trails *trails, struct xw_reach reach[REACHES])
{
    const char *const paths[] = {"/var/log/audit",  "/run/log/journal", "/var/log/journal",
                                 "/etc/machine-id", trails->log_path,   trails->journal_path};
    size_t count = 0;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (paths[i] && access(paths[i], R_OK) == 0)
            reach[count++] = (struct xw_reach){XW_REACH_READ, paths[i], "a trail"};
    }
    reach[count] = (struct xw_reach){XW_REACH_END, NULL, NULL};
}

/* Nothing is left but the trails and the pipe. */
static void confine(const struct xw_audit_trails *trails, int pipe_fd)
{
    struct xw_reach reach[REACHES];
    struct xw_policy policy = xw_audit_policy;

    list_reach(trails, reach);
    policy.reach = reach;
    if (dup2(pipe_fd, STDOUT_FILENO) < 0 || close(pipe_fd) < 0 || close(STDIN_FILENO) < 0 ||
        close(STDERR_FILENO) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || signal(SIGINT, SIG_IGN) == SIG_ERR ||
        signal(SIGTERM, SIG_DFL) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        abort();
    xw_policy_enter(&policy);
}

static void be_reader(const struct xw_audit_trails *trails, bool follow, int pipe_fd)
    __attribute__((noreturn));

static int read_trails(const struct xw_audit_trails *trails, bool follow, int pipe_fd,
                       struct xw_buffer *buffer, struct xw_error *err)
{
    struct open_trails opened = {NULL, NULL};
    int rc = open_both(trails, &opened, err);

    confine(trails, pipe_fd);
    if (rc < 0)
        return rc;
    xw_buffer_add(buffer, OPENED "%d %d\n", opened.log != NULL, opened.journal != NULL);
    while ((rc = read_both(&opened, buffer, err)) == 0 && follow) {
        rc = wait_for_more(&opened, err);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static void be_reader(const struct xw_audit_trails *trails, bool follow, int pipe_fd)
{
    struct xw_buffer buffer = {0};
    struct xw_error err = {0};
    int rc = read_trails(trails, follow, pipe_fd, &buffer, &err);

    if (rc < 0) {
        xw_buffer_add(&buffer, FAILURE "%d %s\n", -rc, err.text);
        send_out(&buffer);
    }
    _exit(rc < 0 ? EXIT_SAID : 0);
}

/* --- in the process that shows --------------------------------------------------------------- */

/* Waits for its end. Returns 0 if it is a good one. */
static int reap(struct xw_audit_reader *reader, struct xw_error *err)
{
    int status = 0;

    while (waitpid(reader->process, &status, 0) < 0) {
        if (errno != EINTR)
            return xw_fail_errno(err, -errno, "The reader of the trails is gone");
    }
    reader->process = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return xw_fail(err, -EPROTO,
                       "the reader of the trails tried something that it may not do and was "
                       "stopped: what it read is hostile, or this is a defect of xwadm");
    if (WIFSIGNALED(status))
        return xw_fail(err, -EPROTO, "the reader of the trails died of signal %d",
                       WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return xw_fail(err, -ENOMEM, "the reader of the trails ended early");
    return 0;
}

/* What the reader says before it gives up. */
static int take_failure(const char *words, struct xw_error *err)
{
    char *end;
    unsigned long number = strtoul(words, &end, 10);

    if (number == 0 || number > INT16_MAX || *end != ' ' || !xw_text_ok(end + 1))
        return xw_fail(err, -EBADMSG, "the reader of the trails says what makes no sense");
    return xw_fail(err, -(int)number, "%s", end + 1);
}

/* Its first line, unless it has failed. */
static int take_opened(struct xw_audit_reader *reader, const char *line, struct xw_error *err)
{
    for (int log = 0; log <= 1; log++) {
        for (int journal = 0; journal <= 1; journal++) {
            char expected[sizeof(OPENED "0 0")];
            snprintf(expected, sizeof(expected), OPENED "%d %d", log, journal);
            if (strcmp(line, expected) != 0)
                continue;
            reader->has[XW_AUDIT_GATE] = log == 1;
            reader->has[XW_AUDIT_KEEPER] = journal == 1;
            reader->opened = true;
            return 0;
        }
    }
    return xw_fail(err, -EBADMSG, "the reader of the trails says what makes no sense");
}

static int take_line(struct xw_audit_reader *reader, char *line, xw_audit_take take, void *data,
                     struct xw_error *err)
{
    enum xw_audit_source source;
    struct xw_audit_event event;

    if (strncmp(line, FAILURE, sizeof(FAILURE) - 1) == 0)
        return take_failure(line + sizeof(FAILURE) - 1, err);
    if (!reader->opened)
        return take_opened(reader, line, err);
    int rc = xw_audit_wire_take(line, &source, &event);
    if (rc == 0) {
        rc = take(source, &event, data);
        xw_audit_event_clear(&event);
    }
    if (rc == -EBADMSG)
        return xw_fail(err, rc, "the reader of the trails says what makes no sense");
    return rc < 0 ? xw_fail_errno(err, rc, "Taking what is in the trails") : 0;
}

/* All whole lines that have come. */
static int take_lines(struct xw_audit_reader *reader, xw_audit_take take, void *data,
                      struct xw_error *err)
{
    struct xw_buffer *received = &reader->received;
    char *start = received->text;
    int rc = 0;

    if (received->failed)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    for (char *newline;
         rc == 0 && received->length > 0 && (newline = strchr(start, '\n')) != NULL;) {
        *newline = '\0';
        rc = take_line(reader, start, take, data, err);
        start = newline + 1;
    }
    if (received->length == 0)
        return rc;
    received->length -= (size_t)(start - received->text);
    memmove(received->text, start, received->length + 1);
    if (rc == 0 && received->length > LINE_LIMIT)
        rc = xw_fail(err, -EBADMSG, "the reader of the trails says what makes no sense");
    return rc;
}

int xw_audit_reader_next(struct xw_audit_reader *reader, int milliseconds, xw_audit_take take,
                         void *data, struct xw_error *err)
{
    struct pollfd ready = {.fd = reader->fd, .events = POLLIN};
    char chunk[CHUNK];
    int rc;

    do {
        rc = poll(&ready, 1, milliseconds);
        if (rc == 0)
            return 1;
        ssize_t n = rc < 0 ? -1 : read(reader->fd, chunk, sizeof(chunk));
        if (n < 0)
            return errno == EINTR ? -EINTR
                                  : xw_fail_errno(err, -errno, "Reading what is in the trails");
        if (n == 0)
            return reap(reader, err);
        xw_buffer_append(&reader->received, chunk, (size_t)n);
        rc = memchr(chunk, '\0', (size_t)n)
                 ? xw_fail(err, -EBADMSG, "the reader of the trails says what makes no sense")
                 : take_lines(reader, take, data, err);
    } while (rc == 0 && milliseconds < 0);
    return rc < 0 ? rc : 1;
}

struct xw_audit_reader *xw_audit_reader_start(const struct xw_audit_trails *trails, bool follow,
                                              struct xw_error *err)
{
    struct xw_audit_reader *reader = calloc(1, sizeof(*reader));
    int ends[2];

    if (!reader || pipe2(ends, O_CLOEXEC) < 0) {
        free(reader);
        xw_fail(err, -ENOMEM, "the reader of the trails can't be started");
        return NULL;
    }
    reader->fd = ends[0];
    reader->process = fork();
    if (reader->process == 0) {
        close(ends[0]);
        be_reader(trails, follow, ends[1]);
    }
    int rc = reader->process < 0
                 ? xw_fail_errno(err, -errno, "the reader of the trails can't be started")
                 : drop_privileges(err);
    close(ends[1]);
    if (rc == 0)
        return reader;
    xw_audit_reader_stop(reader);
    return NULL;
}

bool xw_audit_reader_has(const struct xw_audit_reader *reader, enum xw_audit_source source)
{
    return reader->has[source];
}

void xw_audit_reader_stop(struct xw_audit_reader *reader)
{
    struct xw_error ignored = {0};

    if (!reader)
        return;
    close(reader->fd);
    if (reader->process > 0) {
        kill(reader->process, SIGKILL);
        reap(reader, &ignored);
    }
    xw_buffer_free(&reader->received);
    free(reader);
}
