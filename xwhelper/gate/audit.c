#include "xwhelper/gate/audit.h"

#include <libaudit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

uint64_t xw_gate_clock(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static char *encode(const char *name, const char *value)
{
    const char *text = *value ? value : "-";

    return audit_encode_nv_string(name, text, (unsigned int)strlen(text));
}

void xw_gate_terminal(char terminal[64])
{
    char path[64];

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (ttyname_r(fd, path, sizeof(path)) == 0 && strncmp(path, "/dev/", 5) == 0) {
            snprintf(terminal, 64, "%s", path + 5);
            return;
        }
    }
    terminal[0] = '\0';
}

void xw_gate_audit(const struct xw_gate_log *log, uid_t caller, const struct xw_request *request,
                   const char *phase, bool allowed, int code, uint64_t since)
{
    char machines[XW_MACHINES_SIZE];
    char message[XW_LINE_MAX];

    xw_request_machines(request, machines);
    XW_AUTO_FREE char *lab = encode("lab", request->lab);
    XW_AUTO_FREE char *owner = encode("owner", request->owner);
    XW_AUTO_FREE char *set = encode("machines", machines);
    if (log->fd < 0 || !lab || !owner || !set)
        return;
    snprintf(
        message, sizeof(message),
        "op=xworlds-%s phase=%s request=%s caller=%u %s %s %s force=%d%s%s decision=%s code=%d "
        "usec=%llu landlock=%d",
        xw_verb_info(request->verb)->name, phase, request->id, (unsigned int)caller, lab, owner,
        set, request->force, *request->checkpoint ? " checkpoint=" : "", request->checkpoint,
        allowed ? "allow" : "refuse", code, (unsigned long long)(xw_gate_clock() - since),
        log->landlock);
    audit_log_user_message(log->fd, AUDIT_TRUSTED_APP, message, NULL, NULL,
                           *log->terminal ? log->terminal : "?", allowed && code == 0);
}
