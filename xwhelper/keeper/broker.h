/*
 * The broker: the process that does for a request what would take a wider filter than a request is
 * read under. extend and deploy look names up, write owners' records and may limit a disk; who asks
 * for them is in a group that instructs some lab. So such a peer's request has two processes: the
 * one that reads it is confined as a student's is, and the broker, forked before the first byte is
 * read, waits for one message of a fixed size and does what it says if the peer may ask for it.
 *
 * It believes the message nothing. Who asks is what the kernel said before there was a message; the
 * records are its own reading; it decides by itself (authority.h). One that has been sent by a
 * process that was taken over gains what its instructor may ask for anyway, and nothing else.
 *
 * The broker never outlives the other: while it waits, the end of the connection ends it, and once
 * it works, the kernel does so (fcntl(2), O_ASYNC). So the listener counts a request by one of its
 * processes, as ever. What such an end, or the deadline, leaves behind is as before, or is
 * completed by the same request.
 */
#ifndef XW_KEEPER_BROKER_H
#define XW_KEEPER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/names.h"
#include "common/request.h"
#include "xwhelper/keeper/auditing.h"
#include "xwhelper/keeper/authority.h"

/* What is asked of it. Both names end within their arrays. */
struct xw_broker_order {
    int64_t until; /* of extend: UTC seconds; 0 takes an extension back. Else 0 */
    uint32_t verb; /* enum xw_verb: XW_VERB_EXTEND or XW_VERB_DEPLOY */
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
};

/* What came of it. */
struct xw_broker_result {
    int32_t code;          /* 0 or a negative errno */
    bool present;          /* deploy: the world was there */
    struct xw_error error; /* with a negative code */
};

/* What the broker knows of its request, and has to close of what it was forked with. */
struct xw_broker_case {
    const struct xw_caller *caller; /* by the kernel's word */
    int owners;                     /* the directory of owners' records */
    enum xw_auditing auditing;
    int peer;
    int journal; /* or -1 */
    struct xw_note *notes;
    size_t note_count;
};

/*
 * Forks the broker, for a process that is confined neither yet. Returns the descriptor of the
 * connection to it, close-on-exec, or a negative errno. It ends by itself when that is closed; who
 * forked it need not wait for it: SIGCHLD is ignored from then on.
 */
int xw_broker_start(const struct xw_broker_case *what);

/* Whether a verb is the broker's. */
bool xw_broker_does(enum xw_verb verb);

/*
 * Has the broker carry out a request of such a verb, and waits for what comes of it. *present is
 * set for deploy. Returns 0 or a negative errno: what the verb failed with, or -EAGAIN where there
 * is no broker (fd below 0) or it ended without an answer.
 */
int xw_broker_ask(int fd, const struct xw_request *request, bool *present, struct xw_error *err);

#endif
