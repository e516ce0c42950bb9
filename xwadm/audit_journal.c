/*
 * The keeper's entries in the journal. Anybody may write to the journal; journald says who did, and
 * only what root wrote counts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "xwadm/audit.h"

enum { VALUE_SIZE = 2200, DOMAINS_SIZE = 64 * 37 + 1 };

struct xw_audit_journal {
    sd_journal *journal;
};

/* The field's value without its name; NULL where it isn't there or doesn't fit. */
static const char *value_of(sd_journal *journal, const char *field, char *value, size_t size)
{
    const void *data;
    size_t length;
    size_t name = strlen(field) + 1;

    if (sd_journal_get_data(journal, field, &data, &length) < 0 || length < name ||
        length - name >= size || memchr(data, '\0', length))
        return NULL;
    memcpy(value, (const char *)data + name, length - name);
    value[length - name] = '\0';
    return value;
}

static unsigned long long number(sd_journal *journal, const char *field, unsigned long long missing)
{
    char text[32];
    char *end;
    const char *value = value_of(journal, field, text, sizeof(text));

    if (!value || *value < '0' || *value > '9')
        return missing;
    errno = 0;
    unsigned long long read = strtoull(value, &end, 10);
    return errno || *end ? missing : read;
}

static void take_name(sd_journal *journal, const char *field, bool (*ok)(const char *),
                      char name[XW_NAME_SIZE])
{
    char value[VALUE_SIZE];
    const char *read = value_of(journal, field, value, sizeof(value));
    bool shown = read && (strcmp(read, "-") == 0 || ok(read));

    snprintf(name, XW_NAME_SIZE, "%s", shown ? read : read ? "?" : "-");
}

static bool has_value(sd_journal *journal, const char *field, const char *expected)
{
    char value[32];
    const char *read = value_of(journal, field, value, sizeof(value));

    return read && strcmp(read, expected) == 0;
}

static char *machines_of(sd_journal *journal)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-,*";
    char value[VALUE_SIZE];
    const char *read = value_of(journal, "XWORLDS_MACHINES", value, sizeof(value));

    return strdup(!read ? "-" : *read && strspn(read, allowed) == strlen(read) ? read : "?");
}

/* All fields XWORLDS_DOMAIN, joined. */
static char *domains_of(sd_journal *journal)
{
    static const char prefix[] = "XWORLDS_DOMAIN=";
    char joined[DOMAINS_SIZE] = "";
    const void *data;
    size_t length;
    size_t used = 0;

    SD_JOURNAL_FOREACH_DATA(journal, data, length)
    {
        size_t uuid = length - (sizeof(prefix) - 1);
        if (length != sizeof(prefix) - 1 + 36 || memcmp(data, prefix, sizeof(prefix) - 1) != 0 ||
            used + uuid + 2 > sizeof(joined))
            continue;
        const char *text = (const char *)data + sizeof(prefix) - 1;
        used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%.36s", used ? "," : "",
                                 text);
    }
    return used && strspn(joined, "0123456789abcdef-,") == used ? strdup(joined) : NULL;
}

static enum xw_audit_phase phase_of(sd_journal *journal)
{
    if (has_value(journal, "XWORLDS_PHASE", "open"))
        return XW_AUDIT_OPEN;
    return has_value(journal, "XWORLDS_PHASE", "close") ? XW_AUDIT_CLOSE : XW_AUDIT_REQUEST;
}

/* Returns 1 with an event, 0 where the entry is of no request, or -ENOMEM. */
static int read_entry(sd_journal *journal, struct xw_audit_event *read)
{
    struct xw_audit_side *side = &read->side[XW_AUDIT_KEEPER];
    char value[64];

    if (has_value(journal, "XWORLDS_RESULT", "silent") ||
        !value_of(journal, "XWORLDS_DECISION", value, sizeof(value)))
        return 0;
    side->refused = strcmp(value, "refuse") == 0;
    const char *id = value_of(journal, "XWORLDS_REQUEST", value, sizeof(value));
    if (id && xw_request_id_ok(id))
        memcpy(read->id, id, sizeof(read->id));
    if (sd_journal_get_realtime_usec(journal, &side->when) < 0)
        return 0;
    read->phase = phase_of(journal);
    side->uid = (uid_t)number(journal, "XWORLDS_UID", (uid_t)-1);
    const char *op = value_of(journal, "XWORLDS_OP", value, sizeof(side->op));
    bool plain = op && strspn(op, "abcdefghijklmnopqrstuvwxyz") == strlen(op);
    snprintf(side->op, sizeof(side->op), "%s", plain ? op : "-");
    take_name(journal, "XWORLDS_LAB", xw_name_ok, side->lab);
    take_name(journal, "XWORLDS_OWNER", xw_owner_ok, side->owner);
    side->malformed = has_value(journal, "XWORLDS_RESULT", "malformed");
    side->signal = (int)number(journal, "XWORLDS_SIGNAL", 0);
    side->code = side->signal ? -1 : (int)number(journal, "XWORLDS_CODE", 1);
    side->duration = number(journal, "XWORLDS_DURATION_USEC", 0);
    side->machines = machines_of(journal);
    read->domains = domains_of(journal);
    return side->machines ? 1 : -ENOMEM;
}

int xw_audit_journal_read(struct xw_audit_journal *journal, xw_audit_take take, void *data,
                          struct xw_error *err)
{
    int rc;

    while ((rc = sd_journal_next(journal->journal)) > 0) {
        struct xw_audit_event read = {.login = (uid_t)-1, .session = -1};
        rc = read_entry(journal->journal, &read);
        if (rc > 0)
            rc = take(XW_AUDIT_KEEPER, &read, data);
        xw_audit_event_clear(&read);
        if (rc < 0)
            break;
    }
    return rc < 0 ? xw_fail_errno(err, rc, "Reading the journal") : 0;
}

int xw_audit_journal_wait(struct xw_audit_journal *journal, uint64_t usec)
{
    int rc = sd_journal_wait(journal->journal, usec);

    return rc < 0 ? rc : 0;
}

struct xw_audit_journal *xw_audit_journal_open(const char *directory, uint64_t since,
                                               struct xw_error *err)
{
    struct xw_audit_journal *opened = calloc(1, sizeof(*opened));
    int rc = opened ? 0 : -ENOMEM;

    if (rc == 0)
        rc = directory
                 ? sd_journal_open_directory(&opened->journal, directory, 0)
                 : sd_journal_open(&opened->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (rc >= 0)
        rc = sd_journal_add_match(opened->journal, "SYSLOG_IDENTIFIER=xwkeeper", 0);
    if (rc >= 0)
        rc = sd_journal_add_match(opened->journal, "_UID=0", 0);
    if (rc >= 0)
        rc = sd_journal_add_match(opened->journal, "_TRANSPORT=journal", 0);
    if (rc >= 0)
        rc = since ? sd_journal_seek_realtime_usec(opened->journal, since)
                   : sd_journal_seek_head(opened->journal);
    if (rc >= 0)
        return opened;
    xw_fail_errno(err, rc, "the journal%s%s can't be opened", directory ? " in " : "",
                  directory ? directory : "");
    xw_audit_journal_close(opened);
    return NULL;
}

void xw_audit_journal_close(struct xw_audit_journal *journal)
{
    if (!journal)
        return;
    sd_journal_close(journal->journal);
    free(journal);
}
