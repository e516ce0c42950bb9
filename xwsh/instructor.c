#include "xwsh/instructor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "xwadm/extension.h"
#include "xwsh/groups.h"
#include "xwsh/help.h"
#include "xwsh/json.h"
#include "xwsh/print.h"
#include "xwsh/when.h"

/* Sets the request's lab and, if one is named, owner. Returns whether both are in the grammar. */
static bool set_world(struct xw_request *request, const char *lab, const char *owner)
{
    if (!xw_name_ok(lab) || (owner && !xw_owner_ok(owner)))
        return false;
    snprintf(request->lab, sizeof(request->lab), "%s", lab);
    snprintf(request->owner, sizeof(request->owner), "%s", owner ? owner : "");
    return true;
}

enum xw_exit xw_run_list_lab(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments)
{
    struct xw_request request = {.verb = XW_VERB_WORLDS};
    struct xw_model model = {0};

    (void)command;
    if (!set_world(&request, arguments->lab, NULL))
        return xw_command_refuse(session);
    enum xw_exit code = xw_command_ask(session, &request, false, &model);
    if (code == XW_EXIT_OK && (arguments->options & XW_OPTION_JSON))
        code = xw_command_check_json(session, code, xw_json_members(&request, &model));
    else if (code == XW_EXIT_OK)
        xw_print_members(session, &model);
    xw_model_clear(&model);
    return code;
}

static enum xw_exit show_grants(const struct xw_session *session, const struct xw_request *request,
                                const struct xw_model *model, bool json)
{
    struct xw_group_view *groups = NULL;
    int rc = xw_groups_look_up(model, &groups);

    if (rc == 0 && json)
        rc = xw_json_grants(request, model, groups);
    else if (rc == 0)
        xw_print_grants(session, model, request->lab, groups);
    xw_groups_free(groups, model->grant_count);
    return xw_command_check_json(session, XW_EXIT_OK, rc);
}

enum xw_exit xw_run_who_can(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments)
{
    struct xw_request request = {.verb = command->verb};
    struct xw_model model = {0};

    if (!set_world(&request, arguments->operand[0], NULL))
        return xw_command_refuse(session);
    enum xw_exit code = xw_command_ask(session, &request, false, &model);
    if (code == XW_EXIT_OK)
        code = show_grants(session, &request, &model, arguments->options & XW_OPTION_JSON);
    xw_model_clear(&model);
    return code;
}

/* What the words for a time come to, by the lab's closing, which the gate tells. */
static enum xw_exit find_until(const struct xw_session *session, const char *how,
                               struct xw_request *request)
{
    struct xw_request asking = {.verb = XW_VERB_GRANTS};
    struct xw_model model = {0};
    struct xw_error err = {0};

    set_world(&asking, request->lab, NULL);
    enum xw_exit code = xw_command_ask(session, &asking, false, &model);
    const struct xw_window *window = xw_model_window(&model, request->lab);
    if (code == XW_EXIT_OK && xw_extension_find(request->lab, how, window ? window->closes : 0,
                                                xw_clock_now(), &request->until, &err) < 0) {
        xw_session_complain(session, err.text);
        code = err.code == -EDOM ? XW_EXIT_USAGE : XW_EXIT_FAILED;
    }
    xw_model_clear(&model);
    return code;
}

static void tell_extended(const struct xw_request *request)
{
    char when[XW_WHEN_SIZE];

    xw_when_date(request->until, xw_clock_now(), when);
    if (request->until)
        printf("%s is open for %s until %s.\n", request->lab, request->owner, when);
    else
        printf("%s opens and closes for %s as for the others.\n", request->lab, request->owner);
}

/* A date and a time are one word or two: a shell between may have taken the quotes away. */
static const char *join_time(const struct xw_arguments *arguments, char how[XW_COMMAND_MAX])
{
    bool two = arguments->count > 3;

    snprintf(how, XW_COMMAND_MAX, "%s%s%s", arguments->operand[2], two ? " " : "",
             two ? arguments->operand[3] : "");
    return how;
}

enum xw_exit xw_run_extend(const struct xw_session *session, const struct xw_command *command,
                           const struct xw_arguments *arguments)
{
    struct xw_request request = {.verb = command->verb};
    struct xw_model model = {0};
    bool none = (arguments->options & XW_OPTION_NONE) != 0;
    char how[XW_COMMAND_MAX];
    enum xw_exit code = XW_EXIT_OK;

    if (none ? arguments->count != 2 : arguments->count < 3) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    if (!set_world(&request, arguments->operand[0], arguments->operand[1]))
        return xw_command_refuse(session);
    if (!none)
        code = find_until(session, join_time(arguments, how), &request);
    if (code == XW_EXIT_OK)
        code = xw_command_ask(session, &request, false, &model);
    if (code == XW_EXIT_OK)
        tell_extended(&request);
    xw_model_clear(&model);
    return code;
}

enum xw_exit xw_run_prepare(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments)
{
    enum xw_exit worst = XW_EXIT_OK;

    for (size_t i = 1; i < arguments->count; i++) {
        struct xw_request request = {.verb = command->verb};
        struct xw_model model = {0};
        enum xw_exit code = set_world(&request, arguments->operand[0], arguments->operand[i])
                                ? xw_command_ask(session, &request, true, &model)
                                : xw_command_refuse(session);
        if (code != XW_EXIT_OK)
            worst = code;
        xw_model_clear(&model);
    }
    return worst;
}
