/*
 * The keeper's own trail: a structured entry in the journal for each request, under the uid that
 * the kernel attested, with the request id of the gate's audit record. The listener writes it
 * when the request's process has ended, so whatever happens to that process (its deadline, its
 * filter, a defect), there is one entry; and neither a reader nor a relay that has been taken
 * over can write one, because it is not them that write and journald stamps the writer's uid.
 *
 * The native protocol (systemd's JOURNAL_NATIVE_PROTOCOL) is spoken here: one datagram of
 * KEY=VALUE lines to /run/systemd/journal/socket. libsystemd would be a dozen lines shorter and
 * map liblzma, libzstd, liblz4 and libgcrypt into a root process that talks to students, for
 * reading journals that it never reads; CVE-2024-3094 went that way. Where nobody listens on the
 * socket, the entry goes to the standard error with the priority in front (sd-daemon(3)).
 *
 * Fields: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER=xwkeeper and
 *   XWORLDS_REQUEST       the request id; absent where no request was read
 *   XWORLDS_PHASE         request; open and close for a console's two ends
 *   XWORLDS_UID           the peer's uid, by SO_PEERCRED
 *   XWORLDS_PEER_PID      the peer (the gate), XWORLDS_PID the process that served it
 *   XWORLDS_OP XWORLDS_LAB XWORLDS_OWNER XWORLDS_MACHINES     as asked; "*" is every machine
 *   XWORLDS_FORCE         1 with force
 *   XWORLDS_DOMAIN        the uuid of a domain concerned; one field for each of them
 *   XWORLDS_DECISION      allow, refuse, or none where there was nothing to decide
 *   XWORLDS_AUDITING      on, off or unknown, for what changes a world: whether the kernel audited
 *   XWORLDS_RESULT        done, failed, refused, limited, try-again, malformed, silent, killed
 *   XWORLDS_CODE          the exit code, or XWORLDS_SIGNAL: what ended it
 *   XWORLDS_DURATION_USEC since the connection; at close, this includes the opening
 *   XWORLDS_LOST          how many entries before this one could not be written
 */
#ifndef XW_KEEPER_JOURNAL_H
#define XW_KEEPER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/access.h"
#include "common/record.h"
#include "common/request.h"
#include "xwhelper/keeper/auditing.h"

/*
 * What a child tells the listener of its request: in memory that both share until the child has
 * authorized it, and gives back before it is confined.
 */
struct xw_note {
    uid_t uid;      /* whose request it is */
    uint32_t turn;  /* not 0: it need not wait (turn.h) */
    bool silent;    /* the peer left without a word */
    bool malformed; /* it said something that is no request */
    bool parsed;    /* request is set */
    bool decided;   /* decision is set */
    enum xw_decision decision;
    bool asked_auditing; /* auditing is set */
    enum xw_auditing auditing;
    struct xw_request request; /* machines are filled in for a whole world, too */
};

/* Maps count notes, zeroed, shared with what is forked later; NULL when memory is short. */
struct xw_note *xw_notes_map(size_t count);

/* In the child: gives the mapping back; aborts if the kernel refuses. */
void xw_notes_unmap(struct xw_note *notes, size_t count);

/* Fills a note's request: the machines of a whole world come from the lab's record (or NULL). */
void xw_note_request(struct xw_note *note, const struct xw_request *request,
                     const struct xw_access *access);

enum xw_phase { XW_PHASE_REQUEST, XW_PHASE_OPEN, XW_PHASE_CLOSE };

struct xw_entry {
    enum xw_phase phase;
    uid_t uid;
    pid_t peer_pid;
    pid_t pid; /* 0: no process was made */
    const struct xw_note *note;
    int code;   /* the exit code; unused with a signal */
    int signal; /* 0, or the number of the signal that ended the process */
    uint64_t usec;
};

struct xw_journal {
    int fd;             /* -1: the standard error */
    unsigned long lost; /* entries since the last one that was written */
};

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t xw_journal_clock(void);

void xw_journal_open(struct xw_journal *journal);

/* Never waits: what journald can't take now is counted and told with the next entry. */
void xw_journal_write(struct xw_journal *journal, const struct xw_entry *entry);

#endif
