/*
 * What `xwadm audit` is asked for, and which events that is.
 */
#ifndef XW_XWADM_AUDIT_OPTIONS_H
#define XW_XWADM_AUDIT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "xwadm/audit.h"

struct xw_audit_options {
    bool has_user;
    uid_t user;
    const char *lab;
    const char *machine;
    uint64_t since;
    bool has_since;
    uint64_t until;
    bool refused;
    bool disagreements;
    long session; /* -1: any */
    bool follow;
    bool json;
    const char *log_path;
    const char *journal_path;
};

/*
 * Reads the command's arguments; strings are those of argv. Without --since, it is today's.
 * Returns XW_EXIT_OK or, having complained, the exit code.
 */
int xw_audit_options_read(int argc, char **argv, struct xw_audit_options *options);

/* Whether an event is asked for. */
bool xw_audit_wanted(const struct xw_audit_options *options, const struct xw_audit_event *event);

#endif
