#include "xwhelper/keeper/journal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "xwhelper/keeper/machine.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum { ENTRY_MAX = 16384, MESSAGE_MAX = 512 };

/* The lines of an entry; what doesn't fit is left out whole. */
struct lines {
    size_t length;
    char text[ENTRY_MAX];
};

static void __attribute__((format(printf, 3, 4)))
add(struct lines *lines, const char *key, const char *format, ...)
{
    char *at = lines->text + lines->length;
    size_t room = sizeof(lines->text) - lines->length;
    size_t start = strlen(key) + 1;
    va_list args;

    if (start >= room)
        return;
    memcpy(at, key, start - 1);
    at[start - 1] = '=';
    va_start(args, format);
    int length = vsnprintf(at + start, room - start, format, args);
    va_end(args);
    if (length < 0 || start + (size_t)length + 1 >= room)
        return;
    /* A newline would begin a field: there is none in anything that we checked, and none here. */
    for (char *byte = at + start; *byte; byte++) {
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            *byte = '?';
    }
    at[start + (size_t)length] = '\n';
    lines->length += start + (size_t)length + 1;
}

uint64_t xw_journal_clock(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct xw_note *xw_notes_map(size_t count)
{
    void *notes = mmap(NULL, count * sizeof(struct xw_note), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return notes == MAP_FAILED ? NULL : notes;
}

void xw_notes_unmap(struct xw_note *notes, size_t count)
{
    if (munmap(notes, count * sizeof(struct xw_note)) < 0)
        abort();
}

void xw_note_request(struct xw_note *note, const struct xw_request *request,
                     const struct xw_access *access)
{
    note->request = *request;
    if (request->whole_world && access) {
        note->request.machine_count = access->machine_count;
        memcpy(note->request.machines, access->machines, sizeof(access->machines));
    }
    note->parsed = true;
}

static const char *result_of(const struct xw_entry *entry)
{
    if (entry->signal)
        return "killed";
    if (entry->note->silent)
        return "silent";
    if (entry->note->malformed)
        return "malformed";
    switch (entry->code) {
    case XW_EXIT_OK:
        return "done";
    case XW_EXIT_REFUSED:
        return "refused";
    case XW_EXIT_LIMITED:
        return "limited";
    case XW_EXIT_TRY_AGAIN:
        return "try-again";
    default:
        return "failed";
    }
}

static const char *decision_of(const struct xw_note *note)
{
    if (!note->decided)
        return "none";
    return note->decision == XW_DECISION_ALLOW ? "allow" : "refuse";
}

/* SIGSYS is a filter's: something asked the kernel for what it never needs. */
static int priority_of(const struct xw_entry *entry)
{
    if (entry->signal)
        return entry->signal == SIGSYS ? LOG_CRIT : LOG_ERR;
    if (entry->note->silent)
        return LOG_DEBUG;
    if (entry->code == XW_EXIT_OK)
        return LOG_INFO;
    return entry->code == XW_EXIT_REFUSED || entry->note->malformed ? LOG_NOTICE : LOG_WARNING;
}

static void add_domains(struct lines *lines, const struct xw_request *request)
{
    for (size_t i = 0; i < request->machine_count; i++) {
        const struct xw_machine machine = {request->lab, request->owner, request->machines[i]};
        char text[UUID_STR_LEN];
        uuid_t uuid = {0};

        xw_machine_uuid(&machine, uuid);
        uuid_unparse_lower(uuid, text);
        add(lines, "XWORLDS_DOMAIN", "%s", text);
    }
}

static void add_request(struct lines *lines, const struct xw_request *request, const char *machines)
{
    add(lines, "XWORLDS_REQUEST", "%s", request->id);
    add(lines, "XWORLDS_OP", "%s", xw_verb_info(request->verb)->name);
    add(lines, "XWORLDS_LAB", "%s", *request->lab ? request->lab : "-");
    add(lines, "XWORLDS_OWNER", "%s", *request->owner ? request->owner : "-");
    add(lines, "XWORLDS_MACHINES", "%s", machines);
    add(lines, "XWORLDS_FORCE", "%d", request->force);
    if (*request->checkpoint)
        add(lines, "XWORLDS_CHECKPOINT", "%s", request->checkpoint);
    add_domains(lines, request);
}

static void describe(const struct xw_entry *entry, const char *machines, char *text, size_t size)
{
    static const char *const phases[] = {"", " (open)", " (close)"};
    const struct xw_request *request = &entry->note->request;
    const char *signal_name = entry->signal ? sigabbrev_np(entry->signal) : NULL;
    char what[MESSAGE_MAX / 2] = "a connection";

    if (entry->note->parsed)
        snprintf(what, sizeof(what), "%s %s/%s/%.100s%s request=%s",
                 xw_verb_info(request->verb)->name, *request->lab ? request->lab : "-",
                 *request->owner ? request->owner : "-", machines, phases[entry->phase],
                 request->id);
    snprintf(text, size, "uid %u: %s: decision=%s result=%s%s%s", (unsigned int)entry->uid, what,
             decision_of(entry->note), result_of(entry), signal_name ? " by SIG" : "",
             signal_name ? signal_name : "");
}

static void add_all(struct lines *lines, const struct xw_entry *entry)
{
    static const char *const phases[] = {"request", "open", "close"};
    char machines[XW_MACHINES_SIZE] = "-";
    char message[MESSAGE_MAX];

    if (entry->note->parsed)
        xw_request_machines(&entry->note->request, machines);
    describe(entry, machines, message, sizeof(message));
    add(lines, "MESSAGE", "%s", message);
    add(lines, "PRIORITY", "%d", priority_of(entry));
    add(lines, "SYSLOG_IDENTIFIER", "xwkeeper");
    add(lines, "XWORLDS_PHASE", "%s", phases[entry->phase]);
    add(lines, "XWORLDS_UID", "%u", (unsigned int)entry->uid);
    add(lines, "XWORLDS_PEER_PID", "%d", (int)entry->peer_pid);
    if (entry->pid)
        add(lines, "XWORLDS_PID", "%d", (int)entry->pid);
    if (entry->note->parsed)
        add_request(lines, &entry->note->request, machines);
    add(lines, "XWORLDS_DECISION", "%s", decision_of(entry->note));
    if (entry->note->asked_auditing)
        add(lines, "XWORLDS_AUDITING", "%s", xw_auditing_word(entry->note->auditing));
    add(lines, "XWORLDS_RESULT", "%s", result_of(entry));
    if (entry->signal)
        add(lines, "XWORLDS_SIGNAL", "%d", entry->signal);
    else
        add(lines, "XWORLDS_CODE", "%d", entry->code);
    add(lines, "XWORLDS_DURATION_USEC", "%llu", (unsigned long long)entry->usec);
}

void xw_journal_open(struct xw_journal *journal)
{
    journal->lost = 0;
    journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* The first line of an entry, MESSAGE=, for a person. */
static void write_to_stderr(const struct xw_entry *entry, const struct lines *lines)
{
    const char *message = strchr(lines->text, '=') + 1;

    fprintf(stderr, "<%d>xwkeeper: %.*s\n", priority_of(entry), (int)strcspn(message, "\n"),
            message);
}

void xw_journal_write(struct xw_journal *journal, const struct xw_entry *entry)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    static struct lines lines;

    lines.length = 0;
    add_all(&lines, entry);
    if (journal->lost > 0)
        add(&lines, "XWORLDS_LOST", "%lu", journal->lost);
    ssize_t sent = journal->fd < 0
                       ? -1
                       : sendto(journal->fd, lines.text, lines.length, MSG_DONTWAIT | MSG_NOSIGNAL,
                                (const struct sockaddr *)&address, sizeof(address));
    if (sent >= 0)
        journal->lost = 0;
    else if (journal->fd >= 0 && (errno == EAGAIN || errno == ENOBUFS))
        journal->lost++;
    else
        write_to_stderr(entry, &lines);
}
