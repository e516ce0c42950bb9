#include "xwsh/console.h"

#include <errno.h>
#include <stdio.h>

#include "xwsh/console_once.h"
#include "xwsh/recorder.h"
#include "xwsh/resume.h"

/* Once; a world that is suspended goes on first, unless it is only to be watched. */
static enum xw_exit run_awake(struct xw_console_visit *visit, const struct xw_request *request,
                              struct xw_error *err)
{
    enum xw_exit code = xw_console_once(visit, request, err);
    bool suspended;

    if (code != XW_EXIT_FAILED || visit->end->opened || request->verb == XW_VERB_WATCH)
        return code;
    enum xw_exit resumed = xw_resume(visit->session, request, &suspended, err);
    if (!suspended)
        return code;
    return resumed == XW_EXIT_OK ? xw_console_once(visit, request, err) : resumed;
}

/* By one verb after the other, as the viewer asks for them. */
static enum xw_exit run_all(struct xw_console_visit *visit, const struct xw_request *request,
                            struct xw_error *err)
{
    struct xw_request now = *request;
    enum xw_verb before = now.verb;
    int64_t quiet = 0;

    for (;;) {
        enum xw_exit code = run_awake(visit, &now, err);
        enum xw_verb next = visit->next;
        quiet = visit->end->quiet > quiet ? visit->end->quiet : quiet;
        visit->end->quiet = quiet;
        /* Who may not take over stays as before. */
        if (code == XW_EXIT_REFUSED && now.verb != before) {
            fprintf(stderr, "To take over is for instructors.\n");
            next = before;
        } else if (code != XW_EXIT_OK || next == now.verb) {
            return code;
        }
        before = now.verb;
        now.verb = next;
        *err = (struct xw_error){0};
    }
}

enum xw_exit xw_console_run(const struct xw_session *session, const struct xw_request *request,
                            bool record, struct xw_console_end *end, struct xw_error *err)
{
    struct xw_console_visit visit = {.session = session,
                                     .recorder = xw_recorder_new(session, request),
                                     .record = record,
                                     .end = end};
    char words[XW_ERROR_TEXT_MAX];
    enum xw_exit code = XW_EXIT_FAILED;

    *end = (struct xw_console_end){0};
    if (!visit.recorder) {
        xw_fail(err, -ENOMEM, "out of memory");
        return code;
    }
    if (!record || xw_recorder_check(err) == 0)
        code = run_all(&visit, request, err);
    if (xw_recorder_close(visit.recorder, words))
        fprintf(stderr, "%s\n", words);
    xw_recorder_free(visit.recorder);
    return code;
}
