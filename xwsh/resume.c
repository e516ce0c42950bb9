#include "xwsh/resume.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/gate.h"
#include "xwsh/print.h"
#include "xwsh/settings.h"

/*
 * Makes the request that starts what is suspended in the world. Returns whether the machine of the
 * first request is among it.
 */
static bool choose(const struct xw_request *request, const struct xw_model *model,
                   struct xw_request *start)
{
    bool among = false;

    *start = *request;
    start->verb = XW_VERB_START;
    start->machine_count = 0;
    for (size_t i = 0; i < model->machine_count && start->machine_count < XW_MACHINES_MAX; i++) {
        const struct xw_machine *machine = &model->machines[i];
        if (machine->state != XW_STATE_SUSPENDED)
            continue;
        memcpy(start->machines[start->machine_count++], machine->name, sizeof(machine->name));
        among = among || strcmp(machine->name, request->machines[0]) == 0;
    }
    return among;
}

/* Whether it is one of the suspended; where that can't be known, it isn't. */
static bool is_suspended(const struct xw_session *session, const struct xw_request *request,
                         struct xw_request *start)
{
    struct xw_request status = *request;
    struct xw_model model = {0};
    struct xw_error err = {0};

    status.verb = XW_VERB_STATUS;
    status.machine_count = 0;
    bool suspended =
        xw_gate_run(session->signal_fd, &status, &model, NULL, NULL, &err) == XW_EXIT_OK &&
        choose(request, &model, start);
    xw_model_clear(&model);
    return suspended;
}

static void show(const struct xw_message *message, void *data)
{
    if (message->kind == XW_MESSAGE_PROGRESS)
        xw_progress_show(data, message->subject, message->text);
}

/* What the start says of single machines is in the model only. */
static enum xw_exit start_them(const struct xw_session *session, const struct xw_request *start,
                               const char *machine, struct xw_error *err)
{
    struct xw_progress progress = {.session = session};
    struct xw_model model = {0};
    enum xw_exit code = xw_gate_run(session->signal_fd, start, &model, show, &progress, err);

    xw_progress_clear(&progress);
    for (size_t i = 0; i < model.result_count; i++) {
        const struct xw_result *result = &model.results[i];
        if (strcmp(result->machine, machine) != 0)
            continue;
        if (result->done)
            code = XW_EXIT_OK;
        else
            xw_fail(err, -EIO, "%s", result->text);
    }
    xw_model_clear(&model);
    return code;
}

enum xw_exit xw_resume(const struct xw_session *session, const struct xw_request *request,
                       bool *suspended, struct xw_error *err)
{
    struct xw_settings settings;
    struct xw_request start;
    struct xw_error why = {0};

    *suspended = is_suspended(session, request, &start);
    if (!*suspended)
        return XW_EXIT_FAILED;
    *err = (struct xw_error){0};
    if (xw_settings_read(XW_CONFIG_PATH, &settings, &why) == 0 &&
        !xw_settings_guard(&settings, XW_VERB_START))
        return start_them(session, &start, request->machines[0], err);
    xw_fail(err, -EINVAL, "%s is suspended; start it first: it goes on where it was",
            request->machines[0]);
    return XW_EXIT_FAILED;
}
