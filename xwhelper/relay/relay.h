/*
 * The programs in one: xwrelay viewer (a viewer's relay), xwrelay console (a console's) and
 * xwrelay stream (one that moves bytes between two sockets and knows nothing of them), which is
 * xwrelay copy-to=MIB and copy-from=MIB where there is a limit.
 */
#ifndef XW_RELAY_RELAY_H
#define XW_RELAY_RELAY_H

#include <stdbool.h>

/* Each returns when its time is over. */
void xw_relay_viewer(void);
void xw_relay_console(void);
void xw_relay_stream(void);
/* The same, where files of so many MiB at most are copied: into the machine (put), or out of it. */
void xw_relay_copy(bool put, unsigned int limit);

#endif
