#include "common/config_file.h"

#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"

int xw_config_load(const char *path, struct xw_config *config, struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t size = 0;

    xw_config_init(config);
    XW_AUTO_FCLOSE FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return 0;
    if (!file)
        return xw_fail_errno(err, -errno, "%s can't be opened", path);
    for (unsigned int line = 1; getline(&text, &size, file) >= 0; line++) {
        int rc = xw_config_line(config, text, path, line, err);
        if (rc < 0)
            return rc;
    }
    return ferror(file) ? xw_fail(err, -EIO, "%s can't be read", path) : 0;
}
