#include "xwsh/recordings_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "xwsh/help.h"
#include "xwsh/json.h"
#include "xwsh/recordings.h"
#include "xwsh/tty.h"
#include "xwsh/when.h"

enum { CHUNK = 65536, KIB = 1024 };

/* For people: names are as long as worlds' are, so the column is as wide as it has to be. */
static void print_shown(const struct xw_recording *list, size_t count)
{
    const time_t now = xw_clock_now();
    int width = (int)strlen("RECORDING");
    char when[XW_WHEN_SIZE];

    for (size_t i = 0; i < count; i++)
        width = (int)strlen(list[i].name) > width ? (int)strlen(list[i].name) : width;
    printf("%-*s  %9s  ENDED\n", width, "RECORDING", "SIZE");
    for (size_t i = 0; i < count; i++) {
        xw_when_date(list[i].written, now, when);
        printf("%-*s  %5llu KiB  %s\n", width, list[i].name,
               (unsigned long long)((list[i].size + KIB - 1) / KIB), list[i].runs ? "runs" : when);
    }
}

static void print_plain(const struct xw_recording *list, size_t count)
{
    char when[XW_RFC3339_SIZE];

    for (size_t i = 0; i < count; i++) {
        xw_when_rfc3339(list[i].written, when);
        printf("%s\t%llu\t%s\t%s\n", list[i].name, (unsigned long long)list[i].size, when,
               list[i].runs ? "running" : "ended");
    }
}

static int list_them(const struct xw_session *session, int directory, bool json,
                     struct xw_error *err)
{
    XW_AUTO_FREE struct xw_recording *list = NULL;
    size_t count = 0;
    int rc = directory >= 0 ? xw_recordings_list(directory, &list, &count, err) : 0;

    if (rc < 0)
        return rc;
    if (json)
        return xw_json_recordings(list, count) < 0 ? xw_fail(err, -ENOMEM, "out of memory") : 0;
    if (!session->out_tty)
        print_plain(list, count);
    else if (count == 0)
        puts("There is no recording yet; 'help recordings' shows how to make one.");
    else
        print_shown(list, count);
    return 0;
}

/* Where the last whole line ends: a recording that was cut off may have the beginning of one more.
 */
static off_t end_of_lines(int fd)
{
    char bytes[CHUNK];
    off_t end = lseek(fd, 0, SEEK_END);

    while (end > 0) {
        off_t from = end > CHUNK ? end - CHUNK : 0;
        ssize_t got = pread(fd, bytes, (size_t)(end - from), from);
        const char *newline = got > 0 ? memrchr(bytes, '\n', (size_t)got) : NULL;
        if (newline)
            return from + (newline - bytes) + 1;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        end = from;
    }
    return end < 0 ? -errno : 0;
}

static int print_one(int directory, const char *name, struct xw_error *err)
{
    char bytes[CHUNK];
    XW_AUTO_CLOSE int fd = xw_recordings_read(directory, name, err);

    if (fd < 0)
        return fd;
    off_t end = end_of_lines(fd);
    if (end < 0)
        return xw_fail_errno(err, (int)end, "%s can't be read", name);
    for (off_t at = 0; at < end;) {
        size_t wanted = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
        ssize_t got = pread(fd, bytes, wanted, at);
        if (got <= 0)
            return xw_fail_errno(err, got < 0 ? -errno : -EIO, "%s can't be read", name);
        int rc = xw_write_all(STDOUT_FILENO, bytes, (size_t)got);
        if (rc < 0)
            return xw_fail_errno(err, rc, "the output could not be written");
        at += got;
    }
    return 0;
}

enum xw_exit xw_run_recordings(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments)
{
    const char *verb = arguments->count > 0 ? arguments->operand[0] : "list";
    const char *name = arguments->count > 1 ? arguments->operand[1] : NULL;
    const bool get = strcmp(verb, "get") == 0;
    const bool json = (arguments->options & XW_OPTION_JSON) != 0;
    struct xw_error err = {0};

    if (arguments->count > 0 && (!name || json || (!get && strcmp(verb, "delete") != 0))) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    if (get && session->out_tty) {
        xw_session_complain(session, "a recording goes into a file; from your computer, without "
                                     "-t: ssh HOST recordings get NAME >NAME");
        return XW_EXIT_USAGE;
    }
    XW_AUTO_CLOSE int directory = xw_recordings_open(NULL, false, &err);
    int rc = directory == -ENOENT && !*err.text ? 0 : directory < 0 ? directory : 0;
    if (rc == 0 && !name)
        rc = list_them(session, directory, json, &err);
    else if (rc == 0 && get)
        rc = print_one(directory, name, &err);
    else if (rc == 0)
        rc = xw_recordings_remove(directory, name, &err);
    if (rc == 0)
        return XW_EXIT_OK;
    xw_session_complain(session, err.text);
    return name && rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
}
