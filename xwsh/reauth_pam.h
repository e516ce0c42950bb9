/*
 * The other side of reauth.h: one attempt with PAM, in the process that was forked for it.
 */
#ifndef XW_XWSH_REAUTH_PAM_H
#define XW_XWSH_REAUTH_PAM_H

#include "xwsh/reauth.h"

/* A message is one byte (enum xw_reauth_kind, or 'a' before an answer) and a text without its end.
 */
enum { XW_REAUTH_PACKET_MAX = 1 + XW_REAUTH_TEXT_MAX, XW_REAUTH_ANSWER = 'a' };

/* Sends one message; a text that is too long is cut. Returns 0 or a negative errno. */
int xw_reauth_send(int fd, char kind, const char *text);

/*
 * Asks PAM for this user, whose terminal is `tty` ("": unknown), with the conversation over fd, and
 * sends the last message.
 */
void xw_reauth_pam(int fd, const char *user, const char *tty);

#endif
