/*
 * The three programs in one: xwrelay viewer (a viewer's relay), xwrelay console (a console's) and
 * xwrelay stream (one that moves bytes between two sockets and knows nothing of them).
 */
#ifndef XW_RELAY_RELAY_H
#define XW_RELAY_RELAY_H

/* Each returns when its time is over. */
void xw_relay_viewer(void);
void xw_relay_console(void);
void xw_relay_stream(void);

#endif
