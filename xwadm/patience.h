/*
 * How long a command waits for libvirt: its calls have no time limit of their own, and a daemon
 * that hangs must not hang its administrator.
 */
#ifndef XW_XWADM_PATIENCE_H
#define XW_XWADM_PATIENCE_H

/*
 * From now on something must move within a minute: the process ends with words and
 * XW_EXIT_TRY_AGAIN otherwise, as if it had been killed. Called again, the minute begins anew.
 */
void xw_patience_begin(void);

/* No limit any more: nothing of libvirt's is waited for. */
void xw_patience_end(void);

#endif
