/*
 * The gate's records in the audit log. Lines are chosen here and parsed by libauparse; a record is
 * the gate's if the kernel says that its sender's uid was xwhelper.
 */
#include <auparse.h>
#include <errno.h>
#include <fcntl.h>
#include <libaudit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwadm/audit.h"

#define SYSTEM_LOG "/var/log/audit/audit.log"

enum { ROTATED_MAX = 99, PATH_SIZE = 4096, VALUE_SIZE = 2200 };

struct xw_audit_log {
    char path[PATH_SIZE];
    uid_t gate;
    bool follows_rotation;
    FILE *rotated[ROTATED_MAX]; /* the oldest last, as numbered */
    FILE *file;
    char *line;
    size_t size;
    auparse_state_t *parser;
    /* for the parser's callback */
    xw_audit_take take;
    void *data;
    int rc;
};

/* A field's value as it was before libaudit encoded it; what needed hexadecimal becomes "?". */
static const char *plain(auparse_state_t *parser, const char *field, char *value, size_t size)
{
    const char *raw = NULL;

    if (auparse_first_field(parser))
        raw = auparse_find_field(parser, field);
    if (!raw)
        return NULL;
    size_t length = strlen(raw);
    bool quoted = length >= 2 && raw[0] == '"' && raw[length - 1] == '"';
    snprintf(value, size, "%.*s", (int)(quoted ? length - 2 : length), raw + quoted);
    return value;
}

static unsigned long long number(auparse_state_t *parser, const char *field,
                                 unsigned long long missing)
{
    char text[32];
    char *end;
    const char *value = plain(parser, field, text, sizeof(text));

    if (!value || !*value)
        return missing;
    errno = 0;
    unsigned long long read = strtoull(value, &end, 10);
    return errno || *end || value[0] == '-' ? missing : read;
}

static void take_name(auparse_state_t *parser, const char *field, bool (*ok)(const char *),
                      char name[XW_NAME_SIZE])
{
    char value[VALUE_SIZE];
    const char *read = plain(parser, field, value, sizeof(value));
    bool shown = read && (strcmp(read, "-") == 0 || ok(read));

    snprintf(name, XW_NAME_SIZE, "%s", shown ? read : "?");
}

static char *machines_of(auparse_state_t *parser)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-,*";
    char value[VALUE_SIZE];
    const char *read = plain(parser, "machines", value, sizeof(value));

    return strdup(read && *read && strspn(read, allowed) == strlen(read) ? read : "?");
}

static void take_terminal(auparse_state_t *parser, char *terminal, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789/?-_";
    char value[VALUE_SIZE];
    const char *read = plain(parser, "terminal", value, sizeof(value));

    if (read && *read && strlen(read) < size && strspn(read, allowed) == strlen(read))
        snprintf(terminal, size, "%s", read);
}

static enum xw_audit_phase phase_of(auparse_state_t *parser)
{
    char value[16];
    const char *phase = plain(parser, "phase", value, sizeof(value));

    if (phase && strcmp(phase, "open") == 0)
        return XW_AUDIT_OPEN;
    if (phase && strcmp(phase, "close") == 0)
        return XW_AUDIT_CLOSE;
    return phase && strcmp(phase, "malformed") == 0 ? XW_AUDIT_MALFORMED : XW_AUDIT_REQUEST;
}

static bool is_gate(const struct xw_audit_log *log, auparse_state_t *parser, char *op, size_t size)
{
    char value[32];
    const char *read = plain(parser, "op", value, sizeof(value));
    static const char prefix[] = "xworlds-";

    if (!read || strncmp(read, prefix, sizeof(prefix) - 1) != 0 ||
        number(parser, "uid", (uid_t)-1) != log->gate)
        return false;
    snprintf(op, size, "%s", read + sizeof(prefix) - 1);
    return strspn(op, "abcdefghijklmnopqrstuvwxyz") == strlen(op);
}

static int read_record(const struct xw_audit_log *log, auparse_state_t *parser,
                       struct xw_audit_event *read)
{
    struct xw_audit_side *side = &read->side[XW_AUDIT_GATE];
    const au_event_t *stamp = auparse_get_timestamp(parser);
    char value[64];

    if (!stamp || !is_gate(log, parser, side->op, sizeof(side->op)))
        return 0;
    const char *id = plain(parser, "request", value, sizeof(value));
    if (!id || !xw_request_id_ok(id))
        return 0;
    memcpy(read->id, id, sizeof(read->id));
    read->phase = phase_of(parser);
    read->login = (uid_t)number(parser, "auid", (uid_t)-1);
    unsigned long long session = number(parser, "ses", UINT32_MAX);
    read->session = session >= UINT32_MAX ? -1 : (long)session;
    take_terminal(parser, read->terminal, sizeof(read->terminal));
    side->when = (uint64_t)stamp->sec * 1000000 + (uint64_t)stamp->milli * 1000;
    side->uid = (uid_t)number(parser, "caller", (uid_t)-1);
    take_name(parser, "lab", xw_name_ok, read->side[XW_AUDIT_GATE].lab);
    take_name(parser, "owner", xw_owner_ok, read->side[XW_AUDIT_GATE].owner);
    if (read->phase == XW_AUDIT_MALFORMED)
        snprintf(side->op, sizeof(side->op), "-");
    side->machines = machines_of(parser);
    const char *decision = plain(parser, "decision", value, sizeof(value));
    side->refused = !decision || strcmp(decision, "allow") != 0;
    side->code = (int)number(parser, "code", 1);
    side->duration = number(parser, "usec", 0);
    return side->machines ? 1 : -ENOMEM;
}

static void parsed(auparse_state_t *parser, auparse_cb_event_t kind, void *data)
{
    struct xw_audit_log *log = data;

    if (kind != AUPARSE_CB_EVENT_READY || auparse_first_record(parser) <= 0)
        return;
    do {
        struct xw_audit_event read = {.login = (uid_t)-1, .session = -1};
        int rc =
            auparse_get_type(parser) == AUDIT_TRUSTED_APP ? read_record(log, parser, &read) : 0;
        if (rc > 0)
            rc = log->take(XW_AUDIT_GATE, &read, log->data);
        xw_audit_event_clear(&read);
        if (rc < 0 && log->rc == 0)
            log->rc = rc;
    } while (auparse_next_record(parser) > 0);
}

/* Other programs' records are most of the log: they never reach the parser. */
static bool may_be_ours(const char *line)
{
    return strstr(line, "type=TRUSTED_APP ") && strstr(line, "op=xworlds-");
}

static int read_file(struct xw_audit_log *log, FILE *file)
{
    ssize_t length;

    clearerr(file);
    for (off_t start = ftello(file); (length = getline(&log->line, &log->size, file)) > 0;
         start += length) {
        if (log->line[length - 1] != '\n') /* half a line: the rest comes later */
            return fseeko(file, start, SEEK_SET) < 0 ? -errno : 0;
        if (may_be_ours(log->line) && auparse_feed(log->parser, log->line, (size_t)length) < 0)
            return -EBADMSG;
    }
    auparse_flush_feed(log->parser);
    return ferror(file) ? -EIO : log->rc;
}

/*
 * A file and nothing else: a pipe would be waited for, and of a device the C library asks whether
 * it is a terminal, which the reader's filter forbids. Returns NULL with errno, EINVAL for what is
 * no file.
 */
static FILE *open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info = {0};

    if (fd < 0)
        return NULL;
    int rc = fstat(fd, &info);
    if (rc == 0 && !S_ISREG(info.st_mode)) {
        errno = EINVAL;
        rc = -1;
    }
    FILE *file = rc == 0 ? fdopen(fd, "r") : NULL;
    if (!file) {
        rc = errno;
        close(fd);
        errno = rc;
    }
    return file;
}

/* Whether another file has taken the place of the one that is open. */
static bool rotated(const struct xw_audit_log *log)
{
    struct stat open_one, named;

    return log->follows_rotation && stat(log->path, &named) == 0 &&
           fstat(fileno(log->file), &open_one) == 0 &&
           (named.st_ino != open_one.st_ino || named.st_dev != open_one.st_dev);
}

int xw_audit_log_read(struct xw_audit_log *log, xw_audit_take take, void *data,
                      struct xw_error *err)
{
    int rc = 0;

    log->take = take;
    log->data = data;
    for (int i = ROTATED_MAX - 1; i >= 0 && rc == 0; i--) {
        if (!log->rotated[i])
            continue;
        rc = read_file(log, log->rotated[i]);
        fclose(log->rotated[i]);
        log->rotated[i] = NULL;
    }
    bool again = true;
    while (rc == 0 && again) {
        bool moved = rotated(log); /* asked before reading: what comes after is read next time */
        rc = read_file(log, log->file);
        again = false;
        FILE *next = rc == 0 && moved ? open_file(log->path) : NULL;
        if (next) {
            fclose(log->file);
            log->file = next;
            again = true;
        }
    }
    return rc < 0 ? xw_fail_errno(err, rc, "Reading %s", log->path) : 0;
}

static void open_rotated(struct xw_audit_log *log)
{
    for (int i = 0; i < ROTATED_MAX; i++) {
        char path[PATH_SIZE + 8];
        snprintf(path, sizeof(path), "%s.%d", log->path, i + 1);
        log->rotated[i] = open_file(path);
        if (!log->rotated[i])
            return;
    }
}

struct xw_audit_log *xw_audit_log_open(const char *path, uid_t gate, struct xw_error *err)
{
    struct xw_audit_log *log = calloc(1, sizeof(*log));

    if (!log) {
        xw_fail(err, -ENOMEM, "there is not enough memory");
        return NULL;
    }
    snprintf(log->path, sizeof(log->path), "%s", path ? path : SYSTEM_LOG);
    log->gate = gate;
    log->follows_rotation = !path;
    log->file = open_file(log->path);
    if (!log->file) {
        if (errno == EINVAL)
            xw_fail(err, -EINVAL, "the audit log %s is not a file: give the path of one",
                    log->path);
        else
            xw_fail_errno(err, -errno, "the audit log %s can't be opened", log->path);
        free(log);
        return NULL;
    }
    if (!path)
        open_rotated(log);
    log->parser = auparse_init(AUSOURCE_FEED, NULL);
    if (!log->parser) {
        xw_fail(err, -ENOMEM, "libauparse does not start");
        xw_audit_log_close(log);
        return NULL;
    }
    auparse_add_callback(log->parser, parsed, log, NULL);
    return log;
}

void xw_audit_log_close(struct xw_audit_log *log)
{
    if (!log)
        return;
    if (log->parser)
        auparse_destroy(log->parser);
    for (int i = 0; i < ROTATED_MAX; i++) {
        if (log->rotated[i])
            fclose(log->rotated[i]);
    }
    fclose(log->file);
    free(log->line);
    free(log);
}
