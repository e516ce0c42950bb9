#include "xwsh/reauth_pam.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the conversation knows; PAM hands it back to it. */
struct talk {
    int fd;
    bool asked;
};

int xw_reauth_send(int fd, char kind, const char *text)
{
    char packet[XW_REAUTH_PACKET_MAX];
    size_t length = strnlen(text, XW_REAUTH_TEXT_MAX);

    packet[0] = kind;
    memcpy(packet + 1, text, length);
    ssize_t sent = send(fd, packet, 1 + length, MSG_NOSIGNAL);
    explicit_bzero(packet, sizeof(packet));
    return sent < 0 ? -errno : 0;
}

/* The answer in memory of its own, or NULL where the other side is gone or there is no memory. */
static char *receive_answer(int fd)
{
    char packet[XW_REAUTH_PACKET_MAX];
    ssize_t got = recv(fd, packet, sizeof(packet), 0);
    char *answer = NULL;

    if (got > 0 && packet[0] == XW_REAUTH_ANSWER)
        answer = strndup(packet + 1, (size_t)got - 1);
    explicit_bzero(packet, sizeof(packet));
    return answer;
}

static int take(struct talk *talk, const struct pam_message *message, struct pam_response *response)
{
    bool shown = message->msg_style == PAM_PROMPT_ECHO_ON;
    const char *text = message->msg ? message->msg : "";

    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
    case PAM_PROMPT_ECHO_ON:
        if (xw_reauth_send(talk->fd, shown ? XW_REAUTH_ASK_SHOWN : XW_REAUTH_ASK, text) < 0)
            return PAM_CONV_ERR;
        talk->asked = true;
        response->resp = receive_answer(talk->fd);
        return response->resp ? PAM_SUCCESS : PAM_CONV_ERR;
    case PAM_TEXT_INFO:
    case PAM_ERROR_MSG:
        return xw_reauth_send(talk->fd, XW_REAUTH_TELL, text) < 0 ? PAM_CONV_ERR : PAM_SUCCESS;
    default:
        return PAM_CONV_ERR;
    }
}

static void drop_responses(struct pam_response *responses, int count)
{
    for (int i = 0; i < count; i++) {
        if (responses[i].resp)
            explicit_bzero(responses[i].resp, strlen(responses[i].resp));
        free(responses[i].resp);
    }
    free(responses);
}

/* pam_conv(3). The responses become the module's, which frees them. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    struct pam_response *replies = calloc((size_t)count, sizeof(*replies));
    if (!replies)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++) {
        int status = take(data, messages[i], &replies[i]);
        if (status != PAM_SUCCESS) {
            drop_responses(replies, count);
            return status;
        }
    }
    *responses = replies;
    return PAM_SUCCESS;
}

/* A module may have set another user than the one that was asked for. */
static bool is_still(const pam_handle_t *handle, const char *user)
{
    const void *now = NULL;

    return pam_get_item(handle, PAM_USER, &now) == PAM_SUCCESS && now && strcmp(now, user) == 0;
}

/*
 * The account as well: one that has expired meanwhile may not be used. A password that has expired
 * is still the account's; sshd asks for a new one at the next login.
 */
static enum xw_reauth_kind judge(pam_handle_t *handle, const char *user, const struct talk *talk,
                                 int *status)
{
    *status = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);
    if (*status == PAM_AUTH_ERR || *status == PAM_USER_UNKNOWN || *status == PAM_MAXTRIES)
        return talk->asked ? XW_REAUTH_WRONG : XW_REAUTH_FAILED;
    if (*status == PAM_SUCCESS && !is_still(handle, user))
        *status = PAM_USER_UNKNOWN;
    if (*status != PAM_SUCCESS)
        return XW_REAUTH_FAILED;
    *status = pam_acct_mgmt(handle, 0);
    if (*status != PAM_SUCCESS && *status != PAM_NEW_AUTHTOK_REQD)
        return XW_REAUTH_FAILED;
    return talk->asked ? XW_REAUTH_PASSED : XW_REAUTH_UNASKED;
}

void xw_reauth_pam(int fd, const char *user, const char *tty)
{
    struct talk talk = {.fd = fd};
    const struct pam_conv conversation = {converse, &talk};
    pam_handle_t *handle = NULL;
    enum xw_reauth_kind kind = XW_REAUTH_FAILED;
    int status = pam_start("xwsh", user, &conversation, &handle);

    if (status == PAM_SUCCESS)
        status = pam_set_item(handle, PAM_RUSER, user);
    if (status == PAM_SUCCESS && *tty)
        status = pam_set_item(handle, PAM_TTY, tty);
    if (status == PAM_SUCCESS)
        kind = judge(handle, user, &talk, &status);
    /* Nothing can be done about a parent that has gone. */
    (void)xw_reauth_send(fd, (char)kind, pam_strerror(handle, status));
    if (handle)
        pam_end(handle, status);
}
