#include "xwsh/copy_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "xwsh/pump.h"
#include "xwsh/tar_filter.h"

enum {
    ANSWER_MS = 20000,  /* for the machine's first answer */
    STALLED_MS = 60000, /* for anything to move, and for the last answer */
    WORDS_MS = 5000,    /* for the gate to say why it has closed */
    GONE_MS = 200,      /* for the output of a session that is gone to follow its input */
    QUIET_MS = 500,     /* until progress is shown */
    LEFT_OUT_SHOWN = 5
};

static void be_patient(struct xw_copy *copy, int64_t patience)
{
    copy->deadline = xw_pump_now() + patience;
}

static void count(struct xw_copy *copy, size_t bytes)
{
    char text[64];

    copy->moved += bytes;
    be_patient(copy, STALLED_MS);
    if (!copy->session->err_tty || xw_pump_now() - copy->began < QUIET_MS)
        return;
    snprintf(text, sizeof(text), "%.1f MiB", (double)copy->moved / (1 << 20));
    xw_progress_show(&copy->progress, copy->target, text);
}

static int be_misled(const struct xw_copy *copy, struct xw_error *err)
{
    return xw_fail(err, -EPROTO,
                   "%s answers something else than what copies files; is that its own program? See "
                   "xworlds-image(5)",
                   copy->target);
}

/* The link has closed: the gate says why, or the machine has gone. */
static int explain_end(struct xw_copy *copy, struct xw_error *err)
{
    struct xw_copy_link *link = copy->link;

    xw_copy_link_hear(link, WORDS_MS);
    if (link->told && link->code != XW_EXIT_OK && *link->err.text)
        return xw_fail(err, -ECONNRESET, "%s", link->err.text);
    return xw_fail(err, -ECONNRESET, "%s: broken off: %.300s", copy->target,
                   *link->note ? link->note : "the machine has stopped");
}

static int wait_for(struct xw_copy *copy, short events, struct pollfd *other, struct xw_error *err)
{
    int rc = xw_copy_link_wait(copy->link, events, other, copy->deadline);

    if (rc == -EINTR)
        return xw_fail(err, rc, "interrupted");
    if (rc == -ETIMEDOUT)
        return xw_fail(err, rc, "%s has done nothing for a minute; look at its console",
                       copy->target);
    return rc < 0 ? xw_fail_errno(err, rc, "cannot wait for %s", copy->target) : 0;
}

/* The next frame, waiting for it. Returns 0 or a negative errno with err set. */
static int next_frame(struct xw_copy *copy, struct xw_copy_frame *frame, struct xw_error *err)
{
    int rc;

    while ((rc = xw_copy_link_next(copy->link, frame)) == 0) {
        rc = wait_for(copy, POLLIN, NULL, err);
        if (rc < 0)
            return rc;
    }
    if (rc == -ENODATA)
        return explain_end(copy, err);
    return rc < 0 ? be_misled(copy, err) : 0;
}

static int send_all(struct xw_copy *copy, const unsigned char *bytes, size_t size,
                    struct xw_error *err)
{
    while (size > 0) {
        ssize_t n = xw_copy_link_send(copy->link, bytes, size);
        if (n < 0)
            return explain_end(copy, err);
        bytes += n;
        size -= (size_t)n;
        int rc = size > 0 ? wait_for(copy, POLLOUT, NULL, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool is_ours(const struct xw_copy *copy, const struct xw_copy_answer *answer)
{
    return memcmp(answer->token, copy->request.token, sizeof(answer->token)) == 0;
}

/* Returns 0, or -EREMOTEIO with the machine's words where it is bad. */
static int take_answer(const struct xw_copy *copy, const struct xw_copy_answer *answer,
                       struct xw_error *err)
{
    if (answer->good)
        return 0;
    return xw_fail(err, -EREMOTEIO, "%s: %s", copy->target,
                   *answer->words ? answer->words : "it failed, and the machine does not say why");
}

/* Asks the machine. What comes before its answer to this is left from another copy. */
static int ask(struct xw_copy *copy, struct xw_error *err)
{
    static const unsigned char lead[XW_COPY_LEAD];
    unsigned char frame[XW_COPY_FRAME];
    struct xw_copy_answer answer = {.good = false};
    struct xw_copy_frame got;

    if (getrandom(copy->request.token, XW_COPY_TOKEN, 0) != XW_COPY_TOKEN)
        return xw_fail(err, -EAGAIN, "the host has no random numbers yet; try again in a moment");
    be_patient(copy, ANSWER_MS);
    int rc = send_all(copy, lead, sizeof(lead), err);
    if (rc == 0)
        rc = send_all(copy, frame, xw_copy_write_request(frame, &copy->request), err);
    while (rc == 0) {
        rc = next_frame(copy, &got, err);
        if (rc == 0 && got.kind == XW_COPY_READY && xw_copy_read_answer(&got, &answer) == 0 &&
            is_ours(copy, &answer))
            break;
    }
    if (rc == -ETIMEDOUT)
        return xw_fail(err, rc,
                       "%s does not answer: wait until it has booted; if it has, its image lacks "
                       "the program that copies files, see xworlds-image(5)",
                       copy->target);
    return rc != 0 ? rc : take_answer(copy, &answer, err);
}

/* The machine's last word. Returns 0 or a negative errno with err set. */
static int conclude(const struct xw_copy *copy, const struct xw_copy_frame *frame,
                    struct xw_error *err)
{
    struct xw_copy_answer answer;

    if (frame->kind != XW_COPY_DONE || xw_copy_read_answer(frame, &answer) < 0 ||
        !is_ours(copy, &answer))
        return be_misled(copy, err);
    return take_answer(copy, &answer, err);
}

/* --- Out of the machine ----------------------------------------------------------------------- */

/* Waits until somebody takes it, so that a signal is seen meanwhile. */
static int write_out(const void *bytes, size_t size, void *data)
{
    struct xw_copy *copy = data;
    const char *at = bytes;

    while (size > 0) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        int rc = xw_copy_link_wait(copy->link, 0, &out, INT64_MAX);
        if (rc < 0)
            return rc;
        if (!out.revents) {
            /* Only the link has something to say, which can wait. */
            poll(&out, 1, 100);
            continue;
        }
        ssize_t n = write(STDOUT_FILENO, at, size < XW_COPY_CHUNK ? size : XW_COPY_CHUNK);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static void leave_out(const char *name, const char *why, void *data)
{
    struct xw_copy *copy = data;
    char text[XW_ERROR_TEXT_MAX];

    if (copy->left_out++ >= LEFT_OUT_SHOWN)
        return;
    snprintf(text, sizeof(text), "left out: %.300s: %s", name, why);
    xw_progress_clear(&copy->progress);
    xw_session_complain(copy->session, text);
}

static int explain_output(int rc, struct xw_error *err)
{
    if (rc == -EBADMSG)
        return rc;
    if (rc == -EINTR)
        return xw_fail(err, rc, "interrupted");
    return xw_fail_errno(err, rc, "the output cannot be written");
}

static int get(struct xw_copy *copy, struct xw_tar_filter *filter, struct xw_error *err)
{
    struct xw_copy_frame frame = {.kind = XW_COPY_NOTHING};
    int rc;

    while ((rc = next_frame(copy, &frame, err)) == 0 && frame.kind == XW_COPY_DATA) {
        rc = filter ? xw_tar_filter_feed(filter, frame.bytes, frame.length, err)
                    : write_out(frame.bytes, frame.length, copy);
        if (rc < 0)
            return explain_output(rc, err);
        count(copy, frame.length);
    }
    if (rc == 0 && frame.kind != XW_COPY_END)
        return be_misled(copy, err);
    if (rc == 0)
        rc = next_frame(copy, &frame, err);
    if (rc == 0)
        rc = conclude(copy, &frame, err);
    if (rc == 0 && filter)
        rc = xw_tar_filter_end(filter, err);
    if (rc == 0 && copy->left_out > 0)
        rc = xw_fail(err, -EPERM, "%s: left out of %llu entr%s: what is not safe to unpack",
                     copy->target, (unsigned long long)copy->left_out,
                     copy->left_out == 1 ? "y" : "ies");
    return rc;
}

/* --- Into the machine ------------------------------------------------------------------------- */

/*
 * The end of the input is the end of the file, but also what is seen first of a connection that
 * has broken: then the other descriptors of the session end, too.
 */
static bool is_session_gone(void)
{
    struct pollfd out[2] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};

    return poll(out, 2, GONE_MS) > 0 && ((out[0].revents | out[1].revents) & (POLLHUP | POLLERR));
}

/* Fills a chunk. Returns its bytes, fewer than a chunk at the end of the input; or -errno. */
static ssize_t read_chunk(struct xw_copy *copy, unsigned char chunk[XW_COPY_CHUNK],
                          struct xw_error *err)
{
    size_t used = 0;

    while (used < XW_COPY_CHUNK) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        struct xw_copy_frame frame;
        /* Who types, or waits for something, may take their time. */
        int rc = xw_copy_link_wait(copy->link, POLLIN, &in, INT64_MAX);
        if (rc < 0)
            return xw_fail(err, rc, "interrupted");
        /* It has nothing to say before the end but that it has failed. */
        rc = xw_copy_link_next(copy->link, &frame);
        if (rc == -ENODATA)
            return explain_end(copy, err);
        if (rc != 0)
            return rc == 1 && conclude(copy, &frame, err) < 0 ? -EREMOTEIO : be_misled(copy, err);
        ssize_t n = in.revents ? read(STDIN_FILENO, chunk + used, XW_COPY_CHUNK - used) : -1;
        if (n < 0 && in.revents && errno != EINTR && errno != EAGAIN)
            return xw_fail_errno(err, -errno, "the input cannot be read");
        if (n == 0)
            return is_session_gone() ? xw_fail(err, -EPIPE, "interrupted") : (ssize_t)used;
        used += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)used;
}

static int put(struct xw_copy *copy, struct xw_error *err)
{
    unsigned char chunk[XW_COPY_CHUNK];
    unsigned char bytes[XW_COPY_FRAME];
    struct xw_copy_frame frame = {.kind = XW_COPY_NOTHING};
    ssize_t n;
    int rc = 0;

    do {
        n = read_chunk(copy, chunk, err);
        be_patient(copy, STALLED_MS);
        if (n > 0)
            rc = send_all(copy, bytes, xw_copy_write(bytes, XW_COPY_DATA, chunk, (size_t)n), err);
        if (n > 0 && rc == 0)
            count(copy, (size_t)n);
    } while (n == XW_COPY_CHUNK && rc == 0);
    if (n < 0)
        return (int)n;
    if (rc == 0)
        rc = send_all(copy, bytes, xw_copy_write(bytes, XW_COPY_END, NULL, 0), err);
    if (rc == 0)
        rc = next_frame(copy, &frame, err);
    return rc != 0 ? rc : conclude(copy, &frame, err);
}

enum xw_exit xw_copy_run(struct xw_copy *copy, struct xw_error *err)
{
    struct xw_tar_filter filter = {.sink = write_out, .left_out = leave_out, .data = copy};

    copy->began = xw_pump_now();
    int rc = ask(copy, err);
    if (rc == 0)
        rc =
            copy->request.put ? put(copy, err) : get(copy, copy->request.tar ? &filter : NULL, err);
    xw_progress_clear(&copy->progress);
    /* The gate's own code, where it was its word that ended it. */
    if (rc == -ECONNRESET && copy->link->told && copy->link->code != XW_EXIT_OK)
        return copy->link->code;
    return rc < 0 ? XW_EXIT_FAILED : XW_EXIT_OK;
}
