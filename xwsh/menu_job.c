#include <stdio.h>
#include <string.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"
#include "xwsh/target.h"

int xw_job_start(struct xw_job *job, const struct xw_request *request)
{
    xw_job_stop(job);
    job->request = *request;
    job->started = xw_pump_now();
    return xw_gate_open(request, -1, true, &job->gate, &job->err);
}

bool xw_job_step(struct xw_job *job, enum xw_exit *code)
{
    struct xw_message message;
    int rc = 0;

    while (job->gate && (rc = xw_gate_next(job->gate, &message, &job->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS)
            snprintf(job->note, sizeof(job->note), "%s%s%s", message.subject,
                     *message.subject ? ": " : "", message.text);
        rc = xw_gate_take(&message, &job->model, code, &job->err);
        if (rc != 0)
            break;
    }
    if (rc < 0)
        *code = XW_EXIT_TRY_AGAIN;
    if (rc == 0)
        return false;
    xw_gate_close(job->gate);
    job->gate = NULL;
    return true;
}

void xw_job_stop(struct xw_job *job)
{
    xw_gate_close(job->gate);
    xw_model_clear(&job->model);
    *job = (struct xw_job){0};
}

void xw_job_describe(const struct xw_job *job, int64_t now, char *text, size_t size)
{
    static const char *const doing[XW_VERB_COUNT] = {
        [XW_VERB_START] = "Starting",           [XW_VERB_STOP] = "Stopping",
        [XW_VERB_REBOOT] = "Rebooting",         [XW_VERB_REVERT] = "Reverting",
        [XW_VERB_CHECKPOINT_CREATE] = "Saving", [XW_VERB_CHECKPOINT_DELETE] = "Deleting of"};
    char target[XW_TARGET_SIZE];
    const char *word = doing[job->request.verb];
    long seconds = (long)((now - job->started) / 1000);

    snprintf(text, size, "%s %.80s ... %ld s  %.300s", word ? word : "Asking",
             xw_target_format(&job->request, target), seconds, job->note);
}

void xw_job_conclude(const struct xw_job *job, enum xw_exit code, char *text, size_t size)
{
    const struct xw_model *model = &job->model;
    const struct xw_result *shown = model->result_count > 0 ? &model->results[0] : NULL;
    char target[XW_TARGET_SIZE];
    char world[XW_WORLD_SIZE];

    xw_target_format(&job->request, target);
    for (size_t i = model->result_count; i > 0; i--) {
        if (!model->results[i - 1].done)
            shown = &model->results[i - 1];
    }
    if (code != XW_EXIT_OK && job->err.text[0])
        snprintf(text, size, "%s", job->err.text);
    else if (!shown)
        snprintf(text, size, "%.80s: %s", target, code == XW_EXIT_OK ? "done" : "failed");
    else if (shown->done && model->result_count > 1)
        snprintf(text, size, "%.80s: done, %zu machines", target, model->result_count);
    else
        snprintf(text, size, "%s%s%s: %.400s", xw_target_world(&job->request, world),
                 *shown->machine ? "/" : "", shown->machine, shown->text);
}
