/*
 * The two programs in one: xwrelay viewer (a viewer's relay) and xwrelay console (a console's).
 */
#ifndef XW_RELAY_RELAY_H
#define XW_RELAY_RELAY_H

/* Each returns when its time is over. */
void xw_relay_viewer(void);
void xw_relay_console(void);

#endif
