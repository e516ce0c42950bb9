/*
 * xworlds.conf(5) from its file.
 */
#ifndef XW_COMMON_CONFIG_FILE_H
#define XW_COMMON_CONFIG_FILE_H

#include "common/config.h"

/*
 * Sets every default and reads the file over them. A file that isn't there says nothing. Returns 0
 * or a negative errno: -EBADMSG where a line is none, whatever open(2) failed with, or -EIO.
 */
int xw_config_load(const char *path, struct xw_config *config, struct xw_error *err);

#endif
