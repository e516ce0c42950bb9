/*
 * Notices to an open console: what root writes into its FIFO (xwhelper/keeper/notice.h), a byte
 * each.
 */
#ifndef XW_RELAY_NOTICE_H
#define XW_RELAY_NOTICE_H

enum xw_notice {
    XW_NOTICE_SUSPENDING = 0,
    /* from here: in so many minutes the world is suspended, unless something happens */
    XW_NOTICE_MINUTES_MIN = 1,
    XW_NOTICE_MINUTES_MAX = 250,
    XW_NOTICE_STAYS = 254,  /* it could not be suspended */
    XW_NOTICE_TRAFFIC = 255 /* the relay's own mark */
};

#endif
