/*
 * A PAM module for tests: says and asks what its arguments name, in one call of the conversation,
 * and succeeds if every answer is what was asked ("off=Password:" wants "Password:").
 *
 *   off=TEXT on=TEXT info=TEXT error=TEXT   one message of this style
 *   style=N                                 one of style N, without a text
 *   many                                    more messages than there may be
 *   user=NAME                               another user, before it succeeds
 *   hang, crash, print                      instead of a result; on standard output and error
 */
#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGES_MAX = PAM_MAX_NUM_MSG + 1 };

struct asking {
    int count;
    struct pam_message messages[MESSAGES_MAX];
    const char *user;
    bool hang, crash, print;
};

static bool add(struct asking *asking, const char *argument)
{
    static const struct {
        const char *name;
        int style;
    } styles[] = {{"off=", PAM_PROMPT_ECHO_OFF},
                  {"on=", PAM_PROMPT_ECHO_ON},
                  {"info=", PAM_TEXT_INFO},
                  {"error=", PAM_ERROR_MSG}};

    for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
        size_t length = strlen(styles[i].name);
        if (strncmp(argument, styles[i].name, length) != 0)
            continue;
        asking->messages[asking->count++] =
            (struct pam_message){.msg_style = styles[i].style, .msg = argument + length};
        return true;
    }
    return false;
}

static void add_many(struct asking *asking)
{
    while (asking->count < MESSAGES_MAX)
        asking->messages[asking->count++] =
            (struct pam_message){.msg_style = PAM_TEXT_INFO, .msg = "one of many"};
}

static void parse(struct asking *asking, int argc, const char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (add(asking, argv[i]))
            continue;
        if (strncmp(argv[i], "style=", 6) == 0)
            asking->messages[asking->count++].msg_style = (int)strtol(argv[i] + 6, NULL, 10);
        else if (strncmp(argv[i], "user=", 5) == 0)
            asking->user = argv[i] + 5;
        else if (strcmp(argv[i], "many") == 0)
            add_many(asking);
        asking->hang = asking->hang || strcmp(argv[i], "hang") == 0;
        asking->crash = asking->crash || strcmp(argv[i], "crash") == 0;
        asking->print = asking->print || strcmp(argv[i], "print") == 0;
    }
}

static bool is_question(const struct pam_message *message)
{
    return message->msg_style == PAM_PROMPT_ECHO_OFF || message->msg_style == PAM_PROMPT_ECHO_ON;
}

static int converse(pam_handle_t *handle, const struct asking *asking)
{
    const struct pam_message *messages[MESSAGES_MAX];
    const struct pam_conv *conversation = NULL;
    struct pam_response *responses = NULL;
    bool right = true;

    if (pam_get_item(handle, PAM_CONV, (const void **)&conversation) != PAM_SUCCESS)
        return PAM_SYSTEM_ERR;
    for (int i = 0; i < asking->count; i++)
        messages[i] = &asking->messages[i];
    int status = conversation->conv(asking->count, messages, &responses, conversation->appdata_ptr);
    if (status != PAM_SUCCESS)
        return status;
    for (int i = 0; i < asking->count; i++) {
        if (is_question(messages[i]))
            right = right && strcmp(responses[i].resp, messages[i]->msg) == 0;
        free(responses[i].resp);
    }
    free(responses);
    return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

__attribute__((visibility("default"))) int pam_sm_authenticate(pam_handle_t *handle, int flags,
                                                               int argc, const char **argv)
{
    struct asking asking = {0};

    (void)flags;
    parse(&asking, argc, argv);
    if (asking.print) {
        puts("on standard output");
        fflush(stdout);
        fputs("on standard error\n", stderr);
    }
    int status = asking.count > 0 ? converse(handle, &asking) : PAM_SUCCESS;
    while (asking.hang)
        pause();
    if (asking.crash)
        _exit(0);
    if (status == PAM_SUCCESS && asking.user)
        status = pam_set_item(handle, PAM_USER, asking.user);
    return status;
}

__attribute__((visibility("default"))) int pam_sm_setcred(pam_handle_t *handle, int flags, int argc,
                                                          const char **argv)
{
    (void)handle;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}
